/* dense.h - are blocks that are longer than a page used all over?
 *
 * A block of 32 KiB may be a buffer that is filled, or one of which 100 bytes are used. Nobody
 * tells; but the one before it, of the same size, shows. So of the runs that are made for one size
 * one is the witness, whose pages the kernel has not been asked for. While it is in use and nearly
 * all of it is in memory, the next ones get their pages by one call, instead of a page fault for
 * each. Each DENSE_EACH-th gets none: it is the next witness. Where none is ever filled, the kernel
 * is asked less often.
 *
 * An example: buffers of 64 KiB, 4 units, on pages of 4 KiB. The first one, at unit 100, is the
 * witness. When the second one is made, 16 of its 16 pages are in memory: that and the 14 after it
 * take one call each, not 16 page faults. The 16th takes page faults, and is the witness of the
 * next ones. Were 2 of the 16 pages in memory, the second one would take page faults, too; and all
 * of the next 30, of which the first, second, fourth, eighth and 16th ask again.
 *
 * Layer   slabs, lowest.
 */
#ifndef HMM_SLABS_DENSE_H
#define HMM_SLABS_DENSE_H

#include "memory/units.h"

/* A run that got no pages when it was made. All zero: there is none yet. */
struct hmm_witness {
    uint32_t unit;    /* owner */
    uint32_t n_units; /* owner: 0: none */
    uint32_t n_since; /* owner: runs made since */
    uint32_t n_empty; /* owner: witnesses in a row that were not seen to be in memory */
    bool dense;       /* owner: it was seen to be in memory */
};

/* The range of lengths that a large block belongs to, of HMM_WITNESSES. */
static inline unsigned hmm_dense_length(uint32_t n_units)
{
    unsigned length = hmm_log2(n_units | 1);
    return length < HMM_WITNESSES ? length : HMM_WITNESSES - 1;
}

/* Are the pages of the mapped `bytes` at `start` nearly all in memory? HMM_RESIDENT_BYTES at most.
 * cost: a system call */
bool hmm_dense_is_in_memory(const char *start, size_t bytes);

/* A run of new memory begins at `unit`, whose entry is `entry`, as that of others for the same
 * size. Should it get its pages now? caller: owner of the witness
 * cost: a system call, unless the witness has been seen to be in memory */
bool hmm_dense_ask(const struct hmm_pages *pages, struct hmm_witness *witness, uint32_t unit,
                   uint32_t entry);

#endif
