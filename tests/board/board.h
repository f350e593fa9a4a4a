/* board.h - what firmware in these tests may ask of its board.
 */
#ifndef HMM_TESTS_BOARD_BOARD_H
#define HMM_TESTS_BOARD_BOARD_H

void say(const char *text);
_Noreturn void board_exit(int status);

#endif
