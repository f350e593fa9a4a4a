/* advice.c - madvise as the program calls it: does it ask for huge pages in the heap?
 *
 * Such advice stays with the addresses when the block is freed, and blocks that come to lie there
 * would take huge pages of which they may use little (NumPy asks for its arrays of 4 MiB and more).
 * So the heap is told, and takes it back when blocks are freed.
 *
 * Layer   hosted.
 */
#include "hosted/hosted.h"

#include "heap/large.h"

#include "port/linux/syscall.h"

#include <errno.h>
#include <sys/mman.h>

HMM_EXPORTED int madvise(void *address, size_t bytes, int advice)
{
    long result = raw_syscall(SYS_madvise, (long)address, (long)bytes, advice, 0, 0, 0);
    if (hmm_unlikely((unsigned long)result > -4096ul)) {
        errno = (int)-result;
        return -1;
    }
    if (advice == MADV_HUGEPAGE && hmm_process_is_ready())
        hmm_large_note_advice(&hmm_process_heap.large, address);
    return 0;
}
