/* port_inline.h - bare: plain C, one thread.
 *
 * Layer   port.
 */
#ifndef HMM_PORT_INLINE_H
#define HMM_PORT_INLINE_H

#include "base/base.h"

static inline void hmm_port_pause(void) {}

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

#endif
