/* life_fork.c - 10,000 forks from a process with 8 allocating threads, and others that come and go;
 * every child allocates, frees what the parent's threads had allocated, and exits within a second;
 * one in five checks the whole heap before and after.
 *
 *   life_fork [FORKS]
 */
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

const char *HmmCheck(void) __attribute__((weak));

enum { THREADS = 8, KEPT = 200 };

static atomic_bool stop;
static void *kept[THREADS][KEPT];
static atomic_int prepared;

/* More than a magazine holds, so that full ones are set aside and loaded again. */
static void bulk(size_t bytes)
{
    static _Thread_local void *blocks[1000];
    for (int i = 0; i < 1000; i++)
        blocks[i] = malloc(bytes);
    for (int i = 0; i < 1000; i++)
        free(blocks[i]);
}

static void *short_lived(void *arg)
{
    bulk((size_t)arg);
    return NULL;
}

/* Arenas are made, given up and taken over while the process forks. */
static void *churn(void *unused)
{
    for (size_t n = 0; !atomic_load(&stop); n++) {
        pthread_t threads[3];
        for (size_t i = 0; i < 3; i++)
            pthread_create(&threads[i], NULL, short_lived, (void *)(n % 10 * 16 + i + 1));
        for (int i = 0; i < 3; i++)
            pthread_join(threads[i], NULL);
        usleep(200);
    }
    return unused;
}

static void *worker(void *arg)
{
    size_t id = (size_t)arg;
    unsigned rng = (unsigned)id * 7919 + 1;
    for (int i = 0; i < KEPT; i++)
        kept[id][i] = malloc(50 + id);
    atomic_fetch_add(&prepared, 1);
    while (!atomic_load(&stop)) {
        void *blocks[64];
        for (int i = 0; i < 64; i++) {
            rng = rng * 1103515245 + 12345;
            blocks[i] = malloc(rng % 100 == 0 ? rng % 200000 : rng % 700);
        }
        for (int i = 0; i < 64; i++)
            free(blocks[i]);
        if (rng % 64 == 1)
            bulk(40);
        if (rng % 8 == 0)
            usleep(50); /* leave the two processors some time for the children */
    }
    return NULL;
}

/* Other handlers allocate too, before and after ours. */
static void allocate_in_handler(void)
{
    free(malloc(100));
    free(malloc(100000));
}

static int check(int status)
{
    const char *wrong = HmmCheck == NULL ? "libhmm is not there" : HmmCheck();
    if (wrong != NULL)
        fprintf(stderr, "in the child: %s\n", wrong);
    return wrong == NULL ? 0 : status;
}

static int child(int n)
{
    alarm(20);
    if (n % 5 == 0 && check(2) != 0)
        return 2;
    for (int t = 0; t < THREADS; t++) /* another thread's blocks, half of them */
        for (int i = n % 2; i < KEPT; i += 2)
            free(kept[t][i]);
    for (int round = 0; round < 3; round++) {
        void *blocks[300];
        for (int i = 0; i < 300; i++)
            blocks[i] = memset(malloc((size_t)i * 17 + 1), i, (size_t)i * 17 + 1);
        for (int i = 0; i < 300; i++) {
            if (((unsigned char *)blocks[i])[i * 17] != (unsigned char)i)
                return 1;
            free(blocks[i]);
        }
    }
    char *large = malloc(1 << 20);
    large[1 << 19] = 1;
    free(large);
    return n % 5 == 0 ? check(3) : 0;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    int forks = argc > 1 ? atoi(argv[1]) : 10000;
    pthread_t threads[THREADS];
    double slowest = 0;
    pthread_atfork(allocate_in_handler, allocate_in_handler, allocate_in_handler);
    for (size_t i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, worker, (void *)i);
    pthread_t churner;
    pthread_create(&churner, NULL, churn, NULL);
    while (atomic_load(&prepared) < THREADS)
        usleep(1000);
    for (int n = 0; n < forks; n++) {
        double start = now();
        pid_t pid = fork();
        if (pid == 0)
            _exit(child(n));
        int status = -1;
        if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
            printf("fork %d: child's status %d\n", n, status);
            return 1;
        }
        slowest = now() - start > slowest ? now() - start : slowest;
    }
    atomic_store(&stop, true);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    pthread_join(churner, NULL);
    if (HmmCheck == NULL || HmmCheck() != NULL) {
        printf("heap check: %s\n", HmmCheck == NULL ? "libhmm is not there" : HmmCheck());
        return 1;
    }
    printf("%d forks with %d threads allocating, slowest child %.3f s\n", forks, THREADS, slowest);
    return 0;
}
