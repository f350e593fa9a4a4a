/* meta.h - memory for the heap's own records: flat arrays that grow with the heap, and an object
 * area for slab descriptors, magazines and arenas.
 *
 * One reservation far from the heap, so that no overflow of a user's block reaches it; only what
 * the heap has grown to is committed. Over a caller's buffer it is the buffer's first part.
 *
 * Layer   core, above pagemap.
 */
#ifndef HMM_CORE_META_H
#define HMM_CORE_META_H

#include "core/lock.h"
#include "core/pagemap.h"

enum {
    HMM_CHUNK_LEVELS = 2, /* of the tree are in chunks */
    HMM_META_LINE_BYTES = 64,
    HMM_META_STRIPS = 2 + HMM_STATE_KINDS + HMM_TREE_MAX_LEVELS - HMM_CHUNK_LEVELS
};

enum hmm_strip_idx {
    HMM_STRIP_ENTRY,
    HMM_STRIP_CHUNK,
    HMM_STRIP_STATE,                                    /* and the less dense ones */
    HMM_STRIP_TREE = HMM_STRIP_STATE + HMM_STATE_KINDS, /* from level CHUNK_LEVELS on */
};

/* A flat array over units. */
struct hmm_strip {
    char *start;            /* const */
    size_t end_bytes;       /* const: reserved */
    size_t committed_bytes; /* lock:grow */
};

struct hmm_meta {
    struct hmm_strip strips[HMM_META_STRIPS]; /* lock:grow */
    size_t max_units;                         /* const */
    const struct hmm_tunables *tunables;      /* read-only memory */
    struct hmm_tunables *own_tunables;        /* const: place for others than the defaults */
    struct hmm_lock lock;
    struct hmm_strip objects;  /* lock:meta */
    size_t objects_used_bytes; /* lock:meta */
};

/* Bytes that the records of a heap of `max_units` need. */
size_t hmm_meta_bytes(size_t max_units);

/* Lay the records out.
 *   tunables   copied
 *   max_units  units the heap can ever have
 *   memory     committed zeroed memory of hmm_meta_bytes(max_units), or NULL: reserve it
 *   returns    false if it cannot be reserved or the first page not committed
 */
bool hmm_meta_init(struct hmm_meta *meta, const struct hmm_tunables *tunables, size_t max_units,
                   void *memory);

/* Have a copy of `tunables` in force. They are in read-only memory, also meanwhile to all but this
 * call: the defaults as the program's constants, others in a sealed page. False: out of memory. */
bool hmm_meta_set_tunables(struct hmm_meta *meta, const struct hmm_tunables *tunables);

/* Commit the records of units 0..n_units. False: out of memory, nothing lost. locks: held grow */
bool hmm_meta_cover(struct hmm_meta *meta, size_t n_units);

/* Zeroed memory for an object, aligned to a line; never given back. NULL: out of memory.
 * locks: takes meta */
void *hmm_meta_object(struct hmm_meta *meta, size_t bytes);

#endif
