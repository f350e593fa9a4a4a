#!/bin/bash
# footprint.sh BUILD: anonymous memory of a hello-world, beside libc's heap.
build=$1
limit=40 # the aim: 32; a page or two of libc's vary from run to run
. "$(dirname "$0")/lib.sh"
cat >"$tmp/hello.c" <<'C'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int main(void)
{
    char line[256];
    puts("hello, world");
    FILE *f = fopen("/proc/self/smaps_rollup", "r");
    while (f != NULL && fgets(line, sizeof line, f))
        if (strncmp(line, "Anonymous:", 10) == 0)
            printf("%d\n", atoi(line + 10));
    return 0;
}
C
cc -O1 -o "$tmp/hello" "$tmp/hello.c"
libc=$("$tmp/hello" | tail -n 1)
ours=$(LD_PRELOAD=$build/libhmm.so "$tmp/hello" | tail -n 1)
echo "hello-world, anonymous memory: libc $libc KiB, libhmm $ours KiB: $((ours - libc)) more (limit $limit)"
check "figures were read" [ "${libc:-0}" -gt 0 ] && check "within the limit" [ $((ours - libc)) -le $limit ]
mkdir -p "$build/Testing/Temporary"
echo "hello-world, anonymous memory over libc's: $((ours - libc)) KiB (limit $limit)" >"$build/Testing/Temporary/figures-footprint.txt"
finish
