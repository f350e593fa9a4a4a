/* magazine.c - the empty magazine, and how many blocks a magazine may hold.
 *
 * Layer   arenas, lowest.
 */
#include "arenas/magazine.h"

const uint8_t hmm_never_free = 0xff;

/* A magazine that no block is popped from, since the only state byte it leads to is not 0, and that
 * none fits in. */
static const struct {
    struct hmm_rounds *links[2];
    hmm_mark bottom;
} no_rounds;

const struct hmm_magazine hmm_magazine_empty = {
    .top = (hmm_mark *)(uintptr_t)&no_rounds.bottom,
    .end = (hmm_mark *)(uintptr_t)&no_rounds.bottom,
    .states = {.bias_words = {[HMM_BIAS_WORD] = (uintptr_t)&hmm_never_free}},
    .loaded = (struct hmm_rounds *)(uintptr_t)&no_rounds,
};

static size_t rounds_bytes(size_t objs)
{
    return sizeof(struct hmm_rounds) + (objs + 1) * sizeof(hmm_mark);
}

size_t hmm_magazine_longest_bytes(void)
{
    return rounds_bytes(HMM_MAGAZINE_MAX_OBJS);
}

size_t hmm_magazine_rounds_bytes(const struct hmm_magazine *mag)
{
    return rounds_bytes(hmm_magazine_has_depot(mag) ? HMM_MAGAZINE_MAX_OBJS : mag->max_objs);
}

void hmm_magazine_narrow(struct hmm_magazine *mag)
{
    size_t objs = hmm_min(mag->max_objs, HMM_MAGAZINE_FIRST_OBJS);
    mag->end = mag->loaded->slots + (mag->closed ? 0 : objs);
    mag->fill_objs = (uint16_t)hmm_max(objs / 2, 1);
}
