/* lock.c - the way of a thread that finds a lock taken.
 *
 * Layer   port, above system.
 */
#include "port/lock.h"

/* May the calling thread go on, though the lock is taken? Only if it took it for its own fork: then
 * nothing that the lock guards is half changed. */
static bool pass(struct hmm_lock *lock)
{
    uintptr_t word = hmm_lock_holder(lock);
    if (!hmm_lock_is_own(word) || (word & HMM_LOCK_FORK) == 0)
        return false;
    lock->n_passed++;
    return true;
}

/* Sleep until it is given, or may have been. */
static void sleep_on(struct hmm_lock *lock)
{
    uintptr_t word = hmm_lock_holder(lock);
    if (word == 0)
        return;
    uintptr_t waited = word | HMM_LOCK_WAITED;
    /* relaxed: the holder's exchange sees the bit or comes first, and then the word is another */
    if (word == waited ||
        atomic_compare_exchange_strong_explicit(&lock->word, &word, waited, memory_order_relaxed,
                                                memory_order_relaxed))
        hmm_port_wait(hmm_lock_futex(lock), (uint32_t)waited);
}

HMM_NOINLINE void hmm_lock_wait(struct hmm_lock *lock, uintptr_t bits)
{
    if (pass(lock))
        return;
    bool taken = false;
    for (int i = 0; i < HMM_LOCK_SPINS && !taken; i++) {
        hmm_port_pause();
        taken = hmm_lock_try_with(lock, bits);
    }
    while (!taken) { /* others may sleep, too: whoever has slept wakes one */
        sleep_on(lock);
        taken = hmm_lock_try_with(lock, bits | HMM_LOCK_WAITED);
    }
    lock->n_waited++;
}

void hmm_lock_take_for_fork(struct hmm_lock *lock)
{
    const uintptr_t bits = HMM_LOCK_TAKEN | HMM_LOCK_FORK;
    if (hmm_lock_try_with(lock, bits))
        return;
    if (hmm_lock_is_own(hmm_lock_holder(lock)))
        lock->n_passed++;
    else
        hmm_lock_wait(lock, bits);
}
