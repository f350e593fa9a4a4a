/* override.c - malloc, free and their family, as unmodified programs call them.
 *
 * Rules of each call: docs of malloc(3), POSIX.1-2024, C23, glibc; where they differ, the README's
 * table "API in brief" says which one holds.
 *
 * A program may have its own malloc, free, calloc and realloc (glibc manual, "Replacing malloc").
 * What is built on them here calls them by name, and so the program's: all are weak.
 *
 * Layer   hosted.
 */
#include "heap/misuse.h"
#include "hosted/hosted.h"
#include "hosted/replaced.h"

#include <errno.h>
#include <string.h>

#if __has_attribute(copy) /* gcc; clang does without and does not warn */
#define SAME(name) alias(#name), copy(name), used
#else
#define SAME(name) alias(#name), used
#endif

/* malloc begins 48 bytes after a multiple of 64, and free at one. With the same instructions a
 * pair of them takes 1.06 of the time if malloc begins at 0, 16 or 32 (AMD EPYC; decision 018). */
#ifdef __x86_64__
__asm__(".pushsection .text.hmm_pair, \"ax\", @progbits\n.p2align 6\n.skip 48\n.popsection");
#if __has_attribute(no_reorder) /* gcc, which may turn them round */
#define PAIR __attribute__((section(".text.hmm_pair"), no_reorder))
#else
#define PAIR __attribute__((section(".text.hmm_pair")))
#endif
#else
#define PAIR
#endif

HMM_REPLACEABLE PAIR void *malloc(size_t size)
{
    void *block;
    if (hmm_likely(hmm_hit_alloc(size, &block)))
        return block;
    return hmm_alloc_slow(size, NULL);
}

HMM_REPLACEABLE PAIR void free(void *block)
{
    hmm_free(block, "HmmFree");
}

HMM_REPLACEABLE void *calloc(size_t count, size_t size)
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

HMM_REPLACEABLE void *realloc(void *block, size_t size)
{
    if (block == NULL)
        return malloc(size);
    if (size == 0 && !keeps_zero_blocks()) {
        free(block);
        return NULL;
    }
    return hmm_realloc(block, size == 0 ? 1 : size);
}

/* --- is one of malloc, free, calloc and realloc replaced? ----------------------------------------
 */

static __typeof__(malloc) own_malloc __attribute__((SAME(malloc)));
static __typeof__(free) own_free __attribute__((SAME(free)));
static __typeof__(calloc) own_calloc __attribute__((SAME(calloc)));
static __typeof__(realloc) own_realloc __attribute__((SAME(realloc)));

static _Atomic(uint8_t) family_state; /* enum hmm_replaced; atomic, relaxed: const once set */

static enum hmm_replaced look_at_malloc(void)
{
    bool some = hmm_is_replaced((hmm_function)malloc, (hmm_function)own_malloc) ||
                hmm_is_replaced((hmm_function)free, (hmm_function)own_free) ||
                hmm_is_replaced((hmm_function)calloc, (hmm_function)own_calloc) ||
                hmm_is_replaced((hmm_function)realloc, (hmm_function)own_realloc);
    enum hmm_replaced state = some ? HMM_REPLACED_SOME : HMM_REPLACED_NONE;
    atomic_store_explicit(&family_state, (uint8_t)state, memory_order_relaxed); /* relaxed:
                                                                                          const */
    return state;
}

/* There is one thread then. */
__attribute__((constructor)) static void look_at_malloc_at_start(void)
{
    look_at_malloc();
}

static HMM_COLD bool none_replaced_slow(void)
{
    enum hmm_replaced state = atomic_load_explicit(&family_state, memory_order_relaxed);
    return (state == HMM_REPLACED_UNKNOWN ? look_at_malloc() : state) == HMM_REPLACED_NONE;
}

/* Is none? Then every block that they see is ours. */
static inline bool none_replaced(void)
{
    uint8_t state = atomic_load_explicit(&family_state, memory_order_relaxed); /* relaxed: const */
    return hmm_likely(state == HMM_REPLACED_NONE) || none_replaced_slow();
}

/* Off the hit paths: may this thread make hits from now on in calls that depend on others? */
static inline void note_family(void)
{
    if (hmm_self.family_bytes != hmm_self.small_bytes && none_replaced())
        hmm_self.family_bytes = hmm_self.small_bytes;
}

HMM_REPLACEABLE void *reallocarray(void *block, size_t count, size_t size)
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

static void *aligned(size_t alignment, size_t size)
{
    note_family();
    return none_replaced() ? hmm_alloc_aligned(alignment, size)
                           : hmm_replaced_aligned(alignment, size);
}

static HMM_NOINLINE void *aligned_or_enomem(size_t alignment, size_t size)
{
    void *block = aligned(alignment, size);
    if (block == NULL)
        errno = ENOMEM;
    return block;
}

/* Off the hit path. alignment a power of two */
static HMM_NOINLINE void *aligned_above(size_t alignment, size_t size)
{
    void *block;
    if (hmm_hit_alloc_aligned_above(hmm_self.family_bytes, alignment, size, &block))
        return block;
    return aligned_or_enomem(alignment, size);
}

static HMM_NOINLINE int memalign_slow(void **memptr, size_t alignment, size_t size)
{
    if (!hmm_is_power_of_two(alignment) || alignment % sizeof(void *) != 0)
        return EINVAL;
    if (hmm_hit_alloc_aligned_above(hmm_self.family_bytes, alignment, size, memptr))
        return 0;
    int saved = errno;
    void *block = aligned(alignment, size);
    errno = saved;
    if (block == NULL)
        return ENOMEM;
    *memptr = block;
    return 0;
}

HMM_REPLACEABLE int posix_memalign(void **memptr, size_t alignment, size_t size)
{
    void *block;
    if (hmm_unlikely(alignment < sizeof(void *)) ||
        !hmm_hit_alloc_aligned(hmm_self.family_bytes, alignment, size, &block))
        return memalign_slow(memptr, alignment, size);
    *memptr = block;
    return 0;
}

HMM_REPLACEABLE void *aligned_alloc(size_t alignment, size_t size)
{
    void *block;
    if (hmm_likely(hmm_hit_alloc_aligned(hmm_self.family_bytes, alignment, size, &block)))
        return block;
    if (!hmm_is_power_of_two(alignment)) {
        errno = EINVAL;
        return NULL;
    }
    return aligned_above(alignment, size);
}

HMM_REPLACEABLE void *memalign(size_t alignment, size_t size)
{
    void *block;
    if (hmm_likely(hmm_hit_alloc_aligned(hmm_self.family_bytes, alignment, size, &block)))
        return block;
    if (alignment > SIZE_MAX / 2 + 1) {
        errno = EINVAL;
        return NULL;
    }
    if (!hmm_is_power_of_two(alignment))
        alignment = alignment == 0 ? 1 : (size_t)2 << hmm_log2(alignment);
    return aligned_above(alignment, size);
}

HMM_REPLACEABLE void *valloc(size_t size)
{
    return aligned_or_enomem(hmm_port_page_bytes(), size);
}

HMM_REPLACEABLE void *pvalloc(size_t size)
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

HMM_REPLACEABLE size_t malloc_usable_size(void *block)
{
    return hmm_usable(block, "HmmUsableSize");
}

HMM_REPLACEABLE size_t malloc_size(const void *block)
{
    return hmm_usable(block, "HmmUsableSize");
}

HMM_REPLACEABLE size_t malloc_good_size(size_t size)
{
    if (size <= HMM_SLAB_MAX_BYTES)
        return hmm_sizeclasses[hmm_sizeclass_of(size == 0 ? 1 : size)].slot_bytes;
    size_t step_bytes = hmm_max(HMM_UNIT_BYTES, hmm_port_page_bytes());
    return size > PTRDIFF_MAX - step_bytes ? size : hmm_round_up(size, step_bytes);
}

/* Off the hit path. caller: where the size was stated */
static HMM_NOINLINE void free_stated(void *block, size_t alignment, size_t size, const void *caller)
{
    if (hmm_hit_free_sized_above(hmm_self.family_bytes, block, size) || block == NULL)
        return;
    note_family();
    if (!hmm_has_class_of(block, size) && none_replaced())
        hmm_check_size_at(block, alignment, size, false, "HmmFree", caller);
    free(block);
}

HMM_REPLACEABLE void free_sized(void *block, size_t size)
{
    if (hmm_unlikely(!hmm_hit_free_sized(&hmm_self.family_bytes, block, size)))
        free_stated(block, 1, size, __builtin_return_address(0));
}

HMM_REPLACEABLE void free_aligned_sized(void *block, size_t alignment, size_t size)
{
    size_t whole = hmm_round_up(size, alignment);
    if (hmm_unlikely(!hmm_is_power_of_two(alignment)) ||
        hmm_unlikely(!hmm_hit_free_sized(&hmm_self.family_bytes, block, whole)))
        free_stated(block, alignment, size, __builtin_return_address(0));
}

/* --- BSD and old names --------------------------------------------------------------------------
 */

HMM_REPLACEABLE void cfree(void *block)
{
    free(block);
}

HMM_REPLACEABLE void *reallocf(void *block, size_t size)
{
    void *moved = realloc(block, size);
    if (moved == NULL && block != NULL && size != 0) {
        int saved = errno;
        free(block);
        errno = saved;
    }
    return moved;
}

static void check_fits(const void *block, size_t size, const char *who)
{
    if (!none_replaced())
        return;
    size_t usable_bytes = hmm_usable(block, who);
    if (size > usable_bytes)
        hmm_misuse_size(who, block, size, usable_bytes);
}

HMM_REPLACEABLE void freezero(void *block, size_t size)
{
    if (block == NULL)
        return;
    check_fits(block, size, "HmmFree");
    memset(block, 0, size);
    __asm__ volatile("" : : "r"(block) : "memory"); /* or the compiler leaves it out */
    free(block);
}

/* OpenBSD: grow or shrink an array; what is new is zero, what is left behind is wiped. */
HMM_REPLACEABLE void *recallocarray(void *block, size_t old_count, size_t count, size_t size)
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
    check_fits(block, old_bytes, "HmmRealloc");
    void *moved = calloc(1, bytes);
    if (moved == NULL)
        return NULL;
    memcpy(moved, block, hmm_min(old_bytes, bytes));
    freezero(block, old_bytes);
    return moved;
}

/* --- glibc's second names: in a static program they keep libc's malloc.o out --------------------
 */

#define ALIAS(name) __attribute__((SAME(name), visibility("default")))
ALIAS(malloc) void *__libc_malloc(size_t size);
ALIAS(free) void __libc_free(void *block);
ALIAS(calloc) void *__libc_calloc(size_t count, size_t size);
ALIAS(realloc) void *__libc_realloc(void *block, size_t size);
ALIAS(memalign) void *__libc_memalign(size_t alignment, size_t size);
ALIAS(valloc) void *__libc_valloc(size_t size);
ALIAS(pvalloc) void *__libc_pvalloc(size_t size);
ALIAS(posix_memalign) int __posix_memalign(void **memptr, size_t alignment, size_t size);
ALIAS(reallocarray) void *__libc_reallocarray(void *block, size_t count, size_t size);
