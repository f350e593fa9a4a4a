/* life_fork_many.c - a process with many threads, each with an arena, forks. A child that leaves at
 * once copies hardly a page for each; one that goes on gets the memory that the others' arenas
 * have, and may have threads and children of its own.
 *
 *   life_fork_many [THREADS]
 */
#include "rss.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

const char *HmmCheck(void) __attribute__((weak));
size_t HmmTrim(size_t keep) __attribute__((weak));

enum { KEPT = 500, TURNS = 2000, MAX_BYTES = 500, CHILD_BLOCKS = 4000, CHILD_BYTES = 1000 };

static pthread_barrier_t ready;

static void *work(void *unused)
{
    void *blocks[TURNS];
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < TURNS; i++)
            blocks[i] = memset(malloc((size_t)(16 + i % MAX_BYTES)), 1, 16);
        for (int i = round < 2 ? 0 : KEPT; i < TURNS; i++)
            free(blocks[i]);
    }
    pthread_barrier_wait(&ready);
    pause();
    return unused;
}

static void use(void)
{
    static _Thread_local char *blocks[CHILD_BLOCKS];
    for (int i = 0; i < CHILD_BLOCKS; i++)
        blocks[i] = memset(malloc(CHILD_BYTES), 1, CHILD_BYTES);
    for (int i = 0; i < CHILD_BLOCKS; i++)
        free(blocks[i]);
}

static void *use_thread(void *unused)
{
    use();
    return unused;
}

static bool is_whole(const char *when)
{
    const char *wrong = HmmCheck != NULL ? HmmCheck() : "libhmm is not there";
    if (wrong != NULL)
        fprintf(stderr, "%s: %s\n", when, wrong);
    return wrong == NULL;
}

/* Free memory of the parent's threads becomes this process's: the break hardly moves. */
static int go_on(bool again)
{
    alarm(100);
    if (!is_whole("at first"))
        return 1;
    use();
    if (!is_whole("after some use"))
        return 2;
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, use_thread, NULL);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    if (!is_whole("after threads"))
        return 3;
    if (again) { /* some arenas are left to the child's child, too */
        int status = -1;
        pid_t pid = fork();
        if (pid == 0)
            _exit(go_on(false));
        if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
            return 4;
    }
    char *before = sbrk(0);
    HmmTrim(0);
    if (!is_whole("after a trim"))
        return 5;
    return (char *)sbrk(0) < before ? 0 : 6; /* the last slabs were free */
}

int main(int argc, char **argv)
{
    int n = argc > 1 ? atoi(argv[1]) : 300;
    int status = -1, ends[2];
    long took = -1;
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, 256 << 10);
    pthread_barrier_init(&ready, NULL, (unsigned)n + 1);
    for (int i = 0; i < n; i++) {
        pthread_t thread;
        if (pthread_create(&thread, &attr, work, NULL) != 0)
            return 2;
    }
    pthread_barrier_wait(&ready);
    if (pipe(ends) != 0)
        return 2;
    pid_t pid = fork();
    if (pid == 0) {
        took = faults();
        _exit(write(ends[1], &took, sizeof took) == sizeof took ? 0 : 1);
    }
    if (read(ends[0], &took, sizeof took) != sizeof took || waitpid(pid, &status, 0) != pid)
        return 2;
    pid = fork();
    if (pid == 0)
        _exit(go_on(true));
    waitpid(pid, &status, 0);
    printf("%d threads: %ld page faults in the child; status of one that goes on: %d\n", n, took,
           status);
    fflush(stdout);
    _exit(took > n * 3 / 2 + 200 || status != 0);
}
