/* check.c - hmm_heap_check: every invariant of docs/invariants.md, over the whole heap.
 *
 * Layer   core, beside walk. The main oracle of the tests; the heap must be quiet.
 */
#include "core/move.h"
#include "core/walk.h"

static const char *check_tree(const struct hmm_pages *pages)
{
    const struct hmm_runtree *tree = &pages->tree;
    size_t nodes = pages->n_units;
    for (unsigned l = 0; l < tree->top_level; l++) {
        size_t parents = hmm_div_up(nodes, (size_t)1 << HMM_TREE_ARITY_SHIFT);
        for (size_t p = 0; p < parents; p++) {
            uint32_t max = 0;
            for (size_t c = p << HMM_TREE_ARITY_SHIFT; c < (p + 1) << HMM_TREE_ARITY_SHIFT; c++)
                max = (uint32_t)hmm_max(*hmm_runtree_node(tree, l, (uint32_t)c), max);
            if (*hmm_runtree_node(tree, l + 1, (uint32_t)p) != max)
                return "I3: a node of the first-fit tree is not the maximum of its children";
        }
        nodes = parents;
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

static const char *check_pages(const struct hmm_pages *pages)
{
    uint32_t free_units = 0;
    uint32_t dirty_units = 0;
    uint32_t foreign_units = 0;
    for (uint32_t unit = 0; unit < pages->n_units;) {
        uint32_t n_free = hmm_runtree_at(&pages->tree, unit);
        uint32_t n_used = hmm_unit(pages->map, unit)->n_units;
        const char *wrong = n_free != 0 ? check_free_run(pages, unit, n_free) : NULL;
        if (wrong != NULL)
            return wrong;
        if (n_free != 0 && n_used != 0)
            return "I5: a unit begins a free and a used run";
        if (n_free == 0 && n_used == 0) {
            if (hmm_pagemap_entry(pages->map, unit) != HMM_KIND_FOREIGN)
                return "I5: a unit below the break is in no run";
            foreign_units++;
            unit++;
            continue;
        }
        free_units += n_free;
        unit += n_free + n_used;
        if (unit > pages->n_units)
            return "I5: a used run passes the break";
    }
    uint32_t n_borders = 0;
    for (uint32_t unit = 0; unit < pages->n_units; unit++) {
        dirty_units += hmm_pages_is_dirty(pages, unit) && unit < pages->dirty_end; /* used: none */
        n_borders += hmm_move_is_border(pages, unit);
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

/* Slots that are nowhere are on their way home in somebody's buffer: the sum must agree. */
static const char *check_totals(const struct hmm_heap *heap)
{
    size_t n_nowhere = 0;
    size_t n_underway = 0;
    for (const struct hmm_arena *a = hmm_arenas_all(&heap->arenas); a != NULL; a = a->next)
        n_underway += count_entries(heap, a);
    for (uint32_t unit = 0; unit < heap->pages.n_units; unit++) {
        uint32_t n_units = hmm_unit(&heap->map, unit)->n_units;
        if (n_units == 0 || !hmm_entry_is_slab(hmm_pagemap_entry(&heap->map, unit)))
            continue;
        struct hmm_slab *slab = hmm_slab_at(&heap->map, hmm_pagemap_address(&heap->map, unit));
        const _Atomic(uint64_t) *remote = hmm_slab_remote_words(slab);
        for (uint32_t i = 0; i < slab->n_slots; i++) {
            uint64_t bits =
                slab->words[i / 64] | atomic_load_explicit(&remote[i / 64], memory_order_relaxed);
            const char *block = slab->start + (size_t)i * slab->slot_bytes;
            n_nowhere +=
                !(bits >> (i % 64) & 1) && !hmm_pagemap_is_live(&heap->map, slab->class_idx, block);
        }
    }
    return n_nowhere == n_underway ? NULL : "I7: slots are lost, or counted twice";
}

/* An arena's bytes in slabs, and of those free in local words. */
static const char *check_bytes(const struct hmm_heap *heap, const struct hmm_arena *arena)
{
    size_t slab_bytes = 0;
    size_t free_bytes = 0;
    for (uint32_t unit = 0; unit < heap->pages.n_units; unit++) {
        uint32_t n_units = hmm_unit(&heap->map, unit)->n_units;
        if (n_units == 0 || !hmm_entry_is_slab(hmm_pagemap_entry(&heap->map, unit)))
            continue;
        struct hmm_slab *slab = hmm_slab_at(&heap->map, hmm_pagemap_address(&heap->map, unit));
        if (atomic_load_explicit(&slab->arena, memory_order_relaxed) != arena)
            continue;
        slab_bytes += (size_t)slab->n_slots * slab->slot_bytes;
        free_bytes += (size_t)slab->n_free * slab->slot_bytes;
    }
    return slab_bytes == arena->slab_bytes && free_bytes == arena->free_bytes
               ? NULL
               : "I12: an arena's count of bytes in its slabs is wrong";
}

const char *hmm_heap_check(struct hmm_heap *heap)
{
    const char *wrong = check_tree(&heap->pages);
    if (wrong == NULL)
        wrong = check_pages(&heap->pages);
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
    return wrong != NULL ? wrong : check_totals(heap);
}
