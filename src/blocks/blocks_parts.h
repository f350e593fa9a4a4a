/* blocks_parts.h - what taking, giving and resizing blocks have in common: lengths as records and
 * free blocks know them, the top and the break, what is live.
 *
 * Layer   blocks, above blocks_list.h. Part of blocks_give.c, blocks_take.c,
 * blocks_resize.c and blocks_search.c.
 */
#ifndef HMM_BLOCKS_BLOCKS_PARTS_H
#define HMM_BLOCKS_BLOCKS_PARTS_H

#include "base/bytes.h"
#include "blocks/blocks_list.h"
#include "blocks/blocks_report.h"

/* --- lengths ------------------------------------------------------------------------------------
 */

/* The block that begins there has this length now: tell its group, if it is the last one there: if
 * `next`, after it, begins in another. */
static HMM_ALWAYS_INLINE void hmm_part_set_length(struct hmm_spot spot, size_t n_granules,
                                                  const struct hmm_group *next)
{
    if (next != spot.group)
        spot.group->last_granules = (uint32_t)n_granules;
}

/* The same of a free block, which the next one has to find if it begins in another group. */
static inline void hmm_part_set_free_length(struct hmm_spot spot, size_t n_granules,
                                            struct hmm_group *next)
{
    if (next != spot.group) {
        spot.group->last_granules = (uint32_t)n_granules;
        next->free_before = (uint32_t)spot.at;
    }
}

/* A free block in no list, of n granules, up to the one in `next`: into its list, and noted there.
 */
static HMM_INLINE void hmm_part_put_free(struct hmm_blocks *blocks, struct hmm_spot spot,
                                         size_t n_granules, struct hmm_group *next)
{
    hmm_list_insert(blocks, spot.at, n_granules);
    hmm_bits_set(&next->after_free, spot.at + n_granules);
    hmm_part_set_free_length(spot, n_granules, next);
}

static HMM_INLINE bool hmm_part_is_after_free(struct hmm_spot spot)
{
    return hmm_bits_has(spot.group->after_free, spot.at);
}

/* --- free neighbours ----------------------------------------------------------------------------
 */

/* Out of its list, or the heap is broken, and nothing more to be done. */
static HMM_INLINE bool hmm_part_unlink(struct hmm_blocks *blocks, size_t at)
{
    if (hmm_likely(hmm_list_remove(blocks, at)))
        return true;
    hmm_blocks_set_broken(blocks);
    return false;
}

/* The free block next to the spot's: out of its list, and its bit is cleared. */
static HMM_INLINE bool hmm_part_swallow_next(struct hmm_blocks *blocks, struct hmm_spot next)
{
    hmm_bits_clear(&next.group->starts, next.at);
    return hmm_part_unlink(blocks, next.at);
}

/* The free block before the spot's: out of its list, and the spot's bits are cleared. */
static HMM_INLINE bool hmm_part_swallow_before(struct hmm_blocks *blocks, struct hmm_spot spot,
                                               size_t before)
{
    hmm_bits_clear(&spot.group->starts, spot.at);
    hmm_bits_clear(&spot.group->after_free, spot.at);
    return hmm_part_unlink(blocks, before);
}

/* --- what is asked for and live -----------------------------------------------------------------
 */

/* So many granules, which an empty heap could serve, are asked for. */
static inline void hmm_part_ask(struct hmm_blocks *blocks, size_t n_granules)
{
    if (n_granules > blocks->asked_granules)
        blocks->asked_granules = n_granules;
}

/* So many granules more are live. */
static HMM_INLINE void hmm_part_add_live(struct hmm_blocks *blocks, size_t n_granules)
{
    if (hmm_unlikely(hmm_bits_count_down(&blocks->below_peak, n_granules))) {
        blocks->peak_live -= (uint32_t)blocks->below_peak;
        blocks->below_peak = 0;
    }
}

static HMM_INLINE void hmm_part_take_live(struct hmm_blocks *blocks, size_t n_granules)
{
    blocks->below_peak += (int32_t)n_granules;
}

/* --- the top and the break ----------------------------------------------------------------------
 */

/* Records for all groups up to that of `at`. */
static inline void hmm_part_cover(struct hmm_blocks *blocks, size_t at)
{
    struct hmm_group *lowest = hmm_blocks_spot(blocks, at).group;
    size_t n_groups = blocks->recorded >> HMM_GROUP_SHIFT;
    size_t n_wanted = (at >> HMM_GROUP_SHIFT) + 1;
    if (n_wanted > n_groups) {
        memset(lowest, 0, (n_wanted - n_groups) * sizeof(struct hmm_group));
        hmm_blocks_set_recorded(blocks, n_wanted);
    }
}

/* The block that begins at `at` ends at the top from now on, which is within its limit: it may lie
 * where records of groups were in which no block begins. */
static HMM_INLINE void hmm_part_raise_top(struct hmm_blocks *blocks, size_t at, size_t top)
{
    if (hmm_unlikely(top > blocks->span - hmm_blocks_records_for(blocks->recorded - 1)))
        hmm_blocks_set_recorded(blocks, (at >> HMM_GROUP_SHIFT) + 1);
    blocks->top = top;
    size_t end = top > blocks->end ? top + blocks->extra_granules : blocks->end;
    blocks->end = hmm_min(end, hmm_blocks_limit(blocks, at));
    if (blocks->end > blocks->peak_end)
        blocks->peak_end = blocks->end;
}

/* The last block ends there from now on: the break comes down, but for what is kept ahead. */
static inline void hmm_part_lower_top(struct hmm_blocks *blocks, size_t top)
{
    blocks->top = top;
    if (blocks->end - top > 2 * (size_t)blocks->extra_granules)
        blocks->end = top + blocks->extra_granules;
}

/* A live block of n granules begins at `at`, after all others: within its limit, and where there
 * are records. */
static HMM_INLINE void *hmm_part_put_last(struct hmm_blocks *blocks, size_t at, size_t n_granules)
{
    struct hmm_spot spot = hmm_blocks_spot(blocks, at);
    hmm_bits_set(&spot.group->starts, at);
    hmm_bits_set(&spot.group->live, at);
    spot.group->last_granules = (uint32_t)n_granules;
    hmm_part_add_live(blocks, n_granules);
    hmm_part_raise_top(blocks, at, at + n_granules);
    return hmm_blocks_address(blocks, at);
}

#endif
