/* blocks.c - a heap of blocks side by side.
 *
 * Layer   core, above base. Start reading at hmm_blocks_take.
 */
#include "core/blocks_list.h"

#include "base/bytes.h"

/* Nothing can be relied on any more: no block begins below the break, and none can be taken. */
static HMM_COLD void set_broken(struct hmm_blocks *blocks)
{
    blocks->usable_granules = 0;
    blocks->recorded = blocks->recorded_places = 0;
    blocks->top = blocks->end = blocks->first;
    blocks->on_broken(blocks);
}

static HMM_COLD void *take_broken(struct hmm_blocks *blocks)
{
    set_broken(blocks);
    return NULL;
}

/* --- blocks -------------------------------------------------------------------------------------
 */

/* The block that begins there has this length now: tell its group, if it is the last one there: if
 * `next`, behind it, begins in another. */
static inline void set_length(struct hmm_spot spot, size_t n_granules, const struct hmm_group *next)
{
    if (next != spot.group)
        spot.group->last_granules = (uint32_t)n_granules;
}

/* The same of a free block, which the next one has to find if it begins in another group. */
static inline void set_free_length(struct hmm_spot spot, size_t n_granules, struct hmm_group *next)
{
    if (next != spot.group) {
        spot.group->last_granules = (uint32_t)n_granules;
        next->free_before = (uint32_t)spot.at;
    }
}

/* A free block in no list, of n granules, up to the one in `next`: into its list, and noted there.
 */
static HMM_INLINE void put_free(struct hmm_blocks *blocks, struct hmm_spot spot, size_t n_granules,
                                struct hmm_group *next)
{
    hmm_list_insert(blocks, spot.at, n_granules);
    hmm_bits_set(&next->after_free, spot.at + n_granules);
    set_free_length(spot, n_granules, next);
}

/* --- the top and the break ----------------------------------------------------------------------
 */

/* Records for all groups up to that of `at`. */
static void cover(struct hmm_blocks *blocks, size_t at)
{
    struct hmm_group *lowest = hmm_blocks_spot(blocks, at).group;
    size_t n_groups = blocks->recorded >> HMM_GROUP_SHIFT;
    size_t n_wanted = (at >> HMM_GROUP_SHIFT) + 1;
    if (n_wanted > n_groups) {
        memset(lowest, 0, (n_wanted - n_groups) * sizeof(struct hmm_group));
        hmm_blocks_set_recorded(blocks, n_wanted);
    }
}

/* The break, for that top: not above the limit. */
static inline void set_end(struct hmm_blocks *blocks, size_t end, size_t limit)
{
    blocks->end = hmm_min(end, limit);
    if (blocks->end > blocks->peak_end)
        blocks->peak_end = blocks->end;
}

/* The block that begins at `at` ends at the top from now on, which is within its limit: it may lie
 * where records of groups were in which no block begins. */
static HMM_INLINE void raise_top(struct hmm_blocks *blocks, size_t at, size_t top)
{
    if (hmm_unlikely(top > blocks->span - hmm_blocks_records_for(blocks->recorded - 1)))
        hmm_blocks_set_recorded(blocks, (at >> HMM_GROUP_SHIFT) + 1);
    blocks->top = top;
    size_t end = top > blocks->end ? top + blocks->extra_granules : blocks->end;
    set_end(blocks, end, hmm_blocks_limit(blocks, at));
}

/* The last block ends there from now on: the break comes down, but for what is kept ahead. */
static inline void lower_top(struct hmm_blocks *blocks, size_t top)
{
    blocks->top = top;
    if (blocks->end - top > 2 * (size_t)blocks->extra_granules)
        blocks->end = top + blocks->extra_granules;
}

/* A block of n granules from above the top. NULL: no room. */
static HMM_NOINLINE void *take_above(struct hmm_blocks *blocks, size_t n_granules)
{
    size_t at = blocks->top;
    if (n_granules > hmm_blocks_limit(blocks, at) - at)
        return NULL;
    if (at >= blocks->recorded)
        cover(blocks, at);
    struct hmm_spot spot = hmm_blocks_spot(blocks, at);
    hmm_bits_set(&spot.group->starts, at);
    hmm_bits_set(&spot.group->live, at);
    spot.group->last_granules = (uint32_t)n_granules;
    raise_top(blocks, at, at + n_granules);
    return hmm_blocks_address(blocks, at);
}

/* --- take ---------------------------------------------------------------------------------------
 */

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
    set_length(spot, want, rest.group);
    hmm_list_insert(blocks, rest.at, have - want);
    /* the next one has its bit in after_free: it had the whole before it */
    set_free_length(rest, have - want, hmm_blocks_spot(blocks, spot.at + have).group);
    return hmm_blocks_address(blocks, spot.at);
}

/* The same where the caller wants all of it. */
static HMM_NOINLINE void *take_whole(struct hmm_blocks *blocks, size_t at, size_t n_granules)
{
    struct hmm_spot next = hmm_blocks_spot(blocks, at + n_granules);
    hmm_bits_clear(&next.group->after_free, next.at);
    return hmm_blocks_address(blocks, at);
}

void *hmm_blocks_take(struct hmm_blocks *blocks, size_t want)
{
    if (hmm_unlikely(want - 1 >= blocks->usable_granules)) /* of 0: larger than any */
        return NULL;
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
    put_free(blocks, spot, n_granules, next_group);
}

/* Where the free block there ends: its group, since the next one mostly begins in the same. */
static HMM_INLINE struct hmm_spot behind(const struct hmm_blocks *blocks, struct hmm_spot spot)
{
    hmm_bits above = hmm_spot_above(spot);
    if (above != 0)
        return (struct hmm_spot){spot.at + hmm_bits_lowest(above), spot.group};
    return hmm_blocks_spot(blocks, spot.at + spot.group->last_granules);
}

/* Out of its list, or the heap is broken, and nothing more to be done. */
static HMM_INLINE bool unlink_free(struct hmm_blocks *blocks, size_t at)
{
    if (hmm_likely(hmm_list_remove(blocks, at)))
        return true;
    set_broken(blocks);
    return false;
}

/* The free block next to the spot's: out of its list, and its bit is cleared. */
static HMM_INLINE bool swallow_next(struct hmm_blocks *blocks, struct hmm_spot next)
{
    hmm_bits_clear(&next.group->starts, next.at);
    return unlink_free(blocks, next.at);
}

/* The free block before the spot's: out of its list, and the spot's bits are cleared. */
static HMM_INLINE bool swallow_before(struct hmm_blocks *blocks, struct hmm_spot spot,
                                      size_t before)
{
    hmm_bits_clear(&spot.group->starts, spot.at);
    hmm_bits_clear(&spot.group->after_free, spot.at);
    return unlink_free(blocks, before);
}

static HMM_NOINLINE void join_next(struct hmm_blocks *blocks, struct hmm_spot spot,
                                   struct hmm_group *next_group, size_t n_granules)
{
    struct hmm_spot next = {spot.at + n_granules, next_group};
    struct hmm_spot end = behind(blocks, next);
    if (swallow_next(blocks, next))
        put_free(blocks, spot, end.at - spot.at, end.group);
}

static HMM_NOINLINE void join_before(struct hmm_blocks *blocks, struct hmm_spot spot,
                                     struct hmm_group *next_group, size_t n_granules)
{
    size_t before = hmm_spot_free_before(spot);
    size_t n = n_granules + (spot.at - before);
    if (swallow_before(blocks, spot, before))
        put_free(blocks, hmm_blocks_spot(blocks, before), n, next_group);
}

static HMM_NOINLINE void join_both(struct hmm_blocks *blocks, struct hmm_spot spot,
                                   struct hmm_group *next_group, size_t n_granules)
{
    struct hmm_spot next = {spot.at + n_granules, next_group};
    struct hmm_spot end = behind(blocks, next);
    if (!swallow_next(blocks, next))
        return;
    size_t before = hmm_spot_free_before(spot);
    if (swallow_before(blocks, spot, before))
        put_free(blocks, hmm_blocks_spot(blocks, before), end.at - before, end.group);
}

static HMM_INLINE bool is_after_free(struct hmm_spot spot)
{
    return hmm_bits_has(spot.group->after_free, spot.at);
}

static HMM_INLINE void give_row(struct hmm_blocks *blocks, struct hmm_spot spot, size_t n_granules,
                                struct hmm_group *next_group)
{
    struct hmm_spot next = {spot.at + n_granules, next_group};
    if (hmm_bits_has(next.group->live, next.at)) {
        if (is_after_free(spot))
            join_before(blocks, spot, next_group, n_granules);
        else
            join_none(blocks, spot, next_group, n_granules);
    } else {
        if (is_after_free(spot))
            join_both(blocks, spot, next_group, n_granules);
        else
            join_next(blocks, spot, next_group, n_granules);
    }
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
        if (!unlink_free(blocks, spot.at))
            return;
    }
    hmm_bits below = hmm_spot_below(spot);
    if (below != 0) /* the block before begins in this group, and is its last one now */
        spot.group->last_granules = (uint32_t)(HMM_GROUP_GRANULES - hmm_bits_top(below));
    lower_top(blocks, spot.at);
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
        give_row(blocks, spot, hmm_bits_lowest(above), spot.group);
        return true;
    }
    size_t n = spot.group->last_granules;
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

/* --- resize -------------------------------------------------------------------------------------
 */

/* Cut a live block down to `want` granules; what is left is free. False: broken. */
static bool trim(struct hmm_blocks *blocks, struct hmm_spot spot, size_t n_granules, size_t want)
{
    if (spot.at + n_granules == blocks->top) {
        spot.group->last_granules = (uint32_t)want;
        lower_top(blocks, spot.at + want);
        return true;
    }
    struct hmm_spot rest = hmm_blocks_spot(blocks, spot.at + want);
    struct hmm_group *next = hmm_blocks_spot(blocks, spot.at + n_granules).group;
    hmm_bits_set(&rest.group->starts, rest.at);
    set_length(spot, want, rest.group);
    give_row(blocks, rest, n_granules - want, next);
    return !hmm_blocks_is_broken(blocks);
}

/* Make a live block of n granules longer, by room above the top, or by the free block behind it. */
static bool extend(struct hmm_blocks *blocks, struct hmm_spot spot, size_t n_granules, size_t want)
{
    if (spot.at + n_granules == blocks->top) {
        if (want > hmm_blocks_limit(blocks, spot.at) - spot.at)
            return false;
        spot.group->last_granules = (uint32_t)want;
        raise_top(blocks, spot.at, spot.at + want);
        return true;
    }
    struct hmm_spot next = hmm_blocks_spot(blocks, spot.at + n_granules);
    size_t have =
        n_granules + (hmm_bits_has(next.group->live, next.at) ? 0 : hmm_spot_length(next));
    if (want > have)
        return false;
    if (!unlink_free(blocks, next.at))
        return false;
    hmm_bits_clear(&next.group->starts, next.at);
    struct hmm_spot end = hmm_blocks_spot(blocks, spot.at + have);
    hmm_bits_clear(&end.group->after_free, end.at);
    set_length(spot, have, end.group);
    return have == want || trim(blocks, spot, have, want);
}

bool hmm_blocks_resize(struct hmm_blocks *blocks, size_t at, size_t want)
{
    struct hmm_spot spot = hmm_blocks_spot(blocks, at);
    size_t have = hmm_spot_length(spot);
    if (want - 1 >= blocks->usable_granules)
        return false;
    if (want == have)
        return true;
    return want < have ? trim(blocks, spot, have, want) : extend(blocks, spot, have, want);
}

/* The live block at `at`, of n granules, is cut in two; the front is given back. Returns where the
 * other begins; 0: no room for its record, all of it is given back; or broken. */
static size_t cut_front(struct hmm_blocks *blocks, size_t at, size_t n_granules, size_t ahead)
{
    size_t limit = hmm_blocks_limit(blocks, at + ahead);
    if (at + n_granules > limit) {
        (void)give(blocks, at);
        return 0;
    }
    cover(blocks, at + ahead);
    set_end(blocks, blocks->end, limit);
    struct hmm_spot spot = hmm_blocks_spot(blocks, at + ahead);
    hmm_bits_set(&spot.group->starts, spot.at);
    hmm_bits_set(&spot.group->live, spot.at);
    bool is_last = at + n_granules == blocks->top;
    set_length(spot, n_granules - ahead,
               is_last ? NULL : hmm_blocks_spot(blocks, at + n_granules).group);
    set_length(hmm_blocks_spot(blocks, at), ahead, spot.group);
    (void)give(blocks, at);
    return hmm_blocks_is_broken(blocks) ? 0 : spot.at;
}

void *hmm_blocks_take_aligned(struct hmm_blocks *blocks, size_t align_granules, size_t n_granules)
{
    size_t most = blocks->usable_granules;
    if (align_granules > most || n_granules - 1 >= most || n_granules + align_granules - 1 > most)
        return NULL;
    char *block = hmm_blocks_take(blocks, n_granules + align_granules - 1);
    if (block == NULL)
        return NULL;
    size_t at = (size_t)(block - (char *)blocks) >> HMM_GRANULE_SHIFT;
    struct hmm_spot spot = hmm_blocks_spot(blocks, at);
    size_t length = hmm_spot_length(spot);
    size_t first = ((uintptr_t)blocks >> HMM_GRANULE_SHIFT) + at;
    size_t ahead = hmm_round_up(first, align_granules) - first;
    size_t want = ahead + n_granules;
    if (length != want && !trim(blocks, spot, length, want))
        return NULL;
    if (ahead != 0 && (at = cut_front(blocks, at, want, ahead)) == 0)
        return NULL;
    return hmm_blocks_address(blocks, at);
}
