/* tests.c - the tests of HmmHeap, on a board. */
#include "board.h"
#include "buffer_tests.h"

#include <stddef.h>

_Noreturn void hmm_board_fatal(const char *line, size_t n_chars)
{
    (void)n_chars;
    say(line);
    board_exit(2);
}

int main(void)
{
    return buffer_tests(BOARD_OPERATIONS) == 0 ? 0 : 1;
}
