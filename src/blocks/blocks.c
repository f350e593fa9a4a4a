/* blocks.c - a heap of blocks side by side: take and give.
 *
 * Layer   core, above base. Start reading at hmm_blocks_take.
 */
#include "blocks/blocks_parts.h"

HMM_COLD void hmm_blocks_set_broken(struct hmm_blocks *blocks)
{
    blocks->usable_granules = 0;
    blocks->asked_granules = 0;
    blocks->recorded = blocks->recorded_places = 0;
    blocks->top = blocks->end = blocks->first;
    blocks->below_peak = (int32_t)blocks->peak_live;
    blocks->on_broken(blocks);
}

static HMM_COLD void *take_broken(struct hmm_blocks *blocks)
{
    hmm_blocks_set_broken(blocks);
    return NULL;
}

/* --- take ---------------------------------------------------------------------------------------
 */

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

/* --- give ---------------------------------------------------------------------------------------
 */

/* Four ways for a block at the spot, of n granules up to the one in `next_group`, in no list, nor
 * live: it becomes a free block, together with free ones beside it. Each is a function of its own,
 * so that none saves registers that only another needs. */

static HMM_NOINLINE void join_none(struct hmm_blocks *blocks, struct hmm_spot spot,
                                   struct hmm_group *next_group, size_t n_granules)
{
    hmm_part_put_free(blocks, spot, n_granules, next_group);
}

/* Where the free block there ends: its group, since the next one mostly begins in the same. */
static HMM_INLINE struct hmm_spot behind(const struct hmm_blocks *blocks, struct hmm_spot spot)
{
    hmm_bits above = hmm_spot_above(spot);
    if (above != 0)
        return (struct hmm_spot){spot.at + hmm_bits_lowest(above), spot.group};
    return hmm_blocks_spot(blocks, spot.at + spot.group->last_granules);
}

static HMM_NOINLINE void join_next(struct hmm_blocks *blocks, struct hmm_spot spot,
                                   struct hmm_group *next_group, size_t n_granules)
{
    struct hmm_spot next = {spot.at + n_granules, next_group};
    struct hmm_spot end = behind(blocks, next);
    if (hmm_part_swallow_next(blocks, next))
        hmm_part_put_free(blocks, spot, end.at - spot.at, end.group);
}

static HMM_NOINLINE void join_before(struct hmm_blocks *blocks, struct hmm_spot spot,
                                     struct hmm_group *next_group, size_t n_granules)
{
    size_t before = hmm_spot_free_before(spot);
    size_t n = n_granules + (spot.at - before);
    if (hmm_part_swallow_before(blocks, spot, before))
        hmm_part_put_free(blocks, hmm_blocks_spot(blocks, before), n, next_group);
}

static HMM_NOINLINE void join_both(struct hmm_blocks *blocks, struct hmm_spot spot,
                                   struct hmm_group *next_group, size_t n_granules)
{
    struct hmm_spot next = {spot.at + n_granules, next_group};
    struct hmm_spot end = behind(blocks, next);
    if (!hmm_part_swallow_next(blocks, next))
        return;
    size_t before = hmm_spot_free_before(spot);
    if (hmm_part_swallow_before(blocks, spot, before))
        hmm_part_put_free(blocks, hmm_blocks_spot(blocks, before), end.at - before, end.group);
}

static HMM_INLINE void give_row(struct hmm_blocks *blocks, struct hmm_spot spot, size_t n_granules,
                                struct hmm_group *next_group)
{
    struct hmm_spot next = {spot.at + n_granules, next_group};
    if (hmm_bits_has(next.group->live, next.at)) {
        if (hmm_part_is_after_free(spot))
            join_before(blocks, spot, next_group, n_granules);
        else
            join_none(blocks, spot, next_group, n_granules);
    } else {
        if (hmm_part_is_after_free(spot))
            join_both(blocks, spot, next_group, n_granules);
        else
            join_next(blocks, spot, next_group, n_granules);
    }
}

void hmm_blocks_give_row(struct hmm_blocks *blocks, struct hmm_spot spot, size_t n_granules,
                         struct hmm_group *next_group)
{
    give_row(blocks, spot, n_granules, next_group);
}

/* The block that ends at the top, not live any more: together with a free one before it, it is what
 * lies above the top. */
static HMM_NOINLINE void give_top(struct hmm_blocks *blocks, struct hmm_spot spot)
{
    hmm_bits_clear(&spot.group->starts, spot.at);
    if (hmm_bits_has(spot.group->after_free, spot.at)) {
        hmm_bits_clear(&spot.group->after_free, spot.at);
        spot = hmm_blocks_spot(blocks, hmm_spot_free_before(spot));
        hmm_bits_clear(&spot.group->starts, spot.at);
        if (!hmm_part_unlink(blocks, spot.at))
            return;
    }
    hmm_bits below = hmm_spot_below(spot);
    if (below != 0) /* the block before begins in this group, and is its last one now */
        spot.group->last_granules = (uint32_t)(HMM_GROUP_GRANULES - hmm_bits_top(below));
    hmm_part_lower_top(blocks, spot.at);
}

/* Free the block there, if it is live. */
static HMM_INLINE bool give(struct hmm_blocks *blocks, size_t at)
{
    if (hmm_unlikely(at >= blocks->recorded))
        return false;
    struct hmm_spot spot = hmm_blocks_spot(blocks, at);
    hmm_bits live = spot.group->live;
    if (hmm_unlikely(!hmm_bits_clear(&live, at)))
        return false;
    spot.group->live = live;
    HMM_KEEP(blocks); /* or gcc loads for both ways what one needs */
    hmm_bits above = hmm_spot_above(spot);
    if (above != 0) { /* the next one is in this group, too, and the top further on */
        size_t n_granules = hmm_bits_lowest(above);
        hmm_part_take_live(blocks, n_granules);
        give_row(blocks, spot, n_granules, spot.group);
        return true;
    }
    size_t n = spot.group->last_granules;
    hmm_part_take_live(blocks, n);
    if (hmm_unlikely(at + n == blocks->top))
        give_top(blocks, spot);
    else
        give_row(blocks, spot, n, hmm_blocks_spot(blocks, at + n).group);
    return true;
}

void hmm_blocks_give(struct hmm_blocks *blocks, const void *address)
{
    size_t at = hmm_blocks_granule(blocks, address);
    HMM_KEEP(at); /* or gcc keeps the address, too */
    if (!give(blocks, at))
        blocks->on_misuse(blocks, hmm_blocks_anywhere(blocks, at));
}
