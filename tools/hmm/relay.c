/* relay.c - wait for a program as if one were the program: what is sent to us reaches it, once.
 *
 * The program stays in our process group, so that job control works as without us. What is sent to
 * the whole group, by the terminal (Ctrl-C, Ctrl-Z, a new window size) or by a shell, reaches the
 * program without us; what is sent to our process id alone does not, and is passed on. A signal
 * does not tell which of the two it was. So there is a witness: a third process in the group, with
 * every signal blocked, that says on demand whether it has got the same one. The kernel goes
 * through a group from its newest member to its oldest: by the time that we get a signal, the
 * witness has it.
 */
#include "tool.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int witness = -1; /* the socket to it; -1: there is none */

/* Only what was sent to the group arrives here. A byte asks for a signal, a byte answers. */
static _Noreturn void be_witness(int socket)
{
    unsigned char number;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (int fd = 0; fd <= 2; fd++)
        if (fd != socket)
            close(fd); /* who reads our output need not wait for this process */
    while (read(socket, &number, 1) == 1) {
        static const struct timespec at_once;
        sigset_t asked;
        sigemptyset(&asked);
        sigaddset(&asked, number);
        unsigned char answer = sigtimedwait(&asked, NULL, &at_once) == number;
        if (write(socket, &answer, 1) != 1)
            break;
    }
    _exit(0);
}

static void start_witness(void)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return;
    pid_t pid = fork();
    if (pid == 0) {
        close(pair[0]);
        be_witness(pair[1]);
    }
    close(pair[1]);
    if (pid > 0)
        witness = pair[0];
    else
        close(pair[0]);
}

/* Has the whole group got this signal? Without a witness: what the kernel sends by itself comes
 * from the terminal, nearly always. */
static bool group_got(const siginfo_t *info)
{
    unsigned char number = (unsigned char)info->si_signo;
    unsigned char answer;
    if (witness >= 0 && send(witness, &number, 1, MSG_NOSIGNAL) == 1 &&
        recv(witness, &answer, 1, 0) == 1)
        return answer != 0;
    return info->si_code == SI_KERNEL;
}

/* To the program, with the value that came with it, if one did. */
static void pass_on(pid_t program, const siginfo_t *info)
{
    if (info->si_code == SI_QUEUE)
        sigqueue(program, info->si_signo, info->si_value);
    else
        kill(program, info->si_signo);
}

/* The program has stopped, as job control wants: stop, too, so that the shell sees it. What lets
 * the group go on lets both go on; of SIGCONT to us alone the program gets one. */
static void stop_like_it(int status)
{
    sigset_t stop;
    int number = WSTOPSIG(status);
    if (number != SIGTSTP && number != SIGTTIN && number != SIGTTOU)
        return; /* SIGSTOP: meant for it alone */
    sigemptyset(&stop);
    sigaddset(&stop, SIGTSTP);
    raise(SIGTSTP);
    sigprocmask(SIG_UNBLOCK, &stop, NULL);
    sigprocmask(SIG_BLOCK, &stop, NULL);
}

/* True: it has ended. */
static bool look_after(pid_t program, int *status, struct rusage *use)
{
    for (;;) {
        pid_t got = wait4(program, status, WNOHANG | WUNTRACED, use);
        if (got < 0 && errno != EINTR)
            tool_fail(TOOL_CANNOT_RUN, "wait: %s", strerror(errno));
        if (got == 0)
            return false;
        if (got == program && !WIFSTOPPED(*status))
            return true;
        if (got == program)
            stop_like_it(*status);
    }
}

pid_t tool_relay_fork(void)
{
    struct sigaction old_child;
    struct sigaction default_child = {.sa_handler = SIG_DFL};
    sigset_t all;
    sigset_t old;
    pid_t parent = getpid();
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &old);             /* from now on sigwaitinfo gets them all */
    sigaction(SIGCHLD, &default_child, &old_child); /* ignored, there would be no status */
    start_witness();
    pid_t program = fork();
    if (program < 0)
        tool_fail(TOOL_CANNOT_RUN, "fork: %s", strerror(errno));
    if (program == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* SIGKILL can't be passed on */
        if (getppid() != parent)
            _exit(TOOL_CANNOT_RUN);
        sigaction(SIGCHLD, &old_child, NULL);
        sigprocmask(SIG_SETMASK, &old, NULL);
    }
    return program;
}

int tool_relay(pid_t program, struct rusage *use)
{
    sigset_t all;
    int status = 0;
    sigfillset(&all);
    while (!look_after(program, &status, use)) {
        siginfo_t info;
        if (sigwaitinfo(&all, &info) < 0 || info.si_signo == SIGCHLD)
            continue;
        bool own = info.si_code <= 0 && info.si_pid == program; /* from the program itself */
        if (!group_got(&info) && !own)
            pass_on(program, &info);
    }
    return status;
}
