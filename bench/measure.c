/* measure.c - bench_measure RESULT LIBRARY|- COMMAND...: run one command with a heap preloaded,
 * write what it took to RESULT: seconds elapsed, seconds of CPU, peak RSS in KiB, minor faults.
 *
 * A small program of its own, because a child's peak RSS counts what its parent had before exec.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

int main(int argc, char **argv)
{
    if (argc < 4)
        return 2;
    double start = now();
    pid_t pid = fork();
    if (pid == 0) {
        if (strcmp(argv[2], "-") != 0)
            setenv("LD_PRELOAD", argv[2], 1);
        execvp(argv[3], argv + 3);
        _exit(127);
    }
    int status;
    struct rusage use;
    if (pid < 0 || wait4(pid, &status, 0, &use) != pid)
        return 1;
    double elapsed = now() - start;
    FILE *f = fopen(argv[1], "w");
    if (f == NULL)
        return 1;
    fprintf(f, "%.6f %.6f %ld %ld\n", elapsed, seconds(use.ru_utime) + seconds(use.ru_stime),
            use.ru_maxrss, use.ru_minflt);
    fclose(f);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
