/* hunt.c - bench_hunt KEY=VALUE...: one pattern of allocation, told by a few numbers. hunt.py looks
 * for those on which one heap is much worse than others.
 *
 * Each thread has a set of blocks of `live` MiB together. A cycle fills the set, works on it, and
 * empties it, but for `keep` percent; so the heap swings. Random numbers are the same in every run.
 */
#include "patterns.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PAGE = 4096, MAX_THREADS = 64, SPARSE_PAGES = 16 };

static struct option {
    const char *key;
    long value;
    long min, max;
    const char *what;
} options[] = {
    {"lo", 16, 1, 1l << 30, "bytes of the smallest block"},
    {"hi", 1024, 1, 1l << 30, "bytes of the largest one"},
    {"two", 0, 0, 1, "1: these two lengths only; 0: all between, each doubling as often"},
    {"live", 20, 1, 4096, "MiB of blocks, of all threads together"},
    {"cycles", 10, 1, 100000, "fillings"},
    {"keep", 0, 0, 100, "percent of the blocks that stay from cycle to cycle"},
    {"order", 2, 0, 2, "of the frees: 0 last first, 1 first first, 2 random"},
    {"work", 100, 0, 100000, "replaced blocks for each hundred of the set, in each cycle"},
    {"calloc", 0, 0, 100, "percent of blocks by calloc"},
    {"realloc", 0, 0, 100, "percent of replacements that are reallocs"},
    {"grow", 0, 0, 1, "1: those grow by a sixteenth, up to hi; 0: any length"},
    {"align", 0, 0, 100, "percent of blocks that are aligned,"},
    {"at", 4096, 32, 1l << 22, "to this, a power of two"},
    {"touch", 1, 0, 2, "0: the first byte, 1: all, 2: each 16th page"},
    {"threads", 1, 1, MAX_THREADS, "at once"},
    {"remote", 0, 0, 1, "1: each thread empties the next one's set"},
    {"pause", 0, 0, 10000, "ms of sleep between cycles"},
};
enum { N_OPTIONS = sizeof options / sizeof *options };

static long get(const char *key)
{
    for (int i = 0; i < N_OPTIONS; i++)
        if (strcmp(options[i].key, key) == 0)
            return options[i].value;
    abort();
}

static int usage(const char *wrong)
{
    fprintf(stderr, "bench_hunt: %s: not KEY=VALUE of these:\n", wrong);
    for (int i = 0; i < N_OPTIONS; i++)
        fprintf(stderr, "  %-8s %ld to %ld (%ld): %s\n", options[i].key, options[i].min,
                options[i].max, options[i].value, options[i].what);
    return 2;
}

static bool set(const char *arg)
{
    for (int i = 0; i < N_OPTIONS; i++) {
        size_t n = strlen(options[i].key);
        if (strncmp(arg, options[i].key, n) != 0 || arg[n] != '=')
            continue;
        char *end;
        options[i].value = strtol(arg + n + 1, &end, 10);
        return end != arg + n + 1 && *end == '\0' && options[i].value >= options[i].min &&
               options[i].value <= options[i].max;
    }
    return false;
}

static size_t lo, hi, two, share_calloc, share_realloc, grow, share_align, at_bytes, touched;

struct block {
    char *start;
    size_t bytes;
};

static struct worker {
    pthread_t thread;
    uint64_t rng;
    size_t n_blocks;
    struct block *blocks;
} workers[MAX_THREADS];
static int n_threads;
static pthread_barrier_t barrier;

static size_t length(uint64_t *rng)
{
    if (two)
        return below(rng, 2) == 0 ? lo : hi;
    size_t bytes = lo;
    while (bytes * 2 <= hi && below(rng, 8) != 0 && below(rng, hi / bytes) != 0)
        bytes *= 2;
    size_t most = bytes * 2 <= hi ? bytes * 2 : hi;
    return bytes + (most > bytes ? below(rng, most - bytes + 1) : 0);
}

static void use(struct block *b, size_t from)
{
    if (touched == 1 && b->bytes > from)
        memset(b->start + from, 1, b->bytes - from);
    else if (touched == 2)
        for (size_t i = from; i < b->bytes; i += (size_t)SPARSE_PAGES * PAGE)
            b->start[i] = 1;
    else
        b->start[0] = 1;
}

static struct block make(uint64_t *rng)
{
    struct block b = {.bytes = length(rng)};
    if (below(rng, 100) < share_align)
        b.start = aligned_alloc(at_bytes, (b.bytes + at_bytes - 1) / at_bytes * at_bytes);
    else
        b.start = below(rng, 100) < share_calloc ? calloc(1, b.bytes) : malloc(b.bytes);
    if (b.start == NULL)
        exit(3);
    use(&b, 0);
    return b;
}

static void change(struct worker *w)
{
    struct block *b = &w->blocks[below(&w->rng, w->n_blocks)];
    if (b->start == NULL || below(&w->rng, 100) >= share_realloc) {
        free(b->start);
        *b = make(&w->rng);
        return;
    }
    size_t old = b->bytes;
    b->bytes = !grow ? length(&w->rng) : old + old / 16 < hi ? old + old / 16 + 1 : lo;
    b->start = realloc(b->start, b->bytes);
    if (b->start == NULL)
        exit(3);
    use(b, old);
}

/* Free the set, but for so many percent. */
static void empty(struct worker *w, uint64_t *rng, long order, size_t keep)
{
    for (size_t i = w->n_blocks; order == 2 && i > 1; i--) {
        size_t k = below(rng, i);
        struct block b = w->blocks[k];
        w->blocks[k] = w->blocks[i - 1];
        w->blocks[i - 1] = b;
    }
    for (size_t i = 0; i < w->n_blocks; i++) {
        struct block *b = &w->blocks[order == 0 ? w->n_blocks - 1 - i : i];
        if (below(rng, 100) < keep)
            continue;
        free(b->start);
        *b = (struct block){0};
    }
}

static void *run(void *arg)
{
    struct worker *w = arg;
    long cycles = get("cycles"), work = get("work"), pause = get("pause"), order = get("order");
    size_t keep = (size_t)get("keep");
    for (long c = 0; c < cycles; c++) {
        for (size_t i = 0; i < w->n_blocks; i++)
            if (w->blocks[i].start == NULL)
                w->blocks[i] = make(&w->rng);
        for (size_t i = 0; i < w->n_blocks * (size_t)work / 100; i++)
            change(w);
        pthread_barrier_wait(&barrier);
        struct worker *whose = get("remote") ? &workers[(w - workers + 1) % n_threads] : w;
        empty(whose, &w->rng, order, keep);
        pthread_barrier_wait(&barrier);
        if (pause != 0)
            usleep((unsigned)pause * 1000);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (!set(argv[i]))
            return usage(argv[i]);
    lo = (size_t)get("lo"), hi = (size_t)get("hi"), two = (size_t)get("two");
    share_calloc = (size_t)get("calloc"), share_realloc = (size_t)get("realloc");
    grow = (size_t)get("grow"), share_align = (size_t)get("align"), at_bytes = (size_t)get("at");
    touched = (size_t)get("touch"), n_threads = (int)get("threads");
    if (hi < lo || (at_bytes & (at_bytes - 1)) != 0)
        return usage(hi < lo ? "hi below lo" : "at");
    size_t sum = 0;
    uint64_t rng = 88172645463325252u;
    for (int i = 0; i < 1000; i++)
        sum += length(&rng);
    size_t n_blocks = ((size_t)get("live") << 20) / (sum / 1000) / (size_t)n_threads;
    pthread_barrier_init(&barrier, NULL, (unsigned)n_threads);
    for (int t = 0; t < n_threads; t++) {
        struct worker *w = &workers[t];
        w->rng = rng + (uint64_t)t * 7919;
        w->n_blocks = n_blocks > 0 ? n_blocks : 1;
        w->blocks = calloc(w->n_blocks, sizeof *w->blocks);
    }
    for (int t = 1; t < n_threads; t++)
        pthread_create(&workers[t].thread, NULL, run, &workers[t]);
    run(&workers[0]);
    for (int t = 1; t < n_threads; t++)
        pthread_join(workers[t].thread, NULL);
    return 0;
}
