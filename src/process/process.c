/* process.c - the process heap, and the calling thread's part of it.
 *
 * Layer   process, lowest.
 */
#include "process/process.h"

struct hmm_heap hmm_process_heap;
__thread struct hmm_thread hmm_self __attribute__((tls_model("initial-exec")));
_Atomic(uint32_t) hmm_process_ready;
