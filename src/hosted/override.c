/* override.c - malloc, free and their family, as unmodified programs call them.
 *
 * Rules of each call: docs of malloc(3), POSIX.1-2024, C23, glibc; where they differ, the README's
 * table "API in brief" says which one holds.
 *
 * Layer   hosted.
 */
#include "hosted/hosted.h"

#include <errno.h>
#include <string.h>

HMM_EXPORTED void *malloc(size_t size)
{
    void *block;
    if (hmm_likely(hmm_hit_alloc(size, &block)))
        return block;
    return hmm_alloc_slow(size, NULL);
}

HMM_EXPORTED void free(void *block)
{
    hmm_free(block, "HmmFree");
}

HMM_EXPORTED void *calloc(size_t count, size_t size)
{
    size_t bytes;
    if (hmm_unlikely(__builtin_mul_overflow(count, size, &bytes))) {
        errno = ENOMEM;
        return NULL;
    }
    return hmm_alloc_zeroed(bytes == 0 ? 1 : bytes);
}

static bool keeps_zero_blocks(void)
{
    return hmm_process_is_ready() && hmm_meta_tunables(&hmm_process_heap.meta)->realloc_zero;
}

HMM_EXPORTED void *realloc(void *block, size_t size)
{
    if (block == NULL)
        return malloc(size);
    if (size == 0 && !keeps_zero_blocks()) {
        free(block);
        return NULL;
    }
    return hmm_realloc(block, size == 0 ? 1 : size);
}

HMM_EXPORTED void *reallocarray(void *block, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(block, bytes);
}

/* --- alignment ----------------------------------------------------------------------------------
 */

static void *aligned_or_enomem(size_t alignment, size_t size)
{
    void *block = hmm_alloc_aligned(alignment, size);
    if (block == NULL)
        errno = ENOMEM;
    return block;
}

HMM_EXPORTED int posix_memalign(void **memptr, size_t alignment, size_t size)
{
    if (!hmm_is_power_of_two(alignment) || alignment % sizeof(void *) != 0)
        return EINVAL;
    int saved = errno;
    void *block = hmm_alloc_aligned(alignment, size);
    errno = saved;
    if (block == NULL)
        return ENOMEM;
    *memptr = block;
    return 0;
}

HMM_EXPORTED void *aligned_alloc(size_t alignment, size_t size)
{
    if (!hmm_is_power_of_two(alignment)) {
        errno = EINVAL;
        return NULL;
    }
    return aligned_or_enomem(alignment, size);
}

HMM_EXPORTED void *memalign(size_t alignment, size_t size)
{
    if (alignment > SIZE_MAX / 2 + 1) {
        errno = EINVAL;
        return NULL;
    }
    if (!hmm_is_power_of_two(alignment))
        alignment = alignment == 0 ? 1 : (size_t)2 << hmm_log2(alignment);
    return aligned_or_enomem(alignment, size);
}

HMM_EXPORTED void *valloc(size_t size)
{
    return aligned_or_enomem(hmm_port_page_bytes(), size);
}

HMM_EXPORTED void *pvalloc(size_t size)
{
    size_t page_bytes = hmm_port_page_bytes();
    if (size > PTRDIFF_MAX - page_bytes) {
        errno = ENOMEM;
        return NULL;
    }
    return aligned_or_enomem(page_bytes, hmm_round_up(size == 0 ? 1 : size, page_bytes));
}

/* --- sizes --------------------------------------------------------------------------------------
 */

HMM_EXPORTED size_t malloc_usable_size(void *block)
{
    return block == NULL ? 0 : hmm_usable(block, "HmmUsableSize");
}

HMM_EXPORTED size_t malloc_size(const void *block)
{
    return block == NULL ? 0 : hmm_usable(block, "HmmUsableSize");
}

HMM_EXPORTED size_t malloc_good_size(size_t size)
{
    if (size <= HMM_SLAB_MAX_BYTES)
        return hmm_sizeclasses[hmm_sizeclass_of(size == 0 ? 1 : size)].slot_bytes;
    size_t step_bytes = hmm_max(HMM_UNIT_BYTES, hmm_port_page_bytes());
    return size > PTRDIFF_MAX - step_bytes ? size : hmm_round_up(size, step_bytes);
}

HMM_EXPORTED void free_sized(void *block, size_t size)
{
    if (block == NULL)
        return;
    hmm_check_size(block, 1, size, false, "HmmFree");
    free(block);
}

HMM_EXPORTED void free_aligned_sized(void *block, size_t alignment, size_t size)
{
    if (block == NULL)
        return;
    hmm_check_size(block, alignment, size, false, "HmmFree");
    free(block);
}

/* --- BSD and old names --------------------------------------------------------------------------
 */

HMM_EXPORTED void cfree(void *block)
{
    free(block);
}

HMM_EXPORTED void *reallocf(void *block, size_t size)
{
    void *moved = realloc(block, size);
    if (moved == NULL && block != NULL && size != 0) {
        int saved = errno;
        free(block);
        errno = saved;
    }
    return moved;
}

HMM_EXPORTED void freezero(void *block, size_t size)
{
    if (block == NULL)
        return;
    size_t usable_bytes = hmm_usable(block, "HmmFree");
    if (size > usable_bytes)
        hmm_misuse_size(&hmm_process_heap, "HmmFree", block, size, usable_bytes);
    explicit_bzero(block, size);
    free(block);
}

/* OpenBSD: grow or shrink an array; what is new is zero, what is left behind is wiped. */
HMM_EXPORTED void *recallocarray(void *block, size_t old_count, size_t count, size_t size)
{
    size_t old_bytes;
    size_t bytes;
    if (block == NULL)
        return calloc(count, size);
    if (__builtin_mul_overflow(count, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    if (__builtin_mul_overflow(old_count, size, &old_bytes)) {
        errno = EINVAL;
        return NULL;
    }
    if (old_bytes > hmm_usable(block, "HmmRealloc"))
        hmm_misuse_size(&hmm_process_heap, "HmmRealloc", block, old_bytes,
                        hmm_usable(block, "HmmRealloc"));
    void *moved = calloc(1, bytes);
    if (moved == NULL)
        return NULL;
    memcpy(moved, block, hmm_min(old_bytes, bytes));
    freezero(block, old_bytes);
    return moved;
}

/* --- glibc's second names: in a static program they keep libc's malloc.o out --------------------
 */

#if __has_attribute(copy) /* gcc; clang does without and does not warn */
#define ALIAS_OF(name, seen) __attribute__((alias(#name), copy(name), visibility(seen), used))
#else
#define ALIAS_OF(name, seen) __attribute__((alias(#name), visibility(seen), used))
#endif
#define ALIAS(name) ALIAS_OF(name, "default")
/* For those who ask whose malloc is in force (alone.c). */
ALIAS_OF(malloc, "hidden") void *hmm_own_malloc(size_t size);
ALIAS(malloc) void *__libc_malloc(size_t size);
ALIAS(free) void __libc_free(void *block);
ALIAS(calloc) void *__libc_calloc(size_t count, size_t size);
ALIAS(realloc) void *__libc_realloc(void *block, size_t size);
ALIAS(memalign) void *__libc_memalign(size_t alignment, size_t size);
ALIAS(valloc) void *__libc_valloc(size_t size);
ALIAS(pvalloc) void *__libc_pvalloc(size_t size);
ALIAS(posix_memalign) int __posix_memalign(void **memptr, size_t alignment, size_t size);
ALIAS(reallocarray) void *__libc_reallocarray(void *block, size_t count, size_t size);
