/* heap.h - every path that is not a hit.
 *
 * Layer   heap, above fork.
 */
#ifndef HMM_HEAP_HEAP_H
#define HMM_HEAP_HEAP_H

#include "heap/object.h"

/* Over the program break or mappings. `tunables` are copied. False: no memory at all. */
bool hmm_heap_init(struct hmm_heap *heap, const struct hmm_tunables *tunables);
/* Over a caller's buffer: records first, then the heap. */
bool hmm_heap_init_buffer(struct hmm_heap *heap, const struct hmm_tunables *tunables, void *buffer,
                          size_t bytes);

/* Any allocation that is not a hit. bytes >= 1. NULL: out of memory.
 *   zero  NULL, or set to whether the block reads as zero */
void *hmm_heap_alloc(struct hmm_heap *heap, struct hmm_thread *self, size_t bytes, bool *zero);
/* align_bytes: a power of two; bytes + align_bytes does not overflow. */
void *hmm_heap_alloc_aligned(struct hmm_heap *heap, struct hmm_thread *self, size_t align_bytes,
                             size_t bytes);
/* Any free that is not a hit. block != NULL. `who` names the call in a message. */
void hmm_heap_free(struct hmm_heap *heap, struct hmm_thread *self, void *block, const char *who);
/* Usable bytes of a block a caller holds; aborts for anything else. */
size_t hmm_heap_usable(struct hmm_heap *heap, const void *block, const char *who);
/* Resize without copying by the caller, in place or moved: NULL when it cannot be done so. */
void *hmm_heap_resize(struct hmm_heap *heap, struct hmm_thread *self, void *block,
                      size_t usable_bytes, size_t bytes);

/* The thread owns an arena, and its end will be noticed. */
void hmm_heap_thread_attached(struct hmm_heap *heap, struct hmm_thread *self);
/* The thread ends. */
void hmm_heap_thread_exit(struct hmm_heap *heap, struct hmm_thread *self);
/* Give back what can be given back now: the caller's caches, free runs, the top but for keep_bytes.
 */
size_t hmm_heap_trim(struct hmm_heap *heap, struct hmm_thread *self, size_t keep_bytes);

#endif
