/* counts.h - counts of all calls, for `hmm run --summary`.
 *
 * All functions but hmm_counts_heap may be called only if calls are counted.
 *
 * Layer   process, above process.
 */
#ifndef HMM_PROCESS_COUNTS_H
#define HMM_PROCESS_COUNTS_H

#include "process/process.h"

/* A block has been allocated. */
void hmm_counts_alloc(const void *block);
/* A block is about to be freed. Aborts if it is not a live block. */
void hmm_counts_free(const void *block, const char *who);
/* One has been resized where it is: it has so many bytes more, modulo 2^64. */
void hmm_counts_realloc(uint64_t more_bytes);
/* If calls are counted, note the heap's own figures as they are now, as each counted call does. */
void hmm_counts_heap(void);

#endif
