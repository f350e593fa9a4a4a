/* fork.h - the heap's part of a fork.
 *
 * Layer   process.
 */
#ifndef HMM_PROCESS_FORK_H
#define HMM_PROCESS_FORK_H

#include "base/base.h"

/* Register the heap's fork handlers, once. */
void hmm_fork_register(void);
/* Around libc's registering of a handler, which may allocate. */
void hmm_fork_begin_registering(void);
void hmm_fork_end_registering(void);
/* The lock of the heap's start, which a fork holds, too. */
void hmm_fork_lock_start(void);
void hmm_fork_unlock_start(void);

#endif
