/* states.c - memory for state bytes.
 *
 * There are four arrays of state bytes, for slots of four ranges of sizes (pagemap.h): together
 * they would take an eighth of the heap's addresses. So each is mapped only where a slab of its
 * range lies: by rows of words, of 64 units each, of which a chunk's `mapped_states` tell. A row is
 * at least 1 MiB of the heap, and a 256th of it, so that a kind is in few pieces.
 *
 *   a heap of 64 MiB, 4,096 units; the first slab of 48-byte slots (kind 1, a byte per 32 bytes) at
 *   unit 70: word 1. Rows are of 1 word. Mapped: 32 KiB at start + 1 * 64 * 16,384 / 32 = + 0x8000.
 *
 * Units are used for slots of 16 bytes at one time and of 500 at another. So each array has its
 * pages touched, and most of them hold only zeroes most of the time: those are given back.
 *
 * Layer   memory, above pieces. Start reading at hmm_states_map.
 * Keeps   a unit becomes a slab's only under lock `states`: none does between the look at a page's
 *         units and the return of that page.
 */
#include "memory/states.h"

#include "base/check.h"

static unsigned units_shift(unsigned kind) /* log2 of the units that a page describes */
{
    unsigned page_shift = hmm_log2(hmm_port_page_bytes());
    return page_shift + HMM_GRANULE_SHIFT + kind - HMM_UNIT_SHIFT;
}

static char *state_page(const struct hmm_pages *pages, unsigned kind, uint32_t page)
{
    return pages->meta->strips[HMM_STRIP_STATE + kind].start + (size_t)page * hmm_port_page_bytes();
}

/* --- which words' state bytes are mapped; locks: held states ------------------------------------
 */

static bool is_mapped(const struct hmm_pages *pages, unsigned kind, uint32_t word)
{
    return pages->meta->in_buffer || (hmm_states_of(pages, word)->mapped >> kind & 1) != 0;
}

static void set_mapped(struct hmm_pages *pages, unsigned kind, uint32_t word, uint32_t behind,
                       bool mapped)
{
    for (; word < behind; word++) {
        struct hmm_word_states *states = hmm_states_of(pages, word);
        states->mapped = (states->mapped & ~(1u << kind)) | (unsigned)mapped << kind;
        states->touched &= ~hmm_states_bits(kind, 0, HMM_WORD_UNITS);
    }
}

static char *word_states(const struct hmm_pages *pages, unsigned kind, uint32_t word)
{
    size_t bytes = (size_t)word * HMM_WORD_UNITS << (HMM_UNIT_SHIFT - HMM_GRANULE_SHIFT - kind);
    return pages->meta->strips[HMM_STRIP_STATE + kind].start + bytes;
}

static size_t words_bytes(const struct hmm_pages *pages, unsigned kind, uint32_t word,
                          uint32_t behind)
{
    return (size_t)(word_states(pages, kind, behind) - word_states(pages, kind, word));
}

/* The fewest words whose state bytes fill whole pages. */
static uint32_t least_words(unsigned kind)
{
    return (uint32_t)hmm_max(((size_t)1 << units_shift(kind)) / HMM_WORD_UNITS, 1);
}

/* --- mapping ------------------------------------------------------------------------------------
 */

static bool map_words(struct hmm_pages *pages, unsigned kind, uint32_t first, uint32_t behind)
{
    char *start = word_states(pages, kind, first);
    size_t bytes = words_bytes(pages, kind, first, behind);
    if (!hmm_port_map_at(start, bytes))
        return false;
    size_t all_bytes = words_bytes(pages, kind, 0, behind);
    if (hmm_port_huge_bytes() != 0 && all_bytes >= hmm_port_huge_bytes())
        hmm_port_no_huge(start, bytes); /* they would hold more memory than the heap */
    set_mapped(pages, kind, first, behind, true);
    pages->states_bytes += bytes;
    return true;
}

/* Map the row around `word`, as far as it is not mapped; at least what is needed. */
static bool map_row(struct hmm_pages *pages, unsigned kind, uint32_t word)
{
    uint32_t least = least_words(kind);
    uint32_t n_words = (uint32_t)hmm_div_up(hmm_pagemap_limit(pages->map), HMM_WORD_UNITS);
    uint32_t row = (uint32_t)hmm_max(n_words / HMM_STATES_ROWS, least);
    row = (uint32_t)1 << hmm_log2(row);
    uint32_t start = word & ~(row - 1);
    uint32_t end = (uint32_t)hmm_min(start + row, hmm_round_up(n_words, least));
    uint32_t first = word & ~(least - 1);
    uint32_t behind = first + least;
    uint32_t needed_first = first;
    while (first > start && !is_mapped(pages, kind, first - 1))
        first--;
    while (behind < end && !is_mapped(pages, kind, behind))
        behind++;
    return map_words(pages, kind, first, behind) ||
           map_words(pages, kind, needed_first, needed_first + least);
}

static HMM_COLD void map_all_kinds(struct hmm_pages *pages, uint32_t word)
{
    for (unsigned kind = 0; kind < HMM_STATE_KINDS; kind++)
        if (!is_mapped(pages, kind, word))
            (void)map_row(pages, kind, word); /* it is tried again when it is needed */
}

bool hmm_states_map(struct hmm_pages *pages, unsigned kind, uint32_t unit, uint32_t n_units)
{
    HMM_ASSERT(hmm_lock_held(&pages->states));
    HMM_ASSERT(n_units != 0);
    /* all kinds get a foothold at once: later somebody else's memory may lie in a kind's place, but
     * hardly directly above what is mapped (meta.h) */
    if (hmm_unlikely(pages->states_bytes == 0))
        map_all_kinds(pages, unit / HMM_WORD_UNITS);
    while (n_units != 0) {
        uint32_t word = unit / HMM_WORD_UNITS;
        uint32_t n = (uint32_t)hmm_min(n_units, HMM_WORD_UNITS - unit % HMM_WORD_UNITS);
        if (hmm_unlikely(!is_mapped(pages, kind, word)) && !map_row(pages, kind, word))
            return false;
        hmm_states_of(pages, word)->touched |= hmm_states_bits(kind, unit, n);
        unit += n;
        n_units -= n;
    }
    return true;
}

void hmm_states_map_all(struct hmm_pages *pages, uint32_t unit, uint32_t n_units)
{
    uint32_t behind = (uint32_t)hmm_div_up(unit + n_units, HMM_WORD_UNITS);
    hmm_lock_take(&pages->states);
    for (uint32_t word = unit / HMM_WORD_UNITS; word < behind; word++)
        map_all_kinds(pages, word);
    hmm_lock_give(&pages->states);
}

/* Of one kind, words [first, behind). locks: held states */
static void release_words(struct hmm_pages *pages, unsigned kind, uint32_t first, uint32_t behind)
{
    uint32_t least = least_words(kind);
    first = (uint32_t)hmm_round_up(first, least);
    behind = (uint32_t)hmm_round_up(behind, least);
    while (first < behind) {
        uint32_t end = first;
        while (end < behind && is_mapped(pages, kind, end))
            end++;
        size_t bytes = words_bytes(pages, kind, first, end);
        if (end > first && hmm_port_release(word_states(pages, kind, first), bytes)) {
            set_mapped(pages, kind, first, end, false);
            pages->states_bytes -= bytes;
        }
        first = end + (end == first);
    }
}

void hmm_states_release(struct hmm_pages *pages, uint32_t unit, uint32_t n_units)
{
    if (pages->meta->in_buffer)
        return;
    uint32_t first = (uint32_t)hmm_div_up(unit, HMM_WORD_UNITS);
    uint32_t behind = (uint32_t)hmm_div_up(unit + n_units, HMM_WORD_UNITS);
    hmm_lock_take(&pages->states);
    for (unsigned kind = 0; kind < HMM_STATE_KINDS; kind++)
        release_words(pages, kind, first, behind);
    hmm_lock_give(&pages->states);
}

/* --- giving back --------------------------------------------------------------------------------
 */

/* What may take memory of this page of state bytes, in one word of units. */
static uint32_t touched_bits(const struct hmm_pages *pages, unsigned kind, uint32_t unit)
{
    uint32_t n_units = (uint32_t)hmm_min((size_t)1 << units_shift(kind), HMM_WORD_UNITS);
    return hmm_states_of(pages, unit / HMM_WORD_UNITS)->touched &
           hmm_states_bits(kind, unit, n_units);
}

static bool is_touched(const struct hmm_pages *pages, unsigned kind, uint32_t page)
{
    uint32_t behind = (page + 1) << units_shift(kind);
    for (uint32_t unit = page << units_shift(kind); unit < behind; unit += HMM_WORD_UNITS)
        if (touched_bits(pages, kind, unit) != 0)
            return true;
    return false;
}

/* These pages have been given back. */
static void forget_touched(struct hmm_pages *pages, unsigned kind, uint32_t page, uint32_t behind)
{
    for (; page < behind; page++) {
        uint32_t last = (page + 1) << units_shift(kind);
        for (uint32_t unit = page << units_shift(kind); unit < last; unit += HMM_WORD_UNITS)
            hmm_states_of(pages, unit / HMM_WORD_UNITS)->touched &=
                ~touched_bits(pages, kind, unit);
    }
}

/* Can this page go: mapped, and none of its units a slab's with state bytes of this kind? */
static bool is_idle(const struct hmm_pages *pages, unsigned kind, uint32_t page)
{
    uint32_t unit = page << units_shift(kind);
    uint32_t behind = (page + 1) << units_shift(kind);
    if (!is_mapped(pages, kind, unit / HMM_WORD_UNITS))
        return false;
    for (; unit < behind; unit++) {
        uint32_t entry = hmm_pagemap_entry(pages->map, unit);
        if (hmm_entry_is_slab(entry) && hmm_state_kind(hmm_entry_class(entry)) == kind)
            return false;
    }
    return true;
}

/* All words of [word, word + least) are idle. */
static bool are_idle(const struct hmm_pages *pages, unsigned kind, uint32_t word)
{
    uint32_t page = (uint32_t)(((size_t)word * HMM_WORD_UNITS) >> units_shift(kind));
    uint32_t n_pages =
        (uint32_t)(((size_t)least_words(kind) * HMM_WORD_UNITS) >> units_shift(kind));
    for (uint32_t i = 0; i < n_pages; i++)
        if (!is_idle(pages, kind, page + i))
            return false;
    return true;
}

void hmm_states_unmap(struct hmm_pages *pages)
{
    uint32_t n_words = (uint32_t)hmm_div_up(hmm_pagemap_limit(pages->map), HMM_WORD_UNITS);
    if (pages->meta->in_buffer)
        return;
    hmm_lock_take(&pages->states);
    for (unsigned kind = 0; kind < HMM_STATE_KINDS; kind++) {
        uint32_t least = least_words(kind);
        uint32_t word = 0;
        while (word < n_words) {
            uint32_t first = word;
            while (word < n_words && are_idle(pages, kind, word))
                word += least;
            release_words(pages, kind, first, word);
            word += word == first ? least : 0;
        }
    }
    hmm_lock_give(&pages->states);
}

static bool may_go(const struct hmm_pages *pages, unsigned kind, uint32_t page)
{
    return is_touched(pages, kind, page) && is_idle(pages, kind, page);
}

/* The first page from `page` on, of those before `end`, that may go; or `end`. */
static uint32_t next_to_go(const struct hmm_pages *pages, unsigned kind, uint32_t page,
                           uint32_t end)
{
    unsigned shift = units_shift(kind);
    uint32_t all = hmm_states_bits(kind, 0, HMM_WORD_UNITS);
    bool in_word = (uint32_t)1 << shift <= HMM_WORD_UNITS;
    while (page < end && !may_go(pages, kind, page)) {
        uint32_t word = (page << shift) / HMM_WORD_UNITS;
        if (in_word && (hmm_states_of(pages, word)->touched & all) == 0)
            page = ((word + 1) * HMM_WORD_UNITS) >> shift; /* so it is for the rest of the word */
        else
            page++;
    }
    return (uint32_t)hmm_min(page, end);
}

/* Of one kind, for units [from, behind). */
static void sweep_kind(struct hmm_pages *pages, unsigned kind, uint32_t from, uint32_t behind)
{
    unsigned shift = units_shift(kind);
    uint32_t page = (uint32_t)hmm_div_up(from, (size_t)1 << shift);
    uint32_t end = behind >> shift;
    while (page < end) {
        uint32_t stop = (uint32_t)hmm_min(end, (size_t)page + HMM_STATES_SWEEP_PAGES);
        hmm_lock_take(&pages->states);
        page = next_to_go(pages, kind, page, stop);
        uint32_t first = page;
        while (page < stop && may_go(pages, kind, page))
            page++;
        if (page > first &&
            hmm_port_purge(state_page(pages, kind, first), (page - first) * hmm_port_page_bytes()))
            forget_touched(pages, kind, first, page);
        hmm_lock_give(&pages->states);
    }
}

static void sweep_range(struct hmm_pages *pages, uint32_t from, uint32_t to)
{
    uint32_t behind;
    while (from < to && (behind = hmm_pages_next_piece(pages, &from)) != 0) {
        behind = (uint32_t)hmm_min(behind, to);
        for (unsigned kind = 0; kind < HMM_STATE_KINDS; kind++)
            sweep_kind(pages, kind, from, behind);
        from = behind;
    }
}

void hmm_states_sweep(struct hmm_pages *pages)
{
    sweep_range(pages, 0, UINT32_MAX);
}

void hmm_states_sweep_some(struct hmm_pages *pages)
{
    hmm_lock_take(&pages->lock);
    uint32_t from = pages->states_from;
    bool done = from >= pages->n_units; /* or not begun */
    pages->states_from = done ? UINT32_MAX : from + HMM_STATES_SWEEP_UNITS;
    hmm_lock_give(&pages->lock);
    if (!done)
        sweep_range(pages, from, from + HMM_STATES_SWEEP_UNITS);
}
