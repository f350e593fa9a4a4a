/* inspect.c - look at the process heap: figures, free list, check, trim.
 *
 * Layer   api.
 */
#include "api/alloc.h"
#include "heap/check.h"
#include "heap/walk.h"
#include "process/counts.h"

#include "hmm.h"

#include <errno.h>

void *HmmAllocAligned(size_t alignment, size_t size)
{
    if (!hmm_is_power_of_two(alignment)) {
        errno = EINVAL;
        return NULL;
    }
    if (size == 0)
        return NULL;
    void *block = hmm_alloc_aligned(alignment, size);
    if (block == NULL)
        hmm_port_set_enomem();
    return block;
}

size_t HmmTrim(size_t keep)
{
    if (!hmm_process_is_ready())
        return 0;
    size_t trimmed = hmm_heap_trim(&hmm_process_heap, &hmm_self, keep);
    hmm_counts_heap();
    return trimmed;
}

void HmmPrintFreeList(int fd)
{
    if (hmm_process_is_ready())
        hmm_walk_print_free_list(&hmm_process_heap, fd);
}

const char *HmmCheck(void)
{
    return hmm_process_is_ready() ? hmm_heap_check(&hmm_process_heap) : NULL;
}

void HmmGetStats(struct HmmStats *stats)
{
    *stats = (struct HmmStats){0};
    if (!hmm_process_is_ready())
        return;
    struct hmm_figures f;
    struct hmm_heap *heap = &hmm_process_heap;
    hmm_walk_figures(heap, &f, true);
    *stats = (struct HmmStats){
        .heap_bytes = (f.n_units - f.foreign_units) << HMM_UNIT_SHIFT,
        .used_bytes = f.used_units << HMM_UNIT_SHIFT,
        .live_bytes = f.live_bytes,
        .live_blocks = f.live_blocks,
        .free_bytes = f.free_units << HMM_UNIT_SHIFT,
        .free_runs = f.n_free_runs,
        .dirty_bytes = f.dirty_units << HMM_UNIT_SHIFT,
        .mapped_bytes = f.mapped_bytes,
        .mapped_blocks = f.mapped_blocks,
        .metadata_bytes = f.metadata_bytes,
        .peak_used_bytes = f.peak_bytes,
        .break_raised = heap->brk.n_grown,
        .break_lowered = heap->brk.n_lowered,
        .lowered_bytes = heap->brk.lowered_bytes,
        .purged_bytes = f.purged_bytes,
        .kernel_calls = hmm_port_calls(),
        .arenas = heap->arenas.n_arenas,
        .top_free_bytes = f.top_units << HMM_UNIT_SHIFT,
        .peak_heap_bytes = f.peak_heap_units << HMM_UNIT_SHIFT,
    };
}
