/* shed.c - what an arena gives up: idle magazines, depots, wholly free slabs.
 *
 * Layer   arenas, above depot. Start reading at hmm_arena_shed_locked.
 * State   magazines and depots, their owner's, under the arena's lock.
 */
#include "arenas/shed.h"

#include "arenas/bin.h"
#include "arenas/depot.h"
#include "arenas/gate.h"
#include "arenas/remote.h"
#include "arenas/sweep.h"
#include "base/check.h"

#include <string.h>

void hmm_shed_oldest(struct hmm_arenas *arenas, struct hmm_arena *arena, struct hmm_magazine *mag,
                     unsigned n)
{
    HMM_ASSERT(hmm_lock_held(&arena->lock));
    HMM_ASSERT(n <= hmm_magazine_objs(mag));
    hmm_mark *slots = mag->loaded->slots;
    hmm_remote_put_all(arenas, arena, &slots[1], n);
    unsigned left = hmm_magazine_objs(mag) - n;
    memmove(&slots[1], &slots[n + 1], left * sizeof(hmm_mark));
    mag->top = slots + left;
}

void hmm_arena_shed_locked(struct hmm_arenas *arenas, struct hmm_arena *arena, enum hmm_shed shed)
{
    HMM_ASSERT(hmm_lock_held(&arena->lock));
    hmm_remote_collect(arenas, arena);
    for (unsigned c = 1; c < HMM_CLASSES; c++) {
        struct hmm_magazine *mag = arena->magazines[c];
        if (mag == NULL)
            continue;
        bool idle = shed == HMM_SHED_ALL || !mag->used;
        hmm_depot_shed(arenas, arena, mag, idle || shed == HMM_SHED_FOR_GROWTH);
        if (idle) {
            hmm_shed_oldest(arenas, arena, mag, hmm_magazine_objs(mag));
            hmm_depot_narrow(arena, mag);
            mag->depot.limit = mag->depot.away_objs = mag->depot.regret_objs = 0;
            hmm_bin_shed(&arenas->slabs, arena, &mag->bin);
        }
        mag->used = false;
    }
    hmm_sweep_report(arenas->slabs.pages, arena); /* slabs that have gone have no free slots */
}

void hmm_arena_shed(struct hmm_arenas *arenas, struct hmm_arena *arena, enum hmm_shed shed)
{
    hmm_remote_flush(arenas, arena);
    hmm_arena_enter(arenas, arena);
    hmm_arena_shed_locked(arenas, arena, shed);
    hmm_arena_leave(arena);
    hmm_remote_flush(arenas, arena); /* of its magazines' blocks, those of others' slabs */
}

void hmm_arenas_shed_slabs(struct hmm_arenas *arenas)
{
    for (struct hmm_arena *arena = hmm_arenas_all(arenas); arena != NULL; arena = arena->next) {
        hmm_arena_lock(arenas, arena);
        hmm_remote_collect(arenas, arena);
        for (unsigned c = 1; c < HMM_CLASSES; c++)
            if (arena->magazines[c] != NULL)
                hmm_bin_shed(&arenas->slabs, arena, &arena->magazines[c]->bin);
        hmm_lock_give(&arena->lock);
    }
}
