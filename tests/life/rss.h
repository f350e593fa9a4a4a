/* rss.h - what the process has in memory now, and the page faults that it has had.
 */
#ifndef HMM_TESTS_RSS_H
#define HMM_TESTS_RSS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
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

/* KiB of a line of /proc/self/status. */
static inline long status_kib(const char *key)
{
    char line[200];
    long n = -1;
    FILE *f = fopen("/proc/self/status", "r");
    while (f != NULL && fgets(line, sizeof line, f) != NULL)
        if (strncmp(line, key, strlen(key)) == 0)
            n = atol(line + strlen(key));
    if (f != NULL)
        fclose(f);
    return n;
}

static inline long faults(void)
{
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    return use.ru_minflt;
}

#endif
