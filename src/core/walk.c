/* walk.c - figures, and the free list in words.
 *
 * Layer   core, above heap, below api.
 */
#include "core/walk.h"

#include "core/fatal.h"

#include <string.h>

/* Live blocks of the slab unit by unit: state bytes say, whatever the bitmaps say. */
static size_t live_in_slab(const struct hmm_heap *heap, const struct hmm_slab *slab)
{
    size_t live = 0;
    const char *block = slab->start;
    for (uint32_t i = 0; i < slab->n_slots; i++, block += slab->slot_bytes)
        live += hmm_pagemap_is_live(&heap->map, slab->class_idx, block);
    return live;
}

static void add_used(struct hmm_heap *heap, struct hmm_figures *f, size_t unit, size_t n_units)
{
    uint32_t entry = hmm_pagemap_entry(&heap->map, unit);
    size_t bytes = n_units << HMM_UNIT_SHIFT;
    if (hmm_entry_is_slab(entry)) {
        const struct hmm_slab *slab =
            hmm_slab_at(&heap->map, hmm_pagemap_address(&heap->map, unit));
        size_t live = live_in_slab(heap, slab);
        f->live_blocks += live;
        f->live_bytes += live * slab->slot_bytes;
        f->slab_bytes += bytes;
    } else if (entry == HMM_KIND_LARGE) {
        f->live_blocks++;
        f->live_bytes += bytes;
        f->large_bytes += bytes;
    }
    f->used_units += n_units;
}

static void add_lock(struct hmm_lock_figures *figures, struct hmm_lock *lock)
{
    hmm_lock_take(lock);
    figures->n_taken += lock->n_taken;
    figures->n_waited += lock->n_waited;
    hmm_lock_give(lock);
}

void hmm_walk_locks(struct hmm_heap *heap, struct hmm_lock_figures figures[HMM_LOCK_KINDS])
{
    const struct hmm_lock_figures none[HMM_LOCK_KINDS] = {
        {.name = "registry"}, {.name = "arena"}, {.name = "grow"}, {.name = "pages"},
        {.name = "states"},   {.name = "table"}, {.name = "meta"},
    };
    memcpy(figures, none, sizeof none);
    add_lock(&figures[0], &heap->arenas.registry);
    for (struct hmm_arena *a = hmm_arenas_all(&heap->arenas); a != NULL; a = a->next)
        add_lock(&figures[1], &a->lock);
    add_lock(&figures[2], &heap->pages.grow);
    add_lock(&figures[3], &heap->pages.lock);
    add_lock(&figures[4], &heap->pages.states);
    add_lock(&figures[5], &heap->arenas.slabs.lock);
    add_lock(&figures[5], &heap->large.lock);
    add_lock(&figures[6], &heap->meta.lock);
}

void hmm_walk_figures(struct hmm_heap *heap, struct hmm_figures *f)
{
    struct hmm_pages *pages = &heap->pages;
    *f = (struct hmm_figures){0};
    hmm_lock_take(&pages->lock);
    f->n_units = pages->n_units;
    for (uint32_t unit = 0; unit < pages->n_units;) {
        uint32_t free_units = hmm_runtree_at(&pages->tree, unit);
        uint32_t used_units = hmm_unit(pages->map, unit)->n_units;
        if (free_units != 0) {
            f->free_units += free_units;
            f->n_free_runs++;
            f->top_units = unit + free_units == pages->n_units ? free_units : 0;
            unit += free_units;
        } else if (used_units != 0) {
            add_used(heap, f, unit, used_units);
            unit += used_units;
        } else {
            const struct hmm_piece *piece = hmm_pages_piece(pages, unit);
            uint32_t behind = piece != NULL ? piece->first : pages->n_units;
            f->foreign_units += behind - unit;
            unit = behind;
        }
    }
    f->dirty_units = pages->dirty_units;
    hmm_lock_give(&pages->lock);
    hmm_lock_take(&pages->states);
    f->metadata_bytes = hmm_meta_mapped_bytes(&heap->meta) + pages->states_bytes;
    hmm_lock_give(&pages->states);
    hmm_lock_take(&heap->large.lock);
    f->mapped_blocks = heap->large.n_mapped;
    f->mapped_bytes = heap->large.mapped_bytes;
    hmm_lock_give(&heap->large.lock);
    f->live_blocks += f->mapped_blocks;
    f->live_bytes += f->mapped_bytes;
}

/* --- the free list ------------------------------------------------------------------------------
 */

enum { LINE_BYTES = 200 };

static void say_address(struct hmm_text *line, const char *what, uintptr_t address)
{
    hmm_text_str(line, what);
    hmm_text_hex(line, address);
    hmm_text_str(line, "\n");
}

/* What a neighbour at `unit` is, in a word. */
static const char *neighbour(const struct hmm_heap *heap, int64_t unit)
{
    if (unit < 0)
        return "heap start";
    if (unit >= heap->pages.n_units)
        return "break";
    uint32_t entry = hmm_pagemap_entry(&heap->map, (size_t)unit);
    if (hmm_entry_is_slab(entry))
        return "slab";
    const struct hmm_piece *piece = hmm_pages_piece(&heap->pages, (uint32_t)unit);
    return piece == NULL || piece->first > unit ? "foreign" : "large block";
}

static void say_run(const struct hmm_heap *heap, struct hmm_text *line, uint32_t unit,
                    uint32_t n_units)
{
    uint32_t dirty = 0;
    for (uint32_t i = 0; i < n_units; i++)
        dirty += hmm_pages_is_dirty(&heap->pages, unit + i);
    hmm_text_hex(line, (uintptr_t)hmm_pagemap_address(&heap->map, unit));
    hmm_text_dec_wide(line, (uint64_t)n_units << HMM_UNIT_SHIFT, 14);
    hmm_text_str(line, dirty == 0 ? "  free, zero     " : "  free, used once");
    hmm_text_str(line, "  before: ");
    hmm_text_str(line, neighbour(heap, (int64_t)unit - 1));
    hmm_text_str(line, "  behind: ");
    hmm_text_str(line, neighbour(heap, (int64_t)unit + n_units));
    hmm_text_str(line, "\n");
}

void hmm_walk_print_free_list(struct hmm_heap *heap, int fd)
{
    struct hmm_pages *pages = &heap->pages;
    char chars[LINE_BYTES];
    struct hmm_text line = {.chars = chars, .capacity_bytes = sizeof chars};
    say_address(&line, "heap start     ", heap->map.base);
    say_address(&line, "heap end       ",
                (uintptr_t)hmm_pagemap_address(&heap->map, pages->n_units));
    say_address(&line, "current break  ", heap->brk.top);
    hmm_text_str(&line, "address                bytes  state              neighbours\n");
    hmm_port_write(fd, chars, line.n_chars);
    uint32_t from = 0;
    uint64_t total = 0;
    for (;;) { /* no lock over a write: a run may come or go between two lines */
        line.n_chars = 0;
        hmm_lock_take(&pages->lock);
        int64_t unit =
            from < pages->n_units ? hmm_runtree_find(&pages->tree, from, 1) : HMM_RUN_NONE;
        if (unit != HMM_RUN_NONE) {
            uint32_t n_units = hmm_runtree_at(&pages->tree, (uint32_t)unit);
            say_run(heap, &line, (uint32_t)unit, n_units);
            from = (uint32_t)unit + n_units;
            total += n_units;
        }
        hmm_lock_give(&pages->lock);
        if (unit == HMM_RUN_NONE)
            break;
        hmm_port_write(fd, chars, line.n_chars);
    }
    hmm_text_str(&line, "free in all    ");
    hmm_text_dec(&line, total << HMM_UNIT_SHIFT);
    hmm_text_str(&line, " bytes\n");
    hmm_port_write(fd, chars, line.n_chars);
}
