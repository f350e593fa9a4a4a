/* life_shared.c - a processor that others use, too: what the process gives back and takes again is
 * told by the time that it has lived, not by that of the wall.
 *
 * Eight processes that are always busy, and this one, on one processor.
 *   busy    blocks of 5 to 25 MiB, 20 of them, are replaced at random: hardly more page faults than
 *           alone: 10,000 to 40,000. (By the wall's time, 150,000.)
 *   sleepy  a process that sleeps most of the time waits for itself, not for the processor: its
 *           free memory goes back as on any machine.
 */
#include "below.h"
#include "expect.h"
#include "little.h"
#include "rss.h"

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

enum { N_BUSY = 8, N_LARGE = 20, MIN_BYTES = 5 << 20, MORE_BYTES = 20 << 20, ROUNDS = 300 };
enum { MOST_FAULTS = 60000 /* of 1.1 million pages that are filled */ };
enum { N_SMALL = 80000, SMALL_BYTES = 1000, LOOKS = 300 };

static void use_one_processor(void)
{
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    sched_setaffinity(0, sizeof one, &one);
}

static void begin_busy(pid_t busy[N_BUSY])
{
    for (int i = 0; i < N_BUSY; i++) {
        busy[i] = fork();
        if (busy[i] != 0)
            continue;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (volatile unsigned n = 0;; n++) {
        }
    }
}

static void end_busy(const pid_t busy[N_BUSY])
{
    for (int i = 0; i < N_BUSY; i++) {
        kill(busy[i], SIGKILL);
        waitpid(busy[i], NULL, 0);
    }
}

/* Returns the page faults. */
static long replace_large(void)
{
    static char *blocks[N_LARGE];
    long before = faults();
    for (int round = 0; round < ROUNDS; round++) {
        size_t i = below(N_LARGE);
        size_t bytes = MIN_BYTES + below(MORE_BYTES);
        free(blocks[i]);
        blocks[i] = malloc(bytes);
        memset(blocks[i], 1, bytes);
    }
    return faults() - before;
}

/* Half of it stays live: the other one goes by its age. Returns KiB in memory three seconds later.
 */
static long free_half(void)
{
    static char *blocks[N_SMALL];
    long before_kib = rss_kib();
    for (size_t i = 0; i < N_SMALL; i++)
        blocks[i] = memset(malloc(SMALL_BYTES), 1, SMALL_BYTES);
    for (size_t i = N_SMALL / 2; i < N_SMALL; i++)
        free(blocks[i]);
    for (int look = 0; look < LOOKS; look++)
        do_little();
    return rss_kib() - before_kib;
}

int main(void)
{
    pid_t busy[N_BUSY];
    use_one_processor();
    begin_busy(busy);
    long left_kib = free_half();
    (void)replace_large(); /* the first of its blocks */
    long beside = replace_large();
    end_busy(busy);
    long alone = replace_large();
    expect(alone > 0, "page faults, alone", alone);
    expect(beside < MOST_FAULTS, "beside busy processes", beside);
    expect(left_kib < 50000, "KiB of 80,000 with half of it freed, three seconds later", left_kib);
    return failures;
}
