/* port_inline.h - bare: plain C, one thread.
 *
 * Layer   port.
 */
#ifndef HMM_PORT_INLINE_H
#define HMM_PORT_INLINE_H

#include "base/base.h"

static inline void hmm_port_pause(void) {}

/* Flip the top bit of state[idx] and return whether it is set now. */
static inline bool hmm_port_flip(uint8_t *state, size_t idx)
{
    state[idx] ^= 0x80;
    return (state[idx] & 0x80) != 0;
}

#endif
