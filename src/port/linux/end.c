/* end.c - linux: a message, and the end of the process.
 *
 * Layer   port, lowest.
 */
#include "port/port.h"

#include "port/board.h"
#include "syscall.h"

#include <errno.h>
#include <stdlib.h>

_Atomic(size_t) hmm_port_n_calls;

void hmm_port_write(int fd, const char *bytes, size_t n_bytes)
{
    while (n_bytes > 0) {
        long n = kernel_call(SYS_write, fd, (long)bytes, (long)n_bytes, 0, 0, 0);
        if (n == -EINTR)
            continue;
        if (n <= 0)
            return;
        bytes += n;
        n_bytes -= (size_t)n;
    }
}

_Noreturn void hmm_port_abort(void)
{
    abort();
}

_Noreturn void hmm_board_fatal(const char *line, size_t n_chars)
{
    hmm_port_write(2, line, n_chars);
    hmm_port_abort();
}
