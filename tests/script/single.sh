#!/bin/bash
# single.sh BUILD: the library made of the single file, by the commands at its top: preloaded, and inside a program.
build=$1
. "$(dirname "$0")/lib.sh"
cd "$(dirname "$0")/../.." || exit 2
tools/single_file.sh "$tmp/one"
cp tests/api/check.h tests/api/api_calls.c "$tmp/one"
head -9 "$tmp/one/libhmm.c" | sed -n 's/^ \*     \(flags=.*\)/\1/p; s/^ \*     \(cc .*libhmm.c\( -o libhmm.so -pthread -ldl\)\?\)\( .*\)\?$/\1/p' >"$tmp/one/commands"
check "the commands are there" test "$(grep -c . "$tmp/one/commands")" = 3
check "they compile it" sh -ec "cd '$tmp/one' && . ./commands" || exit 1
check "misuse" tests/abuse/run.sh "$build/tests/abuse" "$tmp/one/libhmm.so"
check "every call, linked in" sh -ec "cd '$tmp/one' && cc -O2 -w -fno-builtin api_calls.c libhmm.o -pthread -o calls && ./calls"
check "nothing but the calls is seen" test "$(nm -D --defined-only "$tmp/one/libhmm.so" | awk '{print $3}' | sort | sed 's/@.*//')" = "$(nm -D --defined-only "$build/libhmm.so" | awk '{print $3}' | sed 's/@.*//' | grep -v '^HMM_' | sort)"

# DIR is taken from where one stands, and not from the tools' place.
top=$PWD
stands() { # TOOL DIR FILE: called at two places, by a relative and a full path
    mkdir -p "$tmp/a place" && (cd "$tmp/a place" && sh "$top/tools/$1" "$2") && [ -s "$tmp/a place/$2/$3" ] && [ ! -e "$2" ] &&
        ln -sfn "$top" "$tmp/link" && (cd "$tmp" && link/tools/$1 "./again $1/x") && cmp "$tmp/a place/$2/$3" "$tmp/again $1/x/$3"
}
check "single_file.sh, a relative DIR" stands single_file.sh "made here/one" libhmm.c
check "amalgamate.sh, a relative DIR" stands amalgamate.sh "made here/two" hmm_embedded.c
check "single_file.sh, with CDPATH" env CDPATH="$tmp:." sh -c "cd '$tmp/a place' && mkdir -p '$tmp/cd' && sh '$top/tools/single_file.sh' cd && [ -s cd/libhmm.c ]"
check "amalgamate.sh, with CDPATH" env CDPATH="$tmp:." sh -c "cd '$tmp/a place' && sh '$top/tools/amalgamate.sh' cd && [ -s cd/hmm_embedded.c ]"
finish
