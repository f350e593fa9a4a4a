/* override_jemalloc.c - jemalloc's calls of its own, for programs that use them beside malloc's.
 *
 * Such a program (redis, as Debian builds it) hands blocks of mallocx to malloc_usable_size and
 * free: all of them must be of one heap. Arena and thread cache numbers in `flags` are jemalloc's
 * business and have no effect here; mallctl stays jemalloc's.
 *
 * Layer   hosted.
 * Source  jemalloc(3): the calls, and the bits of `flags`.
 */
#include "hosted/hosted.h"

#include <string.h>

size_t malloc_good_size(size_t size);
void *mallocx(size_t size, int flags);
void *rallocx(void *block, size_t size, int flags);
size_t xallocx(void *block, size_t size, size_t extra, int flags);
size_t sallocx(const void *block, int flags);
void dallocx(void *block, int flags);
void sdallocx(void *block, size_t size, int flags);
size_t nallocx(size_t size, int flags);

enum { FLAG_ALIGN_SHIFT_MASK = 0x3f, FLAG_ZERO = 0x40 };

static size_t alignment_of(int flags)
{
    return (size_t)1 << (flags & FLAG_ALIGN_SHIFT_MASK);
}

HMM_REPLACEABLE void *mallocx(size_t size, int flags)
{
    size_t alignment = alignment_of(flags);
    if (size == 0)
        size = 1;
    if (alignment <= HMM_GRANULE_BYTES)
        return (flags & FLAG_ZERO) != 0 ? hmm_alloc_zeroed(size) : hmm_alloc_aligned(1, size);
    void *block = hmm_alloc_aligned(alignment, size);
    if (block != NULL && (flags & FLAG_ZERO) != 0)
        memset(block, 0, size);
    return block;
}

HMM_REPLACEABLE size_t sallocx(const void *block, int flags)
{
    (void)flags;
    return hmm_usable(block, "HmmUsableSize");
}

HMM_REPLACEABLE void dallocx(void *block, int flags)
{
    (void)flags;
    hmm_free(block, "HmmFree");
}

HMM_REPLACEABLE void sdallocx(void *block, size_t size, int flags)
{
    hmm_check_size(block, alignment_of(flags), size, false, "HmmFree");
    hmm_free(block, "HmmFree");
}

/* What is gained in size is zero, if asked for: all of it from the old usable size on. */
HMM_REPLACEABLE void *rallocx(void *block, size_t size, int flags)
{
    size_t old_bytes = hmm_usable(block, "HmmRealloc");
    size_t alignment = alignment_of(flags);
    void *moved;
    if (size == 0)
        size = 1;
    if (alignment <= HMM_GRANULE_BYTES) {
        moved = hmm_realloc(block, size);
    } else {
        moved = hmm_alloc_aligned(alignment, size);
        if (moved != NULL) {
            memcpy(moved, block, hmm_min(old_bytes, size));
            hmm_free(block, "HmmRealloc");
        }
    }
    if (moved != NULL && (flags & FLAG_ZERO) != 0 && size > old_bytes)
        memset((char *)moved + old_bytes, 0, size - old_bytes);
    return moved;
}

/* Where the block is; returns the size it has. It is not changed: its caller then moves it. */
HMM_REPLACEABLE size_t xallocx(void *block, size_t size, size_t extra, int flags)
{
    (void)size;
    (void)extra;
    return sallocx(block, flags);
}

/* The usable size that mallocx would give, or a little less; 0: none. */
HMM_REPLACEABLE size_t nallocx(size_t size, int flags)
{
    size_t alignment = alignment_of(flags);
    if (size > PTRDIFF_MAX - alignment)
        return 0;
    if (alignment <= HMM_GRANULE_BYTES)
        return malloc_good_size(size);
    unsigned class_idx = hmm_sizeclass_aligned(alignment, size);
    return class_idx != 0 ? hmm_sizeclasses[class_idx].slot_bytes
                          : malloc_good_size(hmm_max(size, HMM_SLAB_MAX_BYTES + 1));
}
