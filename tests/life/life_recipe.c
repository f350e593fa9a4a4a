/* life_recipe.c - the recipe of programs that must not wait for page faults: lock all memory, never
 * trim, never map, touch what will be needed. From then on there are no page faults, whatever the
 * sizes, and also where blocks grow, shrink, are cleared or aligned. Without the right to lock
 * memory, nothing is given back all the same, and there are faults of new records only. */
#include <malloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

enum { N = 4000, ROUNDS = 12, MIB = 1 << 20, TOUCHED = 96 * MIB, MAX_UNLOCKED = 2000 };

static char *blocks[N];

static long faults(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_minflt;
}

static void *filled(void *block, size_t bytes)
{
    if (block == NULL)
        exit(1);
    return memset(block, 1, bytes);
}

/* False: so much may not be locked. */
static bool touch_ahead(void)
{
    char *block = malloc(TOUCHED);
    bool is_locked = block != NULL;
    if (!is_locked)
        munlockall();
    block = is_locked ? block : malloc(TOUCHED);
    if (block == NULL)
        exit(1);
    for (size_t i = 0; i < TOUCHED; i += 4096)
        block[i] = 1;
    free(block);
    return is_locked;
}

/* 24 MiB in blocks of all kinds of sizes; what they are depends on the round. */
static void use_small(int round)
{
    size_t sum = 0;
    int n = 0;
    for (; n < N && sum < 24 * MIB; n++) {
        size_t bytes = ((size_t)n * 7919 + (size_t)round * 104729) % 30000 % (1u << (4 + n % 12));
        blocks[n] = filled(n % 5 == 0   ? aligned_alloc(256, bytes + 256)
                           : n % 3 == 0 ? calloc(1, bytes + 1)
                                        : malloc(bytes + 1),
                           bytes);
        sum += bytes;
    }
    for (int i = 0; i < n; i++)
        free(blocks[i]);
}

static void use_large(int round)
{
    size_t bytes = (size_t)(2 + round % 5) * MIB;
    char *grows = filled(malloc(bytes), bytes);
    char *cleared = calloc(1, 3 * bytes);
    for (int step = 2; step <= 4; step++)
        grows = filled(realloc(grows, bytes * (size_t)step), bytes * (size_t)step);
    grows = realloc(grows, bytes / 2);
    filled(cleared, 3 * bytes);
    free(cleared);
    free(grows);
}

int main(void)
{
    if (mallopt(M_TRIM_THRESHOLD, -1) != 1 || mallopt(M_MMAP_MAX, 0) != 1)
        return 1;
    bool is_locked = mlockall(MCL_CURRENT | MCL_FUTURE) == 0;
    is_locked = touch_ahead() && is_locked;
    printf("memory %s locked here\n", is_locked ? "is" : "can't be");
    long most = is_locked ? 0 : MAX_UNLOCKED;
    use_large(0);
    long before = faults();
    for (int round = 0; round < ROUNDS; round++) {
        use_small(round);
        use_large(round);
        usleep(50000);
    }
    long after = faults() - before;
    printf("%ld page faults, %ld allowed\n", after, most);
    return after > most;
}
