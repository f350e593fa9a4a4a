/* lock.h - a short lock of one word: spin a little, then sleep in the kernel.
 *
 * Layer   core, lowest.
 * Source  Drepper, "Futexes Are Tricky", mutex 3: 0 free, 1 taken, 2 taken and somebody waits.
 *
 * Lock order (a thread that holds one may take only later ones):
 *   registry < arena < grow < pages < states < table < meta
 */
#ifndef HMM_CORE_LOCK_H
#define HMM_CORE_LOCK_H

#include "base/tunables.h"
#include "port/port.h"

#include <stdatomic.h>

struct hmm_lock {
    _Atomic(uint32_t) word; /* 0, 1, 2 as above; atomic */
    uint32_t n_waited;      /* lock: this one; takes that found it taken */
    uint64_t n_taken;       /* lock: this one */
};

static inline bool hmm_lock_try(struct hmm_lock *lock)
{
    uint32_t free_word = 0;
    /* acquire: sees what the last holder wrote. pairs: hmm_lock_give */
    bool taken = atomic_compare_exchange_strong_explicit(
        &lock->word, &free_word, 1, memory_order_acquire, memory_order_relaxed);
    if (hmm_likely(taken))
        lock->n_taken++;
    return taken;
}

/* The lock was taken when it was wanted (lock.c). */
void hmm_lock_wait(struct hmm_lock *lock);

static inline void hmm_lock_take(struct hmm_lock *lock)
{
    if (!hmm_lock_try(lock))
        hmm_lock_wait(lock);
}

static inline void hmm_lock_give(struct hmm_lock *lock)
{
    /* release: publishes the holder's writes. pairs: hmm_lock_take, hmm_lock_try */
    if (atomic_exchange_explicit(&lock->word, 0, memory_order_release) == 2)
        hmm_port_wake(&lock->word);
}

/* In a child after fork: whoever held it does not exist here. */
static inline void hmm_lock_reset(struct hmm_lock *lock)
{
    atomic_store_explicit(&lock->word, 0, memory_order_relaxed); /* relaxed: one thread */
}

#endif
