/* life_stack.c - a coroutine with a stack of 4 KiB allocates, frees, and has memory given back: no
 * call of the heap needs more of the stack than libc's would leave.
 */
#include "must.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

enum { STACK_BYTES = 4096, NEIGHBOUR_BYTES = 16384, N_BLOCKS = 300, BLOCK_BYTES = 70000 };

static _Alignas(16) unsigned char memory[NEIGHBOUR_BYTES + STACK_BYTES];
static ucontext_t here, coroutine;
static void *blocks[N_BLOCKS];

/* By then the functions are bound: the loader's way to a symbol takes more than the heap does. */
static void work(void)
{
    for (int i = 0; i < N_BLOCKS; i++)
        blocks[i] = malloc(BLOCK_BYTES);
    for (int i = 0; i < N_BLOCKS; i++)
        memset(blocks[i], 1, BLOCK_BYTES);
    for (int i = 0; i < N_BLOCKS; i++)
        blocks[i] = realloc(blocks[i], 20000);
    for (int i = 0; i < N_BLOCKS; i++)
        free(blocks[i]);
    malloc_trim(0);
}

int main(void)
{
    free(realloc(malloc(1), 2));
    memset(memory, 0xa5, sizeof memory);
    MUST(getcontext(&coroutine) == 0);
    coroutine.uc_stack.ss_sp = memory + NEIGHBOUR_BYTES;
    coroutine.uc_stack.ss_size = STACK_BYTES;
    coroutine.uc_link = &here;
    makecontext(&coroutine, work, 0);
    MUST(swapcontext(&here, &coroutine) == 0);
    size_t untouched = 0;
    while (memory[untouched] == 0xa5)
        untouched++;
    printf("%zu bytes of the stack used\n", sizeof memory - untouched);
    MUST(untouched >= NEIGHBOUR_BYTES);
    puts("ok");
    return 0;
}
