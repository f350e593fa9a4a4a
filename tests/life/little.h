/* little.h - a program in which little happens: free memory ages meanwhile.
 */
#ifndef HMM_TESTS_LITTLE_H
#define HMM_TESTS_LITTLE_H

#include <stdlib.h>
#include <unistd.h>

/* Some blocks come and go, and 10 ms pass. */
static inline void do_little(void)
{
    void *some[100];
    for (int i = 0; i < 100; i++)
        some[i] = malloc(5000);
    for (int i = 0; i < 100; i++)
        free(some[i]);
    usleep(10000);
}

#endif
