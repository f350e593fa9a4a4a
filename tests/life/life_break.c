/* life_break.c - a program that moves the break itself, by sbrk, brk and the bare system call,
 * keeps its memory, and so does the heap; a blocked break does not end the heap.
 */
#include "must.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { N = 3000 };
static char *blocks[N];

static void fill(int seed)
{
    for (int i = 0; i < N; i++) {
        size_t bytes = 100 + (size_t)(i * 37) % 9000;
        blocks[i] = malloc(bytes);
        memset(blocks[i], seed + i, bytes);
    }
}

static void verify_and_free(int seed)
{
    for (int i = 0; i < N; i++) {
        size_t bytes = 100 + (size_t)(i * 37) % 9000;
        for (size_t k = 0; k < bytes; k++)
            if (blocks[i][k] != (char)(seed + i)) {
                printf("block %d has changed\n", i);
                exit(1);
            }
        free(blocks[i]);
    }
}

#define BREAKS 2000

static volatile int stop;

static void *allocate(void *unused)
{
    while (!stop)
        for (int i = 0; i < 300; i++)
            free(memset(malloc(200000 + i * 1000), 1, 100));
    return unused;
}

/* The program's moves and those of the heap's threads never get in each other's way. */
static void beside_threads(void)
{
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        MUST(pthread_create(&threads[i], NULL, allocate, NULL) == 0);
    for (int i = 0; i < BREAKS; i++) {
        char *mine = sbrk(256);
        MUST(mine != (void *)-1);
        memset(mine, i, 256);
    }
    stop = 1;
    for (int i = 0; i < 2; i++)
        MUST(pthread_join(threads[i], NULL) == 0);
}

int main(void)
{
    char *before = sbrk(0); /* nothing has been allocated: all above is the program's */
    MUST(brk(before + 65536) == 0 && brk(before) == 0 && sbrk(0) == before);
    fill(1);
    char *mine = sbrk(100000);
    MUST(mine != (void *)-1);
    memset(mine, 'm', 100000);
    MUST(sbrk(0) == mine + 100000);
    fill(2); /* leaks the first ones: the heap goes on above */
    for (int i = 0; i < 100000; i++)
        MUST(mine[i] == 'm');
    MUST(sbrk(-50000000) == (void *)-1); /* would cut the heap */
    verify_and_free(2);

    char *raw = (char *)syscall(SYS_brk, 0);
    MUST((char *)syscall(SYS_brk, raw + 70000) == raw + 70000); /* behind everybody's back */
    memset(raw, 'r', 70000);
    fill(3);
    char *again = sbrk(4096);
    MUST(again != (void *)-1);
    memset(again, 'a', 4096);
    MUST(sbrk(-4096) == again + 4096 && sbrk(0) == again); /* one's own may be given back */
    verify_and_free(3);
    for (int i = 0; i < 70000; i++)
        MUST(raw[i] == 'r');

    beside_threads();

    /* a mapping in the way of the break */
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *top = (char *)(((uintptr_t)sbrk(0) + page - 1) & ~(page - 1));
    MUST(mmap(top, page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == top);
    char *large = malloc(25 << 20);
    MUST(large != NULL);
    memset(large, 1, 25 << 20);
    fill(4);
    verify_and_free(4);
    MUST(realloc(large, 28 << 20) != NULL);
    puts("ok");
    return 0;
}
