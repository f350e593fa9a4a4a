/* fork.h - around fork, and what other threads have left in the child.
 *
 * Layer   heap, above object.
 */
#ifndef HMM_HEAP_FORK_H
#define HMM_HEAP_FORK_H

#include "heap/object.h"

/* Around fork (heap/fork.c): stop all changes; go on in the parent; go on in the child, which has
 * one thread. */
void hmm_heap_fork_prepare(struct hmm_heap *heap);
void hmm_heap_fork_parent(struct hmm_heap *heap);
void hmm_heap_fork_child(struct hmm_heap *heap);

/* Release arenas of threads that only the parent process has: at most n_arenas. */
void hmm_heap_settle(struct hmm_heap *heap, uint32_t n_arenas);
/* A few, if it is time. */
void hmm_heap_settle_some(struct hmm_heap *heap);
/* One, for the calling thread to go on with; NULL: there are none. */
struct hmm_arena *hmm_heap_take_left(struct hmm_heap *heap);

#endif
