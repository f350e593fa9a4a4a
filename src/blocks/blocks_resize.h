/* blocks_resize.h - a live block made longer or shorter.
 *
 * Layer   blocks, above blocks_take.
 */
#ifndef HMM_BLOCKS_BLOCKS_RESIZE_H
#define HMM_BLOCKS_BLOCKS_RESIZE_H

#include "blocks/blocks.h"

/* Make the live block at granule `at` longer or shorter, with what is free beside it: where it is,
 * or moved down into the free block before it. Returns where it begins; 0: there is no room, or
 * broken. */
size_t hmm_blocks_resize(struct hmm_blocks *blocks, size_t at, size_t bytes);

#endif
