/* sparse.h - large blocks of which hardly anything is used.
 *
 * A table of 64 MiB may have one entry in each MiB. It is to take memory for these only, also where
 * it lies in memory that others have used before.
 *
 * calloc: what is mostly in memory is cleared, the rest is given back. malloc: are old contents
 * good for the block's first use, which then has no page faults, or do they lie there for nothing?
 * Blocks as long as it show. Of the first one the old contents are given back; when it is freed, or
 * the next one is made, some of its pages are looked at. If most of them are in memory, those after
 * it keep their old contents; if not, theirs go, too. Where nobody knows, those of the first,
 * second, fourth, eighth go.
 *
 * Layer   slabs, above dense.
 */
#ifndef HMM_SLABS_SPARSE_H
#define HMM_SLABS_SPARSE_H

#include "memory/units.h"

enum hmm_use { HMM_USE_UNKNOWN, HMM_USE_FULL, HMM_USE_SPARSE };

/* How blocks of one range of lengths are used. All zero: nothing is known yet. */
struct hmm_sparse {
    uint32_t unit;    /* owner: the last one whose old contents were given back, */
    uint32_t n_units; /* owner: its length; 0: none, or it has been looked at */
    uint32_t n_made;  /* owner: of memory with old contents */
    enum hmm_use use; /* owner */
};

/* Make a block read as zero: pieces that are mostly in memory are cleared, the others are given
 * back, so that a block which is used here and there takes no more memory than that.
 * bytes > HMM_RESIDENT_BYTES, all that may be used. cost: a system call for each of these */
void hmm_sparse_clear(char *block, size_t bytes);

/* A block at `unit` has old contents. Should they go, because it will hardly be used, or to learn
 * that? caller: owner. cost: now and then HMM_SPARSE_SAMPLES system calls */
bool hmm_sparse_ask(const struct hmm_pages *pages, struct hmm_sparse *sparse, uint32_t unit);

/* The large block at `unit` is about to be freed; sparse: of all ranges. caller: owner */
void hmm_sparse_look(const struct hmm_pages *pages, struct hmm_sparse sparse[], uint32_t unit);

#endif
