/* life_fork_streams.c - a process forks while its threads use streams: one of them flushes all,
 * others read lines, for which libc allocates with the stream locked, others open and close; and
 * allocate. The child uses streams, checks the heap, allocates, leaves or executes a program.
 *
 *   life_fork_streams [FORKS [THREADS]]    100000 8 for a soak
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

const char *HmmCheck(void) __attribute__((weak));

enum { MAX_THREADS = 64, BLOCKS = 100, LINE = 20000 };

static atomic_bool stop;
static atomic_int n_left;
static atomic_int n_failed;
static char *line_of_many;

static void *flush_all(void *unused)
{
    while (!atomic_load(&stop)) {
        fflush(NULL);
        usleep(20);
    }
    return unused;
}

static void *read_lines(void *unused)
{
    FILE *f = fmemopen(line_of_many, LINE, "r");
    while (!atomic_load(&stop)) {
        char *line = NULL;
        size_t n = 0;
        rewind(f);
        if (getline(&line, &n, f) != LINE)
            atomic_fetch_add(&n_failed, 1);
        free(line);
    }
    fclose(f);
    return unused;
}

static bool allocate(unsigned seed)
{
    static _Thread_local unsigned char *blocks[BLOCKS];
    for (unsigned i = 0; i < BLOCKS; i++) {
        size_t bytes = (seed * 7919 + i * 104729) % (i % 16 == 0 ? 200000 : 3000) + 1;
        free(blocks[i]);
        blocks[i] = malloc(bytes);
        blocks[i][0] = (unsigned char)i;
        blocks[i][bytes - 1] = (unsigned char)i;
    }
    for (unsigned i = 0; i < BLOCKS; i++)
        if (blocks[i][0] != (unsigned char)i)
            return false;
    return true;
}

static void child(unsigned n)
{
    alarm(60);
    const char *wrong = n % 8 == 0 && HmmCheck != NULL ? HmmCheck() : NULL;
    FILE *f = fopen("/dev/null", "w");
    if (f == NULL || fprintf(f, "%u\n", n) < 0 || fclose(f) != 0 || !allocate(n))
        _exit(1);
    if (wrong == NULL && n % 8 == 0 && HmmCheck != NULL)
        wrong = HmmCheck();
    if (wrong != NULL) {
        (void)write(2, wrong, strlen(wrong));
        _exit(2);
    }
    if (n % 16 == 1)
        execl("/bin/true", "true", (char *)NULL);
    _exit(0);
}

static void *fork_often(void *unused)
{
    int n;
    while ((n = atomic_fetch_sub(&n_left, 1)) > 0 && atomic_load(&n_failed) == 0) {
        int status = -1;
        if (!allocate((unsigned)n))
            atomic_fetch_add(&n_failed, 1);
        pid_t pid = fork();
        if (pid == 0)
            child((unsigned)n);
        if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
            printf("%d forks to go: child's status %d\n", n, status);
            atomic_fetch_add(&n_failed, 1);
        }
    }
    return unused;
}

int main(int argc, char **argv)
{
    int forks = argc > 1 ? atoi(argv[1]) : 500;
    int n_threads = argc > 2 ? atoi(argv[2]) : 8;
    pthread_t forking[MAX_THREADS], others[4];
    if (n_threads > MAX_THREADS)
        return 2;
    alarm(forks < 5000 ? 250 : 0);
    line_of_many = memset(malloc(LINE), 'x', LINE);
    atomic_store(&n_left, forks);
    for (int i = 0; i < 4; i++)
        pthread_create(&others[i], NULL, i == 0 ? flush_all : read_lines, NULL);
    for (int i = 0; i < n_threads; i++)
        pthread_create(&forking[i], NULL, fork_often, NULL);
    for (int i = 0; i < n_threads; i++)
        pthread_join(forking[i], NULL);
    atomic_store(&stop, true);
    for (int i = 0; i < 4; i++)
        pthread_join(others[i], NULL);
    const char *wrong = HmmCheck != NULL ? HmmCheck() : NULL;
    printf("%d forks by %d threads, %d failed%s%s\n", forks, n_threads, atomic_load(&n_failed),
           wrong != NULL ? ": " : "", wrong != NULL ? wrong : "");
    return atomic_load(&n_failed) != 0 || wrong != NULL;
}
