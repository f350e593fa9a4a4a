/* rss.h - what the process has in memory now.
 */
#ifndef HMM_TESTS_RSS_H
#define HMM_TESTS_RSS_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline long rss_kib(void)
{
    long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f == NULL || fscanf(f, "%*d %ld", &pages) != 1)
        exit(1);
    fclose(f);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

#endif
