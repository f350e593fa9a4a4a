/* blocks_init.c - a heap of blocks laid out in its memory, and emptied.
 *
 * Layer   core, above blocks. Start reading at hmm_blocks_init.
 */
#include "core/blocks.h"

#include "base/bytes.h"

/* Granules of the heads, the one above the last included. */
static size_t first_granule(size_t n_classes)
{
    return hmm_div_up((n_classes + 1) * sizeof(uint32_t), HMM_GRANULE_BYTES);
}

static size_t class_count(size_t n_granules)
{
    return hmm_blocks_class(n_granules) + 1;
}

size_t hmm_blocks_min_granules(void)
{
    size_t n_granules = 1;
    while (first_granule(class_count(n_granules)) + 1 + hmm_blocks_records_for(0) > n_granules)
        n_granules++;
    return n_granules;
}

size_t hmm_blocks_capacity(const struct hmm_blocks *blocks)
{
    size_t least = blocks->first, most = blocks->span;
    while (least < most) {
        size_t n_granules = least + (most - least + 1) / 2;
        if (n_granules + hmm_blocks_records_for(n_granules - 1) <= blocks->span)
            least = n_granules;
        else
            most = n_granules - 1;
    }
    return least;
}

bool hmm_blocks_init(struct hmm_blocks *blocks, void *start, size_t extra_bytes, bool is_zero)
{
    size_t span = ((size_t)((char *)blocks - (char *)start)) >> HMM_GRANULE_SHIFT;
    span = hmm_min(span, HMM_BLOCKS_MAX_GRANULES);
    if (span < hmm_blocks_min_granules())
        return false;
    size_t n_classes = class_count(span);
    *blocks = (struct hmm_blocks){
        .heads = (uint32_t *)(void *)((char *)blocks - (span << HMM_GRANULE_SHIFT)),
        .first = (uint32_t)first_granule(n_classes),
        .span = (uint32_t)span,
        .n_classes = (uint32_t)n_classes,
        .extra_granules = (uint32_t)hmm_min(extra_bytes >> HMM_GRANULE_SHIFT, span),
    };
    hmm_blocks_reset(blocks);
    if (is_zero)
        hmm_blocks_set_recorded(blocks, hmm_blocks_capacity(blocks) >> HMM_GROUP_SHIFT);
    return true;
}

void hmm_blocks_reset(struct hmm_blocks *blocks)
{
    memset(blocks->class_words, 0, sizeof blocks->class_words);
    memset(blocks->heads, 0, (blocks->n_classes + 1) * sizeof(uint32_t));
    hmm_bit_set(hmm_blocks_class_word(blocks, blocks->n_classes), blocks->n_classes);
    hmm_blocks_set_recorded(blocks, 0);
    blocks->top = blocks->end = blocks->peak_end = blocks->first;
    blocks->usable_granules = hmm_blocks_limit(blocks, blocks->first) - blocks->first;
}
