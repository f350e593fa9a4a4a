/* walk.h - look at the whole heap: figures, and the free list in words.
 *
 * Layer   heap, above heap.
 */
#ifndef HMM_HEAP_WALK_H
#define HMM_HEAP_WALK_H

#include "heap/object.h"

struct hmm_figures {
    size_t n_units, used_units, free_units, foreign_units, dirty_units, n_free_runs, top_units;
    size_t live_blocks, live_bytes; /* slots whose state is live, and large blocks */
    size_t mapped_blocks, mapped_bytes;
    size_t peak_heap_units; /* of n_units - foreign_units */
    size_t peak_bytes;      /* of used and mapped ones at one time */
    size_t purged_bytes;
    size_t metadata_bytes;
};

/* How often the locks of one kind were taken, and how often by a thread that had to wait. */
struct hmm_lock_figures {
    const char *name;
    uint64_t n_taken;
    uint64_t n_waited;
};

enum { HMM_LOCK_KINDS = 9 };

/* Takes each lock for a moment. */
void hmm_walk_locks(struct hmm_heap *heap, struct hmm_lock_figures figures[HMM_LOCK_KINDS]);

/* All figures; those of other threads' blocks are as of some moment during the call.
 *   blocks  count live_blocks, too; else it is 0
 *   locks   takes each for a moment
 *   cost    O(threads); with blocks, O(units)
 */
void hmm_walk_figures(struct hmm_heap *heap, struct hmm_figures *figures, bool blocks);

/* Print the free list (HmmPrintFreeList). */
void hmm_walk_print_free_list(struct hmm_heap *heap, int fd);

#endif
