/* magazine.h - the hit path's data: an array of free blocks of one class, owned by one thread.
 *
 *        slots[0]   slots[1] ... *top            *end
 *        NULL       oldest       newest, next    last usable entry
 *
 * A pop that meets the NULL at the bottom, and a push that would pass `end`, go to the slow path.
 * A thread that owns nothing uses the static empty magazine for every class: both always happen.
 *
 * Layer   core, above slab, below arena.
 * Source  Bonwick and Adams, "Magazines and vmem" (2001).
 */
#ifndef HMM_CORE_MAGAZINE_H
#define HMM_CORE_MAGAZINE_H

#include "core/slab.h"

/* An arena's slabs of one class; each slab is in exactly one place. */
struct hmm_bin {
    struct hmm_slab *current;                  /* owner: slots are taken from here */
    struct hmm_slab *bucket[HMM_SLAB_BUCKETS]; /* owner: partly free, fullest first */
    struct hmm_slab *full;                     /* owner: nothing free */
    struct hmm_slab *empty;                    /* owner: one wholly free slab kept, or NULL */
    uint32_t n_slabs;                          /* owner */
};

struct hmm_magazine {
    void **top;         /* owner: newest entry; slots[0] when there is none */
    void **end;         /* owner: last entry that may be used */
    uint16_t class_idx; /* const */
    uint16_t max_objs;  /* const: entries there are; 0 in a shared arena's */
    uint16_t fill_objs; /* owner: how many the next refill asks for */
    bool used;          /* owner: refilled or flushed since it was last looked at for its age */
    struct hmm_bin bin; /* owner */
    void *slots[];      /* owner: slots[0..max_objs], the first one NULL */
};

/* What a thread reaches through thread-local storage. All zero: a thread that owns nothing. */
struct hmm_thread {
    uintptr_t magazine[HMM_SMALL_CLASSES + 1]; /* distance from hmm_magazine_empty, by granules of
                                                  the request; [0] stays 0 */
    uint32_t tag;                              /* its arena's id, as in page map entries; 0: none */
    uint32_t n_visits;                         /* slow paths taken without an arena */
    struct hmm_arena *arena;                   /* NULL: light */
    bool attached;                             /* its end will be noticed (api) */
    bool exiting;                              /* its arena is gone for good: stay light */
};

extern const struct hmm_magazine hmm_magazine_empty;

static inline struct hmm_magazine *hmm_magazine_of(const struct hmm_thread *self, size_t granules)
{
    return (struct hmm_magazine *)((uintptr_t)&hmm_magazine_empty + self->magazine[granules]);
}

/* Newest block, or NULL. The block's state is not touched. */
static inline void *hmm_magazine_pop(struct hmm_magazine *mag)
{
    void **top = mag->top;
    void *block = *top;
    if (hmm_likely(block != NULL))
        mag->top = top - 1;
    return block;
}

/* False: full, nothing done. */
static inline bool hmm_magazine_push(struct hmm_magazine *mag, void *block)
{
    void **top = mag->top + 1;
    if (hmm_unlikely(top > mag->end))
        return false;
    *top = block;
    mag->top = top;
    return true;
}

static inline unsigned hmm_magazine_objs(const struct hmm_magazine *mag)
{
    return (unsigned)(mag->top - mag->slots);
}

#endif
