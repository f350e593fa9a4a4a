/* meta.h - memory for the heap's own records: flat arrays over its units (strips), and objects:
 * slab descriptors, magazines and arenas.
 *
 * Each strip has a place of its own, far from the heap, from the other strips and from whatever the
 * system maps by itself, where it can grow without ever moving. Nothing is reserved there: memory
 * is mapped as the heap grows, and only where nobody else has mapped any.
 *
 *   | more objects -> ... | first objects | entries -> ... | ... <- chunks |
 *   | state bytes -> ... (4 times, the densest last) |
 *
 * What begins at one place shares a page table there, and a page of page tables costs the start of
 * a process 10 to 30 us in a virtual machine (decision 018). So the first objects are laid
 * downwards from where the entries begin, and the chunks downwards from where the first state bytes
 * begin. And all strips begin in the same 512 GiB. All else grows upwards: a system whose addresses
 * are nearly used up maps from the upper end of a gap downwards, so the addresses just above a
 * strip's mapped end are the last to be taken. Those below the chunks are the first; so chunks are
 * mapped ahead.
 *
 * An example: unit 70,000 is 70,000 * 16 KiB = 1.07 GiB above the heap's base. Its entry is at
 * 4 * 70,000 = byte 280,000 of strip ENTRY, so pages 0 to 68 of that strip have memory. Its unit
 * record is in chunk 70,000 / 256 = 273, which lies 273 chunks below the first one. If it is a slab
 * of 64-byte slots, its state bytes are 256 bytes at 70,000 * 256 = byte 17,920,000 of their strip;
 * pages of it that describe no such slab have no memory.
 *
 * On x86-64 that takes 1.5 of 128 TiB of addresses, and 0.1 % of the heap in mapped ones, state
 * bytes aside (states.c). Over a caller's buffer it is the buffer's first part, all at once.
 *
 * Layer   memory, above pagemap.
 */
#ifndef HMM_MEMORY_META_H
#define HMM_MEMORY_META_H

#include "memory/pagemap.h"
#include "port/lock.h"

enum hmm_strip_idx {
    HMM_STRIP_ENTRY,
    HMM_STRIP_STATE, /* by kinds */
    HMM_META_STRIPS = HMM_STRIP_STATE + HMM_STATE_KINDS,
};

/* A flat array over units. */
struct hmm_strip {
    char *start;      /* const: record of unit 0 */
    size_t end_bytes; /* const: as long as it may become */
    char *mapped_end; /* lock:grow, memory is there up to here; of state bytes: see states.c */
};

struct hmm_objects {
    char *start;            /* const: line 0, nobody's */
    char *first_start;      /* const: the first ones lie from here */
    char *first_end;        /* const: to here */
    char *first_mapped;     /* lock:meta, from here on they have memory */
    char *first_taken;      /* lock:meta, from here on it is in use */
    struct hmm_strip more;  /* lock:meta, the others; none in a buffer */
    size_t more_used_bytes; /* lock:meta */
};

/* Chunks, downwards: chunk i lies i chunks below the first one. */
struct hmm_chunks {
    struct hmm_chunk *first; /* const */
    char *mapped;            /* lock:grow, memory is there from here on */
};

struct hmm_meta {
    struct hmm_strip strips[HMM_META_STRIPS];
    struct hmm_chunks chunks;
    struct hmm_objects objects;
    size_t max_units;            /* const: of a heap whose records fit into the places */
    size_t covered_units;        /* lock:grow, units whose records may be touched */
    bool in_buffer;              /* const: all is mapped from the beginning */
    struct hmm_lock lock;        /* lock `meta` */
    struct hmm_tunables *own[2]; /* lock:meta, places for tunables that are not the defaults */
    unsigned own_idx;            /* lock:meta, the one used last */
    const struct hmm_tunables *tunables; /* atomic: hmm_meta_tunables */
};

/* The tunables in force, in read-only memory. */
static inline const struct hmm_tunables *hmm_meta_tunables(const struct hmm_meta *meta)
{
    /* acquire: sees their values. pairs: hmm_meta_set_tunables */
    return __atomic_load_n(&meta->tunables, __ATOMIC_ACQUIRE);
}

/* Units that a heap may have whose records get places of their own. */
size_t hmm_meta_max_units(void);

/* Bytes that the records of a heap of `max_units` need. */
size_t hmm_meta_bytes(size_t max_units);

/* Find the records' places, and map what a small heap needs of them.
 *   tunables   copied
 *   max_units  units the heap can ever have
 *   memory     mapped zeroed memory of hmm_meta_bytes(max_units), or NULL: places of their own
 *   returns    false if no memory can be had
 */
bool hmm_meta_init(struct hmm_meta *meta, const struct hmm_tunables *tunables, size_t max_units,
                   void *memory);

/* Put a copy of `tunables` in force. It is in read-only memory and does not change while somebody
 * reads it: the defaults are constants of the program; others are in one of two sealed pages, used
 * in turn. False: out of memory. One thread at a time; the process heap's start lock sees to it */
bool hmm_meta_set_tunables(struct hmm_meta *meta, const struct hmm_tunables *tunables);

/* Map the records of units 0..n_units, state bytes aside, and of `ahead_units` more if they can be
 * had. False: out of memory, or somebody else's memory is in the way; nothing lost.
 * locks: held grow */
bool hmm_meta_cover(struct hmm_meta *meta, size_t n_units, size_t ahead_units);

/* Bytes of records that are mapped, state bytes aside. */
size_t hmm_meta_mapped_bytes(const struct hmm_meta *meta);

/* Zeroed memory for an object, aligned to a line; never given back. NULL: out of memory.
 * locks: takes meta */
void *hmm_meta_object(struct hmm_meta *meta, size_t bytes);

/* Map as much for objects as a heap of n_units may need, if it can be had. locks: takes meta */
void hmm_meta_map_objects(struct hmm_meta *meta, size_t n_units);

#endif
