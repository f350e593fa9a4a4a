/* slab.h - a slab: one page run cut into slots of one size, its free slots as bits out of line.
 *
 * A slot is in one of four places: held by a caller (state byte live), in a magazine, free in the
 * slab's `local` words (the owner's, plain), or free in its `remote` words (atomic, set by threads
 * that do not own the slab, collected by the owner).
 *
 * Descriptors are type-stable: the memory of a destroyed slab's descriptor only ever becomes
 * another slab's. So a thread that is late in notifying an owner of a remote free still writes to a
 * descriptor.
 *
 * An example: a slab of one unit at 0x124d560000, with slots of 112 bytes. 16384 / 112 = 146 slots,
 * so n_words = 3 words of 64 bits are local, and 3 more are remote.
 *
 *   block           offset   slot = offset * 38347923 >> 32   its bit
 *   0x124d560000         0                                0   bit 0 of word 0
 *   0x124d561c70      7280                               65   bit 1 of word 1
 *   0x124d563f70     16240                              145   bit 17 of word 2, the last one
 *
 * 38347923 is 2^32 / 112, rounded up. Slot 65, put back by its owner, sets bit 1 of words[1]; by
 * another thread, bit 1 of words[3 + 1].
 *
 * Layer   slabs, above huge.
 */
#ifndef HMM_SLABS_SLAB_H
#define HMM_SLABS_SLAB_H

#include "memory/pages.h"

struct hmm_arena;

enum { HMM_SLAB_BUCKETS = 4, HMM_SLAB_DESCRIPTOR_KINDS = 20 };

/* Where a slab is linked in its bin. */
enum hmm_slab_place {
    HMM_SLAB_BUCKET_0, /* .. BUCKETS - 1: partly free, fullest first */
    HMM_SLAB_FULL = HMM_SLAB_BUCKETS,
    HMM_SLAB_CURRENT,
    HMM_SLAB_EMPTY,
};

struct hmm_slab {
    char *start;                       /* const: address of slot 0 */
    uint32_t unit;                     /* const */
    uint32_t n_slots;                  /* const */
    uint32_t slot_bytes;               /* const */
    uint32_t reciprocal;               /* const */
    uint16_t n_words;                  /* const: words of each bitmap */
    uint8_t class_idx;                 /* const */
    uint8_t place;                     /* owner: enum hmm_slab_place */
    uint32_t n_free;                   /* owner: bits set in the local words */
    uint32_t hint_word;                /* owner: no local bit is set below this word */
    struct hmm_slab *next;             /* owner: bin list; or the list of free descriptors */
    struct hmm_slab *prev;             /* owner */
    _Atomic(struct hmm_arena *) arena; /* atomic: the owner; NULL while there is no slab */
    _Atomic(uint32_t) returned;        /* atomic: 1 while on some arena's returned stack */
    struct hmm_slab *returned_next;    /* whoever set `returned` */
    uint64_t purged_pages;             /* owner: pages of free slots given back, as bits */
    uint64_t purged_at_ns;             /* owner: when the last ones were */
    uint32_t swept_free;               /* owner: n_free when last looked for such pages */
    uint32_t taken_epoch;              /* owner: of sweep.c, when slots were last taken */
    bool is_new;                       /* owner: it was made of new memory, at least in part */
    uint64_t padding[2];               /* words begin a line */
    uint64_t words[];                  /* local words (owner), then remote words (atomic) */
};

struct hmm_slabs {
    struct hmm_pages *pages;                                      /* const */
    struct hmm_lock lock;                                         /* lock `descriptors` */
    struct hmm_slab *free_descriptors[HMM_SLAB_DESCRIPTOR_KINDS]; /* lock:descriptors, by lines */
    uint32_t n_slabs;                                             /* lock:descriptors */
    uint32_t n_units;                                             /* lock:descriptors, of them */
};

/* Make a slab of `class_idx` with `n_units`, all slots free, owned by `arena`, whose arena tag is
 * `tag`. NULL: out of memory. locks: takes grow, pages, states, descriptors,
 * meta */
struct hmm_slab *hmm_slab_create(struct hmm_slabs *slabs, unsigned class_idx, uint32_t n_units,
                                 enum hmm_growth growth, struct hmm_arena *arena, uint32_t tag);
/* All slots free locally, not linked anywhere. */
void hmm_slab_destroy(struct hmm_slabs *slabs, struct hmm_slab *slab);
/* Hand the slab over; the caller owns it. */
void hmm_slab_set_owner(struct hmm_slabs *slabs, struct hmm_slab *slab, struct hmm_arena *arena,
                        uint32_t tag);

/* Take up to `want` free slots, lowest addresses first: the mark of the first one to *last, of the
 * next to last[-1] and so on downwards. Returns how many. */
unsigned hmm_slab_take(struct hmm_slab *slab, hmm_mark *last, unsigned want);

/* Move what others have freed to the local words. Returns how many. */
unsigned hmm_slab_collect(struct hmm_slab *slab);

static inline _Atomic(uint64_t) *hmm_slab_remote_words(struct hmm_slab *slab)
{
    return (_Atomic(uint64_t) *)(void *)&slab->words[slab->n_words];
}

/* Bytes of free slots that have been given back. */
static inline size_t hmm_slab_purged_bytes(const struct hmm_slab *slab)
{
    if (hmm_likely(slab->purged_pages == 0))
        return 0;
    return (size_t)__builtin_popcountll(slab->purged_pages) * hmm_port_page_bytes();
}

/* Slab that holds `block`, whose entry names a slab. */
static inline struct hmm_slab *hmm_slab_at(const struct hmm_pagemap *map, const void *block)
{
    size_t line = hmm_unit(map, hmm_pagemap_unit(map, block))->slab_line;
    return (struct hmm_slab *)(void *)(map->objects + line * HMM_LINE_BYTES);
}

static inline uint32_t hmm_slab_slot(const struct hmm_slab *slab, const void *block)
{
    uint32_t offset_bytes = (uint32_t)((const char *)block - slab->start);
    return (uint32_t)(((uint64_t)offset_bytes * slab->reciprocal) >> 32);
}

/* What a loop over many marks needs to know of a slab. A mark is 2 * address + 1. */
struct hmm_slab_marks {
    hmm_mark first;      /* of slot 0 */
    uint64_t length;     /* of all slots, in marks */
    uint64_t reciprocal; /* of the slot's bytes */
};

static inline struct hmm_slab_marks hmm_slab_marks(const struct hmm_slab *slab)
{
    return (struct hmm_slab_marks){.first = hmm_mark_of(slab->start),
                                   .length = 2 * (uint64_t)slab->n_slots * slab->slot_bytes,
                                   .reciprocal = slab->reciprocal};
}

static inline bool hmm_slab_has_mark(const struct hmm_slab_marks *in, hmm_mark mark)
{
    return mark - in->first < in->length;
}

static inline uint64_t hmm_slab_mark_slot(const struct hmm_slab_marks *in, hmm_mark mark)
{
    return (mark - in->first) * in->reciprocal >> 33; /* 32 bits of the reciprocal, 1 of the mark */
}

/* Put slots of one word back, by the owner, who counts them in n_free. False: one was free already.
 */
static inline bool hmm_slab_put(struct hmm_slab *slab, uint32_t word, uint64_t mask)
{
    uint64_t old = slab->words[word];
    slab->words[word] = old | mask;
    if (word < slab->hint_word)
        slab->hint_word = word;
    return (old & mask) == 0;
}

/* Put slots back, by a thread that does not own the slab. False: one was free already. */
static inline bool hmm_slab_put_remote(struct hmm_slab *slab, uint32_t word, uint64_t mask)
{
    /* release: the callers' last use of the blocks comes before their reuse.
     * pairs: hmm_slab_collect */
    uint64_t old =
        atomic_fetch_or_explicit(&hmm_slab_remote_words(slab)[word], mask, memory_order_release);
    return (old & mask) == 0;
}

#endif
