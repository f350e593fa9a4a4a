/* port_inline.h - linux: single instructions, and bytes.
 *
 * Layer   port.
 */
#ifndef HMM_PORT_INLINE_H
#define HMM_PORT_INLINE_H

#include "base/base.h"

#include <stdatomic.h>

static inline void hmm_port_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* The calling thread: not 0, a multiple of 8, another one for each thread there is. The address
 * that libc keeps for its own data of the thread; it stays the same in a child after fork. */
static inline uintptr_t hmm_port_self(void)
{
    uintptr_t self;
#if defined(__x86_64__)
    __asm__("movq %%fs:0, %q0" : "=r"(self));
#elif defined(__i386__)
    __asm__("movl %%gs:0, %0" : "=r"(self));
#else
    self = (uintptr_t)__builtin_thread_pointer();
#endif
    return self;
}

/* Bytes that their owner reads and writes plainly; ThreadSanitizer is told that a look from
 * elsewhere may come between. */
static inline uint8_t hmm_port_byte(const uint8_t *byte)
{
#ifdef __SANITIZE_THREAD__
    return __atomic_load_n(byte, __ATOMIC_RELAXED);
#else
    return *byte;
#endif
}

static inline void hmm_port_set_byte(uint8_t *byte, uint8_t value)
{
#ifdef __SANITIZE_THREAD__
    __atomic_store_n(byte, value, __ATOMIC_RELAXED);
#else
    *byte = value;
#endif
}

/* *byte ^= mask; is it 0 now? One read-modify-write instruction on x86; plain, not locked. */
static inline bool hmm_port_xor_to_zero(uint8_t *byte, uint8_t mask)
{
#if defined(__x86_64__) && defined(__GCC_ASM_FLAG_OUTPUTS__) && !defined(__SANITIZE_THREAD__)
    bool zero;
    __asm__("xorb %2, %0" : "+m"(*byte), "=@ccz"(zero) : "q"(mask));
    return zero;
#else
    uint8_t now = hmm_port_byte(byte) ^ mask;
    hmm_port_set_byte(byte, now);
    return now == 0;
#endif
}

/* *word = desired if it is `expected`; was it? One instruction, on x86 without a lock prefix: two
 * processors that do this at the same moment may both succeed, a thread that is interrupted not. */
static inline bool hmm_port_replace(_Atomic(uint32_t) *word, uint32_t expected, uint32_t desired)
{
#if defined(__x86_64__) && defined(__GCC_ASM_FLAG_OUTPUTS__) && !defined(__SANITIZE_THREAD__)
    bool done;
    __asm__ volatile("cmpxchgl %3, %0" : "+m"(*word), "=@ccz"(done), "+a"(expected) : "r"(desired));
    return done;
#else
    return __atomic_compare_exchange_n((uint32_t *)word, &expected, desired, false,
                                       __ATOMIC_RELAXED, __ATOMIC_RELAXED);
#endif
}

#endif
