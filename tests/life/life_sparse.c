/* life_sparse.c - large blocks in memory that others have used before: those that are hardly used
 * take hardly any memory, and those that are filled, also if that is later, take page faults only
 * until that is known. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { N = 60000, MIB = 1 << 20, KEPT = 30 * MIB, MAX_LARGE = 64, FILLS = 200 };

static char *small[N];
static bool ok = true;

static long faults(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_minflt;
}

static size_t resident_bytes(void)
{
    size_t all, resident = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f == NULL || fscanf(f, "%zu %zu", &all, &resident) != 2)
        exit(1);
    fclose(f);
    return resident * (size_t)sysconf(_SC_PAGESIZE);
}

static void *filled(size_t bytes)
{
    void *block = malloc(bytes);
    if (block == NULL)
        exit(1);
    return memset(block, 1, bytes);
}

/* 60 MB that somebody has used. */
static void use_and_free(void)
{
    for (int i = 0; i < N; i++)
        small[i] = filled(1000);
    for (int i = 0; i < N; i++)
        free(small[i]);
}

static void check_at_most(const char *what, long n, long most)
{
    printf("%s: %ld, %ld allowed\n", what, n, most);
    ok = ok && n <= most;
}

/* Blocks of which a page in each MiB is used, beside 30 MiB. The first ones show it. */
static void use_sparse(int n, size_t bytes)
{
    static char *large[MAX_LARGE];
    use_and_free();
    for (int i = 0; i < n; i++) {
        large[i] = malloc(bytes);
        for (size_t at = 0; at < bytes; at += MIB)
            large[i][at] = 1;
    }
    printf("%d of %zu MiB: ", n, bytes / MIB);
    check_at_most("MiB resident", (long)(resident_bytes() / MIB), KEPT / MIB + 14);
    for (int i = 0; i < n; i++)
        free(large[i]);
}

/* Longer than what a thread keeps for its next block. */
static void use_full(void)
{
    const size_t bytes = 20 * MIB;
    for (int i = 0; i < 2; i++)
        free(filled(bytes));
    long before = faults();
    for (int i = 0; i < FILLS; i++)
        free(filled(bytes));
    long blocks = (faults() - before) / (long)(bytes / (size_t)sysconf(_SC_PAGESIZE));
    check_at_most("filled blocks whose pages came by faults", blocks, 6);
}

/* Each time what a thread keeps for its next block is of another length. */
static void use_full_by_turns(void)
{
    long before = 0, bytes = 0;
    for (int i = 0; i < FILLS; i++) {
        if (i == 10)
            before = faults();
        size_t next = (size_t)(3 + i % 3) * MIB / 2;
        free(filled(next));
        bytes = (long)next;
    }
    long blocks = (faults() - before) / (bytes / sysconf(_SC_PAGESIZE));
    check_at_most("filled by turns, whose pages came by faults", blocks, 2);
}

/* Half as long as filled ones: the first is believed to be filled, too. */
static void use_next_length(void)
{
    long before = faults();
    free(filled(10 * MIB));
    check_at_most("page faults of the first block half as long", faults() - before, 200);
}

/* Each is resized before it is freed: that ends its use as well. */
static void use_and_resize(void)
{
    const size_t bytes = 34 * MIB;
    long before = 0;
    for (int i = 0; i < 20; i++) {
        if (i == 3)
            before = faults();
        char *block = realloc(filled(bytes), bytes + MIB);
        if (block == NULL)
            exit(1);
        free(block);
    }
    long blocks = (faults() - before) / (long)(bytes / (size_t)sysconf(_SC_PAGESIZE));
    check_at_most("filled and resized, whose pages came by faults", blocks, 1);
}

/* All of them are made before the first one is filled. */
static void fill_later(void)
{
    enum { LATE = 20, CYCLES = 12, LEARNT = 4 };
    const size_t bytes = 5 * MIB;
    static char *late[LATE];
    long before = 0;
    for (int cycle = 0; cycle < CYCLES; cycle++) {
        if (cycle == LEARNT)
            before = faults();
        for (int i = 0; i < LATE; i++)
            late[i] = malloc(bytes);
        for (int i = 0; i < LATE; i++)
            memset(late[i], 1, bytes);
        for (int i = LATE; i > 0; i--)
            free(late[i - 1]);
    }
    long blocks = (faults() - before) / (long)(bytes / (size_t)sysconf(_SC_PAGESIZE));
    check_at_most("blocks filled later whose pages came by faults", blocks, LATE);
}

int main(void)
{
    char *kept = filled(KEPT);
    use_sparse(1, 64 * MIB);
    use_sparse(10, 6 * MIB);
    use_sparse(MAX_LARGE - 4, MIB + MIB / 4);
    use_full_by_turns();
    use_full();
    use_next_length();
    use_and_resize();
    fill_later();
    free(kept);
    return !ok;
}
