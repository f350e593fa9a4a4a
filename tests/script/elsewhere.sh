#!/bin/bash
# elsewhere.sh BUILD: the tests of HmmHeap on other machines: i386 and arm64, emulated; and as on a processor that can't find a bit.
. "$(dirname "$0")/lib.sh"
cd "$(dirname "$0")/../.." || exit 2
sources="tests/buffer/buffer_tests.c tests/buffer/promise_tests.c tests/buffer/host.c src/blocks/*.c src/api/buffer.c src/base/fmt.c"
ran=0
on() { # NAME, COMPILER, EMULATOR, OPTIONS
    command -v "$2" >/dev/null && command -v "$3" >/dev/null || { echo "$1: no $2 or $3 here"; return; }
    ran=1
    "$2" -O2 -static ${4-} -D_GNU_SOURCE -Wall -Wextra -Wshadow -Wconversion -Werror -Isrc -Iinclude -Itests/buffer $sources "$tmp/end.c" -o "$tmp/tests" &&
        timeout 500 "$3" "$tmp/tests" 300000 >"$tmp/tests.txt" 2>&1
    check "$1" test $? = 0
    grep -E "as blocks|checks, [0-9]+ failed$|passed|FAILED" "$tmp/tests.txt" | tail -4 | sed 's/^/    /'
}
cat >"$tmp/end.c" <<'C'
#include "port/board.h"

#include <stdlib.h>
#include <unistd.h>

_Noreturn void hmm_board_fatal(const char *line, size_t n_chars)
{
    if (write(2, line, n_chars) < 0)
        _exit(1);
    abort();
}
C
on "i386" i686-linux-gnu-gcc qemu-i386
on "i386, plain bits" i686-linux-gnu-gcc qemu-i386 -DHMM_CONFIG_PLAIN_BITS=1
on "arm64" aarch64-linux-gnu-gcc qemu-aarch64
[ $ran = 1 ] || exit 77
finish
