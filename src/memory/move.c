/* move.c - move memory without copying it.
 *
 * A large block that grows must move if the memory after it is used. If its new place has no memory
 * yet, the kernel can remap the old place's pages there: that costs a fiftieth of new pages and a
 * copy, and the two places are never resident at once. If the new place has memory, a copy is
 * better: the resident pages would be lost, and be needed again soon. In the same way, pages of
 * free memory that is about to be given back become those of a new block (decay.c). Decision 013.
 *
 * The price: the moved range is a mapping of its own from then on. Its borders remain when the
 * block is gone, and a process may have 65,530 mappings. So the borders are recorded as bits of
 * units, and their number is limited.
 *
 * Layer   memory, above pages; its state, its lock.
 * State   bits `border`: a mapping may end where this unit begins.
 */
#include "memory/move.h"

#include "base/check.h"
#include <string.h>

/* Count the borders in [from, behind), or clear them. locks: held pages */
static uint32_t count_borders(const struct hmm_pages *pages, uint32_t from, uint32_t behind,
                              bool clear)
{
    uint32_t n = 0;
    for (uint32_t word = from / 64; from < behind && word <= (behind - 1) / 64; word++) {
        uint64_t *border = &hmm_unit_bits(pages->map, word)->border;
        uint64_t mask = hmm_pages_bits_mask(word, from, behind);
        n += (uint32_t)__builtin_popcountll(*border & mask);
        if (clear)
            *border &= ~mask;
    }
    return n;
}

bool hmm_move_is_one_mapping(const struct hmm_pages *pages, uint32_t from, uint32_t behind)
{
    HMM_ASSERT(hmm_lock_held(&pages->lock));
    HMM_ASSERT(from < behind);
    return pages->n_borders == 0 || count_borders(pages, from + 1, behind, false) == 0;
}

void hmm_move_forget(struct hmm_pages *pages, uint32_t n_units)
{
    HMM_ASSERT(hmm_lock_held(&pages->lock));
    pages->n_borders -= count_borders(pages, n_units, pages->n_units, true);
}

/* Units from `from` on move to `to`, a place in the heap: the borders that this makes.
 * locks: held pages */
static void note_borders(struct hmm_pages *pages, uint32_t from, uint32_t to, uint32_t n_units)
{
    pages->n_borders -= count_borders(pages, to + 1, to + n_units, true);
    hmm_pages_add_border(pages, to);
    for (uint32_t i = 1; i < n_units; i++)
        if (hmm_pages_is_border(pages, from + i))
            hmm_pages_add_border(pages, to + i);
    if (to + n_units < pages->n_units)
        hmm_pages_add_border(pages, to + n_units);
}

/* Not outside the heap, nor in a gap of it, where a mapping may lie. locks: held pages */
static bool is_ours(const struct hmm_pages *pages, size_t unit)
{
    const struct hmm_piece *piece =
        unit < pages->n_units ? hmm_pages_piece(pages, (uint32_t)unit) : NULL;
    return piece != NULL && piece->first <= unit;
}

/* May units from `from` on move to `to`? Then it is noted. Returns the number of mappings that it
 * consists of, at most; 0: it may not. */
static uint32_t begin(struct hmm_pages *pages, uint32_t from, uint32_t n_units, const void *to)
{
    size_t to_unit = hmm_pagemap_unit(pages->map, to);
    hmm_lock_take(&pages->lock);
    uint32_t n_parts = 1 + count_borders(pages, from + 1, from + n_units, false);
    if (n_units / n_parts < pages->move_units ||
        pages->n_borders + n_parts + 1 > HMM_MOVE_MAX_BORDERS)
        n_parts = 0;
    else if (is_ours(pages, to_unit))
        note_borders(pages, from, (uint32_t)to_unit, n_units);
    hmm_lock_give(&pages->lock);
    return n_parts;
}

void hmm_move_memory(char *from, char *to, size_t bytes)
{
    if (hmm_port_move(from, to, bytes))
        return;
    size_t half_bytes = hmm_round_up(bytes / 2, (size_t)1 << HMM_MAX_OS_PAGE_SHIFT);
    if (bytes >= HMM_MOVE_PART_BYTES) {
        hmm_move_memory(from, to, half_bytes);
        hmm_move_memory(from + half_bytes, to + half_bytes, bytes - half_bytes);
    } else {
        memcpy(to, from, bytes);
        if (!hmm_port_purge(from, bytes)) /* locked in memory: it is to read as zero all the same */
            memset(from, 0, bytes);
    }
}

/* Units from `from` on up to a border, at most `n_units`. */
static uint32_t part_units(struct hmm_pages *pages, uint32_t from, uint32_t n_units)
{
    uint32_t n = 1;
    hmm_lock_take(&pages->lock);
    while (n < n_units && !hmm_pages_is_border(pages, from + n))
        n++;
    hmm_lock_give(&pages->lock);
    return n;
}

/* Several mappings one after the other, so that no other borders come about than begin has noted.
 */
static void move_parts(struct hmm_pages *pages, uint32_t from, uint32_t n_units, char *to)
{
    while (n_units != 0) {
        uint32_t n = part_units(pages, from, n_units);
        size_t bytes = (size_t)n << HMM_UNIT_SHIFT;
        hmm_move_memory(hmm_pagemap_address(pages->map, from), to, bytes);
        from += n;
        n_units -= n;
        to += bytes;
    }
}

bool hmm_move_units(struct hmm_pages *pages, uint32_t from, uint32_t n_units, void *to)
{
    char *start = hmm_pagemap_address(pages->map, from);
    size_t bytes = (size_t)n_units << HMM_UNIT_SHIFT;
    uint32_t n_parts = begin(pages, from, n_units, to);
    if (n_parts > 1)
        move_parts(pages, from, n_units, to);
    if (n_parts != 1)
        return n_parts != 0;
    bool moved = hmm_port_move(start, to, bytes);
    hmm_lock_take(&pages->lock);
    pages->n_move_fails = moved ? 0 : pages->n_move_fails + 1;
    if (pages->n_move_fails >= HMM_MOVE_FAILS) /* this system doesn't: don't ask again */
        pages->move_units = UINT32_MAX;
    hmm_lock_give(&pages->lock);
    return moved;
}
