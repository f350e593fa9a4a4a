#!/bin/bash
# strace.sh BUILD: memory comes from the break by default, in few steps, and the break comes down after a
# peak; with map=1 from a reserved range.
build=$1
. "$(dirname "$0")/lib.sh"
needs strace
trace() { # options program args
    local options=$1
    shift
    HMM_OPTIONS=$options strace -f -e trace=brk,mmap,munmap,madvise -o "$tmp/trace" -E LD_PRELOAD="$build/libhmm.so" "$@" >/dev/null 2>&1
}
cat >"$tmp/peak.c" <<'C'
#include <stdlib.h>
#include <string.h>
#include <malloc.h>
int main(void)
{
    static char *p[60000];
    for (int i = 0; i < 60000; i++)
        p[i] = memset(malloc(1000), 1, 1000);
    for (int i = 0; i < 60000; i++)
        free(p[i]);
    malloc_trim(0);
    return 0;
}
C
cc -O1 -fno-builtin -o "$tmp/peak" "$tmp/peak.c"
trace "" "$tmp/peak"
sed -n 's/^.*brk(0x[0-9a-f]*) *= \(0x[0-9a-f]*\)$/\1/p' "$tmp/trace" >"$tmp/breaks"
first=$(($(sed -n 's/^.*brk(NULL) *= //p' "$tmp/trace" | tail -n +2 | head -n 1)))
highest=$(while read -r b; do echo $((b)); done <"$tmp/breaks" | sort -n | tail -n 1)
last=$(($(tail -n 1 "$tmp/breaks")))
echo "break: $(wc -l <"$tmp/breaks") moves, $(((highest - first) >> 20)) MiB up, $(((last - first) >> 20)) MiB at the end"
check "60 MB came from the break" [ $((highest - first)) -ge 60000000 ]
check "in at most 80 moves" [ "$(wc -l <"$tmp/breaks")" -le 80 ]
check "and went back" [ $((last - first)) -le $((2 << 20)) ]
check "no anonymous mapping for it" bash -c "! awk '/mmap\(NULL, [0-9]+, PROT_READ\|PROT_WRITE, MAP_PRIVATE\|MAP_ANONYMOUS, -1/ {split(\$0, a, /[ ,]+/); for (i in a) if (a[i] + 0 > 4000000) exit 1}' '$tmp/trace' || false; [ \$(grep -c 'MAP_ANONYMOUS, -1' '$tmp/trace') -le 12 ]"
trace "map=1" "$tmp/peak"
check "map=1: the break stays" bash -c "! grep -q 'brk(0x' '$tmp/trace'"
finish
