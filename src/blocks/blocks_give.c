/* blocks_give.c - blocks that are freed, whole or in part, and what lies free beside them.
 *
 * Layer   blocks, above blocks_parts.h. Start reading at hmm_blocks_give.
 */
#include "blocks/blocks_give.h"

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
        hmm_blocks_tell_misuse(blocks, hmm_blocks_anywhere(blocks, at), "HmmHeapFree");
}

bool hmm_blocks_trim(struct hmm_blocks *blocks, struct hmm_spot spot, size_t n_granules,
                     size_t want)
{
    if (spot.at + n_granules == blocks->top) {
        spot.group->last_granules = (uint32_t)want;
        hmm_part_lower_top(blocks, spot.at + want);
        return true;
    }
    struct hmm_spot rest = hmm_blocks_spot(blocks, spot.at + want);
    struct hmm_group *next = hmm_blocks_spot(blocks, spot.at + n_granules).group;
    hmm_bits_set(&rest.group->starts, rest.at);
    hmm_part_set_length(spot, want, rest.group);
    hmm_blocks_give_row(blocks, rest, n_granules - want, next);
    return !hmm_blocks_is_broken(blocks);
}
