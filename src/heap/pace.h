/* pace.h - while there is a backlog of memory to be given back, each thread takes a slow path from
 * time to time, though all it does be hits.
 *
 * Hits are not counted. But the frees of a thread's own slabs can be led past the hit path, to
 * where other threads' and large blocks go: by another `tag_end`. There they are counted, and with
 * each so many the thread takes a slow path, which looks after the backlog. A thread that finds one
 * leads the others' frees there, too: it may be the last slow path that it takes itself.
 *
 * Layer   heap, above fork.
 */
#ifndef HMM_HEAP_PACE_H
#define HMM_HEAP_PACE_H

#include "heap/object.h"

/* The thread's frees are hits. */
void hmm_pace_init(struct hmm_thread *self, const struct hmm_arena *arena);
/* At a slow path of a thread that owns an arena and makes hits: count its frees, or don't. */
void hmm_pace(struct hmm_heap *heap, struct hmm_thread *self, uint64_t now_ns);
/* The thread's end will be noticed: others may write its tag_end until hmm_pace_end. */
void hmm_pace_begin(struct hmm_heap *heap, struct hmm_thread *self);
void hmm_pace_end(struct hmm_heap *heap, struct hmm_arena *arena);

/* Is there work in others' arenas? */
static inline bool hmm_pace_visits(const struct hmm_heap *heap)
{
    return atomic_load_explicit(&heap->visits, memory_order_relaxed); /* relaxed: a hint */
}

static inline void hmm_pace_set_visits(struct hmm_heap *heap, bool visits)
{
    atomic_store_explicit(&heap->visits, visits, memory_order_relaxed); /* relaxed: a hint */
}

/* Has it something to look after: has it counted to the end? caller: that thread */
static inline bool hmm_pace_is_due(const struct hmm_thread *self)
{
    return self->frees_left < 0;
}

/* Does it count them? caller: that thread */
static inline bool hmm_pace_counts(const struct hmm_thread *self)
{
    return (self->tag_end & HMM_TAG_SPAN) == 0 && self->tag_end != 0;
}

/* There is a backlog, and it does not count yet, though it makes hits: this may be its last slow
 * path. caller: that thread */
static inline bool hmm_pace_is_wanted(const struct hmm_heap *heap, const struct hmm_thread *self)
{
    return hmm_pages_has_backlog(&heap->pages) && (self->tag_end & HMM_TAG_SPAN) != 0;
}

#endif
