/* blocks.c - a heap of blocks side by side.
 *
 * Layer   core, above base. Start reading at hmm_blocks_take.
 */
#include "core/blocks.h"

#include "base/bytes.h"

_Static_assert(sizeof(hmm_bits) == sizeof(long), "builtins for long are used");

/* --- lists of free blocks -----------------------------------------------------------------------
 */

static inline uint32_t place_of(uint32_t at)
{
    return at << HMM_PLACE_SHIFT;
}

static inline void mark_class_empty(struct hmm_blocks *blocks, uint32_t class_idx)
{
    hmm_bit_clear(hmm_blocks_class_word(blocks, class_idx), class_idx);
}

static inline void list_insert(struct hmm_blocks *blocks, uint32_t at, uint32_t n_granules)
{
    uint32_t class_idx = hmm_blocks_class(blocks->step_shift, n_granules);
    uint32_t place = place_of(at);
    uint32_t first = blocks->heads[class_idx];
    blocks->heads[class_idx] = place;
    hmm_blocks_word(blocks, place)[HMM_NEXT] = first;
    if (first != HMM_NO_PLACE)
        hmm_blocks_word(blocks, first)[HMM_BEFORE] = place;
    else
        hmm_bit_set(hmm_blocks_class_word(blocks, class_idx), class_idx);
    hmm_blocks_word(blocks, place)[HMM_BEFORE] = class_idx;
    hmm_blocks_word(blocks, place)[HMM_LENGTH] = n_granules;
}

/* Does a link lie at this place, in a free block or a head, that leads to `place`? */
static HMM_INLINE bool leads_to(const struct hmm_blocks *blocks, uint32_t from, int link,
                                uint32_t place)
{
    return hmm_likely(from < place_of(blocks->end) && hmm_blocks_word(blocks, from)[link] == place);
}

/* Take the first block of a list out of it. False: links in free memory were overwritten; nothing
 * is done. */
static HMM_INLINE bool list_pop(struct hmm_blocks *blocks, uint32_t class_idx)
{
    uint32_t place = blocks->heads[class_idx];
    uint32_t next = hmm_blocks_word(blocks, place)[HMM_NEXT];
    if (next == HMM_NO_PLACE)
        mark_class_empty(blocks, class_idx);
    else if (!leads_to(blocks, next, HMM_BEFORE, place))
        return false;
    else
        hmm_blocks_word(blocks, next)[HMM_BEFORE] = class_idx;
    blocks->heads[class_idx] = next;
    return true;
}

/* The same for any free block. */
static HMM_INLINE bool list_remove(struct hmm_blocks *blocks, uint32_t at)
{
    uint32_t place = place_of(at);
    uint32_t next = hmm_blocks_word(blocks, place)[HMM_NEXT];
    uint32_t before = hmm_blocks_word(blocks, place)[HMM_BEFORE];
    if (!leads_to(blocks, before, HMM_NEXT, place))
        return false;
    if (next != HMM_NO_PLACE) {
        if (!leads_to(blocks, next, HMM_BEFORE, place))
            return false;
        hmm_blocks_word(blocks, next)[HMM_BEFORE] = before;
    } else if (before < blocks->n_classes) {
        mark_class_empty(blocks, before);
    }
    hmm_blocks_word(blocks, before)[HMM_NEXT] = next;
    return true;
}

/* Nothing can be relied on any more: no block begins below the break, and none can be taken. */
static HMM_COLD bool set_broken(struct hmm_blocks *blocks)
{
    blocks->usable_granules = 0;
    blocks->end = 0;
    blocks->on_broken(blocks);
    return false;
}

/* The first class above `class_idx` with a free block, or the one above the last, which is marked
 * so that this ends. */
static inline uint32_t class_above(const struct hmm_blocks *blocks, uint32_t class_idx)
{
    class_idx++;
    uint32_t word = class_idx >> HMM_GROUP_SHIFT;
    hmm_bits bits = blocks->class_words[word] >> (class_idx & (HMM_GROUP_GRANULES - 1));
    if (bits != 0)
        return class_idx + hmm_bits_lowest(bits);
    do
        bits = blocks->class_words[++word];
    while (bits == 0);
    return (word << HMM_GROUP_SHIFT) + hmm_bits_lowest(bits);
}

/* --- blocks -------------------------------------------------------------------------------------
 */

/* The block that begins there has this length now: tell its group. */
static inline void set_length(struct hmm_spot spot, uint32_t n_granules)
{
    if (hmm_spot_above(spot) == 0)
        spot.group->last_granules = n_granules;
}

/* The block that begins there, of n granules, is free and in no list so far: into its list. Returns
 * where the block behind it begins, which can find it now. */
static HMM_INLINE struct hmm_spot put_rest(struct hmm_blocks *blocks, struct hmm_spot spot,
                                           uint32_t n_granules)
{
    set_length(spot, n_granules);
    list_insert(blocks, spot.at, n_granules);
    struct hmm_spot next = hmm_blocks_spot(blocks, spot.at + n_granules);
    if (next.group != spot.group)
        next.group->free_before = spot.at;
    return next;
}

/* The same, and the block behind it did not have a free one before it. */
static HMM_INLINE void put_free(struct hmm_blocks *blocks, struct hmm_spot spot,
                                uint32_t n_granules)
{
    struct hmm_spot next = put_rest(blocks, spot, n_granules);
    hmm_bit_set(&next.group->after_free, next.at);
}

/* --- the break ----------------------------------------------------------------------------------
 * For its neighbours a live block begins there, which nobody can free: it isn't below the break. */

static inline void set_end(struct hmm_blocks *blocks, uint32_t end)
{
    struct hmm_spot spot = hmm_blocks_spot(blocks, end);
    hmm_bit_set(&spot.group->starts, spot.at);
    hmm_bit_set(&spot.group->live, spot.at);
    blocks->end = end;
}

/* Move it up. What was its place is inside a block, or a block's first granule. */
static HMM_INLINE void raise_break(struct hmm_blocks *blocks, uint32_t end, bool begins_here)
{
    uint32_t groups_end = (end >> HMM_GROUP_SHIFT) + 1;
    struct hmm_spot spot = hmm_blocks_spot(blocks, blocks->end);
    if (groups_end > blocks->clean_end) {
        memset(&blocks->groups[blocks->clean_end], 0,
               (groups_end - blocks->clean_end) * sizeof(struct hmm_group));
        blocks->clean_end = groups_end;
    }
    if (!begins_here) {
        hmm_bit_clear(&spot.group->starts, spot.at);
        hmm_bit_clear(&spot.group->live, spot.at);
    }
    hmm_bit_clear(&spot.group->after_free, spot.at);
    set_end(blocks, end);
    if (end > blocks->peak_end)
        blocks->peak_end = end;
}

/* The free block [at, at + n) at the top, in no list: the break comes down, but for what is kept
 * ahead. */
static HMM_NOINLINE void put_top(struct hmm_blocks *blocks, uint32_t at, uint32_t n_granules)
{
    uint32_t extra = blocks->extra_granules;
    if (n_granules > 2 * extra) {
        struct hmm_spot end = hmm_blocks_spot(blocks, at + n_granules);
        hmm_bit_clear(&end.group->starts, end.at);
        hmm_bit_clear(&end.group->live, end.at);
        hmm_bit_clear(&end.group->after_free, end.at);
        set_end(blocks, at + extra);
        n_granules = extra;
    }
    if (n_granules != 0)
        put_free(blocks, hmm_blocks_spot(blocks, at), n_granules);
}

/* A block of n granules from above the break, together with the last one, if that is free. With it
 * the extra space: a free block behind it. NULL: no room, or broken. */
static HMM_INLINE void *take_above(struct hmm_blocks *blocks, uint32_t n_granules)
{
    struct hmm_spot end = hmm_blocks_spot(blocks, blocks->end);
    bool begins_here = !hmm_bit(end.group->after_free, end.at);
    uint32_t at = begins_here ? blocks->end : hmm_blocks_free_before(blocks, blocks->end);
    uint32_t room = blocks->capacity_granules - at;
    if (n_granules > room)
        return NULL;
    if (!begins_here && !list_remove(blocks, at)) {
        set_broken(blocks);
        return NULL;
    }
    uint32_t extra = (uint32_t)hmm_min(blocks->extra_granules, room - n_granules);
    uint32_t next = at + n_granules;
    raise_break(blocks, next + extra, begins_here);
    if (extra != 0) {
        struct hmm_spot spot = hmm_blocks_spot(blocks, next);
        hmm_bit_set(&spot.group->starts, spot.at);
        put_free(blocks, spot, extra);
    }
    struct hmm_spot spot = hmm_blocks_spot(blocks, at);
    hmm_bit_set(&spot.group->live, spot.at);
    set_length(spot, n_granules);
    return hmm_blocks_address(blocks, at);
}

/* --- take ---------------------------------------------------------------------------------------
 */

/* The place of a free block of n granules or more: the first one of its own class, if that is long
 * enough; else the first of the next class, in which all are. HMM_NO_PLACE: none. */
static HMM_INLINE uint32_t find_free(const struct hmm_blocks *blocks, uint32_t want,
                                     uint32_t *class_idx)
{
    *class_idx = hmm_blocks_class(blocks->step_shift, want);
    uint32_t place = blocks->heads[*class_idx];
    if (place != HMM_NO_PLACE && hmm_blocks_word(blocks, place)[HMM_LENGTH] >= want)
        return place;
    *class_idx = class_above(blocks, *class_idx);
    return blocks->heads[*class_idx];
}

void *hmm_blocks_take(struct hmm_blocks *blocks, size_t n_granules)
{
    if (hmm_unlikely(n_granules - 1 >= blocks->usable_granules)) /* of 0: larger than any */
        return NULL;
    uint32_t class_idx, want = (uint32_t)n_granules;
    uint32_t place = find_free(blocks, want, &class_idx);
    if (place == HMM_NO_PLACE)
        return take_above(blocks, want);
    uint32_t at = place >> HMM_PLACE_SHIFT;
    struct hmm_spot spot = hmm_blocks_spot(blocks, at);
    uint32_t have = hmm_spot_length(spot);
    if (hmm_unlikely(place != place_of(at) || have < want ||
                     !hmm_bit(spot.group->starts & ~spot.group->live, spot.at) ||
                     !list_pop(blocks, class_idx))) {
        set_broken(blocks);
        return NULL;
    }
    hmm_bit_set(&spot.group->live, spot.at);
    struct hmm_spot next = hmm_blocks_spot(blocks, at + want);
    if (have == want) {
        hmm_bit_clear(&next.group->after_free, next.at);
    } else {
        hmm_bit_set(&next.group->starts, next.at);
        put_rest(blocks, next, have - want);
        set_length(spot, want);
    }
    return hmm_blocks_address(blocks, at);
}

/* --- give ---------------------------------------------------------------------------------------
 */

/* Coalesce the block [at, at + *n_granules) with the one behind it, if that is free: out of its
 * list, and the length of both in *n_granules. False: broken. */
static HMM_INLINE bool join_next(struct hmm_blocks *blocks, uint32_t at, uint32_t *n_granules)
{
    uint32_t next_at = at + *n_granules;
    struct hmm_spot next = hmm_blocks_spot(blocks, next_at);
    if (hmm_bit(next.group->live, next.at))
        return true;
    *n_granules += hmm_spot_length(next);
    hmm_bit_clear(&next.group->starts, next.at);
    return list_remove(blocks, next_at);
}

/* The block that begins there, of n granules and in no list, is free: coalesce it with its
 * neighbours, and put it away. False: broken. */
static HMM_INLINE bool give_row(struct hmm_blocks *blocks, struct hmm_spot spot,
                                uint32_t n_granules)
{
    uint32_t n = n_granules;
    if (hmm_unlikely(!join_next(blocks, spot.at, &n)))
        return set_broken(blocks);
    if (hmm_bit(spot.group->after_free, spot.at)) {
        uint32_t before = hmm_spot_free_before(spot);
        hmm_bit_clear(&spot.group->starts, spot.at);
        hmm_bit_clear(&spot.group->after_free, spot.at);
        if (hmm_unlikely(!list_remove(blocks, before)))
            return set_broken(blocks);
        n += spot.at - before;
        spot = hmm_blocks_spot(blocks, before);
    }
    if (spot.at + n == blocks->end)
        put_top(blocks, spot.at, n);
    else
        put_free(blocks, spot, n);
    return true;
}

static HMM_INLINE bool give(struct hmm_blocks *blocks, uint32_t at)
{
    struct hmm_spot spot = hmm_blocks_spot(blocks, at);
    hmm_bit_clear(&spot.group->live, spot.at);
    return give_row(blocks, spot, hmm_spot_length(spot));
}

void hmm_blocks_give(struct hmm_blocks *blocks, const void *address)
{
    uint32_t at;
    if (hmm_likely(hmm_blocks_find_live(blocks, address, &at)))
        give(blocks, at);
    else
        blocks->on_misuse(blocks, address);
}

/* --- resize -------------------------------------------------------------------------------------
 */

/* Cut a live block down to `want` granules; what is left is free. False: broken. */
static bool trim(struct hmm_blocks *blocks, uint32_t at, uint32_t n_granules, uint32_t want)
{
    struct hmm_spot rest = hmm_blocks_spot(blocks, at + want);
    hmm_bit_set(&rest.group->starts, rest.at);
    bool whole = give_row(blocks, rest, n_granules - want);
    set_length(hmm_blocks_spot(blocks, at), want);
    return whole;
}

/* Make a live block of n granules longer, by the free block behind it, by room above the break, or
 * both. */
static bool extend(struct hmm_blocks *blocks, uint32_t at, uint32_t n_granules, uint32_t want)
{
    uint32_t next = at + n_granules;
    uint32_t have = n_granules;
    if (!hmm_blocks_is_live(blocks, next))
        have += hmm_blocks_length(blocks, next);
    bool at_top = at + have == blocks->end;
    if (want > have && (!at_top || want > blocks->capacity_granules - at))
        return false;
    uint32_t both = n_granules;
    if (!join_next(blocks, at, &both))
        return set_broken(blocks);
    struct hmm_spot behind = hmm_blocks_spot(blocks, at + have);
    hmm_bit_clear(&behind.group->after_free, behind.at);
    if (want > have) {
        raise_break(blocks, at + want, false);
        have = want;
    }
    set_length(hmm_blocks_spot(blocks, at), have);
    return have == want || trim(blocks, at, have, want);
}

bool hmm_blocks_resize(struct hmm_blocks *blocks, uint32_t at, size_t n_granules)
{
    uint32_t have = hmm_blocks_length(blocks, at);
    if (n_granules > blocks->usable_granules)
        return false;
    uint32_t want = (uint32_t)n_granules;
    if (want == have)
        return true;
    return want < have ? trim(blocks, at, have, want) : extend(blocks, at, have, want);
}

void *hmm_blocks_take_aligned(struct hmm_blocks *blocks, size_t align_granules, size_t n_granules)
{
    size_t most = blocks->usable_granules;
    if (align_granules > most || n_granules - 1 >= most || n_granules + align_granules - 1 > most)
        return NULL;
    char *block = hmm_blocks_take(blocks, n_granules + align_granules - 1);
    if (block == NULL)
        return NULL;
    uint32_t at = (uint32_t)((size_t)(block - (char *)blocks->heads) >> HMM_GRANULE_SHIFT);
    uint32_t length = hmm_blocks_length(blocks, at);
    size_t first = ((uintptr_t)blocks->heads >> HMM_GRANULE_SHIFT) + at;
    uint32_t ahead = (uint32_t)(hmm_round_up(first, align_granules) - first);
    if (ahead != 0) { /* cut in two live blocks; its front is given back */
        struct hmm_spot spot = hmm_blocks_spot(blocks, at + ahead);
        hmm_bit_set(&spot.group->starts, spot.at);
        hmm_bit_set(&spot.group->live, spot.at);
        set_length(spot, length - ahead);
        set_length(hmm_blocks_spot(blocks, at), ahead);
        if (!give(blocks, at))
            return NULL;
    }
    at += ahead;
    length -= ahead;
    if (length != n_granules && !trim(blocks, at, length, (uint32_t)n_granules))
        return NULL;
    return hmm_blocks_address(blocks, at);
}

/* --- the whole ----------------------------------------------------------------------------------
 */

/* Classes in a doubling: few for a small heap, whose lists would take too much of it. */
static uint32_t step_shift_for(size_t n_granules)
{
    return n_granules < HMM_BLOCKS_FEW_GRANULES ? HMM_BLOCKS_FEW_STEPS_SHIFT
                                                : HMM_BLOCKS_STEPS_SHIFT;
}

/* Of the granules, and of the break above the last. */
static size_t group_count(size_t n_granules)
{
    return (n_granules >> HMM_GROUP_SHIFT) + 1;
}

static size_t class_count(size_t n_granules)
{
    return (size_t)hmm_blocks_class(step_shift_for(n_granules), (uint32_t)n_granules) + 1;
}

/* Of the heap and its groups, before the heads. */
static size_t record_bytes(size_t n_granules)
{
    size_t bytes = sizeof(struct hmm_blocks) + group_count(n_granules) * sizeof(struct hmm_group);
    return hmm_round_up(bytes, HMM_GRANULE_BYTES);
}

/* Granules of the heads, the one above the last included. */
static size_t first_granule(size_t n_granules)
{
    size_t bytes = (class_count(n_granules) + 1) * sizeof(uint32_t);
    return hmm_round_up(bytes, HMM_GRANULE_BYTES) >> HMM_GRANULE_SHIFT;
}

/* The most granules for which there is room beside their records. */
static size_t granules_in(size_t bytes)
{
    size_t most = hmm_min(bytes >> HMM_GRANULE_SHIFT, HMM_BLOCKS_MAX_GRANULES);
    size_t least = 0;
    while (least < most) {
        size_t n = least + (most - least + 1) / 2;
        if (record_bytes(n) + (n << HMM_GRANULE_SHIFT) <= bytes)
            least = n;
        else
            most = n - 1;
    }
    return least;
}

size_t hmm_blocks_min_bytes(void)
{
    size_t n_granules = 1;
    while (first_granule(n_granules) >= n_granules)
        n_granules++;
    return record_bytes(n_granules) + (n_granules << HMM_GRANULE_SHIFT);
}

bool hmm_blocks_init(struct hmm_blocks *blocks, size_t bytes, size_t extra_bytes, bool is_zero)
{
    size_t n_granules = granules_in(bytes);
    size_t first = first_granule(n_granules);
    if (first >= n_granules)
        return false;
    *blocks = (struct hmm_blocks){
        .heads = (uint32_t *)(void *)((char *)blocks + record_bytes(n_granules)),
        .first = (uint32_t)first,
        .step_shift = step_shift_for(n_granules),
        .capacity_granules = (uint32_t)n_granules,
        .n_classes = (uint32_t)class_count(n_granules),
        .extra_granules = (uint32_t)hmm_min(extra_bytes >> HMM_GRANULE_SHIFT, n_granules),
        .clean_end = is_zero ? (uint32_t)group_count(n_granules) : 0,
    };
    hmm_blocks_reset(blocks);
    return true;
}

void hmm_blocks_reset(struct hmm_blocks *blocks)
{
    size_t n_groups = group_count(hmm_max(blocks->peak_end, blocks->first));
    memset(blocks->groups, 0, n_groups * sizeof(struct hmm_group));
    memset(blocks->class_words, 0, sizeof blocks->class_words);
    memset(blocks->heads, 0, (blocks->n_classes + 1) * sizeof(uint32_t));
    hmm_bit_set(hmm_blocks_class_word(blocks, blocks->n_classes), blocks->n_classes);
    if (blocks->clean_end < n_groups)
        blocks->clean_end = (uint32_t)n_groups;
    blocks->peak_end = blocks->first;
    blocks->usable_granules = blocks->capacity_granules - blocks->first;
    set_end(blocks, blocks->first);
}
