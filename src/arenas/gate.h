/* gate.h - arenas' locks, and the gate that keeps them free while the process forks.
 *
 * While a process forks, no arena may be half changed. There may be thousands: they are not locked,
 * for that would copy a page of each in the child, or in the parent after the fork. Instead every
 * thread that takes an arena's lock looks at the gate afterwards, and goes back if another one has
 * closed it; the one that forks closes the gate, then waits for each lock until it is free. Both
 * write one word, then read the other, in one order for all (seq_cst): so either the thread sees
 * the gate closed, or the one that forks sees the lock taken, and waits.
 *
 * Layer   arenas, above arena.
 */
#ifndef HMM_ARENAS_GATE_H
#define HMM_ARENAS_GATE_H

#include "arenas/arena.h"
#include "port/fatal.h"

/* Has another thread closed it? */
static inline bool hmm_arenas_closed(const struct hmm_arenas *arenas)
{
    uintptr_t holder = hmm_lock_holder(&arenas->gate);
    return hmm_unlikely(holder != 0) && !hmm_lock_is_own(holder);
}

/* The gate was closed when the arena's lock had been taken. */
void hmm_arena_lock_again(struct hmm_arenas *arenas, struct hmm_arena *arena);

/* Take the arena's lock. The thread holds no other arena's: one that does takes a second one by
 * hmm_lock_take or hmm_lock_try, and releases it first. */
static inline void hmm_arena_lock(struct hmm_arenas *arenas, struct hmm_arena *arena)
{
    hmm_lock_take(&arena->lock);
    if (hmm_arenas_closed(arenas))
        hmm_arena_lock_again(arenas, arena);
}

static inline bool hmm_arena_try_lock(struct hmm_arenas *arenas, struct hmm_arena *arena)
{
    if (!hmm_lock_try(&arena->lock))
        return false;
    bool closed = hmm_arenas_closed(arenas);
    if (closed)
        hmm_lock_give(&arena->lock);
    return !closed;
}

/* The calling thread uses it from now on. locks: held registry */
static inline void hmm_arena_keep(const struct hmm_arenas *arenas, struct hmm_arena *arena)
{
    arena->idle = false;
    arena->keeper = hmm_port_self();
    arena->n_forks = arenas->n_forks;
    arena->thread = NULL; /* in a fork's child: one that is not there */
}

/* Does the arena belong to a thread that the parent process has, and this one does not? Its slabs
 * are whole. Of its magazines and buffers only what is not a live block counts: what is one was
 * about to go in, or had just gone out. */
static inline bool hmm_arena_is_left(const struct hmm_arenas *arenas, const struct hmm_arena *arena)
{
    return !arena->shared && !arena->idle && arena->n_forks != arenas->n_forks;
}

static inline bool hmm_arenas_have_left(const struct hmm_arenas *arenas)
{
    return atomic_load_explicit(&arenas->n_left, memory_order_relaxed) != 0; /* relaxed: a hint */
}

/* Before a fork: close the gate, and wait until no arena is locked, but those that the calling
 * thread has locked itself. locks: held registry; takes gate */
void hmm_arenas_fork_prepare(struct hmm_arenas *arenas);
/* In the child: what other threads used is left; locks that they held are free. locks: held
 * registry, gate */
void hmm_arenas_fork_child(struct hmm_arenas *arenas);
/* One that is left, now the calling thread's; NULL: there are none. */
struct hmm_arena *hmm_arenas_take_left(struct hmm_arenas *arenas);

/* Owners at their slow paths: take an arena's lock, and give it. A block that two threads have
 * freed at once ends the process then. */
void hmm_arena_enter(struct hmm_arenas *arenas, struct hmm_arena *arena);
static inline void hmm_arena_leave(struct hmm_arena *arena)
{
    void *twice_free = arena->twice_free;
    hmm_lock_give(&arena->lock);
    if (hmm_unlikely(twice_free != NULL))
        hmm_misuse_two_owners(twice_free);
}

#endif
