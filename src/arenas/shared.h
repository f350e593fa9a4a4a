/* shared.h - blocks of threads that have no arena of their own.
 *
 * Layer   arenas, above supply.
 */
#ifndef HMM_ARENAS_SHARED_H
#define HMM_ARENAS_SHARED_H

#include "arenas/arena.h"

/* One block of a shared arena for a caller; any thread. *last: the number of the thread's last one.
 * NULL: out of memory. */
void *hmm_arena_take_shared(struct hmm_arenas *arenas, uint8_t *last, unsigned class_idx);
/* A thread without an arena returns a caller's block to its slab. PUSH_DONE, or PUSH_NOT_LIVE. */
enum hmm_push hmm_arena_put_shared(struct hmm_arenas *arenas, uint8_t *last, unsigned class_idx,
                                   void *block);

#endif
