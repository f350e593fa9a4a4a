/* move.h - move memory without copying it.
 *
 * Layer   memory, above pages.
 */
#ifndef HMM_MEMORY_MOVE_H
#define HMM_MEMORY_MOVE_H

#include "memory/units.h"

/* Move the contents of units [from, from + n_units) to `to`: within a used run, or in a mapping of
 * its own, that has little memory yet. Then `from` has none. Both are the caller's. False: nothing
 * done, because a copy costs no more, for instance. No lock of pages is held. */
bool hmm_move_units(struct hmm_pages *pages, uint32_t from, uint32_t n_units, void *to);

/* Move memory that may consist of several mappings. The kernel moves only one at a time, so the
 * range is halved until it does; what it does not move is copied. Then `from` has none. */
void hmm_move_memory(char *from, char *to, size_t bytes);

/* Does the memory of [from, behind) belong to one mapping, as far as is known here?
 * locks: held pages */
bool hmm_move_is_one_mapping(const struct hmm_pages *pages, uint32_t from, uint32_t behind);

/* The break goes down to `n_units`: forget the borders of mappings above. locks: held pages */
void hmm_move_forget(struct hmm_pages *pages, uint32_t n_units);

#endif
