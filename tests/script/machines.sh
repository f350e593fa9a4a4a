#!/bin/bash
# machines.sh BUILD: the whole library on other machines: built for arm64, riscv64 and i386, and for musl; its programs run there, emulated;
# those for i386 as they are, too, where this system runs them.
# What depends on how much memory the emulator itself takes is left out.
. "$(dirname "$0")/lib.sh"
cd "$(dirname "$0")/../.." || exit 2
native() { timeout 500 "$@" >"$tmp/out" 2>&1 || { tail -n 3 "$tmp/out"; false; }; }
ran=0
qemu_ends_in= # a program that an emulator itself fails in

build() { # COMPILER: in $tmp/COMPILER, without warnings
    cmake -S . -B "$tmp/$1" -DCMAKE_C_COMPILER="$1" -DCMAKE_SYSTEM_NAME=Linux >"$tmp/log" 2>&1 &&
        cmake --build "$tmp/$1" -j2 >>"$tmp/log" 2>&1 && ! grep -E "warning:|error:" "$tmp/log"
}
program() { # COMPILER, SOURCE, OPTIONS: makes $tmp/COMPILER/NAME, linked with libc only unless OPTIONS say more
    local compiler=$1 source=$2
    shift 2
    "$compiler" -O2 -g -w -fno-builtin -D_GNU_SOURCE -Isrc -Iinclude -Itests "tests/$source.c" -o "$tmp/$compiler/$(basename "$source")" "$@" -pthread
}

on() { # NAME, COMPILER, EMULATOR COMMAND: linked and preloaded, under the emulator, which takes -E NAME=VALUE
    local name=$1 compiler=$2
    shift 2
    command -v "$compiler" >/dev/null && command -v "$1" >/dev/null || { echo "$name: no $compiler or $1 here"; return; }
    ran=1
    local at=$tmp/$compiler
    [ -e "$at/libhmm.so" ] || check "$name: built without warnings" build "$compiler" || return
    local letter=m # of size_t in C++'s names
    "$compiler" -E - <<<"__SIZE_TYPE__" | grep -q "^unsigned int" && letter=j
    check "$name: operator new and delete" [ "$("${compiler%gcc}nm" -D "$at/libhmm.so" | grep -cE " W _Z(nw|na|dlPv|daPv)$letter")" = 12 ]
    program "$compiler" api/api_calls -L"$at" -lhmm
    program "$compiler" stress/model -DMODEL_API -Itests/stress -L"$at" -lhmm
    for source in life/life_early life/life_break life/life_fork abuse/abuse; do program "$compiler" $source -ldl; done
    linked() { timeout 500 "${emulator[@]}" -E LD_LIBRARY_PATH="$at" "$@" >"$tmp/out" 2>&1 || { tail -n 3 "$tmp/out"; false; }; }
    preloaded() { timeout 500 "${emulator[@]}" -E LD_PRELOAD="$at/libhmm.so" "$@" >"$tmp/out" 2>&1 || { tail -n 3 "$tmp/out"; false; }; }
    local emulator=("$@")
    check "$name: every call" linked "$at/api_calls"
    grep "checks passed" "$tmp/out" | sed 's/^/    /'
    check "$name: model, 4 threads" linked "$at/model" 4 40000
    grep "operations" "$tmp/out" | sed 's/^/    /'
    check "$name: preloaded before and after main" preloaded "$at/life_early"
    [ "$qemu_ends_in" = life_break ] || check "$name: a program that moves the break" preloaded "$at/life_break"
    check "$name: forks beside threads" preloaded "$at/life_fork" 20
    printf '#!/bin/sh\nlibrary=$LD_PRELOAD\nunset LD_PRELOAD\nexec %s -E LD_PRELOAD="$library" %s/abuse "$@"\n' "$*" "$at" >"$at/abuse.sh"
    chmod +x "$at/abuse.sh"
    check "$name: misuse" tests/abuse/run.sh "$at/abuse.sh" "$at/libhmm.so"
}
on arm64 aarch64-linux-gnu-gcc qemu-aarch64 -L /usr/aarch64-linux-gnu
on riscv64 riscv64-linux-gnu-gcc qemu-riscv64 -L /usr/riscv64-linux-gnu
# with Debian's libc of 32 bits for amd64: that of the cross compiler's package starts no threads under qemu 7.2, with any heap
if [ -e /lib32/libc.so.6 ]; then
    qemu_ends_in=life_break # an assertion of qemu 7.2's, when brk meets a mapping
    on "i386, emulated" i686-linux-gnu-gcc qemu-i386 -L /
    qemu_ends_in=
    printf '#!/bin/sh\nexport "$2"\nshift 2\nexec "$@"\n' >"$tmp/as-it-is"
    chmod +x "$tmp/as-it-is"
    if "$tmp/as-it-is" -E x=1 "$tmp/i686-linux-gnu-gcc/life_early" >/dev/null 2>&1; then
        on i386 i686-linux-gnu-gcc "$tmp/as-it-is"
        at=$tmp/i686-linux-gnu-gcc
        for name in limits threads move locked; do
            program i686-linux-gnu-gcc life/life_$name -ldl
            check "i386: life_$name" native env LD_PRELOAD="$at/libhmm.so" "$at/life_$name"
        done
    else
        echo "i386: this system runs no programs of 32 bits"
    fi
else
    echo "i386: no libc of 32 bits here"
fi

if command -v musl-gcc >/dev/null; then
    ran=1
    check "musl: built without warnings" build musl-gcc
    at=$tmp/musl-gcc
    program musl-gcc api/api_calls -L"$at" -lhmm -Wl,-rpath,"$at"
    program musl-gcc stress/model -DMODEL_API -Itests/stress -L"$at" -lhmm -Wl,-rpath,"$at"
    for source in life/life_break life/life_fork abuse/abuse; do program musl-gcc $source; done
    check "musl: every call" native "$at/api_calls"
    grep "checks passed" "$tmp/out" | sed 's/^/    /'
    check "musl: model, 4 threads" native "$at/model" 4 200000
    for name in life_break "life_fork 300"; do check "musl: $name" native env LD_PRELOAD="$at/libhmm.so" "$at"/$name; done
    check "musl: misuse" tests/abuse/run.sh "$at/abuse" "$at/libhmm.so"
else
    echo "musl: no musl-gcc here"
fi
[ $ran = 1 ] || exit 77
finish
