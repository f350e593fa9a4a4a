/* life_clock.c - a clock that stands still, or runs backwards, as another library's (libfaketime)
 * or a virtual machine's may, or that allocates: free memory goes back all the same.
 *
 * libhmm takes the time from this program's clock_gettime.
 */
#include "little.h"
#include "rss.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { N_BLOCKS = 100000, BLOCK_BYTES = 1000, ROUNDS = 300 };

enum mode { FROZEN, BACKWARDS, BACK_ONCE, ALLOCATES };
static enum mode mode;
static long n_looks;

/* As one that reads its time from a file, each time; under a lock. */
static int from_file(struct timespec *now)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&lock);
    void *buffer = malloc((size_t)n_looks % 40000 + 1);
    int result = (int)syscall(SYS_clock_gettime, CLOCK_MONOTONIC, now);
    free(buffer);
    FILE *f = fopen("/proc/self/stat", "r");
    if (f != NULL)
        fclose(f);
    pthread_mutex_unlock(&lock);
    return result;
}

int clock_gettime(clockid_t id, struct timespec *now)
{
    (void)id;
    n_looks++;
    if (mode == ALLOCATES)
        return from_file(now);
    if (mode == BACK_ONCE) {
        int result = (int)syscall(SYS_clock_gettime, CLOCK_MONOTONIC, now);
        now->tv_sec -= n_looks > 5 ? 10000 : 0;
        return result;
    }
    *now = (struct timespec){.tv_sec = 1000000 - (mode == BACKWARDS ? n_looks : 0)};
    return 0;
}

/* Live blocks are few; free memory is 80 MiB, of which a part goes by its age only. */
static int run(void)
{
    static char *blocks[N_BLOCKS];
    long before_kib = rss_kib();
    for (int i = 0; i < N_BLOCKS; i++)
        blocks[i] = memset(malloc(BLOCK_BYTES), 1, BLOCK_BYTES);
    for (int i = 0; i < N_BLOCKS; i += 2) /* as much is live as is free: nothing goes at once */
        free(blocks[i]);
    for (int i = 1; i < N_BLOCKS / 2; i += 2)
        free(blocks[i]);
    long full_kib = rss_kib() - before_kib;
    for (int r = 0; r < ROUNDS; r++) /* three seconds in which little happens */
        do_little();
    long left_kib = rss_kib() - before_kib;
    printf("mode %d: %ld KiB when freed, %ld KiB after three seconds, %ld looks at the clock\n",
           (int)mode, full_kib, left_kib, n_looks);
    return left_kib > 70000; /* a third of what it had is live or beside what is */
}

int main(void)
{
    int failed = 0;
    for (int m = FROZEN; m <= ALLOCATES; m++) {
        int status = -1;
        fflush(stdout);
        pid_t pid = fork();
        if (pid == 0) {
            alarm(60); /* it may wait for itself */
            mode = (enum mode)m;
            int bad = run();
            fflush(stdout);
            _exit(bad);
        }
        if (waitpid(pid, &status, 0) != pid || status != 0)
            failed = 1;
    }
    puts(failed ? "failed" : "ok");
    return failed;
}
