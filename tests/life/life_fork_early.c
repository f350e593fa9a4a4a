/* life_fork_early.c - fork handlers registered before libhmm's constructor ran: they allocate, and
 * take a lock that another thread holds while it allocates. And more handlers are registered while
 * the process forks, so many that libc allocates for their list.
 *
 *   life_fork_early [FORKS]
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BLOCKS = 300, REGISTERED = 500 };

static pthread_mutex_t program_lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_bool stop;
static atomic_int calls[3];

static void allocate(void)
{
    static _Thread_local void *blocks[BLOCKS];
    for (size_t i = 0; i < BLOCKS; i++)
        blocks[i] = memset(malloc(i * 131 + 1), 1, i * 131 + 1);
    for (size_t i = 0; i < BLOCKS; i++)
        free(blocks[i]);
}

static void prepare(void)
{
    pthread_mutex_lock(&program_lock);
    allocate();
    atomic_fetch_add(&calls[0], 1);
}

static void parent(void)
{
    allocate();
    pthread_mutex_unlock(&program_lock);
    atomic_fetch_add(&calls[1], 1);
}

static void child(void)
{
    alarm(20);
    allocate();
    pthread_mutex_unlock(&program_lock);
    atomic_fetch_add(&calls[2], 1);
}

static void register_early(void)
{
    pthread_atfork(prepare, parent, child);
}

__attribute__((section(".preinit_array"), used)) static void (*const early)(void) = register_early;

static void *work(void *unused)
{
    while (!atomic_load(&stop)) {
        pthread_mutex_lock(&program_lock);
        allocate();
        pthread_mutex_unlock(&program_lock);
        usleep(100);
    }
    return unused;
}

static void *register_more(void *unused)
{
    for (int i = 0; i < REGISTERED && !atomic_load(&stop); i++) {
        pthread_atfork(NULL, NULL, NULL);
        usleep(100);
    }
    return unused;
}

int main(int argc, char **argv)
{
    int forks = argc > 1 ? atoi(argv[1]) : 200;
    pthread_t threads[3];
    alarm(200);
    for (int n = 0; n < forks; n++) {
        if (n == forks / 4) /* the first ones with one thread */
            for (int i = 0; i < 3; i++)
                pthread_create(&threads[i], NULL, i == 2 ? register_more : work, NULL);
        int status = -1;
        pid_t pid = fork();
        if (pid == 0)
            _exit(atomic_load(&calls[0]) == n + 1 && atomic_load(&calls[2]) == 1 ? 0 : 1);
        if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
            printf("fork %d: child's status %d\n", n, status);
            return 1;
        }
    }
    atomic_store(&stop, true);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    printf("%d forks, handlers called %d and %d times in the parent\n", forks,
           atomic_load(&calls[0]), atomic_load(&calls[1]));
    return atomic_load(&calls[0]) != forks || atomic_load(&calls[1]) != forks;
}
