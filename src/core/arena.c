/* arena.c - owners of slabs: magazines filled and flushed, threads that come and go.
 *
 * Layer   core, above bin, below large and heap. Start reading at hmm_arena_refill.
 * State   struct hmm_arena: magazines its thread's, bins under its lock; struct hmm_arenas, lock
 *         `registry`.
 */
#include "core/arena.h"

#include "core/fatal.h"

#include <string.h>

const uint8_t hmm_never_free = 0xff;

/* A magazine that no block is popped from, since the only state byte it leads to is not 0, and that
 * none fits in. */
static const struct {
    struct hmm_rounds *links[2];
    hmm_mark bottom;
} no_rounds;

const struct hmm_magazine hmm_magazine_empty = {
    .top = (hmm_mark *)(uintptr_t)&no_rounds.bottom,
    .end = (hmm_mark *)(uintptr_t)&no_rounds.bottom,
    .states = {.bias_words = {[HMM_BIAS_WORD] = (uintptr_t)&hmm_never_free}},
    .loaded = (struct hmm_rounds *)(uintptr_t)&no_rounds,
};

/* locks: held registry */
static struct hmm_arena *make_arena(struct hmm_arenas *arenas, bool shared)
{
    struct hmm_arena *arena = hmm_meta_object(arenas->slabs.pages->meta, sizeof *arena);
    if (arena == NULL)
        return NULL;
    arena->shared = shared;
    arena->tag = ++arenas->n_arenas << HMM_CLASS_BITS;
    arena->next = hmm_arenas_all(arenas);
    /* release: publishes the arena's fields. pairs: hmm_arenas_all */
    atomic_store_explicit(&arenas->all, arena, memory_order_release);
    return arena;
}

/* The shared arena of this number, made if need be. NULL: out of memory. */
static struct hmm_arena *shared_arena(struct hmm_arenas *arenas, unsigned i)
{
    struct hmm_arena *arena = hmm_arenas_shared(arenas, i);
    if (hmm_likely(arena != NULL))
        return arena;
    hmm_lock_take(&arenas->registry);
    arena = hmm_arenas_shared(arenas, i);
    if (arena == NULL) {
        arena = make_arena(arenas, true);
        /* release: publishes the arena's fields. pairs: hmm_arenas_shared */
        atomic_store_explicit(&arenas->shared[i], arena, memory_order_release);
    }
    hmm_lock_give(&arenas->registry);
    return arena;
}

bool hmm_arenas_init(struct hmm_arenas *arenas)
{
    return shared_arena(arenas, 0) != NULL;
}

/* locks: held registry */
static void count_warm(struct hmm_arenas *arenas, int sign)
{
    uint32_t n = atomic_load_explicit(&arenas->n_warm, memory_order_relaxed); /* relaxed: held */
    atomic_store_explicit(&arenas->n_warm, n + (uint32_t)sign, memory_order_relaxed);
}

struct hmm_arena *hmm_arena_acquire(struct hmm_arenas *arenas)
{
    hmm_lock_take(&arenas->registry);
    struct hmm_arena **list = arenas->warm != NULL ? &arenas->warm : &arenas->cold;
    struct hmm_arena *arena = *list;
    if (arena != NULL) {
        *list = arena->next_idle;
        if (list == &arenas->warm)
            count_warm(arenas, -1);
    } else {
        arena = make_arena(arenas, false);
    }
    if (arena != NULL)
        hmm_arena_keep(arenas, arena);
    hmm_lock_give(&arenas->registry);
    return arena;
}

/* Both locks, newer arenas first: all threads take them in one order. */
static void move_slabs(struct hmm_arenas *arenas, struct hmm_arena *from, struct hmm_arena *to)
{
    struct hmm_arena *newer = from->tag > to->tag ? from : to;
    struct hmm_arena *older = newer == from ? to : from;
    hmm_arena_lock(arenas, newer);
    hmm_lock_take(&older->lock);
    hmm_bin_move_all(arenas, from, to);
    hmm_lock_give(&older->lock);
    hmm_lock_give(&newer->lock);
}

/* Everything of an arena without a thread goes home. */
static void cool(struct hmm_arenas *arenas, struct hmm_arena *arena)
{
    struct hmm_arena *orphans = shared_arena(arenas, HMM_SHARED_ARENAS);
    hmm_arena_shed(arenas, arena, HMM_SHED_ALL);
    if (orphans != NULL) /* else the next thread has them with the arena */
        move_slabs(arenas, arena, orphans);
    hmm_lock_take(&arenas->registry);
    arena->next_idle = arenas->cold;
    arena->idle = true;
    arenas->cold = arena;
    hmm_lock_give(&arenas->registry);
}

void hmm_arena_release(struct hmm_arenas *arenas, struct hmm_arena *arena)
{
    hmm_remote_flush(arenas, arena);
    uint64_t now_ns = hmm_port_clock_ns();
    hmm_lock_take(&arenas->registry);
    bool waits = atomic_load_explicit(&arenas->n_warm, memory_order_relaxed) < HMM_WARM_ARENAS;
    if (waits) {
        arena->released_at_ns = now_ns;
        arena->next_idle = arenas->warm;
        arena->idle = true;
        arenas->warm = arena;
        count_warm(arenas, 1);
    }
    hmm_lock_give(&arenas->registry);
    if (!waits)
        cool(arenas, arena);
}

/* A warm arena, taken off the list, that has waited for longer than that; NULL. */
static struct hmm_arena *take_old(struct hmm_arenas *arenas, uint64_t now_ns, uint64_t wait_ns)
{
    hmm_lock_take(&arenas->registry);
    struct hmm_arena **link = &arenas->warm;
    while (*link != NULL && now_ns - (*link)->released_at_ns < wait_ns)
        link = &(*link)->next_idle;
    struct hmm_arena *arena = *link;
    if (arena != NULL) {
        *link = arena->next_idle;
        hmm_arena_keep(arenas, arena);
        count_warm(arenas, -1);
    }
    hmm_lock_give(&arenas->registry);
    return arena;
}

void hmm_arenas_cool(struct hmm_arenas *arenas, uint64_t wait_ns)
{
    struct hmm_arena *arena;
    if (!hmm_arenas_have_warm(arenas))
        return;
    uint64_t now_ns = hmm_port_clock_ns();
    while ((arena = take_old(arenas, now_ns, wait_ns)) != NULL)
        cool(arenas, arena);
}

/* An empty magazine that is new, or was not in use: let it hold few. */
static void narrow(struct hmm_magazine *mag)
{
    size_t objs = hmm_min(mag->max_objs, HMM_MAGAZINE_FIRST_OBJS);
    mag->end = mag->loaded->slots + (mag->closed ? 0 : objs);
    mag->fill_objs = (uint16_t)hmm_max(objs / 2, 1);
}

/* One that was refilled or flushed is in use: let it hold twice as much. */
static void widen(struct hmm_magazine *mag)
{
    size_t objs = hmm_max((size_t)(mag->end - mag->loaded->slots) * 2, HMM_MAGAZINE_FIRST_OBJS);
    objs = hmm_min(objs, mag->max_objs);
    mag->end = mag->loaded->slots + objs;
    mag->fill_objs = (uint16_t)hmm_max(objs / 2, 1);
    mag->used = true;
    mag->closed = false;
}

struct hmm_magazine *hmm_arena_magazine(struct hmm_arenas *arenas, struct hmm_arena *arena,
                                        unsigned class_idx)
{
    struct hmm_magazine *mag = arena->magazines[class_idx];
    if (mag != NULL)
        return mag;
    struct hmm_magazine made = {
        .states = *hmm_pagemap_states(arenas->slabs.pages->map, class_idx),
        .class_idx = (uint16_t)class_idx,
        .max_objs = arena->shared ? 0 : hmm_sizeclasses[class_idx].magazine_objs,
    };
    mag = hmm_meta_object(arenas->slabs.pages->meta, sizeof *mag + hmm_rounds_bytes(&made));
    if (mag == NULL)
        return NULL;
    *mag = made;
    mag->loaded = (struct hmm_rounds *)(void *)(mag + 1);
    mag->loaded->slots[0] = hmm_magazine_bottom(&mag->states);
    mag->top = mag->loaded->slots;
    narrow(mag);
    arena->magazines[class_idx] = mag;
    return mag;
}

void hmm_arena_enter(struct hmm_arenas *arenas, struct hmm_arena *arena)
{
    hmm_arena_lock(arenas, arena);
    uint32_t now =
        atomic_load_explicit(&arenas->n_created, memory_order_relaxed);     /* relaxed: hint */
    atomic_store_explicit(&arena->seen_created, now, memory_order_relaxed); /* relaxed: hint */
}

void hmm_arena_leave(struct hmm_arena *arena)
{
    void *twice_free = arena->twice_free;
    hmm_lock_give(&arena->lock);
    if (hmm_unlikely(twice_free != NULL))
        hmm_misuse_two_owners(twice_free);
}

bool hmm_arena_refill(struct hmm_arenas *arenas, struct hmm_arena *arena, struct hmm_magazine *mag)
{
    unsigned want = mag->fill_objs;
    mag->used = true; /* before new memory is taken, idle ones are emptied and narrowed */
    hmm_arena_enter(arenas, arena);
    if (!hmm_depot_fetch(arena, mag)) {
        hmm_mark *slots = mag->loaded->slots;
        hmm_remote_collect(arenas, arena);
        unsigned got = hmm_bin_take(arenas, arena, mag, &slots[want], want);
        if (got != 0 && got < want)
            memmove(&slots[1], &slots[want - got + 1], got * sizeof(hmm_mark));
        mag->top = slots + got;
        hmm_depot_note_fetched(mag, got);
        widen(mag);
    }
    hmm_arena_leave(arena);
    return hmm_magazine_objs(mag) != 0;
}

/* Send the oldest `n` loaded blocks home. locks: held arena */
static void flush_oldest(struct hmm_arenas *arenas, struct hmm_arena *arena,
                         struct hmm_magazine *mag, unsigned n)
{
    hmm_mark *slots = mag->loaded->slots;
    hmm_bin_put_all(arenas, arena, &slots[1], n);
    unsigned left = hmm_magazine_objs(mag) - n;
    memmove(&slots[1], &slots[n + 1], left * sizeof(hmm_mark));
    mag->top = slots + left;
}

/* Make room in a full-grown magazine: its rounds into the depot, in place of the oldest there if
 * need be; or its older half home. locks: held arena */
static void make_room(struct hmm_arenas *arenas, struct hmm_arena *arena, struct hmm_magazine *mag)
{
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
        flush_oldest(arenas, arena, mag, n);
    }
    hmm_depot_note_sent(mag, n);
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
        narrow(mag);
    }
}

enum hmm_push hmm_arena_put_home(struct hmm_arenas *arenas, struct hmm_arena *arena,
                                 struct hmm_magazine *mag, void *block)
{
    hmm_mark mark = hmm_mark_of(block);
    hmm_arena_enter(arenas, arena);
    bool was_live = hmm_state_to_free(hmm_state_of(&mag->states, mark), mark);
    if (hmm_likely(was_live)) {
        hmm_bin_put_all(arenas, arena, &mark, 1);
        hmm_bin_shed(arenas, arena, &mag->bin);
    }
    hmm_arena_leave(arena);
    return was_live ? HMM_PUSH_DONE : HMM_PUSH_NOT_LIVE;
}

void hmm_arena_make_room(struct hmm_arenas *arenas, struct hmm_arena *arena,
                         struct hmm_magazine *mag)
{
    hmm_mark *end = mag->end;
    widen(mag);
    hmm_arena_enter(arenas, arena);
    if (mag->end == end)
        make_room(arenas, arena, mag);
    const struct hmm_pages *pages = arenas->slabs.pages;
    if (hmm_sweep_due(arena) && !hmm_pages_have_spare(pages) &&
        arena->free_bytes >
            hmm_meta_tunables(pages->meta)->dirty_min) /* so much is kept in any case */
        hmm_sweep(arenas->slabs.pages, arena);
    if (++arena->n_full % HMM_SHRINK_LOOKS == 0 && has_shrunk(arena))
        shrink(arenas, arena);
    else if (arena->slab_bytes - arena->free_bytes > arena->slab_bytes / 2)
        arena->shrunk_bytes = arena->n_shrunk = 0; /* grown again */
    hmm_arena_leave(arena);
}

void hmm_arena_shed_locked(struct hmm_arenas *arenas, struct hmm_arena *arena, enum hmm_shed shed)
{
    hmm_remote_collect(arenas, arena);
    for (unsigned c = 1; c < HMM_CLASSES; c++) {
        struct hmm_magazine *mag = arena->magazines[c];
        if (mag == NULL)
            continue;
        bool idle = shed == HMM_SHED_ALL || !mag->used;
        hmm_depot_shed(arenas, arena, mag, idle || shed == HMM_SHED_FOR_GROWTH);
        if (idle) {
            flush_oldest(arenas, arena, mag, hmm_magazine_objs(mag));
            narrow(mag);
            mag->depot.limit = mag->depot.away_objs = mag->depot.regret_objs = 0;
            hmm_bin_shed(arenas, arena, &mag->bin);
        }
        mag->used = false;
    }
}

void hmm_arena_shed(struct hmm_arenas *arenas, struct hmm_arena *arena, enum hmm_shed shed)
{
    hmm_remote_flush(arenas, arena);
    hmm_arena_enter(arenas, arena);
    hmm_arena_shed_locked(arenas, arena, shed);
    hmm_arena_leave(arena);
    hmm_remote_flush(arenas, arena); /* of its magazines' blocks, those of others' slabs */
}

void hmm_arenas_shed_slabs(struct hmm_arenas *arenas)
{
    for (struct hmm_arena *arena = hmm_arenas_all(arenas); arena != NULL; arena = arena->next) {
        hmm_arena_lock(arenas, arena);
        hmm_remote_collect(arenas, arena);
        for (unsigned c = 1; c < HMM_CLASSES; c++)
            if (arena->magazines[c] != NULL)
                hmm_bin_shed(arenas, arena, &arena->magazines[c]->bin);
        hmm_lock_give(&arena->lock);
    }
}

/* Lock a shared arena: the first one that is not busy, so that a process with one thread fills one
 * arena only. */
static struct hmm_arena *lock_shared(struct hmm_arenas *arenas)
{
    for (unsigned i = 0; i < HMM_SHARED_ARENAS; i++) {
        struct hmm_arena *candidate = shared_arena(arenas, i);
        if (candidate != NULL && hmm_arena_try_lock(arenas, candidate))
            return candidate;
    }
    struct hmm_arena *arena = hmm_arenas_shared(arenas, hmm_port_cpu() % HMM_SHARED_ARENAS);
    arena = arena != NULL ? arena : hmm_arenas_shared(arenas, 0);
    hmm_arena_lock(arenas, arena);
    return arena;
}

void *hmm_arena_take_shared(struct hmm_arenas *arenas, unsigned class_idx)
{
    struct hmm_arena *arena = lock_shared(arenas);
    hmm_remote_collect(arenas, arena);
    hmm_mark mark;
    struct hmm_magazine *mag = hmm_arena_magazine(arenas, arena, class_idx);
    bool taken = mag != NULL && hmm_bin_take(arenas, arena, mag, &mark, 1) == 1;
    if (taken && hmm_unlikely(!hmm_state_to_live(hmm_state_of(&mag->states, mark), mark)))
        arena->twice_free = hmm_mark_block(mark);
    hmm_arena_leave(arena);
    return taken ? hmm_mark_block(mark) : NULL;
}

enum hmm_push hmm_arena_put_shared(struct hmm_arenas *arenas, unsigned class_idx, void *block)
{
    const struct hmm_states *states = hmm_pagemap_states(arenas->slabs.pages->map, class_idx);
    hmm_mark mark = hmm_mark_of(block);
    struct hmm_arena *arena = lock_shared(arenas);
    bool was_live = hmm_state_to_free(hmm_state_of(states, mark), mark);
    if (hmm_likely(was_live) && hmm_unlikely(!hmm_remote_free_one(arenas, block)))
        arena->twice_free = block;
    hmm_arena_leave(arena);
    return was_live ? HMM_PUSH_DONE : HMM_PUSH_NOT_LIVE;
}
