#!/bin/bash
# lto.sh BUILD: libhmm.a built for link-time optimisation. A program that is linked so has the hits
# inlined; malloc comes from libhmm, when the linker is told to look for it.
source=$(cd "$(dirname "$0")/../.." && pwd)
. "$(dirname "$0")/lib.sh"
needs valgrind
if ! cc --version | head -n 1 | grep -qiE 'gcc|cc \('; then
    echo "skipped: for gcc only"
    exit 77
fi
cat >"$tmp/pairs.c" <<'C'
#include "hmm.h"
#include <stdlib.h>
#ifdef WITH_MALLOC
#define HmmAlloc malloc
#define HmmFree free
#endif
int main(int argc, char **argv)
{
    void *volatile block;
    for (long n = atol(argv[1]); n > 0; n--) {
        block = HmmAlloc(64);
        HmmFree(block);
    }
    return argc == 0;
}
C
cmake -S "$source" -B "$tmp/lto" -DHMM_LTO=ON -DCMAKE_C_COMPILER=cc >"$tmp/log" 2>&1 &&
    cmake --build "$tmp/lto" --target hmm_static -j2 >>"$tmp/log" 2>&1
check "the archive is built" [ -f "$tmp/lto/libhmm.a" ] || cat "$tmp/log"
build_as() { # NAME FLAGS...
    local name=$1
    shift
    cc -O2 -I"$source/include" -o "$tmp/$name" "$tmp/pairs.c" "$@" "$tmp/lto/libhmm.a" -pthread 2>>"$tmp/log"
}
count() {
    valgrind --tool=callgrind --soname-synonyms=somalloc=nouserintercepts --callgrind-out-file=/dev/null \
        "$tmp/$1" "$2" 2>&1 | sed -n 's/.*Collected : //p'
}
per_pair() {
    echo $((($(count "$1" 20000) - $(count "$1" 10000)) / 10000))
}
check "a program is linked as usual" build_as plain
check "a program is linked with -flto" build_as inlined -flto
check "a program that calls malloc is linked with -flto" build_as malloc -flto -DWITH_MALLOC -Wl,-u,malloc
plain=$(per_pair plain)
inlined=$(per_pair inlined)
echo "a pair and the loop around it: $plain instructions, with -flto $inlined"
check "the hits are inlined" [ "${inlined:-99}" -lt $((plain - 5)) ]
check "malloc is libhmm's" [ "$(per_pair malloc)" -le "$plain" ]
check "malloc is in the program" grep -q ' [TW] malloc$' <(nm "$tmp/malloc")
finish
