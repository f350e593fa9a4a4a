/* api_exact.c - zeroed blocks are zero to their last usable byte; the sizes that calls tell are
 * those that there are; a size stated at a free that may be right is never taken for a wrong one.
 */
#include "hmm.h"

#include "check.h"

#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void free_sized(void *block, size_t size);
void free_aligned_sized(void *block, size_t alignment, size_t size);
size_t malloc_good_size(size_t size);
void *recallocarray(void *block, size_t old_count, size_t count, size_t size);
void *mallocx(size_t size, int flags);
void *rallocx(void *block, size_t size, int flags);
size_t sallocx(const void *block, int flags);
void sdallocx(void *block, size_t size, int flags);
size_t nallocx(size_t size, int flags);
void *__libc_calloc(size_t count, size_t size);

static bool all(const unsigned char *p, unsigned char value, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] != value)
            return false;
    return true;
}

/* Zeroed blocks are zero up to their usable size. Old contents lie ready for them. */
enum { ALIGN_64 = 6, ALIGN_4096 = 12, ALIGN_64K = 16, ZERO = 0x40 };

static void *zeroed_block(int how, size_t size)
{
    switch (how) {
    case 0:
        return calloc(1, size);
    case 1:
        return HmmCalloc(size, 1);
    case 2:
        return recallocarray(NULL, 0, 1, size);
    case 3:
        return recallocarray(memset(malloc(10), 0, 10), 10, size, 1);
    case 4:
        return mallocx(size, ZERO);
    case 5:
        return mallocx(size, ALIGN_64 | ZERO);
    case 6:
        return mallocx(size, ALIGN_4096 | ZERO);
    case 7:
        return mallocx(size, ALIGN_64K | ZERO);
    case 8:
        return __libc_calloc(1, size);
    default:
        return NULL;
    }
}

static void leave_old_contents(size_t size)
{
    void *old[3] = {malloc(size), malloc(size), aligned_alloc(1 << ALIGN_64K, size)};
    for (int i = 0; i < 3; i++)
        memset(old[i], 'x', malloc_usable_size(old[i]));
    for (int i = 0; i < 3; i++)
        free(old[i]);
}

static void zeroed_to_the_end(void)
{
    for (int how = 0; how < 9; how++)
        for (size_t size = 1; size < (size_t)5 << 20; size += 1 + size / 5) {
            leave_old_contents(size);
            unsigned char *p = zeroed_block(how, size);
            CHECK(p != NULL && all(p, 0, malloc_usable_size(p)));
            free(p);
        }
    unsigned char *p = calloc(1, ((size_t)130 << 20) + 5); /* a mapping */
    size_t usable = malloc_usable_size(p);
    CHECK(all(p + usable - 20000, 0, 20000));
    free(p);
}

/* A block that was zeroed grows or shrinks: what realloc leaves of its rest is still zero, and
 * rallocx zeroes all that is new. */
static void zeroed_and_resized(void)
{
    for (size_t size = 1; size < 300000; size += 1 + size / 4) {
        leave_old_contents(size);
        size_t usable = malloc_good_size(size);
        unsigned char *p;
        for (size_t part = size / 7 + 1; part < usable; part += usable / 3 + 1) {
            p = calloc(1, size);
            leave_old_contents(part);
            p = realloc(p, part);
            CHECK(all(p, 0, malloc_usable_size(p)));
            free(p);
        }
        for (int flags = ZERO; flags <= (ALIGN_4096 | ZERO); flags += ALIGN_64) {
            p = mallocx(size, flags);
            for (size_t to = size + 3; to < 2 * size + 60000; to += 1 + to / 2) {
                memset(p, 0, malloc_usable_size(p));
                leave_old_contents(to);
                p = rallocx(p, to, flags);
                CHECK(p != NULL && all(p, 0, malloc_usable_size(p)));
            }
            free(p);
        }
    }
}

/* nallocx tells exactly what mallocx gives, and sdallocx takes whatever lies between. */
static void sizes_are_told(void)
{
    for (int lg_align = 0; lg_align <= 21; lg_align++)
        for (size_t size = 0; size < 300000; size += 1 + size / 40) {
            size_t told = nallocx(size, lg_align);
            void *p = mallocx(size, lg_align);
            CHECK(p != NULL && sallocx(p, 0) == told && malloc_usable_size(p) == told);
            sdallocx(p,
                     size % 3 == 0   ? told
                     : size % 3 == 1 ? size
                                     : size + (told - size) / 2,
                     lg_align);
        }
    size_t mapped = ((size_t)128 << 20) - 5000; /* around map_threshold */
    for (; mapped < ((size_t)128 << 20) + 30000; mapped += 4999) {
        size_t told = nallocx(mapped, ALIGN_4096);
        void *p = mallocx(mapped, ALIGN_4096);
        CHECK(sallocx(p, 0) == told && malloc_good_size(mapped) >= mapped);
        sdallocx(p, mapped, ALIGN_4096);
    }
    CHECK(nallocx(1, 63) == 0 && mallocx(1, 63) == NULL &&
          nallocx(((size_t)PTRDIFF_MAX + 1) - 20000, 14) == 0);
}

/* A right size is never taken for a wrong one. */
static void right_sizes_are_right(void)
{
    for (size_t size = 0; size < 300000; size += 1 + size / 50) {
        free_sized(malloc(size), size);
        free_sized(calloc(1, size), size);
        for (size_t to = 1; to < 2 * size + 10; to += 1 + to / 3) { /* in place, or moved */
            free_sized(realloc(malloc(size), to), to);
            void *p = rallocx(mallocx(size, 0), to, 0);
            sdallocx(p, to, 0);
        }
        for (size_t alignment = 1; alignment <= 1 << 17; alignment *= 2)
            free_aligned_sized(aligned_alloc(alignment, size), alignment, size);
    }
    for (size_t size = 48; size <= 40000; size += 16) /* around each boundary of a class */
        for (int more = -1; more <= 1; more++)
            free_sized(malloc(size + (size_t)more), size + (size_t)more);
    free_sized(malloc((size_t)130 << 20), (size_t)130 << 20);
    free_sized(realloc(malloc((size_t)150 << 20), (size_t)130 << 20), (size_t)130 << 20);
    free_sized(realloc(malloc((size_t)150 << 20), 1 << 20), 1 << 20);
}

/* More than 16 MiB of slabs: from then on fine classes are used as well. */
static void in_a_larger_heap(void)
{
    enum { N = 6000, BYTES = 4000 };
    static void *blocks[N];
    for (int i = 0; i < N; i++)
        blocks[i] = malloc(BYTES);
    sizes_are_told();
    right_sizes_are_right();
    for (int i = 0; i < N; i++)
        free_sized(blocks[i], BYTES);
}

int main(void)
{
    for (int round = 0; round < 2; round++) { /* the first one begins without an arena */
        zeroed_to_the_end();
        zeroed_and_resized();
        sizes_are_told();
        right_sizes_are_right();
    }
    in_a_larger_heap();
    CHECK(HmmCheck() == NULL);
    return check_end();
}
