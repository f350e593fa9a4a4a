/* blocks_search.c - a place found by a search of lists, and what is remembered of refused requests.
 *
 * Layer   blocks, above blocks_give. Start reading at hmm_blocks_take_aligned.
 */
#include "blocks/blocks_search.h"

#include "blocks/blocks_give.h"

HMM_COLD void *hmm_blocks_refuse(struct hmm_blocks *blocks, size_t bytes)
{
    blocks->n_refused += bytes != 0 && blocks->n_refused != UINT32_MAX;
    blocks->largest_refused_bytes = hmm_max(blocks->largest_refused_bytes, bytes);
    return NULL;
}

/* --- search -------------------------------------------------------------------------------------
 */

/* Granules from `at` on up to the first that is aligned. */
static inline size_t ahead_of(const struct hmm_blocks *blocks, size_t at, size_t align_granules)
{
    size_t first = ((uintptr_t)blocks >> HMM_GRANULE_SHIFT) + at;
    return (0 - first) & (align_granules - 1);
}

/* Is there room for `want` granules, aligned, in `have` from `at` on? */
static inline bool has_aligned(const struct hmm_blocks *blocks, size_t at, size_t have, size_t want,
                               size_t align_granules)
{
    return have >= want && have - want >= ahead_of(blocks, at, align_granules);
}

/* The place of a free block that has room: the first of each list is looked at, or, if `all`, each.
 * HMM_NO_PLACE: none, or the heap is broken. */
static size_t search(struct hmm_blocks *blocks, size_t want, size_t align_granules, bool all)
{
    size_t last = hmm_blocks_class_of(blocks->heads_end);
    size_t class_idx = hmm_blocks_class(want) - 1;
    while ((class_idx = hmm_list_above(blocks, class_idx)) != last) {
        size_t head = hmm_blocks_head(class_idx), from = head;
        do {
            size_t place = hmm_list_get(blocks, &from, HMM_NEXT);
            if (place == head)
                break;
            if (!hmm_list_leads(blocks, &place, HMM_BEFORE, from)) {
                hmm_blocks_set_broken(blocks);
                return HMM_NO_PLACE;
            }
            size_t have = hmm_list_get(blocks, &place, HMM_LENGTH);
            if (has_aligned(blocks, place >> HMM_PLACE_SHIFT, have, want, align_granules))
                return place;
            from = place;
        } while (all);
    }
    return HMM_NO_PLACE;
}

void *hmm_blocks_carve(struct hmm_blocks *blocks, struct hmm_spot front, size_t ahead, size_t want)
{
    size_t have = hmm_spot_length(front);
    struct hmm_spot spot = hmm_blocks_spot(blocks, front.at + ahead);
    struct hmm_spot next = hmm_blocks_spot(blocks, front.at + have);
    hmm_bits_clear(&next.group->after_free, next.at);
    hmm_bits_set(&spot.group->live, spot.at);
    have -= ahead;
    if (ahead != 0) {
        hmm_bits_set(&spot.group->starts, spot.at);
        hmm_part_set_length(spot, have, next.group);
        hmm_blocks_give_row(blocks, front, ahead, spot.group);
    }
    if (have != want)
        (void)hmm_blocks_trim(blocks, spot, have, want);
    hmm_part_add_live(blocks, want);
    return hmm_blocks_address(blocks, spot.at);
}

/* A block in the free one at that place, which says that it has room: what is before and after it
 * stays free. */
static void *take_part(struct hmm_blocks *blocks, size_t place, size_t want, size_t align_granules)
{
    struct hmm_spot front = hmm_blocks_spot(blocks, place >> HMM_PLACE_SHIFT);
    if (hmm_blocks_place(front.at) != place ||
        !has_aligned(blocks, front.at, hmm_spot_length(front), want, align_granules) ||
        hmm_bits_has(front.group->live, front.at) || !hmm_list_remove(blocks, front.at)) {
        hmm_blocks_set_broken(blocks);
        return NULL;
    }
    return hmm_blocks_carve(blocks, front, ahead_of(blocks, front.at, align_granules), want);
}

/* By a search of all lists, or refused. */
static void *take_searched(struct hmm_blocks *blocks, size_t want, size_t align_granules)
{
    size_t place = HMM_NO_PLACE;
    if (blocks->is_searched)
        place = search(blocks, want, align_granules, true);
    if (place != HMM_NO_PLACE)
        return take_part(blocks, place, want, align_granules);
    return hmm_blocks_refuse(blocks, want << HMM_GRANULE_SHIFT);
}

HMM_COLD void *hmm_blocks_take_last(struct hmm_blocks *blocks, size_t want)
{
    return take_searched(blocks, want, 1);
}

/* --- aligned ------------------------------------------------------------------------------------
 */

void *hmm_blocks_take_aligned(struct hmm_blocks *blocks, size_t align_granules, size_t bytes)
{
    size_t want = hmm_blocks_granules(bytes);
    if (want - 1 >= blocks->usable_granules)
        return hmm_blocks_refuse(blocks, bytes);
    hmm_part_ask(blocks, want);
    size_t place = search(blocks, want, align_granules, false);
    if (place != HMM_NO_PLACE)
        return take_part(blocks, place, want, align_granules);
    if (hmm_blocks_is_broken(blocks))
        return hmm_blocks_refuse(blocks, bytes);
    size_t top = blocks->top, ahead = ahead_of(blocks, top, align_granules), at = top + ahead;
    if (ahead >= blocks->span - top || want > hmm_blocks_limit(blocks, at) - at)
        return take_searched(blocks, want, align_granules);
    hmm_part_cover(blocks, at);
    if (ahead != 0) {
        struct hmm_spot front = hmm_blocks_spot(blocks, top);
        hmm_bits_set(&front.group->starts, top);
        hmm_part_put_free(blocks, front, ahead, hmm_blocks_spot(blocks, at).group);
    }
    return hmm_part_put_last(blocks, at, want);
}
