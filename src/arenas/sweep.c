/* sweep.c - whole pages of free slots go back to the system, though other slots of their slab are
 * in use.
 *
 * Blocks that outlive their neighbours keep a slab. Free slots hold no data of ours, so the pages
 * that consist of nothing else need no memory. They are looked for when an arena's free slots have
 * become many more than after the last pass, how many more depends on what is in use, and on what
 * was given back and soon needed again. A pass goes over all slabs, some of them with each slow
 * path of the arena's thread.
 *
 * Layer   arenas, above arena. Start reading at hmm_sweep_some.
 * State   struct hmm_arena and its slabs, under the arena's lock.
 */
#include "arenas/sweep.h"

#include "base/check.h"
#include "memory/decay.h"
#include "memory/regret.h"

/* Are slots [first, last] free? */
static bool are_free(const struct hmm_slab *slab, uint32_t first, uint32_t last)
{
    for (uint32_t word = first / 64; word <= last / 64; word++) {
        uint64_t wanted = ~(uint64_t)0;
        if (word == first / 64)
            wanted &= ~(uint64_t)0 << (first % 64);
        if (word == last / 64)
            wanted &= ~(uint64_t)0 >> (63 - last % 64);
        if ((slab->words[word] & wanted) != wanted)
            return false;
    }
    return true;
}

/* The pages of the slab on which nothing but free slots lies, as bits. */
static uint64_t free_pages(const struct hmm_slab *slab, uint32_t page_bytes)
{
    uint32_t slots_bytes = slab->n_slots * slab->slot_bytes;
    uint64_t found = 0;
    for (uint32_t page = 0; page * page_bytes < slots_bytes; page++) {
        uint32_t behind = (page + 1) * page_bytes;
        uint32_t first = hmm_slab_slot(slab, slab->start + (size_t)page * page_bytes);
        uint32_t last = behind > slots_bytes ? slab->n_slots - 1
                                             : hmm_slab_slot(slab, slab->start + behind - 1);
        if (are_free(slab, first, last))
            found |= (uint64_t)1 << page;
    }
    return found;
}

/* Rows of pages that are given back together. */
struct rows {
    unsigned n;
    unsigned n_pages; /* of these and those given back before, together */
    struct hmm_range ranges[HMM_PURGE_RANGES];
    struct hmm_slab *slabs[HMM_PURGE_RANGES];
    uint64_t pages[HMM_PURGE_RANGES]; /* of the slab */
};

static void give_rows_back(struct hmm_pages *heap, struct hmm_arena *arena, struct rows *rows,
                           uint64_t now_ns)
{
    size_t n_done = hmm_port_purge_ranges(rows->ranges, rows->n);
    size_t bytes = 0;
    for (size_t i = 0; i < n_done; i++) {
        rows->slabs[i]->purged_pages |= rows->pages[i];
        rows->slabs[i]->purged_at_ns = now_ns;
        bytes += rows->ranges[i].bytes;
    }
    arena->sweep.purged_bytes += bytes;
    hmm_pages_note_returned(heap, bytes);
    if (hmm_unlikely(n_done < rows->n)) {
        hmm_lock_take(&heap->lock);
        hmm_decay_note_purge(heap, false);
        hmm_lock_give(&heap->lock);
    }
    rows->n = 0;
}

/* Its pages that are to go become rows. */
static void sweep_slab(struct hmm_pages *heap, struct hmm_arena *arena, struct hmm_slab *slab,
                       struct rows *rows, uint64_t now_ns)
{
    uint32_t page_bytes = (uint32_t)hmm_port_page_bytes();
    uint64_t pages = free_pages(slab, page_bytes) & ~slab->purged_pages;
    while (pages != 0) {
        if (rows->n == HMM_PURGE_RANGES)
            give_rows_back(heap, arena, rows, now_ns);
        unsigned first = (unsigned)__builtin_ctzll(pages);
        uint64_t behind = ~(pages >> first);
        unsigned n = behind == 0 ? 64 : (unsigned)__builtin_ctzll(behind);
        uint64_t row = (n == 64 ? ~(uint64_t)0 : ((uint64_t)1 << n) - 1) << first;
        rows->ranges[rows->n] =
            (struct hmm_range){slab->start + (size_t)first * page_bytes, (size_t)n * page_bytes};
        rows->slabs[rows->n] = slab;
        rows->pages[rows->n] = row;
        rows->n++;
        rows->n_pages += n;
        pages &= ~row;
    }
    slab->swept_free = slab->n_free;
}

/* Bytes of free slots that take memory. */
static size_t level_bytes(const struct hmm_arena *arena)
{
    size_t purged_bytes = arena->sweep.purged_bytes;
    return arena->free_bytes > purged_bytes ? arena->free_bytes - purged_bytes : 0;
}

/* It may have become lower. */
static void note_level(struct hmm_arena *arena)
{
    arena->sweep.swept_bytes = hmm_min(arena->sweep.swept_bytes, level_bytes(arena));
    arena->sweep.from_bytes = hmm_min(arena->sweep.from_bytes, arena->free_bytes);
}

static size_t changed(size_t bytes, size_t by_bytes, int sign)
{
    return sign > 0 ? bytes + by_bytes : bytes - hmm_min(bytes, by_bytes);
}

void hmm_sweep_note_slab(struct hmm_arena *arena, const struct hmm_slab *slab, int sign)
{
    struct hmm_sweep *sweep = &arena->sweep;
    size_t seen_bytes = (size_t)slab->swept_free * slab->slot_bytes;
    size_t purged_bytes = hmm_slab_purged_bytes(slab);
    sweep->from_bytes = changed(sweep->from_bytes, seen_bytes, sign);
    sweep->swept_bytes =
        changed(sweep->swept_bytes, seen_bytes - hmm_min(seen_bytes, purged_bytes), sign);
}

/* --- passes -------------------------------------------------------------------------------------
 */

static bool passes(const struct hmm_sweep *sweep)
{
    return atomic_load_explicit(&sweep->passes, memory_order_relaxed); /* relaxed: held */
}

static void set_passes(struct hmm_sweep *sweep, bool is)
{
    atomic_store_explicit(&sweep->passes, is, memory_order_relaxed); /* relaxed: held */
}

static void enter_bucket(struct hmm_arena *arena)
{
    const struct hmm_sweep *sweep = &arena->sweep;
    struct hmm_magazine *mag = arena->magazines[sweep->class_idx];
    if (mag != NULL)
        mag->bin.sweep_next = mag->bin.bucket[sweep->bucket];
}

/* Over all slabs that are not in use meanwhile; or over those that have lain unused for a period.
 */
static void begin_pass(struct hmm_arena *arena, bool unused)
{
    struct hmm_sweep *sweep = &arena->sweep;
    set_passes(sweep, true);
    sweep->epoch++;
    sweep->since = unused ? sweep->before_epoch : sweep->epoch;
    sweep->skipped_bytes = 0;
    sweep->from_bytes = arena->free_bytes;
    sweep->class_idx = 1;
    sweep->bucket = 0;
    enter_bucket(arena);
}

/* The next list; false: there is none, the pass has come to its end. */
static bool next_bucket(struct hmm_arena *arena)
{
    struct hmm_sweep *sweep = &arena->sweep;
    struct hmm_magazine *mag = arena->magazines[sweep->class_idx];
    if (mag != NULL)
        mag->bin.sweep_next = NULL; /* lists of another bucket are nobody's business */
    bool last = mag == NULL || ++sweep->bucket == HMM_SLAB_BUCKETS;
    if (last) {
        sweep->bucket = 0;
        sweep->class_idx++;
    }
    if (sweep->class_idx < HMM_CLASSES) {
        enter_bucket(arena);
        return true;
    }
    set_passes(sweep, false);
    return false;
}

static void end_pass(struct hmm_arena *arena)
{
    struct hmm_sweep *sweep = &arena->sweep;
    note_level(arena);
    size_t level = level_bytes(arena);
    size_t since_bytes = arena->free_bytes - sweep->from_bytes + sweep->skipped_bytes;
    sweep->swept_bytes = level - hmm_min(level, since_bytes);
}

/* The next slab of the pass; NULL: none in this list. */
static struct hmm_slab *next_of_pass(struct hmm_arena *arena)
{
    struct hmm_magazine *mag = arena->magazines[arena->sweep.class_idx];
    struct hmm_slab *slab = mag != NULL ? mag->bin.sweep_next : NULL;
    if (slab != NULL)
        mag->bin.sweep_next = slab->next;
    return slab;
}

/* So much of a pass that the call doesn't take long. */
static void step(struct hmm_pages *pages, struct hmm_arena *arena, uint64_t now_ns)
{
    uint32_t page_bytes = (uint32_t)hmm_port_page_bytes();
    struct rows rows;
    rows.n = rows.n_pages = 0;
    for (unsigned n = 0; n < HMM_SWEEP_STEP_SLABS && rows.n_pages < HMM_SWEEP_STEP_PAGES;) {
        struct hmm_slab *slab = next_of_pass(arena);
        if (slab == NULL && !next_bucket(arena))
            break;
        if (slab == NULL)
            continue;
        n++;
        if ((int32_t)(slab->taken_epoch - arena->sweep.since) >= 0)
            arena->sweep.skipped_bytes +=
                (size_t)slab->n_free * slab->slot_bytes - hmm_slab_purged_bytes(slab);
        else if (slab->n_free > slab->swept_free && slab->n_free >= page_bytes / slab->slot_bytes)
            sweep_slab(pages, arena, slab, &rows, now_ns);
    }
    if (rows.n != 0)
        give_rows_back(pages, arena, &rows, now_ns);
    if (!passes(&arena->sweep))
        end_pass(arena);
}

/* --- how much is kept ---------------------------------------------------------------------------
 */

/* What has become free since the last pass, as far as it takes memory. */
static size_t spare_bytes(const struct hmm_arena *arena)
{
    size_t level = level_bytes(arena);
    return level > arena->sweep.swept_bytes ? level - arena->sweep.swept_bytes : 0;
}

static uint32_t held_units(const struct hmm_arena *arena)
{
    return (uint32_t)((arena->slab_bytes - arena->free_bytes) >> HMM_UNIT_SHIFT);
}

static size_t swing_bytes(const struct hmm_sweep *sweep)
{
    return (size_t)hmm_swing_width(&sweep->swing) << HMM_UNIT_SHIFT;
}

/* Has so much become free that pages are looked for at once? */
static bool is_much(const struct hmm_arena *arena)
{
    size_t held_bytes = arena->slab_bytes - arena->free_bytes;
    size_t kept_bytes = arena->sweep.kept_bytes; /* of whole pages: slots are a little more */
    return arena->free_bytes - arena->sweep.from_bytes >
           HMM_SWEEP_MIN_BYTES + held_bytes / HMM_SWEEP_DIVISOR + kept_bytes + kept_bytes / 4;
}

/* The arena's part of *sum is so many bytes now. */
static void tell_sum(_Atomic(uint32_t) *sum, uint32_t *told, size_t bytes)
{
    uint32_t units = (uint32_t)(bytes >> HMM_UNIT_SHIFT);
    atomic_fetch_add_explicit(sum, units - *told, memory_order_relaxed); /* relaxed: a hint */
    *told = units;
}

void hmm_sweep_tell(struct hmm_pages *pages, struct hmm_arena *arena)
{
    HMM_ASSERT(hmm_lock_held(&arena->lock));
    struct hmm_sweep *sweep = &arena->sweep;
    note_level(arena);
    sweep->told_bytes = arena->free_bytes;
    hmm_swing_note_low(&sweep->swing, held_units(arena));
    hmm_swing_note_high(&sweep->swing, held_units(arena));
    tell_sum(&pages->unused_units, &sweep->told_units, arena->free_bytes);
    tell_sum(&pages->slots_units, &sweep->told_spare, spare_bytes(arena));
    hmm_pages_note_less_spare(pages);
    hmm_swing_note_low(&pages->live_swing, hmm_pages_live_about(pages));
    hmm_swing_note_high(&pages->live_swing, hmm_pages_live_about(pages));
    /* relaxed: a hint */
    atomic_store_explicit(&sweep->waits,
                          passes(sweep) || (is_much(arena) && hmm_pages_may_sweep(pages)),
                          memory_order_relaxed);
}

void hmm_sweep_begin_period(struct hmm_pages *pages, struct hmm_arena *arena)
{
    HMM_ASSERT(hmm_lock_held(&arena->lock));
    struct hmm_sweep *sweep = &arena->sweep;
    sweep->epoch++;
    sweep->before_epoch = sweep->period_epoch;
    sweep->period_epoch = sweep->epoch;
    /* what swings is needed again, though nothing of it goes back as long as it is kept */
    size_t kept_bytes = hmm_max(sweep->kept_bytes / 2, swing_bytes(sweep));
    sweep->kept_bytes = hmm_min(sweep->kept_bytes, kept_bytes);
    hmm_swing_begin(&sweep->swing, held_units(arena));
    note_level(arena);
    if (!passes(sweep) && spare_bytes(arena) > HMM_SWEEP_LEAST_BYTES)
        begin_pass(arena, true);
    hmm_sweep_tell(pages, arena);
}

bool hmm_sweep_idle(struct hmm_pages *pages, struct hmm_arena *arena, uint64_t now_ns)
{
    HMM_ASSERT(hmm_lock_held(&arena->lock));
    note_level(arena);
    if (!passes(&arena->sweep))
        begin_pass(arena, false);
    if (!hmm_pages_is_refused(pages))
        step(pages, arena, now_ns);
    hmm_sweep_tell(pages, arena);
    return !passes(&arena->sweep) || hmm_pages_is_refused(pages);
}

void hmm_sweep_some(struct hmm_pages *pages, struct hmm_arena *arena, bool frees, uint64_t now_ns)
{
    HMM_ASSERT(hmm_lock_held(&arena->lock));
    struct hmm_sweep *sweep = &arena->sweep;
    note_level(arena);
    if (!passes(sweep) && frees && is_much(arena) && !hmm_pages_have_spare(pages) &&
        hmm_pages_may_sweep(pages))
        begin_pass(arena, false);
    if (passes(sweep) && !hmm_pages_is_refused(pages))
        step(pages, arena, now_ns);
    hmm_sweep_tell(pages, arena);
}

/* Does each page of the bin's blocks get used? */
static bool is_dense(const struct hmm_bin *bin, const struct hmm_slab *slab)
{
    return slab->slot_bytes <= hmm_port_page_bytes() || bin->witness.dense;
}

/* Pages that had been given back are needed: one call for a row, instead of a page fault each. */
static void get_taken_pages(struct hmm_slab *slab, uint64_t pages)
{
    size_t page_bytes = hmm_port_page_bytes();
    unsigned first = (unsigned)__builtin_ctzll(pages);
    unsigned last = 63 - (unsigned)__builtin_clzll(pages);
    if (last > first)
        hmm_port_populate(slab->start + first * page_bytes, (last - first + 1) * page_bytes);
}

void hmm_sweep_note_taken(struct hmm_pages *heap, struct hmm_arena *arena,
                          const struct hmm_bin *bin, hmm_mark first, hmm_mark last)
{
    HMM_ASSERT(hmm_lock_held(&arena->lock));
    struct hmm_slab *slab = bin->current;
    size_t page_bytes = hmm_port_page_bytes();
    size_t from = (size_t)((char *)hmm_mark_block(first) - slab->start) / page_bytes;
    size_t to =
        ((size_t)((char *)hmm_mark_block(last) - slab->start) + slab->slot_bytes - 1) / page_bytes;
    uint64_t pages = (~(uint64_t)0 << from) & (~(uint64_t)0 >> (63 - to)) & slab->purged_pages;
    if (pages == 0)
        return;
    slab->purged_pages &= ~pages;
    slab->swept_free = 0;
    size_t bytes = (size_t)__builtin_popcountll(pages) * page_bytes;
    arena->sweep.purged_bytes -= bytes;
    if (hmm_port_clock_latest_ns() - slab->purged_at_ns < 2 * hmm_regret_ns) {
        hmm_regret_note_slots(heap, (uint32_t)hmm_div_up(bytes, HMM_UNIT_BYTES));
        size_t kept_bytes = hmm_min(arena->sweep.kept_bytes + bytes, swing_bytes(&arena->sweep));
        arena->sweep.kept_bytes = hmm_max(arena->sweep.kept_bytes, kept_bytes);
    }
    if (is_dense(bin, slab))
        get_taken_pages(slab, pages);
}
