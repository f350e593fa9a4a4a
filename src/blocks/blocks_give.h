/* blocks_give.h - blocks that are freed, whole or in part.
 *
 * Layer   blocks, above blocks_parts.h.
 */
#ifndef HMM_BLOCKS_BLOCKS_GIVE_H
#define HMM_BLOCKS_BLOCKS_GIVE_H

#include "blocks/blocks_parts.h"

/* A row of n granules from the spot up to the block in next_group, in no list, nor live: a free
 * block, together with free ones beside it. */
void hmm_blocks_give_row(struct hmm_blocks *blocks, struct hmm_spot spot, size_t n_granules,
                         struct hmm_group *next_group);

/* Cut a live block of n granules down to `want`; what is left is free. False: broken. */
bool hmm_blocks_trim(struct hmm_blocks *blocks, struct hmm_spot spot, size_t n_granules,
                     size_t want);

/* Free the live block that begins at `address`; if none does, that is reported. */
void hmm_blocks_give(struct hmm_blocks *blocks, const void *address);

#endif
