/* buffer_tests.h - the tests of HmmHeap: plain C, no libc but memcpy, memset and memmove, so that
 * they run on a host, under sanitizers and emulators, and on a board.
 */
#ifndef HMM_BUFFER_TESTS_H
#define HMM_BUFFER_TESTS_H

#include <stddef.h>

/* Supplied by whoever runs the tests. */
void say(const char *text);

/* All tests; random ones with so many operations each. Returns the number of failed checks. */
long buffer_tests(long n_operations);

#endif
