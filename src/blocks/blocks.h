/* blocks.h - a heap of blocks side by side: find, split, coalesce in constant time.
 *
 *   0               first                        top    break                           span
 *   | fields, heads | block | block | free | block | ahead | never used  ...  | records |
 *
 * Memory is counted in granules of 16 bytes, from the heap's own fields, the heads of the free
 * lists last. Blocks are rows of granules and fill everything below the top; what is between that
 * and the break has been taken ahead. What is known of blocks lies outside: a record for each group
 * of 64 granules (32 on 32-bit machines), the first group's at the end of the memory and the
 * others' below it, as far as blocks begin. So a heap that is mostly empty has room for one long
 * block.
 *
 *   starts          a bit for each granule at which a block begins
 *   live            a bit for each of those whose block a caller holds
 *   after_free      a bit for each of those before which a free block ends
 *   last_granules   length of the last block that begins in this group. All others end where the
 *                   next bit of `starts` is: so every block's length takes one look
 *   free_before     where the free block begins that ends before this group's first block. Other
 *                   free blocks begin at the bit of `starts` below: one look, too
 *
 * The block that ends at the top is always live: when it is freed the top comes down.
 *
 * Free blocks are in lists by size class; a bitmap tells which lists are not empty. The links lie
 * in the free blocks, and are not trusted: a block is handed out only if its bits say that it is
 * free, and a link is followed only to where one leads back. Links are places: 4-byte words,
 * counted like the granules, so that the head of a list is reached like any block in it. It lies at
 * twice its class's number: classes begin where the heads do.
 *
 * An example, on a 64-bit machine: HmmHeapCreate over 4096 bytes that begin at a multiple
 * of 16 makes a heap of span = 252 granules, 64 bytes into the buffer. Blocks of 100 and of 40
 * bytes are taken: 7 and 3 granules.
 *
 *   granule   byte   what is there
 *        0       0   the fields; from byte 160, which is place 40, the heads of classes 20 to 59
 *       31     496   the block of 100 bytes
 *       38     608   the block of 40 bytes
 *       41     656   top and break
 *      250    4000   the record of granules 0 to 63:
 *                    4000  00 00 00 80 40 00 00 00   starts: bits 31 and 38
 *                    4008  00 00 00 80 40 00 00 00   live: the same
 *                    4016  00 00 00 00 00 00 00 00   after_free: none
 *                    4024  03 00 00 00 00 00 00 00   last_granules 3; free_before, not valid
 *
 * The block of 100 bytes is freed. It begins at place 124 = 4 * 31; 7 granules are class 26, whose
 * head is place 52, byte 208.
 *
 *               4008  00 00 00 00 40 00 00 00   live: bit 38
 *               4016  00 00 00 00 40 00 00 00   after_free: bit 38
 *                496  34 00 00 00 34 00 00 00   the block's links: next and before are the head
 *                504  07 00 00 00               its length
 *                208  7c 00 00 00 7c 00 00 00   the head's: next and before are the block
 *                  0  bit 26 of class_words is set
 *
 * Layer   blocks, lowest; nothing of port, so that it runs anywhere.
 * State   struct hmm_blocks and what it points to: the caller's lock.
 * Keeps   B1 to B8 (docs/invariants.md).
 * Source  segregated fit in two levels: Masmano, Ripoll, Crespo, Real, "TLSF: a new dynamic memory
 *         allocator for real-time systems" (ECRTS 2004). Records in the place of headers are ours.
 */
#ifndef HMM_BLOCKS_BLOCKS_H
#define HMM_BLOCKS_BLOCKS_H

#include "base/bits.h"
#include "base/tunables.h"

typedef size_t hmm_bits; /* of one group, or of as many classes */

enum {
    HMM_GROUP_SHIFT = sizeof(hmm_bits) == 8 ? 6 : 5,
    HMM_GROUP_GRANULES = 1 << HMM_GROUP_SHIFT,
};

#define HMM_NO_PLACE 0 /* of no block */

struct hmm_group {
    hmm_bits starts;
    hmm_bits live;
    hmm_bits after_free;
    uint32_t last_granules; /* valid if any block begins here */
    uint32_t free_before;   /* valid if the first that begins here has its bit in after_free */
};

/* The words at the place of a free block, and of a list's head, which has the first two: the list
 * is a ring with its head in it. */
enum {
    HMM_NEXT = 0,
    HMM_BEFORE = 1,
    HMM_LENGTH = 2, /* granules: says whether a look at the bits is worth it */
};

enum { HMM_BLOCKS_CLASS_WORDS = 256 / HMM_GROUP_GRANULES /* of BLOCKS_MAX_GRANULES */ };

/* Where misuse is reported: the caller's function; NULL: the program ends with the message. */
struct hmm_report {
    void (*on_error)(void *context, const char *message, const void *block);
    void *context;
};

/* A heap of blocks. All sizes in granules. */
struct hmm_blocks {
    /* a bit for each class with free blocks, and for the one above the last */
    hmm_bits class_words[HMM_BLOCKS_CLASS_WORDS];
    struct hmm_group *records; /* const pointer: after the first group's record */
    size_t recorded; /* below it groups have records, all zero where no block begins: no block
                        begins beyond. 0, like the next: broken, a link led astray */
    size_t recorded_places; /* the same, as a place */
    size_t top;             /* where the last block ends */
    size_t end;             /* the break */
    size_t heads_end;       /* const: the place of the head above the last */
    /* the longest request so far that an empty heap could serve, so that one look tells those that
     * are ordinary; 0: none, or broken */
    size_t asked_granules;
    size_t largest_refused_bytes;
    uint32_t usable_granules; /* more than this no block can have; 0: broken */
    uint32_t n_refused;       /* requests, as far as 32 bits count */
    uint32_t peak_live;       /* the most granules that were live at once, */
    int32_t below_peak;       /* and how many fewer are now */
    uint32_t is_searched;    /* const: not 0, all lists that may help before a request is refused */
    uint32_t first;          /* const: the first granule of the first block */
    uint32_t span;           /* const: for blocks and their records */
    uint32_t extra_granules; /* const: taken ahead */
    uint32_t least_recorded; /* const: records up to that granule's always keep their place */
    size_t peak_end;
    struct hmm_report report; /* const */
    /* by class: the list's first block and its last. In the one above the last: HMM_NO_PLACE */
    _Alignas(2 * sizeof(uint32_t)) uint32_t heads[];
};

/* Of blocks of one granule. */
enum { HMM_BLOCKS_FIRST_CLASS = offsetof(struct hmm_blocks, heads) / (2 * sizeof(uint32_t)) };
_Static_assert(HMM_BLOCKS_FIRST_CLASS + ((31 - HMM_BLOCKS_STEPS_SHIFT) << HMM_BLOCKS_STEPS_SHIFT) <
                   HMM_BLOCKS_CLASS_WORDS * HMM_GROUP_GRANULES,
               "a bit for each class of 2^30 granules");

/* --- places -------------------------------------------------------------------------------------
 */

/* A granule, as its group's record knows it. What is counted in 32 bits is computed in the
 * machine's words: conversions between the two are instructions. */
struct hmm_spot {
    size_t at;
    struct hmm_group *group;
};

static inline struct hmm_group *hmm_blocks_group(const struct hmm_blocks *blocks, size_t at)
{
    /* the first is right below: minus 1, minus 2 ... are the complements of 0, 1 ... */
    return blocks->records + (ptrdiff_t) ~(at >> HMM_GROUP_SHIFT);
}

static HMM_ALWAYS_INLINE struct hmm_spot hmm_blocks_spot(const struct hmm_blocks *blocks, size_t at)
{
    return (struct hmm_spot){at, hmm_blocks_group(blocks, at)};
}

/* The place of a class's head, and back. */
static inline size_t hmm_blocks_head(size_t class_idx)
{
    return 2 * class_idx;
}

static inline size_t hmm_blocks_class_of(size_t head)
{
    return head / 2;
}

static inline bool hmm_blocks_class_has(const struct hmm_blocks *blocks, size_t class_idx)
{
    return hmm_bits_has(blocks->class_words[class_idx >> HMM_GROUP_SHIFT], class_idx);
}

static inline void hmm_blocks_class_set(struct hmm_blocks *blocks, size_t class_idx)
{
    hmm_bits_set(&blocks->class_words[class_idx >> HMM_GROUP_SHIFT], class_idx);
}

static inline void hmm_blocks_class_clear(struct hmm_blocks *blocks, size_t class_idx)
{
    hmm_bits_clear(&blocks->class_words[class_idx >> HMM_GROUP_SHIFT], class_idx);
}

/* The bits of blocks that begin after the one that begins there, in its group; its own place is
 * the lowest, and clear. If none begins there, the lowest is set. */
static inline hmm_bits hmm_spot_above(struct hmm_spot spot)
{
    return (spot.group->starts >> (spot.at & (HMM_GROUP_GRANULES - 1))) - 1;
}

/* Length of the block that begins there; 0 if none does. */
static inline size_t hmm_spot_length(struct hmm_spot spot)
{
    hmm_bits above = hmm_spot_above(spot);
    return above != 0 ? hmm_bits_lowest(above) : spot.group->last_granules;
}

static inline size_t hmm_blocks_length(const struct hmm_blocks *blocks, size_t at)
{
    return hmm_spot_length(hmm_blocks_spot(blocks, at));
}

static inline bool hmm_blocks_is_live(const struct hmm_blocks *blocks, size_t at)
{
    struct hmm_spot spot = hmm_blocks_spot(blocks, at);
    return hmm_bits_has(spot.group->live, spot.at);
}

/* The bits of blocks that begin before that place, in its group; the granule before is the highest.
 */
static inline hmm_bits hmm_spot_below(struct hmm_spot spot)
{
    return spot.group->starts << (~spot.at & (HMM_GROUP_GRANULES - 1)) << 1;
}

/* The free block before the one that begins there, and has its bit in after_free. */
static inline size_t hmm_spot_free_before(struct hmm_spot spot)
{
    hmm_bits below = hmm_spot_below(spot);
    if (below == 0)
        return spot.group->free_before;
    return spot.at - HMM_GROUP_GRANULES + hmm_bits_top(below);
}

static inline void *hmm_blocks_address(const struct hmm_blocks *blocks, size_t at)
{
    return (char *)(uintptr_t)blocks + (at << HMM_GRANULE_SHIFT);
}

static inline uint32_t *hmm_blocks_word(const struct hmm_blocks *blocks, size_t place)
{
    return (uint32_t *)(uintptr_t)blocks + place;
}

enum { HMM_PLACE_SHIFT = HMM_GRANULE_SHIFT - 2 /* of a granule */ };

static inline size_t hmm_blocks_place(size_t at)
{
    return at << HMM_PLACE_SHIFT;
}

/* Granules that the records of all groups up to that of `at` take. */
static inline size_t hmm_blocks_records_for(size_t at)
{
    size_t bytes = ((at >> HMM_GROUP_SHIFT) + 1) * sizeof(struct hmm_group);
    return (bytes + HMM_GRANULE_BYTES - 1) >> HMM_GRANULE_SHIFT;
}

/* Granules for `bytes`; 0 for 0, and for more than there are addresses. */
static inline size_t hmm_blocks_granules(size_t bytes)
{
    return (bytes + HMM_GRANULE_BYTES - 1) >> HMM_GRANULE_SHIFT;
}

/* How far the top and the break can go when the last block begins at `at`; `at`: no block can. */
static inline size_t hmm_blocks_limit(const struct hmm_blocks *blocks, size_t at)
{
    size_t records = hmm_blocks_records_for(hmm_max(at, blocks->least_recorded));
    return records < blocks->span - at ? blocks->span - records : at;
}

static inline void hmm_blocks_set_recorded(struct hmm_blocks *blocks, size_t n_groups)
{
    blocks->recorded = n_groups << HMM_GROUP_SHIFT;
    blocks->recorded_places = hmm_blocks_place(blocks->recorded);
}

/* Granules in blocks that callers hold. */
static inline size_t hmm_blocks_live(const struct hmm_blocks *blocks)
{
    return (size_t)blocks->peak_live - (uint32_t)blocks->below_peak;
}

static inline bool hmm_blocks_is_broken(const struct hmm_blocks *blocks)
{
    return blocks->usable_granules == 0;
}

/* The granule of an address, rotated: what is not at a granule's beginning is beyond any record, as
 * what lies elsewhere is. And back. */
static inline size_t hmm_blocks_granule(const struct hmm_blocks *blocks, const void *address)
{
    size_t offset_bytes = (size_t)((uintptr_t)address - (uintptr_t)blocks);
    return offset_bytes >> HMM_GRANULE_SHIFT | offset_bytes << (HMM_WORD_BITS - HMM_GRANULE_SHIFT);
}

static inline const void *hmm_blocks_anywhere(const struct hmm_blocks *blocks, size_t granule)
{
    size_t offset_bytes =
        granule << HMM_GRANULE_SHIFT | granule >> (HMM_WORD_BITS - HMM_GRANULE_SHIFT);
    return (const void *)((uintptr_t)blocks + offset_bytes);
}

/* Does a live block begin at this granule? */
static inline bool hmm_blocks_has_live(const struct hmm_blocks *blocks, size_t granule)
{
    return hmm_likely(granule < blocks->recorded) && hmm_blocks_is_live(blocks, granule);
}

/* --- size classes -------------------------------------------------------------------------------
 * Lengths below 2^shift granules have a class each; then there are 2^shift for each doubling of
 * length + 2^shift.
 */

/* The class whose list holds free blocks of n granules, n >= 1. */
static inline size_t hmm_blocks_class(size_t n_granules)
{
    enum { STEP_SHIFT = HMM_BLOCKS_STEPS_SHIFT, STEPS = 1 << STEP_SHIFT };
    size_t raised = n_granules + STEPS;
    size_t shift = hmm_bits_top(raised) - STEP_SHIFT;
    HMM_KEEP(shift); /* or gcc computes it in 32 bits, and moves it */
    return (shift << STEP_SHIFT) + (raised >> shift) + (HMM_BLOCKS_FIRST_CLASS - STEPS - 1);
}

#endif
