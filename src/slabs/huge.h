/* huge.h - back new memory of a large heap by huge pages.
 *
 * Layer   slabs, above dense.
 */
#ifndef HMM_SLABS_HUGE_H
#define HMM_SLABS_HUGE_H

#include "memory/units.h"

/* A slab that will be full, and used all over, has been made at `unit`, of new memory. If it is the
 * first in a block of huge page size that is otherwise new, and the blocks before it have filled
 * with slabs, back the whole block by one huge page now, instead of by hundreds of page faults
 * soon. used_bytes: the rest of its last unit is for nobody. No lock of pages is held. */
void hmm_huge_ahead(struct hmm_pages *pages, uint32_t unit, size_t used_bytes);

/* The same, but nobody knows whether it will be used all over: a huge page after it might stay
 * empty for the most part. */
void hmm_huge_note_sparse(struct hmm_pages *pages, uint32_t unit);

#endif
