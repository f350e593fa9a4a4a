/* visit.h - look after arenas whose threads do nothing.
 *
 * Only owners collect what others free, and give pages of free slots back: at their slow paths. So
 * a thread at a slow path looks at some other arenas, too. One whose thread has taken no slow path
 * for VISIT_MS is visited: all of it but its magazines and depots, which are its thread's alone.
 *
 * Layer   arenas, above shed.
 */
#ifndef HMM_ARENAS_VISIT_H
#define HMM_ARENAS_VISIT_H

#include "arenas/arena.h"

/* Look at VISIT_ARENAS, the next ones of all, or do a piece of work in one. No lock held. Returns
 * whether there is more to do at once. cost: VISIT_ARENAS, or that of hmm_sweep_some, or what
 * others have freed into the arena */
bool hmm_visit_some(struct hmm_arenas *arenas, uint64_t now_ns);

#endif
