/* model.c - random operations against a shadow model: every block filled, verified before each
 * change and at its end; blocks handed between threads; the whole heap checked at quiet moments.
 *
 *   stress_model THREADS OPERATIONS [map] [SEED]
 *
 * Built on the core alone (a heap of its own beside libc's: sanitizers can watch), or with
 * MODEL_API on the malloc family of a linked libhmm: then the hit paths are under test too.
 */
#include "base/base.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stress/subject.h"

enum { SLOTS = 600, MAILBOXES = 64, MAX_THREADS = 64, ROUNDS = 8 };
static const size_t budget_bytes = (size_t)192 << 20; /* per process, roughly */
static const size_t size_max = (size_t)64 << 20;
static const size_t fill_whole_max = (size_t)1 << 18;

struct block {
    unsigned char *start;
    size_t bytes;
    unsigned char seed;
};

static _Atomic(struct block *) mailboxes[MAILBOXES];
static _Atomic(size_t) live_bytes;
static pthread_barrier_t barrier;
static unsigned n_threads;
static uint64_t n_operations;
static uint64_t seed = 1;

static uint64_t next(uint64_t *state)
{
    uint64_t x = *state;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return *state = x;
}

static void die(const char *what, const struct block *b)
{
    fprintf(stderr, "model: %s (block %p of %zu bytes)\n", what, b ? (void *)b->start : NULL,
            b ? b->bytes : 0);
    abort();
}

static unsigned char pattern(const struct block *b, size_t at)
{
    return (unsigned char)(b->seed + at * 31 + (at >> 8));
}

static size_t stride(const struct block *b, size_t at)
{
    bool edge = at < 4096 || at + 4096 >= b->bytes;
    return b->bytes <= fill_whole_max || edge ? 1 : 4093;
}

static void fill(struct block *b, uint64_t *rng)
{
    b->seed = (unsigned char)next(rng);
    for (size_t at = 0; at < b->bytes; at += stride(b, at))
        b->start[at] = pattern(b, at);
}

static void verify(const struct block *b, size_t bytes)
{
    for (size_t at = 0; at < bytes; at += stride(b, at))
        if (b->start[at] != pattern(b, at))
            die("contents have changed", b);
}

static void verify_zero(const struct block *b)
{
    for (size_t at = 0; at < b->bytes; at += stride(b, at))
        if (b->start[at] != 0)
            die("calloc is not zero", b);
}

static size_t random_size(uint64_t *rng)
{
    uint64_t kind = next(rng) % 1000;
    if (kind < 700)
        return next(rng) % 400;
    if (kind < 960)
        return next(rng) % 20000;
    if (kind < 999)
        return next(rng) % 200000;
    return next(rng) % 4 == 0 ? next(rng) % size_max : next(rng) % (size_max / 16);
}

static void check_new(const struct block *b, size_t align)
{
    if ((uintptr_t)b->start % align != 0)
        die("wrong alignment", b);
    if (subject_usable(b->start) < b->bytes)
        die("too small", b);
    atomic_fetch_add(&live_bytes, b->bytes);
}

/* A new block by one of all entry points; start NULL when there is no memory or budget. */
static struct block allocate(struct subject *s, uint64_t *rng)
{
    struct block b = {.bytes = random_size(rng)};
    if (atomic_load(&live_bytes) + b.bytes > budget_bytes)
        return b;
    unsigned kind = (unsigned)(next(rng) % 10);
    size_t align = 16;
    if (kind == 0)
        align = (size_t)1 << (next(rng) % 100 == 0 ? 12 + next(rng) % 10 : next(rng) % 13);
    if (kind == 0)
        b.start = subject_aligned(s, align, b.bytes);
    else if (kind == 1)
        b.start = subject_calloc(s, b.bytes);
    else
        b.start = subject_alloc(s, b.bytes);
    if (b.start == NULL)
        die("no memory", &b);
    check_new(&b, align < 16 ? 16 : align);
    if (kind == 1)
        verify_zero(&b);
    fill(&b, rng);
    return b;
}

static void release(struct subject *s, struct block *b)
{
    verify(b, b->bytes);
    atomic_fetch_sub(&live_bytes, b->bytes);
    subject_free(s, b->start);
    b->start = NULL;
}

static void resize(struct subject *s, struct block *b, uint64_t *rng)
{
    size_t bytes = next(rng) % 3 == 0 ? random_size(rng) : b->bytes + next(rng) % (b->bytes + 64);
    if (bytes == 0 || bytes > size_max || atomic_load(&live_bytes) + bytes > budget_bytes)
        return;
    verify(b, b->bytes);
    size_t kept = hmm_min(bytes, b->bytes);
    unsigned char *moved = subject_realloc(s, b->start, bytes);
    if (moved == NULL)
        die("realloc: no memory", b);
    b->start = moved;
    verify(b, kept); /* by the old size's stride: all that was kept and filled */
    atomic_fetch_sub(&live_bytes, b->bytes);
    b->bytes = bytes;
    check_new(b, 16);
    fill(b, rng);
}

static void hand_over(struct block *b, uint64_t *rng)
{
    struct block *parcel = malloc(sizeof *parcel);
    *parcel = *b;
    b->start = NULL;
    parcel = atomic_exchange(&mailboxes[next(rng) % MAILBOXES], parcel);
    if (parcel != NULL) {
        *b = *parcel;
        free(parcel);
    }
}

static void one_operation(struct subject *s, struct block *slots, uint64_t *rng)
{
    struct block *b = &slots[next(rng) % SLOTS];
    uint64_t what = next(rng) % 100;
    if (b->start == NULL)
        *b = allocate(s, rng);
    else if (what < 20)
        hand_over(b, rng);
    else if (what < 35)
        resize(s, b, rng);
    else
        release(s, b);
}

static void check_quiet(void)
{
    if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD) {
        const char *wrong = subject_check();
        if (wrong != NULL)
            die(wrong, NULL);
    }
    pthread_barrier_wait(&barrier);
}

static void *run(void *arg)
{
    unsigned id = (unsigned)(uintptr_t)arg;
    struct block *slots = calloc(SLOTS, sizeof *slots);
    struct subject *s = subject_enter();
    uint64_t rng = (seed + id) * 0x9e3779b97f4a7c15u | 1;
    for (int round = 0; round < ROUNDS; round++) {
        for (uint64_t i = 0; i < n_operations / ROUNDS; i++)
            one_operation(s, slots, &rng);
        if (round % 3 == 2 && id == 0)
            subject_trim(s);
        check_quiet();
    }
    for (int i = 0; i < SLOTS; i++)
        if (slots[i].start != NULL)
            release(s, &slots[i]);
    check_quiet();
    if (id == 0) {
        for (int i = 0; i < MAILBOXES; i++) {
            struct block *parcel = atomic_exchange(&mailboxes[i], NULL);
            if (parcel != NULL)
                release(s, parcel);
            free(parcel);
        }
    }
    subject_leave(s);
    free(slots);
    return NULL;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: %s THREADS OPERATIONS [map] [SEED]\n", argv[0]);
        return 2;
    }
    n_threads = (unsigned)atoi(argv[1]);
    n_operations = strtoull(argv[2], NULL, 10);
    bool map = argc > 3 && strcmp(argv[3], "map") == 0;
    if (argc > 3 + map)
        seed = strtoull(argv[3 + map], NULL, 10);
    if (n_threads == 0 || n_threads > MAX_THREADS || !subject_start(map))
        return 2;
    pthread_barrier_init(&barrier, NULL, n_threads);
    pthread_t threads[MAX_THREADS];
    for (unsigned i = 0; i < n_threads; i++)
        pthread_create(&threads[i], NULL, run, (void *)(uintptr_t)i);
    for (unsigned i = 0; i < n_threads; i++)
        pthread_join(threads[i], NULL);
    const char *wrong = subject_check();
    if (wrong != NULL)
        die(wrong, NULL);
    if (atomic_load(&live_bytes) != 0)
        die("the model is not empty at the end", NULL);
    printf("%llu operations by %u threads, heap checked %d times: ok\n",
           (unsigned long long)n_operations * n_threads, n_threads, ROUNDS + 2);
    return 0;
}
