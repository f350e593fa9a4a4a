/* shed.h - what an arena gives up: idle magazines, depots, wholly free slabs.
 *
 * Layer   arenas, above depot.
 */
#ifndef HMM_ARENAS_SHED_H
#define HMM_ARENAS_SHED_H

#include "arenas/arena.h"

/* Which free blocks of an arena are returned to their slabs; wholly free slabs are then released.
 */
enum hmm_shed {
    HMM_SHED_IDLE,       /* those of magazines, and parts of depots, not used since the last time */
    HMM_SHED_FOR_GROWTH, /* and all depots': the heap is about to grow */
    HMM_SHED_ALL,
};
/* With the remote frees. caller: owner */
void hmm_arena_shed(struct hmm_arenas *arenas, struct hmm_arena *arena, enum hmm_shed shed);
/* Wholly free slabs of all arenas go, once what others have freed into them is collected; what
 * their threads' magazines hold stays. locks: takes arena, of each */
void hmm_arenas_shed_slabs(struct hmm_arenas *arenas);
/* The same within a slow path, without the remote frees. locks: held arena */
void hmm_arena_shed_locked(struct hmm_arenas *arenas, struct hmm_arena *arena, enum hmm_shed shed);

/* Return the oldest `n` blocks of the magazine to their slabs. locks: held arena */
void hmm_shed_oldest(struct hmm_arenas *arenas, struct hmm_arena *arena, struct hmm_magazine *mag,
                     unsigned n);

#endif
