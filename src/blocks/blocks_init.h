/* blocks_init.h - a heap of blocks is made.
 *
 * Layer   blocks, above blocks_parts.
 */
#ifndef HMM_BLOCKS_BLOCKS_INIT_H
#define HMM_BLOCKS_BLOCKS_INIT_H

#include "blocks/blocks.h"

/* Of a heap: bytes taken ahead; whether its memory reads as zero, whether its records are all there
 * from the beginning, and whether lists are searched before a request is refused. */
struct hmm_blocks_form {
    size_t extra_bytes;
    bool is_zero, is_fixed, is_searched;
    struct hmm_report report;
};

/* The least that is enough for hmm_blocks_init, in granules. */
size_t hmm_blocks_min_granules(void);
/* The heap of the memory from `blocks`, at a multiple of 16, up to `end`. False:
 * too small, nothing is written. */
bool hmm_blocks_init(struct hmm_blocks *blocks, void *end, struct hmm_blocks_form form);
void hmm_blocks_reset(struct hmm_blocks *blocks);

/* The most granules that can be had in small blocks, `first` included. */
size_t hmm_blocks_capacity(const struct hmm_blocks *blocks);

#endif
