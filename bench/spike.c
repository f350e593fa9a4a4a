/* spike.c - bench_spike SHAPE MIB: a program's memory rises far above what it needs, and falls
 * again. How much is still resident afterwards? spike.py looks from outside.
 *
 * 20 MB stay live, in blocks of 1,000 bytes. The spike's blocks are allocated, and freed in random
 * order; then pairs of small blocks follow for three seconds, or the program sleeps.
 *
 * Printed: when the spike began, was full, and had been freed (seconds of CLOCK_MONOTONIC); with
 * BENCH_TIMES=1 also how many of the calls took how much CPU time.
 */
#include "patterns.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum {
    BLOCK_BYTES = 1000,
    LEAST_LARGE = 40000, /* and up to 64 times as long */
    LIVE_BYTES = 20000000,
    WORK_MS = 3000,
    MAX_THREADS = 8,
    N_TIMES = 24, /* calls of less than 2^i ns */
};

static const struct shape {
    const char *name;
    int n_threads;
    bool large, among, works;
    const char *what;
} shapes[] = {
    {"hits", 1, false, false, true, "blocks of 1,000 bytes, then pairs of small blocks"},
    {"sleep", 1, false, false, false, "the same, then no call any more"},
    {"threads", MAX_THREADS, false, false, true, "the same from 8 threads, of which 7 sleep then"},
    {"pinned", 1, false, true, true, "the same, the live blocks lie among the spike's"},
    {"large", 1, true, false, true, "blocks of 20 KB to 2.5 MB, then pairs of small blocks"},
};
enum { N_SHAPES = sizeof shapes / sizeof *shapes };

static struct part { /* one thread's */
    pthread_t thread;
    uint64_t rng;
    size_t n_blocks, n_live; /* the first ones stay */
    size_t room_bytes;
    char **blocks;
    struct times {
        size_t n_calls[N_TIMES];
        uint64_t longest_ns;
    } mallocs, frees;
} parts[MAX_THREADS];

static const struct shape *shape;
static size_t spike_bytes;
static bool is_timed;
static pthread_barrier_t barrier;

static uint64_t ns_of(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* All threads are so far. Somebody has time to look at the program. */
static void meet(const char *what)
{
    if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD) {
        printf("%s %.4f\n", what, (double)ns_of(CLOCK_MONOTONIC) / 1e9);
        fflush(stdout);
    }
    if (strcmp(what, "begun") == 0)
        usleep(30000);
    pthread_barrier_wait(&barrier);
}

static uint64_t begin_call(void)
{
    return is_timed ? ns_of(CLOCK_THREAD_CPUTIME_ID) : 0;
}

static void end_call(uint64_t start_ns, struct times *times)
{
    if (!is_timed)
        return;
    uint64_t took_ns = ns_of(CLOCK_THREAD_CPUTIME_ID) - start_ns;
    int i = 0;
    while (i < N_TIMES - 1 && took_ns >> i != 0)
        i++;
    times->n_calls[i]++;
    if (took_ns > times->longest_ns)
        times->longest_ns = took_ns;
}

static char *make(struct part *part, size_t bytes)
{
    uint64_t start_ns = begin_call();
    char *block = malloc(bytes);
    end_call(start_ns, &part->mallocs);
    if (block != NULL)
        memset(block, 1, bytes);
    return block;
}

static void drop(struct part *part, char *block)
{
    uint64_t start_ns = begin_call();
    free(block);
    end_call(start_ns, &part->frees);
}

/* The live blocks come first, or evenly among the spike's. Pointers lie outside the heap. */
static void fill(struct part *part)
{
    size_t all_bytes = spike_bytes / (size_t)shape->n_threads;
    size_t n_live = LIVE_BYTES / BLOCK_BYTES / (size_t)shape->n_threads;
    size_t least = shape->large ? LEAST_LARGE / 2 : BLOCK_BYTES;
    part->room_bytes = (n_live + all_bytes / least + 1) * sizeof *part->blocks;
    part->blocks =
        mmap(NULL, part->room_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (part->blocks == MAP_FAILED)
        abort();
    while (!shape->among && part->n_live < n_live)
        part->blocks[part->n_live++] = make(part, BLOCK_BYTES);
    meet("begun");
    part->n_blocks = n_live;
    for (size_t taken = 0; taken < all_bytes;) {
        while (part->n_live < n_live && part->n_live * all_bytes <= taken * n_live)
            part->blocks[part->n_live++] = make(part, BLOCK_BYTES);
        size_t bytes = shape->large ? (size_t)LEAST_LARGE << below(&part->rng, 7) : BLOCK_BYTES;
        bytes -= shape->large ? below(&part->rng, bytes / 2) : 0;
        part->blocks[part->n_blocks++] = make(part, bytes);
        taken += bytes;
    }
    meet("filled");
}

static void empty(struct part *part)
{
    size_t first = part->n_live;
    for (size_t i = part->n_blocks - 1; i > first; i--) {
        size_t k = first + below(&part->rng, i - first + 1);
        char *other = part->blocks[i];
        part->blocks[i] = part->blocks[k];
        part->blocks[k] = other;
    }
    for (size_t i = first; i < part->n_blocks; i++)
        drop(part, part->blocks[i]);
    munmap(part->blocks, part->room_bytes);
}

static void work(struct part *part)
{
    for (int ms = 0; ms < WORK_MS; ms += 5) {
        usleep(5000);
        for (int i = 0; shape->works && part == parts && i < 1000; i++)
            drop(part, make(part, (size_t)16 + (size_t)i % 8 * 16));
    }
}

static void *run(void *arg)
{
    struct part *part = arg;
    fill(part);
    empty(part);
    meet("freed");
    work(part);
    return NULL;
}

static void add_times(struct times *sum, const struct times *times)
{
    for (int i = 0; i < N_TIMES; i++)
        sum->n_calls[i] += times->n_calls[i];
    if (times->longest_ns > sum->longest_ns)
        sum->longest_ns = times->longest_ns;
}

static void print_times(const char *who, const struct times *times)
{
    printf("%s", who);
    for (int i = 0; i < N_TIMES; i++)
        printf(" %zu", times->n_calls[i]);
    printf(" longest %.1f\n", (double)times->longest_ns / 1e3);
}

int main(int argc, char **argv)
{
    for (int i = 0; argc == 3 && i < N_SHAPES; i++)
        if (strcmp(argv[1], shapes[i].name) == 0)
            shape = &shapes[i];
    if (shape == NULL || atol(argv[2]) < 1 || atol(argv[2]) > 1 << 20) {
        fprintf(stderr, "usage: bench_spike SHAPE MIB; shapes:\n");
        for (int i = 0; i < N_SHAPES; i++)
            fprintf(stderr, "  %-8s %s\n", shapes[i].name, shapes[i].what);
        return 2;
    }
    spike_bytes = (size_t)atol(argv[2]) << 20;
    is_timed = getenv("BENCH_TIMES") != NULL;
    pthread_barrier_init(&barrier, NULL, (unsigned)shape->n_threads);
    for (int i = 0; i < shape->n_threads; i++) {
        parts[i].rng = 88172645463325252u + (uint64_t)i;
        pthread_create(&parts[i].thread, NULL, run, &parts[i]);
    }
    for (int i = 0; i < shape->n_threads; i++)
        pthread_join(parts[i].thread, NULL);
    for (int i = 1; i < shape->n_threads; i++) {
        add_times(&parts[0].mallocs, &parts[i].mallocs);
        add_times(&parts[0].frees, &parts[i].frees);
    }
    if (is_timed) {
        print_times("mallocs", &parts[0].mallocs);
        print_times("frees", &parts[0].frees);
    }
    return 0;
}
