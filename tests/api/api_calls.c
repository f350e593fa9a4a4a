/* api_calls.c - each row of the contract's table of calls, on both sides of the hit path. */
#include "hmm.h"

#include "check.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void free_sized(void *block, size_t size);
void free_aligned_sized(void *block, size_t alignment, size_t size);
size_t malloc_good_size(size_t size);
size_t malloc_size(const void *block);
void cfree(void *block);
void *pvalloc(size_t size);
void *reallocf(void *block, size_t size);
void *recallocarray(void *block, size_t old_count, size_t count, size_t size);
void freezero(void *block, size_t size);
void *mallocx(size_t size, int flags);
void *rallocx(void *block, size_t size, int flags);
size_t xallocx(void *block, size_t size, size_t extra, int flags);
size_t sallocx(const void *block, int flags);
void dallocx(void *block, int flags);
void sdallocx(void *block, size_t size, int flags);
size_t nallocx(size_t size, int flags);
void *__libc_malloc(size_t size);
void __libc_free(void *block);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static const size_t too_large = (size_t)PTRDIFF_MAX + 1;

static bool all(const unsigned char *p, unsigned char value, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] != value)
            return false;
    return true;
}

static bool is_aligned(const void *p, size_t alignment)
{
    return (uintptr_t)p % alignment == 0;
}

static void sizes_and_alignment(void)
{
    for (size_t size = 1; size < 300000; size += size < 2000 ? 1 : size / 7) {
        unsigned char *p = malloc(size);
        CHECK(p != NULL && is_aligned(p, 16) && malloc_usable_size(p) >= size);
        memset(p, 0x5a, malloc_usable_size(p)); /* the whole usable size may be written */
        CHECK(realloc(p, malloc_usable_size(p)) == p);
        CHECK(all(p, 0x5a, size));
        free(p);
    }
    CHECK(is_aligned(HmmAlloc(1), 16));
    CHECK(malloc_usable_size(NULL) == 0 && HmmUsableSize(NULL) == 0);
    CHECK(malloc_good_size(100) >= 100 && malloc_good_size(too_large) == too_large);
}

static void zero_sizes(void)
{
    errno = 77;
    CHECK(HmmAlloc(0) == NULL && HmmCalloc(0, 5) == NULL && HmmCalloc(5, 0) == NULL);
    CHECK(HmmRealloc(NULL, 0) == NULL);
    CHECK(errno == 77);
    void *a = malloc(0);
    void *b = malloc(0);
    void *c = calloc(0, 9);
    void *d = realloc(NULL, 0);
    CHECK(a != NULL && b != NULL && c != NULL && d != NULL && a != b && b != c && c != d);
    free(a), free(b), free(c), free(d);
    CHECK(realloc(malloc(10), 0) == NULL);
    CHECK(HmmRealloc(HmmAlloc(10), 0) == NULL);
    free(NULL);
    HmmFree(NULL);
    CHECK(errno == 77);
}

#define FAILS_WITH(error, call)                                                                    \
    do {                                                                                           \
        errno = 0;                                                                                 \
        CHECK((call) == NULL);                                                                     \
        CHECK(errno == (error));                                                                   \
    } while (0)

static void too_large_fails(void)
{
    char *keep = malloc(100);
    memset(keep, 'k', 100);
    FAILS_WITH(ENOMEM, malloc(too_large));
    FAILS_WITH(ENOMEM, malloc(SIZE_MAX));
    if (sizeof(size_t) > 4) /* else some systems have that much */
        FAILS_WITH(ENOMEM, malloc(PTRDIFF_MAX));
    FAILS_WITH(ENOMEM, HmmAlloc(too_large));
    FAILS_WITH(ENOMEM, calloc(too_large, 1));
    FAILS_WITH(ENOMEM, calloc(SIZE_MAX / 2, 3));
    FAILS_WITH(ENOMEM, HmmCalloc(SIZE_MAX, 2));
    FAILS_WITH(ENOMEM, realloc(keep, too_large));
    FAILS_WITH(ENOMEM, HmmRealloc(keep, SIZE_MAX));
    FAILS_WITH(ENOMEM, reallocarray(keep, SIZE_MAX / 2, 3));
    FAILS_WITH(ENOMEM, recallocarray(keep, 1, SIZE_MAX / 2, 3));
    FAILS_WITH(ENOMEM, aligned_alloc(64, SIZE_MAX - 8));
    FAILS_WITH(ENOMEM, memalign(4096, SIZE_MAX - 4095));
    FAILS_WITH(ENOMEM, memalign(SIZE_MAX / 2 + 1, 1));
    FAILS_WITH(ENOMEM, valloc(too_large));
    FAILS_WITH(ENOMEM, pvalloc(SIZE_MAX));
    FAILS_WITH(ENOMEM, pvalloc(too_large));
    FAILS_WITH(ENOMEM, HmmAllocAligned(4096, SIZE_MAX));
    CHECK(all((unsigned char *)keep, 'k', 100));
    free(keep);
}

static void aligned(void)
{
    for (size_t alignment = 8; alignment <= (size_t)2 << 20; alignment *= 2) {
        for (size_t size = 0; size <= 70000; size = size * 3 + 1) {
            void *p = NULL;
            errno = 33;
            CHECK(posix_memalign(&p, alignment, size) == 0 && p != NULL &&
                  is_aligned(p, alignment));
            void *q = aligned_alloc(alignment, size);
            void *r = memalign(alignment, size);
            CHECK(is_aligned(q, alignment) && is_aligned(r, alignment) && q != r);
            CHECK(malloc_usable_size(q) >= size);
            memset(q, 1, malloc_usable_size(q));
            CHECK(errno == 33);
            free(p), free(q), free(r);
        }
    }
    void *untouched = &untouched;
    errno = 44;
    CHECK(posix_memalign(&untouched, 3, 10) == EINVAL);
    CHECK(posix_memalign(&untouched, sizeof(void *) / 2, 10) == EINVAL);
    CHECK(posix_memalign(&untouched, 0, 10) == EINVAL);
    CHECK(posix_memalign(&untouched, 64, SIZE_MAX - 8) == ENOMEM);
    CHECK(untouched == &untouched && errno == 44);
    FAILS_WITH(EINVAL, aligned_alloc(24, 10));
    FAILS_WITH(EINVAL, aligned_alloc(0, 10));
    FAILS_WITH(EINVAL, memalign(SIZE_MAX / 2 + 2, 10));
    FAILS_WITH(EINVAL, HmmAllocAligned(48, 10));
    CHECK(HmmAllocAligned(64, 0) == NULL);
    void *p = memalign(48, 10);
    CHECK(is_aligned(p, 64)); /* rounded up */
    free(p);
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    p = valloc(10);
    void *q = pvalloc(10);
    CHECK(is_aligned(p, page) && is_aligned(q, page) && malloc_usable_size(q) >= page);
    free(p), free(q);
    /* blocks of a power of two keep their natural alignment */
    for (size_t size = 16; size <= 4096; size *= 2) {
        p = malloc(size);
        CHECK(is_aligned(p, size));
        free(p);
    }
}

static void resizing(void)
{
    unsigned char *p = NULL;
    size_t size = 0;
    for (int i = 0; i < 54 && size < SIZE_MAX / 16; i++) {
        size_t more = size + size / 3 + 11;
        p = realloc(p, more);
        CHECK(p != NULL && all(p, 7, size));
        memset(p, 7, more);
        size = more;
    }
    while (size > 40) {
        size /= 2;
        p = realloc(p, size);
        CHECK(p != NULL && all(p, 7, size));
    }
    p = reallocarray(p, 100, 10);
    CHECK(malloc_usable_size(p) >= 1000);
    free(p);
    /* from slab to run to mapping and back */
    static const size_t sizes[] = {100,       40000,     1 << 20,   50 << 20, 70 << 20,
                                   150 << 20, 180 << 20, 150 << 20, 1 << 20,  5000};
    p = malloc(1);
    *p = 9;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        p = realloc(p, sizes[i]);
        CHECK(p != NULL && *p == 9);
        p[sizes[i] - 1] = 1;
    }
    free(p);
}

static void zeroed(void)
{
    for (int round = 0; round < 3; round++)
        for (size_t size = 1; size < (size_t)3 << 20; size = size * 2 + 5) {
            unsigned char *p = calloc(size, 1);
            CHECK(all(p, 0, size));
            memset(p, 0xff, malloc_usable_size(p));
            free(p);
            p = HmmCalloc(1, size);
            CHECK(all(p, 0, size));
            memset(p, 0xee, size);
            HmmFree(p);
        }
}

static void bsd_and_old_names(void)
{
    free_sized(NULL, 5);
    free_aligned_sized(NULL, 64, 5);
    free_sized(malloc(100), 100);
    free_sized(malloc(0), 0);
    free_sized(malloc(100000), 100000);
    free_aligned_sized(aligned_alloc(64, 100), 64, 100);
    free_sized(realloc(malloc(100), 60), 60);
    cfree(malloc(3));
    void *p = malloc(100);
    CHECK(malloc_size(p) >= 100);
    CHECK(reallocf(p, too_large) == NULL); /* and freed p */
    freezero(malloc(64), 64);
    freezero(NULL, 5);
    unsigned char *q = recallocarray(NULL, 0, 10, 10);
    CHECK(all(q, 0, 100));
    memset(q, 3, 100);
    q = recallocarray(q, 10, 20, 10);
    CHECK(all(q, 3, 100) && all(q + 100, 0, 100));
    free(q);
    __libc_free(__libc_malloc(5));
    free(__libc_calloc(5, 5));
    free(__libc_realloc(NULL, 7));
    p = __libc_memalign(256, 7);
    CHECK(is_aligned(p, 256));
    free(p);
    HmmFree(malloc(10)); /* either name frees the other's */
    free(HmmAlloc(10));
}

/* jemalloc's own calls, mixed with malloc's as programs do. */
static void jemalloc_names(void)
{
    for (int lg_align = 0; lg_align <= 16; lg_align += 2)
        for (size_t size = 1; size < 200000; size += 1 + size / 3) {
            unsigned char *p = mallocx(size, lg_align | 0x40);
            CHECK(p != NULL && is_aligned(p, (size_t)1 << lg_align) && all(p, 0, size));
            CHECK(sallocx(p, 0) == malloc_usable_size(p) &&
                  sallocx(p, 0) >= nallocx(size, lg_align));
            size_t usable = sallocx(p, 0);
            memset(p, 7, usable);
            p = rallocx(p, usable + 5000, lg_align | 0x40);
            CHECK(is_aligned(p, (size_t)1 << lg_align) && all(p, 7, usable) &&
                  all(p + usable, 0, 5000));
            CHECK(xallocx(p, usable + 5000, 100, lg_align) >= usable + 5000);
            if (size % 2 == 0)
                sdallocx(p, usable + 5000, lg_align);
            else if (size % 3 == 0)
                dallocx(p, 0);
            else
                free(p);
        }
    CHECK(mallocx(too_large, 0) == NULL && mallocx(too_large - 9, 12) == NULL);
    CHECK(nallocx(too_large, 0) == 0);
}

static void errno_is_left_alone(void)
{
    errno = 99;
    for (int i = 0; i < 1000; i++)
        free(malloc((size_t)(i * 37) % 60000));
    free(malloc(64 << 20));
    free(malloc(200 << 20));
    free(calloc(3, 100000));
    CHECK(errno == 99);
}

/* The same on a thread that has its own arena by now, and on one that never gets one. */
static void *all_rows(void *unused)
{
    zero_sizes();
    errno_is_left_alone();
    too_large_fails();
    sizes_and_alignment();
    aligned();
    resizing();
    zeroed();
    bsd_and_old_names();
    jemalloc_names();
    return unused;
}

int main(void)
{
    errno = 55;
    free(malloc(10)); /* the very first call of this program */
    CHECK(errno == 55);
    all_rows(NULL);
    all_rows(NULL);
    pthread_t thread;
    pthread_create(&thread, NULL, all_rows, NULL);
    pthread_join(thread, NULL);
    CHECK(HmmCheck() == NULL);
    return check_end();
}
