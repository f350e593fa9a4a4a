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
#include "memory/pieces.h"
#include "memory/regret.h"

/* A slab or a large block that gets its pages. */
struct run {
    uint32_t unit;
    uint32_t behind;
    uint32_t block_units; /* of a huge page */
    char *used_end;       /* in its last unit: behind that no page is needed */
};

/* A run's units are used all over, or perhaps not. locks: held pages */
static void set_sparse(struct hmm_pages *pages, uint32_t unit, uint32_t n_units, bool is_sparse)
{
    for (uint32_t word = unit / 64; word <= (unit + n_units - 1) / 64; word++) {
        uint64_t mask = hmm_pages_bits_mask(word, unit, unit + n_units);
        uint64_t *sparse = &hmm_unit_bits(pages->map, word)->sparse;
        *sparse = is_sparse ? *sparse | mask : *sparse & ~mask;
    }
}

/* Of [from, to), a free unit counts as what it was the last time. locks: held pages */
static uint32_t sparse_units(const struct hmm_pages *pages, uint32_t from, uint32_t to)
{
    uint32_t n = 0;
    for (uint32_t word = from / 64; word <= (to - 1) / 64; word++)
        n += (uint32_t)__builtin_popcountll(hmm_unit_bits(pages->map, word)->sparse &
                                            hmm_pages_bits_mask(word, from, to));
    return n;
}

/* Units of [from, to) that are used. locks: held pages */
static uint32_t used_units(const struct hmm_pages *pages, uint32_t from, uint32_t to)
{
    uint32_t n = 0;
    while (from < to) {
        uint32_t free_units = hmm_runtree_at(&pages->tree, from);
        bool begins = free_units == 0 && !hmm_entry_is_slab(hmm_pagemap_entry(pages->map, from));
        uint32_t large_units = begins ? hmm_unit(pages->map, from)->n_units : 0;
        uint32_t step = (uint32_t)hmm_min(hmm_max(free_units + large_units, 1), to - from);
        n += free_units == 0 ? step : 0;
        from += step;
    }
    return n;
}

/* Is all of [from, to) the front of one free run, and without memory? locks: held pages */
static bool is_new(const struct hmm_pages *pages, uint32_t from, uint32_t to)
{
    if (hmm_runtree_at(&pages->tree, from) < to - from)
        return false;
    return hmm_pages_count_dirty(pages, from, to - from) == 0;
}

/* Is a huge page to be asked for now? One is let pass after slow ones. locks: held pages */
static bool takes_chance(struct hmm_pages *pages)
{
    if (pages->huge_skip == 0)
        return true;
    pages->huge_skip--;
    return false;
}

/* Is what comes after the run in the block at `start`, where it ends, worth a huge page with the
 * rest of that? Then it is taken out of the free runs. locks: held pages */
static bool take_ahead(struct hmm_pages *pages, uint32_t start, struct run run)
{
    uint32_t behind = run.behind;
    uint32_t end = start + run.block_units;
    uint32_t before = start - run.block_units;
    uint32_t enough = run.block_units - run.block_units / HMM_HUGE_SHARE;
    if (start < run.block_units || end > pages->n_units ||
        used_units(pages, before, start) < enough + sparse_units(pages, before, start) ||
        !is_new(pages, behind, end) || !hmm_move_is_one_mapping(pages, start, end) ||
        !takes_chance(pages))
        return false;
    hmm_regret_note_needed(pages, behind, end - behind);
    hmm_pages_detach(pages, behind, behind, end - behind);
    return true;
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

/* So many chances are let pass after a slow one: more, the more it has cost. */
static uint64_t pause_after(uint64_t cost_ns, uint64_t worth_ns)
{
    uint64_t lost_ns = cost_ns != UINT64_MAX ? cost_ns - worth_ns : 0;
    return HMM_HUGE_SKIP + HMM_HUGE_PAYBACK * lost_ns / (worth_ns + 1);
}

/* A huge page has come, after so long. A slow one may cost ten times what a fast one saves: after
 * it chances are let pass, before and between the next ones, four times as many with each further
 * slow one, until enough fast ones have come in a row. locks: held pages */
static void note_cost(struct hmm_pages *pages, uint64_t cost_ns)
{
    uint64_t skip = HMM_HUGE_SKIP;
    if (cost_ns >= worth_ns(pages)) {
        skip = pause_after(cost_ns, worth_ns(pages));
        pages->huge_slow++;
        pages->huge_fast = 0;
    } else if (++pages->huge_fast >= HMM_HUGE_FAST && pages->huge_slow > 0) {
        pages->huge_slow--;
        pages->huge_fast = 0;
    }
    if (pages->huge_slow > 0)
        pages->huge_skip =
            (uint32_t)hmm_min(skip << (2 * hmm_min(pages->huge_slow - 1, 4)), UINT32_MAX);
}

/* What comes later is to have huge pages where they are asked for only: from now on the heap's
 * memory says so. */
static HMM_COLD void mark_heap(struct hmm_pages *pages)
{
    hmm_lock_take(&pages->grow);
    uint32_t from = 0;
    uint32_t behind;
    while ((behind = hmm_pages_next_piece(pages, &from)) != 0) {
        hmm_port_no_huge(hmm_pagemap_address(pages->map, from), (size_t)(behind - from)
                                                                    << HMM_UNIT_SHIFT);
        from = behind;
    }
    atomic_store_explicit(&pages->no_huge, true, memory_order_relaxed); /* relaxed: a hint */
    hmm_lock_give(&pages->grow);
}

/* Get the huge page of the block at `start`, of which part is the run's, and the rest taken out, or
 * in use by others. */
static bool get_page(struct hmm_pages *pages, uint32_t start, struct run run)
{
    char *block = hmm_pagemap_address(pages->map, start);
    size_t bytes = (size_t)run.block_units << HMM_UNIT_SHIFT;
    size_t run_bytes = (size_t)(hmm_min(run.behind, start + run.block_units) - start)
                       << HMM_UNIT_SHIFT;
    bool whole = start >= run.unit && hmm_port_resident(block, run_bytes) == 0;
    if (!whole) /* the kernel collapses what has a page at least */
        *(volatile char *)hmm_pagemap_address(pages->map, hmm_max(start, run.unit)) = 0;
    uint64_t start_ns = hmm_port_clock_exact_ns();
    bool done = whole ? hmm_port_huge(block, bytes) : hmm_port_collapse(block, bytes);
    uint64_t cost_ns = hmm_port_clock_exact_ns() - start_ns;
    hmm_lock_take(&pages->lock);
    note_cost(pages, done ? cost_ns : UINT64_MAX);
    pages->huge_came = pages->huge_came || done;
    if (!pages->huge_came && pages->n_borders == 0)
        pages->huge_units = 0; /* this system has none: don't ask again */
    hmm_lock_give(&pages->lock);
    if (hmm_unlikely(!hmm_pages_says_no_huge(pages) && hmm_port_huge_is_asked()))
        mark_heap(pages);
    return done;
}

/* The block at `start`, where `run` ends: a huge page for the run's part of it and what comes after
 * that. False: not done. */
static bool fill_last(struct hmm_pages *pages, uint32_t start, struct run run)
{
    uint32_t n_units = start + run.block_units - run.behind;
    hmm_lock_take(&pages->lock);
    bool taken = take_ahead(pages, start, run);
    hmm_lock_give(&pages->lock);
    if (!taken)
        return false;
    bool done = get_page(pages, start, run);
    hmm_lock_take(&pages->lock);
    hmm_pages_attach(pages, run.behind, n_units, done ? HMM_CONTENTS_DIRTY : HMM_CONTENTS_NEW);
    hmm_pages_note_peak(pages); /* soon to be used: no reason to give anything back */
    hmm_lock_give(&pages->lock);
    return done;
}

/* A block that is within the run. */
static bool fill_inner(struct hmm_pages *pages, uint32_t start, struct run run)
{
    hmm_lock_take(&pages->lock);
    bool takes =
        takes_chance(pages) && hmm_move_is_one_mapping(pages, start, start + run.block_units);
    hmm_lock_give(&pages->lock);
    return takes && get_page(pages, start, run);
}

/* Units [from, behind) of a run that will soon be full: one call instead of a page fault for each.
 */
static void populate(const struct hmm_pages *pages, uint32_t from, uint32_t behind,
                     const struct run *run)
{
    if (behind <= from)
        return;
    char *start = hmm_pagemap_address(pages->map, from);
    size_t bytes = (size_t)hmm_min(behind - from, HMM_POPULATE_MAX_UNITS) << HMM_UNIT_SHIFT;
    hmm_port_populate(start, hmm_min(bytes, (size_t)(run->used_end - start)));
}

/* The first block that begins in the run; or else the one that it lies in, if it lies in the first
 * part of that. Another one, which begins after the run: none. */
static uint32_t first_block(const struct hmm_pages *pages, struct run run)
{
    uint32_t block = run.block_units;
    uint32_t skew = (uint32_t)((pages->map->base >> HMM_UNIT_SHIFT) % block);
    uint32_t in_block = (run.unit + skew) % block;
    if (in_block == 0)
        return run.unit;
    bool is_first = in_block <= block / HMM_HUGE_SHARE && run.unit >= in_block;
    uint32_t next = run.unit - in_block + block;
    return next >= run.behind && is_first ? next - block : next;
}

static void fill(struct hmm_pages *pages, struct run run, bool populates)
{
    uint32_t done = run.unit; /* what comes before has its pages */
    uint32_t block = run.block_units;
    uint32_t start = first_block(pages, run);
    for (unsigned n = 0; start < run.behind && n < HMM_HUGE_MOST; n++, start += block) {
        bool inner = start >= run.unit && start + block <= run.behind;
        if (!(inner ? fill_inner : fill_last)(pages, start, run))
            continue;
        if (populates && start > done)
            populate(pages, done, start, &run);
        done = start + block;
    }
    if (populates)
        populate(pages, done, run.behind, &run);
}

void hmm_huge_ahead(struct hmm_pages *pages, uint32_t unit, size_t used_bytes)
{
    hmm_lock_take(&pages->lock);
    uint32_t n_units = hmm_unit(pages->map, unit)->n_units;
    uint32_t used = hmm_pages_used(pages);
    bool populates = used >= pages->populate_units && n_units >= HMM_POPULATE_UNITS;
    uint32_t block_units = pages->huge_units;
    size_t run_bytes = (size_t)n_units << HMM_UNIT_SHIFT;
    bool is_large = block_units != 0 && run_bytes - used_bytes <= run_bytes / HMM_HUGE_WASTE &&
                    used >= hmm_meta_tunables(pages->meta)->huge_min >> HMM_UNIT_SHIFT;
    bool time_first = needs_times(pages);
    set_sparse(pages, unit, n_units, false);
    hmm_lock_give(&pages->lock);
    if (time_first)
        time_faults(pages, unit);
    char *used_end = (char *)hmm_pagemap_address(pages->map, unit) +
                     hmm_round_up(used_bytes, hmm_port_page_bytes());
    struct run run = {unit, unit + n_units, block_units, used_end};
    if (is_large && !time_first)
        fill(pages, run, populates);
    else if (populates)
        populate(pages, run.unit, run.behind, &run);
}

void hmm_huge_note_sparse(struct hmm_pages *pages, uint32_t unit)
{
    hmm_lock_take(&pages->lock);
    set_sparse(pages, unit, hmm_unit(pages->map, unit)->n_units, true);
    hmm_lock_give(&pages->lock);
}
