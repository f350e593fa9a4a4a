/* hosted.h - what the files of this folder share.
 *
 * Layer   hosted, the top: may include everything, nobody includes it.
 */
#ifndef HMM_HOSTED_HOSTED_H
#define HMM_HOSTED_HOSTED_H

#include "api/alloc.h"
#include "port/fatal.h"

#include <stdlib.h>

/* Read the options over the defaults: the build's, the program's, the environment's. Bad ones are
 * told on stderr. */
void hmm_options_read(struct hmm_tunables *tunables);
/* A variable of the environment, also before libc is set up; NULL: none, or a setuid program. */
const char *hmm_environment_get(const char *name);

/* Change tunables of the started heap by `change`, one thread at a time. False: it refused, or
 * there is no memory; nothing has changed. */
bool hmm_process_tune(bool (*change)(struct hmm_tunables *tunables, int parameter, int value),
                      int parameter, int value);

/* Exact counts for `hmm run --summary`: in the file HMM_SUMMARY names, if it is this process's. */
void hmm_summary_open(void);
/* In a child after fork: counts of its own, in private memory. */
void hmm_summary_detach(void);

/* May this heap move the program break? Not where another heap of the process may, too. */
bool hmm_break_is_ours(void);
/* Does `address` lie in the program itself? */
bool hmm_in_program(uintptr_t address);
/* Have the heap's part of each fork done from now on; once. */
void hmm_fork_register(void);
/* Around libc's registering of a handler, which may allocate. */
void hmm_fork_begin_registering(void);
void hmm_fork_end_registering(void);
/* The lock of the heap's start, which a fork holds, too. */
void hmm_fork_lock_start(void);
void hmm_fork_unlock_start(void);

/* The size a caller states must be one that the block may have been made for; else what the option
 * `sized` says is done. Of operator new's blocks it is the size as asked for; of others it may also
 * be one that realloc has given them in place.
 *   site  where it was called from */
void hmm_check_size_at(const void *block, size_t alignment, size_t size, bool is_new,
                       const char *who, const void *site);

/* The same, in the function that the program calls. */
static HMM_INLINE void hmm_check_size(const void *block, size_t alignment, size_t size, bool is_new,
                                      const char *who)
{
    hmm_check_size_at(block, alignment, size, is_new, who, __builtin_return_address(0));
}

/* Is `block` a live one of the class of `size`? Then hmm_check_size need not be asked: nearly
 * always so, and in few instructions. */
static inline bool hmm_has_class_of(const void *block, size_t size)
{
    return hmm_likely(size - 1 < HMM_SLAB_MAX_BYTES) && /* of 0: no slab's */
           hmm_likely(hmm_hit_usable(block) == hmm_sizeclasses[hmm_sizeclass_of(size)].slot_bytes);
}

#define HMM_EXPORTED __attribute__((visibility("default"), used))
/* What a program may define itself: weak, so that its own definition also wins where it is linked
 * with libhmm.a or the whole library as one object. */
#define HMM_REPLACEABLE __attribute__((visibility("default"), used, weak))

#endif
