/* use.c - a program of a user's: one block of the process heap, one of a heap over a buffer, and what they hold. */
#include <hmm.h>
#include <hmm_heap.h>
#include <stdio.h>
#include <stdlib.h>

int main(void)
{
    static char buffer[4096];
    HmmHeap *heap = HmmHeapCreate(buffer, sizeof buffer, NULL);
    void *block = malloc(100);
    printf("%zu %zu\n", HmmUsableSize(block), HmmHeapUsableSize(heap, HmmHeapAlloc(heap, 100)));
    free(block);
    return 0;
}
