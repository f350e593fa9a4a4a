/* pagemap.h - from an address to what lives there, by subtraction, shift and load.
 *
 * The heap is one or more pieces of memory between its base and its top (brk.h, pieces.h). Flat
 * arrays describe the whole range, gaps included, all out of line:
 *
 *   entry[unit]   4 bytes per 16 KiB unit      31            8 7        0
 *                                              |  arena id   |  class   |
 *                 a slab: every unit of it holds arena id (never 0) and class 1..124
 *                 anything else: arena id 0 and one of enum hmm_kind
 *   state bytes   not 0 exactly where a live block of a slab begins; then its address tag
 *                 four arrays: a byte per 16 bytes, for slots of 16 bytes; per 32, for slots of 32
 *                 and 48; per 64, for 64 to 112; per 128, for all others
 *   chunks        what slow paths need
 *
 * A state byte belongs to at most one block at a time, since no two begin within its 16 to 128
 * bytes, so its owner writes it plainly. Inner addresses of the block share its state byte; the
 * address tag tells them apart. It is the low byte of the block's mark, 2 * address + 1: never 0,
 * and different for each address within 128 bytes. So a live block begins at `p` exactly if p's
 * state byte equals p's address tag. Magazines hold free blocks as marks, too: that saves hits an
 * instruction.
 *
 * An example. The heap begins at 0x124d55c000. The arena with id 2 has a slab of 112-byte slots,
 * class 7, in unit 1: its state bytes are one for 64 bytes. Unit 2 and six more are a large block.
 *
 *   block          offset   unit   entry[unit]          state byte       which is at
 *   0x124d560000   0x4000   1      0x207 = 2 << 8 | 7   0x01             0x4000 / 64 = 0x100
 *   0x124d560070   0x4070   1      0x207                0xe1             0x101
 *   0x124d5600e0   0x40e0   1      0x207                0xc1             0x103
 *   0x124d564000   0x8000   2      0xf0, LARGE          -
 *
 * 0xe1 is the low byte of 2 * 0x124d560070 + 1. When that block is freed, the byte at 0x101 becomes
 * 0, and nothing else here changes. A free of 0x124d560078 looks at the same byte, expects 0xf1
 * there, and finds 0xe1: no block begins there. When the large block is freed and kept by its
 * thread, entry[2] becomes 0xf1, LARGE_CACHED.
 *
 * Layer   memory, lowest.
 * Keeps   I1 a unit's entry names a slab exactly while that slab exists; I2 the state byte
 *         of an address is its address tag exactly if a block that a caller holds begins there.
 */
#ifndef HMM_MEMORY_PAGEMAP_H
#define HMM_MEMORY_PAGEMAP_H

#include "base/sizeclass.h"
#include "port/port.h"

#include <stdatomic.h>

enum hmm_kind {
    HMM_KIND_LARGE = 0xf0,        /* first unit of a large block that a caller holds */
    HMM_KIND_LARGE_CACHED = 0xf1, /* first unit of a large block that was freed and is kept */
    HMM_KIND_NONE = 0,            /* free, inside a large block, or not the heap's at all */
};

enum { HMM_CHUNK_SHIFT = 8, HMM_CHUNK_UNITS = 1 << HMM_CHUNK_SHIFT };
enum { HMM_WORD_UNITS = 64 }; /* that the bits of a word describe */
enum { HMM_CHUNK_WORDS = HMM_CHUNK_UNITS / HMM_WORD_UNITS };
enum { HMM_LINE_BYTES = 64 };
enum { HMM_CLASS_BITS = 8, HMM_CLASS_MASK = (1 << HMM_CLASS_BITS) - 1 };

/* 0 only in a build made to measure what the checks cost, or to show that the tests need them. */
#ifndef HMM_CONFIG_CHECKS
#define HMM_CONFIG_CHECKS 1
#endif

struct hmm_unit {
    uint32_t n_units;    /* lock:pages, at the first unit of a used run: its length */
    uint32_t tail_units; /* lock:pages, at the last unit of a free run: its length; else 0 */
    uint32_t slab_line;  /* const while the entry names a slab: where its descriptor begins, in
                            lines above the beginning of the objects */
};

/* Of a free unit: what reading it would find. */
enum hmm_contents {
    HMM_CONTENTS_NEW,    /* zero: never touched since the break came here, or moved away */
    HMM_CONTENTS_DIRTY,  /* anything; it takes memory */
    HMM_CONTENTS_PURGED, /* zero: given back to the system */
};

/* Bits of 64 units; of free ones, their contents. */
struct hmm_unit_bits {
    uint64_t dirty;     /* lock:pages */
    uint64_t purged[2]; /* lock:pages, given back lately: in this period, in the one before */
    uint64_t border;    /* lock:pages, of used ones too: a mapping may end before this unit */
    uint64_t sparse;    /* lock:pages, of used ones: perhaps not used all over (slabs/huge.h) */
};

/* The state bytes of 64 units. */
struct hmm_word_states {
    uint32_t mapped;  /* lock:states, bits of the kinds that have addresses */
    uint32_t touched; /* lock:states, bits of what may take memory, by 4 KiB: hmm_states_bits */
};

/* All that slow paths need of 256 units. What a small heap needs of it is in one page. */
struct hmm_chunk {
    struct hmm_unit_bits bits[HMM_CHUNK_WORDS];
    union {
        struct {
            struct hmm_word_states states[HMM_CHUNK_WORDS];
            uint64_t dirty_chunks[HMM_CHUNK_WORDS]; /* lock:pages, bits: hmm_chunk_dirty_word */
        };
        char line[HMM_LINE_BYTES];
    };
    uint32_t families[2][1 << HMM_TREE_ARITY_SHIFT]; /* of higher levels of the first-fit tree:
                                                        hmm_pages_init says in which chunks */
    uint32_t parents[HMM_CHUNK_UNITS >> HMM_TREE_ARITY_SHIFT]; /* level 1 of it */
    uint32_t leaves[HMM_CHUNK_UNITS];                          /* its level 0 */
    struct hmm_unit unit[HMM_CHUNK_UNITS];
};

typedef uint64_t hmm_mark;

/* State bytes of one density. */
struct hmm_states {
    union {
        uint64_t bias; /* const: the byte of a mark is at (mark + bias) >> shift */
        uintptr_t bias_words[sizeof(uint64_t) / sizeof(uintptr_t)]; /* for addresses of constants */
    };
    unsigned shift; /* const */
};

/* Of those, the one that holds an address. */
enum {
    HMM_BIAS_WORD =
        __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? sizeof(uint64_t) / sizeof(uintptr_t) - 1 : 0
};

struct hmm_pagemap {
    uintptr_t base;           /* const after init; 0 before: then the limit is 0 too */
    size_t limit_units;       /* hint: units described by the arrays. Written under lock:pages by
                                 hmm_pagemap_set_limit, read plainly by hits: one aligned word, and
                                 a thread that holds a block saw the limit that covers it */
    _Atomic(uint32_t) *entry; /* const pointer; elements: atomic */
    struct hmm_chunk *chunks; /* const pointer to the first one; the others lie below it */
    char *objects;            /* const: line 0 of where descriptors lie (meta.h) */
    struct hmm_states states[HMM_STATE_KINDS]; /* const; bytes: plain, owner of the block */
};

/* Unit of `block`; huge for addresses below base. */
static inline size_t hmm_pagemap_unit(const struct hmm_pagemap *map, const void *block)
{
    return ((uintptr_t)block - map->base) >> HMM_UNIT_SHIFT;
}

/* Off the hit path. relaxed: as the field says */
static inline size_t hmm_pagemap_limit(const struct hmm_pagemap *map)
{
    return __atomic_load_n(&map->limit_units, __ATOMIC_RELAXED);
}

static inline void hmm_pagemap_set_limit(struct hmm_pagemap *map, size_t n_units)
{
    __atomic_store_n(&map->limit_units, n_units, __ATOMIC_RELAXED);
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

/* Chunks are laid downwards. */
static inline struct hmm_chunk *hmm_chunk_below(struct hmm_chunk *first, size_t n)
{
    return first - n;
}

static inline struct hmm_chunk *hmm_chunk(const struct hmm_pagemap *map, size_t idx)
{
    return hmm_chunk_below(map->chunks, idx);
}

static inline struct hmm_unit *hmm_unit(const struct hmm_pagemap *map, size_t unit)
{
    return &hmm_chunk(map, unit >> HMM_CHUNK_SHIFT)->unit[unit & (HMM_CHUNK_UNITS - 1)];
}

/* Of units 64 * word and on. */
static inline struct hmm_unit_bits *hmm_unit_bits(const struct hmm_pagemap *map, uint32_t word)
{
    return &hmm_chunk(map, word / HMM_CHUNK_WORDS)->bits[word % HMM_CHUNK_WORDS];
}

/* Bits of chunks 64 * word and on: a chunk without has no dirty units. Of all chunks together they
 * are in the first few of them. */
static inline uint64_t *hmm_chunk_dirty_word(const struct hmm_pagemap *map, uint32_t word)
{
    return &hmm_chunk(map, word / HMM_CHUNK_WORDS)->dirty_chunks[word % HMM_CHUNK_WORDS];
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

/* --- state bytes --------------------------------------------------------------------------------
 */

/* Density of the state bytes of a class. */
static inline unsigned hmm_state_kind(unsigned class_idx)
{
    return hmm_sizeclasses[class_idx].state_kind;
}

static inline const struct hmm_states *hmm_pagemap_states(const struct hmm_pagemap *map,
                                                          unsigned class_idx)
{
    return &map->states[hmm_state_kind(class_idx)];
}

static inline hmm_mark hmm_mark_of(const void *block)
{
    return (hmm_mark)(uintptr_t)block * 2 + 1;
}

static inline void *hmm_mark_block(hmm_mark mark)
{
    return (void *)(uintptr_t)(mark >> 1);
}

static inline uint8_t *hmm_state_of(const struct hmm_states *states, hmm_mark mark)
{
    return (uint8_t *)(uintptr_t)((mark + states->bias) >> states->shift);
}

/* The block goes to a caller. False: a live block begins there, or near: nothing done. */
static inline bool hmm_state_to_live(uint8_t *state, hmm_mark mark)
{
    if (!HMM_CONFIG_CHECKS)
        return true;
    if (hmm_unlikely(hmm_port_byte(state) != 0))
        return false;
    hmm_port_set_byte(state, (uint8_t)mark);
    return true;
}

/* The block comes back. False: no live block begins there: nothing done. */
static inline bool hmm_state_to_free(uint8_t *state, hmm_mark mark)
{
    if (!HMM_CONFIG_CHECKS)
        return true;
    if (hmm_likely(hmm_port_xor_to_zero(state, (uint8_t)mark)))
        return true;
    (void)hmm_port_xor_to_zero(state, (uint8_t)mark);
    return false;
}

/* Does a live block of a slab of this class begin at `block`? */
static inline bool hmm_pagemap_is_live(const struct hmm_pagemap *map, unsigned class_idx,
                                       const void *block)
{
    if (!HMM_CONFIG_CHECKS)
        return true;
    hmm_mark mark = hmm_mark_of(block);
    const uint8_t *state = hmm_state_of(hmm_pagemap_states(map, class_idx), mark);
    return __atomic_load_n(state, __ATOMIC_RELAXED) == (uint8_t)mark; /* relaxed: a look */
}

#endif
