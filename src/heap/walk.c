/* walk.c - figures, and the free list in words.
 *
 * Layer   heap, above heap.
 */
#include "heap/walk.h"

#include "heap/live.h"
#include "memory/pages.h"
#include "memory/pieces.h"
#include "port/fatal.h"

#include <string.h>

static void add_pages(struct hmm_pages *pages, struct hmm_figures *f)
{
    hmm_lock_take(&pages->lock);
    f->n_units = pages->n_units;
    f->free_units = pages->free_units;
    f->foreign_units = pages->foreign_units;
    f->n_free_runs = pages->n_free_runs;
    f->dirty_units = pages->dirty_units;
    f->used_units = hmm_pages_used(pages);
    f->top_units = pages->n_units > 0 ? hmm_unit(pages->map, pages->n_units - 1)->tail_units : 0;
    f->peak_heap_units = pages->peak_heap_units;
    f->purged_bytes = pages->purged_bytes;
    hmm_lock_give(&pages->lock);
}

static void add_live(struct hmm_heap *heap, struct hmm_figures *f, bool blocks)
{
    struct hmm_live live = hmm_live_count(heap, blocks);
    f->live_blocks = live.n_blocks;
    /* what came while we looked is not more than what was used when we began */
    f->live_bytes = hmm_min(live.n_bytes, f->used_units << HMM_UNIT_SHIFT);
}

static void add_mapped(struct hmm_maps *maps, struct hmm_figures *f)
{
    hmm_lock_take(&maps->lock);
    f->mapped_blocks = maps->n_blocks;
    f->mapped_bytes = maps->bytes;
    hmm_lock_give(&maps->lock);
    f->live_blocks += f->mapped_blocks;
    f->live_bytes += f->mapped_bytes;
    f->peak_bytes =
        hmm_max(hmm_mapped_peak_bytes(maps), (f->used_units << HMM_UNIT_SHIFT) + f->mapped_bytes);
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
        {.name = "registry"}, {.name = "gate"},  {.name = "arena"},
        {.name = "grow"},     {.name = "pages"}, {.name = "states"},
        {.name = "table"},    {.name = "meta"},  {.name = "descriptors"},
    };
    memcpy(figures, none, sizeof none);
    add_lock(&figures[0], &heap->arenas.registry);
    add_lock(&figures[1], &heap->arenas.gate);
    for (struct hmm_arena *a = hmm_arenas_all(&heap->arenas); a != NULL; a = a->next)
        add_lock(&figures[2], &a->lock);
    add_lock(&figures[3], &heap->pages.grow);
    add_lock(&figures[4], &heap->pages.lock);
    add_lock(&figures[5], &heap->pages.states);
    add_lock(&figures[6], &heap->large.maps.lock);
    add_lock(&figures[7], &heap->meta.lock);
    add_lock(&figures[8], &heap->arenas.slabs.lock);
}

void hmm_walk_figures(struct hmm_heap *heap, struct hmm_figures *f, bool blocks)
{
    *f = (struct hmm_figures){0};
    add_pages(&heap->pages, f);
    add_live(heap, f, blocks);
    hmm_lock_take(&heap->pages.states);
    f->metadata_bytes = hmm_meta_mapped_bytes(&heap->meta) + heap->pages.states_bytes;
    hmm_lock_give(&heap->pages.states);
    add_mapped(&heap->large.maps, f);
}

/* --- the free list ------------------------------------------------------------------------------
 */

enum { RUN_LINE_BYTES = 200 };

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
    uint32_t dirty = hmm_pages_count_dirty(&heap->pages, unit, n_units);
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
    char chars[RUN_LINE_BYTES];
    struct hmm_text line = {.chars = chars, .capacity_bytes = sizeof chars};
    const char *end = hmm_pagemap_address(&heap->map, hmm_pagemap_limit(&heap->map));
    say_address(&line, "heap start     ", heap->map.base);
    say_address(&line, "heap end       ", (uintptr_t)end);
    say_address(&line, "current break  ", __atomic_load_n(&heap->brk.top, __ATOMIC_RELAXED));
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
