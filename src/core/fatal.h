/* fatal.h - the end: one message by one write, then abort.
 *
 * Layer   core, lowest. No allocation, no stdio, no lock is held by a caller.
 */
#ifndef HMM_CORE_FATAL_H
#define HMM_CORE_FATAL_H

#include "base/fmt.h"

/* "hmm: <what> 0x<block> <detail>\n" on stderr, then abort. detail may be NULL. */
HMM_COLD _Noreturn void hmm_fatal(const char *what, const void *block,
                                  const struct hmm_text *detail);

/* The end, for a block that two threads have freed at once (misuse.c). */
HMM_COLD _Noreturn void hmm_misuse_two_owners(const void *block);

#endif
