/* board.h - end the program: all that a heap over a buffer asks of the machine.
 *
 * Layer   port. linux/ writes the line to standard error and aborts. For port/bare and for
 * firmware, the program supplies this function.
 */
#ifndef HMM_PORT_BOARD_H
#define HMM_PORT_BOARD_H

#include "base/base.h"

/* line[0..n_chars): what has happened, with its newline. Must not return. */
_Noreturn void hmm_board_fatal(const char *line, size_t n_chars);

#endif
