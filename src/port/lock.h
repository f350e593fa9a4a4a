/* lock.h - a short lock of one word: spin a little, then sleep in the kernel.
 *
 *   word   0: free     else  63                         3    2     1      0
 *                            | hmm_port_self() of holder | FORK | WAITED | TAKEN |
 *
 * An example: the thread whose hmm_port_self() is 0x7ffff7d8a740 holds it, 0x7ffff7d8a741; another
 * one sleeps until it is free, 0x7ffff7d8a743.
 *
 * The word names its holder, for fork's sake (heap/fork.c): a signal handler that forks may have
 * interrupted the very call that holds the lock, and a fork handler of the program's that runs
 * while we hold all locks may allocate. Such a thread passes its own lock.
 *
 * Layer   port, above system.
 * Source  Drepper, "Futexes Are Tricky", mutex 3.
 *
 * Lock order (a thread that holds one may take only later ones):
 *   start_lock < registry < gate < arena < grow < pages < states < descriptors, table < meta
 */
#ifndef HMM_PORT_LOCK_H
#define HMM_PORT_LOCK_H

#include "base/tunables.h"
#include "port/port.h"

#include <stdatomic.h>

enum { HMM_LOCK_TAKEN = 1, HMM_LOCK_WAITED = 2, HMM_LOCK_FORK = 4, HMM_LOCK_BITS = 7 };

struct hmm_lock {
    _Atomic(uintptr_t) word; /* as above; atomic */
    uint32_t n_passed;       /* lock: this one; takes by a thread that held it already */
    uint32_t n_waited;       /* lock: this one; takes that found it taken */
    uint64_t n_taken;        /* lock: this one */
};

/* The half of the word that the kernel compares: it has the bits. */
static inline _Atomic(uint32_t) *hmm_lock_futex(struct hmm_lock *lock)
{
    size_t halves = sizeof lock->word / sizeof(uint32_t);
    size_t low = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? halves - 1 : 0;
    return (_Atomic(uint32_t) *)(void *)&lock->word + low;
}

/* Is it held, and by whom? Bits included; 0: by nobody. */
static inline uintptr_t hmm_lock_holder(const struct hmm_lock *lock)
{
    /* seq_cst: see hmm_arena_lock. pairs: hmm_lock_try there; acquire: hmm_lock_give */
    return atomic_load_explicit(&lock->word, memory_order_seq_cst);
}

static inline bool hmm_lock_is_own(uintptr_t word)
{
    return (word & ~(uintptr_t)HMM_LOCK_BITS) == hmm_port_self();
}

/* By the calling thread? For assertions. */
static inline bool hmm_lock_held(const struct hmm_lock *lock)
{
    return hmm_lock_is_own(hmm_lock_holder(lock));
}

static inline bool hmm_lock_try_with(struct hmm_lock *lock, uintptr_t bits)
{
    uintptr_t free_word = 0;
    /* seq_cst: an arena's lock is taken before the gate is looked at. pairs: hmm_arena_lock;
     * acquire: sees what the last holder wrote. pairs: hmm_lock_give */
    bool taken =
        atomic_compare_exchange_strong_explicit(&lock->word, &free_word, hmm_port_self() | bits,
                                                memory_order_seq_cst, memory_order_relaxed);
    if (hmm_likely(taken))
        lock->n_taken++;
    return taken;
}

static inline bool hmm_lock_try(struct hmm_lock *lock)
{
    return hmm_lock_try_with(lock, HMM_LOCK_TAKEN);
}

/* The lock was taken when it was wanted (lock.c). */
void hmm_lock_wait(struct hmm_lock *lock, uintptr_t bits);

static inline void hmm_lock_take(struct hmm_lock *lock)
{
    if (!hmm_lock_try(lock))
        hmm_lock_wait(lock, HMM_LOCK_TAKEN);
}

static inline void hmm_lock_give(struct hmm_lock *lock)
{
    if (hmm_unlikely(lock->n_passed != 0)) {
        lock->n_passed--;
        return;
    }
    /* release: publishes the holder's writes. pairs: hmm_lock_try_with */
    uintptr_t word = atomic_exchange_explicit(&lock->word, 0, memory_order_release);
    if (hmm_unlikely((word & HMM_LOCK_WAITED) != 0))
        hmm_port_wake(hmm_lock_futex(lock));
}

/* Take it for a fork, or pass it, if the calling thread holds it already: then the call that holds
 * it was interrupted by the handler that forks, and goes on with it in parent and child. */
void hmm_lock_take_for_fork(struct hmm_lock *lock);

/* In a child after fork: what the parent's thread took, without a look for others. */
static inline void hmm_lock_give_in_child(struct hmm_lock *lock)
{
    if (lock->n_passed != 0)
        lock->n_passed--;
    else
        atomic_store_explicit(&lock->word, 0, memory_order_relaxed); /* relaxed: one thread */
}

#endif
