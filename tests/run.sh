#!/bin/bash
# tests/run.sh middle|all: install what the tests need (Debian, Ubuntu), build, run everything, and close
# with one line "N passed, N failed".
set -u
cd "$(dirname "$0")/.."
which=${1:-middle}
jobs=$(nproc 2>/dev/null || echo 2)

# package:what it provides
needed="cmake:cmake gcc:gcc g++:g++ make:make libcmocka-dev:/usr/include/cmocka.h strace:strace valgrind:valgrind
python3-minimal:python3 scdoc:scdoc pkg-config:pkg-config"
machines="gcc-arm-none-eabi:arm-none-eabi-gcc qemu-system-arm:qemu-system-arm gcc-riscv64-unknown-elf:riscv64-unknown-elf-gcc
qemu-user:qemu-aarch64 gcc-i686-linux-gnu:i686-linux-gnu-gcc libc6-dev-i386-cross:/usr/i686-linux-gnu/include/stdio.h
libc6-i386:/lib32/libc.so.6
gcc-aarch64-linux-gnu:aarch64-linux-gnu-gcc libc6-dev-arm64-cross:/usr/aarch64-linux-gnu/include/stdio.h
gcc-riscv64-linux-gnu:riscv64-linux-gnu-gcc libc6-dev-riscv64-cross:/usr/riscv64-linux-gnu/include/stdio.h musl-tools:musl-gcc
cargo:cargo"
programs="git:git perl:perl lua5.4:lua5.4 sqlite3:sqlite3 redis-server:redis-server redis-tools:redis-benchmark python3:python3 binutils:ld
libpython3-stdlib:python3 gawk:gawk vim-tiny:vim.tiny bash:bash coreutils:sort xz-utils:xz"
everything="nginx-light:nginx wrk:wrk postgresql:/usr/lib/postgresql nodejs:node ghostscript:gs z3:z3 imagemagick:/usr/bin/convert-im6.q16
default-jdk-headless:javac php-cli:php ruby:ruby libpython3.11-testsuite:/usr/lib/python3.11/test/test_list.py"
. tests/preload/more.sh # more_packages
[ "$which" = all ] && programs="$programs $everything $more_packages"

missing=()
for pair in $needed $machines $programs; do
    what=${pair#*:}
    case $what in
    /*) [ -e "$what" ] || missing+=("${pair%%:*}") ;;
    *) command -v "$what" >/dev/null 2>&1 || missing+=("${pair%%:*}") ;;
    esac
done
if [ ${#missing[@]} -gt 0 ]; then
    echo "tests need: ${missing[*]}"
    if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -qq >/dev/null 2>&1
        apt-get install -y -qq --no-install-recommends "${missing[@]}" >/tmp/hmm-apt.log 2>&1 ||
            { tail -n 5 /tmp/hmm-apt.log; echo "could not install them: tests that need them are skipped and named"; }
    else
        echo "install them (Debian, Ubuntu: apt-get install ${missing[*]}); tests without them are skipped and named"
    fi
fi

cmake -S . -B build -DHMM_TESTS=ON -DHMM_TEST_PROGRAMS="$which" >build-configure.log 2>&1 ||
    { cat build-configure.log; rm -f build-configure.log; echo "0 passed, 1 failed"; exit 1; }
rm -f build-configure.log
cmake --build build -j "$jobs" 2>&1 | grep -E 'warning|error|Error|\*\*\*' 
[ "${PIPESTATUS[0]}" = 0 ] || { echo "the build failed"; echo "0 passed, 1 failed"; exit 1; }

# The core and its stress programs under sanitizers, in builds of their own.
for kind in asan ubsan tsan; do
    case $kind in asan) flag=address ;; ubsan) flag=undefined ;; tsan) flag=thread ;; esac
    cmake -S . -B build-$kind -DCMAKE_BUILD_TYPE=Debug -DHMM_TESTS=ON -DHMM_SANITIZE=$flag >/dev/null &&
        cmake --build build-$kind -j "$jobs" 2>&1 | grep -E 'warning|error|\*\*\*'
done

log=$(mktemp)
trap 'rm -f "$log"' EXIT
passed=0 failed=0
for dir in build build-asan build-ubsan build-tsan; do
    echo "== $dir"
    ctest --test-dir $dir -j "$jobs" --output-on-failure 2>&1 | tee "$log" |
        grep -vE '^ *Start|^Test project|^Internal ctest|^$|^Total Test'
    line=$(grep -E '% tests passed, [0-9]+ tests failed out of [0-9]+' "$log")
    f=$(sed -E 's/.*passed, ([0-9]+) tests failed out of ([0-9]+)/\1/' <<<"$line")
    n=$(sed -E 's/.*passed, ([0-9]+) tests failed out of ([0-9]+)/\2/' <<<"$line")
    if [ -z "$n" ]; then f=1 n=1; fi
    failed=$((failed + f)) passed=$((passed + n - f))
done
cat build/Testing/Temporary/programs.txt 2>/dev/null
cat build/Testing/Temporary/figures-*.txt 2>/dev/null
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 20 ]
