/* hosted.h - what the files of this folder share.
 *
 * Layer   hosted, the top: may include everything, nobody includes it.
 */
#ifndef HMM_HOSTED_HOSTED_H
#define HMM_HOSTED_HOSTED_H

#include "api/alloc.h"
#include "core/fatal.h"

/* Read the options over the defaults: the build's, the program's, the environment's. Bad ones are
 * told on stderr. */
void hmm_options_read(struct hmm_tunables *tunables);
/* A variable of the environment, also before libc is set up; NULL: none, or a setuid program. */
const char *hmm_environment_get(const char *name);

/* Exact counts for `hmm run --summary`: in the file HMM_SUMMARY names, if it is this process's. */
void hmm_summary_open(void);
/* In a child after fork: counts of its own, in private memory. */
void hmm_summary_detach(void);

/* The size a caller states must be of the block's class; aborts. Not exact: it may also be one to
 * which realloc has shrunk the block in place, down to half. */
void hmm_check_size(const void *block, size_t alignment, size_t size, bool exact, const char *who);

#define HMM_EXPORTED __attribute__((visibility("default"), used))

#endif
