/* blocks_take.c - a heap of blocks side by side: take.
 *
 * Layer   blocks, above blocks_search. Start reading at hmm_blocks_take.
 */
#include "blocks/blocks_take.h"

#include "blocks/blocks_give.h"
#include "blocks/blocks_search.h"

static HMM_COLD void *take_broken(struct hmm_blocks *blocks)
{
    hmm_blocks_set_broken(blocks);
    return NULL;
}

/* A block of n granules from above the top. */
static HMM_NOINLINE void *take_above(struct hmm_blocks *blocks, size_t n_granules)
{
    size_t at = blocks->top;
    if (n_granules > hmm_blocks_limit(blocks, at) - at)
        return hmm_blocks_take_last(blocks, n_granules);
    if (at >= blocks->recorded)
        hmm_part_cover(blocks, at);
    return hmm_part_put_last(blocks, at, n_granules);
}

/* The place of a free block of n granules or more: the first one of its own class, if that is long
 * enough; else the first of the next class, in which all are. HMM_NO_PLACE: none. */
static HMM_INLINE size_t find_free(const struct hmm_blocks *blocks, size_t want, size_t *head)
{
    size_t class_idx = hmm_blocks_class(want);
    *head = hmm_blocks_head(class_idx);
    HMM_KEEP(*head);
    size_t place = hmm_list_get(blocks, head, HMM_NEXT);
    if (place != *head && hmm_list_get(blocks, &place, HMM_LENGTH) >= want)
        return place;
    *head = hmm_blocks_head(hmm_list_above(blocks, class_idx));
    HMM_KEEP(*head);
    return hmm_list_get(blocks, head, HMM_NEXT);
}

/* The block there, of `have` granules, is a caller's, who wants less: the rest is a free block. */
static HMM_NOINLINE void *split(struct hmm_blocks *blocks, struct hmm_spot spot, size_t have,
                                size_t want)
{
    struct hmm_spot rest = hmm_blocks_spot(blocks, spot.at + want);
    hmm_bits_set(&rest.group->starts, rest.at);
    hmm_part_set_length(spot, want, rest.group);
    hmm_list_insert(blocks, rest.at, have - want);
    /* the next one has its bit in after_free: it had the whole before it */
    hmm_part_set_free_length(rest, have - want, hmm_blocks_spot(blocks, spot.at + have).group);
    return hmm_blocks_address(blocks, spot.at);
}

/* The same where the caller wants all of it. */
static HMM_NOINLINE void *take_whole(struct hmm_blocks *blocks, size_t at, size_t n_granules)
{
    struct hmm_spot next = hmm_blocks_spot(blocks, at + n_granules);
    hmm_bits_clear(&next.group->after_free, next.at);
    return hmm_blocks_address(blocks, at);
}

/* More than was asked for before, or 0. */
static HMM_NOINLINE void *take_most(struct hmm_blocks *blocks, size_t bytes)
{
    size_t want = hmm_blocks_granules(bytes);
    if (hmm_unlikely(want - 1 >= blocks->usable_granules))
        return hmm_blocks_refuse(blocks, bytes);
    blocks->asked_granules = want;
    return hmm_blocks_take(blocks, bytes);
}

void *hmm_blocks_take(struct hmm_blocks *blocks, size_t bytes)
{
    size_t want = hmm_blocks_granules(bytes);
    if (hmm_unlikely(want - 1 >= blocks->asked_granules)) /* of 0: larger than any */
        return take_most(blocks, bytes);
    size_t head; /* of the list that it is in */
    size_t place = find_free(blocks, want, &head);
    if (place == HMM_NO_PLACE)
        return take_above(blocks, want);
    /* rotated: what is not at a granule's beginning is beyond any record, too */
    size_t at = place >> HMM_PLACE_SHIFT | place << (HMM_WORD_BITS - HMM_PLACE_SHIFT);
    if (hmm_unlikely(at >= blocks->recorded || !hmm_list_pop(blocks, head, place)))
        return take_broken(blocks);
    struct hmm_spot spot = hmm_blocks_spot(blocks, at);
    hmm_bits live = spot.group->live;
    size_t have = hmm_spot_length(spot); /* 0 where no block begins */
    if (hmm_unlikely(have < want || hmm_bits_set(&live, at)))
        return take_broken(blocks);
    spot.group->live = live;
    hmm_part_add_live(blocks, want);
    return have != want ? split(blocks, spot, have, want) : take_whole(blocks, at, want);
}
