/* alloc.c - HmmAlloc, HmmFree, HmmCalloc, HmmRealloc: start reading libhmm here.
 *
 * The nouns, from a block down to the break:
 *
 *   block      what a caller holds: 16-byte aligned bytes, no header, nothing of ours inside
 *   magazine   a thread's array of free blocks of one size class; a hit pops or pushes there
 *   slab       a page run cut into slots of one class; free slots are bits, out of line
 *   arena      an owner of slabs: one thread's, or shared by threads that allocate little
 *   page run   a row of 16 KiB units; found lowest address first, split, coalesced
 *   break      the end of the heap, moved up when no run fits, down when the top is free
 *   page map   from an address to its slab or block; with a state byte it tells exactly whether a
 *              live block begins there
 *
 *        HmmAlloc                                        HmmFree
 *           | hit: pop (hit.h)                              | hit: check, push (hit.h)
 *           v miss                                          v magazine full, or another's block
 *        refill: depot, or slab bits (refill.c, bin.c)   depot, or slab bits (bin.c, remote.c)
 *           v no slab with free slots                       v slab empty
 *        page run: find, split (pages.c, runtree.c)      page run: coalesce (pages.c)
 *           v none fits                                     v aged (decay.c)
 *        raise the break (brk.c)                         purge, lower the break
 *
 * Layer   api, above hit.
 */
#include "api/alloc.h"

#include "process/counts.h"
#include "process/start.h"

#include "hmm.h"

#include <string.h>

void *HmmAlloc(size_t size)
{
    void *block;
    if (hmm_likely(hmm_hit_alloc(size, &block)))
        return block;
    return size == 0 ? NULL : hmm_alloc_slow(size, NULL);
}

void HmmFree(void *block)
{
    hmm_free(block, "HmmFree");
}

void *HmmCalloc(size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        hmm_port_set_enomem();
        return NULL;
    }
    return bytes == 0 ? NULL : hmm_alloc_zeroed(bytes);
}

void *HmmRealloc(void *block, size_t size)
{
    if (block == NULL)
        return HmmAlloc(size);
    if (size == 0) {
        HmmFree(block);
        return NULL;
    }
    return hmm_realloc(block, size);
}

size_t HmmUsableSize(const void *block)
{
    return hmm_usable(block, "HmmUsableSize");
}

/* --- off the hit path ---------------------------------------------------------------------------
 */

static void free_counted(void *block, const char *who)
{
    hmm_counts_free(block, who);
    hmm_heap_free(&hmm_process_heap, &hmm_self, block, who);
    hmm_counts_heap();
}

static inline bool ready(void)
{
    return hmm_likely(hmm_process_is_ready()) || hmm_process_start();
}

static inline void attach(void)
{
    if (hmm_unlikely(hmm_self.arena != NULL && !hmm_self.attached))
        hmm_process_attach();
}

static HMM_NOINLINE void *alloc_miss(size_t bytes, bool *zero)
{
    void *block = NULL;
    bytes += bytes == 0;
    if (hmm_likely(bytes <= PTRDIFF_MAX && ready())) {
        block = hmm_heap_alloc(&hmm_process_heap, &hmm_self, bytes, zero);
        attach();
    }
    if (hmm_unlikely(block == NULL)) {
        hmm_port_set_enomem();
        return NULL;
    }
    if (hmm_unlikely(hmm_process_heap.counts != NULL))
        hmm_counts_alloc(block);
    return block;
}

HMM_NOINLINE void *hmm_alloc_slow(size_t bytes, bool *zero)
{
    void *block;
    return hmm_hit_alloc_above(bytes, &block) ? block : alloc_miss(bytes, zero);
}

HMM_NOINLINE void hmm_free_slow(void *block, const char *who)
{
    if (block == NULL)
        return;
    if (hmm_unlikely(hmm_process_heap.counts != NULL))
        free_counted(block, who);
    else
        hmm_heap_free(&hmm_process_heap, &hmm_self, block, who);
    attach();
}

HMM_NOINLINE void hmm_free_other(void *block, const char *who, size_t distance)
{
    if (hmm_hit_is_counted(distance) ? !hmm_hit_free_counted(block, distance)
                                     : !hmm_hit_free_other(block))
        hmm_free_slow(block, who);
}

void *hmm_alloc_aligned(size_t align_bytes, size_t bytes)
{
    size_t sum;
    if (__builtin_add_overflow(bytes, align_bytes, &sum) || sum > PTRDIFF_MAX)
        return NULL;
    void *block;
    if (hmm_hit_alloc_aligned(hmm_self.small_bytes, align_bytes, bytes, &block) ||
        hmm_hit_alloc_aligned_above(hmm_self.small_bytes, align_bytes, bytes, &block))
        return block;
    if (align_bytes <= HMM_GRANULE_BYTES)
        return hmm_alloc_slow(bytes, NULL);
    if (!ready())
        return NULL;
    block = hmm_heap_alloc_aligned(&hmm_process_heap, &hmm_self, align_bytes, bytes);
    attach();
    if (block != NULL && hmm_unlikely(hmm_process_heap.counts != NULL))
        hmm_counts_alloc(block);
    return block;
}

static HMM_NOINLINE void *alloc_zeroed_slow(size_t bytes)
{
    bool zero = false;
    void *block = hmm_alloc_slow(bytes, &zero);
    if (block == NULL || zero)
        return block;
    size_t usable_bytes = hmm_usable(block, "HmmAlloc");
    bool keep = hmm_meta_tunables(&hmm_process_heap.meta)->keep;
    if (hmm_likely(usable_bytes <= HMM_RESIDENT_BYTES || keep))
        return memset(block, 0, usable_bytes);
    hmm_sparse_clear(block, usable_bytes);
    return block;
}

/* All that may be used reads as zero, not only what was asked for: some programs grow into it. */
void *hmm_alloc_zeroed(size_t bytes)
{
    void *block;
    if (hmm_likely(hmm_hit_alloc(bytes, &block)))
        return memset(block, 0, hmm_sizeclass_small_bytes(bytes));
    return alloc_zeroed_slow(bytes);
}

/* With all that may be used in both: where a zeroed block's rest was zero, it still is. */
static void *move_block(void *block, size_t usable_bytes, size_t bytes)
{
    void *moved;
    if (!hmm_hit_alloc(bytes, &moved))
        moved = hmm_alloc_slow(bytes, NULL);
    if (moved == NULL)
        return NULL;
    memcpy(moved, block, hmm_min(usable_bytes, hmm_usable(moved, "HmmAlloc")));
    hmm_free(block, "HmmRealloc");
    return moved;
}

static HMM_NOINLINE void *realloc_slow(void *block, size_t usable_bytes, size_t bytes)
{
    usable_bytes = usable_bytes != 0 ? usable_bytes : hmm_usable(block, "HmmRealloc");
    if (hmm_unlikely(bytes > PTRDIFF_MAX)) {
        hmm_port_set_enomem();
        return NULL;
    }
    void *same = hmm_heap_resize(&hmm_process_heap, &hmm_self, block, usable_bytes, bytes);
    if (hmm_unlikely(hmm_process_heap.counts != NULL))
        hmm_counts_realloc(same != NULL ? hmm_usable(same, "HmmRealloc") - usable_bytes : 0);
    if (same != NULL) {
        attach();
        return same;
    }
    same = move_block(block, usable_bytes, bytes);
    if (same != NULL || bytes > usable_bytes)
        return same;
    hmm_heap_note_longer(&hmm_process_heap);
    return block; /* too large is still a success */
}

/* Both are of slabs, and have `bytes` in common. */
static HMM_NOINLINE void *move_hit(void *moved, void *block, size_t bytes)
{
    memcpy(moved, block, bytes);
    hmm_free(block, "HmmRealloc");
    return moved;
}

void *hmm_realloc(void *block, size_t bytes)
{
    size_t usable_bytes;
    if (!hmm_hit_usable(block, &usable_bytes))
        return realloc_slow(block, 0, bytes);
    void *moved;
    if (bytes <= usable_bytes && bytes >= usable_bytes / 2 && hmm_process_heap.counts == NULL)
        return block; /* it stays, while at least half is used */
    if (hmm_hit_alloc(bytes, &moved))
        return move_hit(moved, block, hmm_min(usable_bytes, hmm_sizeclass_small_bytes(bytes)));
    return realloc_slow(block, usable_bytes, bytes);
}

HMM_NOINLINE size_t hmm_usable_slow(const void *block, const char *who)
{
    return block == NULL ? 0 : hmm_heap_usable(&hmm_process_heap, block, who);
}
