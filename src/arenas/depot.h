/* depot.h - full magazines set aside.
 *
 * Callers of all functions here hold the arena's lock.
 *
 * Layer   arenas, above remote.
 */
#ifndef HMM_ARENAS_DEPOT_H
#define HMM_ARENAS_DEPOT_H

#include "arenas/arena.h"

/* Set the full rounds aside and load empty ones. False: no more are to be kept, or no memory. */
bool hmm_depot_store(struct hmm_arenas *arenas, struct hmm_arena *arena, struct hmm_magazine *mag);
/* Load full rounds in place of the empty ones. False: there are none. */
bool hmm_depot_fetch(struct hmm_arena *arena, struct hmm_magazine *mag);
/* Return the blocks of the oldest full rounds to their slabs. There must be such rounds. */
void hmm_depot_drop_oldest(struct hmm_arenas *arenas, struct hmm_arena *arena,
                           struct hmm_magazine *mag);
/* Return what was not needed since the last look, or all, to the slabs. */
void hmm_depot_shed(struct hmm_arenas *arenas, struct hmm_arena *arena, struct hmm_magazine *mag,
                    bool all);
/* So many blocks were returned to the slabs, or taken from them. */
void hmm_depot_note_sent(struct hmm_magazine *mag, unsigned n);
void hmm_depot_note_fetched(struct hmm_magazine *mag, unsigned n);

/* A magazine without a depot, which is empty, has been full since its last refill: let it hold
 * twice as much, if that is not too much for the arena. */
void hmm_depot_lengthen(struct hmm_arenas *arenas, struct hmm_arena *arena,
                        struct hmm_magazine *mag);
/* An empty magazine is not in use: let it hold few. */
void hmm_depot_narrow(struct hmm_arena *arena, struct hmm_magazine *mag);

#endif
