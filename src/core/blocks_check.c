/* blocks_check.c - every invariant of a heap of blocks, checked from the records alone; and counts.
 *
 * Layer   core, above blocks. Start reading at hmm_blocks_check.
 */
#include "core/blocks.h"

uint32_t hmm_blocks_around(const struct hmm_blocks *blocks, uint32_t at)
{
    uint32_t group = at >> HMM_GROUP_SHIFT;
    unsigned idx = at & (HMM_GROUP_GRANULES - 1);
    hmm_bits below =
        blocks->groups[group].starts & (~(hmm_bits)0 >> (HMM_GROUP_GRANULES - 1 - idx));
    while (below == 0 && group > 0)
        below = blocks->groups[--group].starts;
    return (group << HMM_GROUP_SHIFT) + hmm_bits_top(below | 1);
}

static uint32_t largest_free(const struct hmm_blocks *blocks)
{
    if (hmm_blocks_is_broken(blocks))
        return 0;
    struct hmm_spot end = hmm_blocks_spot(blocks, blocks->end);
    uint32_t largest = blocks->capacity_granules - blocks->end;
    if (hmm_bit(end.group->after_free, end.at))
        largest += blocks->end - hmm_blocks_free_before(blocks, blocks->end);
    uint32_t class_idx = blocks->n_classes - 1;
    while (class_idx != 0 && blocks->heads[class_idx] == HMM_NO_PLACE)
        class_idx--;
    if (class_idx == 0)
        return largest;
    uint32_t first =
        hmm_blocks_length(blocks, blocks->heads[class_idx] >> HMM_PLACE_SHIFT); /* of a call */
    return first > largest ? first : largest;
}

void hmm_blocks_count(const struct hmm_blocks *blocks, struct hmm_census *census)
{
    *census = (struct hmm_census){.largest = largest_free(blocks)};
    for (uint32_t at = blocks->first, n; at < blocks->end; at += n) {
        n = hmm_blocks_length(blocks, at);
        bool is_live = hmm_blocks_is_live(blocks, at);
        census->live_granules += is_live ? n : 0;
        census->live_blocks += is_live;
        census->free_blocks += !is_live;
    }
}

static uint32_t bit_count(hmm_bits bits)
{
    uint32_t n = 0;
    for (; bits != 0; bits &= bits - 1)
        n++;
    return n;
}

/* B1, B3, B4; counts of blocks, the break's own one too, and of free ones. */
static const char *check_blocks(const struct hmm_blocks *blocks, uint32_t *n_blocks,
                                uint32_t *n_free)
{
    uint32_t before = 0;
    bool before_free = false;
    for (uint32_t at = blocks->first, n; at <= blocks->end; at += n) {
        struct hmm_spot spot = hmm_blocks_spot(blocks, at);
        if (!hmm_bit(spot.group->starts, spot.at))
            return "B1";
        n = at < blocks->end ? hmm_spot_length(spot) : 1;
        if (n == 0 || (at < blocks->end && n > blocks->end - at))
            return "B1";
        if (hmm_bit(spot.group->after_free, spot.at) != before_free ||
            (before_free && hmm_blocks_free_before(blocks, at) != before))
            return "B3";
        bool is_free = !hmm_bit(spot.group->live, spot.at);
        if (is_free && (before_free || at == blocks->end))
            return "B4";
        *n_free += is_free;
        *n_blocks += 1;
        before = at;
        before_free = is_free;
    }
    return NULL;
}

/* B2: bits only where blocks begin, or the break is. */
static const char *check_bits(const struct hmm_blocks *blocks, uint32_t n_blocks)
{
    uint32_t n_groups = (blocks->peak_end >> HMM_GROUP_SHIFT) + 1; /* those above were cleared */
    uint32_t n_starts = 0;
    for (uint32_t g = 0; g < n_groups; g++) {
        const struct hmm_group *group = &blocks->groups[g];
        if (((group->live | group->after_free) & ~group->starts) != 0)
            return "B2";
        n_starts += bit_count(group->starts);
    }
    return n_starts == n_blocks ? NULL : "B2";
}

/* B5: the free blocks of one list. */
static const char *check_list(const struct hmm_blocks *blocks, uint32_t class_idx, uint32_t *n_left)
{
    uint32_t before = class_idx;
    for (uint32_t place = blocks->heads[class_idx]; place != HMM_NO_PLACE; (*n_left)--) {
        uint32_t at = place >> HMM_PLACE_SHIFT;
        if (*n_left == 0 || at >= blocks->end || at << HMM_PLACE_SHIFT != place)
            return "B5";
        struct hmm_spot spot = hmm_blocks_spot(blocks, at);
        if (!hmm_bit(spot.group->starts & ~spot.group->live, spot.at) ||
            hmm_blocks_word(blocks, place)[HMM_BEFORE] != before ||
            hmm_blocks_class(blocks->step_shift, hmm_spot_length(spot)) != class_idx)
            return "B5";
        before = place;
        place = hmm_blocks_word(blocks, place)[HMM_NEXT];
    }
    return NULL;
}

/* B5, B6. */
static const char *check_lists(const struct hmm_blocks *blocks, uint32_t n_free)
{
    for (uint32_t c = 0; c < blocks->n_classes; c++) {
        uint32_t word = c >> HMM_GROUP_SHIFT;
        bool bit = hmm_bit(blocks->class_words[word], c);
        if (bit != (blocks->heads[c] != HMM_NO_PLACE))
            return "B6";
        const char *broken = check_list(blocks, c, &n_free);
        if (broken != NULL)
            return broken;
    }
    return n_free == 0 ? NULL : "B5";
}

const char *hmm_blocks_check(const struct hmm_blocks *blocks)
{
    uint32_t n_blocks = 0, n_free = 0;
    if (blocks->end < blocks->first || blocks->end > blocks->peak_end ||
        blocks->peak_end > blocks->capacity_granules || hmm_blocks_is_broken(blocks))
        return "B7";
    const char *broken = check_blocks(blocks, &n_blocks, &n_free);
    if (broken == NULL)
        broken = check_bits(blocks, n_blocks);
    return broken != NULL ? broken : check_lists(blocks, n_free);
}
