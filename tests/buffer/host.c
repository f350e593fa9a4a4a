/* host.c - the tests of HmmHeap on a host: arguments [OPERATIONS]. */
#include "buffer_tests.h"

#include "hmm_heap.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

void say(const char *text)
{
    fputs(text, stdout);
}

static size_t resident_pages(void *at, size_t bytes)
{
    size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE), n_pages = bytes / page_bytes, n = 0;
    unsigned char *is_resident = malloc(n_pages);
    if (is_resident == NULL || mincore(at, bytes, is_resident) != 0)
        return 0;
    for (size_t i = 0; i < n_pages; i++)
        n += is_resident[i] & 1;
    free(is_resident);
    return n;
}

/* Of 18 GiB that read as zero, 16 are used, and what isn't in use takes no memory. */
static bool large_buffer(void)
{
    size_t bytes = (size_t)18 << 30;
    struct HmmHeapOptions options = {.is_zero = 1};
    void *buffer = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (buffer == MAP_FAILED) {
        say("18 GiB of address space were not to be had\n");
        return true;
    }
    HmmHeap *heap = HmmHeapCreate(buffer, bytes, &options);
    struct HmmHeapStats stats;
    HmmHeapGetStats(heap, &stats);
    size_t capacity = stats.capacity_bytes, most = (size_t)10 << 30;
    char *a = HmmHeapAlloc(heap, most), *b = HmmHeapAlloc(heap, 100);
    char *c = HmmHeapAlloc(heap, capacity - most - 112);
    bool good = capacity > (size_t)15 << 30 && capacity <= (size_t)16 << 30;
    good = good && a != NULL && b == a + most && c != NULL && HmmHeapAlloc(heap, 1) == NULL;
    HmmHeapFree(heap, a);
    good = good && HmmHeapAlloc(heap, 1) == a && HmmHeapAlloc(heap, most - 16) == a + 16;
    HmmHeapFree(heap, c);
    size_t pages = resident_pages(buffer, bytes);
    munmap(buffer, bytes);
    return good && pages > 0 && pages < 100;
}

/* Without a function of the caller's, misuse ends the program with a line on standard error. */
static bool misuse_aborts(void)
{
    int ends[2];
    char line[256] = "";
    if (pipe(ends) != 0)
        return false;
    pid_t child = fork();
    if (child == 0) {
        static char buffer[1024];
        HmmHeap *heap = HmmHeapCreate(buffer, sizeof buffer, NULL);
        void *first = HmmHeapAlloc(heap, 100);
        dup2(ends[1], 2);
        if (HmmHeapAlloc(heap, 100) != NULL)
            HmmHeapFree(heap, first);
        HmmHeapFree(heap, first);
        _exit(0);
    }
    close(ends[1]);
    ssize_t n_chars = read(ends[0], line, sizeof line - 1);
    int status = 0;
    waitpid(child, &status, 0);
    close(ends[0]);
    return n_chars > 0 && strstr(line, "hmm: HmmHeapFree: double free of 0x") == line &&
           strchr(line, '\n') != NULL && WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    long failed = buffer_tests(argc > 1 ? atol(argv[1]) : 1000000);
    bool large = sizeof(void *) == 4 || large_buffer();
    bool aborts = misuse_aborts();
    printf("large buffer: %s\nmisuse aborts: %s\n", large ? "passed" : "FAILED",
           aborts ? "passed" : "FAILED");
    return failed == 0 && large && aborts ? 0 : 1;
}
