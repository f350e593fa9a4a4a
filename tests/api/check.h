/* check.h - CHECK for the API's tests: counts, tells the line, ends with the plain closing line.
 */
#ifndef HMM_TESTS_CHECK_H
#define HMM_TESTS_CHECK_H

#include <stdio.h>

static int n_passed;
static int n_failed;

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (condition) {                                                                           \
            n_passed++;                                                                            \
        } else {                                                                                   \
            n_failed++;                                                                            \
            printf("%s:%d: failed: %s\n", __FILE__, __LINE__, #condition);                         \
        }                                                                                          \
    } while (0)

static int check_end(void)
{
    printf("%d checks passed, %d failed\n", n_passed, n_failed);
    return n_failed != 0;
}

#endif
