/* life_locked.c - a process that is locked in memory: nothing can be given back, and the heap stays
 * whole. Needs the right to lock memory; without it there is nothing to see. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

const char *HmmCheck(void) __attribute__((weak));

enum { N = 40000, SIZES = 6 };

static char *blocks[N];

int main(void)
{
    static const size_t bytes[SIZES] = {16, 48, 100, 700, 3000, 40};
    if (mlockall(MCL_CURRENT | MCL_FUTURE) != 0) {
        printf("memory can't be locked here\n");
        return 0;
    }
    for (int round = 0; round < 2 * SIZES; round++) {
        for (int i = 0; i < N; i++) {
            blocks[i] = calloc(1, bytes[round % SIZES]);
            if (blocks[i] == NULL || blocks[i][0] != 0)
                return 1;
            memset(blocks[i], 0xa5, bytes[round % SIZES]);
        }
        for (int i = 0; i < N; i++)
            free(blocks[i]);
        usleep(200000); /* so that all of it is due to be given back */
        free(malloc(100000));
    }
    const char *broken = HmmCheck != NULL ? HmmCheck() : "libhmm is not there";
    if (broken != NULL)
        printf("heap check: %s\n", broken);
    return broken != NULL;
}
