/* init.c - the life of the process: first call, constructors, thread ends, fork.
 *
 * Layer   hosted.
 */
#include "hosted/hosted.h"

#include <pthread.h>
#include <stdlib.h>

_Atomic(uint32_t) hmm_process_ready;

static struct hmm_lock start_lock;
static pthread_key_t exit_key;
static bool have_exit_key; /* lock: start_lock, const once ready */

static void thread_exit(void *unused)
{
    (void)unused;
    hmm_heap_thread_exit(&hmm_process_heap, &hmm_self);
}

bool hmm_process_start(void)
{
    hmm_lock_take(&start_lock);
    bool ready = hmm_process_is_ready();
    if (!ready) {
        struct hmm_tunables tunables = *hmm_tunables_defaults();
        hmm_options_read(&tunables);
        ready = hmm_heap_init(&hmm_process_heap, &tunables);
        if (ready && tunables.count)
            hmm_summary_open();
        if (ready) /* release: publishes the heap. pairs: hmm_process_is_ready */
            atomic_store_explicit(&hmm_process_ready, 1, memory_order_release);
    }
    hmm_lock_give(&start_lock);
    return ready;
}

bool hmm_process_tune(bool (*change)(struct hmm_tunables *tunables, int parameter, int value),
                      int parameter, int value)
{
    hmm_lock_take(&start_lock);
    struct hmm_tunables tunables = *hmm_process_heap.meta.tunables;
    bool changed = change(&tunables, parameter, value) &&
                   hmm_meta_set_tunables(&hmm_process_heap.meta, &tunables);
    hmm_lock_give(&start_lock);
    return changed;
}

void hmm_process_attach(void)
{
    if (!have_exit_key)
        return; /* before our constructor: the first slow path after it comes here again */
    hmm_self.attached = true;
    pthread_setspecific(exit_key, &hmm_self);
}

static void before_fork(void)
{
    hmm_lock_take(&start_lock);
    if (hmm_process_is_ready())
        hmm_heap_fork_prepare(&hmm_process_heap);
}

static void after_fork_parent(void)
{
    if (hmm_process_is_ready())
        hmm_heap_fork_parent(&hmm_process_heap);
    hmm_lock_give(&start_lock);
}

static void after_fork_child(void)
{
    hmm_lock_reset(&start_lock);
    if (!hmm_process_is_ready())
        return;
    hmm_summary_detach();
    hmm_heap_fork_child(&hmm_process_heap, &hmm_self);
}

/* First of all constructors (-z initfirst), so that our fork handlers run last before a fork and
 * first after it: other handlers may allocate. */
__attribute__((constructor)) static void construct(void)
{
    have_exit_key = pthread_key_create(&exit_key, thread_exit) == 0;
    pthread_atfork(before_fork, after_fork_parent, after_fork_child);
}
