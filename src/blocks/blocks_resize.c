/* blocks_resize.c - a live block made longer or shorter, with what is free beside it.
 *
 * Layer   blocks, above blocks_search. Start reading at hmm_blocks_resize.
 */
#include "blocks/blocks_resize.h"

#include "blocks/blocks_give.h"
#include "blocks/blocks_search.h"

/* How far the block before `end` can be extended when it begins at `at`: by the free block after
 * it, or above the top. */
static size_t room_end(const struct hmm_blocks *blocks, size_t at, size_t end)
{
    if (end == blocks->top)
        return hmm_blocks_limit(blocks, at);
    struct hmm_spot next = hmm_blocks_spot(blocks, end);
    return hmm_bits_has(next.group->live, next.at) ? end : end + hmm_spot_length(next);
}

/* Make a live block of n granules longer where it is, up to that end at most. False: broken. */
static bool extend(struct hmm_blocks *blocks, struct hmm_spot spot, size_t n_granules, size_t want,
                   size_t end)
{
    if (spot.at + n_granules == blocks->top) {
        spot.group->last_granules = (uint32_t)want;
        hmm_part_raise_top(blocks, spot.at, spot.at + want);
    } else {
        if (!hmm_part_swallow_next(blocks, hmm_blocks_spot(blocks, spot.at + n_granules)))
            return false;
        struct hmm_spot next = hmm_blocks_spot(blocks, end);
        hmm_bits_clear(&next.group->after_free, next.at);
        hmm_part_set_length(spot, end - spot.at, next.group);
        if (end - spot.at != want && !hmm_blocks_trim(blocks, spot, end - spot.at, want))
            return false;
    }
    hmm_part_add_live(blocks, want - n_granules);
    return true;
}

/* Make a live block of n granules longer by moving it down into the free block before it. Returns
 * where it begins; 0: there is no room, or broken. */
static size_t move_down(struct hmm_blocks *blocks, struct hmm_spot spot, size_t n_granules,
                        size_t want)
{
    if (!hmm_part_is_after_free(spot))
        return 0;
    size_t to = hmm_spot_free_before(spot), end = spot.at + n_granules;
    bool is_last = end == blocks->top;
    if (want > room_end(blocks, to, end) - to)
        return 0;
    void *from = hmm_blocks_address(blocks, spot.at);
    hmm_blocks_give(blocks, from); /* all of it is one free block now, or above the top */
    if (hmm_blocks_is_broken(blocks) || (!is_last && !hmm_part_unlink(blocks, to)))
        return 0;
    memmove(hmm_blocks_address(blocks, to), from, n_granules << HMM_GRANULE_SHIFT);
    if (is_last)
        (void)hmm_part_put_last(blocks, to, want);
    else
        (void)hmm_blocks_carve(blocks, hmm_blocks_spot(blocks, to), 0, want);
    return to;
}

size_t hmm_blocks_resize(struct hmm_blocks *blocks, size_t at, size_t bytes)
{
    struct hmm_spot spot = hmm_blocks_spot(blocks, at);
    size_t have = hmm_spot_length(spot), want = hmm_blocks_granules(bytes);
    if (want - 1 >= blocks->usable_granules)
        return 0;
    if (want > have) {
        size_t end = room_end(blocks, at, at + have);
        if (want > end - at)
            at = move_down(blocks, spot, have, want);
        else if (!extend(blocks, spot, have, want, end))
            return 0;
    } else if (want < have) {
        hmm_part_take_live(blocks, have - want);
        if (!hmm_blocks_trim(blocks, spot, have, want))
            return 0;
    }
    if (at != 0)
        hmm_part_ask(blocks, want);
    return at;
}
