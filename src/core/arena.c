/* arena.c - owners of slabs: magazines filled and flushed, threads that come and go.
 *
 * Layer   core, above bin, below large and heap. Start reading at hmm_arena_refill.
 * State   struct hmm_arena: magazines its thread's, bins under its lock; struct hmm_arenas, lock
 *         `registry`.
 */
#include "core/arena.h"

#include <string.h>

const struct hmm_magazine hmm_magazine_empty = {
    .top = (void **)(uintptr_t)&hmm_magazine_empty.slots,
    .end = (void **)(uintptr_t)&hmm_magazine_empty.slots,
    .slots = {NULL},
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
    hmm_arena_shed(arenas, arena, true);
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
    mag->end = mag->slots + objs;
    mag->fill_objs = (uint16_t)hmm_max(objs / 2, 1);
}

/* One that was refilled or flushed is in use: let it hold twice as much. */
static void widen(struct hmm_magazine *mag)
{
    size_t objs = hmm_min((size_t)(mag->end - mag->slots) * 2, mag->max_objs);
    mag->end = mag->slots + objs;
    mag->fill_objs = (uint16_t)hmm_max(objs / 2, 1);
    mag->used = true;
}

struct hmm_magazine *hmm_arena_magazine(struct hmm_arenas *arenas, struct hmm_arena *arena,
                                        unsigned class_idx)
{
    struct hmm_magazine *mag = arena->magazines[class_idx];
    if (mag != NULL)
        return mag;
    unsigned max_objs = arena->shared ? 0 : hmm_sizeclasses[class_idx].magazine_objs;
    size_t bytes = sizeof *mag + (max_objs + 1) * sizeof(void *);
    mag = hmm_meta_object(arenas->slabs.pages->meta, bytes);
    if (mag == NULL)
        return NULL;
    mag->class_idx = (uint16_t)class_idx;
    mag->max_objs = (uint16_t)max_objs;
    mag->top = mag->slots;
    narrow(mag);
    arena->magazines[class_idx] = mag;
    return mag;
}

/* The thread begins a slow path that changes its arena's slabs. */
static void enter(struct hmm_arenas *arenas, struct hmm_arena *arena)
{
    hmm_lock_take(&arena->lock);
    uint32_t now =
        atomic_load_explicit(&arenas->n_created, memory_order_relaxed);     /* relaxed: hint */
    atomic_store_explicit(&arena->seen_created, now, memory_order_relaxed); /* relaxed: hint */
}

void *hmm_arena_refill(struct hmm_arenas *arenas, struct hmm_arena *arena, struct hmm_magazine *mag)
{
    unsigned want = mag->fill_objs;
    mag->used = true; /* before new memory is taken, idle ones are emptied and narrowed */
    enter(arenas, arena);
    hmm_remote_collect(arenas, arena);
    unsigned got = hmm_bin_take(arenas, arena, mag, &mag->slots[want], want);
    hmm_lock_give(&arena->lock);
    if (got != 0 && got < want)
        memmove(&mag->slots[1], &mag->slots[want - got + 1], got * sizeof(void *));
    mag->top = mag->slots + got;
    widen(mag);
    return hmm_magazine_pop(mag);
}

/* Send the oldest `n` blocks home. Returns NULL, or one that was free already. locks: held arena */
static void *flush_oldest(struct hmm_arenas *arenas, struct hmm_arena *arena,
                          struct hmm_magazine *mag, unsigned n)
{
    void *twice_free = hmm_bin_put_all(arenas, arena, &mag->slots[1], n);
    unsigned left = hmm_magazine_objs(mag) - n;
    memmove(&mag->slots[1], &mag->slots[n + 1], left * sizeof(void *));
    mag->top = mag->slots + left;
    return twice_free;
}

void *hmm_arena_flush_push(struct hmm_arenas *arenas, struct hmm_arena *arena,
                           struct hmm_magazine *mag, void *block)
{
    size_t objs_before = (size_t)(mag->end - mag->slots);
    void *twice_free = NULL;
    widen(mag);
    if ((size_t)(mag->end - mag->slots) == objs_before) {
        enter(arenas, arena);
        twice_free = flush_oldest(arenas, arena, mag, (unsigned)(objs_before + 1) / 2);
        hmm_lock_give(&arena->lock);
    }
    hmm_magazine_push(mag, block);
    return twice_free;
}

void hmm_arena_shed_locked(struct hmm_arenas *arenas, struct hmm_arena *arena, bool all)
{
    hmm_remote_collect(arenas, arena);
    for (unsigned c = 1; c < HMM_CLASSES; c++) {
        struct hmm_magazine *mag = arena->magazines[c];
        if (mag == NULL)
            continue;
        if (all || !mag->used) {
            flush_oldest(arenas, arena, mag, hmm_magazine_objs(mag));
            narrow(mag);
            hmm_bin_shed(arenas, &mag->bin);
        }
        mag->used = false;
    }
}

void hmm_arena_shed(struct hmm_arenas *arenas, struct hmm_arena *arena, bool all)
{
    hmm_remote_flush(arenas, arena);
    enter(arenas, arena);
    hmm_arena_shed_locked(arenas, arena, all);
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
    void *block = NULL;
    struct hmm_magazine *mag = hmm_arena_magazine(arenas, arena, class_idx);
    if (mag != NULL)
        hmm_bin_take(arenas, arena, mag, &block, 1);
    hmm_lock_give(&arena->lock);
    return block;
}
