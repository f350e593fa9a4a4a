/* supply.h - where an arena's next slab comes from.
 *
 * Layer   arenas, above shed.
 */
#ifndef HMM_ARENAS_SUPPLY_H
#define HMM_ARENAS_SUPPLY_H

#include "arenas/arena.h"

/* Fill last[0], last[-1] ... with up to `want` free blocks of the magazine's class, from the
 * arena's bin; a bin that has none gets a slab first. Returns how many; 0: out of memory.
 * locks: held arena */
unsigned hmm_supply_take(struct hmm_arenas *arenas, struct hmm_arena *arena,
                         struct hmm_magazine *mag, hmm_mark *last, unsigned want);

#endif
