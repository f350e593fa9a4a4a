/* pieces.h - the pieces that the heap consists of.
 *
 * Layer   memory, above units.
 */
#ifndef HMM_MEMORY_PIECES_H
#define HMM_MEMORY_PIECES_H

#include "memory/units.h"

/* The units of the piece that *from lies in, or of the next one: *from is moved up to its beginning
 * if need be. Returns the unit after its last; 0: there is none. locks: takes pages */
uint32_t hmm_pages_next_piece(struct hmm_pages *pages, uint32_t *from);

/* Make sure that there is a node for one more piece. False: out of memory. locks: held grow */
bool hmm_pages_have_spare_piece(struct hmm_pages *pages);
/* Units [first, behind) are ours from now on: the end of a piece, or one more. Returns whether it
 * is the end of one. locks: held pages; there is a spare node */
bool hmm_pages_add_piece(struct hmm_pages *pages, uint32_t first, uint32_t behind);
/* Remove what the highest piece has from `unit` on, or all of it. locks: held pages */
void hmm_pages_cut(struct hmm_pages *pages, uint32_t unit);

/* May the heap take so much more from the system? Option heap_max. Without a lock it is a hint. */
bool hmm_pages_may_take(const struct hmm_pages *pages, size_t bytes);

/* Dirty ones of [unit, unit + n_units), all free. locks: held pages */
uint32_t hmm_pages_count_dirty(const struct hmm_pages *pages, uint32_t unit, uint32_t n_units);

#endif
