/* glibc_malloc.h - glibc's <malloc.h> also where libc is another one: a program that was built
 * against glibc, or asks for the names itself, finds them as they are there. The values are glibc's
 * (malloc/malloc.h, part of its ABI).
 *
 * Layer   hosted.
 */
#ifndef HMM_HOSTED_GLIBC_MALLOC_H
#define HMM_HOSTED_GLIBC_MALLOC_H

#include <malloc.h>
#include <stddef.h>

#ifndef M_MMAP_THRESHOLD
enum {
    M_MXFAST = 1,
    M_TRIM_THRESHOLD = -1,
    M_TOP_PAD = -2,
    M_MMAP_THRESHOLD = -3,
    M_MMAP_MAX = -4,
    M_CHECK_ACTION = -5,
    M_PERTURB = -6,
    M_ARENA_TEST = -7,
    M_ARENA_MAX = -8,
};

struct mallinfo {
    int arena, ordblks, smblks, hblks, hblkhd, usmblks, fsmblks, uordblks, fordblks, keepcost;
};

struct mallinfo mallinfo(void);
int mallopt(int parameter, int value);
#endif

/* What mallopt(3) takes at most: DEFAULT_MMAP_THRESHOLD_MAX, and M_MXFAST's limit. */
enum {
    GLIBC_MMAP_THRESHOLD_MAX_BYTES =
        sizeof(long) > 4 ? 4 * 1024 * 1024 * (int)sizeof(long) : 512 * 1024,
    GLIBC_MAX_FAST_BYTES = 80 * (int)sizeof(size_t) / 4,
};

#ifndef __GLIBC_PREREQ
#define __GLIBC_PREREQ(major, minor) 0
#endif
#if !__GLIBC_PREREQ(2, 33)
struct mallinfo2 {
    size_t arena, ordblks, smblks, hblks, hblkhd, usmblks, fsmblks, uordblks, fordblks, keepcost;
};

struct mallinfo2 mallinfo2(void);
#endif

#endif
