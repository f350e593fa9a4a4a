/* api_mallopt.c - each parameter of mallopt(3) acts as the page says: seen in mallinfo2, in the
 * break and in resident memory. Each in a child of its own. */
#include "check.h"
#include "hosted/glibc_malloc.h" /* mallinfo2, which glibc has since 2.33 */

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MIB = 1 << 20, MMAP_THRESHOLD_MAX = sizeof(long) > 4 ? 32 * MIB : MIB / 2 };

static long resident_bytes(void)
{
    long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (fscanf(f, "%*d %ld", &pages) != 1)
        pages = -1;
    fclose(f);
    return pages * sysconf(_SC_PAGESIZE);
}

static void mmap_max(void)
{
    const size_t bytes = (size_t)150 * MIB;
    void *blocks[4];
    CHECK(mallopt(M_MMAP_MAX, 2) == 1);
    for (int i = 0; i < 4; i++)
        blocks[i] = malloc(bytes);
    CHECK(mallinfo2().hblks == 2 && blocks[3] != NULL);
    for (int i = 0; i < 4; i++)
        free(blocks[i]);
    malloc_trim(0);
    CHECK(mallopt(M_MMAP_MAX, 0) == 1);
    char *break_before = sbrk(0);
    char *p = calloc(1, bytes);
    CHECK(p != NULL && p[bytes - 1] == 0 && mallinfo2().hblks == 0);
    CHECK((char *)sbrk(0) - break_before >= (ptrdiff_t)bytes / 2); /* the rest was free */
    p = realloc(p, 2 * bytes);
    CHECK(p != NULL && mallinfo2().hblks == 0 && mallinfo2().hblkhd == 0);
    free(p);
    CHECK(mallopt(M_MMAP_MAX, 65536) == 1);
    p = malloc(bytes);
    CHECK(mallinfo2().hblks == 1 && mallinfo2().hblkhd >= bytes);
    free(p);
}

static void mmap_threshold(void)
{
    CHECK(mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD_MAX + 1) == 0);
    CHECK(mallopt(M_MMAP_THRESHOLD, -1) == 0);
    void *p = malloc(MMAP_THRESHOLD_MAX);
    CHECK(mallinfo2().hblks == 0);
    CHECK(mallopt(M_MMAP_THRESHOLD, 100000) == 1);
    void *q = malloc(99999);
    CHECK(mallinfo2().hblks == 0);
    void *r = malloc(100000);
    CHECK(mallinfo2().hblks == 1);
    CHECK(mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD_MAX) == 1);
    free(p), free(q), free(r);
    CHECK(mallinfo2().hblks == 0);
    CHECK(mallopt(M_MMAP_THRESHOLD, 0) == 1); /* slabs serve up to 32 KiB */
    r = malloc(40000);
    CHECK(mallinfo2().hblks == 1);
    free(r);
}

/* 100 MiB, used and freed; then half a second in which memory would go back. */
static void use_and_free(void)
{
    static char *blocks[100];
    for (int i = 0; i < 100; i++)
        blocks[i] = memset(malloc(MIB), 1, MIB);
    for (int i = 0; i < 100; i++)
        free(blocks[i]);
    for (int i = 0; i < 25; i++) {
        usleep(20000);
        free(malloc(100000 + (size_t)i * 20000)); /* no length twice: not from a cache */
    }
}

static void trim_threshold_default(void)
{
    char *break_before = sbrk(0);
    long before = resident_bytes();
    use_and_free();
    CHECK((char *)sbrk(0) - break_before < 20 * MIB && resident_bytes() - before < 20 * MIB);
}

static void trim_threshold_never(void)
{
    CHECK(mallopt(M_TRIM_THRESHOLD, -1) == 1);
    char *break_before = sbrk(0);
    long before = resident_bytes();
    use_and_free();
    CHECK((char *)sbrk(0) - break_before >= 95 * MIB && resident_bytes() - before >= 95 * MIB);
    CHECK(malloc_trim(0) == 1); /* if told to, it is all the same */
    CHECK(resident_bytes() - before < 20 * MIB);
}

static void trim_threshold_some(void)
{
    CHECK(mallopt(M_TRIM_THRESHOLD, 200 * MIB) == 1);
    char *break_before = sbrk(0);
    long before = resident_bytes();
    use_and_free();
    CHECK(resident_bytes() - before >= 95 * MIB);
    CHECK(mallopt(M_TRIM_THRESHOLD, 128 * 1024) == 1);
    use_and_free();
    CHECK((char *)sbrk(0) - break_before < 20 * MIB && resident_bytes() - before < 20 * MIB);
}

static void top_pad(void)
{
    CHECK(mallopt(M_TOP_PAD, 50 * MIB) == 1);
    char *break_before = sbrk(0);
    void *p = malloc(3 * MIB);
    CHECK((char *)sbrk(0) - break_before >= 50 * MIB);
    CHECK(mallopt(M_TOP_PAD, 100 * MIB) == 1); /* beyond grow_max */
    break_before = sbrk(0);
    void *q = malloc(60 * MIB);
    CHECK((char *)sbrk(0) - break_before >= 100 * MIB);
    CHECK(mallopt(M_TOP_PAD, -1) == 0);
    CHECK(mallopt(M_TOP_PAD, 0) == 1);
    free(p), free(q);
}

static void no_effect(void)
{
    CHECK(mallopt(M_MXFAST, 0) == 1 && mallopt(M_MXFAST, 80 * (int)sizeof(size_t) / 4) == 1);
    CHECK(mallopt(M_MXFAST, 80 * (int)sizeof(size_t) / 4 + 1) == 0 && mallopt(M_MXFAST, -1) == 0);
    CHECK(mallopt(M_ARENA_MAX, 1) == 1 && mallopt(M_ARENA_TEST, 1) == 1);
    CHECK(mallopt(M_PERTURB, 0) == 1 && mallopt(M_PERTURB, 0x55) == 0);
    CHECK(mallopt(12345, 1) == 0);
    unsigned char *p = calloc(1, 100);
    CHECK(p[0] == 0);
    free(p);
    char text[20000] = {0};
    FILE *f = fmemopen(text, sizeof text, "w");
    malloc_info(0, f);
    fclose(f);
    char *heap = strstr(text, "<heap nr=");
    CHECK(heap != NULL && strstr(heap + 1, "<heap nr=") == NULL); /* not more than M_ARENA_MAX */
}

/* Threads set different parameters at once: none is lost. */
static void *set_threshold(void *unused)
{
    for (int i = 0; i < 2000; i++)
        mallopt(M_MMAP_THRESHOLD, MIB / 4 + i % 2);
    return unused;
}
static void *set_max(void *unused)
{
    for (int i = 0; i < 2000; i++)
        mallopt(M_MMAP_MAX, 1 + i % 2);
    return unused;
}
static void *allocate(void *unused)
{
    for (int i = 0; i < 2000; i++)
        free(malloc((size_t)(i * 977) % MIB + 1));
    return unused;
}
static void by_threads(void)
{
    void *(*const run[])(void *) = {set_threshold, set_max, allocate, set_threshold, set_max};
    pthread_t threads[5];
    for (int i = 0; i < 5; i++)
        pthread_create(&threads[i], NULL, run[i], NULL);
    for (int i = 0; i < 5; i++)
        pthread_join(threads[i], NULL);
    void *blocks[4];
    for (int i = 0; i < 4; i++)
        blocks[i] = malloc(MIB / 2);
    CHECK(mallinfo2().hblks == 2);
    for (int i = 0; i < 4; i++)
        free(blocks[i]);
}

int main(void)
{
    static void (*const tests[])(void) = {
        mmap_max,
        mmap_threshold,
        trim_threshold_default,
        trim_threshold_never,
        trim_threshold_some,
        top_pad,
        no_effect,
        by_threads,
    };
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) {
        fflush(stdout);
        pid_t child = fork();
        if (child == 0) {
            n_failed = 0;
            free(malloc(1));
            tests[i]();
            fflush(stdout);
            _exit(n_failed != 0);
        }
        int status = -1;
        waitpid(child, &status, 0);
        CHECK(status == 0);
    }
    return check_end();
}
