/* slab.c - a page run cut into slots of one size.
 *
 * Layer   slabs, above huge. Start reading at hmm_slab_take.
 * State   struct hmm_slab: its owner's, but for the remote words; struct hmm_slabs: lock
 * `descriptors`. Keeps   I6 n_free is the number of bits set in the local words; I7 a slot is free
 * in at most one place: local word, remote word, one magazine. Source  Bonwick, "The slab
 * allocator" (1994); bitmaps instead of lists: phkmalloc, Kamp (1998).
 */
#include "slabs/slab.h"

#include "base/check.h"
#include "memory/states.h"
#include "slabs/huge.h"

#include <string.h>

static uint32_t descriptor_lines(uint32_t n_words)
{
    size_t bytes = sizeof(struct hmm_slab) + 2 * n_words * sizeof(uint64_t);
    return (uint32_t)hmm_div_up(bytes, HMM_LINE_BYTES);
}

/* Of a slab that will have n_units. */
static struct hmm_slab *take_descriptor(struct hmm_slabs *slabs, uint32_t lines, uint32_t n_units)
{
    HMM_CHECK(lines < HMM_SLAB_DESCRIPTOR_KINDS);
    hmm_lock_take(&slabs->lock);
    struct hmm_slab *slab = slabs->free_descriptors[lines];
    if (slab != NULL)
        slabs->free_descriptors[lines] = slab->next;
    slabs->n_slabs++;
    slabs->n_units += n_units;
    hmm_lock_give(&slabs->lock);
    if (slab != NULL)
        return slab;
    slab = hmm_meta_object(slabs->pages->meta, (size_t)lines * HMM_LINE_BYTES);
    if (slab == NULL) {
        hmm_lock_take(&slabs->lock);
        slabs->n_slabs--;
        slabs->n_units -= n_units;
        hmm_lock_give(&slabs->lock);
    }
    return slab;
}

static void give_descriptor(struct hmm_slabs *slabs, struct hmm_slab *slab, uint32_t n_units)
{
    uint32_t lines = descriptor_lines(slab->n_words);
    hmm_lock_take(&slabs->lock);
    slab->next = slabs->free_descriptors[lines];
    slabs->free_descriptors[lines] = slab;
    slabs->n_slabs--;
    slabs->n_units -= n_units;
    hmm_lock_give(&slabs->lock);
}

void hmm_slab_set_owner(struct hmm_slabs *slabs, struct hmm_slab *slab, struct hmm_arena *arena,
                        uint32_t tag)
{
    struct hmm_pagemap *map = slabs->pages->map;
    uint32_t n_units = hmm_pages_run_units(slabs->pages, slab->unit);
    /* relaxed: a reader of the old owner notifies that one, who passes it on (remote.c) */
    atomic_store_explicit(&slab->arena, arena, memory_order_relaxed);
    for (uint32_t i = 0; i < n_units; i++)
        hmm_pagemap_set(map, slab->unit + i, tag | slab->class_idx);
}

/* Everything but its place, and `returned` and `returned_next`: a late remote freer may still use
 * those. */
static void init_descriptor(struct hmm_slab *slab, unsigned class_idx, uint32_t n_slots)
{
    const struct hmm_sizeclass *sc = &hmm_sizeclasses[class_idx];
    slab->n_slots = n_slots;
    slab->slot_bytes = sc->slot_bytes;
    slab->reciprocal = sc->reciprocal;
    slab->n_words = (uint16_t)hmm_div_up(n_slots, 64);
    slab->class_idx = (uint8_t)class_idx;
    slab->place = HMM_SLAB_FULL;
    slab->n_free = n_slots;
    slab->hint_word = 0;
    slab->purged_pages = 0;
    slab->swept_free = 0;
    slab->next = slab->prev = NULL;
    memset(slab->words, 0xff, n_slots / 64 * sizeof(uint64_t));
    if (n_slots % 64 != 0)
        slab->words[n_slots / 64] = ((uint64_t)1 << (n_slots % 64)) - 1;
    memset(&slab->words[slab->n_words], 0, slab->n_words * sizeof(uint64_t));
}

/* Make the run at `unit` the slab's. False: its state bytes can have no memory; nothing done. */
static bool claim(struct hmm_slabs *slabs, struct hmm_slab *slab, uint32_t unit, uint32_t n_units,
                  struct hmm_arena *arena, uint32_t tag)
{
    struct hmm_pages *pages = slabs->pages;
    uint32_t line = (uint32_t)((size_t)((char *)slab - pages->map->objects) / HMM_LINE_BYTES);
    hmm_lock_take(&pages->states);
    bool covered = hmm_states_cover(pages, hmm_state_kind(slab->class_idx), unit, n_units);
    if (hmm_likely(covered)) {
        for (uint32_t i = 0; i < n_units; i++)
            hmm_unit(pages->map, unit + i)->slab_line = line;
        hmm_slab_set_owner(slabs, slab, arena, tag);
    }
    hmm_lock_give(&pages->states);
    return covered;
}

/* Of a run that is longer than the slab, keep what the slab needs, if that can have state bytes. */
static bool fit_run(struct hmm_pages *pages, const struct hmm_slab *slab, uint32_t n_units)
{
    hmm_lock_take(&pages->states);
    bool covered = hmm_states_cover(pages, hmm_state_kind(slab->class_idx), slab->unit, n_units);
    hmm_lock_give(&pages->states);
    if (covered)
        hmm_pages_trim_run(pages, slab->unit, n_units);
    return covered;
}

/* A run for the slab, which it becomes; HMM_RUN_NONE. Where somebody else's memory is in the place
 * of a run's state bytes, others are tried; those in vain are held meanwhile, so that they are not
 * found again, each twice as long as the one before. */
static int64_t take_run(struct hmm_slabs *slabs, struct hmm_slab *slab, uint32_t n_units,
                        enum hmm_growth growth, struct hmm_arena *arena, uint32_t tag,
                        struct hmm_old_units *old)
{
    struct hmm_pages *pages = slabs->pages;
    int64_t vain[HMM_STATES_TRIES];
    unsigned n_vain = 0;
    int64_t unit = hmm_pages_take(pages, n_units, HMM_UNIT_BYTES, growth, old);
    while (unit != HMM_RUN_NONE) {
        slab->unit = (uint32_t)unit;
        slab->start = hmm_pagemap_address(pages->map, slab->unit);
        bool fits = n_vain == 0 || fit_run(pages, slab, n_units);
        if (hmm_likely(fits && claim(slabs, slab, (uint32_t)unit, n_units, arena, tag)))
            break;
        vain[n_vain++] = unit;
        unit = HMM_RUN_NONE;
        if (n_vain < HMM_STATES_TRIES)
            unit = hmm_pages_take(pages, n_units << n_vain, HMM_UNIT_BYTES, growth, old);
    }
    while (n_vain > 0)
        hmm_pages_give(pages, (uint32_t)vain[--n_vain]);
    return unit;
}

struct hmm_slab *hmm_slab_create(struct hmm_slabs *slabs, unsigned class_idx, uint32_t n_units,
                                 enum hmm_growth growth, struct hmm_arena *arena, uint32_t tag)
{
    HMM_ASSERT(class_idx != 0);
    HMM_ASSERT(class_idx < HMM_CLASSES);
    HMM_ASSERT(n_units != 0);
    n_units = (uint32_t)hmm_round_up(n_units, slabs->pages->page_units);
    uint32_t n_slots =
        (uint32_t)(((size_t)n_units << HMM_UNIT_SHIFT) / hmm_sizeclasses[class_idx].slot_bytes);
    n_slots = n_slots < HMM_SLAB_MAX_SLOTS ? n_slots : HMM_SLAB_MAX_SLOTS;
    struct hmm_slab *slab =
        take_descriptor(slabs, descriptor_lines((uint32_t)hmm_div_up(n_slots, 64)), n_units);
    if (slab == NULL)
        return NULL;
    init_descriptor(slab, class_idx, n_slots);
    struct hmm_old_units old;
    int64_t unit = take_run(slabs, slab, n_units, growth, arena, tag, &old);
    if (unit == HMM_RUN_NONE) {
        give_descriptor(slabs, slab, n_units);
        return NULL;
    }
    slab->is_new = old.n < n_units;
    return slab;
}

void hmm_slab_destroy(struct hmm_slabs *slabs, struct hmm_slab *slab)
{
    struct hmm_pages *pages = slabs->pages;
    uint32_t unit = slab->unit;
    uint32_t n_units = hmm_pages_run_units(pages, unit);
    HMM_ASSERT(slab->n_free == slab->n_slots);
    for (uint32_t i = 0; i < n_units; i++) {
        hmm_pagemap_set(pages->map, unit + i, HMM_KIND_NONE);
        hmm_unit(pages->map, unit + i)->slab_line = 0;
    }
    atomic_store_explicit(&slab->arena, NULL, memory_order_relaxed); /* relaxed: see set_owner */
    uint64_t swept_pages = slab->purged_pages;
    give_descriptor(slabs, slab, n_units);
    hmm_pages_give_swept(pages, unit, swept_pages);
}

/* Write the marks of the slots of one word's bits to *last and downwards to `end`, by rows: slots
 * side by side are what bulk frees leave. Returns the bits that are left. */
static inline uint64_t take_bits(uint64_t bits, hmm_mark first, hmm_mark step, hmm_mark **last,
                                 hmm_mark *end)
{
    hmm_mark *to = *last;
    while (bits != 0 && to > end) {
        unsigned at = (unsigned)__builtin_ctzll(bits);
        uint64_t gaps = ~(bits >> at);
        unsigned n = gaps == 0 ? 64 : (unsigned)__builtin_ctzll(gaps);
        hmm_mark *stop = to - end > (ptrdiff_t)n ? to - n : end;
        n = (unsigned)(to - stop);
        for (hmm_mark mark = first + at * step; to > stop; mark += step)
            *to-- = mark;
        bits &= ~(uint64_t)1 << (at + n - 1); /* those below are taken */
    }
    *last = to;
    return bits;
}

unsigned hmm_slab_take(struct hmm_slab *slab, hmm_mark *last, unsigned want)
{
    HMM_ASSERT(want != 0);
    HMM_ASSERT(slab->n_free != 0);
    hmm_mark *to = last;
    hmm_mark *end = last - want;
    uint32_t word = slab->hint_word;
    hmm_mark step = 2 * (hmm_mark)slab->slot_bytes;
    hmm_mark first = hmm_mark_of(slab->start) + word * 64 * step;
    for (; word < slab->n_words && to > end; word++) {
        slab->words[word] = take_bits(slab->words[word], first, step, &to, end);
        if (slab->words[word] != 0)
            break;
        first += 64 * step;
    }
    unsigned taken = (unsigned)(last - to);
    slab->hint_word = word;
    slab->n_free -= taken;
    return taken;
}

unsigned hmm_slab_collect(struct hmm_slab *slab)
{
    _Atomic(uint64_t) *remote = hmm_slab_remote_words(slab);
    unsigned collected = 0;
    for (uint32_t word = 0; word < slab->n_words; word++) {
        if (atomic_load_explicit(&remote[word], memory_order_relaxed) == 0) /* relaxed: a look */
            continue;
        /* acquire: pairs: hmm_slab_put_remote */
        uint64_t bits = atomic_exchange_explicit(&remote[word], 0, memory_order_acquire);
        HMM_CHECK((slab->words[word] & bits) == 0);
        slab->words[word] |= bits;
        collected += (unsigned)__builtin_popcountll(bits);
        if (word < slab->hint_word)
            slab->hint_word = word;
    }
    slab->n_free += collected;
    return collected;
}
