/* buffer_tests.h - the tests of HmmHeap: plain C, no libc but memcpy, memset and memmove, so that
 * they run on a host, under sanitizers and emulators, and on a board.
 */
#ifndef HMM_BUFFER_TESTS_H
#define HMM_BUFFER_TESTS_H

#include "blocks/blocks.h"
#include "hmm_heap.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Supplied by whoever runs the tests. */
void say(const char *text);

/* All tests; random ones with so many operations each. Returns the number of failed checks. */
long buffer_tests(long n_operations);

/* Those of promise_tests.c. */
void promise_tests(long n_operations);

/* --- of buffer_tests.c, for both ----------------------------------------------------------------
 */

void check(bool good, const char *what, int line);
#define CHECK(condition) check(condition, #condition, __LINE__)

/* A test with its name and counts. */
void run(const char *name, void (*test)(void));
/* A random number below n. */
uint32_t below(uint32_t n);

/* What on_error, lock and unlock have heard. */
struct heard {
    int n_errors, n_locks, n_unlocks;
    char message[200];
    const void *block;
};
extern struct heard heard;
void hear(void *context, const char *message, const void *block);

extern char arena[65536 + 64];
bool is_whole(HmmHeap *heap);
struct HmmHeapStats stats_of(HmmHeap *heap);
/* The inside of a heap: what it begins with. */
struct hmm_blocks *blocks_of(HmmHeap *heap);

#endif
