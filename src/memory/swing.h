/* swing.h - how far something fell and rose again, in this period and the one before.
 *
 * What only falls, or only rises, has not swung: 100, 30, 90 is a swing by 60; 30, 90, 60 one by
 * none; 100, 30, 150, 120 one by 70.
 *
 * Layer   memory, lowest.
 */
#ifndef HMM_MEMORY_SWING_H
#define HMM_MEMORY_SWING_H

#include "base/hint.h"

/* In units. All are hints: who notes a value may do so beside others. */
struct hmm_swing {
    _Atomic(uint32_t) most;         /* atomic hint, in this period */
    _Atomic(uint32_t) least;        /* atomic hint, since it was the most of both */
    _Atomic(uint32_t) width;        /* atomic hint: how far it has risen from a least, up to what it
                                       had been before */
    _Atomic(uint32_t) most_before;  /* atomic hint, in the one before */
    _Atomic(uint32_t) width_before; /* atomic hint */
    _Atomic(uint32_t) crest;        /* atomic hint, where the last fall began */
    _Atomic(uint32_t) trough;       /* atomic hint, the least since then */
};

/* The most of both periods. */
static inline uint32_t hmm_swing_top(const struct hmm_swing *swing)
{
    uint32_t now = hmm_hint_get(&swing->most);
    uint32_t before = hmm_hint_get(&swing->most_before);
    return now > before ? now : before;
}

/* How deep the last fall is, down to `now`. */
static inline uint32_t hmm_swing_fall(const struct hmm_swing *swing, uint32_t now)
{
    uint32_t crest = hmm_hint_get(&swing->crest);
    return crest > now ? crest - now : 0;
}

/* The width of both periods. */
static inline uint32_t hmm_swing_width(const struct hmm_swing *swing)
{
    uint32_t now = hmm_hint_get(&swing->width);
    uint32_t before = hmm_hint_get(&swing->width_before);
    return now > before ? now : before;
}

/* It has become less. */
static inline void hmm_swing_note_low(struct hmm_swing *swing, uint32_t now)
{
    if (hmm_unlikely(now < hmm_hint_get(&swing->least)))
        hmm_hint_set(&swing->least, now);
    if (now < hmm_hint_get(&swing->trough))
        hmm_hint_set(&swing->trough, now);
}

/* It has become more. A fall ends where it has risen by half of what the fall began at. */
static inline void hmm_swing_note_high(struct hmm_swing *swing, uint32_t now)
{
    uint32_t most = hmm_hint_get(&swing->most);
    uint32_t top = hmm_swing_top(swing);
    uint32_t risen = (uint32_t)hmm_min(now, top);
    uint32_t least = hmm_hint_get(&swing->least);
    if (hmm_unlikely(risen > least + hmm_hint_get(&swing->width)))
        hmm_hint_set(&swing->width, risen - least);
    if (hmm_unlikely(now > most))
        hmm_hint_set(&swing->most, now);
    if (hmm_unlikely(now > top))
        hmm_hint_set(&swing->least, now);
    uint32_t crest = hmm_hint_get(&swing->crest);
    if (now > crest || now > hmm_hint_get(&swing->trough) + crest / 2) {
        hmm_hint_set(&swing->crest, now);
        hmm_hint_set(&swing->trough, now);
    }
}

/* A period begins. */
static inline void hmm_swing_begin(struct hmm_swing *swing, uint32_t now)
{
    hmm_hint_set(&swing->most_before, hmm_hint_get(&swing->most));
    hmm_hint_set(&swing->width_before, hmm_hint_get(&swing->width));
    hmm_hint_set(&swing->most, now);
    hmm_hint_set(&swing->least, now);
    hmm_hint_set(&swing->width, 0);
}

#endif
