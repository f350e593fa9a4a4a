/* blocks_take.h - a block is allocated.
 *
 * Layer   blocks, above blocks_search.
 */
#ifndef HMM_BLOCKS_BLOCKS_TAKE_H
#define HMM_BLOCKS_BLOCKS_TAKE_H

#include "blocks/blocks.h"

/* A block of so many bytes; NULL: that is 0, there is none that long, or the heap is broken. */
void *hmm_blocks_take(struct hmm_blocks *blocks, size_t bytes);

#endif
