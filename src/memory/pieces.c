/* pieces.c - which units are ours: pieces of memory from the system.
 *
 * Nearly always there is one. A program that moves the break itself, or something in the break's
 * way, makes one more, above: what lies between is described as nothing by the page map, and by no
 * record is it touched.
 *
 *   break at units 0..2559 (40 MiB), then somebody's mapping; 1 MiB more came at + 64 MiB:
 *   pieces [0, 2560) [4096, 4160), n_units 4160, foreign_units 1536
 *
 * Layer   memory, above units.
 */
#include "memory/pieces.h"

#include "base/check.h"

uint32_t hmm_pages_next_piece(struct hmm_pages *pages, uint32_t *from)
{
    hmm_lock_take(&pages->lock);
    const struct hmm_piece *piece = hmm_pages_piece(pages, *from);
    uint32_t behind = piece != NULL ? piece->behind : 0;
    if (piece != NULL && piece->first > *from)
        *from = piece->first;
    hmm_lock_give(&pages->lock);
    return behind;
}

bool hmm_pages_have_spare_piece(struct hmm_pages *pages)
{
    HMM_ASSERT(hmm_lock_held(&pages->grow));
    if (pages->spare_piece == NULL)
        pages->spare_piece = hmm_meta_object(pages->meta, sizeof(struct hmm_piece));
    return pages->spare_piece != NULL;
}

/* A node for units [first, behind) above `below`, or lowest. locks: held pages */
static void insert_piece(struct hmm_pages *pages, struct hmm_piece *below, uint32_t first,
                         uint32_t behind)
{
    struct hmm_piece *piece = pages->spare_piece;
    struct hmm_piece *above = below != NULL ? below->next : pages->lowest;
    pages->spare_piece = piece->next;
    *piece = (struct hmm_piece){.first = first, .behind = behind, .next = above, .prev = below};
    *(below != NULL ? &below->next : &pages->lowest) = piece;
    *(above != NULL ? &above->prev : &pages->highest) = piece;
}

bool hmm_pages_add_piece(struct hmm_pages *pages, uint32_t first, uint32_t behind)
{
    HMM_ASSERT(hmm_lock_held(&pages->lock));
    HMM_ASSERT(first < behind);
    struct hmm_piece *below = pages->highest;
    while (below != NULL && below->first > first)
        below = below->prev;
    bool extends = below != NULL && below->behind == first;
    if (extends)
        below->behind = behind;
    else
        insert_piece(pages, below, first, behind);
    uint32_t end = pages->n_units;
    pages->n_units = (uint32_t)hmm_max(end, behind);
    pages->foreign_units += first >= end ? first - end : first - behind; /* or fewer */
    return extends;
}

void hmm_pages_cut(struct hmm_pages *pages, uint32_t unit)
{
    HMM_ASSERT(hmm_lock_held(&pages->lock));
    struct hmm_piece *piece = pages->highest;
    piece->behind = unit;
    pages->n_units = unit;
    if (piece->first != unit)
        return;
    struct hmm_piece *below = piece->prev;
    pages->n_units = below != NULL ? below->behind : 0;
    pages->foreign_units -= unit - pages->n_units;
    *(below != NULL ? &below->next : &pages->lowest) = NULL;
    pages->highest = below;
    piece->next = pages->spare_piece;
    pages->spare_piece = piece;
}

bool hmm_pages_may_take(const struct hmm_pages *pages, size_t bytes)
{
    if (pages->max_units == UINT32_MAX)
        return true;
    size_t heap_max = (size_t)pages->max_units << HMM_UNIT_SHIFT;
    /* two looks that a growth may come between: then too little, or none */
    uint32_t n_units = __atomic_load_n(&pages->n_units, __ATOMIC_RELAXED);
    uint32_t foreign_units = __atomic_load_n(&pages->foreign_units, __ATOMIC_RELAXED);
    size_t own_units = n_units > foreign_units ? n_units - foreign_units : 0;
    size_t taken = (own_units << HMM_UNIT_SHIFT) +
                   atomic_load_explicit(&pages->outside_bytes, memory_order_relaxed);
    return bytes <= heap_max && taken <= heap_max - bytes;
}

uint32_t hmm_pages_count_dirty(const struct hmm_pages *pages, uint32_t unit, uint32_t n_units)
{
    HMM_ASSERT(hmm_lock_held(&pages->lock));
    uint32_t n = 0;
    for (uint32_t word = unit / 64; word <= (unit + n_units - 1) / 64; word++) {
        uint64_t mask = hmm_pages_bits_mask(word, unit, unit + n_units);
        n += (uint32_t)__builtin_popcountll(hmm_unit_bits(pages->map, word)->dirty & mask);
    }
    return n;
}
