/* blocks_list.h - the lists of free blocks of a heap of blocks.
 *
 * Each is a ring, with the head of its class in it: so there is no first or last block to be told
 * from others. A block goes before the first one if it lies below that, else after the last one,
 * and the first one is taken: low blocks are used before high ones, which have time to coalesce
 * (decision 015).
 *
 * Layer   blocks, above blocks.h. Used by blocks_parts.h and blocks_search.c.
 * State   words in free blocks, which callers may have overwritten, and in the heads.
 */
#ifndef HMM_BLOCKS_BLOCKS_LIST_H
#define HMM_BLOCKS_BLOCKS_LIST_H

#include "blocks/blocks.h"

/* The words at a place. It is kept in its register: gcc would form further addresses anew, and
 * extend what is read to a whole word more than once. */
static HMM_ALWAYS_INLINE size_t hmm_list_get(const struct hmm_blocks *blocks, size_t *place,
                                             int which)
{
    size_t value = hmm_blocks_word(blocks, *place)[which];
    HMM_KEEP(value);
    HMM_KEEP(*place);
    return value;
}

static HMM_ALWAYS_INLINE void hmm_list_set(struct hmm_blocks *blocks, size_t *place, int which,
                                           size_t value)
{
    hmm_blocks_word(blocks, *place)[which] = (uint32_t)value;
    HMM_KEEP(*place);
}

/* A free block into the list of its class. */
static HMM_INLINE void hmm_list_insert(struct hmm_blocks *blocks, size_t at, size_t n_granules)
{
    size_t head = hmm_blocks_head(hmm_blocks_class(n_granules));
    HMM_KEEP(head);
    size_t place = hmm_blocks_place(at);
    size_t first = hmm_list_get(blocks, &head, HMM_NEXT);
    hmm_list_set(blocks, &place, HMM_LENGTH, n_granules);
    if (place < first) {
        hmm_list_set(blocks, &place, HMM_NEXT, first);
        hmm_list_set(blocks, &place, HMM_BEFORE, head);
        hmm_list_set(blocks, &head, HMM_NEXT, place);
        hmm_list_set(blocks, &first, HMM_BEFORE, place);
    } else {
        size_t last = hmm_list_get(blocks, &head, HMM_BEFORE);
        hmm_list_set(blocks, &place, HMM_NEXT, head);
        hmm_list_set(blocks, &place, HMM_BEFORE, last);
        hmm_list_set(blocks, &last, HMM_NEXT, place);
        hmm_list_set(blocks, &head, HMM_BEFORE, place);
        if (last == head)
            hmm_blocks_class_set(blocks, hmm_blocks_class_of(head));
    }
}

/* Does a link lie at this place, in a free block or a head, that leads to `place`? */
static HMM_ALWAYS_INLINE bool hmm_list_leads(const struct hmm_blocks *blocks, size_t *from,
                                             int link, size_t place)
{
    bool leads =
        *from < blocks->recorded_places && hmm_blocks_word(blocks, *from)[link] == (uint32_t)place;
    HMM_KEEP(*from);
    return hmm_likely(leads);
}

/* Take the first block of a list, at `place`, out of it. False: links in free memory were
 * overwritten; nothing is done. */
static HMM_INLINE bool hmm_list_pop(struct hmm_blocks *blocks, size_t head, size_t place)
{
    size_t next = hmm_list_get(blocks, &place, HMM_NEXT);
    if (!hmm_list_leads(blocks, &next, HMM_BEFORE, place))
        return false;
    hmm_list_set(blocks, &next, HMM_BEFORE, head);
    hmm_list_set(blocks, &head, HMM_NEXT, next);
    if (next == head)
        hmm_blocks_class_clear(blocks, hmm_blocks_class_of(head));
    return true;
}

/* The same for any free block. */
static HMM_INLINE bool hmm_list_remove(struct hmm_blocks *blocks, size_t at)
{
    size_t place = hmm_blocks_place(at);
    size_t next = hmm_list_get(blocks, &place, HMM_NEXT);
    size_t before = hmm_list_get(blocks, &place, HMM_BEFORE);
    if (!hmm_list_leads(blocks, &before, HMM_NEXT, place) ||
        !hmm_list_leads(blocks, &next, HMM_BEFORE, place))
        return false;
    hmm_list_set(blocks, &before, HMM_NEXT, next);
    hmm_list_set(blocks, &next, HMM_BEFORE, before);
    if (next == before && before < blocks->heads_end)
        hmm_blocks_class_clear(blocks, hmm_blocks_class_of(before));
    return true;
}

/* The first class above `class_idx` with a free block, or the one above the last, which is marked
 * so that this ends. */
static HMM_INLINE size_t hmm_list_above(const struct hmm_blocks *blocks, size_t class_idx)
{
    class_idx++;
    size_t idx = class_idx >> HMM_GROUP_SHIFT;
    hmm_bits bits = blocks->class_words[idx] >> (class_idx & (HMM_GROUP_GRANULES - 1));
    if (bits != 0)
        return class_idx + hmm_bits_lowest(bits);
    do
        bits = blocks->class_words[++idx];
    while (bits == 0);
    return (idx << HMM_GROUP_SHIFT) + hmm_bits_lowest(bits);
}

#endif
