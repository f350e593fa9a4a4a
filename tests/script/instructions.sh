#!/bin/bash
# instructions.sh BUILD: instructions of a checked malloc + free pair, counted by callgrind as the difference of
# N and 2N pairs inside malloc and free. Deterministic: the same on every machine of one architecture.
build=$1
budget=45
. "$(dirname "$0")/lib.sh"
[ "$(uname -m)" = x86_64 ] || { echo "counted on x86_64 only"; echo "1 passed, 0 failed"; exit 0; }
cat >"$tmp/pair.c" <<'C'
#include <stdlib.h>
int main(int argc, char **argv)
{
    long n = atol(argv[1]);
    for (long i = 0; i < 300; i++)
        free(malloc(64)); /* past the light phase */
    for (long i = 0; i < n; i++) {
        char *volatile p = malloc(64);
        free(p);
    }
    return argc == 0;
}
C
cc -O2 -fno-builtin -o "$tmp/pair" "$tmp/pair.c"
count() {
    LD_PRELOAD=$build/libhmm.so valgrind --tool=callgrind --soname-synonyms=somalloc=nouserintercepts \
        --callgrind-out-file="$tmp/cg.$1" "$tmp/pair" "$1" >/dev/null 2>&1
    callgrind_annotate "$tmp/cg.$1" 2>/dev/null |
        awk '/:(malloc|free)($| )/ || / (malloc|free) \[/ {gsub(",", "", $1); s += $1} END {print s + 0}'
}
a=$(count 10000)
b=$(count 20000)
per_pair=$(((b - a) / 10000))
echo "a checked malloc + free pair: $per_pair instructions (budget $budget)"
check "counted something" [ $per_pair -gt 20 ]
check "within the budget" [ $per_pair -le $budget ]
mkdir -p "$build/Testing/Temporary"
echo "instructions of a checked malloc + free pair: $per_pair (budget $budget)" >"$build/Testing/Temporary/figures-instructions.txt"
finish
