/* blocks.h - a heap of blocks side by side: find, split, coalesce in constant time.
 *
 *                    0       first                                break           capacity
 *   | heap | records | heads | block | block    | free | block | free   | never used |
 *
 * Memory is counted in granules of 16 bytes, from the heads of the free lists. Blocks are rows of
 * granules and fill everything below the break. What is known of them lies outside: a record for
 * each group of 64 granules (32 on 32-bit machines).
 *
 *   starts          a bit for each granule at which a block begins
 *   live            a bit for each of those whose block a caller holds
 *   after_free      a bit for each of those before which a free block ends
 *   last_granules   length of the last block that begins in this group. All others end where the
 *                   next bit of `starts` is: so every block's length takes one look
 *   free_before     where the free block begins that ends before this group's first block. Other
 *                   free blocks begin at the bit of `starts` below: one look, too
 *
 * Free blocks hang in lists by size class, a bitmap tells which lists are not empty. The links lie
 * in the free blocks, and are not trusted: a block is handed out only if its bits say that it is
 * free, and a link is followed only to where one leads back. Links are places: 4-byte
 * words, counted like the granules, so that the head of a class's list, at the place that is the
 * class's number, is reached like any other link.
 *
 * Layer   core, above base; nothing of port, so that it runs anywhere.
 * State   struct hmm_blocks and what it points to: the caller's lock.
 * Keeps   B1 to B7 (docs/invariants.md).
 * Source  segregated fit in two levels: Masmano, Ripoll, Crespo, Real, "TLSF: a new dynamic memory
 *         allocator for real-time systems" (ECRTS 2004). Records in the place of headers are ours.
 */
#ifndef HMM_CORE_BLOCKS_H
#define HMM_CORE_BLOCKS_H

#include "base/base.h"
#include "base/tunables.h"

typedef size_t hmm_bits; /* of one group, or of as many classes */

enum {
    HMM_GROUP_SHIFT = sizeof(hmm_bits) == 8 ? 6 : 5,
    HMM_GROUP_GRANULES = 1 << HMM_GROUP_SHIFT,
};

#define HMM_NO_PLACE 0 /* the head of class 0, of no block */

struct hmm_group {
    hmm_bits starts;
    hmm_bits live;
    hmm_bits after_free;
    uint32_t last_granules; /* valid if any block begins here */
    uint32_t free_before;   /* valid if the first that begins here has its bit in after_free */
};

/* The words at the place of a free block. A list's head has the first one only. */
enum {
    HMM_NEXT = 0,   /* place; HMM_NO_PLACE: none */
    HMM_BEFORE = 1, /* place; that of the head: it is the first one */
    HMM_LENGTH = 2, /* granules: says whether a look at the bits is worth it */
};

enum {
    HMM_BLOCKS_CLASS_WORDS =
        512 / HMM_GROUP_GRANULES, /* classes of BLOCKS_MAX_GRANULES, and more */
};

/* A heap of blocks. All sizes in granules. */
struct hmm_blocks {
    uint32_t *heads;          /* const pointer: by class, the first free block's place. Granule 0 */
    uint32_t first;           /* const: the first granule of the first block */
    uint32_t step_shift;      /* const: classes in a doubling, log2 */
    uint32_t end;             /* the break. For its neighbours a live block begins there */
    uint32_t usable_granules; /* first to capacity; 0, like the break: broken, a link led astray */
    uint32_t capacity_granules; /* const */
    uint32_t n_classes;         /* const */
    uint32_t extra_granules;    /* const: taken ahead */
    uint32_t clean_end;         /* groups below have records; above, they hold anything */
    uint32_t peak_end;
    /* const: told of an address to free where no live block begins; and that the heap has just been
     * found broken */
    void (*on_misuse)(struct hmm_blocks *blocks, const void *address);
    void (*on_broken)(struct hmm_blocks *blocks);
    /* a bit for each class with free blocks, and for the one above the last */
    hmm_bits class_words[HMM_BLOCKS_CLASS_WORDS];
    struct hmm_group groups[]; /* one for each group of the capacity, and the end's */
};

/* The least that is enough for hmm_blocks_init. */
size_t hmm_blocks_min_bytes(void);
/* The heap of the memory that begins at `blocks`, at a multiple of 16: its records first, and
 * `bytes` in all. False: too small, nothing is written. The hooks are the caller's to set. */
bool hmm_blocks_init(struct hmm_blocks *blocks, size_t bytes, size_t extra_bytes, bool is_zero);
void hmm_blocks_reset(struct hmm_blocks *blocks);

/* A block of n granules; NULL: n is 0, there is none that long, or the heap is broken. */
void *hmm_blocks_take(struct hmm_blocks *blocks, size_t n_granules);
/* The same at a multiple of align_granules, a power of two, of addresses. */
void *hmm_blocks_take_aligned(struct hmm_blocks *blocks, size_t align_granules, size_t n_granules);
/* Free the live block that begins at `address`; if none does, on_misuse is told. */
void hmm_blocks_give(struct hmm_blocks *blocks, const void *address);
/* Make the live block at granule `at` longer or shorter where it is; false: there is no room,
 * or broken. */
bool hmm_blocks_resize(struct hmm_blocks *blocks, uint32_t at, size_t n_granules);

/* The block that holds granule `at`, below the break. Not in constant time. */
uint32_t hmm_blocks_around(const struct hmm_blocks *blocks, uint32_t at);
/* The name of the first invariant that does not hold, or NULL. */
const char *hmm_blocks_check(const struct hmm_blocks *blocks);

/* What a walk over all blocks counts. */
struct hmm_census {
    uint32_t live_granules, live_blocks, free_blocks;
    uint32_t largest; /* the most granules that can be taken now */
};
void hmm_blocks_count(const struct hmm_blocks *blocks, struct hmm_census *census);

/* --- places -------------------------------------------------------------------------------------
 */

/* A granule, as its group's record knows it. */
struct hmm_spot {
    struct hmm_group *group;
    uint32_t at;
};

static inline struct hmm_spot hmm_blocks_spot(const struct hmm_blocks *blocks, uint32_t at)
{
    /* In bytes, or gcc forms the address twice, in two ways: 6 instructions of a free. */
    size_t offset_bytes = (size_t)(at >> HMM_GROUP_SHIFT) * sizeof(struct hmm_group);
    char *groups = (char *)(uintptr_t)blocks + offsetof(struct hmm_blocks, groups);
    return (struct hmm_spot){(struct hmm_group *)(void *)(groups + offset_bytes), at};
}

/* The bit of a granule, or of a class, in its word. */
static inline hmm_bits hmm_bit_of(uint32_t at)
{
    return (hmm_bits)1 << (at & (HMM_GROUP_GRANULES - 1));
}

static inline bool hmm_bit(hmm_bits bits, uint32_t at)
{
    return (bits >> (at & (HMM_GROUP_GRANULES - 1)) & 1) != 0;
}

static inline void hmm_bit_set(hmm_bits *bits, uint32_t at)
{
    *bits |= hmm_bit_of(at);
}

static inline void hmm_bit_clear(hmm_bits *bits, uint32_t at)
{
    *bits &= ~hmm_bit_of(at);
}

/* The word that has the bit of a class. */
static inline hmm_bits *hmm_blocks_class_word(struct hmm_blocks *blocks, uint32_t class_idx)
{
    return &blocks->class_words[class_idx >> HMM_GROUP_SHIFT];
}

/* The highest bit, and the lowest; bits != 0. */
static inline uint32_t hmm_bits_top(hmm_bits bits)
{
    return (HMM_GROUP_GRANULES - 1) ^ (uint32_t)__builtin_clzl(bits);
}

static inline uint32_t hmm_bits_lowest(hmm_bits bits)
{
    return (uint32_t)__builtin_ctzl(bits);
}

/* The bits of blocks that begin behind it in its group, the next granule's lowest. */
static inline hmm_bits hmm_spot_above(struct hmm_spot spot)
{
    return spot.group->starts >> (spot.at & (HMM_GROUP_GRANULES - 1)) >> 1;
}

/* Length of the block that begins there. */
static inline uint32_t hmm_spot_length(struct hmm_spot spot)
{
    hmm_bits above = hmm_spot_above(spot);
    return above != 0 ? hmm_bits_lowest(above) + 1 : spot.group->last_granules;
}

static inline uint32_t hmm_blocks_length(const struct hmm_blocks *blocks, uint32_t at)
{
    return hmm_spot_length(hmm_blocks_spot(blocks, at));
}

static inline bool hmm_blocks_is_live(const struct hmm_blocks *blocks, uint32_t at)
{
    struct hmm_spot spot = hmm_blocks_spot(blocks, at);
    return hmm_bit(spot.group->live, spot.at);
}

/* The free block before the one that begins there, and has its bit in after_free. */
static inline uint32_t hmm_spot_free_before(struct hmm_spot spot)
{
    hmm_bits below = spot.group->starts << (~spot.at & (HMM_GROUP_GRANULES - 1)) << 1;
    if (below == 0)
        return spot.group->free_before;
    return spot.at - HMM_GROUP_GRANULES + hmm_bits_top(below);
}

static inline uint32_t hmm_blocks_free_before(const struct hmm_blocks *blocks, uint32_t at)
{
    return hmm_spot_free_before(hmm_blocks_spot(blocks, at));
}

static inline void *hmm_blocks_address(const struct hmm_blocks *blocks, uint32_t at)
{
    return (char *)blocks->heads + ((size_t)at << HMM_GRANULE_SHIFT);
}

static inline uint32_t *hmm_blocks_word(const struct hmm_blocks *blocks, uint32_t place)
{
    return blocks->heads + place;
}

enum { HMM_PLACE_SHIFT = HMM_GRANULE_SHIFT - 2 /* of a granule */ };

static inline bool hmm_blocks_is_broken(const struct hmm_blocks *blocks)
{
    return blocks->usable_granules == 0;
}

/* Does a live block begin at this address? If so, its granule is in *at. */
static inline bool hmm_blocks_find_live(const struct hmm_blocks *blocks, const void *address,
                                        uint32_t *at)
{
    size_t offset_bytes = (size_t)((uintptr_t)address - (uintptr_t)blocks->heads);
    /* rotated: what is not at a granule's beginning is beyond any break, too */
    size_t granule = offset_bytes >> HMM_GRANULE_SHIFT |
                     offset_bytes << (8 * sizeof(size_t) - HMM_GRANULE_SHIFT);
    *at = (uint32_t)granule;
    return hmm_likely(granule < blocks->end) && hmm_blocks_is_live(blocks, *at);
}

/* --- size classes
 * ------------------------------------------------------------------------------- Lengths below
 * 2 * 2^step_shift granules have a class each, then 2^step_shift a doubling. */

/* The class in whose list a free block of n granules, n >= 1, hangs. */
static inline uint32_t hmm_blocks_class(uint32_t step_shift, uint32_t n_granules)
{
    if (n_granules >> step_shift <= 1)
        return n_granules;
    uint32_t shift = hmm_bits_top(n_granules) - step_shift;
    return (shift << step_shift) + (n_granules >> shift);
}

#endif
