/* cxx.h - what a failing operator new needs of the program's C++ library.
 *
 * Layer   hosted. Nothing of C++ is linked: each call looks for the library at the time.
 * Words   `caller`: where the operator returns to. The library is the one that its object uses.
 */
#ifndef HMM_HOSTED_CXX_H
#define HMM_HOSTED_CXX_H

#include "base/base.h"

typedef void (*hmm_cxx_handler)(void);
typedef void *(*hmm_cxx_new)(size_t size, size_t alignment);

/* What std::get_new_handler returns; NULL without a C++ library. */
hmm_cxx_handler hmm_cxx_new_handler(const void *caller);

/* Throw std::bad_alloc. Without a C++ library: a message, and abort. */
_Noreturn void hmm_cxx_throw_bad_alloc(const void *caller);

/* `call`'s block; NULL if it ends by an exception, which is caught here, whatever its type. */
void *hmm_cxx_try(hmm_cxx_new call, size_t size, size_t alignment, const void *caller);

#endif
