/* process.h - the process heap and the calling thread's part of it.
 *
 * Layer   process, lowest: from here on the heap is a known object; below, always a parameter.
 */
#ifndef HMM_PROCESS_PROCESS_H
#define HMM_PROCESS_PROCESS_H

#include "heap/heap.h"

/* Hidden, so that hits reach its fields without an indirection. */
extern struct hmm_heap hmm_process_heap __attribute__((visibility("hidden")));
extern __thread struct hmm_thread hmm_self __attribute__((tls_model("initial-exec")));

extern _Atomic(uint32_t) hmm_process_ready; /* atomic: 1 once started */

/* Has it been started? acquire: sees the heap that start made. pairs: the store in
 * hmm_process_start */
static inline bool hmm_process_is_ready(void)
{
    return atomic_load_explicit(&hmm_process_ready, memory_order_acquire) != 0;
}

#endif
