#!/bin/sh
# amalgamate.sh DIR: heaps over a buffer as two files, DIR/hmm_embedded.h and DIR/hmm_embedded.c, for firmware: made of
# the same sources, nothing added but the constants they use.
set -eu
unset CDPATH
mkdir -p -- "$1"
to=$(cd -- "$1" && pwd)
cd "$(dirname "$0")/.."
# of the bottom: what needs no more than memcpy, and how the board ends; then all of blocks/, in its order
modules="base/base base/bits base/bytes base/fmt port/board $(tools/layers.sh | grep '^blocks/')"
files() { # EXTENSION: of those modules that have one
    for module in $modules; do
        [ ! -e "src/$module.$1" ] || echo "$module.$1"
    done
}

licence() { # the end of a comment
    echo " *"
    sed -e 's/^/ * /' -e 's/ *$//' LICENSE
    echo " */"
}
{
    echo "/* hmm_embedded.h - made by tools/amalgamate.sh of libhmm: do not edit. Compile hmm_embedded.c with it, and supply"
    echo " *     _Noreturn void hmm_board_fatal(const char *line, size_t n_chars);"
    echo " * which gets the message when a pointer is misused and there is no on_error."
    licence
    cat include/hmm_heap.h
} >"$to/hmm_embedded.h"

constant() { # NAME: its value in tunables.def
    sed -n "s/^HMM_FIXED($1, \([0-9]*\),.*/\1/p" src/base/tunables.def
}
{
    echo "/* hmm_embedded.c - made by tools/amalgamate.sh of libhmm: do not edit."
    licence
    echo '#include "hmm_embedded.h"'
    echo
    echo "enum {"
    echo "    HMM_GRANULE_SHIFT = $(constant GRANULE_SHIFT),"
    echo "    HMM_GRANULE_BYTES = 1 << HMM_GRANULE_SHIFT,"
    for name in $(sed -n 's/^HMM_FIXED(\(BLOCKS_[A-Z_]*\),.*/\1/p' src/base/tunables.def); do
        echo "    HMM_$name = $(constant "$name"),"
    done
    echo "};"
    for file in $(files h) $(files c) api/buffer.c; do
        echo
        echo "/* ======== src/$file ======== */"
        # what other files of the library call is this one's own: the compiler inlines what has one caller
        sed -E -e '/^#include "/d' -e 's/^((HMM_COLD )?(void \*|void |bool |size_t |const char \*)hmm_[a-z_]+\()/static \1/' "src/$file"
    done
} >"$to/hmm_embedded.c"
