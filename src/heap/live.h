/* live.h - how much callers hold, by what is counted anyway.
 *
 * Blocks of slabs are what slabs have, without what is free in them, cached by threads, and on its
 * way home. Large ones are the other used runs, without those in caches. So no block is looked at:
 * for the bytes the cost is that of a look at each thread's magazines, for the number of blocks
 * that of one at each slab.
 *
 * An example: one arena has 3 slabs of 1,024 slots of 64 bytes, of which 1,500 are free in the
 * slabs; its magazine holds 40, its depot one round of 127; and 10 have been freed by others, and
 * are not collected yet. Callers hold 3 * 1,024 - 1,500 - 40 - 127 - 10 = 1,395 blocks.
 *
 * Layer   heap, above heap.
 */
#ifndef HMM_HEAP_LIVE_H
#define HMM_HEAP_LIVE_H

#include "heap/object.h"

struct hmm_live {
    size_t n_blocks;
    size_t n_bytes; /* of slots and runs */
};

/* Without blocks that have a mapping of their own. Exact while no other thread is in a call of the
 * heap.
 *   blocks  count them, too; else n_blocks is 0
 *   locks   takes pages, descriptors, and arena, of each, for a moment
 *   cost    O(arenas * classes); with blocks, O(units)
 */
struct hmm_live hmm_live_count(struct hmm_heap *heap, bool blocks);

#endif
