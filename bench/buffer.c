/* buffer.c - HmmHeap beside a classroom's heap: instructions of each call, counted one by one by
 * the processor's single steps, what 16-byte blocks cost, and how much can be had in one piece
 * after a long random run (the mean of some). x86-64 Linux.
 *
 * Calls are counted at two loads. At 40 % of the buffer every heap serves all calls, or nearly, so
 * that their means are of the same work; at 70 % some refuse what others serve. What is refused is
 * not counted.
 *
 *     bench_buffer [OPERATIONS [LIBRARY]]
 *
 * LIBRARY: TLSF as a shared object, with the calls of version 2.4 (init_memory_pool, malloc_ex,
 * free_ex), to stand beside them.
 */
#include "hmm_heap.h"

#include <dlfcn.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- a heap as it is taught: headers, one list of free blocks in address order, first fit --------
 */

struct header {
    size_t bytes; /* with the header */
    struct header *next;
};

static struct header *free_list;

static bool classroom_create(char *buffer, size_t bytes)
{
    free_list = (struct header *)(void *)buffer;
    *free_list = (struct header){bytes & ~(size_t)15, NULL};
    return true;
}

static void *classroom_alloc(size_t bytes)
{
    size_t need = ((bytes + 15) & ~(size_t)15) + sizeof(struct header);
    struct header **link = &free_list;
    while (*link != NULL && (*link)->bytes < need)
        link = &(*link)->next;
    struct header *block = *link;
    if (block == NULL)
        return NULL;
    if (block->bytes >= need + sizeof(struct header) + 16) {
        struct header *rest = (struct header *)(void *)((char *)block + need);
        *rest = (struct header){block->bytes - need, block->next};
        block->bytes = need;
        *link = rest;
    } else {
        *link = block->next;
    }
    return block + 1;
}

static void join_next(struct header *block)
{
    if (block->next == NULL || (char *)block + block->bytes != (char *)block->next)
        return;
    block->bytes += block->next->bytes;
    block->next = block->next->next;
}

static void classroom_free(void *memory)
{
    struct header *block = (struct header *)memory - 1;
    struct header **link = &free_list, *before = NULL;
    while (*link != NULL && *link < block) {
        before = *link;
        link = &(*link)->next;
    }
    block->next = *link;
    *link = block;
    join_next(block);
    if (before != NULL)
        join_next(before);
}

/* --- both ---------------------------------------------------------------------------------------
 */

static HmmHeap *heap;

static bool heap_create(char *buffer, size_t bytes)
{
    heap = HmmHeapCreate(buffer, bytes, NULL);
    return heap != NULL;
}

static void *heap_alloc(size_t bytes)
{
    return HmmHeapAlloc(heap, bytes);
}

static void heap_free(void *block)
{
    HmmHeapFree(heap, block);
}

static char *tlsf_pool;
static size_t (*tlsf_init)(size_t, void *);
static void *(*tlsf_malloc)(size_t, void *);
static void (*tlsf_give)(void *, void *);

static bool tlsf_create(char *buffer, size_t bytes)
{
    tlsf_pool = buffer;
    memset(buffer, 0,
           bytes < 64 ? bytes : 64); /* it takes a pool that was one for still that one */
    return bytes >= 8192 && tlsf_init(bytes, buffer) != (size_t)-1;
}

static void *tlsf_alloc(size_t bytes)
{
    return tlsf_malloc(bytes, tlsf_pool);
}

static void tlsf_free(void *block)
{
    tlsf_give(block, tlsf_pool);
}

static bool tlsf_load(const char *library)
{
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL) {
        fprintf(stderr, "bench_buffer: %s\n", dlerror());
        return false;
    }
    *(void **)&tlsf_init = dlsym(handle, "init_memory_pool");
    *(void **)&tlsf_malloc = dlsym(handle, "malloc_ex");
    *(void **)&tlsf_give = dlsym(handle, "free_ex");
    if (tlsf_init != NULL && tlsf_malloc != NULL && tlsf_give != NULL)
        return true;
    fprintf(stderr, "bench_buffer: %s has no init_memory_pool, malloc_ex and free_ex\n", library);
    return false;
}

struct subject {
    const char *name;
    bool (*create)(char *, size_t); /* false: too small a buffer */
    void *(*alloc)(size_t);
    void (*free)(void *);
    long n_counted; /* of the calls; the classroom's take thousands of steps each */
};

static const struct subject subjects[] = {
    {"HmmHeap", heap_create, heap_alloc, heap_free, 20000},
    {"classroom", classroom_create, classroom_alloc, classroom_free, 500},
    {"TLSF", tlsf_create, tlsf_alloc, tlsf_free, 20000},
};

/* --- counting -----------------------------------------------------------------------------------
 */

static volatile long steps;

static void on_step(int signal_number)
{
    (void)signal_number;
    steps++;
}

static inline void step_on(void)
{
    __asm__ volatile("pushfq\n orq $0x100, (%%rsp)\n popfq" ::: "memory", "cc");
}

static inline void step_off(void)
{
    __asm__ volatile("pushfq\n andq $~0x100, (%%rsp)\n popfq" ::: "memory", "cc");
}

struct count {
    long n, sum, most;
};

static long idle_steps; /* of counting nothing */

static void add(struct count *count)
{
    long n = steps - idle_steps;
    count->n++;
    count->sum += n;
    count->most = n > count->most ? n : count->most;
}

static uint32_t rng;

static uint32_t below(uint32_t n)
{
    rng ^= rng << 13;
    rng ^= rng >> 17;
    rng ^= rng << 5;
    return rng % n;
}

static size_t some_bytes(size_t most)
{
    size_t bytes = (size_t)16 << below(9);
    bytes += below((uint32_t)bytes);
    return bytes < most ? bytes : 1 + below((uint32_t)most);
}

static void *count_alloc(const struct subject *subject, size_t bytes, struct count *count)
{
    steps = 0;
    step_on();
    void *block = subject->alloc(bytes);
    step_off();
    if (block != NULL)
        add(count);
    return block;
}

static void count_free(const struct subject *subject, void *block, struct count *count)
{
    steps = 0;
    step_on();
    subject->free(block);
    step_off();
    add(count);
}

/* --- what is told -------------------------------------------------------------------------------
 */

enum { MAX_SLOTS = 20000 };
static void *slots[MAX_SLOTS];

/* What is left after a run differs by chance; in large buffers little. */
static uint32_t runs_of(size_t bytes)
{
    return bytes <= 1 << 20 ? 100 : 8;
}

/* What came of keeping so much of the buffer live. */
struct load {
    struct count alloc, free; /* that succeed, of the first run */
    /* sums of all runs */
    long failed;          /* allocations */
    size_t live_bytes;    /* at the end */
    size_t largest_bytes; /* that could then be had in one piece */
};

enum { LIGHT_PERCENT = 40, HEAVY_PERCENT = 70 };

struct result {
    size_t small_bytes; /* in blocks of 16, when there is room for no more */
    struct load light, heavy;
};

/* By halves: the most that one call gives. */
static size_t largest(const struct subject *subject, size_t most)
{
    size_t least = 0;
    while (most - least > 16) {
        size_t bytes = least + (most - least) / 2;
        void *block = subject->alloc(bytes);
        if (block != NULL) {
            subject->free(block);
            least = bytes;
        } else {
            most = bytes;
        }
    }
    return least;
}

/* As many blocks as fill about so much of the buffer come and go; every `every`-th call is counted,
 * 0: none. */
static void random_run(const struct subject *subject, size_t bytes, unsigned percent,
                       long n_operations, long every, struct load *load)
{
    static size_t sizes[MAX_SLOTS];
    size_t most = bytes / 8 < 16384 ? bytes / 8 : 16384;
    size_t target = bytes / 100 * percent, live = 0;
    memset(slots, 0, sizeof slots);
    for (long i = 0; i < n_operations; i++) {
        size_t slot = below(MAX_SLOTS < bytes / 64 ? MAX_SLOTS : (uint32_t)(bytes / 64));
        bool counted = every != 0 && i % every == 0;
        if (slots[slot] != NULL) {
            if (counted)
                count_free(subject, slots[slot], &load->free);
            else
                subject->free(slots[slot]);
            live -= sizes[slot];
            slots[slot] = NULL;
        } else if (live < target) {
            size_t size = some_bytes(most);
            slots[slot] = counted ? count_alloc(subject, size, &load->alloc) : subject->alloc(size);
            sizes[slot] = size;
            live += slots[slot] != NULL ? size : 0;
            load->failed += slots[slot] == NULL;
        }
    }
    load->live_bytes += live;
    load->largest_bytes += largest(subject, bytes);
}

static struct load measure_load(const struct subject *subject, char *buffer, size_t bytes,
                                unsigned percent, long n_operations)
{
    struct load load = {0};
    long every = n_operations / subject->n_counted > 0 ? n_operations / subject->n_counted : 1;
    for (uint32_t run = 0; run < runs_of(bytes); run++) {
        (void)subject->create(buffer, bytes);
        rng = 2463534242u * (run + 1);
        random_run(subject, bytes, percent, n_operations, run == 0 ? every : 0, &load);
    }
    return load;
}

static struct result measure(const struct subject *subject, size_t bytes, long n_operations)
{
    struct result result = {0};
    char *buffer = aligned_alloc(4096, bytes);
    memset(buffer, 0, bytes);
    if (subject->create(buffer, bytes)) {
        while (subject->alloc(16) != NULL)
            result.small_bytes += 16;
        result.light = measure_load(subject, buffer, bytes, LIGHT_PERCENT, n_operations);
        result.heavy = measure_load(subject, buffer, bytes, HEAVY_PERCENT, n_operations);
    }
    free(buffer);
    return result;
}

static void print_load(const struct load *load, size_t bytes)
{
    uint32_t runs = runs_of(bytes);
    printf(" %9.0f %5ld %7.0f %5ld %8ld %6.1f%% %6.1f%%",
           (double)load->alloc.sum / (double)load->alloc.n, load->alloc.most,
           (double)load->free.sum / (double)load->free.n, load->free.most,
           load->failed / (long)runs, 100.0 * (double)load->live_bytes / runs / (double)bytes,
           100.0 * (double)load->largest_bytes / runs / (double)bytes);
}

int main(int argc, char **argv)
{
    static const size_t buffers[] = {4096, 65536, 1 << 20, 64 << 20};
    long n_operations = argc > 1 ? atol(argv[1]) : 1000000;
    setvbuf(stdout, NULL, _IOLBF, 0);
    bool with_tlsf = argc > 2;
    if (with_tlsf && !tlsf_load(argv[2]))
        return 1;
    signal(SIGTRAP, on_step);
    steps = 0;
    step_on();
    step_off();
    idle_steps = steps;
    printf(
        "instructions, calls refused, live and the largest piece at the end, at %d %% and %d %%\n",
        LIGHT_PERCENT, HEAVY_PERCENT);
    printf("%-9s %-9s %7s", "buffer", "heap", "16-byte");
    for (int load = 0; load < 2; load++)
        printf(" %9s %5s %7s %5s %8s %7s %7s", "allocate", "most", "free", "most", "refused",
               "live", "piece");
    printf("\n");
    for (size_t b = 0; b < sizeof buffers / sizeof buffers[0]; b++)
        for (size_t s = 0; s < sizeof subjects / sizeof subjects[0] - !with_tlsf; s++) {
            struct result r = measure(&subjects[s], buffers[b], n_operations);
            if (r.small_bytes == 0) {
                printf("%-9zu %-9s too small a buffer\n", buffers[b], subjects[s].name);
                continue;
            }
            printf("%-9zu %-9s %6.1f%%", buffers[b], subjects[s].name,
                   100.0 * (double)r.small_bytes / (double)buffers[b]);
            print_load(&r.light, buffers[b]);
            print_load(&r.heavy, buffers[b]);
            printf("\n");
        }
    return 0;
}
