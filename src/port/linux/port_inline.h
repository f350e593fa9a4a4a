/* port_inline.h - linux: the instructions that hits are made of.
 *
 * Layer   port.
 */
#ifndef HMM_PORT_INLINE_H
#define HMM_PORT_INLINE_H

#include "base/base.h"

static inline void hmm_port_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Flip the top bit of state[idx] and return whether it is set now.
 * One read-modify-write instruction on x86; plain, not locked: any thread may flip the byte of a
 * block that it owns, and bytes do not disturb each other. */
static inline bool hmm_port_flip(uint8_t *state, size_t idx)
{
#if defined(__x86_64__) && defined(__GCC_ASM_FLAG_OUTPUTS__)
    bool set;
    __asm__ volatile("xorb $0x80, (%1,%2)" : "=@ccs"(set) : "r"(state), "r"(idx) : "memory");
    return set;
#else
    uint8_t now = (uint8_t)(__atomic_load_n(&state[idx], __ATOMIC_RELAXED) ^ 0x80);
    __atomic_store_n(&state[idx], now, __ATOMIC_RELAXED);
    return (now & 0x80) != 0;
#endif
}

#endif
