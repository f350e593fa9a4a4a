/* swing.h - how far down something was, and how far it rose from there, in this period and the one
 * before.
 *
 * Layer   memory, lowest.
 */
#ifndef HMM_MEMORY_SWING_H
#define HMM_MEMORY_SWING_H

#include "base/base.h"

/* In units. All are hints: who notes a value may do so beside others. */
struct hmm_swing {
    _Atomic(uint32_t) least;        /* atomic hint, in this period */
    _Atomic(uint32_t) rise;         /* atomic hint, from the least of both at most */
    _Atomic(uint32_t) least_before; /* atomic hint, in the one before */
    _Atomic(uint32_t) rise_before;  /* atomic hint */
};

static inline uint32_t hmm_swing_get(const _Atomic(uint32_t) *value)
{
    return atomic_load_explicit(value, memory_order_relaxed); /* relaxed: a hint */
}

static inline void hmm_swing_set(_Atomic(uint32_t) *value, uint32_t to)
{
    atomic_store_explicit(value, to, memory_order_relaxed); /* relaxed: a hint */
}

/* The least of both periods. */
static inline uint32_t hmm_swing_least(const struct hmm_swing *swing)
{
    uint32_t now = hmm_swing_get(&swing->least);
    uint32_t before = hmm_swing_get(&swing->least_before);
    return now < before ? now : before;
}

/* By how much it rose in both, at most. */
static inline uint32_t hmm_swing_rise(const struct hmm_swing *swing)
{
    uint32_t now = hmm_swing_get(&swing->rise);
    uint32_t before = hmm_swing_get(&swing->rise_before);
    return now > before ? now : before;
}

/* It has become less. */
static inline void hmm_swing_note_low(struct hmm_swing *swing, uint32_t now)
{
    if (hmm_unlikely(now < hmm_swing_get(&swing->least)))
        hmm_swing_set(&swing->least, now);
}

/* It has become more. */
static inline void hmm_swing_note_high(struct hmm_swing *swing, uint32_t now)
{
    uint32_t least = hmm_swing_least(swing);
    if (hmm_unlikely(now > least + hmm_swing_get(&swing->rise)))
        hmm_swing_set(&swing->rise, now - least);
}

/* A period begins. */
static inline void hmm_swing_begin(struct hmm_swing *swing, uint32_t now)
{
    hmm_swing_set(&swing->least_before, hmm_swing_get(&swing->least));
    hmm_swing_set(&swing->rise_before, hmm_swing_get(&swing->rise));
    hmm_swing_set(&swing->least, now);
    hmm_swing_set(&swing->rise, 0);
}

#endif
