/* hint.h - numbers that threads read and write without a lock, and that may be out of date.
 *
 * Layer   base, above base.h.
 */
#ifndef HMM_BASE_HINT_H
#define HMM_BASE_HINT_H

#include "base/base.h"

#include <stdatomic.h>

static inline uint32_t hmm_hint_get(const _Atomic(uint32_t) *hint)
{
    return atomic_load_explicit(hint, memory_order_relaxed); /* relaxed: a hint */
}

static inline void hmm_hint_set(_Atomic(uint32_t) *hint, uint32_t to)
{
    atomic_store_explicit(hint, to, memory_order_relaxed); /* relaxed: a hint */
}

#endif
