/* refill.c - a thread's magazines are filled and emptied.
 *
 * Layer   arenas, above supply. Start reading at hmm_arena_refill.
 * State   struct hmm_arena: magazines its thread's, bins under its lock.
 */
#include "arenas/refill.h"

#include "arenas/bin.h"
#include "arenas/depot.h"
#include "arenas/gate.h"
#include "arenas/remote.h"
#include "arenas/shed.h"
#include "arenas/supply.h"
#include "arenas/sweep.h"
#include "base/check.h"

#include <string.h>

/* Blocks that this magazine may hold. Where there are many threads each caches less, lest that be
 * more than what the program uses. */
static size_t most_objs(const struct hmm_arenas *arenas, const struct hmm_magazine *mag)
{
    uint32_t crowd = hmm_arenas_crowd(arenas);
    if (hmm_likely(crowd == 1))
        return mag->max_objs;
    size_t objs = HMM_MAGAZINE_BYTES / crowd / hmm_sizeclasses[mag->class_idx].slot_bytes;
    return hmm_min(hmm_max(objs, 1), mag->max_objs);
}

bool hmm_arena_refill(struct hmm_arenas *arenas, struct hmm_arena *arena, struct hmm_magazine *mag)
{
    HMM_ASSERT(!arena->shared);
    size_t most = most_objs(arenas, mag);
    unsigned want = (unsigned)hmm_min(mag->fill_objs, most);
    mag->used = true; /* before new memory is taken, idle ones are emptied and narrowed */
    hmm_arena_enter(arenas, arena);
    bool has_depot = hmm_magazine_has_depot(mag);
    if (!has_depot && mag->was_full && want * 2 >= mag->max_objs && most == mag->max_objs) {
        hmm_depot_lengthen(arenas, arena, mag);
        most = mag->max_objs;
    }
    if (!has_depot || !hmm_depot_fetch(arena, mag)) {
        hmm_mark *slots = mag->loaded->slots;
        hmm_remote_collect(arenas, arena);
        unsigned got = hmm_supply_take(arenas, arena, mag, &slots[want], want);
        if (got != 0 && got < want)
            memmove(&slots[1], &slots[want - got + 1], got * sizeof(hmm_mark));
        mag->top = slots + got;
        if (has_depot)
            hmm_depot_note_fetched(mag, got);
        hmm_sweep_report(arenas->slabs.pages, arena);
        hmm_magazine_widen(mag, most);
    }
    hmm_arena_leave(arena);
    return hmm_magazine_objs(mag) != 0;
}

/* Make room in a magazine that grows no more: its rounds into the depot, in place of the oldest
 * there if need be; or return its older half to the slabs. locks: held arena */
static void make_room(struct hmm_arenas *arenas, struct hmm_arena *arena, struct hmm_magazine *mag)
{
    unsigned most = (unsigned)(mag->end - mag->loaded->slots);
    if (!hmm_magazine_has_depot(mag) || most < mag->max_objs) {
        hmm_shed_oldest(arenas, arena, mag, hmm_magazine_objs(mag) - most / 2);
        return;
    }
    if (hmm_depot_store(arenas, arena, mag))
        return;
    unsigned n;
    if (mag->depot.n_full != 0) {
        n = mag->max_objs;
        hmm_depot_drop_oldest(arenas, arena, mag);
        /* succeeds: there is a place now, and there are spare rounds */
        (void)hmm_depot_store(arenas, arena, mag);
    } else {
        n = (mag->max_objs + 1u) / 2;
        hmm_shed_oldest(arenas, arena, mag, n);
    }
    hmm_depot_note_sent(mag, n);
}

/* Full once more, and not refilled between: its thread frees much. Where there are many threads,
 * it is to hold nothing if that was all. locks: held arena */
static void empty(struct hmm_arenas *arenas, struct hmm_arena *arena, struct hmm_magazine *mag)
{
    hmm_depot_shed(arenas, arena, mag, true);
    hmm_shed_oldest(arenas, arena, mag, hmm_magazine_objs(mag));
    hmm_bin_shed(&arenas->slabs, arena, &mag->bin);
    mag->closed = true;
    hmm_depot_narrow(arena, mag);
}

/* Bytes of blocks in magazines and depots. */
static size_t cached_bytes(const struct hmm_arena *arena)
{
    size_t bytes = arena->depot_bytes;
    for (unsigned c = 1; c < HMM_CLASSES; c++) {
        const struct hmm_magazine *mag = arena->magazines[c];
        if (mag != NULL)
            bytes += hmm_magazine_objs(mag) * (size_t)hmm_sizeclasses[c].slot_bytes;
    }
    return bytes;
}

/* Have so many of its blocks come back that what its magazines hold may be what keeps its slabs?
 * Not asked again before half of the rest has come back, too. */
static bool has_shrunk(const struct hmm_arena *arena)
{
    size_t held_bytes = arena->slab_bytes - arena->free_bytes;
    if (arena->slab_bytes < HMM_SHRINK_MIN_BYTES || held_bytes > arena->slab_bytes / 2)
        return false;
    size_t cached = cached_bytes(arena);
    size_t live_bytes = held_bytes > cached ? held_bytes - cached : 0; /* some are others' */
    return live_bytes < arena->slab_bytes / HMM_SHRINK_DIVISOR &&
           (arena->shrunk_bytes == 0 || live_bytes <= arena->shrunk_bytes / 2);
}

/* Empty the magazines. When hardly anything is left, the last blocks that they would hold, a few of
 * each class, are what keeps most slabs: then they are closed, too. */
static void shrink(struct hmm_arenas *arenas, struct hmm_arena *arena)
{
    hmm_arena_shed_locked(arenas, arena, HMM_SHED_ALL);
    arena->shrunk_bytes = arena->slab_bytes - arena->free_bytes;
    if (++arena->n_shrunk < HMM_SHRINK_CLOSE)
        return;
    for (unsigned c = 1; c < HMM_CLASSES; c++) {
        struct hmm_magazine *mag = arena->magazines[c];
        if (mag == NULL)
            continue;
        mag->closed = true;
        hmm_depot_narrow(arena, mag);
    }
}

enum hmm_push hmm_arena_put_home(struct hmm_arenas *arenas, struct hmm_arena *arena,
                                 struct hmm_magazine *mag, void *block)
{
    HMM_ASSERT(!arena->shared);
    hmm_mark mark = hmm_mark_of(block);
    hmm_arena_enter(arenas, arena);
    bool was_live = hmm_state_to_free(hmm_state_of(&mag->states, mark), mark);
    if (hmm_likely(was_live)) {
        hmm_remote_put_all(arenas, arena, &mark, 1);
        hmm_bin_shed(&arenas->slabs, arena, &mag->bin);
        hmm_sweep_report(arenas->slabs.pages, arena);
    }
    hmm_arena_leave(arena);
    return was_live ? HMM_PUSH_DONE : HMM_PUSH_NOT_LIVE;
}

void hmm_arena_make_room(struct hmm_arenas *arenas, struct hmm_arena *arena,
                         struct hmm_magazine *mag)
{
    HMM_ASSERT(!arena->shared);
    size_t most = most_objs(arenas, mag);
    hmm_arena_enter(arenas, arena);
    if (hmm_arenas_crowd(arenas) > 1 && mag->was_full) {
        empty(arenas, arena, mag);
    } else {
        hmm_magazine_widen(mag, most);
        mag->was_full = true;
        if (mag->top >= mag->end) /* above it, where there are more threads than before */
            make_room(arenas, arena, mag);
    }
    hmm_sweep_report(arenas->slabs.pages, arena);
    if (++arena->n_full % HMM_SHRINK_LOOKS == 0 && has_shrunk(arena))
        shrink(arenas, arena);
    else if (arena->slab_bytes - arena->free_bytes > arena->slab_bytes / 2)
        arena->shrunk_bytes = arena->n_shrunk = 0; /* grown again */
    hmm_arena_leave(arena);
}
