/* summary.h - the file in which libhmm.so leaves its counts for `hmm run --summary`.
 *
 * Layer   process; the tool includes it too.
 */
#ifndef HMM_PROCESS_SUMMARY_H
#define HMM_PROCESS_SUMMARY_H

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

/* Count into the file that HMM_SUMMARY names, if it was made for this process. */
void hmm_summary_open(void);
/* In a child after fork: count in private memory from now on. */
void hmm_summary_detach(void);

#endif
