/* supply.h - where an arena's next slab comes from.
 *
 * Layer   arenas, above shed.
 */
#ifndef HMM_ARENAS_SUPPLY_H
#define HMM_ARENAS_SUPPLY_H

#include "arenas/bin.h"

/* A slab with free slots comes into the magazine's bin, which has none. False: out of memory.
 * locks: held arena */
bool hmm_supply_slab(struct hmm_arenas *arenas, struct hmm_arena *arena, struct hmm_magazine *mag);

/* Fill last[0], last[-1] ... with up to `want` free blocks of the magazine's class, from the
 * arena's bin; a bin that has none gets a slab first, one that has some no further one. Returns how
 * many; 0: out of memory. locks: held arena */
static inline unsigned hmm_supply_take(struct hmm_arenas *arenas, struct hmm_arena *arena,
                                       struct hmm_magazine *mag, hmm_mark *last, unsigned want)
{
    unsigned taken = hmm_bin_take(&arenas->slabs, arena, mag, last, want);
    if (hmm_likely(taken != 0) || !hmm_supply_slab(arenas, arena, mag))
        return taken;
    return hmm_bin_take(&arenas->slabs, arena, mag, last, want);
}

#endif
