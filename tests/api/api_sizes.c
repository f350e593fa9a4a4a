/* api_sizes.c - sizes around powers of two that 32 bits, or the machine, cannot hold: every call
 * either fails with ENOMEM and leaves the old block as it was, or gives a block that is as long. */
#include "hmm.h"

#include "check.h"

#include <errno.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void *pvalloc(size_t size);
void *reallocf(void *block, size_t size);
void *recallocarray(void *block, size_t old_count, size_t count, size_t size);
void *mallocx(size_t size, int flags);
void *rallocx(void *block, size_t size, int flags);
size_t nallocx(size_t size, int flags);

static const size_t bases[] = {
    (size_t)1 << 31, UINT32_MAX,      (size_t)PTRDIFF_MAX, SIZE_MAX,
#if SIZE_MAX > UINT32_MAX
    (size_t)1 << 32, (size_t)1 << 33, (size_t)1 << 36,     (size_t)1 << 40, (size_t)1 << 44,
    (size_t)1 << 45, (size_t)1 << 46, (size_t)1 << 47,     (size_t)1 << 48, (size_t)1 << 62,
#endif
};
static const int distances[] = {-1, 16385};
static const size_t old_sizes[] = {100, 5000, 40000, 3 << 20, 150 << 20};

enum { N_BASES = sizeof bases / sizeof bases[0], N_DISTANCES = sizeof distances / sizeof(int) };

/* The next of all sizes; false: that was all. */
static bool next_size(int *i, size_t *size)
{
    do {
        if (*i == N_BASES * N_DISTANCES)
            return false;
        *size = bases[*i / N_DISTANCES] + (size_t)distances[*i % N_DISTANCES];
        ++*i;
    } while (*size < (size_t)1 << 30); /* beyond the last one */
    return true;
}

/* *p may be NULL, with ENOMEM, or has `size` bytes: its ends can be written. It is freed. */

static void right_or_none(char *p, size_t size, const char *call)
{
    bool right = p != NULL ? malloc_usable_size(p) >= size : errno == ENOMEM;
    if (!right)
        printf("%s(%zu): %p, errno %d\n", call, size, (void *)p, errno);
    CHECK(right);
    if (p != NULL && right) {
        p[0] = 1;
        p[size / 2] = 1;
        p[size - 1] = 1;
    }
    free(p);
    errno = 0;
}
#define FRESH(call, size) right_or_none(call, size, #call)

static void fresh_zeroed(size_t size)
{
    errno = 0;
    FRESH(calloc(1, size), size);
    FRESH(calloc(size / 16 + 1, 16), size / 16 * 16);
    FRESH(recallocarray(NULL, 0, 1, size), size);
    FRESH(HmmCalloc(size, 1), size);
    errno = ENOMEM; /* which mallocx need not set */
    FRESH(mallocx(size, 0x40), size);
}

static void fresh(size_t size)
{
    errno = 0;
    FRESH(malloc(size), size);
    FRESH(realloc(NULL, size), size);
    FRESH(reallocarray(NULL, 1, size), size);
    FRESH(HmmAlloc(size), size);
    for (size_t alignment = 16; alignment != 0; alignment <<= 5) {
        FRESH(aligned_alloc(alignment, size), size);
        FRESH(memalign(alignment, size), size);
        FRESH(HmmAllocAligned(alignment, size), size);
        void *p = NULL;
        errno = posix_memalign(&p, alignment, size);
        right_or_none(p, size, "posix_memalign");
        int flags = __builtin_ctzl(alignment);
        size_t n = nallocx(size, flags);
        p = mallocx(size, flags);
        CHECK(p == NULL || (n >= size && malloc_usable_size(p) == n));
        free(p);
    }
    errno = 0;
    FRESH(valloc(size), size);
    FRESH(pvalloc(size), size);
}

static void huge_alignments(void)
{
    errno = 0;
    for (size_t alignment = (size_t)1 << 20; alignment != 0; alignment <<= 1) {
        void *p = aligned_alloc(alignment, 100);
        CHECK((uintptr_t)p % alignment == 0);
        right_or_none(p, 100, "aligned_alloc, huge alignment");
        p = aligned_alloc(alignment, alignment);
        CHECK((uintptr_t)p % alignment == 0);
        right_or_none(p, alignment, "aligned_alloc, both huge");
    }
}

enum call {
    REALLOC,
    HMM_REALLOC,
    REALLOCARRAY,
    REALLOCF,
    RECALLOCARRAY,
    RALLOCX,
    RALLOCX_ALIGN,
    CALLS
};

static char *resized(enum call call, char *p, size_t old_size, size_t size)
{
    switch (call) {
    case REALLOC:
        return realloc(p, size);
    case HMM_REALLOC:
        return HmmRealloc(p, size);
    case REALLOCARRAY:
        return reallocarray(p, size, 1);
    case REALLOCF:
        return reallocf(p, size);
    case RECALLOCARRAY:
        return recallocarray(p, old_size, size, 1);
    case RALLOCX:
        return rallocx(p, size, 0);
    default:
        return rallocx(p, size, 12);
    }
}

static bool is_filled(const char *p, size_t size)
{
    for (size_t i = 0; i < size; i += size / 64 + 1)
        if (p[i] != 'o')
            return false;
    return p[size - 1] == 'o';
}

/* From a block of each kind. */
static void resize(enum call call, size_t old_size, size_t size)
{
    char *p = malloc(old_size);
    for (size_t i = 0; i < old_size; i += old_size / 64 + 1)
        p[i] = 'o';
    p[old_size - 1] = 'o';
    size_t usable = malloc_usable_size(p);
    errno = 0;
    char *q = resized(call, p, old_size, size);
    if (q == NULL && call == REALLOCF) /* that has freed p */
        return;
    bool right = q != NULL ? malloc_usable_size(q) >= size
                           : malloc_usable_size(p) == usable &&
                                 (errno == ENOMEM || call == RALLOCX || call == RALLOCX_ALIGN);
    if (!right)
        printf("call %d from %zu to %zu: %p, errno %d\n", (int)call, old_size, size, (void *)q,
               errno);
    CHECK(right);
    q = q != NULL ? q : p;
    CHECK(is_filled(q, old_size));
    if (right && q != p)
        q[size - 1] = 1;
    free(q);
}

/* More than any heap or mapping has: what is said to be clear need not be cleared. */
static bool is_beyond(size_t size)
{
    return (uint64_t)size > (uint64_t)1 << 47;
}

/* Then a mapping of 150 MiB takes too long. */
static bool copies(enum call call)
{
    return call == RECALLOCARRAY || call == RALLOCX_ALIGN;
}

static void resize_all(size_t size, bool may_clear)
{
    for (size_t old = 0; old < sizeof old_sizes / sizeof old_sizes[0]; old++)
        for (int call = 0; call < CALLS; call++) {
            bool mapped = old_sizes[old] > 100 << 20;
            if ((call == RECALLOCARRAY && !may_clear) || (mapped && copies((enum call)call)))
                continue;
            resize((enum call)call, old_sizes[old], size);
        }
}

/* mappings: calloc gets them, which are zero, not old page runs that it must write to */
static void all_sizes(bool mappings)
{
    size_t size;
    for (int i = 0; next_size(&i, &size);) {
        bool may_clear = is_beyond(size) || (mappings && (uint64_t)size < (uint64_t)1 << 35);
        fresh(size);
        if (may_clear)
            fresh_zeroed(size);
        resize_all(size, may_clear);
        CHECK(HmmCheck() == NULL);
    }
}

/* A pad of more than there is keeps all. */
static void trim_keeps_huge_pads(void)
{
    struct HmmStats before;
    struct HmmStats after;
    size_t size;
    free(malloc(30 << 20));
    HmmTrim(20 << 20); /* caches and all */
    HmmGetStats(&before);
    for (int i = 0; next_size(&i, &size);)
        if (size > (size_t)1 << 30)
            malloc_trim(size);
    HmmGetStats(&after);
    CHECK(before.top_free_bytes >= 20 << 20 && after.heap_bytes == before.heap_bytes);
}

int main(void)
{
    all_sizes(true);
    huge_alignments();
    trim_keeps_huge_pads();
    CHECK(mallopt(M_MMAP_MAX, 0) == 1); /* page runs, up to any size */
    all_sizes(false);
    huge_alignments();
    CHECK(HmmCheck() == NULL);
    return check_end();
}
