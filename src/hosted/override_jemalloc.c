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
    unsigned shift = flags & FLAG_ALIGN_SHIFT_MASK;
    return shift < 8 * sizeof(size_t) ? hmm_max((size_t)1 << shift, HMM_GRANULE_BYTES)
                                      : SIZE_MAX / 2 + 1; /* too large, too */
}

/* What these calls ask for in place of `size`: the whole of a block. Of two classes of a size it is
 * the coarse one, and a mapping is as long as a page run: so what nallocx says is what there is,
 * whoever asks and whenever (decision 014). 0: too large. */
static size_t whole_bytes(size_t size, size_t alignment)
{
    unsigned class_idx = hmm_sizeclass_aligned(alignment, size);
    if (class_idx != 0)
        return hmm_sizeclasses[hmm_sizeclass_coarse(class_idx)].slot_bytes;
    size_t step_bytes = hmm_max(HMM_UNIT_BYTES, hmm_port_page_bytes());
    if (alignment > PTRDIFF_MAX - step_bytes || size > PTRDIFF_MAX - step_bytes - alignment)
        return 0;
    return hmm_round_up(hmm_max(size, HMM_SLAB_MAX_BYTES + 1), step_bytes);
}

/* bytes: of whole_bytes */
static void *allocate_whole(size_t bytes, size_t alignment, bool zero)
{
    bool large = bytes > HMM_SLAB_MAX_BYTES;
    bool as_it_comes = alignment <= (large ? hmm_port_page_bytes() : HMM_GRANULE_BYTES);
    if (zero && as_it_comes)
        return hmm_alloc_zeroed(bytes);
    void *block = hmm_alloc_aligned(as_it_comes ? 1 : alignment, bytes);
    if (block != NULL && zero)
        memset(block, 0, hmm_usable(block, "HmmAlloc"));
    return block;
}

static HMM_NOINLINE void *allocate_by_flags(size_t size, int flags)
{
    size_t alignment = alignment_of(flags);
    size_t bytes = whole_bytes(size, alignment);
    return bytes != 0 ? allocate_whole(bytes, alignment, (flags & FLAG_ZERO) != 0) : NULL;
}

HMM_REPLACEABLE void *mallocx(size_t size, int flags)
{
    void *block;
    if (hmm_likely(flags == 0 && hmm_hit_alloc(size, &block)))
        return block; /* small: of one class only */
    return allocate_by_flags(size, flags);
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

static HMM_NOINLINE void free_by_flags(void *block, size_t size, int flags, const void *caller)
{
    hmm_check_size_at(block, alignment_of(flags), size, false, "HmmFree", caller);
    hmm_free(block, "HmmFree");
}

HMM_REPLACEABLE void sdallocx(void *block, size_t size, int flags)
{
    if (hmm_unlikely(flags != 0 || !hmm_hit_free_sized(&hmm_self.small_bytes, block, size)))
        free_by_flags(block, size, flags, __builtin_return_address(0));
}

static void *move_aligned(void *block, size_t old_bytes, size_t bytes, size_t alignment)
{
    void *moved = hmm_alloc_aligned(alignment, bytes);
    if (moved != NULL) {
        memcpy(moved, block, hmm_min(old_bytes, bytes));
        hmm_free(block, "HmmRealloc");
    }
    return moved;
}

/* What is gained in size is zero, if asked for: all of it, from the old usable size to the new. */
HMM_REPLACEABLE void *rallocx(void *block, size_t size, int flags)
{
    size_t old_bytes = hmm_usable(block, "HmmRealloc");
    size_t alignment = alignment_of(flags);
    size_t bytes = whole_bytes(size, alignment);
    if (bytes == 0)
        return NULL;
    void *moved = alignment <= HMM_GRANULE_BYTES ? hmm_realloc(block, bytes)
                                                 : move_aligned(block, old_bytes, bytes, alignment);
    if (moved == NULL || (flags & FLAG_ZERO) == 0)
        return moved;
    size_t new_bytes = hmm_usable(moved, "HmmRealloc");
    if (new_bytes > old_bytes)
        memset((char *)moved + old_bytes, 0, new_bytes - old_bytes);
    return moved;
}

/* Where the block is; returns the size it has. It is not changed: its caller then moves it. */
HMM_REPLACEABLE size_t xallocx(void *block, size_t size, size_t extra, int flags)
{
    (void)size;
    (void)extra;
    return sallocx(block, flags);
}

/* The usable size that mallocx gives; 0: none. */
HMM_REPLACEABLE size_t nallocx(size_t size, int flags)
{
    return whole_bytes(size, alignment_of(flags));
}
