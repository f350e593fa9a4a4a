/* refill.h - a thread's magazines are filled and emptied.
 *
 * Layer   arenas, above supply.
 */
#ifndef HMM_ARENAS_REFILL_H
#define HMM_ARENAS_REFILL_H

#include "arenas/arena.h"

/* Refill an empty magazine. False: out of memory. caller: owner of a private arena */
bool hmm_arena_refill(struct hmm_arenas *arenas, struct hmm_arena *arena, struct hmm_magazine *mag);
/* A full magazine gets room for a block at least: it grows, its rounds go into the depot, or blocks
 * are returned to their slabs. caller: owner of a private arena */
void hmm_arena_make_room(struct hmm_arenas *arenas, struct hmm_arena *arena,
                         struct hmm_magazine *mag);

/* Return a caller's block to the arena's own slab at once, since its magazine is closed.
 * Returns PUSH_DONE or PUSH_NOT_LIVE. caller: owner of a private arena */
enum hmm_push hmm_arena_put_home(struct hmm_arenas *arenas, struct hmm_arena *arena,
                                 struct hmm_magazine *mag, void *block);

#endif
