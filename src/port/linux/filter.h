/* filter.h - linux: system calls that a heap can do without. Private to this folder.
 *
 * brk, mmap and munmap are indispensable. Every other call is tried, and given up when it is
 * refused as one that is not there. A filter (seccomp) may also end the process for a call: under a
 * filter none of them is made.
 *
 * Layer   port.
 */
#ifndef HMM_PORT_LINUX_FILTER_H
#define HMM_PORT_LINUX_FILTER_H

#include "base/base.h"

enum optional {
    OPTIONAL_PURGE,
    OPTIONAL_PURGE_RANGES,
    OPTIONAL_MOVE,
    OPTIONAL_HUGE,
    OPTIONAL_COLLAPSE,
    OPTIONAL_POPULATE,
    OPTIONAL_NO_HUGE,
    OPTIONAL_RESIDENT,
    OPTIONAL_SEAL,
    OPTIONAL_CPU,
    OPTIONAL_LOOK, /* clock_gettime and others: to learn what another call has done */
};

/* May it be tried, and has not been refused before? */
bool optional_allowed(enum optional what);

/* The call's result; -ENOSYS if it is not made. */
long optional_call(enum optional what, long n, long a, long b, long c, long d, long e);

#endif
