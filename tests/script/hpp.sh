#!/bin/bash
# hpp.sh BUILD: hmm.hpp in each mode of the compilers: with and without RTTI and exceptions, C++17 and C++20. Without exceptions, no memory is the end.
build=$(realpath "$1")
. "$(dirname "$0")/lib.sh"
cd "$(dirname "$0")/../.." || exit 2
ran=0
for compiler in g++ clang++; do
    command -v $compiler >/dev/null || continue
    for standard in c++17 c++20; do
        for mode in "" -fno-rtti -fno-exceptions "-fno-rtti -fno-exceptions"; do
            rm -f "$tmp/modes"
            ran=1 name="$compiler $standard $mode"
            $compiler -std=$standard -O1 $mode -Wall -Wextra -Wshadow -Wconversion -Werror -Iinclude tests/api/hpp_modes.cc -o "$tmp/modes" \
                -L"$build" -lhmm -Wl,-rpath,"$build"
            check "$name" "$tmp/modes" >/dev/null
            for failure in too-much too-small; do
                "$tmp/modes" $failure >"$tmp/out" 2>&1
                check "$name: $failure ends it" test $? = 134
                expected=0
                case $mode in *-fno-exceptions*) expected=1 ;; esac
                grep -q "bad_alloc" "$tmp/out" # what std::terminate tells
                check "$name: $failure, by exception or abort" test $? = $expected
            done
        done
    done
done
[ $ran = 1 ] || exit 77
finish
