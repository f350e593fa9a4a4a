/* life_limits.c - RLIMIT_AS and RLIMIT_DATA: NULL and ENOMEM at the end of memory, everything held
 * stays intact, and the heap works on when memory is back. The program starts itself anew under
 * each limit, so that the first call is under it too.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX = 200000 };

static int use_all(size_t bytes)
{
    static char *blocks[MAX];
    for (int round = 0; round < 3; round++) {
        int n = 0;
        errno = 0;
        while (n < MAX && (blocks[n] = malloc(bytes)) != NULL) {
            memset(blocks[n], n, bytes);
            n++;
        }
        if (n == MAX || errno != ENOMEM)
            return 10;
        if (malloc(100 << 20) != NULL || errno != ENOMEM)
            return 11;
        for (int i = 0; i < n; i++)
            if (blocks[i][bytes - 1] != (char)i)
                return 12;
        if ((size_t)n * bytes < 8 << 20)
            return printf("only %zu bytes in round %d\n", (size_t)n * bytes, round), 13;
        for (int i = 0; i < n; i++)
            free(blocks[i]);
    }
    void *after = malloc(1 << 20);
    if (after == NULL)
        return 14;
    free(after);
    return 0;
}

static int tiny(void)
{
    errno = 0;
    void *block = malloc(8 << 20);
    return block == NULL && errno == ENOMEM ? 0 : 20; /* no abort, no crash */
}

static int start_self(char **argv, int resource, rlim_t limit, char *mode)
{
    pid_t pid = fork();
    if (pid == 0) {
        struct rlimit r = {limit, limit};
        setrlimit(resource, &r);
        char *args[] = {argv[0], mode, NULL};
        execv("/proc/self/exe", args);
        _exit(99);
    }
    int status = -1;
    waitpid(pid, &status, 0);
    if (status != 0)
        printf("limit %d of %lu KiB, %s: status 0x%x\n", resource, (unsigned long)limit / 1024,
               mode, status);
    return status;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "small") == 0)
        return use_all(500);
    if (argc > 1 && strcmp(argv[1], "large") == 0)
        return use_all(100000);
    if (argc > 1)
        return tiny();
    int failed = 0;
    failed |= start_self(argv, RLIMIT_AS, 64 << 20, "small");
    failed |= start_self(argv, RLIMIT_AS, 64 << 20, "large");
    failed |= start_self(argv, RLIMIT_DATA, 40 << 20, "small");
    failed |= start_self(argv, RLIMIT_DATA, 40 << 20, "large");
    failed |= start_self(argv, RLIMIT_DATA, 3 << 20, "tiny");
    failed |= start_self(argv, RLIMIT_AS, 8 << 20, "tiny");
    puts(failed ? "failed" : "ok");
    return failed != 0;
}
