/* alloc.h - the calls that api/ and hosted/ share.
 *
 * Layer   api.
 */
#ifndef HMM_API_ALLOC_H
#define HMM_API_ALLOC_H

#include "api/hit.h"

/* Allocate `bytes`, 0 like 1, off the hit path; NULL with ENOMEM.
 *   zero  NULL, or set to whether the block reads as zero */
void *hmm_alloc_slow(size_t bytes, bool *zero);
void hmm_free_slow(void *block, const char *who);
/* A block in the heap, but in no slab of the thread's own: hmm_hit_free. */
void hmm_free_other(void *block, const char *who, size_t distance);
/* align_bytes a power of two. NULL: out of memory; errno is the caller's to set. */
void *hmm_alloc_aligned(size_t align_bytes, size_t bytes);
/* bytes >= 1, all of its usable bytes zeroed; NULL with ENOMEM */
void *hmm_alloc_zeroed(size_t bytes);
/* block != NULL, bytes >= 1; NULL with ENOMEM, the block as it was */
void *hmm_realloc(void *block, size_t bytes);
/* 0 of NULL */
size_t hmm_usable_slow(const void *block, const char *who);

static inline size_t hmm_usable(const void *block, const char *who)
{
    size_t bytes;
    return hmm_likely(hmm_hit_usable(block, &bytes)) ? bytes : hmm_usable_slow(block, who);
}

static inline void hmm_free(void *block, const char *who)
{
    size_t distance;
    enum hmm_hit hit = hmm_hit_free(block, &distance);
    if (hmm_unlikely(hit == HMM_HIT_OTHER))
        hmm_free_other(block, who, distance);
    else if (hmm_unlikely(hit == HMM_NO_HIT))
        hmm_free_slow(block, who);
}

#endif
