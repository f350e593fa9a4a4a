/* start.c - the life of the process heap: first call, constructors, thread ends.
 *
 * Layer   process, highest.
 */
#include "process/start.h"

#include "process/alone.h"
#include "process/counts.h"
#include "process/environment.h"
#include "process/fork.h"
#include "process/options_read.h"
#include "process/summary.h"

#include <pthread.h>
#include <stdlib.h>

static pthread_key_t exit_key;
static bool have_exit_key; /* const once the constructor has run */

static void thread_exit(void *unused)
{
    (void)unused;
    hmm_heap_thread_exit(&hmm_process_heap, &hmm_self);
}

bool hmm_process_start(void)
{
    hmm_fork_lock_start();
    bool ready = hmm_process_is_ready();
    if (!ready) {
        struct hmm_tunables tunables = *hmm_tunables_defaults();
        hmm_options_read(&tunables);
        tunables.map |= !hmm_break_is_ours();
        ready = hmm_heap_init(&hmm_process_heap, &tunables);
        if (ready && tunables.count)
            hmm_summary_open();
        if (ready) /* release: publishes the heap. pairs: hmm_process_is_ready */
            atomic_store_explicit(&hmm_process_ready, 1, memory_order_release);
    }
    hmm_fork_unlock_start();
    return ready;
}

bool hmm_process_tune(bool (*change)(struct hmm_tunables *tunables, int parameter, int value),
                      int parameter, int value)
{
    hmm_fork_lock_start();
    struct hmm_tunables tunables = *hmm_meta_tunables(&hmm_process_heap.meta);
    bool changed = change(&tunables, parameter, value) &&
                   hmm_meta_set_tunables(&hmm_process_heap.meta, &tunables);
    if (changed)
        hmm_pages_tuned(&hmm_process_heap.pages);
    hmm_fork_unlock_start();
    if (changed && tunables.keep)
        (void)hmm_port_clock_ns(); /* the first look takes a page fault: now, not later */
    return changed;
}

void hmm_process_attach(void)
{
    if (!have_exit_key)
        return; /* before our constructor: the first slow path after it comes here again */
    hmm_self.attached = true;
    if (pthread_setspecific(exit_key, &hmm_self) == 0)
        hmm_heap_thread_attached(&hmm_process_heap, &hmm_self);
}

/* First of all constructors (-z initfirst), so that our fork handlers run last before a fork and
 * first after it: see process/fork.c and hosted/shared/atfork.c. */
__attribute__((constructor)) static void construct(void)
{
    have_exit_key = pthread_key_create(&exit_key, thread_exit) == 0;
    hmm_fork_register();
    if (hmm_environment_get("HMM_SUMMARY") != NULL) /* a program that allocates nothing, too */
        hmm_process_start();
}

/* Threads that have ended since the last call have given memory back. */
__attribute__((destructor)) static void note_end(void)
{
    hmm_counts_heap();
}
