/* visit.c - look after arenas whose threads do nothing.
 *
 * Layer   arenas, above shed. Start reading at hmm_visit_some.
 * State   struct hmm_watch of each arena, under its lock.
 */
#include "arenas/visit.h"

#include "arenas/bin.h"
#include "arenas/gate.h"
#include "arenas/remote.h"
#include "arenas/sweep.h"

/* Let go what can go at once: slabs without live blocks. Not depots: what lies in them of other
 * arenas would go through the owner's buffer. locks: held arena */
static void shed(struct hmm_arenas *arenas, struct hmm_arena *arena)
{
    hmm_remote_collect(arenas, arena);
    for (unsigned c = 1; c < HMM_CLASSES; c++) {
        struct hmm_magazine *mag = arena->magazines[c];
        if (mag == NULL)
            continue;
        hmm_bin_shed(&arenas->slabs, arena, &mag->bin);
        hmm_bin_set_aside(&mag->bin);
    }
}

/* Returns whether there was work. locks: held arena */
static bool visit(struct hmm_arenas *arenas, struct hmm_arena *arena, uint64_t now_ns)
{
    struct hmm_watch *watch = &arena->watch;
    /* relaxed: a look */
    bool has_returned = atomic_load_explicit(&arena->returned, memory_order_relaxed) != NULL;
    if (watch->state == HMM_WATCH_ACTIVE || (watch->state == HMM_WATCH_DONE && has_returned)) {
        watch->state = HMM_WATCH_IDLE;
        watch->since_ns = now_ns;
        return false;
    }
    if (watch->state == HMM_WATCH_DONE ||
        now_ns - watch->since_ns < HMM_VISIT_MS * (uint64_t)1000000)
        return false;
    if (watch->state == HMM_WATCH_IDLE)
        shed(arenas, arena);
    bool done = hmm_sweep_idle(arenas->slabs.pages, arena, now_ns);
    watch->state = done ? HMM_WATCH_DONE : HMM_WATCH_VISITED;
    return true;
}

bool hmm_visit_some(struct hmm_arenas *arenas, uint64_t now_ns)
{
    /* acquire: sees the arena's fields. pairs: the store below */
    struct hmm_arena *arena =
        atomic_exchange_explicit(&arenas->visit_next, NULL, memory_order_acquire);
    if (arena == NULL)
        arena = hmm_arenas_all(arenas);
    bool worked = false;
    for (unsigned i = 0; i < HMM_VISIT_ARENAS && arena != NULL && !worked; i++) {
        if (hmm_arena_try_lock(arenas, arena)) {
            worked = visit(arenas, arena, now_ns);
            bool stays = worked && arena->watch.state != HMM_WATCH_DONE;
            hmm_arena_leave(arena);
            if (stays)
                break;
        }
        arena = arena->next;
    }
    atomic_store_explicit(&arenas->visit_next, arena, memory_order_release); /* pairs: above */
    return worked;
}
