/* check.h - checks of libhmm's own state: HMM_CHECK on slow paths in every build, HMM_ASSERT in
 * debug.
 *
 * Layer   base. A caller's misuse is not checked here: that is hmm_fatal in port/fatal.h.
 */
#ifndef HMM_BASE_CHECK_H
#define HMM_BASE_CHECK_H

#include "base/base.h"

/* Supplied by port/fatal.c. */
_Noreturn void hmm_check_failed(const char *what, const char *file, int line);

#define HMM_CHECK(condition)                                                                       \
    (hmm_likely(condition) ? (void)0 : hmm_check_failed(#condition, __FILE__, __LINE__))

#ifdef HMM_DEBUG
#define HMM_ASSERT(condition) HMM_CHECK(condition)
#else
#define HMM_ASSERT(condition) ((void)sizeof(condition))
#endif

#endif
