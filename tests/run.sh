#!/bin/bash
# run.sh change|all: install what the tests use (Debian, Ubuntu, as root), build, run them, name what was skipped, and close
# with one line "N passed, N failed".
#   change   everything that guards a change
#   all      also other machines, emulated; mutants; builds of other kinds; the long list of programs
set -u
cd "$(dirname "$0")/.."
which=${1:-change}
jobs=$(nproc 2>/dev/null || echo 2)

# package:what it provides
wanted="cmake:cmake gcc:gcc g++:g++ make:make libcmocka-dev:/usr/include/cmocka.h strace:strace valgrind:valgrind
git:git gawk:gawk sqlite3:sqlite3 lua5.4:lua5.4 binutils:ld xz-utils:xz"
machines="gcc-arm-none-eabi:arm-none-eabi-gcc qemu-system-arm:qemu-system-arm gcc-riscv64-unknown-elf:riscv64-unknown-elf-gcc
qemu-user:qemu-aarch64 gcc-i686-linux-gnu:i686-linux-gnu-gcc libc6-dev-i386-cross:/usr/i686-linux-gnu/include/stdio.h
libc6-i386:/lib32/libc.so.6
gcc-aarch64-linux-gnu:aarch64-linux-gnu-gcc libc6-dev-arm64-cross:/usr/aarch64-linux-gnu/include/stdio.h
gcc-riscv64-linux-gnu:riscv64-linux-gnu-gcc libc6-dev-riscv64-cross:/usr/riscv64-linux-gnu/include/stdio.h musl-tools:musl-gcc
cargo:cargo scdoc:scdoc pkg-config:pkg-config"
programs="perl:perl redis-server:redis-server redis-tools:redis-benchmark vim-tiny:vim.tiny
nginx-light:nginx wrk:wrk postgresql:/usr/lib/postgresql nodejs:node ghostscript:gs z3:z3 imagemagick:/usr/bin/convert-im6.q16
default-jdk-headless:javac php-cli:php ruby:ruby libpython3.11-testsuite:/usr/lib/python3.11/test/test_list.py"
if [ "$which" = all ]; then
    . tests/preload/more.sh # more_packages
    wanted="$wanted $machines $programs $more_packages"
    lane=()
else
    lane=(-LE long)
fi

is_there() { # a command or a path
    case $1 in
    /*) [ -e "$1" ] ;;
    *) command -v "$1" >/dev/null 2>&1 ;;
    esac
}
missing=()
for pair in $wanted; do
    is_there "${pair#*:}" || missing+=("${pair%%:*}")
done
python3 -c 'import json, pty' 2>/dev/null || missing+=(python3)
if [ ${#missing[@]} -gt 0 ]; then
    echo "tests use: ${missing[*]}"
    if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
        export DEBIAN_FRONTEND=noninteractive
        log=$(mktemp)
        apt-get update -qq >/dev/null 2>&1
        apt-get install -y -qq --no-install-recommends "${missing[@]}" >"$log" 2>&1 ||
            { tail -n 5 "$log"; echo "could not install all of them: tests that need them are skipped"; }
        rm -f "$log"
    else
        echo "tests without them are skipped (Debian, Ubuntu: apt-get install ${missing[*]})"
    fi
fi
for tool in cmake make; do
    is_there "$tool" || { echo "there is no $tool, which the build needs"; echo "0 passed, 1 failed"; exit 1; }
done

fail() { # LOG: the build did not succeed
    grep -E 'error|Error|\*\*\*' "$1" | head -n 20
    rm -f "$1"
    echo "the build failed"
    echo "0 passed, 1 failed"
    exit 1
}
# build DIR TARGET OPTION...: what it says of warnings
build() {
    local dir=$1 target=$2 log
    shift 2
    log=$(mktemp)
    echo "== building $dir"
    cmake -S . -B "$dir" -DHMM_TESTS=ON -DHMM_TEST_PROGRAMS="$which" "$@" >"$log" 2>&1 && cmake --build "$dir" -j "$jobs" --target "$target" >"$log" 2>&1 || fail "$log"
    grep warning "$log"
    rm -f "$log"
}
build build all
# The core and its stress programs under sanitizers, in builds of their own.
for kind in asan:address,undefined tsan:thread; do
    build build-${kind%:*} core_tests -DCMAKE_BUILD_TYPE=Debug -DHMM_SANITIZE=${kind#*:}
done

log=$(mktemp) skips=$(mktemp)
trap 'rm -f "$log" "$skips"' EXIT
passed=0 failed=0
for dir in build build-asan build-tsan; do
    echo "== testing $dir"
    ctest --test-dir $dir -j "$jobs" --output-on-failure "${lane[@]}" 2>&1 | tee "$log" |
        grep --line-buffered -vE '^ *Start|^Test project|^Internal ctest|^$|^Total Test|^Label Time|^long '
    line=$(grep -E '% tests passed, [0-9]+ tests failed out of [0-9]+' "$log")
    f=$(sed -E 's/.*passed, ([0-9]+) tests failed out of ([0-9]+)/\1/' <<<"$line")
    n=$(sed -E 's/.*passed, ([0-9]+) tests failed out of ([0-9]+)/\2/' <<<"$line")
    if [ -z "$n" ]; then f=1 n=1; fi
    skipped=$(grep -c '\*\*\*Skipped' "$log")
    failed=$((failed + f)) passed=$((passed + n - f - skipped))
    sed -n 's/.*Test *#[0-9]*: \([^ ]*\) \.*\*\*\*Skipped.*/\1/p' "$log" | while read -r test; do
        # the line that the test has said why with
        why=$(awk -v test="$test" '/ Testing: / {on = $NF == test} on && /^(no |[a-z_]+: no )/ {print; exit}' $dir/Testing/Temporary/LastTest.log)
        echo "skipped: $test${why:+ ($why)}"
    done >>"$skips"
done
cat build/Testing/Temporary/programs.txt 2>/dev/null
cat build/Testing/Temporary/figures-*.txt 2>/dev/null
cat "$skips"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 20 ]
