/* board.c - what the bare port asks of a board, for tests: the fatal hook fails the test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/board.h"

jmp_buf board_fatal_jump;
bool board_fatal_expected;
char board_fatal_message[256];

_Noreturn void hmm_board_fatal(const char *bytes, size_t n_bytes)
{
    if (n_bytes >= sizeof board_fatal_message)
        n_bytes = sizeof board_fatal_message - 1;
    memcpy(board_fatal_message, bytes, n_bytes);
    board_fatal_message[n_bytes] = '\0';
    if (board_fatal_expected)
        longjmp(board_fatal_jump, 1);
    fprintf(stderr, "unexpected: %s", board_fatal_message);
    abort();
}
