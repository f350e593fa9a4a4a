/* pace.c - a slow path from time to time, while memory is to be given back.
 *
 * Layer   heap, above fork. Start reading at hmm_pace.
 * State   tag_end and frees_left of struct hmm_thread: its own; another thread that holds the lock
 *         of its arena may set tag_end, too, as long as the arena says whose it is.
 */
#include "heap/pace.h"

#include "arenas/gate.h"
#include "arenas/sweep.h"

/* One aligned word; hits read it plainly. */
HMM_HINT static void set_tag_end(struct hmm_thread *thread, size_t tag_end)
{
    __atomic_store_n(&thread->tag_end, tag_end, __ATOMIC_RELAXED); /* relaxed: a hint */
}

void hmm_pace_init(struct hmm_thread *self, const struct hmm_arena *arena)
{
    self->frees_left = HMM_PACE_MAX_FREES;
    set_tag_end(self, (size_t)arena->tag + HMM_TAG_SPAN);
}

void hmm_pace_begin(struct hmm_heap *heap, struct hmm_thread *self)
{
    hmm_arena_lock(&heap->arenas, self->arena);
    self->arena->thread = self;
    hmm_lock_give(&self->arena->lock);
}

void hmm_pace_end(struct hmm_heap *heap, struct hmm_arena *arena)
{
    hmm_arena_lock(&heap->arenas, arena);
    arena->thread = NULL;
    hmm_lock_give(&arena->lock);
}

/* The next so many threads count their frees, too. */
static void wake_some(struct hmm_heap *heap)
{
    hmm_lock_take(&heap->arenas.registry);
    /* relaxed: arenas are made under this lock */
    struct hmm_arena *arena =
        atomic_exchange_explicit(&heap->wake_next, NULL, memory_order_relaxed);
    for (unsigned i = 0; i < HMM_PACE_ARENAS && arena != NULL; i++, arena = arena->next) {
        if (hmm_arena_is_left(&heap->arenas, arena) || !hmm_arena_try_lock(&heap->arenas, arena))
            continue; /* there is no such thread; or it is at a slow path */
        if (arena->thread != NULL && arena->thread->tag_end != 0)
            set_tag_end(arena->thread, (size_t)arena->tag + HMM_TAG_COUNTED);
        hmm_lock_give(&arena->lock);
    }
    if (arena != NULL)
        atomic_store_explicit(&heap->wake_next, arena, memory_order_relaxed); /* as above */
    hmm_lock_give(&heap->arenas.registry);
}

/* How many frees take about some ms? */
static void adapt(struct hmm_arena *arena, uint64_t now_ns)
{
    uint64_t took_ns = now_ns - arena->paced_at_ns;
    arena->paced_at_ns = now_ns;
    if (took_ns > HMM_PACE_MAX_MS * (uint64_t)1000000)
        arena->pace_frees /= 2;
    else if (took_ns < HMM_PACE_MIN_MS * (uint64_t)1000000)
        arena->pace_frees *= 2;
    arena->pace_frees = (uint32_t)hmm_max(arena->pace_frees, HMM_PACE_MIN_FREES);
    arena->pace_frees = (uint32_t)hmm_min(arena->pace_frees, HMM_PACE_MAX_FREES);
}

void hmm_pace(struct hmm_heap *heap, struct hmm_thread *self, uint64_t now_ns)
{
    if (self->tag_end == 0) {
        self->frees_left = 0;
        return;
    }
    bool counts = hmm_pace_counts(self);
    if (!hmm_pages_has_backlog(&heap->pages)) {
        /* relaxed: a hint */
        atomic_store_explicit(&heap->others_count, 0, memory_order_relaxed);
        hmm_pace_init(self, self->arena);
        return;
    }
    /* relaxed: a hint */
    if (!counts && !atomic_exchange_explicit(&heap->others_count, 1, memory_order_relaxed))
        atomic_store_explicit(&heap->wake_next, hmm_arenas_all(&heap->arenas),
                              memory_order_relaxed); /* relaxed: read under lock registry */
    if (atomic_load_explicit(&heap->wake_next, memory_order_relaxed) != NULL)
        wake_some(heap);
    if (!counts || hmm_pace_is_due(self))
        adapt(self->arena, now_ns);
    bool urgent = hmm_pages_wanted(&heap->pages) == HMM_WANTED_NOW ||
                  hmm_sweep_is_due(self->arena, false) || hmm_pace_visits(heap);
    uint32_t frees = self->arena->pace_frees;
    self->frees_left = (int32_t)(urgent ? frees / HMM_PACE_URGENT_DIVISOR : frees);
    set_tag_end(self, (size_t)self->arena->tag + HMM_TAG_COUNTED);
}
