/* family.c - a program with malloc, free, calloc and realloc of its own: what libhmm builds on them
 * comes to them.
 *
 * PRIVATE   from a buffer of the program's; WRAPPED: counted, then libhmm's by RTLD_NEXT; STATIC:
 *           counted, then libhmm's by its second names; ONLY_FREE: as WRAPPED, but free alone
 */
#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *reallocf(void *block, size_t size);
void *recallocarray(void *block, size_t old_count, size_t count, size_t size);
void freezero(void *block, size_t size);
void cfree(void *block);
void free_sized(void *block, size_t size);
void free_aligned_sized(void *block, size_t alignment, size_t size);
void *__libc_malloc(size_t size);
void __libc_free(void *block);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);

enum { HEAD = 16, BUFFER = 1 << 24 };
static int n_passed, n_failed;
static volatile long n_malloc, n_free, n_calloc, n_realloc; /* libc calls its functions leaves */

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (condition) {                                                                           \
            n_passed++;                                                                            \
        } else {                                                                                   \
            n_failed++;                                                                            \
            printf("line %d: failed: %s\n", __LINE__, #condition);                                 \
        }                                                                                          \
    } while (0)

#ifdef PRIVATE
static _Alignas(4096) char buffer[BUFFER];
static size_t used;

static bool is_own(const void *block)
{
    return (const char *)block >= buffer && (const char *)block < buffer + BUFFER;
}
/* A block's size stands before it; blocks are at odd multiples of 16. */
static void *real_malloc(size_t size)
{
    size_t bytes = (HEAD + size + 31) / 32 * 32;
    if (bytes > BUFFER - used || size > BUFFER)
        return NULL;
    size_t *block = (size_t *)(buffer + used);
    used += bytes;
    block[0] = size;
    return block + HEAD / sizeof *block;
}
static void real_free(void *block)
{
    if (block != NULL && !is_own(block))
        abort();
}
static void *real_calloc(size_t count, size_t size)
{
    void *block = real_malloc(count * size);
    return block == NULL ? NULL : memset(block, 0, count * size);
}
static void *real_realloc(void *block, size_t size)
{
    void *moved = real_malloc(size);
    if (moved != NULL && block != NULL) {
        size_t old = *(size_t *)((char *)block - HEAD);
        memcpy(moved, block, old < size ? old : size);
    }
    return moved;
}
#elif defined(STATIC)
#define real_malloc  __libc_malloc
#define real_free    __libc_free
#define real_calloc  __libc_calloc
#define real_realloc __libc_realloc
#else
static void *next(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}
static void *real_malloc(size_t size)
{
    return ((void *(*)(size_t))next("malloc"))(size);
}
static void real_free(void *block)
{
    ((void (*)(void *))next("free"))(block);
}
static void *real_calloc(size_t count, size_t size)
{
    return ((void *(*)(size_t, size_t))next("calloc"))(count, size);
}
static void *real_realloc(void *block, size_t size)
{
    return ((void *(*)(void *, size_t))next("realloc"))(block, size);
}
#endif

#ifndef ONLY_FREE
void *malloc(size_t size)
{
    n_malloc++;
    return real_malloc(size);
}
void *calloc(size_t count, size_t size)
{
    n_calloc++;
    return real_calloc(count, size);
}
void *realloc(void *block, size_t size)
{
    n_realloc++;
    return real_realloc(block, size);
}
enum { OURS = 1 };
#else
enum { OURS = 0 };
#endif
void free(void *block)
{
    n_free++;
    real_free(block);
}

/* A block with an alignment: one that the program's free takes, or none. */
static void aligned(void *block, size_t alignment)
{
#ifdef PRIVATE
    CHECK(block == NULL || is_own(block));
    CHECK(block != NULL || errno == ENOMEM);
#else
    CHECK(block != NULL);
#endif
    CHECK((uintptr_t)block % alignment == 0);
    long before = n_free;
    free(block);
    CHECK(n_free == before + 1);
}

int main(void)
{
    long before = n_realloc;
    char *block = reallocarray(NULL, 10, 10);
    CHECK(block != NULL && n_realloc == before + OURS);
    strcpy(block, "kept");
    block = reallocf(block, 5000);
    CHECK(n_realloc == before + 2 * OURS && strcmp(block, "kept") == 0);
    before = n_free;
    cfree(block);
    CHECK(n_free == before + 1);
    free_sized(malloc(100), 100);
    CHECK(n_free == before + 2);
    free_sized(malloc(100000), 100000);
    CHECK(n_free == before + 3);
    free_aligned_sized(malloc(100), 16, 100);
    CHECK(n_free == before + 4);
    freezero(malloc(300), 300);
    CHECK(n_free == before + 5);
    errno = 0;
    CHECK(reallocf(malloc(50), (size_t)1 << 46) == NULL && n_free == before + 6);
    before = n_calloc;
    block = recallocarray(NULL, 0, 10, 10);
    CHECK(block != NULL && n_calloc == before + OURS);
    strcpy(block, "kept");
    long before_free = n_free;
    block = recallocarray(block, 10, 1000, 10);
    CHECK(n_calloc == before + 2 * OURS && n_free == before_free + 1);
    CHECK(strcmp(block, "kept") == 0 && block[9999] == 0);
    free(block);
    free(strdup("libc's calls as well"));
    for (int i = 0; i < 20; i++) {
        void *given = NULL;
        errno = posix_memalign(&given, 64, 100);
        aligned(given, 64);
        aligned(aligned_alloc(4096, 10), 4096);
        aligned(memalign(32, 70000), 32);
        aligned(valloc(10), 4096);
        aligned(pvalloc(10), 4096);
        void *natural = aligned_alloc(16, 24); /* any malloc's block is so aligned */
        CHECK(natural != NULL);
        aligned(natural, 16);
    }
    for (int i = 0; i < 400; i++) /* so many that a thread makes hits, where it may */
        free(malloc(100));
    for (int i = 0; i < 20; i++) {
        before = n_free;
        free_sized(malloc(100), 100);
        CHECK(n_free == before + 1);
    }
    errno = 0;
    CHECK(aligned_alloc(64, (size_t)1 << 46) == NULL && errno == ENOMEM);
    CHECK(aligned_alloc(64, SIZE_MAX - 70) == NULL);
#ifdef PRIVATE
    CHECK(aligned_alloc(64, 100) == NULL); /* 16 is what this malloc gives, never more */
#endif
    printf("%d checks passed, %d failed\n", n_passed, n_failed);
    return n_failed != 0;
}
