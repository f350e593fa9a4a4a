/* owners.c - threads come and go: arenas that wait for the next thread, and those that are emptied.
 *
 * Layer   arenas, above supply. Start reading at hmm_arena_acquire.
 * State   the lists of idle arenas, lock `registry`.
 */
#include "arenas/owners.h"

#include "arenas/bin.h"
#include "arenas/gate.h"
#include "arenas/remote.h"
#include "arenas/shed.h"
#include "arenas/sweep.h"

bool hmm_arenas_init(struct hmm_arenas *arenas)
{
    return hmm_arena_shared(arenas, 0) != NULL;
}

/* locks: held registry */
static void count_used(struct hmm_arenas *arenas, int sign)
{
    uint32_t n = atomic_load_explicit(&arenas->n_used, memory_order_relaxed); /* relaxed: held */
    atomic_store_explicit(&arenas->n_used, n + (uint32_t)sign, memory_order_relaxed);
}

/* locks: held registry */
static void count_warm(struct hmm_arenas *arenas, int sign)
{
    uint32_t n = atomic_load_explicit(&arenas->n_warm, memory_order_relaxed); /* relaxed: held */
    atomic_store_explicit(&arenas->n_warm, n + (uint32_t)sign, memory_order_relaxed);
}

struct hmm_arena *hmm_arena_acquire(struct hmm_arenas *arenas)
{
    hmm_lock_take(&arenas->registry);
    struct hmm_arena **list = arenas->warm != NULL ? &arenas->warm : &arenas->cold;
    struct hmm_arena *arena = *list;
    if (arena != NULL) {
        *list = arena->next_idle;
        if (list == &arenas->warm)
            count_warm(arenas, -1);
    } else {
        arena = hmm_arena_make(arenas, false);
    }
    if (arena != NULL) {
        hmm_arena_keep(arenas, arena);
        count_used(arenas, 1);
    }
    hmm_lock_give(&arenas->registry);
    return arena;
}

/* Both locks, newer arenas first: all threads take them in one order. */
static void move_slabs(struct hmm_arenas *arenas, struct hmm_arena *from, struct hmm_arena *to)
{
    struct hmm_arena *newer = from->tag > to->tag ? from : to;
    struct hmm_arena *older = newer == from ? to : from;
    hmm_arena_lock(arenas, newer);
    hmm_lock_take(&older->lock);
    for (unsigned c = 1; c < HMM_CLASSES; c++) {
        struct hmm_magazine *mag = from->magazines[c];
        if (mag == NULL || mag->bin.n_slabs == 0)
            continue;
        struct hmm_magazine *target = hmm_arena_magazine(arenas, to, c);
        if (target != NULL) /* else no memory for the list: they stay, the next thread has them */
            hmm_bin_move(&arenas->slabs, from, &mag->bin, to, &target->bin);
    }
    hmm_sweep_tell(arenas->slabs.pages, from);
    hmm_sweep_tell(arenas->slabs.pages, to);
    hmm_lock_give(&older->lock);
    hmm_lock_give(&newer->lock);
}

/* Return all that an arena without a thread holds. */
static void cool(struct hmm_arenas *arenas, struct hmm_arena *arena)
{
    struct hmm_arena *orphans = hmm_arena_shared(arenas, HMM_SHARED_ARENAS);
    hmm_arena_shed(arenas, arena, HMM_SHED_ALL);
    if (orphans != NULL) /* else the next thread has them with the arena */
        move_slabs(arenas, arena, orphans);
    hmm_lock_take(&arenas->registry);
    arena->next_idle = arenas->cold;
    arena->idle = true;
    arenas->cold = arena;
    hmm_lock_give(&arenas->registry);
}

void hmm_arena_release(struct hmm_arenas *arenas, struct hmm_arena *arena)
{
    hmm_remote_flush(arenas, arena);
    uint64_t now_ns = hmm_port_clock_ns();
    hmm_lock_take(&arenas->registry);
    count_used(arenas, -1);
    bool waits = atomic_load_explicit(&arenas->n_warm, memory_order_relaxed) < HMM_WARM_ARENAS;
    if (waits) {
        arena->released_at_ns = now_ns;
        arena->next_idle = arenas->warm;
        arena->idle = true;
        arenas->warm = arena;
        count_warm(arenas, 1);
    }
    hmm_lock_give(&arenas->registry);
    if (!waits)
        cool(arenas, arena);
}

/* A warm arena, taken off the list, that has waited for longer than that; NULL. */
static struct hmm_arena *take_old(struct hmm_arenas *arenas, uint64_t now_ns, uint64_t wait_ns)
{
    hmm_lock_take(&arenas->registry);
    struct hmm_arena **link = &arenas->warm;
    while (*link != NULL && now_ns - (*link)->released_at_ns < wait_ns)
        link = &(*link)->next_idle;
    struct hmm_arena *arena = *link;
    if (arena != NULL) {
        *link = arena->next_idle;
        hmm_arena_keep(arenas, arena);
        count_warm(arenas, -1);
    }
    hmm_lock_give(&arenas->registry);
    return arena;
}

void hmm_arenas_cool(struct hmm_arenas *arenas, uint64_t wait_ns)
{
    struct hmm_arena *arena;
    if (!hmm_arenas_have_warm(arenas))
        return;
    uint64_t now_ns = hmm_port_clock_ns();
    while ((arena = take_old(arenas, now_ns, wait_ns)) != NULL)
        cool(arenas, arena);
}
