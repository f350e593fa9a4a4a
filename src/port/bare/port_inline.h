/* port_inline.h - bare: plain C, one thread.
 *
 * Layer   port.
 */
#ifndef HMM_PORT_INLINE_H
#define HMM_PORT_INLINE_H

#include "base/base.h"

#include <stdatomic.h>

static inline void hmm_port_pause(void) {}

/* The calling thread: the only one. */
static inline uintptr_t hmm_port_self(void)
{
    return 8;
}

static inline uint8_t hmm_port_byte(const uint8_t *byte)
{
    return *byte;
}

static inline void hmm_port_set_byte(uint8_t *byte, uint8_t value)
{
    *byte = value;
}

/* *byte ^= mask; is it 0 now? */
static inline bool hmm_port_xor_to_zero(uint8_t *byte, uint8_t mask)
{
    *byte ^= mask;
    return *byte == 0;
}

/* *word = desired if it is `expected`; was it? */
static inline bool hmm_port_replace(_Atomic(uint32_t) *word, uint32_t expected, uint32_t desired)
{
    return __atomic_compare_exchange_n((uint32_t *)word, &expected, desired, false,
                                       __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

#endif
