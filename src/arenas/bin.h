/* bin.h - an arena's slabs of one class.
 *
 * Callers of all functions here hold the arena's lock. Mechanism only: a bin that has no free slot
 * says so, and supply.c decides where the next slab comes from.
 *
 * Layer   arenas, above sweep.
 */
#ifndef HMM_ARENAS_BIN_H
#define HMM_ARENAS_BIN_H

#include "arenas/arena.h"

/* Fill last[0], last[-1] ... with up to `want` free blocks. Returns how many; 0: the bin has none.
 */
unsigned hmm_bin_take(struct hmm_slabs *slabs, struct hmm_arena *arena, struct hmm_magazine *mag,
                      hmm_mark *last, unsigned want);
/* Put back the blocks of marks[0..n_marks), up to the first one that lies in another arena's slab.
 * Returns how many. One that was free already is noted in arena->twice_free. */
unsigned hmm_bin_put(struct hmm_slabs *slabs, struct hmm_arena *arena, const hmm_mark *marks,
                     unsigned n_marks);
/* Collect what others freed into the arena's own slab. Returns how many slots. */
unsigned hmm_bin_collect(struct hmm_slabs *slabs, struct hmm_arena *arena, struct hmm_slab *slab);
/* A slab with free slots leaves the bin; NULL: there is none. */
struct hmm_slab *hmm_bin_give(struct hmm_arena *arena, struct hmm_bin *bin);
/* A slab of another arena's comes into the bin. */
void hmm_bin_adopt(struct hmm_slabs *slabs, struct hmm_arena *arena, struct hmm_bin *bin,
                   struct hmm_slab *slab);
/* A new slab comes into a bin without a current one. */
void hmm_bin_add(struct hmm_arena *arena, struct hmm_bin *bin, struct hmm_slab *slab);
/* Let wholly free slabs of the bin go. */
void hmm_bin_shed(struct hmm_slabs *slabs, struct hmm_arena *arena, struct hmm_bin *bin);
/* The current slab is one of the others: the next one to take from is chosen anew. */
void hmm_bin_set_aside(struct hmm_bin *bin);
/* Take over every slab of the bin that `from` owns. locks: held arena, of both */
void hmm_bin_move(struct hmm_slabs *slabs, struct hmm_arena *from, struct hmm_bin *bin,
                  struct hmm_arena *to, struct hmm_bin *to_bin);

#endif
