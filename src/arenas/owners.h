/* owners.h - threads come and go: who gets which arena.
 *
 * Layer   arenas, above supply.
 */
#ifndef HMM_ARENAS_OWNERS_H
#define HMM_ARENAS_OWNERS_H

#include "arenas/arena.h"

/* False: out of memory. */
bool hmm_arenas_init(struct hmm_arenas *arenas);
/* A private arena for the calling thread: an idle one, or a new one. NULL: out of memory. */
struct hmm_arena *hmm_arena_acquire(struct hmm_arenas *arenas);
/* Is an arena waiting for the next thread? A hint. */
static inline bool hmm_arenas_have_warm(const struct hmm_arenas *arenas)
{
    return atomic_load_explicit(&arenas->n_warm, memory_order_relaxed) != 0; /* relaxed: a hint */
}
/* The thread ends. A few arenas wait as they are for the next thread. The others return all blocks
 * to their slabs, and hand the slabs to the orphan arena. */
void hmm_arena_release(struct hmm_arenas *arenas, struct hmm_arena *arena);
/* Do so for arenas that have waited for longer than wait_ns. */
void hmm_arenas_cool(struct hmm_arenas *arenas, uint64_t wait_ns);

#endif
