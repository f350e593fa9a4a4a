/* blocks_init.c - a heap of blocks laid out in its memory, and emptied.
 *
 * Layer   blocks, above blocks. Start reading at hmm_blocks_init.
 */
#include "blocks/blocks_init.h"

#include "base/bytes.h"

/* Granules of the heap itself, the head above the last included. */
static size_t first_granule(size_t n_classes)
{
    return hmm_div_up((hmm_blocks_head(n_classes) + 1) * sizeof(uint32_t), HMM_GRANULE_BYTES);
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

/* All groups have records. They are clear, or they are cleared. */
static void record_all(struct hmm_blocks *blocks, bool is_clear)
{
    size_t n_groups = blocks->least_recorded != 0 ? (blocks->least_recorded >> HMM_GROUP_SHIFT) + 1
                                                  : hmm_blocks_capacity(blocks) >> HMM_GROUP_SHIFT;
    if (!is_clear)
        memset(blocks->records - n_groups, 0, n_groups * sizeof(struct hmm_group));
    hmm_blocks_set_recorded(blocks, n_groups);
}

static void set_empty(struct hmm_blocks *blocks)
{
    memset(blocks->class_words, 0, sizeof blocks->class_words);
    for (size_t head = hmm_blocks_head(HMM_BLOCKS_FIRST_CLASS); head < blocks->heads_end;
         head += 2) {
        uint32_t *words = hmm_blocks_word(blocks, head);
        words[HMM_NEXT] = words[HMM_BEFORE] = (uint32_t)head;
    }
    *hmm_blocks_word(blocks, blocks->heads_end) = HMM_NO_PLACE;
    hmm_blocks_class_set(blocks, hmm_blocks_class_of(blocks->heads_end));
    hmm_blocks_set_recorded(blocks, 0);
    blocks->top = blocks->end = blocks->peak_end = blocks->first;
    blocks->usable_granules = (uint32_t)(hmm_blocks_limit(blocks, blocks->first) - blocks->first);
    blocks->asked_granules = blocks->largest_refused_bytes = 0;
    blocks->n_refused = blocks->peak_live = 0;
    blocks->below_peak = 0;
}

bool hmm_blocks_init(struct hmm_blocks *blocks, void *end, struct hmm_blocks_form form)
{
    size_t span = (size_t)((char *)end - (char *)blocks) >> HMM_GRANULE_SHIFT;
    span = hmm_min(span, HMM_BLOCKS_MAX_GRANULES);
    if (span < hmm_blocks_min_granules())
        return false;
    size_t n_classes = class_count(span);
    *blocks = (struct hmm_blocks){
        .records = (struct hmm_group *)hmm_blocks_address(blocks, span),
        .first = (uint32_t)first_granule(n_classes),
        .span = (uint32_t)span,
        .heads_end = hmm_blocks_head(n_classes),
        .is_searched = form.is_searched,
        .extra_granules = (uint32_t)hmm_min(form.extra_bytes >> HMM_GRANULE_SHIFT, span),
        .report = form.report,
    };
    if (form.is_fixed)
        blocks->least_recorded = (uint32_t)hmm_blocks_capacity(blocks) - 1;
    set_empty(blocks);
    if (form.is_zero || form.is_fixed)
        record_all(blocks, form.is_zero);
    return true;
}

void hmm_blocks_reset(struct hmm_blocks *blocks)
{
    set_empty(blocks);
    if (blocks->least_recorded != 0)
        record_all(blocks, false);
}
