/* board.h - the end, as the machine knows it: all that a heap over a buffer asks of one.
 *
 * Layer   port. linux/ writes the line on standard error and aborts; of port/bare, and of firmware,
 * whoever builds the program supplies it.
 */
#ifndef HMM_PORT_BOARD_H
#define HMM_PORT_BOARD_H

#include "base/base.h"

/* line[0..n_chars): what has happened, with its newline. Must not return. */
_Noreturn void hmm_board_fatal(const char *line, size_t n_chars);

#endif
