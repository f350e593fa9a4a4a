/* start.h - the life of the process heap.
 *
 * Layer   process.
 */
#ifndef HMM_PROCESS_START_H
#define HMM_PROCESS_START_H

#include "base/base.h"
#include "base/tunables.h"

/* Change tunables of the started heap by `change`, one thread at a time. False: it refused, or
 * there is no memory; nothing has changed. */
bool hmm_process_tune(bool (*change)(struct hmm_tunables *tunables, int parameter, int value),
                      int parameter, int value);

/* Make the heap ready, once; false: out of memory, try again later. */
bool hmm_process_start(void);
/* The calling thread has got an arena: have hmm_heap_thread_exit called at its end. */
void hmm_process_attach(void);

#endif
