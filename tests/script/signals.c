/* signals.c FILE: count the signals that arrive; when FILE is there, write them into it: "2:1
 * 15:1".
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t counts[65];

static void count(int number)
{
    counts[number]++;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < 65; i++)
        if (i != SIGTSTP && i != SIGCHLD && i != SIGSEGV && i != SIGBUS)
            signal(i, count);
    if (argc > 2 && strcmp(argv[2], "parent") == 0)
        kill(getppid(), SIGUSR1);
    printf("ready %d\n", (int)getpid());
    fflush(stdout);
    while (access(argv[1], F_OK) != 0)
        usleep(10000);
    FILE *out = fopen(argv[1], "w");
    for (int i = 1; i < 65; i++)
        if (counts[i] != 0)
            fprintf(out, "%d:%d ", i, (int)counts[i]);
    fclose(out);
    return 5;
}
