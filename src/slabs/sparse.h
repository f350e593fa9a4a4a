/* sparse.h - large blocks of which hardly anything is used.
 *
 * A table of 64 MiB may have one entry in each MiB. It is to take memory for these only, also where
 * it lies in memory that others have used before.
 *
 * calloc: what is mostly in memory is cleared, the rest is given back. malloc: are old contents
 * good for the block's first use, which then has no page faults, or do they lie there for nothing?
 * Blocks as long show it. Of the first one the old contents are given back; when it is freed, or
 * the next one is made, 16 of its pages are looked at. If 12 of them are in memory, those after it
 * keep their old contents. If not, say 2, those after it lose them wherever 12 are in memory; where
 * a block as long lay before, there are not. As long as nobody knows, the first, second, fourth,
 * eighth block lose theirs; not the first two if blocks half or twice as long are filled. Where a
 * program makes all of its blocks before it fills them, one that was not used yet has said nothing:
 * from then on only freed ones count. Where they are filled, one of SPARSE_FULL_EACH of new memory
 * shows whether they still are; the others get their pages by one call.
 *
 * Layer   slabs, above dense.
 */
#ifndef HMM_SLABS_SPARSE_H
#define HMM_SLABS_SPARSE_H

#include "memory/units.h"

enum hmm_use { HMM_USE_UNKNOWN, HMM_USE_FULL, HMM_USE_SPARSE };

/* How blocks of one range of lengths are used. All zero: nothing is known yet. What threads write
 * at once may be lost: any of it is right for some block. */
struct hmm_sparse {
    _Atomic(uint32_t) unit;      /* atomic hint: the last one whose old contents were given back, */
    _Atomic(uint32_t) n_units;   /* atomic hint: its length; 0: none, or it has been looked at */
    _Atomic(uint32_t) n_made;    /* atomic hint: blocks made */
    _Atomic(uint32_t) n_used;    /* atomic hint: of the samples of the last one looked at */
    _Atomic(uint32_t) look_at;   /* atomic hint: for the next look at a block's old contents; */
    _Atomic(uint32_t) n_in_vain; /* atomic hint: such looks in a row that found few */
    _Atomic(uint32_t) filled_late; /* atomic hint: one that had not been used was full in the end */
    _Atomic(enum hmm_use) use;     /* atomic hint */
};

/* What becomes of a new block's old contents. */
enum hmm_old {
    HMM_OLD_UNASKED, /* the block is too short, or is to be zero */
    HMM_OLD_FULL,    /* they are used: as all of its pages will be, new ones, too */
    HMM_OLD_GOOD,    /* they are worth their memory, and more can be had */
    HMM_OLD_STAYS,   /* it needs no more of them */
    HMM_OLD_GOES
};

/* Make a block read as zero: pieces that are mostly in memory are cleared, the others are given
 * back, so that a block which is used here and there takes no more memory than that.
 * bytes > HMM_RESIDENT_BYTES, all that may be used. cost: a system call for each of these */
void hmm_sparse_clear(char *block, size_t bytes);

/* Are its pages, as far as some of them show, in memory? cost: up to HMM_SPARSE_SAMPLES system
 * calls
 */
bool hmm_sparse_is_full(const char *block, size_t bytes);

/* A large block has been made at `unit`; is_old: it has old contents, or part of it; sparse: of all
 * ranges. cost: now and then HMM_SPARSE_SAMPLES system calls */
enum hmm_old hmm_sparse_ask(const struct hmm_pages *pages, struct hmm_sparse sparse[],
                            uint32_t unit, bool is_old);

/* The large block at `unit` is about to have another length, or to become free memory; sparse: of
 * all ranges. */
void hmm_sparse_look(const struct hmm_pages *pages, struct hmm_sparse sparse[], uint32_t unit);

#endif
