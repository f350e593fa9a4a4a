/* expect.h - figures that a program prints and judges, and then goes on. */
#ifndef HMM_TESTS_EXPECT_H
#define HMM_TESTS_EXPECT_H

#include <stdio.h>

static int failures;

static inline void expect(int ok, const char *what, long seen)
{
    printf("%-60s %9ld %s\n", what, seen, ok ? "ok" : "NOT OK");
    failures += !ok;
}

#endif
