#!/bin/sh
# single_file.sh DIR: the whole library for Linux as one source, DIR/libhmm.c, with DIR/hmm.h and DIR/hmm_heap.h beside it: made of the same
# files, nothing added. (For firmware, heaps over a buffer alone: amalgamate.sh.)
set -eu
unset CDPATH
mkdir -p -- "$1"
to=$(cd -- "$1" && pwd)
cd "$(dirname "$0")/.."
cp include/hmm.h include/hmm_heap.h "$to"
{
    cat <<'HEAD'
/* libhmm.c - libhmm in one file, made by tools/single_file.sh: do not edit.
 *
 *     flags="-O2 -fvisibility=hidden -ftls-model=initial-exec -fno-builtin -fexceptions"
 *     cc $flags -fPIC -shared -Wl,-z,initfirst,-z,now,-z,nodelete libhmm.c -o libhmm.so -pthread -ldl
 *                                                                  to preload, or to link with
 *     cc $flags -c libhmm.c                                        to link into a program, with -pthread -ldl
 *
HEAD
    sed '/^$/s/.*/ */; /^ \*/!s/^/ * /' LICENSE
    printf ' */\n#define _GNU_SOURCE\n'
    awk -f tools/expand.awk src/base/*.c src/port/*.c src/memory/*.c src/slabs/*.c src/arenas/*.c src/heap/*.c src/blocks/*.c src/process/*.c src/process/static/*.c src/api/*.c src/hosted/*.c src/hosted/shared/*.c src/port/linux/*.c
} >"$to/libhmm.c"
