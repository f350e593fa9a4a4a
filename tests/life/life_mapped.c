/* life_mapped.c - blocks with a mapping of their own that grow in small steps, shrink and grow
 * again, are many, or come back soon: the work is counted (moves, page faults), not timed.
 */
#include "expect.h"
#include "must.h"
#include "rss.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MIB = 1 << 20 };

static void touch(char *block, size_t from, size_t behind)
{
    for (size_t i = from; i < behind; i += 4096)
        block[i] = (char)(i >> 12 | 1);
}

static long count_wrong(const char *block, size_t bytes)
{
    long n = 0;
    for (size_t i = 0; i < bytes; i += 4096)
        n += block[i] != (char)(i >> 12 | 1);
    return n;
}

/* Two grow in turn: out of the heap, and on. */
static void grow_in_steps(void)
{
    const size_t step = 64 * 1024, most = 300 * (size_t)MIB;
    char *blocks[2] = {NULL, NULL};
    long n_moved = 0, before = faults();
    for (size_t bytes = step; bytes <= most; bytes += step)
        for (int k = 0; k < 2; k++) {
            char *grown = realloc(blocks[k], bytes);
            MUST(grown != NULL);
            n_moved += bytes > 128 * (size_t)MIB && grown != blocks[k];
            blocks[k] = grown;
            touch(grown, bytes - step, bytes);
        }
    long pages = (long)(2 * most / 4096);
    expect(n_moved <= 12, "moves of two blocks from 128 to 300 MiB", n_moved);
    expect(faults() - before < pages + pages / 50, "page faults; their pages and a few",
           faults() - before);
    expect(count_wrong(blocks[0], most) + count_wrong(blocks[1], most) == 0, "wrong bytes",
           count_wrong(blocks[0], most) + count_wrong(blocks[1], most));
    free(blocks[0]);
    free(blocks[1]);
}

/* Shrinks and grows again soon: nothing is copied, and no page comes twice. */
static void swing(size_t large, size_t small)
{
    char *block = malloc(large);
    MUST(block != NULL);
    touch(block, 0, large);
    block = realloc(block, small);
    block = realloc(block, large); /* from now on it is known to swing */
    touch(block, small, large);
    long before = faults();
    for (int i = 0; i < 50; i++) {
        block = realloc(block, small);
        block = realloc(block, large);
        MUST(block != NULL);
        touch(block, small, large);
    }
    expect(faults() - before < 1000, "page faults of 50 swings", faults() - before);
    expect(count_wrong(block, large) == 0, "wrong bytes", count_wrong(block, large));
    /* what it does not need for long goes: with the next slow paths */
    block = realloc(block, small);
    long with = rss_kib();
    usleep(500 * 1000);
    for (int i = 0; i < 200; i++)
        free(malloc(40000 + (size_t)i * 1000));
    long freed = with - rss_kib();
    expect(freed > (long)((large - small) / 1024 * 9 / 10), "KiB gone half a second later", freed);
    free(block);
}

/* Its room is nobody's limit: what cannot be had is done without, and goes before NULL. */
static void within_limit(void)
{
    struct rlimit limit = {0, 0};
    char *block = malloc(130 * (size_t)MIB);
    block = realloc(block, 131 * (size_t)MIB); /* with room for 32 MiB more */
    MUST(block != NULL);
    long kib = status_kib("VmSize:");
    getrlimit(RLIMIT_AS, &limit);
    rlim_t before = limit.rlim_cur;
    limit.rlim_cur = (rlim_t)kib * 1024 + 8 * MIB;
    MUST(setrlimit(RLIMIT_AS, &limit) == 0);
    char *more = malloc(20 * (size_t)MIB); /* longer than what is left: the room goes for it */
    expect(more != NULL, "a block in place of room", more != NULL);
    char *grown = realloc(block, 140 * (size_t)MIB);
    expect(grown != NULL, "growth without room", grown != NULL);
    limit.rlim_cur = before;
    MUST(setrlimit(RLIMIT_AS, &limit) == 0);
    free(grown != NULL ? grown : block);
    free(more);
}

/* Many: none is lost while their table grows. */
static void many(void)
{
    enum { N = 3000 };
    static char *blocks[N];
    MUST(mallopt(M_MMAP_THRESHOLD, 65536) == 1);
    for (int i = 0; i < N; i++) {
        blocks[i] = malloc(70000);
        MUST(blocks[i] != NULL);
        blocks[i][69999] = (char)i;
    }
    struct mallinfo2 m = mallinfo2();
    expect(m.hblks >= N, "blocks with mappings of their own", (long)m.hblks);
    long n_wrong = 0;
    for (int i = 0; i < N; i++) {
        n_wrong += malloc_usable_size(blocks[i]) < 70000 || blocks[i][69999] != (char)i;
        free(blocks[i]);
    }
    expect(n_wrong == 0, "wrong", n_wrong);
    m = mallinfo2();
    expect(m.hblks == 0 && m.hblkhd == 0, "blocks then", (long)m.hblks);
}

/* Blocks as long come back soon, used all over: they take their page faults in the first cycles
 * only, in the heap. Those of which a few pages are used, or more seldom ones, stay outside. */
static void come_back(void)
{
    const size_t bytes = 200 * (size_t)MIB;
    long before = faults();
    for (int cycle = 0; cycle < 10; cycle++) {
        char *sparse = malloc(bytes);
        MUST(sparse != NULL);
        touch(sparse, bytes / 2, bytes / 2 + 10 * 4096);
        MUST(mallinfo2().hblks == 1);
        free(sparse);
    }
    expect(faults() - before < 1000, "page faults of 10 sparse blocks", faults() - before);
    before = faults();
    for (int cycle = 0; cycle < 10; cycle++) {
        char *block = malloc(bytes);
        MUST(block != NULL);
        touch(block, 0, bytes);
        expect((mallinfo2().hblks == 1) == (cycle == 0), "outside the heap: the first one only",
               cycle);
        free(block);
    }
    long pages = (long)(bytes / 4096);
    expect(faults() - before < 3 * pages + pages / 10, "page faults of 10 blocks; of three",
           faults() - before);
    expect(status_kib("VmHWM:") < (long)(bytes / 1024 * 11 / 10), "KiB at most",
           status_kib("VmHWM:"));
}

/* One that comes long after another one has gone. */
static void come_seldom(void)
{
    const size_t bytes = 130 * (size_t)MIB;
    for (int k = 0; k < 2; k++) {
        char *block = malloc(bytes);
        MUST(block != NULL);
        touch(block, 0, bytes);
        expect(mallinfo2().hblks == 1, "outside the heap", k);
        free(block);
        usleep(1000 * 1000);
    }
}

static void swing_little(void)
{
    swing(140 * (size_t)MIB, 60 * (size_t)MIB);
}

static void swing_much(void)
{
    swing(300 * (size_t)MIB, 20 * (size_t)MIB);
}

/* Each in a heap that knows nothing yet. */
static void in_child(void (*run)(void))
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        run();
        fflush(stdout);
        _exit(failures != 0);
    }
    int status = -1;
    waitpid(child, &status, 0);
    failures += status != 0;
}

int main(void)
{
    if (sysconf(_SC_PAGESIZE) != 4096) {
        puts("another size of pages");
        return 0;
    }
    in_child(grow_in_steps);
    in_child(swing_little);
    in_child(swing_much);
    in_child(within_limit);
    in_child(come_back);
    in_child(come_seldom);
    in_child(many);
    return failures != 0;
}
