/* states.c - memory of state bytes that are all zero goes back.
 *
 * There are four arrays of state bytes, for slots of four ranges of sizes (pagemap.h). As units are
 * used now for slots of 16 bytes, now for slots of 500, each array gets its pages touched, and most
 * of them hold nothing but zeroes most of the time.
 *
 * Layer   core, above pages (same state), below slab. Start reading at hmm_states_sweep.
 * Keeps   a unit becomes a slab's only under lock `states`: none does between the look at a page's
 *         units and the return of that page.
 */
#include "core/states.h"

static unsigned units_shift(unsigned kind) /* log2 of the units that a page describes */
{
    unsigned page_shift = hmm_log2(hmm_port_page_bytes());
    return page_shift + HMM_GRANULE_SHIFT + kind - HMM_UNIT_SHIFT;
}

static char *state_page(const struct hmm_pages *pages, unsigned kind, uint32_t page)
{
    return pages->meta->strips[HMM_STRIP_STATE + kind].start + page * hmm_port_page_bytes();
}

void hmm_states_drop(struct hmm_pages *pages, uint32_t unit, uint32_t n_units)
{
    for (unsigned kind = 0; kind < HMM_STATE_KINDS; kind++) {
        unsigned shift = units_shift(kind);
        uint32_t first = (uint32_t)hmm_round_up(unit, (size_t)1 << shift) >> shift;
        uint32_t behind = (unit + n_units) >> shift;
        if (behind > first)
            hmm_port_purge(state_page(pages, kind, first),
                           (behind - first) * hmm_port_page_bytes());
    }
}

/* Is one of these units a slab's with state bytes of this kind? */
static bool has_slab(const struct hmm_pagemap *map, unsigned kind, uint32_t unit, uint32_t behind)
{
    for (; unit < behind; unit++) {
        uint32_t entry = hmm_pagemap_entry(map, unit);
        if (hmm_entry_is_slab(entry) && hmm_state_kind(hmm_entry_class(entry)) == kind)
            return true;
    }
    return false;
}

static void sweep_kind(struct hmm_pages *pages, unsigned kind, uint32_t n_units)
{
    unsigned shift = units_shift(kind);
    uint32_t n_pages = n_units >> shift;
    for (uint32_t page = 0; page < n_pages;) {
        uint32_t behind = page;
        hmm_lock_take(&pages->states);
        while (behind < n_pages && behind - page < HMM_STATES_SWEEP_PAGES &&
               !has_slab(pages->map, kind, behind << shift, (behind + 1) << shift))
            behind++;
        if (behind > page)
            hmm_port_purge(state_page(pages, kind, page), (behind - page) * hmm_port_page_bytes());
        hmm_lock_give(&pages->states);
        page = behind > page ? behind : page + 1;
    }
}

void hmm_states_sweep(struct hmm_pages *pages)
{
    uint32_t n_units = (uint32_t)hmm_pagemap_limit(pages->map);
    for (unsigned kind = 0; kind < HMM_STATE_KINDS; kind++)
        sweep_kind(pages, kind, n_units);
}
