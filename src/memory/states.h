/* states.h - memory for state bytes: mapped where slabs are made, given back where none is left.
 *
 * Layer   memory, above move.
 */
#ifndef HMM_MEMORY_STATES_H
#define HMM_MEMORY_STATES_H

#include "memory/pages.h"

/* Make sure that the state bytes of this kind for units [unit, unit + n_units) have memory.
 *   returns  false: out of memory, or somebody else's memory is in that place
 *   cost     a byte per 64 units; where none is there yet, a call for a 256th of the heap
 *   locks    held states */
bool hmm_states_map(struct hmm_pages *pages, unsigned kind, uint32_t unit, uint32_t n_units);

/* The same, in few instructions where they have it already. */
static inline bool hmm_states_cover(struct hmm_pages *pages, unsigned kind, uint32_t unit,
                                    uint32_t n_units)
{
    const uint32_t words = HMM_CHUNK_UNITS / HMM_WORD_UNITS;
    uint32_t word = unit / HMM_WORD_UNITS;
    const struct hmm_chunk *chunk = hmm_chunk(pages->map, word / words);
    bool one_word = (unit + n_units - 1) / HMM_WORD_UNITS == word;
    return hmm_likely(one_word && (chunk->mapped_states[word % words] >> kind & 1) != 0) ||
           hmm_states_map(pages, kind, unit, n_units);
}

/* Units [unit, unit + n_units) leave the heap: no state bytes any more. locks: takes states */
void hmm_states_release(struct hmm_pages *pages, uint32_t unit, uint32_t n_units);

/* Unmap what describes no slab of its density, so that its addresses become free, too; for systems
 * with few addresses. cost: every unit is looked at, once for each kind. locks: takes states */
void hmm_states_unmap(struct hmm_pages *pages);

/* Give back every page of state bytes that describes no slab of its density.
 * locks: takes states, for a short time each */
void hmm_states_sweep(struct hmm_pages *pages);
/* The next STATES_SWEEP_UNITS' share of it, if it has been begun. */
void hmm_states_sweep_some(struct hmm_pages *pages);

#endif
