/* summary.h - the file between libhmm.so and `hmm run --summary`.
 *
 * Layer   hosted; the tool includes it too.
 */
#ifndef HMM_HOSTED_SUMMARY_H
#define HMM_HOSTED_SUMMARY_H

#include "heap/heap.h"

enum { HMM_SUMMARY_MAGIC = 0x686d6d32 }; /* "hmm2" */

struct hmm_summary {
    uint32_t magic;
    int32_t pid;   /* of the program: the process that execs it */
    uint32_t runs; /* programs that have counted here, one after the other by exec; 0: the library
                      was never loaded */
    uint32_t reserved;
    struct hmm_counts counts;
};

#endif
