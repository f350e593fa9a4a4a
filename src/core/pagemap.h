/* pagemap.h - from an address to what lives there, by subtraction, shift and load.
 *
 * The heap is one contiguous range [base, break). Three flat arrays describe it, all out of line:
 *
 *   entry[unit]   4 bytes per 16 KiB unit      31            8 7        0
 *                                              |  arena id   |  class   |
 *                 a slab: every unit of it holds arena id (never 0) and class 1..96
 *                 anything else: arena id 0 and one of enum hmm_kind
 *   state[granule] 1 byte per 16 bytes: bit 7 set exactly where a live small or medium block begins
 *   unit[unit]    what slow paths need
 *
 * Layer   core, above lock, below brk.
 * Keeps   I1 a unit's entry names a slab exactly while that slab exists; I2 state bit 7 is set
 *         exactly at the first granule of blocks that a caller holds.
 */
#ifndef HMM_CORE_PAGEMAP_H
#define HMM_CORE_PAGEMAP_H

#include "base/sizeclass.h"
#include "port/port.h"

#include <stdatomic.h>

enum hmm_kind {
    HMM_KIND_NONE = 0,            /* free, or inside a large block, or above the break */
    HMM_KIND_LARGE = 0xf0,        /* first unit of a large block that a caller holds */
    HMM_KIND_LARGE_CACHED = 0xf1, /* first unit of a large block that was freed and is kept */
    HMM_KIND_FOREIGN = 0xf2,      /* the program moved the break itself: not ours */
};

enum { HMM_CLASS_BITS = 8, HMM_CLASS_MASK = (1 << HMM_CLASS_BITS) - 1 };

/* 0 only in a build made to measure what the checks cost, or to show that the tests need them. */
#ifndef HMM_CONFIG_CHECKS
#define HMM_CONFIG_CHECKS 1
#endif

struct hmm_unit {
    uint32_t n_units;    /* lock:pages, at the first unit of a used run: its length */
    uint32_t tail_units; /* lock:pages, at the last unit of a free run: its length; else 0 */
    uint32_t slab_line;  /* const while the entry names a slab: its descriptor, in lines of the
                            object area */
    uint32_t dirty;      /* lock:pages, 1: holds old contents; 0: reads as zero */
};

struct hmm_pagemap {
    uintptr_t base;           /* const after init; 0 before: then limit is 0 too */
    size_t limit_granules;    /* hint: granules described by the arrays. Written under lock:pages by
                                 hmm_pagemap_set_limit, read plainly by hits: one aligned word, and a
                                 thread that holds a block saw the limit that covers it */
    _Atomic(uint32_t) *entry; /* const pointer; elements: atomic */
    uint8_t *state_bias;      /* const: state minus base / 16: indexed by address / 16 */
    struct hmm_unit *unit;    /* const pointer */
    uint8_t *state;           /* const pointer; elements: plain bytes, owner of the block */
    char *objects;            /* const: start of the object area, where descriptors lie */
};

/* Granule of `block`; huge for addresses below base and for misaligned ones, so that one compare
 * with limit_granules refuses NULL, foreign and misaligned pointers together. */
static inline size_t hmm_pagemap_granule(const struct hmm_pagemap *map, const void *block)
{
    return hmm_rotate_right((uintptr_t)block - map->base, HMM_GRANULE_SHIFT);
}

/* Off the hit path. relaxed: as the field says */
static inline size_t hmm_pagemap_limit(const struct hmm_pagemap *map)
{
    return __atomic_load_n(&map->limit_granules, __ATOMIC_RELAXED);
}

static inline void hmm_pagemap_set_limit(struct hmm_pagemap *map, size_t n_units)
{
    __atomic_store_n(&map->limit_granules, n_units << HMM_UNIT_GRANULES_SHIFT, __ATOMIC_RELAXED);
}

static inline uint32_t hmm_pagemap_entry(const struct hmm_pagemap *map, size_t unit)
{
    /* relaxed: an entry is constant while a block of that unit is live; racing readers of other
     * units only see one whole value or another */
    return atomic_load_explicit(&map->entry[unit], memory_order_relaxed);
}

static inline void hmm_pagemap_set(struct hmm_pagemap *map, size_t unit, uint32_t entry)
{
    atomic_store_explicit(&map->entry[unit], entry, memory_order_relaxed); /* relaxed: as above */
}

static inline unsigned hmm_entry_class(uint32_t entry)
{
    return entry & HMM_CLASS_MASK;
}

static inline bool hmm_entry_is_slab(uint32_t entry)
{
    return entry > HMM_CLASS_MASK;
}

static inline char *hmm_pagemap_address(const struct hmm_pagemap *map, size_t unit)
{
    return (char *)(map->base + (unit << HMM_UNIT_SHIFT));
}

static inline bool hmm_pagemap_is_live(const struct hmm_pagemap *map, const void *block)
{
    if (!HMM_CONFIG_CHECKS)
        return true;
    return (map->state_bias[(uintptr_t)block >> HMM_GRANULE_SHIFT] & 0x80) != 0;
}

/* The block goes to a caller. False: it was live already, so two owners would have had it. */
static inline bool hmm_pagemap_mark_live(const struct hmm_pagemap *map, const void *block)
{
    if (!HMM_CONFIG_CHECKS)
        return true;
    return hmm_port_flip(map->state_bias, (uintptr_t)block >> HMM_GRANULE_SHIFT);
}

/* The block at `granule` comes back. False: no live block begins here; the byte is left wrong, for
 * hmm_pagemap_unmark, on the way to the end of the process. */
static inline bool hmm_pagemap_mark_free(const struct hmm_pagemap *map, size_t granule)
{
    if (!HMM_CONFIG_CHECKS)
        return true;
    return !hmm_port_flip(map->state, granule);
}

static inline void hmm_pagemap_unmark(const struct hmm_pagemap *map, size_t granule)
{
    (void)hmm_port_flip(map->state, granule);
}

#endif
