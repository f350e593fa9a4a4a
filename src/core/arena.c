/* arena.c - owners of slabs: magazines filled and flushed, threads that come and go.
 *
 * Layer   core, above bin, below large and heap. Start reading at hmm_arena_refill.
 * State   struct hmm_arena: magazines its thread's, bins under its lock; struct hmm_arenas, lock
 *         `registry`.
 */
#include "core/arena.h"

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
    .states = {.bias = (uintptr_t)&hmm_never_free},
    .loaded = (struct hmm_rounds *)(uintptr_t)&no_rounds,
};

static struct hmm_arena *make_arena(struct hmm_arenas *arenas, bool shared)
{
    struct hmm_arena *arena = hmm_meta_object(arenas->slabs.pages->meta, sizeof *arena);
    if (arena == NULL)
        return NULL;
    arena->shared = shared;
    hmm_lock_take(&arenas->registry);
    arena->tag = ++arenas->n_arenas << HMM_CLASS_BITS;
    arena->next = hmm_arenas_all(arenas);
    /* release: publishes the arena's fields. pairs: hmm_arenas_all */
    atomic_store_explicit(&arenas->all, arena, memory_order_release);
    hmm_lock_give(&arenas->registry);
    return arena;
}

bool hmm_arenas_init(struct hmm_arenas *arenas)
{
    for (unsigned i = 0; i <= HMM_SHARED_ARENAS; i++) {
        arenas->shared[i] = make_arena(arenas, true);
        if (arenas->shared[i] == NULL)
            return false;
    }
    return true;
}

struct hmm_arena *hmm_arena_acquire(struct hmm_arenas *arenas)
{
    hmm_lock_take(&arenas->registry);
    struct hmm_arena *arena = arenas->idle;
    if (arena != NULL) {
        arenas->idle = arena->next_idle;
        arena->idle = false;
    }
    hmm_lock_give(&arenas->registry);
    return arena != NULL ? arena : make_arena(arenas, false);
}

void hmm_arena_release(struct hmm_arenas *arenas, struct hmm_arena *arena)
{
    struct hmm_arena *orphans = hmm_arenas_orphans(arenas);
    hmm_arena_shed(arenas, arena, HMM_SHED_ALL);
    hmm_lock_take(&arena->lock); /* in fork's order: newer arenas first */
    hmm_lock_take(&orphans->lock);
    hmm_bin_move_all(arenas, arena, orphans);
    hmm_lock_give(&orphans->lock);
    hmm_lock_give(&arena->lock);
    hmm_lock_take(&arenas->registry);
    arena->next_idle = arenas->idle;
    arena->idle = true;
    arenas->idle = arena;
    hmm_lock_give(&arenas->registry);
}

/* An empty magazine that is new, or was not in use: let it hold few. */
static void narrow(struct hmm_magazine *mag)
{
    size_t objs = hmm_min(mag->max_objs, HMM_MAGAZINE_FIRST_OBJS);
    mag->end = mag->loaded->slots + objs;
    mag->fill_objs = (uint16_t)hmm_max(objs / 2, 1);
}

/* One that was refilled or flushed is in use: let it hold twice as much. */
static void widen(struct hmm_magazine *mag)
{
    size_t objs = hmm_min((size_t)(mag->end - mag->loaded->slots) * 2, mag->max_objs);
    mag->end = mag->loaded->slots + objs;
    mag->fill_objs = (uint16_t)hmm_max(objs / 2, 1);
    mag->used = true;
}

static bool has_depot(const struct hmm_magazine *mag)
{
    return mag->class_idx <= HMM_SMALL_CLASSES && mag->max_objs != 0;
}

/* Rounds for a class; those of classes with a depot are all of one length. NULL: out of memory.
 * locks: held arena */
static struct hmm_rounds *make_rounds(struct hmm_arenas *arenas, struct hmm_arena *arena,
                                      const struct hmm_magazine *mag)
{
    struct hmm_rounds *rounds = has_depot(mag) ? arena->spare_rounds : NULL;
    if (rounds != NULL) {
        arena->spare_rounds = rounds->older;
        rounds->slots[0] = hmm_magazine_bottom(&mag->states);
        return rounds;
    }
    size_t objs = has_depot(mag) ? HMM_MAGAZINE_MAX_OBJS : mag->max_objs;
    size_t bytes = sizeof *rounds + (objs + 1) * sizeof(hmm_mark);
    rounds = hmm_meta_object(arenas->slabs.pages->meta, bytes);
    if (rounds != NULL)
        rounds->slots[0] = hmm_magazine_bottom(&mag->states);
    return rounds;
}

static void spare(struct hmm_arena *arena, struct hmm_rounds *rounds)
{
    rounds->older = arena->spare_rounds;
    arena->spare_rounds = rounds;
}

struct hmm_magazine *hmm_arena_magazine(struct hmm_arenas *arenas, struct hmm_arena *arena,
                                        unsigned class_idx)
{
    struct hmm_magazine *mag = arena->magazines[class_idx];
    if (mag != NULL)
        return mag;
    mag = hmm_meta_object(arenas->slabs.pages->meta, sizeof *mag);
    if (mag == NULL)
        return NULL;
    mag->class_idx = (uint16_t)class_idx;
    mag->max_objs = arena->shared ? 0 : hmm_sizeclasses[class_idx].magazine_objs;
    mag->states = *hmm_pagemap_states(arenas->slabs.pages->map, class_idx);
    mag->loaded = make_rounds(arenas, arena, mag);
    if (mag->loaded == NULL)
        return NULL;
    mag->top = mag->loaded->slots;
    narrow(mag);
    arena->magazines[class_idx] = mag;
    return mag;
}

/* --- the depot; all under the arena's lock ------------------------------------------------------
 */

static size_t rounds_bytes(const struct hmm_magazine *mag)
{
    return (size_t)mag->max_objs * hmm_sizeclasses[mag->class_idx].slot_bytes;
}

/* Set the full rounds aside and load empty ones. False: none more are to be kept, or no memory. */
static bool store_rounds(struct hmm_arenas *arenas, struct hmm_arena *arena,
                         struct hmm_magazine *mag)
{
    struct hmm_depot *depot = &mag->depot;
    if (depot->n_full >= depot->limit || arena->depot_bytes + rounds_bytes(mag) > HMM_DEPOT_BYTES)
        return false;
    struct hmm_rounds *rounds = make_rounds(arenas, arena, mag);
    if (rounds == NULL)
        return false;
    mag->loaded->older = depot->newest;
    mag->loaded->newer = NULL;
    if (depot->newest != NULL)
        depot->newest->newer = mag->loaded;
    else
        depot->oldest = mag->loaded;
    depot->newest = mag->loaded;
    depot->n_full++;
    arena->depot_bytes += rounds_bytes(mag);
    mag->loaded = rounds;
    mag->top = rounds->slots;
    mag->end = rounds->slots + mag->max_objs;
    return true;
}

static void note_fewer(struct hmm_arena *arena, struct hmm_magazine *mag)
{
    struct hmm_depot *depot = &mag->depot;
    depot->n_full--;
    arena->depot_bytes -= rounds_bytes(mag);
    if (depot->n_full < depot->fewest)
        depot->fewest = depot->n_full;
}

/* Load full rounds in place of the empty ones. False: there are none. */
static bool fetch_rounds(struct hmm_arena *arena, struct hmm_magazine *mag)
{
    struct hmm_depot *depot = &mag->depot;
    struct hmm_rounds *rounds = depot->newest;
    if (rounds == NULL)
        return false;
    depot->newest = rounds->older;
    if (depot->newest != NULL)
        depot->newest->newer = NULL;
    else
        depot->oldest = NULL;
    note_fewer(arena, mag);
    spare(arena, mag->loaded);
    mag->loaded = rounds;
    mag->top = mag->end = rounds->slots + mag->max_objs;
    return true;
}

/* Send the oldest full rounds home. Returns NULL, or a block that was free already. */
static void *drop_oldest(struct hmm_arenas *arenas, struct hmm_arena *arena,
                         struct hmm_magazine *mag)
{
    struct hmm_depot *depot = &mag->depot;
    struct hmm_rounds *rounds = depot->oldest;
    depot->oldest = rounds->newer;
    if (depot->oldest != NULL)
        depot->oldest->older = NULL;
    else
        depot->newest = NULL;
    note_fewer(arena, mag);
    void *twice_free = hmm_bin_put_all(arenas, arena, &rounds->slots[1], mag->max_objs);
    spare(arena, rounds);
    return twice_free;
}

/* `n` blocks were fetched from the slabs: those that had been sent home before would have been
 * worth keeping. */
static void learn(struct hmm_magazine *mag, unsigned n)
{
    struct hmm_depot *depot = &mag->depot;
    unsigned back = n < depot->away_objs ? n : depot->away_objs;
    depot->away_objs -= back;
    depot->regret_objs += back;
    if (depot->regret_objs >= mag->max_objs && has_depot(mag)) {
        depot->regret_objs -= mag->max_objs;
        if (depot->limit < HMM_DEPOT_BYTES / rounds_bytes(mag))
            depot->limit++;
    }
}

/* The thread begins a slow path that changes its arena's slabs. */
static void enter(struct hmm_arenas *arenas, struct hmm_arena *arena)
{
    hmm_lock_take(&arena->lock);
    uint32_t now =
        atomic_load_explicit(&arenas->n_created, memory_order_relaxed);     /* relaxed: hint */
    atomic_store_explicit(&arena->seen_created, now, memory_order_relaxed); /* relaxed: hint */
}

bool hmm_arena_refill(struct hmm_arenas *arenas, struct hmm_arena *arena, struct hmm_magazine *mag)
{
    unsigned want = mag->fill_objs;
    mag->used = true; /* before new memory is taken, idle ones are emptied and narrowed */
    enter(arenas, arena);
    if (!fetch_rounds(arena, mag)) {
        hmm_mark *slots = mag->loaded->slots;
        hmm_remote_collect(arenas, arena);
        unsigned got = hmm_bin_take(arenas, arena, mag, &slots[want], want);
        if (got != 0 && got < want)
            memmove(&slots[1], &slots[want - got + 1], got * sizeof(hmm_mark));
        mag->top = slots + got;
        learn(mag, got);
        widen(mag);
    }
    hmm_lock_give(&arena->lock);
    return hmm_magazine_objs(mag) != 0;
}

/* Send the oldest `n` loaded blocks home. Returns NULL, or one that was free already.
 * locks: held arena */
static void *flush_oldest(struct hmm_arenas *arenas, struct hmm_arena *arena,
                          struct hmm_magazine *mag, unsigned n)
{
    hmm_mark *slots = mag->loaded->slots;
    void *twice_free = hmm_bin_put_all(arenas, arena, &slots[1], n);
    unsigned left = hmm_magazine_objs(mag) - n;
    memmove(&slots[1], &slots[n + 1], left * sizeof(hmm_mark));
    mag->top = slots + left;
    return twice_free;
}

/* Make room in a full-grown magazine: its rounds into the depot, in place of the oldest there if
 * need be; or its older half home. Returns NULL, or a block that was free already. */
static void *make_room(struct hmm_arenas *arenas, struct hmm_arena *arena, struct hmm_magazine *mag)
{
    if (store_rounds(arenas, arena, mag))
        return NULL;
    void *twice_free;
    unsigned n;
    if (mag->depot.n_full != 0) {
        n = mag->max_objs;
        twice_free = drop_oldest(arenas, arena, mag);
        (void)store_rounds(arenas, arena, mag); /* there is a place, and there are spare rounds */
    } else {
        n = (mag->max_objs + 1u) / 2;
        twice_free = flush_oldest(arenas, arena, mag, n);
    }
    if (mag->depot.away_objs < HMM_DEPOT_BYTES / HMM_GRANULE_BYTES)
        mag->depot.away_objs += n;
    return twice_free;
}

void *hmm_arena_make_room(struct hmm_arenas *arenas, struct hmm_arena *arena,
                          struct hmm_magazine *mag)
{
    hmm_mark *end = mag->end;
    void *twice_free = NULL;
    widen(mag);
    if (mag->end == end) {
        enter(arenas, arena);
        twice_free = make_room(arenas, arena, mag);
        hmm_lock_give(&arena->lock);
    }
    return twice_free;
}

/* Of a depot, send home what was not needed since the last look, or all. locks: held arena */
static void shed_depot(struct hmm_arenas *arenas, struct hmm_arena *arena, struct hmm_magazine *mag,
                       bool all)
{
    struct hmm_depot *depot = &mag->depot;
    uint32_t n = all ? depot->n_full : depot->fewest;
    for (uint32_t i = 0; i < n; i++)
        drop_oldest(arenas, arena, mag);
    if (!all)
        depot->limit -= n < depot->limit ? n : depot->limit;
    depot->fewest = depot->n_full;
}

void hmm_arena_shed_locked(struct hmm_arenas *arenas, struct hmm_arena *arena, enum hmm_shed shed)
{
    hmm_remote_collect(arenas, arena);
    for (unsigned c = 1; c < HMM_CLASSES; c++) {
        struct hmm_magazine *mag = arena->magazines[c];
        if (mag == NULL)
            continue;
        bool idle = shed == HMM_SHED_ALL || !mag->used;
        shed_depot(arenas, arena, mag, idle || shed == HMM_SHED_FOR_GROWTH);
        if (idle) {
            flush_oldest(arenas, arena, mag, hmm_magazine_objs(mag));
            narrow(mag);
            mag->depot.limit = mag->depot.away_objs = 0;
            hmm_bin_shed(arenas, &mag->bin);
        }
        mag->used = false;
    }
}

void hmm_arena_shed(struct hmm_arenas *arenas, struct hmm_arena *arena, enum hmm_shed shed)
{
    hmm_remote_flush(arenas, arena);
    enter(arenas, arena);
    hmm_arena_shed_locked(arenas, arena, shed);
    hmm_lock_give(&arena->lock);
}

void *hmm_arena_take_shared(struct hmm_arenas *arenas, unsigned class_idx)
{
    /* the first one that is not busy: a process with one thread fills one arena only */
    struct hmm_arena *arena = NULL;
    for (unsigned i = 0; i < HMM_SHARED_ARENAS && arena == NULL; i++)
        if (hmm_lock_try(&arenas->shared[i]->lock))
            arena = arenas->shared[i];
    if (arena == NULL) {
        arena = arenas->shared[hmm_port_cpu() % HMM_SHARED_ARENAS];
        hmm_lock_take(&arena->lock);
    }
    hmm_remote_collect(arenas, arena);
    hmm_mark mark;
    struct hmm_magazine *mag = hmm_arena_magazine(arenas, arena, class_idx);
    bool taken = mag != NULL && hmm_bin_take(arenas, arena, mag, &mark, 1) == 1;
    hmm_lock_give(&arena->lock);
    return taken ? hmm_mark_block(mark) : NULL;
}
