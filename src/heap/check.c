/* check.c - hmm_heap_check: every invariant of docs/invariants.md, over the whole heap.
 *
 * Layer   heap, highest. The main oracle of the tests; the heap must be quiet.
 */
#include "heap/check.h"

#include "arenas/gate.h"
#include "heap/live.h"
#include "memory/move.h"
#include "memory/pages.h"
#include "memory/states.h"

static bool is_max_of_children(const struct hmm_runtree *tree, unsigned level, uint32_t node)
{
    uint32_t max = 0;
    uint32_t child = node << HMM_TREE_ARITY_SHIFT;
    for (uint32_t i = 0; i < 1 << HMM_TREE_ARITY_SHIFT; i++)
        max = (uint32_t)hmm_max(*hmm_runtree_node(tree, level - 1, child + i), max);
    return *hmm_runtree_node(tree, level, node) == max;
}

/* Of the nodes above the units of pieces. */
static const char *check_tree(const struct hmm_pages *pages)
{
    const struct hmm_runtree *tree = &pages->tree;
    for (const struct hmm_piece *p = pages->lowest; p != NULL; p = p->next)
        for (unsigned l = 1; l <= tree->top_level; l++) {
            uint32_t last = (p->behind - 1) >> (HMM_TREE_ARITY_SHIFT * l);
            for (uint32_t n = p->first >> (HMM_TREE_ARITY_SHIFT * l); n <= last; n++)
                if (!is_max_of_children(tree, l, n))
                    return "I3: a node of the first-fit tree is not the maximum of its children";
        }
    return NULL;
}

static const char *check_free_run(const struct hmm_pages *pages, uint32_t unit, uint32_t n_units)
{
    const struct hmm_pagemap *map = pages->map;
    if (unit + n_units > pages->n_units)
        return "I5: a free run passes the break";
    if (hmm_unit(map, unit + n_units - 1)->tail_units != n_units)
        return "I5: a free run's lengths at its two ends differ";
    if (unit + n_units < pages->n_units && hmm_runtree_at(&pages->tree, unit + n_units) != 0)
        return "I4: two adjacent free runs";
    for (uint32_t i = 0; i < n_units; i++) {
        if (hmm_pagemap_entry(pages->map, unit + i) != HMM_KIND_NONE)
            return "I1: a free unit has an entry in the page map";
        if (i > 0 && hmm_runtree_at(&pages->tree, unit + i) != 0)
            return "I4: a free run begins inside a free run";
        if (i < n_units - 1 && hmm_unit(map, unit + i)->tail_units != 0)
            return "I4: a free run ends inside a free run";
    }
    return NULL;
}

/* Runs from `unit`, in a piece or at its beginning, to the end of a piece: where that is in *unit,
 * how many are free is added to *free_units. */
static const char *check_runs(const struct hmm_pages *pages, uint32_t *unit, uint32_t *free_units)
{
    uint32_t n_free = hmm_runtree_at(&pages->tree, *unit);
    uint32_t n_used = hmm_unit(pages->map, *unit)->n_units;
    if (n_free != 0 && n_used != 0)
        return "I5: a unit begins a free and a used run";
    if (n_free == 0 && n_used == 0)
        return "I5: a unit of a piece is in no run";
    *free_units += n_free;
    *unit += n_free + n_used;
    if (*unit > pages->n_units)
        return "I5: a used run passes the break";
    return n_free != 0 ? check_free_run(pages, *unit - n_free, n_free) : NULL;
}

/* Pieces are in order, and one does not begin inside another; runs fill them. */
static const char *check_pieces(const struct hmm_pages *pages, uint32_t *free_units,
                                uint32_t *foreign_units)
{
    uint32_t unit = 0;
    const struct hmm_piece *below = NULL;
    for (const struct hmm_piece *p = pages->lowest; p != NULL; below = p, p = p->next) {
        uint32_t end = below != NULL ? below->behind : 0;
        if (p->prev != below || p->first < end || p->behind <= p->first)
            return "I5: pieces of the heap are not in order";
        *foreign_units += p->first - end;
        unit = (uint32_t)hmm_max(unit, p->first); /* a run may go on from the piece below */
        while (unit < p->behind) {
            const char *wrong = check_runs(pages, &unit, free_units);
            if (wrong != NULL)
                return wrong;
        }
        if (unit > p->behind && (p->next == NULL || p->next->first != p->behind))
            return "I5: a run passes the end of its piece";
    }
    uint32_t end = below != NULL ? below->behind : 0;
    return pages->highest == below && end == pages->n_units
               ? NULL
               : "I5: the highest piece does not end at the break";
}

/* Those that begin in a piece. */
static const char *check_run_counts(const struct hmm_pages *pages)
{
    uint32_t n_free = 0;
    uint32_t n_used = 0;
    for (const struct hmm_piece *p = pages->lowest; p != NULL; p = p->next)
        for (uint32_t unit = p->first; unit < p->behind; unit++) {
            n_free += hmm_runtree_at(&pages->tree, unit) != 0;
            n_used += hmm_unit(pages->map, unit)->n_units != 0;
        }
    return n_free == pages->n_free_runs && n_used == pages->n_used_runs
               ? NULL
               : "I12: the number of free or of used runs is wrong";
}

/* Is it dirty, and where a purge looks? */
static bool is_found_dirty(const struct hmm_pages *pages, uint32_t unit)
{
    uint32_t chunk = unit / HMM_CHUNK_UNITS;
    return hmm_pages_is_dirty(pages, unit) && unit < pages->dirty_end &&
           (*hmm_chunk_dirty_word(pages->map, chunk / 64) >> (chunk % 64) & 1) != 0;
}

static const char *check_pages(const struct hmm_pages *pages)
{
    uint32_t free_units = 0;
    uint32_t dirty_units = 0;
    uint32_t foreign_units = 0;
    uint32_t n_borders = 0;
    const char *wrong = check_pieces(pages, &free_units, &foreign_units);
    if (wrong != NULL)
        return wrong;
    for (const struct hmm_piece *p = pages->lowest; p != NULL; p = p->next) {
        for (uint32_t unit = p->first; unit < p->behind; unit++) {
            dirty_units += is_found_dirty(pages, unit);
            n_borders += hmm_pages_is_border(pages, unit); /* used ones are not dirty */
        }
    }
    if (n_borders != pages->n_borders)
        return "I13: the count of borders between mappings is wrong";
    if (free_units != pages->free_units || dirty_units != pages->dirty_units ||
        foreign_units != pages->foreign_units)
        return "I5: the counts of free, dirty or foreign units are wrong";
    uintptr_t end = (uintptr_t)hmm_pagemap_address(pages->map, pages->n_units);
    return end == pages->brk->top ? NULL : "I5: the runs do not add up to the break";
}

static bool on_purged_page(const struct hmm_slab *slab, uint32_t slot)
{
    size_t page_bytes = hmm_port_page_bytes();
    size_t first = (size_t)slot * slab->slot_bytes;
    for (size_t page = first / page_bytes; page <= (first + slab->slot_bytes - 1) / page_bytes;
         page++)
        if (slab->purged_pages >> page & 1)
            return true;
    return false;
}

static const char *check_slab(const struct hmm_heap *heap, struct hmm_slab *slab,
                              struct hmm_arena *arena, unsigned place)
{
    uint32_t n_free = 0;
    const _Atomic(uint64_t) *remote = hmm_slab_remote_words(slab);
    if (slab->place != place)
        return "I8: a slab is linked in another list than its place says";
    if (atomic_load_explicit(&slab->arena, memory_order_relaxed) != arena)
        return "I8: a slab in an arena's bin has another owner";
    uint32_t entry = hmm_pagemap_entry(&heap->map, slab->unit);
    if (entry != (arena->tag | slab->class_idx))
        return "I1: a slab's entry in the page map is another's";
    for (uint32_t i = 0; i < slab->n_slots; i++) {
        bool local = slab->words[i / 64] >> (i % 64) & 1;
        bool away = atomic_load_explicit(&remote[i / 64], memory_order_relaxed) >> (i % 64) & 1;
        bool live = hmm_pagemap_is_live(&heap->map, slab->class_idx,
                                        slab->start + (size_t)i * slab->slot_bytes);
        if (local + away + live > 1)
            return "I7: a slot is in two of: live, free here, freed by another";
        if (local && i / 64 < slab->hint_word)
            return "I6: a free slot lies below the hint";
        if (!local && slab->purged_pages != 0 && on_purged_page(slab, i))
            return "I11: a slot in use lies on a page that was given back";
        n_free += local;
    }
    return n_free == slab->n_free ? NULL : "I6: a slab's count of free slots is wrong";
}

static bool is_live(const struct hmm_heap *heap, const void *block)
{
    uint32_t entry = hmm_pagemap_entry(&heap->map, hmm_pagemap_unit(&heap->map, block));
    return hmm_pagemap_is_live(&heap->map, hmm_entry_class(entry), block);
}

/* Of an arena that a fork has left, live entries are none. */
static bool is_entry(const struct hmm_heap *heap, const struct hmm_arena *arena, const void *block)
{
    return !hmm_arena_is_left(&heap->arenas, arena) || !is_live(heap, block);
}

static const char *check_rounds(const struct hmm_heap *heap, const struct hmm_arena *arena,
                                const struct hmm_magazine *mag, const struct hmm_rounds *rounds,
                                unsigned n)
{
    if (rounds->slots[0] != hmm_magazine_bottom(&mag->states))
        return "I9: a magazine's bottom is not the bottom";
    for (unsigned i = 1; i <= n; i++) {
        const void *block = hmm_mark_block(rounds->slots[i]);
        const struct hmm_slab *slab = hmm_slab_at(&heap->map, block);
        uint32_t slot = hmm_slab_slot(slab, block);
        if (slab->class_idx != mag->class_idx)
            return "I9: a magazine holds another class's block";
        if (slab->start + (size_t)slot * slab->slot_bytes != block)
            return "I9: a magazine holds what is not a block";
        if (slab->words[slot / 64] >> (slot % 64) & 1 ||
            (is_entry(heap, arena, block) && is_live(heap, block)))
            return "I7: a block in a magazine is live, or free in its slab";
    }
    return NULL;
}

static const char *check_magazine(const struct hmm_heap *heap, const struct hmm_arena *arena,
                                  const struct hmm_magazine *mag)
{
    uint32_t n_full = 0;
    const char *wrong = check_rounds(heap, arena, mag, mag->loaded, hmm_magazine_objs(mag));
    for (const struct hmm_rounds *r = mag->depot.newest; r != NULL && wrong == NULL; r = r->older) {
        n_full++;
        if (r->older == NULL ? r != mag->depot.oldest : r->older->newer != r)
            return "I9: a depot's list is broken";
        wrong = check_rounds(heap, arena, mag, r, mag->max_objs);
    }
    if (wrong == NULL && (n_full != mag->depot.n_full || n_full > mag->depot.limit))
        wrong = "I9: a depot's count is wrong";
    return wrong;
}

static const char *check_bin(const struct hmm_heap *heap, const struct hmm_bin *bin,
                             struct hmm_arena *arena)
{
    struct hmm_slab *lists[HMM_SLAB_EMPTY + 1] = {bin->bucket[0], bin->bucket[1], bin->bucket[2],
                                                  bin->bucket[3], bin->full,      bin->current,
                                                  bin->empty};
    uint32_t n_slabs = 0;
    for (unsigned place = 0; place <= HMM_SLAB_EMPTY; place++) {
        const struct hmm_slab *prev = NULL;
        for (struct hmm_slab *slab = lists[place]; slab != NULL; slab = slab->next) {
            if (slab->prev != prev)
                return "I8: a list of slabs is broken";
            const char *wrong = check_slab(heap, slab, arena, place);
            if (wrong != NULL)
                return wrong;
            prev = slab;
            n_slabs++;
        }
    }
    if (bin->empty != NULL && bin->empty->next != NULL)
        return "I8: a bin keeps two empty slabs";
    return n_slabs == bin->n_slabs ? NULL : "I8: a bin's count of slabs is wrong";
}

/* The first slab from *unit on, there. False: none. */
static bool next_slab(const struct hmm_pages *pages, uint32_t *unit)
{
    for (const struct hmm_piece *p = hmm_pages_piece(pages, *unit); p != NULL; p = p->next)
        for (*unit = (uint32_t)hmm_max(*unit, p->first); *unit < p->behind; (*unit)++)
            if (hmm_unit(pages->map, *unit)->n_units != 0 &&
                hmm_entry_is_slab(hmm_pagemap_entry(pages->map, *unit)))
                return true;
    return false;
}

/* Slots in the arena's magazines and its buffer. */
static size_t count_entries(const struct hmm_heap *heap, const struct hmm_arena *arena)
{
    size_t n = 0;
    for (uint32_t i = 0; i < arena->remote.n_blocks; i++)
        n += is_entry(heap, arena, arena->remote.blocks[i]);
    for (unsigned c = 1; c < HMM_CLASSES; c++) {
        const struct hmm_magazine *mag = arena->magazines[c];
        if (mag == NULL)
            continue;
        n += (size_t)mag->depot.n_full * mag->max_objs;
        for (const hmm_mark *slot = &mag->loaded->slots[1]; slot <= mag->top; slot++)
            n += is_entry(heap, arena, hmm_mark_block(*slot));
    }
    return n;
}

/* What its magazines may hold more than at first. */
static size_t count_longer(const struct hmm_arena *arena)
{
    size_t bytes = 0;
    for (unsigned c = 1; !arena->shared && c < HMM_CLASSES; c++)
        if (arena->magazines[c] != NULL)
            bytes += (size_t)(arena->magazines[c]->max_objs - hmm_sizeclasses[c].magazine_objs) *
                     hmm_sizeclasses[c].slot_bytes;
    return bytes;
}

/* Slots that are nowhere are in some remote buffer, not yet returned: the sum must agree. */
static const char *check_totals(const struct hmm_heap *heap)
{
    size_t n_nowhere = 0;
    size_t n_underway = 0;
    uint32_t told_units = 0;
    uint32_t told_spare = 0;
    size_t away_bytes = 0;
    for (const struct hmm_arena *a = hmm_arenas_all(&heap->arenas); a != NULL; a = a->next) {
        n_underway += count_entries(heap, a);
        told_units += a->sweep.told_units;
        told_spare += a->sweep.told_spare;
        if (count_longer(a) != a->longer_bytes)
            return "I9: what longer magazines may hold is not the sum";
    }
    if (told_units != atomic_load_explicit(&heap->pages.unused_units, memory_order_relaxed) ||
        told_spare != atomic_load_explicit(&heap->pages.slots_units, memory_order_relaxed))
        return "I12: what arenas have told of their free slots is not the sum";
    for (uint32_t unit = 0; next_slab(&heap->pages, &unit); unit++) {
        struct hmm_slab *slab = hmm_slab_at(&heap->map, hmm_pagemap_address(&heap->map, unit));
        const _Atomic(uint64_t) *remote = hmm_slab_remote_words(slab);
        for (uint32_t i = 0; i < slab->n_slots; i++) {
            uint64_t away = atomic_load_explicit(&remote[i / 64], memory_order_relaxed);
            uint64_t bits = slab->words[i / 64] | away;
            away_bytes += (away >> (i % 64) & 1) != 0 ? slab->slot_bytes : 0;
            const char *block = slab->start + (size_t)i * slab->slot_bytes;
            n_nowhere +=
                !(bits >> (i % 64) & 1) && !hmm_pagemap_is_live(&heap->map, slab->class_idx, block);
        }
    }
    if (away_bytes != atomic_load_explicit(&heap->pages.away_bytes, memory_order_relaxed))
        return "I12: what others have freed, and nobody collected, is not the sum";
    return n_nowhere == n_underway ? NULL : "I7: slots are lost, or counted twice";
}

/* State bytes of slabs count among those that may take memory. */
static bool are_touched(const struct hmm_pages *pages, const struct hmm_slab *slab)
{
    unsigned kind = hmm_state_kind(slab->class_idx);
    uint32_t n_units = hmm_pages_run_units(pages, slab->unit);
    for (uint32_t unit = slab->unit; unit < slab->unit + n_units; unit++)
        if ((hmm_states_of(pages, unit / HMM_WORD_UNITS)->touched &
             hmm_states_bits(kind, unit, 1)) == 0)
            return false;
    return true;
}

/* An arena's bytes in slabs, of those free in local words, and of these given back. */
static const char *check_bytes(const struct hmm_heap *heap, const struct hmm_arena *arena)
{
    size_t slab_bytes = 0;
    size_t free_bytes = 0;
    size_t purged_bytes = 0;
    for (uint32_t unit = 0; next_slab(&heap->pages, &unit); unit++) {
        struct hmm_slab *slab = hmm_slab_at(&heap->map, hmm_pagemap_address(&heap->map, unit));
        if (atomic_load_explicit(&slab->arena, memory_order_relaxed) != arena)
            continue;
        if (!are_touched(&heap->pages, slab))
            return "I14: a slab's state bytes are not known to take memory";
        slab_bytes += (size_t)slab->n_slots * slab->slot_bytes;
        free_bytes += (size_t)slab->n_free * slab->slot_bytes;
        purged_bytes += hmm_slab_purged_bytes(slab);
    }
    return slab_bytes == arena->slab_bytes && free_bytes == arena->free_bytes &&
                   purged_bytes == arena->sweep.purged_bytes
               ? NULL
               : "I12: an arena's count of bytes in its slabs is wrong";
}

/* Is the used run a large block? In a fork's child it may be another thread's, which was about to
 * become one, or to be given back. */
static bool is_large(const struct hmm_heap *heap, uint32_t unit)
{
    uint32_t entry = hmm_pagemap_entry(&heap->map, unit);
    if (entry != HMM_KIND_LARGE_CACHED)
        return !hmm_entry_is_slab(entry);
    for (const struct hmm_arena *a = hmm_arenas_all(&heap->arenas); a != NULL; a = a->next)
        for (unsigned i = 0; i < HMM_LARGE_CACHED_RUNS; i++)
            if (a->cached[i].record != NULL && a->cached[i].unit == unit)
                return false;
    return true;
}

/* What callers hold, by looking at each block, is what hmm_live_count tells. */
static const char *check_live(struct hmm_heap *heap)
{
    struct hmm_live seen = {0};
    for (uint32_t unit = 0; next_slab(&heap->pages, &unit); unit++) {
        struct hmm_slab *slab = hmm_slab_at(&heap->map, hmm_pagemap_address(&heap->map, unit));
        for (uint32_t i = 0; i < slab->n_slots; i++)
            if (is_live(heap, slab->start + (size_t)i * slab->slot_bytes)) {
                seen.n_blocks++;
                seen.n_bytes += slab->slot_bytes;
            }
    }
    for (const struct hmm_piece *p = heap->pages.lowest; p != NULL; p = p->next)
        for (uint32_t unit = p->first; unit < p->behind; unit++) {
            uint32_t n_units = hmm_unit(&heap->map, unit)->n_units;
            if (n_units != 0 && is_large(heap, unit)) {
                seen.n_blocks++;
                seen.n_bytes += (size_t)n_units << HMM_UNIT_SHIFT;
            }
        }
    struct hmm_live told = hmm_live_count(heap, true);
    return told.n_blocks == seen.n_blocks && told.n_bytes == seen.n_bytes
               ? NULL
               : "I12: what callers hold is not what the counts tell";
}

const char *hmm_heap_check(struct hmm_heap *heap)
{
    const char *wrong = check_tree(&heap->pages);
    if (wrong == NULL)
        wrong = check_pages(&heap->pages);
    if (wrong == NULL)
        wrong = check_run_counts(&heap->pages);
    for (struct hmm_arena *a = hmm_arenas_all(&heap->arenas); a != NULL && wrong == NULL;
         a = a->next) {
        for (unsigned c = 1; c < HMM_CLASSES && wrong == NULL; c++) {
            if (a->magazines[c] == NULL)
                continue;
            wrong = check_magazine(heap, a, a->magazines[c]);
            if (wrong == NULL)
                wrong = check_bin(heap, &a->magazines[c]->bin, a);
        }
        if (wrong == NULL)
            wrong = check_bytes(heap, a);
    }
    if (wrong == NULL)
        wrong = check_totals(heap);
    return wrong != NULL ? wrong : check_live(heap);
}
