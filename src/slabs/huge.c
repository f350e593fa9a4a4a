/* huge.c - back new memory of a large heap by huge pages, or a whole slab by one call.
 *
 * A page fault costs about as much as filling the page with small blocks, and a heap that grows
 * takes one for every page. First fit goes upwards, so the slabs of a growing heap lie side by
 * side at its frontier, and a huge page put there is soon full: one call instead of 512 faults, and
 * fewer misses of the address translation cache later.
 *
 * On some virtual machines a huge page is slow to come: the host has taken that memory back, and
 * fills it page by page. So each is timed, as some page faults are before the first one, and where
 * huge pages don't pay few are asked for.
 *
 * Where there is none, a new slab that is not among its class's first gets its pages by one call.
 *
 * The kernel is asked for that one page (MADV_COLLAPSE), not for a standing policy (MADV_HUGEPAGE):
 * under the latter khugepaged refills the holes that decay makes. The unused rest of such a page is
 * resident, so it counts as dirty.
 *
 * Layer   slabs, above dense; the state of pages, under its lock.
 */
#include "slabs/huge.h"

#include "memory/move.h"
#include "memory/pages.h"
#include "memory/regret.h"

/* Units of [from, to) that belong to slabs. */
static uint32_t slab_units(const struct hmm_pages *pages, uint32_t from, uint32_t to)
{
    uint32_t n = 0;
    for (uint32_t unit = from; unit < to; unit++)
        n += hmm_entry_is_slab(hmm_pagemap_entry(pages->map, unit));
    return n;
}

/* Is all of [from, to) the front of one free run, and without memory? locks: held pages */
static bool is_new(const struct hmm_pages *pages, uint32_t from, uint32_t to)
{
    if (hmm_runtree_at(&pages->tree, from) < to - from)
        return false;
    return hmm_pages_count_dirty(pages, from, to - from) == 0;
}

/* Take what is after the slab at `unit` up to the end of its block out of the free runs, if the
 * block is worth a huge page. Returns where that begins, and the block's first and last unit; or
 * RUN_NONE. locks: held pages */
static int64_t take_ahead(struct hmm_pages *pages, uint32_t unit, uint32_t *start, uint32_t *end)
{
    uint32_t block_units = pages->huge_units;
    if (block_units == 0)
        return HMM_RUN_NONE;
    uint32_t skew = (uint32_t)((pages->map->base >> HMM_UNIT_SHIFT) % block_units);
    uint32_t in_block = (unit + skew) % block_units;
    uint32_t from = unit + hmm_unit(pages->map, unit)->n_units;
    *start = unit - in_block;
    *end = *start + block_units;
    if (unit < in_block + block_units || *end > pages->n_units || from >= *end ||
        hmm_pages_used(pages) < hmm_meta_tunables(pages->meta)->huge_min >> HMM_UNIT_SHIFT ||
        in_block > block_units / HMM_HUGE_SHARE || !is_new(pages, from, *end) ||
        slab_units(pages, *start - block_units, *start) <
            block_units - block_units / HMM_HUGE_SHARE ||
        !hmm_move_is_one_mapping(pages, *start, *end))
        return HMM_RUN_NONE;
    if (pages->huge_skip > 0) {
        pages->huge_skip--;
        return HMM_RUN_NONE;
    }
    hmm_regret_note_needed(pages, from, *end - from);
    hmm_pages_detach(pages, from, from, *end - from);
    return from;
}

/* Does the heap become large, and hasn't seen enough page faults yet? locks: held pages */
static bool needs_times(const struct hmm_pages *pages)
{
    const struct hmm_tunables *t = hmm_meta_tunables(pages->meta);
    return pages->huge_units != 0 && t->huge_slow_us == 0 &&
           pages->fault_samples < HMM_HUGE_SAMPLES &&
           hmm_pages_used(pages) >= t->huge_min / 2 >> HMM_UNIT_SHIFT;
}

/* Touch the pages of a slab that is new and large enough, to learn what a page fault costs here:
 * the least that was seen. The slab's slots will need most of them anyhow. */
static void time_faults(struct hmm_pages *pages, uint32_t unit)
{
    const size_t page_bytes = hmm_port_page_bytes();
    size_t bytes = (size_t)hmm_pages_run_units(pages, unit) << HMM_UNIT_SHIFT;
    if (bytes / page_bytes < HMM_HUGE_TOUCH_PAGES)
        return;
    volatile char *memory = hmm_pagemap_address(pages->map, unit);
    uint64_t start_ns = hmm_port_clock_exact_ns();
    for (size_t i = 0; i < HMM_HUGE_TOUCH_PAGES; i++)
        memory[i * page_bytes] = 0;
    uint64_t cost_ns = hmm_port_clock_exact_ns() - start_ns;
    hmm_lock_take(&pages->lock);
    if (pages->fault_samples == 0 || cost_ns < pages->fault_ns)
        pages->fault_ns = cost_ns;
    pages->fault_samples++;
    hmm_lock_give(&pages->lock);
}

/* What a huge page may cost: as much as the page faults that it saves. locks: held pages */
static uint64_t worth_ns(const struct hmm_pages *pages)
{
    uint64_t slow_us = hmm_meta_tunables(pages->meta)->huge_slow_us;
    size_t n_pages = ((size_t)pages->huge_units << HMM_UNIT_SHIFT) / hmm_port_page_bytes();
    return slow_us != 0 ? slow_us * 1000 : pages->fault_ns * n_pages / HMM_HUGE_TOUCH_PAGES;
}

/* A huge page has come, after so long. A slow one may cost ten times what a fast one saves: after
 * it so many chances are let pass, before and between the next ones, four times as many with each
 * further slow one, until enough fast ones have come in a row. locks: held pages */
static void note_cost(struct hmm_pages *pages, uint64_t cost_ns)
{
    if (cost_ns >= worth_ns(pages)) {
        pages->huge_slow++;
        pages->huge_fast = 0;
    } else if (++pages->huge_fast >= HMM_HUGE_FAST && pages->huge_slow > 0) {
        pages->huge_slow--;
        pages->huge_fast = 0;
    }
    if (pages->huge_slow > 0)
        pages->huge_skip = (uint32_t)HMM_HUGE_SKIP << (2 * hmm_min(pages->huge_slow - 1, 4));
}

/* The pages of a slab that will soon be full: one call instead of a page fault for each. */
static void populate(const struct hmm_pages *pages, uint32_t unit)
{
    uint32_t n_units = hmm_pages_run_units(pages, unit);
    if (n_units >= HMM_POPULATE_UNITS)
        hmm_port_populate(hmm_pagemap_address(pages->map, unit), (size_t)n_units << HMM_UNIT_SHIFT);
}

void hmm_huge_ahead(struct hmm_pages *pages, uint32_t unit)
{
    uint32_t start = 0;
    uint32_t end = 0;
    hmm_lock_take(&pages->lock);
    bool populates = hmm_pages_used(pages) >= pages->populate_units;
    bool time_first = needs_times(pages);
    int64_t from = time_first ? HMM_RUN_NONE : take_ahead(pages, unit, &start, &end);
    hmm_lock_give(&pages->lock);
    if (time_first)
        time_faults(pages, unit);
    if (from == HMM_RUN_NONE && populates)
        populate(pages, unit);
    if (from == HMM_RUN_NONE)
        return;
    /* the kernel collapses what has a page at least: one of the new slab, which nobody else uses */
    *(volatile char *)hmm_pagemap_address(pages->map, unit) = 0;
    uint64_t start_ns = hmm_port_clock_exact_ns();
    bool done = hmm_port_collapse(hmm_pagemap_address(pages->map, start), (size_t)(end - start)
                                                                              << HMM_UNIT_SHIFT);
    uint64_t cost_ns = hmm_port_clock_exact_ns() - start_ns;
    hmm_lock_take(&pages->lock);
    note_cost(pages, done ? cost_ns : UINT64_MAX);
    if (!done && pages->n_borders == 0)
        pages->huge_units = 0; /* this system has none: don't ask again */
    hmm_pages_attach(pages, (uint32_t)from, end - (uint32_t)from,
                     done ? HMM_CONTENTS_DIRTY : HMM_CONTENTS_NEW);
    hmm_pages_note_peak(pages); /* soon to be used: no reason to give anything back */
    hmm_lock_give(&pages->lock);
}
