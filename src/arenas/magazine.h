/* magazine.h - a thread's free blocks of one size class: the data of the hit paths.
 *
 *   loaded rounds    slots[0]   slots[1] ... *top            *end
 *                    bottom     oldest       newest, next    last usable entry
 *
 * An example: class 4, 64 bytes, holds the blocks 0x124d560040 and 0x124d560100, freed in this
 * order. slots[1] = 2 * 0x124d560040 + 1 = 0x249aac0081, slots[2] = 0x249aac0201, and top is
 * &slots[2]. malloc(60) sets the state byte of 0x124d560100 to 0x01, the low byte of its mark, and
 * top becomes &slots[1].
 *
 * The bottom is no block's mark, but leads to a state byte that is never 0: the check that every
 * block's state gets on its way to a caller finds the magazine's end as well. A pop that meets it,
 * and a push that would pass `end`, go to the slow path. A thread that owns an arena but no
 * magazine of a class uses the static empty one: both always happen.
 *
 * If blocks of a magazine were returned to their slabs and then fetched again, the magazine keeps
 * further, full rounds in a depot: as many as would have avoided that.
 *
 * Layer   arenas, above slab, below arena.
 * Source  Bonwick and Adams, "Magazines and vmem" (2001); the depot's limit is our own.
 */
#ifndef HMM_ARENAS_MAGAZINE_H
#define HMM_ARENAS_MAGAZINE_H

#include "slabs/dense.h"
#include "slabs/slab.h"

/* An arena's slabs of one class; each slab is in exactly one place. */
struct hmm_bin {
    struct hmm_slab *current;                  /* owner: slots are taken from here */
    struct hmm_slab *bucket[HMM_SLAB_BUCKETS]; /* owner: partly free, fullest first */
    struct hmm_slab *full;                     /* owner: nothing free */
    struct hmm_slab *empty;                    /* owner: one wholly free slab kept, or NULL */
    struct hmm_slab *sweep_next;               /* owner: where a pass is in a bucket (sweep.c) */
    uint32_t n_slabs;                          /* owner */
    struct hmm_witness witness;                /* owner: of slots longer than a page */
};

/* An array of blocks. */
struct hmm_rounds {
    struct hmm_rounds *older; /* lock:arena, in a depot; in the list of spare ones: the next */
    struct hmm_rounds *newer; /* lock:arena, in a depot */
    hmm_mark slots[];         /* owner: slots[0] is the bottom */
};

struct hmm_depot {
    struct hmm_rounds *newest; /* lock:arena, full ones */
    struct hmm_rounds *oldest; /* lock:arena */
    uint32_t n_full;           /* lock:arena */
    uint32_t limit;            /* lock:arena: n_full at most */
    uint32_t fewest;           /* lock:arena: smallest n_full since the last look at its age */
    uint32_t away_objs;        /* lock:arena: blocks returned that may yet be fetched again */
    uint32_t regret_objs;      /* lock:arena: blocks that were */
};

struct hmm_magazine {
    hmm_mark *top;             /* owner: newest entry; slots[0] when there is none */
    hmm_mark *end;             /* owner: last entry that may be used */
    struct hmm_states states;  /* const: where its blocks' state bytes are */
    uint16_t class_idx;        /* const */
    uint16_t max_objs;         /* lock:arena: entries it may have; const with a depot, and 0 in a
                                  shared arena's */
    uint16_t fill_objs;        /* owner: how many the next refill asks for */
    bool used;                 /* owner: refilled or flushed since the last look at its age */
    bool closed;               /* owner: holds nothing until its next refill */
    bool was_full;             /* owner: since its last refill */
    struct hmm_rounds *loaded; /* lock:arena: top and end point into it */
    struct hmm_depot depot;
    struct hmm_bin bin; /* owner */
};

/* The distance from an arena tag to its `tag_end`: more than there are classes, less than the
 * distance to the next arena tag. */
enum { HMM_TAG_SPAN = 128 };
/* From an arena tag to the `tag_end` of a thread that counts its frees: the TAG_SPAN values below
 * that are no entries, so none is a hit. */
enum { HMM_TAG_COUNTED = 256 };

/* What a thread reaches through thread-local storage. All zero: a thread that owns nothing, and
 * makes no hits: no request is under 0 bytes, and no entry is less than 0. */
struct hmm_thread {
    size_t small_bytes;  /* requests up to here have a magazine below, */
    size_t medium_bytes; /* and up to here, by class */
    size_t family_bytes; /* small_bytes, or 0: of malloc's family, and */
    size_t forms_bytes;  /* of operator new's forms, something is replaced, or may be (hosted/) */
    size_t tag_end;      /* hint: its slabs' entries are the TAG_SPAN values below this; 0: none.
                            Others may write TAG_COUNTED's: one aligned word (heap/pace.h) */
    uint32_t n_visits;   /* slow paths taken without an arena */
    int32_t frees_left;  /* before it takes a slow path, of large blocks and, where it counts its
                            frees, of its own slabs' */
    struct hmm_magazine
        *magazine[HMM_CLASSES]; /* by class; below 1 KiB also by granules; [0]: empty */
    struct hmm_arena *arena;    /* NULL: light */
    bool attached;              /* its end will be noticed (api) */
    bool exiting;               /* its arena is gone for good: stay light */
    uint8_t shared_last;        /* number of the shared arena that it used last */
};

/* Does its class keep full rounds in a depot? Those are all of one length. Others get a longer
 * magazine instead. */
static inline bool hmm_magazine_has_depot(const struct hmm_magazine *mag)
{
    return mag->class_idx <= HMM_SMALL_CLASSES && mag->max_objs != 0;
}

/* The rounds that were made with it. */
static inline struct hmm_rounds *hmm_magazine_own_rounds(struct hmm_magazine *mag)
{
    return (struct hmm_rounds *)(void *)(mag + 1);
}

/* Bytes of the rounds that a magazine is made with, and of those in a depot or a longer one. */
size_t hmm_magazine_rounds_bytes(const struct hmm_magazine *mag);
size_t hmm_magazine_longest_bytes(void);
/* One that is empty and new, or was not in use: let it hold few. */
void hmm_magazine_narrow(struct hmm_magazine *mag);

/* One that was refilled or flushed is in use: let it hold twice as much, most_objs > 0 at most. */
static inline void hmm_magazine_widen(struct hmm_magazine *mag, size_t most_objs)
{
    size_t objs = hmm_max((size_t)(mag->end - mag->loaded->slots) * 2, HMM_MAGAZINE_FIRST_OBJS);
    objs = hmm_min(objs, most_objs);
    mag->end = mag->loaded->slots + objs;
    mag->fill_objs = (uint16_t)hmm_max(objs / 2, 1);
    mag->used = true;
    mag->closed = mag->was_full = false;
}

extern const struct hmm_magazine hmm_magazine_empty;
extern const uint8_t hmm_never_free; /* a state byte */

/* The mark whose state byte, where those of `states` are looked for, is hmm_never_free. */
static inline hmm_mark hmm_magazine_bottom(const struct hmm_states *states)
{
    return ((uint64_t)(uintptr_t)&hmm_never_free << states->shift) - states->bias;
}

static inline unsigned hmm_magazine_objs(const struct hmm_magazine *mag)
{
    return (unsigned)(mag->top - mag->loaded->slots);
}

/* The newest block, now a caller's, in *block. False: empty, or that block is a caller's already
 * (hmm_magazine_objs tells): nothing done. */
static inline bool hmm_magazine_pop(struct hmm_magazine *mag, void **block)
{
    hmm_mark *top = mag->top;
    hmm_mark mark = *top;
    if (!HMM_CONFIG_CHECKS && top == mag->loaded->slots)
        return false;
    if (hmm_unlikely(!hmm_state_to_live(hmm_state_of(&mag->states, mark), mark)))
        return false;
    atomic_signal_fence(memory_order_seq_cst); /* live before it is no entry: see push */
    mag->top = top - 1;
    *block = hmm_mark_block(mark);
    return true;
}

/* PUSH_FULL, PUSH_NOT_LIVE: nothing done. */
enum hmm_push { HMM_PUSH_DONE, HMM_PUSH_FULL, HMM_PUSH_NOT_LIVE };

/* A caller's block comes back. It is an entry before its state says that it is free: a fork's child
 * finds it in one place (heap/fork.c). */
static inline enum hmm_push hmm_magazine_push(struct hmm_magazine *mag, void *block)
{
    hmm_mark mark = hmm_mark_of(block);
    hmm_mark *top = mag->top + 1;
    if (hmm_unlikely(top > mag->end))
        return HMM_PUSH_FULL;
    *top = mark;
    atomic_signal_fence(memory_order_seq_cst);
    mag->top = top;
    atomic_signal_fence(memory_order_seq_cst);
    if (hmm_unlikely(!hmm_state_to_free(hmm_state_of(&mag->states, mark), mark))) {
        mag->top = top - 1;
        return HMM_PUSH_NOT_LIVE;
    }
    return HMM_PUSH_DONE;
}

#endif
