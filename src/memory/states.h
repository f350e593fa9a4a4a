/* states.h - memory for state bytes: mapped where slabs are made, given back where none is left.
 *
 * Layer   memory, above pieces.
 */
#ifndef HMM_MEMORY_STATES_H
#define HMM_MEMORY_STATES_H

#include "memory/pieces.h"

/* Make sure that the state bytes of this kind for units [unit, unit + n_units) have memory, which
 * they may take from now on.
 *   returns  false: out of memory, or somebody else's memory is in that place
 *   cost     a byte per 64 units; where none is there yet, a call for a 256th of the heap
 *   locks    held states */
bool hmm_states_map(struct hmm_pages *pages, unsigned kind, uint32_t unit, uint32_t n_units);

/* The same for all kinds, of units that are not slabs yet, as far as they can be had: for a program
 * that is to have no page faults later. locks: takes states */
void hmm_states_map_all(struct hmm_pages *pages, uint32_t unit, uint32_t n_units);

/* Which bits of hmm_word_states.touched stand for the state bytes of these units, all of one word:
 * 16 of kind 0, 8 of kind 1, 4, 2. */
static inline uint32_t hmm_states_bits(unsigned kind, uint32_t unit, uint32_t n_units)
{
    unsigned shift = 2 + kind; /* log2 of the units that 4 KiB describe */
    unsigned first = unit % HMM_WORD_UNITS >> shift;
    unsigned last = (unit + n_units - 1) % HMM_WORD_UNITS >> shift;
    return ((2u << last) - (1u << first)) << (32 - (32 >> kind));
}

static inline struct hmm_word_states *hmm_states_of(const struct hmm_pages *pages, uint32_t word)
{
    return &hmm_chunk(pages->map, word / HMM_CHUNK_WORDS)->states[word % HMM_CHUNK_WORDS];
}

/* The same, in few instructions where they have it already. */
static inline bool hmm_states_cover(struct hmm_pages *pages, unsigned kind, uint32_t unit,
                                    uint32_t n_units)
{
    uint32_t word = unit / HMM_WORD_UNITS;
    struct hmm_word_states *states = hmm_states_of(pages, word);
    bool one_word = (unit + n_units - 1) / HMM_WORD_UNITS == word;
    if (hmm_unlikely(!one_word || (states->mapped >> kind & 1) == 0))
        return hmm_states_map(pages, kind, unit, n_units);
    states->touched |= hmm_states_bits(kind, unit, n_units);
    return true;
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
