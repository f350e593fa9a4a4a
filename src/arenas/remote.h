/* remote.h - return blocks to the slabs of other arenas.
 *
 * Layer   arenas, above bin.
 */
#ifndef HMM_ARENAS_REMOTE_H
#define HMM_ARENAS_REMOTE_H

#include "arenas/bin.h"

/* A caller's block. Returns PUSH_DONE or PUSH_NOT_LIVE. caller: owner */
enum hmm_push hmm_remote_put(struct hmm_arenas *arenas, struct hmm_arena *arena, void *block,
                             unsigned class_idx);
/* One whose state is free, without a buffer. False: its slot was free already: two threads have
 * freed it at once. locks: held arena, any: a fork's child finds the block in one place */
bool hmm_remote_free_one(struct hmm_arenas *arenas, void *block);
/* Send all of the arena's buffer. caller: owner */
void hmm_remote_flush(struct hmm_arenas *arenas, struct hmm_arena *arena);
/* Collect what others freed into the arena's slabs. locks: held arena */
void hmm_remote_collect(struct hmm_arenas *arenas, struct hmm_arena *arena);
/* What is left of marks[0..n_marks) when the first one's slab is another arena's. */
void hmm_remote_put_rest(struct hmm_arenas *arenas, struct hmm_arena *arena, const hmm_mark *marks,
                         unsigned n_marks);

/* Return blocks that were free in a magazine, marks[0..n_marks), each to its slab: into the bin,
 * or, if another arena owns the slab by now, into the buffer. One that was free already is noted in
 * arena->twice_free. locks: held arena */
static inline void hmm_remote_put_all(struct hmm_arenas *arenas, struct hmm_arena *arena,
                                      const hmm_mark *marks, unsigned n_marks)
{
    unsigned n = hmm_bin_put(&arenas->slabs, arena, marks, n_marks);
    if (hmm_unlikely(n != n_marks))
        hmm_remote_put_rest(arenas, arena, &marks[n], n_marks - n);
}

#endif
