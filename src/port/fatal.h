/* fatal.h - write one message, then abort.
 *
 * Layer   port, beside the systems'. No allocation, no stdio. The caller holds no lock.
 */
#ifndef HMM_PORT_FATAL_H
#define HMM_PORT_FATAL_H

#include "base/fmt.h"

/* "hmm: <what> 0x<block> <detail>\n" on stderr, then abort. detail may be NULL. */
HMM_COLD _Noreturn void hmm_fatal(const char *what, const void *block,
                                  const struct hmm_text *detail);

/* "hmm: <who>: <what> 0x<block> <detail>\n", the same. */
HMM_COLD _Noreturn void hmm_fatal_misuse(const char *who, const char *what, const void *block,
                                         const struct hmm_text *detail);

/* Abort because two threads have freed this block at once. */
HMM_COLD _Noreturn void hmm_misuse_two_owners(const void *block);

#endif
