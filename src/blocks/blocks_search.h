/* blocks_search.h - a place found by a search of lists, and refusals.
 *
 * Layer   blocks, above blocks_give.
 */
#ifndef HMM_BLOCKS_BLOCKS_SEARCH_H
#define HMM_BLOCKS_BLOCKS_SEARCH_H

#include "blocks/blocks_parts.h"

/* There is no block of so many bytes, or 0 are asked for. Returns NULL. */
void *hmm_blocks_refuse(struct hmm_blocks *blocks, size_t bytes);
/* Of the free block there, which is in no list any more, `want` granules from `ahead` on become a
 * live one; what is before and after it stays free. Returns its address. */
void *hmm_blocks_carve(struct hmm_blocks *blocks, struct hmm_spot front, size_t ahead, size_t want);
/* There is no room for a block of so many granules at a normal call's cost: by search, or it is
 * refused. */
void *hmm_blocks_take_last(struct hmm_blocks *blocks, size_t want);

/* A block of so many bytes at a multiple of align_granules, 2 or a higher power of it, of
 * addresses. */
void *hmm_blocks_take_aligned(struct hmm_blocks *blocks, size_t align_granules, size_t bytes);

#endif
