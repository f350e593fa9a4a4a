/* end.c - bare: a message, and the end. The board supplies hmm_board_fatal, which must not return.
 *
 * Layer   port, lowest.
 */
#include "port/port.h"

#include "port/board.h"

#include <string.h>

static char fatal_text[256];
static size_t fatal_bytes;

void hmm_port_write(int fd, const char *bytes, size_t n_bytes)
{
    (void)fd;
    fatal_bytes = hmm_min(n_bytes, sizeof fatal_text);
    memcpy(fatal_text, bytes, fatal_bytes);
}

_Noreturn void hmm_port_abort(void)
{
    hmm_board_fatal(fatal_text, fatal_bytes);
}
