/* counts.h - every call counted, for `hmm run --summary`. But hmm_counts_heap: only where calls are
 * counted.
 *
 * Layer   process, above process.
 */
#ifndef HMM_PROCESS_COUNTS_H
#define HMM_PROCESS_COUNTS_H

#include "process/process.h"

/* A block has been allocated. */
void hmm_counts_alloc(const void *block);
/* A block is about to be freed; ends the process if it is none. */
void hmm_counts_free(const void *block, const char *who);
/* One has been resized where it is: it has so many bytes more, modulo 2^64. */
void hmm_counts_realloc(uint64_t more_bytes);
/* Where calls are counted: the heap's own figures as they are now. Each counted call notes them. */
void hmm_counts_heap(void);

#endif
