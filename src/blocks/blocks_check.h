/* blocks_check.h - a walk over all blocks, figures, and the invariants.
 *
 * Layer   blocks, above blocks.
 */
#ifndef HMM_BLOCKS_BLOCKS_CHECK_H
#define HMM_BLOCKS_BLOCKS_CHECK_H

#include "blocks/blocks.h"

/* A walk over all there is below the break, from `first` on: the length of the block that begins
 * there, or of what has been taken ahead; and whether a caller holds it. */
size_t hmm_blocks_walk(const struct hmm_blocks *blocks, size_t at, bool *is_live);
/* The same for what granule `at`, below the break, lies in: where that begins. Not in constant
 * time. */
size_t hmm_blocks_around(const struct hmm_blocks *blocks, size_t at);
/* The name of the first invariant that does not hold, or NULL. */
const char *hmm_blocks_check(const struct hmm_blocks *blocks);

/* What a walk over all blocks counts. */
struct hmm_census {
    size_t live_blocks, free_blocks;
    size_t largest; /* the most granules that can be taken now */
};
void hmm_blocks_count(const struct hmm_blocks *blocks, struct hmm_census *census);

#endif
