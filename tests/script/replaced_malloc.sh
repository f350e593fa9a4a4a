#!/bin/bash
# replaced_malloc.sh BUILD: programs with malloc, free, calloc and realloc of their own, in each way that libhmm is used.
build=$(realpath "$1")
. "$(dirname "$0")/lib.sh"
cd "$(dirname "$0")/../replaced" || exit 2
linked="-L$build -lhmm -Wl,-rpath,$build"
runs() { timeout 100 "$@" >"$tmp/out" 2>&1 || { tail -n 3 "$tmp/out"; false; }; }
way() { # NAME, MACRO, LINKER'S WORDS
    rm -f "$tmp/family"
    cc -O1 -g -w -D_GNU_SOURCE -fno-builtin "-D$2" family.c -o "$tmp/family" ${@:3}
    check "$2, $1" runs "$tmp/family"
}
for kind in PRIVATE STATIC; do
    way linked $kind $linked
    way libhmm.a $kind "$build/libhmm.a"
    way "static, libhmm.a" $kind -static "$build/libhmm.a"
    way "static, hmm.o" $kind -static "$build/hmm.o"
done
for kind in WRAPPED ONLY_FREE; do
    way linked $kind $linked
    way -no-pie $kind -no-pie $linked
    check "$kind, and preloaded" runs env LD_PRELOAD="$build/libhmm.so" "$tmp/family"
done
way linked PRIVATE $linked
check "PRIVATE, and preloaded" runs env LD_PRELOAD="$build/libhmm.so" "$tmp/family"

# A wrong size is seen as long as nothing is replaced, also where a program takes the address of free.
cat >"$tmp/size.c" <<'C'
#include <stdlib.h>
void free_sized(void *block, size_t size);
int main(void)
{
    void (*volatile taken)(void *) = free; /* by an instruction: not position-independent, it has the address of a stub */
    taken(malloc(1));
    free_sized(malloc(100), 300);
    return 0;
}
C
for kind in "-fPIE -pie" "-fno-pie -no-pie"; do
    cc -w -fno-builtin $kind "$tmp/size.c" -o "$tmp/size" $linked
    check "wrong size, $kind" sh -c "'$tmp/size' 2>&1 | grep -q 'wrong size'"
done
finish
