/* mapped.h - blocks with a mapping of their own.
 *
 *   start                                    bytes          room_bytes
 *   | the block: all of it usable            |  room        |
 *
 * A block that grows gets room for a quarter more, so that blocks which grow in small steps move a
 * few times only. Room has no memory. One that shrinks gives back what it does not need any more;
 * if it grows again within a short time (REGRET_MS), it keeps that the next time: then its room
 * holds old contents, until they have been unused for as long.
 *
 * An example: a block of 128 MiB grows by 64 KiB. It moves to a mapping of 160.08 MiB, and the next
 * 512 steps of 64 KiB find room. It shrinks to 60 MiB: 100 MiB are unmapped. 50 ms later it grows
 * to 128 MiB, and has room for 32 MiB again. The next time it shrinks to 60 MiB its room holds 68
 * MiB of old contents. If it has not grown after 350 ms, the next look unmaps them.
 *
 * A block that comes soon after another one as long was freed is one for the heap, and so are all
 * up to its length from then on: what is unmapped takes a page fault for each page when it comes
 * back, what the heap gives back it learns to keep (memory/regret.h).
 *
 * Layer   heap, lowest.
 */
#ifndef HMM_HEAP_MAPPED_H
#define HMM_HEAP_MAPPED_H

#include "memory/pages.h"

struct hmm_mapped {
    char *start;             /* lock:table */
    size_t bytes;            /* lock:table, all usable; whole pages */
    size_t room_bytes;       /* lock:table, of the mapping: `bytes` or more */
    uint64_t shrunk_at_ns;   /* lock:table, the last time; 0: never */
    struct hmm_mapped *next; /* lock:table, bucket or free list */
    bool in_parts;           /* lock:table, it may be several mappings side by side: it was moved */
    bool swings;             /* lock:table, it grew again soon after it had shrunk */
    bool holds;              /* lock:table, its room has old contents */
};

struct hmm_maps {
    struct hmm_pages *pages;     /* const */
    struct hmm_lock lock;        /* lock `table` */
    struct hmm_mapped **buckets; /* lock:table, by address; NULL: the first ones */
    size_t n_buckets;            /* lock:table, a power of two; 0: the first ones */
    struct hmm_mapped *first[HMM_MAPPED_BUCKETS]; /* lock:table, of few blocks */
    struct hmm_mapped *free_nodes;                /* lock:table */
    size_t bytes;                                 /* lock:table, of all blocks */
    size_t spare_bytes;                           /* lock:table, of the room of all; also a hint */
    size_t n_blocks;                              /* lock:table; also read as a hint */
    size_t n_holding;                             /* lock:table, with `holds`; also a hint */
    size_t peak_bytes;                            /* lock:table, of mapped and used ones */
    size_t gone_bytes;                            /* lock:table, longest of those freed lately, */
    uint64_t gone_at_ns;                          /* lock:table, and when */
    size_t returning_bytes;                       /* lock:table, others as long came soon after */
    const void *recent[HMM_MAPPED_RECENT];        /* lock:table, freed last: for messages */
    uint32_t next_recent;                         /* lock:table */
};

/* Would a block of `bytes` that grows get a mapping of its own? A hint: others take the last one.
 */
static inline bool hmm_mapped_is_for(const struct hmm_maps *maps, size_t bytes)
{
    const struct hmm_tunables *t = hmm_meta_tunables(maps->pages->meta);
    return bytes >= t->map_threshold &&
           __atomic_load_n(&maps->n_blocks, __ATOMIC_RELAXED) < t->map_max; /* a hint */
}

/* Such a block is made, and does not grow. Have others as long come soon after one was freed? Then
 * it is one for the heap, where memory that is needed again stays; not if the threshold has been
 * chosen. */
bool hmm_mapped_returns(struct hmm_maps *maps, size_t bytes);

/* Zeroed memory at a multiple of align_bytes; with room to grow if it `grows`, and that can be had.
 * NULL: no memory. */
void *hmm_mapped_alloc(struct hmm_maps *maps, size_t bytes, size_t align_bytes, bool grows);
/* Of several mappings from now on, if it has one of its own at all. */
void hmm_mapped_note_parts(struct hmm_maps *maps, const void *block);
/* False: no such block. */
bool hmm_mapped_free(struct hmm_maps *maps, void *block);
/* 0: no such block */
size_t hmm_mapped_bytes(struct hmm_maps *maps, const void *block);
/* Resize, moved if need be; NULL: not possible, the block is as it was. */
void *hmm_mapped_resize(struct hmm_maps *maps, void *block, size_t bytes);
bool hmm_mapped_was_freed(struct hmm_maps *maps, const void *block);

/* Are there old contents in any room? A hint. */
static inline bool hmm_mapped_hold(const struct hmm_maps *maps)
{
    return __atomic_load_n(&maps->n_holding, __ATOMIC_RELAXED) != 0; /* a hint */
}

/* Unmap old contents that were unused for REGRET_MS. cost: a look at all blocks */
void hmm_mapped_age(struct hmm_maps *maps, uint64_t now_ns);
/* Unmap all room. cost: if there is any, a look at all blocks */
void hmm_mapped_trim(struct hmm_maps *maps);

/* The most bytes so far that were used in the heap and mapped outside it, at one time. */
size_t hmm_mapped_peak_bytes(struct hmm_maps *maps);

#endif
