/* board.h - the tests' board: EXPECT_FATAL(statement, text) passes if the statement ends fatally
 * with a message that contains the text.
 */
#ifndef HMM_TESTS_BOARD_H
#define HMM_TESTS_BOARD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

extern jmp_buf board_fatal_jump;
extern bool board_fatal_expected;
extern char board_fatal_message[256];

#define EXPECT_FATAL(statement, text)                                                              \
    do {                                                                                           \
        board_fatal_expected = true;                                                               \
        board_fatal_message[0] = '\0';                                                             \
        if (setjmp(board_fatal_jump) == 0) {                                                       \
            statement;                                                                             \
            fail_msg("no fatal end: %s", #statement);                                              \
        }                                                                                          \
        board_fatal_expected = false;                                                              \
        if (strstr(board_fatal_message, text) == NULL)                                             \
            fail_msg("message \"%s\" lacks \"%s\"", board_fatal_message, text);                    \
    } while (0)

#endif
