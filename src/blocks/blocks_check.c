/* blocks_check.c - every invariant of a heap of blocks, checked from the records alone; and counts.
 *
 * Layer   blocks, above blocks. Start reading at hmm_blocks_check.
 */
#include "blocks/blocks_check.h"

size_t hmm_blocks_around(const struct hmm_blocks *blocks, size_t at)
{
    if (at >= blocks->top)
        return blocks->top;
    if (at >= blocks->recorded)
        at = blocks->recorded - 1;
    hmm_bits at_most = ~(hmm_bits)0 >> (~at & (HMM_GROUP_GRANULES - 1));
    hmm_bits below = hmm_blocks_spot(blocks, at).group->starts & at_most;
    while (below == 0 && at >= HMM_GROUP_GRANULES) {
        at -= HMM_GROUP_GRANULES;
        below = hmm_blocks_spot(blocks, at).group->starts;
    }
    return (at & ~(size_t)(HMM_GROUP_GRANULES - 1)) + hmm_bits_top(below | 1);
}

size_t hmm_blocks_walk(const struct hmm_blocks *blocks, size_t at, bool *is_live)
{
    *is_live = at < blocks->top && hmm_blocks_is_live(blocks, at);
    return at < blocks->top ? hmm_blocks_length(blocks, at) : blocks->end - at;
}

/* The place of the first free block of a class, or HMM_NO_PLACE. */
static size_t first_free(const struct hmm_blocks *blocks, size_t class_idx)
{
    size_t head = hmm_blocks_head(class_idx);
    size_t place = hmm_blocks_word(blocks, head)[HMM_NEXT];
    return place != head ? place : HMM_NO_PLACE;
}

/* The most that a call finds without a search: above the top, or the first block of the last list
 * that has any. */
static size_t largest_first(const struct hmm_blocks *blocks)
{
    if (hmm_blocks_is_broken(blocks))
        return 0;
    size_t class_idx = hmm_blocks_class_of(blocks->heads_end) - 1;
    while (class_idx >= HMM_BLOCKS_FIRST_CLASS && first_free(blocks, class_idx) == HMM_NO_PLACE)
        class_idx--;
    size_t first = 0;
    if (class_idx >= HMM_BLOCKS_FIRST_CLASS)
        first = hmm_blocks_length(blocks, first_free(blocks, class_idx) >> HMM_PLACE_SHIFT);
    return hmm_max(first, hmm_blocks_limit(blocks, blocks->top) - blocks->top);
}

void hmm_blocks_count(const struct hmm_blocks *blocks, struct hmm_census *census)
{
    *census = (struct hmm_census){.largest = largest_first(blocks)};
    bool is_live;
    for (size_t at = blocks->first, n; at < blocks->end; at += n) {
        n = hmm_blocks_walk(blocks, at, &is_live);
        census->live_blocks += is_live;
        census->free_blocks += !is_live;
        if (!is_live && at < blocks->top && blocks->is_searched)
            census->largest = hmm_max(census->largest, n);
    }
}

static size_t bit_count(hmm_bits bits)
{
    size_t n = 0;
    for (; bits != 0; bits &= bits - 1)
        n++;
    return n;
}

/* B1, B3, B4, B8, and of B7 what is known then; counts of blocks, and of free ones. */
static const char *check_blocks(const struct hmm_blocks *blocks, size_t *n_blocks, size_t *n_free)
{
    size_t live = hmm_blocks_live(blocks);
    size_t before = 0;
    bool before_free = false;
    for (size_t at = blocks->first, n; at < blocks->top; at += n) {
        if (at >= blocks->recorded)
            return "B7";
        struct hmm_spot spot = hmm_blocks_spot(blocks, at);
        if (!hmm_bits_has(spot.group->starts, spot.at))
            return "B1";
        n = hmm_spot_length(spot);
        if (n == 0 || n > blocks->top - at)
            return "B1";
        if (hmm_bits_has(spot.group->after_free, spot.at) != before_free ||
            (before_free && hmm_spot_free_before(spot) != before))
            return "B3";
        bool is_free = !hmm_bits_has(spot.group->live, spot.at);
        if (is_free && (before_free || at + n == blocks->top))
            return "B4";
        live -= is_free ? 0 : n;
        *n_free += is_free;
        *n_blocks += 1;
        before = at;
        before_free = is_free;
    }
    if (live != 0 || blocks->below_peak < 0)
        return "B8";
    return before != 0 && blocks->end > hmm_blocks_limit(blocks, before) ? "B7" : NULL;
}

/* B2: bits only where blocks begin. */
static const char *check_bits(const struct hmm_blocks *blocks, size_t n_blocks)
{
    size_t n_starts = 0;
    for (size_t at = 0; at < blocks->recorded; at += HMM_GROUP_GRANULES) {
        const struct hmm_group *group = hmm_blocks_spot(blocks, at).group;
        if (((group->live | group->after_free) & ~group->starts) != 0)
            return "B2";
        n_starts += bit_count(group->starts);
    }
    return n_starts == n_blocks ? NULL : "B2";
}

/* B5: the free blocks of one list. */
static const char *check_list(const struct hmm_blocks *blocks, size_t class_idx, size_t *n_left)
{
    size_t head = hmm_blocks_head(class_idx), before = head;
    for (size_t place = hmm_blocks_word(blocks, head)[HMM_NEXT]; place != head; (*n_left)--) {
        size_t at = place >> HMM_PLACE_SHIFT;
        if (*n_left == 0 || at >= blocks->recorded || at << HMM_PLACE_SHIFT != place)
            return "B5";
        struct hmm_spot spot = hmm_blocks_spot(blocks, at);
        if (!hmm_bits_has(spot.group->starts & ~spot.group->live, spot.at) ||
            hmm_blocks_word(blocks, place)[HMM_BEFORE] != before ||
            hmm_blocks_class(hmm_spot_length(spot)) != class_idx)
            return "B5";
        before = place;
        place = hmm_blocks_word(blocks, place)[HMM_NEXT];
    }
    return hmm_blocks_word(blocks, head)[HMM_BEFORE] == before ? NULL : "B5";
}

/* B5, B6. */
static const char *check_lists(const struct hmm_blocks *blocks, size_t n_free)
{
    for (size_t c = HMM_BLOCKS_FIRST_CLASS; c < hmm_blocks_class_of(blocks->heads_end); c++) {
        if (hmm_blocks_class_has(blocks, c) != (first_free(blocks, c) != HMM_NO_PLACE))
            return "B6";
        const char *broken = check_list(blocks, c, &n_free);
        if (broken != NULL)
            return broken;
    }
    return n_free == 0 ? NULL : "B5";
}

const char *hmm_blocks_check(const struct hmm_blocks *blocks)
{
    size_t n_blocks = 0, n_free = 0;
    if (blocks->recorded != 0 &&
        blocks->top > blocks->span - hmm_blocks_records_for(blocks->recorded - 1))
        return "B7";
    if (blocks->top < blocks->first || blocks->end < blocks->top ||
        blocks->end > blocks->peak_end || blocks->peak_end > blocks->span ||
        hmm_blocks_is_broken(blocks))
        return "B7";
    const char *broken = check_blocks(blocks, &n_blocks, &n_free);
    if (broken == NULL)
        broken = check_bits(blocks, n_blocks);
    return broken != NULL ? broken : check_lists(blocks, n_free);
}
