/* regret.c - memory that was given back and is needed again soon had better been kept.
 *
 * Layer   memory, above pieces. Start reading at regret.h.
 * State   bits `purged` of units; kept_units and what decides about them in struct hmm_pages.
 */
#include "memory/regret.h"

#include "base/check.h"

/* The bits of purged units move on by a period. */
static void age_bits(struct hmm_pages *pages)
{
    for (const struct hmm_piece *piece = pages->lowest; piece != NULL; piece = piece->next) {
        /* a word that two pieces share is the lower one's: its bits move on once */
        bool shares = piece->prev != NULL && piece->prev->behind > piece->first / 64 * 64;
        uint32_t n_words = (uint32_t)hmm_div_up(piece->behind, 64);
        for (uint32_t word = piece->first / 64 + shares; word < n_words; word++) {
            struct hmm_unit_bits *bits = hmm_unit_bits(pages->map, word);
            bits->purged[1] = bits->purged[0];
            bits->purged[0] = 0;
        }
    }
    pages->purged_before = pages->purged_lately;
    pages->purged_lately = false;
    pages->lowered_units[1] = pages->lowered_units[0];
    pages->lowered_units[0] = 0;
}

/* What was least of free memory in this period, was so in the one before. */
static void begin_period(struct hmm_pages *pages)
{
    pages->least_before_units = pages->least_dirty_units;
    pages->least_dirty_units = pages->dirty_units;
    /* relaxed: hints */
    pages->least_units_before = atomic_load_explicit(&pages->least_units, memory_order_relaxed);
    atomic_store_explicit(&pages->least_units, hmm_pages_spare_units(pages), memory_order_relaxed);
}

void hmm_regret_age(struct hmm_pages *pages, uint64_t now_ns)
{
    uint64_t elapsed_ns = now_ns - pages->regret_at_ns;
    if (elapsed_ns < hmm_regret_ns)
        return;
    pages->regret_at_ns = now_ns;
    begin_period(pages);
    /* much is being taken again: what is left of it is needed, too, however long that takes */
    bool extended = pages->regretted_units > pages->kept_units / HMM_REGRET_DIVISOR &&
                    pages->n_extended < HMM_REGRET_PERIODS && elapsed_ns < 2 * hmm_regret_ns;
    pages->regretted_units = 0;
    pages->n_extended = extended ? pages->n_extended + 1 : 0;
    if (extended)
        return;
    hmm_swing_begin(&pages->live_swing, hmm_pages_live(pages));
    for (int i = 0; i < 2 && (pages->purged_lately || pages->purged_before); i++)
        if (i == 0 || elapsed_ns >= 2 * hmm_regret_ns)
            age_bits(pages);
}

void hmm_regret_forget(struct hmm_pages *pages)
{
    HMM_ASSERT(hmm_lock_held(&pages->lock));
    pages->kept_units = pages->regretted_units = 0;
    for (int period = 0; period < 2; period++)
        hmm_swing_begin(&pages->live_swing, hmm_pages_live(pages));
}

/* Units that were given back not long ago; and dirty ones, if `dirty`. */
static inline uint32_t count_purged(const struct hmm_pages *pages, uint32_t unit, uint32_t n_units,
                                    bool dirty)
{
    uint32_t n = 0;
    for (uint32_t word = unit / 64; word <= (unit + n_units - 1) / 64; word++) {
        const struct hmm_unit_bits *bits = hmm_unit_bits(pages->map, word);
        uint64_t found = bits->purged[0] | bits->purged[1] | (dirty ? bits->dirty : 0);
        uint64_t mask = hmm_pages_bits_mask(word, unit, unit + n_units);
        if ((found & mask) != 0)
            n += (uint32_t)__builtin_popcountll(found & mask);
    }
    return n;
}

/* Units that were given back not long ago. */
static uint32_t count_regretted(struct hmm_pages *pages, uint32_t unit, uint32_t n_units)
{
    hmm_regret_age(pages, hmm_port_clock_latest_ns());
    return count_purged(pages, unit, n_units, false);
}

void hmm_regret_note_lowered(struct hmm_pages *pages, uint32_t unit, uint32_t n_units)
{
    HMM_ASSERT(hmm_lock_held(&pages->lock));
    pages->lowered_units[0] += count_purged(pages, unit, n_units, true);
    pages->purged_lately = true;
}

/* So much had better been kept; as far as what is live has become less, and more again: free memory
 * that lay in one place, while it was needed in another, is no reason to keep any. locks: held
 * pages
 */
static void regret(struct hmm_pages *pages, uint32_t n_units)
{
    if (n_units == 0)
        return;
    size_t max_bytes = hmm_meta_tunables(pages->meta)->dirty_max; /* 0: no limit */
    size_t swing = hmm_swing_width(&pages->live_swing);
    size_t most = swing + swing / HMM_REGRET_BETWEEN; /* with what is free between */
    if (max_bytes != 0)
        most = hmm_min(most, hmm_max(max_bytes >> HMM_UNIT_SHIFT, hmm_pages_used(pages)));
    size_t kept = hmm_min((size_t)pages->kept_units + n_units, most);
    pages->regretted_units += n_units;
    pages->kept_units = (uint32_t)hmm_max(pages->kept_units, kept);
}

void hmm_regret_note_grown(struct hmm_pages *pages, uint32_t n_units)
{
    HMM_ASSERT(hmm_lock_held(&pages->lock));
    uint32_t n = (uint32_t)hmm_min(n_units, pages->lowered_units[0]);
    uint32_t n_before = (uint32_t)hmm_min(n_units - n, pages->lowered_units[1]);
    pages->lowered_units[0] -= n;
    pages->lowered_units[1] -= n_before;
    regret(pages, n + n_before);
}

void hmm_regret_note_slots(struct hmm_pages *pages, uint32_t n_units)
{
    hmm_lock_take(&pages->lock);
    regret(pages, n_units);
    hmm_lock_give(&pages->lock);
}

void hmm_regret_note_needed(struct hmm_pages *pages, uint32_t unit, uint32_t n_units)
{
    HMM_ASSERT(hmm_lock_held(&pages->lock));
    if (pages->purged_lately || pages->purged_before)
        regret(pages, count_regretted(pages, unit, n_units));
}

void hmm_regret_mark(struct hmm_pages *pages, uint32_t unit, uint64_t swept_pages)
{
    HMM_ASSERT(hmm_lock_held(&pages->lock));
    for (; swept_pages != 0; swept_pages &= swept_pages - 1) {
        size_t offset = (size_t)__builtin_ctzll(swept_pages) * hmm_port_page_bytes();
        uint32_t at = unit + (uint32_t)(offset >> HMM_UNIT_SHIFT);
        hmm_unit_bits(pages->map, at / 64)->purged[0] |= (uint64_t)1 << (at % 64);
    }
    pages->purged_lately = true;
}
