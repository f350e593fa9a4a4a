#!/bin/bash
# single.sh BUILD: the library made of the single file, by the commands at its top: preloaded, and inside a program.
build=$1
. "$(dirname "$0")/lib.sh"
cd "$(dirname "$0")/../.." || exit 2
tools/single_file.sh "$tmp/one"
cp tests/api/check.h tests/api/api_calls.c "$tmp/one"
head -9 "$tmp/one/libhmm.c" | sed -n 's/^ \*     \(flags=.*\)/\1/p; s/^ \*     \(cc .*libhmm.c\( -o libhmm.so\)\?\) .*/\1/p' >"$tmp/one/commands"
check "the commands are there" test "$(grep -c . "$tmp/one/commands")" = 3
check "they compile it" sh -ec "cd '$tmp/one' && . ./commands" || exit 1
check "misuse" tests/abuse/run.sh "$build/tests/abuse" "$tmp/one/libhmm.so"
check "every call, linked in" sh -ec "cd '$tmp/one' && cc -O2 -w -fno-builtin api_calls.c libhmm.o -pthread -o calls && ./calls"
check "nothing but the calls is seen" test "$(nm -D --defined-only "$tmp/one/libhmm.so" | awk '{print $3}' | sort | sed 's/@.*//')" = "$(nm -D --defined-only "$build/libhmm.so" | awk '{print $3}' | sed 's/@.*//' | grep -v '^HMM_' | sort)"
finish
