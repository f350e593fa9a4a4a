/* decay.c - give memory back.
 *
 * Layer   memory, highest; the state of pages, under its locks. Start reading at hmm_decay.
 * Keeps   no system call under lock `pages`: a run is taken out, purged, and put back clean.
 * Source  decay by half-life: jemalloc's dirty_decay_ms; the exponential is replaced by
 *         elapsed / (elapsed + half-life), which agrees at 0 and at the half-life.
 */
#include "memory/decay.h"

#include "base/check.h"
#include "memory/backlog.h"
#include "memory/move.h"
#include "memory/pages.h"
#include "memory/pieces.h"
#include "memory/regret.h"
#include "memory/states.h"

static const uint64_t ns_per_ms = 1000000;

/* The highest chunk below `before` that may have dirty units; HMM_RUN_NONE. locks: held pages */
static int64_t last_dirty_chunk(const struct hmm_pages *pages, uint32_t before)
{
    for (uint32_t word = (uint32_t)hmm_div_up(before, 64); word-- > 0;) {
        uint64_t bits =
            *hmm_chunk_dirty_word(pages->map, word) & hmm_pages_bits_mask(word, 0, before);
        if (bits != 0)
            return (int64_t)word * 64 + 63 - __builtin_clzll(bits);
    }
    return HMM_RUN_NONE;
}

/* The highest dirty unit of a chunk, below `before`; HMM_RUN_NONE. If it has none at all, that is
 * known from now on. locks: held pages */
static int64_t last_of_chunk(struct hmm_pages *pages, uint32_t chunk, uint32_t before)
{
    const struct hmm_unit_bits *bits = hmm_chunk(pages->map, chunk)->bits;
    uint32_t first = chunk * HMM_CHUNK_WORDS;
    uint64_t any = 0;
    for (uint32_t word = first + HMM_CHUNK_WORDS; word-- > first;) {
        uint64_t all = bits[word - first].dirty;
        uint64_t below = word * 64 < before ? all & hmm_pages_bits_mask(word, 0, before) : 0;
        if (below != 0)
            return (int64_t)word * 64 + 63 - __builtin_clzll(below);
        any |= all;
    }
    if (any == 0)
        *hmm_chunk_dirty_word(pages->map, chunk / 64) &= ~((uint64_t)1 << (chunk % 64));
    return HMM_RUN_NONE;
}

/* The highest dirty unit below `before`; HMM_RUN_NONE. locks: held pages */
static int64_t last_dirty_unit(struct hmm_pages *pages, uint32_t before)
{
    int64_t unit = HMM_RUN_NONE;
    int64_t chunk = (int64_t)hmm_div_up(before, HMM_CHUNK_UNITS);
    do {
        chunk = last_dirty_chunk(pages, (uint32_t)chunk);
        if (chunk != HMM_RUN_NONE)
            unit = last_of_chunk(pages, (uint32_t)chunk, before);
    } while (chunk != HMM_RUN_NONE && unit == HMM_RUN_NONE);
    return unit;
}

/* Take the highest row of at most `max_units` dirty units below `before` out of the free runs: all
 * of one run, for no two of those are neighbours. Returns its first unit, and its length in
 * *n_units; HMM_RUN_NONE. locks: held pages */
static int64_t take_last_dirty(struct hmm_pages *pages, uint32_t before, uint32_t max_units,
                               uint32_t *n_units)
{
    uint32_t end = (uint32_t)hmm_min(pages->dirty_end, pages->n_units);
    int64_t last = last_dirty_unit(pages, (uint32_t)hmm_min(before, end));
    if (before >= end)
        pages->dirty_end = (uint32_t)(last + 1);
    if (last == HMM_RUN_NONE)
        return HMM_RUN_NONE;
    uint32_t first = (uint32_t)last;
    while (first > 0 && last - first + 1 < max_units && hmm_pages_is_dirty(pages, first - 1))
        first--;
    *n_units = (uint32_t)last - first + 1;
    int64_t run = hmm_runtree_last(&pages->tree, first + 1);
    hmm_pages_detach(pages, (uint32_t)run, first, *n_units);
    return first;
}

/* Note what take_last_dirty has taken; a fork's child puts it back. locks: held pages */
static void put_aside(struct hmm_aside *aside, int64_t unit, uint32_t n_units)
{
    if (unit != HMM_RUN_NONE)
        *aside = (struct hmm_aside){hmm_port_self(), (uint32_t)unit, n_units};
}

/* A free place; NULL: enough threads are purging already. locks: held pages */
static struct hmm_aside *find_aside(struct hmm_pages *pages)
{
    for (unsigned i = 0; i < HMM_PURGES_AT_ONCE; i++)
        if (pages->aside[i].n_units == 0)
            return &pages->aside[i];
    return NULL;
}

/* locks: held pages */
static void attach_aside(struct hmm_pages *pages, struct hmm_aside *aside,
                         enum hmm_contents contents)
{
    hmm_pages_attach(pages, aside->unit, aside->n_units, contents);
    aside->n_units = 0;
}

void hmm_decay_fork_child(struct hmm_pages *pages)
{
    /* relaxed: no other thread is there; those that moved blocks are gone */
    atomic_store_explicit(&pages->moving_units, 0, memory_order_relaxed);
    for (unsigned i = 0; i < HMM_PURGES_AT_ONCE; i++) {
        struct hmm_aside *aside = &pages->aside[i];
        if (aside->n_units != 0 && aside->keeper != hmm_port_self())
            attach_aside(pages, aside, HMM_CONTENTS_DIRTY);
    }
}

/* Drop the contents of free units. Not those of their state bytes, which take 1 to 6 % of that, and
 * four calls: what many purges have left of them goes together (hmm_states_sweep). */
static bool drop_contents(struct hmm_pages *pages, uint32_t unit, uint32_t n_units)
{
    return hmm_port_purge(hmm_pagemap_address(pages->map, unit), (size_t)n_units << HMM_UNIT_SHIFT);
}

/* Take up to `n_rows` rows of about `n_units` dirty units in all out of the free runs, the highest
 * ones below *before, which is moved down. Returns how many rows. */
static unsigned take_rows(struct hmm_pages *pages, uint32_t *before, uint32_t n_units,
                          uint32_t n_rows, struct hmm_aside *rows[HMM_PURGE_ROWS])
{
    unsigned n = 0;
    hmm_lock_take(&pages->lock);
    for (uint32_t taken = 0; n < hmm_min(n_rows, HMM_PURGE_ROWS) && taken < n_units; n++) {
        uint32_t length = 0;
        size_t most = hmm_min(hmm_max(n_units - taken, HMM_PURGE_MIN_UNITS), HMM_PURGE_MAX_UNITS);
        uint32_t most_units = (uint32_t)hmm_round_up(most, pages->page_units);
        rows[n] = find_aside(pages);
        int64_t at =
            rows[n] != NULL ? take_last_dirty(pages, *before, most_units, &length) : HMM_RUN_NONE;
        if (at == HMM_RUN_NONE)
            break;
        put_aside(rows[n], at, length);
        taken += length;
        *before = (uint32_t)at;
    }
    hmm_lock_give(&pages->lock);
    return n;
}

void hmm_decay_note_purge(struct hmm_pages *pages, bool done)
{
    HMM_ASSERT(hmm_lock_held(&pages->lock));
    pages->n_refused = done ? 0 : pages->n_refused + 1;
    if (!done)
        pages->refused_at_ns = hmm_port_clock_latest_ns();
    bool is_refused = !done || hmm_meta_tunables(pages->meta)->keep;
    atomic_store_explicit(&pages->is_refused, is_refused,
                          memory_order_relaxed); /* relaxed: a hint */
}

/* Purge them. Returns how many units have gone; fewer than there were: the system refuses. */
static uint32_t purge_rows(struct hmm_pages *pages, struct hmm_aside *const rows[], unsigned n_rows)
{
    struct hmm_range ranges[HMM_PURGE_ROWS];
    for (unsigned i = 0; i < n_rows; i++)
        ranges[i] = (struct hmm_range){hmm_pagemap_address(pages->map, rows[i]->unit),
                                       (size_t)rows[i]->n_units << HMM_UNIT_SHIFT};
    size_t n_done = hmm_port_purge_ranges(ranges, n_rows);
    uint32_t n_units = 0;
    hmm_lock_take(&pages->lock);
    hmm_decay_note_purge(pages, n_done == n_rows);
    for (unsigned i = 0; i < n_rows; i++) {
        n_units += i < n_done ? rows[i]->n_units : 0;
        attach_aside(pages, rows[i], i < n_done ? HMM_CONTENTS_PURGED : HMM_CONTENTS_DIRTY);
    }
    pages->purged_bytes += (size_t)n_units << HMM_UNIT_SHIFT;
    hmm_pages_note_returned(pages, (size_t)n_units << HMM_UNIT_SHIFT);
    pages->unswept_units += n_units;
    hmm_lock_give(&pages->lock);
    return n_done == n_rows ? n_units : 0;
}

/* Purge about `n_units` of dirty free memory, in at most `n_rows` rows, highest addresses first.
 */
static void purge(struct hmm_pages *pages, uint32_t n_units, uint32_t n_rows)
{
    struct hmm_aside *rows[HMM_PURGE_ROWS];
    uint32_t before = UINT32_MAX;
    while (n_rows != 0 && n_units != 0) {
        unsigned n = take_rows(pages, &before, n_units, n_rows, rows);
        uint32_t purged = n != 0 ? purge_rows(pages, rows, n) : 0;
        if (purged == 0)
            break;
        n_rows -= n;
        n_units -= (uint32_t)hmm_min(purged, n_units);
    }
}

uint32_t hmm_decay_recycle(struct hmm_pages *pages, void *block, uint32_t n_units)
{
    uint32_t before = UINT32_MAX;
    uint32_t done = 0;
    hmm_lock_take(&pages->lock);
    size_t excess = n_units >= pages->move_units ? hmm_pages_excess(pages) : 0;
    uint32_t left = (uint32_t)hmm_min(excess, n_units);
    left -= left % pages->page_units;
    for (unsigned i = 0; i < HMM_RECYCLE_ROWS && left >= pages->move_units; i++) {
        uint32_t n = 0;
        struct hmm_aside *aside = find_aside(pages);
        int64_t at = aside != NULL ? take_last_dirty(pages, before, left, &n) : HMM_RUN_NONE;
        put_aside(aside, at, n);
        if (at == HMM_RUN_NONE)
            break;
        hmm_lock_give(&pages->lock);
        char *to = (char *)block + ((size_t)done << HMM_UNIT_SHIFT);
        bool moved = hmm_move_units(pages, (uint32_t)at, n, to);
        hmm_lock_take(&pages->lock);
        attach_aside(pages, aside, moved ? HMM_CONTENTS_NEW : HMM_CONTENTS_DIRTY);
        done += moved ? n : 0;
        left -= moved ? n : 0;
        before = (uint32_t)at;
    }
    hmm_lock_give(&pages->lock);
    return done;
}

/* Of the last `n_units`, all free, so many that no more than max_dirty of them take memory.
 * locks: held pages */
static uint32_t bounded(const struct hmm_pages *pages, uint32_t n_units, uint32_t max_dirty)
{
    uint32_t max_units = (uint32_t)hmm_min(n_units, HMM_LOWER_MAX_UNITS);
    uint32_t n = 0;
    uint32_t dirty = 0;
    while (n < max_units) {
        uint32_t more = (uint32_t)hmm_min(pages->page_units, max_units - n);
        dirty += hmm_pages_count_dirty(pages, pages->n_units - n - more, more);
        if (dirty > max_dirty)
            break;
        n += more;
    }
    return n;
}

/* Take the free run at the top, all but keep_units and at most one piece, out of the heap; if
 * max_dirty is not UINT32_MAX, no more than takes so much memory. Returns how many units from
 * *first on; *n_dirty of them are dirty, the others have gone back before. locks: held pages */
static uint32_t cut_top(struct hmm_pages *pages, size_t keep_units, uint32_t max_dirty,
                        uint32_t *first, uint32_t *n_dirty)
{
    uint32_t end = pages->n_units;
    uint32_t top = end > 0 ? hmm_unit(pages->map, end - 1)->tail_units : 0;
    size_t keep = hmm_round_up(keep_units, pages->page_units);
    if (top <= keep)
        return 0;
    uint32_t n = (uint32_t)hmm_min(top - keep, end - pages->highest->first);
    if (max_dirty != UINT32_MAX)
        n = bounded(pages, n, max_dirty);
    if (n == 0)
        return 0;
    *first = end - n;
    hmm_regret_note_lowered(pages, end - n, n);
    *n_dirty = hmm_pages_detach(pages, end - top, end - n, n);
    hmm_move_forget(pages, end - n);
    hmm_pages_cut(pages, end - n);
    hmm_pagemap_set_limit(pages->map, pages->n_units);
    return n;
}

/* It could not be given back. locks: held pages */
static void take_back(struct hmm_pages *pages, uint32_t first, uint32_t n_units,
                      enum hmm_contents contents)
{
    (void)hmm_pages_add_piece(pages, first, first + n_units);
    hmm_pagemap_set_limit(pages->map, pages->n_units);
    hmm_pages_attach(pages, first, n_units, contents);
}

/* Lower the break, or the highest piece's end, by the free run at the top, all but keep_units, or
 * by less: see cut_top. Returns units given back. */
static uint32_t lower(struct hmm_pages *pages, size_t keep_units, uint32_t max_dirty)
{
    uint32_t first = 0;
    hmm_lock_take(&pages->grow);
    hmm_lock_take(&pages->lock);
    uint32_t n_dirty = 0;
    bool dropped = false;
    uint32_t n = cut_top(pages, keep_units, max_dirty, &first, &n_dirty);
    uintptr_t new_top = (uintptr_t)hmm_pagemap_address(pages->map, pages->n_units);
    hmm_lock_give(&pages->lock);
    if (n != 0) {
        hmm_states_release(pages, first, n);
        dropped = drop_contents(pages, first, n);
        if (!hmm_brk_lower(pages->brk, (uintptr_t)hmm_pagemap_address(pages->map, first),
                           new_top)) {
            hmm_lock_take(&pages->lock);
            take_back(pages, first, n, dropped ? HMM_CONTENTS_PURGED : HMM_CONTENTS_DIRTY);
            pages->top_was_free = false; /* not asked again at once */
            hmm_lock_give(&pages->lock);
            n = 0;
        }
    }
    hmm_pages_note_returned(pages, dropped || n != 0 ? (size_t)n_dirty << HMM_UNIT_SHIFT : 0);
    hmm_lock_give(&pages->grow);
    return n;
}

/* Of `n` units, those that have aged in this time, by the half-life. */
static size_t aged(size_t n, uint64_t elapsed_ns, uint64_t half_ns)
{
    /* a pause between two looks says nothing about the age of what was freed just now */
    elapsed_ns = elapsed_ns < half_ns ? elapsed_ns : half_ns;
    if (half_ns == 0)
        return n;
    return (size_t)((n * elapsed_ns + elapsed_ns + half_ns - 1) / (elapsed_ns + half_ns));
}

/* Units beyond what may be kept at any age, and a few more, so that the next ones do not follow
 * one by one. locks: held pages */
static size_t over_limit(const struct hmm_pages *pages)
{
    size_t excess = hmm_pages_excess(pages);
    size_t ahead = hmm_pages_dirty_limits(pages).most / 4;
    return excess != 0 ? excess + hmm_min(ahead, HMM_PURGE_STEP_UNITS) : 0;
}

/* Units that are due by their age: of those that were free all through this period and the one
 * before. What was not free all that time, as in a heap that swings, is worth keeping.
 * locks: held pages */
static size_t age(struct hmm_pages *pages, uint64_t elapsed_ns)
{
    uint64_t half_ns = hmm_meta_tunables(pages->meta)->decay_ms * ns_per_ms;
    size_t idle = hmm_min(pages->least_dirty_units, pages->least_before_units);
    if (half_ns == 0)
        idle = pages->dirty_units;
    bool is_learning = pages->regretted_units != 0 || pages->n_extended != 0;
    size_t needed = is_learning ? pages->kept_units
                                : hmm_min(hmm_swing_width(&pages->live_swing), pages->kept_units);
    size_t unneeded = pages->kept_units - needed;
    if (unneeded != 0)
        pages->kept_units -= (uint32_t)hmm_min(aged(unneeded, elapsed_ns, half_ns), unneeded);
    size_t least = hmm_pages_dirty_limits(pages).least;
    return idle > least ? aged(idle - least, elapsed_ns, half_ns) : 0;
}

/* Is the top long and old enough? It must have been so at two looks, lower_ms apart.
 * locks: held pages */
static bool lower_due(struct hmm_pages *pages, uint64_t now_ns)
{
    bool free_now = hmm_pages_is_top_free(pages);
    if (!free_now || !pages->top_was_free)
        pages->top_free_at_ns = now_ns;
    pages->top_was_free = free_now;
    uint64_t wait_ns = hmm_meta_tunables(pages->meta)->lower_ms * ns_per_ms;
    return free_now && now_ns - pages->top_free_at_ns >= wait_ns;
}

/* So much of the heap has been given back that its state bytes are worth a look: from its beginning
 * on. locks: held pages */
static void begin_states_sweep(struct hmm_pages *pages)
{
    uint32_t enough = hmm_pages_used(pages) / HMM_STATES_SWEEP_USED_DIVISOR;
    enough = (uint32_t)hmm_min(enough, pages->n_units / HMM_STATES_SWEEP_DIVISOR);
    enough = (uint32_t)hmm_max(enough, pages->n_units / HMM_STATES_SWEEP_MOST);
    if (pages->unswept_units <= enough)
        return;
    pages->unswept_units = 0;
    pages->states_from = 0;
}

/* What is there to do next? Returns whether state bytes are being looked through. */
static bool end_look(struct hmm_pages *pages)
{
    hmm_lock_take(&pages->lock);
    if (pages->states_from == UINT32_MAX)
        begin_states_sweep(pages);
    bool sweeps = pages->states_from != UINT32_MAX;
    hmm_pages_note_peak(pages);
    hmm_pages_note_decay(pages);
    hmm_lock_give(&pages->lock);
    return sweeps;
}

/* How much one call may give back: a piece, and twice what has been taken and freed since the last
 * call; so that no call takes much longer than its own block needs, and they keep up. */
static uint32_t step_units(struct hmm_pages *pages)
{
    /* relaxed: a hint */
    uint32_t turned = atomic_load_explicit(&pages->turned_units, memory_order_relaxed);
    atomic_store_explicit(&pages->turned_units, 0, memory_order_relaxed);
    return HMM_PURGE_STEP_UNITS + 2 * (uint32_t)hmm_min(turned, UINT32_MAX / 4);
}

/* May the system be asked again to take memory back? locks: held pages */
static void forget_refusal(struct hmm_pages *pages, uint64_t now_ns)
{
    uint64_t wait_ns = HMM_REFUSED_MS * ns_per_ms
                       << hmm_min(pages->n_refused, HMM_REFUSED_DOUBLINGS);
    bool ends = !hmm_meta_tunables(pages->meta)->keep;
    if (ends && hmm_pages_is_refused(pages) && now_ns - pages->refused_at_ns >= wait_ns)
        atomic_store_explicit(&pages->is_refused, false,
                              memory_order_relaxed); /* relaxed: a hint */
}

bool hmm_decay_at(struct hmm_pages *pages, uint64_t now_ns)
{
    uint32_t step = step_units(pages);
    hmm_lock_take(&pages->lock);
    uint64_t elapsed_ns =
        now_ns - atomic_load_explicit(&pages->decay_at_ns, memory_order_relaxed); /* held */
    size_t excess = over_limit(pages);
    bool lower_now = false;
    uint32_t may_go = 0;
    if (hmm_decay_is_look_due(pages, now_ns)) {
        atomic_store_explicit(&pages->decay_at_ns, now_ns, memory_order_relaxed); /* held */
        forget_refusal(pages, now_ns);
        pages->aged_units = (uint32_t)hmm_max(pages->aged_units, age(pages, elapsed_ns));
        lower_now = lower_due(pages, now_ns);
        may_go = pages->dirty_units - (uint32_t)hmm_min(pages->dirty_units, pages->kept_units);
        hmm_regret_age(pages, now_ns);
        hmm_backlog_look(pages, now_ns);
    }
    if (hmm_pages_is_refused(pages))
        pages->aged_units = 0;
    excess = hmm_min(hmm_max(excess, pages->aged_units), step);
    pages->aged_units -= (uint32_t)hmm_min(pages->aged_units, excess);
    hmm_lock_give(&pages->lock);
    uint32_t lowered = 0;
    if (lower_now)
        lowered = lower(pages, hmm_meta_tunables(pages->meta)->grow_min >> HMM_UNIT_SHIFT,
                        may_go < step ? may_go : step);
    if (excess > lowered)
        purge(pages, (uint32_t)excess - lowered, HMM_PURGE_STEP_ROWS + step - HMM_PURGE_STEP_UNITS);
    if (end_look(pages))
        hmm_states_sweep_some(pages);
    return lowered != 0 || excess != 0;
}

void hmm_decay_lower(struct hmm_pages *pages, size_t keep_bytes)
{
    size_t part_unit = keep_bytes % HMM_UNIT_BYTES != 0;
    size_t keep_units = (keep_bytes >> HMM_UNIT_SHIFT) + part_unit;
    while (lower(pages, keep_units, UINT32_MAX) != 0) { /* a piece at a time */
    }
}

size_t hmm_decay_all(struct hmm_pages *pages, size_t keep_bytes)
{
    size_t before = hmm_pages_returned(pages);
    hmm_decay_lower(pages, keep_bytes);
    purge(pages, UINT32_MAX, UINT32_MAX);
    hmm_states_sweep(pages);
    return hmm_pages_returned(pages) - before;
}
