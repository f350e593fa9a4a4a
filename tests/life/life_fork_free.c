/* life_fork_free.c - a child frees everything that it has inherited: hardly a page of it is copied,
 * for frees write into records, not into the blocks.
 *
 *   life_fork_free [MiB [PERCENT]]     0 MiB: nothing is said to be too much
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* KiB that belong to this process alone and were written to, of all its mappings. */
static long dirty_kib(void)
{
    char line[200];
    long kib = 0, n;
    FILE *f = fopen("/proc/self/smaps", "r");
    static char buffer[1 << 16];
    setvbuf(f, buffer, _IOFBF, sizeof buffer);
    while (fgets(line, sizeof line, f) != NULL)
        if (sscanf(line, "Private_Dirty: %ld kB", &n) == 1)
            kib += n;
    fclose(f);
    return kib;
}

static int child(void **blocks, size_t n)
{
    alarm(120);
    long before = dirty_kib();
    for (size_t i = 0; i < n; i++)
        free(blocks[i]);
    char text[40];
    int length = snprintf(text, sizeof text, "%ld", dirty_kib() - before);
    return write(3, text, (size_t)length) == length ? 0 : 1;
}

/* Per mille of the blocks' bytes that the child has copied; < 0: it failed. */
static long freed_in_child(size_t mib, size_t bytes)
{
    size_t n = (mib << 20) / bytes;
    void **blocks = malloc(n * sizeof *blocks);
    for (size_t i = 0; i < n; i++)
        blocks[i] = memset(malloc(bytes), 1, bytes);
    int ends[2], status = -1;
    char text[40] = {0};
    if (pipe(ends) != 0)
        return -1;
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[1], 3);
        _exit(child(blocks, n));
    }
    close(ends[1]);
    waitpid(pid, &status, 0);
    long kib = read(ends[0], text, sizeof text - 1) > 0 ? atol(text) : 0;
    close(ends[0]);
    for (size_t i = 0; i < n; i++)
        free(blocks[i]);
    free(blocks);
    if (kib < 0) /* a huge page counts as the child's own, or as shared, as a whole */
        kib = 0;
    return status != 0 ? -1 : kib * 1000 / (long)(mib << 10);
}

int main(int argc, char **argv)
{
    size_t mib = argc > 1 ? strtoul(argv[1], NULL, 0) : 64;
    long percent = argc > 2 ? atol(argv[2]) : 3;
    const size_t sizes[] = {64, 100, 300, 1000, 5000, 40000, 300000};
    int failed = 0;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        long per_mille = freed_in_child(mib, sizes[i]);
        printf("blocks of %zu bytes: %ld.%ld %% copied\n", sizes[i], per_mille / 10,
               per_mille % 10);
        failed += per_mille < 0 || per_mille > percent * 10;
    }
    return failed != 0;
}
