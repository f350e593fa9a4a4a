/* life_fork_handler.c - a signal handler that forks interrupts malloc and free, at any instruction.
 * The process has one thread: it goes on, and so does the child, in the call that was interrupted,
 * and then allocates and frees.
 *
 *   life_fork_handler [FORKS]
 */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

const char *HmmCheck(void) __attribute__((weak));

enum { BLOCKS = 64, CHILD_ROUNDS = 200 };

static volatile sig_atomic_t n_forks, n_failed, in_child;

/* One shot: the next signal comes when the handler has returned and some time has passed, so that
 * the program gets on however slow the machine is. */
static void arm(void)
{
    struct itimerval once = {{0, 0}, {0, 50 + n_forks % 97 * 3}};
    setitimer(ITIMER_REAL, &once, NULL);
}

static void fork_here(int unused)
{
    int status = -1;
    pid_t pid = fork();
    (void)unused;
    if (pid == 0) {
        in_child = 1;
        signal(SIGALRM, SIG_DFL);
        alarm(20);
        return; /* into the interrupted call */
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
        n_failed = status != 0 ? status : -1;
    n_forks++;
    arm();
}

static size_t next_bytes(unsigned *rng)
{
    static const size_t most[4] = {200, 2000, 30000, 300000}; /* small, medium, slab, page run */
    *rng = *rng * 1103515245 + 12345;
    return (*rng >> 8) % most[*rng >> 30] + 1;
}

static void turn(void *blocks[BLOCKS], size_t bytes[BLOCKS], unsigned i, unsigned *rng)
{
    if (blocks[i] != NULL && ((unsigned char *)blocks[i])[bytes[i] - 1] != (unsigned char)bytes[i])
        _exit(2);
    free(blocks[i]);
    bytes[i] = next_bytes(rng);
    blocks[i] = malloc(bytes[i]);
    if (blocks[i] == NULL)
        _exit(3);
    ((unsigned char *)blocks[i])[bytes[i] - 1] = (unsigned char)bytes[i];
}

int main(int argc, char **argv)
{
    int wanted = argc > 1 ? atoi(argv[1]) : 300;
    static void *blocks[BLOCKS];
    static size_t bytes[BLOCKS];
    unsigned rng = 1;
    struct sigaction action = {.sa_handler = fork_here};
    sigaction(SIGALRM, &action, NULL);
    arm();
    for (unsigned i = 0; n_forks < wanted && n_failed == 0 && !in_child; i++)
        turn(blocks, bytes, i % BLOCKS, &rng);
    if (!in_child)
        signal(SIGALRM, SIG_IGN);
    for (unsigned i = 0; in_child && i < CHILD_ROUNDS; i++)
        turn(blocks, bytes, i % BLOCKS, &rng);
    if (HmmCheck != NULL && HmmCheck() != NULL) {
        printf("%s: %s\n", in_child ? "child" : "parent", HmmCheck());
        fflush(stdout);
        _exit(4);
    }
    if (in_child)
        _exit(0);
    printf("%d forks in a handler, status of the last child %d\n", (int)n_forks, (int)n_failed);
    return n_failed != 0;
}
