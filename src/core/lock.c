/* lock.c - the way of a thread that finds a lock taken.
 *
 * Layer   core, lowest.
 */
#include "core/lock.h"

HMM_NOINLINE void hmm_lock_wait(struct hmm_lock *lock)
{
    for (int i = 0; i < HMM_LOCK_SPINS; i++) {
        hmm_port_pause();
        if (hmm_lock_try(lock)) {
            lock->n_waited++;
            return;
        }
    }
    /* acquire: pairs: hmm_lock_give */
    while (atomic_exchange_explicit(&lock->word, 2, memory_order_acquire) != 0)
        hmm_port_wait(&lock->word, 2);
    lock->n_taken++;
    lock->n_waited++;
}
