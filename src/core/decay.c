/* decay.c - memory goes back.
 *
 * Layer   core, above pages (same state, same locks), below slab. Start reading at hmm_decay.
 * Keeps   no system call under lock `pages`: a run is taken out, purged, and put back clean.
 * Source  decay by half-life: jemalloc's dirty_decay_ms; the exponential is replaced by
 *         elapsed / (elapsed + half-life), which agrees at 0 and at the half-life.
 */
#include "core/decay.h"

static const uint64_t ns_per_ms = 1000000;

/* The highest row of at most `max_units` dirty free units below `before`, all of one free run.
 * Returns its first unit, and its length in *n_units; HMM_RUN_NONE. locks: held pages */
static int64_t last_dirty(const struct hmm_pages *pages, uint32_t before, uint32_t max_units,
                          uint32_t *run_at, uint32_t *n_units)
{
    for (;;) {
        int64_t run = hmm_runtree_last(&pages->tree, before);
        if (run == HMM_RUN_NONE)
            return HMM_RUN_NONE;
        uint32_t start = (uint32_t)run;
        uint32_t end = start + hmm_runtree_at(&pages->tree, start);
        end = end < before ? end : before;
        while (end > start && !pages->map->unit[end - 1].dirty)
            end--;
        uint32_t first = end;
        while (first > start && end - first < max_units && pages->map->unit[first - 1].dirty)
            first--;
        if (first < end) {
            *run_at = start;
            *n_units = end - first;
            return first;
        }
        before = start;
    }
}

/* Drop the state bytes of free units, whole pages of them: they are all zero, no block is live
 * there. */
static void drop_states(const struct hmm_states *states, const char *address, size_t bytes)
{
    uintptr_t page_bytes = hmm_port_page_bytes();
    uintptr_t first = (uintptr_t)hmm_state_of(states, hmm_mark_of(address));
    uintptr_t behind = (uintptr_t)hmm_state_of(states, hmm_mark_of(address + bytes));
    uintptr_t start = hmm_round_up(first, page_bytes);
    uintptr_t end = hmm_round_down(behind, page_bytes);
    if (end > start)
        hmm_port_purge((void *)start, end - start);
}

/* Drop the contents of free units, and their state bytes. */
static bool drop_contents(struct hmm_pages *pages, uint32_t unit, uint32_t n_units)
{
    char *address = hmm_pagemap_address(pages->map, unit);
    size_t bytes = (size_t)n_units << HMM_UNIT_SHIFT;
    for (unsigned kind = 0; kind < HMM_STATE_KINDS; kind++)
        drop_states(&pages->map->states[kind], address, bytes);
    return hmm_port_purge(address, bytes);
}

/* Purge about `n_units` of dirty free memory, highest addresses first. Returns units purged. */
static uint32_t purge(struct hmm_pages *pages, uint32_t n_units)
{
    uint32_t purged = 0;
    uint32_t before = UINT32_MAX;
    while (purged < n_units) {
        uint32_t run = 0;
        uint32_t n = 0;
        uint32_t max_units =
            (uint32_t)hmm_min(hmm_max(n_units - purged, HMM_PURGE_MIN_UNITS), HMM_PURGE_MAX_UNITS);
        hmm_lock_take(&pages->lock);
        before = before < pages->n_units ? before : pages->n_units;
        int64_t at = last_dirty(pages, before, max_units, &run, &n);
        if (at != HMM_RUN_NONE)
            hmm_pages_detach(pages, run, (uint32_t)at, n);
        hmm_lock_give(&pages->lock);
        if (at == HMM_RUN_NONE)
            break;
        bool clean = drop_contents(pages, (uint32_t)at, n);
        hmm_lock_take(&pages->lock);
        hmm_pages_attach(pages, (uint32_t)at, n, clean ? 0 : 1);
        pages->purged_bytes += clean ? (size_t)n << HMM_UNIT_SHIFT : 0;
        hmm_lock_give(&pages->lock);
        purged += n;
        before = (uint32_t)at;
    }
    return purged;
}

/* Lower the break by the free run at the top, all but keep_units. Returns units given back. */
static uint32_t lower(struct hmm_pages *pages, uint32_t keep_units)
{
    hmm_lock_take(&pages->grow);
    hmm_lock_take(&pages->lock);
    uint32_t end = pages->n_units;
    uint32_t top = end > 0 ? pages->map->unit[end - 1].tail_units : 0;
    uint32_t keep = (uint32_t)hmm_round_up(keep_units, pages->page_units);
    uint32_t n = top > keep ? top - keep : 0;
    if (n != 0) {
        hmm_pages_detach(pages, end - top, end - n, n);
        pages->n_units = end - n;
        hmm_pagemap_set_limit(pages->map, end - n);
    }
    hmm_lock_give(&pages->lock);
    uintptr_t new_top = (uintptr_t)hmm_pagemap_address(pages->map, end - n);
    if (n != 0)
        drop_contents(pages, end - n, n);
    if (n != 0 && !hmm_brk_lower(pages->brk, new_top)) {
        hmm_lock_take(&pages->lock);
        pages->n_units = end;
        hmm_pagemap_set_limit(pages->map, end);
        hmm_pages_attach(pages, end - n, n, 1);
        hmm_lock_give(&pages->lock);
        n = 0;
    }
    hmm_lock_give(&pages->grow);
    return n;
}

/* Units to purge now. locks: held pages */
static uint32_t excess_due(struct hmm_pages *pages, uint64_t elapsed_ns)
{
    const struct hmm_tunables *t = pages->tunables;
    uint64_t live_units = pages->n_units - pages->free_units - pages->foreign_units;
    uint64_t limit_units = hmm_max(t->dirty_min >> HMM_UNIT_SHIFT, live_units / t->dirty_divisor);
    if (pages->dirty_units <= limit_units)
        return 0;
    uint64_t excess = pages->dirty_units - limit_units;
    uint64_t max_units = hmm_max(t->dirty_max >> HMM_UNIT_SHIFT, live_units / t->dirty_max_divisor);
    uint64_t over = pages->dirty_units > max_units ? pages->dirty_units - max_units : 0;
    uint64_t half_ns = t->decay_ms * ns_per_ms;
    if (half_ns == 0)
        return (uint32_t)excess;
    /* a pause between two looks says nothing about the age of what was freed just now */
    elapsed_ns = elapsed_ns < half_ns ? elapsed_ns : half_ns;
    uint64_t aged = (excess * elapsed_ns + elapsed_ns + half_ns - 1) / (elapsed_ns + half_ns);
    return (uint32_t)hmm_max(aged, over);
}

/* Is the top long and old enough? It must have been so at two looks, lower_ms apart.
 * locks: held pages */
static bool lower_due(struct hmm_pages *pages, uint64_t now_ns)
{
    const struct hmm_tunables *t = pages->tunables;
    uint32_t top = pages->n_units > 0 ? pages->map->unit[pages->n_units - 1].tail_units : 0;
    uint64_t heap_bytes = (uint64_t)(pages->n_units - pages->foreign_units) << HMM_UNIT_SHIFT;
    uint64_t enough = hmm_max(t->lower_min, heap_bytes / t->lower_divisor);
    bool free_now = (uint64_t)top << HMM_UNIT_SHIFT >= enough;
    bool due =
        free_now && pages->top_was_free && now_ns - pages->lowered_at_ns >= t->lower_ms * ns_per_ms;
    if (due || free_now != pages->top_was_free)
        pages->lowered_at_ns = now_ns;
    pages->top_was_free = free_now && !due;
    return due;
}

uint64_t hmm_decay(struct hmm_pages *pages)
{
    uint64_t now_ns = hmm_port_clock_ns();
    hmm_lock_take(&pages->lock);
    uint64_t elapsed_ns = now_ns - pages->decay_at_ns;
    bool look = elapsed_ns >= HMM_DECAY_LOOK_MS * ns_per_ms || pages->tunables->decay_ms == 0;
    uint32_t excess = 0;
    bool lower_now = false;
    if (look) {
        pages->decay_at_ns = now_ns;
        excess = excess_due(pages, elapsed_ns);
        lower_now = lower_due(pages, now_ns);
        hmm_pages_note_decay(pages);
    }
    hmm_lock_give(&pages->lock);
    uint32_t lowered = 0;
    if (lower_now)
        lowered = lower(pages, (uint32_t)(pages->tunables->grow_min >> HMM_UNIT_SHIFT));
    if (excess > lowered)
        purge(pages, excess - lowered);
    return now_ns;
}

size_t hmm_decay_all(struct hmm_pages *pages, size_t keep_bytes)
{
    size_t units = lower(pages, (uint32_t)hmm_div_up(keep_bytes, HMM_UNIT_BYTES));
    units += purge(pages, UINT32_MAX);
    return units << HMM_UNIT_SHIFT;
}
