/* main.c - firmware with a heap of its own: packets come and go in 4 KiB, without libc and without
 * an operating system. On misuse the board says why and stops.
 *
 * The board supplies say() and board_exit(); make hmm_embedded.c and .h with tools/amalgamate.sh.
 */
#include "board.h"
#include "hmm_embedded.h"

#include <stdint.h>

static char buffer[4096];

_Noreturn void hmm_board_fatal(const char *line, size_t n_chars)
{
    char text[256];
    size_t n = 0;
    for (; n < n_chars && n < sizeof text - 1; n++)
        text[n] = line[n];
    text[n] = '\0';
    say(text);
    board_exit(0);
}

static void print(void *context, const char *text, size_t n_chars)
{
    char line[120];
    size_t n = 0;
    (void)context;
    for (; n < n_chars && n < sizeof line - 1; n++)
        line[n] = text[n];
    line[n] = '\0';
    say(line);
}

int main(void)
{
    HmmHeap *heap = HmmHeapCreate(buffer, sizeof buffer, NULL);
    void *packets[8] = {NULL};
    for (unsigned i = 0; i < 100; i++) {
        unsigned at = i * 5 % 8;
        HmmHeapFree(heap, packets[at]);
        packets[at] = HmmHeapAlloc(heap, 20 + i * 37 % 400);
    }
    for (unsigned i = 0; i < 8; i += 2) {
        HmmHeapFree(heap, packets[i]);
        packets[i] = NULL;
    }
    HmmHeapPrintFreeList(heap, print, NULL);
    void *stale = packets[1];
    HmmHeapFree(heap, stale);
    HmmHeapFree(heap, stale); /* told by hmm_board_fatal, which ends this */
    return 1;
}
