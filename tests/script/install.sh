#!/bin/bash
# install.sh BUILD: installed under a DESTDIR and a prefix of its own, libhmm is found by pkg-config and by CMake, and as a
# subdirectory; programs in C and C++ are built so, and run on it. Uninstalled, nothing is left.
source=$(cd "$(dirname "$0")/../.." && pwd)
. "$(dirname "$0")/lib.sh"
built=$tmp/built root=$tmp/root
cmake -S "$source" -B "$built" -DCMAKE_INSTALL_PREFIX=/opt/hmm -DCMAKE_INSTALL_LIBDIR=lib >"$tmp/log" 2>&1 &&
    cmake --build "$built" -j2 >>"$tmp/log" 2>&1 && DESTDIR=$root cmake --install "$built" >>"$tmp/log" 2>&1
check "built and installed" test -f "$root/opt/hmm/lib/libhmm.so" || tail -n 5 "$tmp/log"
cat >"$tmp/use.c" <<'C'
#include <hmm.h>
#include <hmm_heap.h>
#include <stdio.h>
#include <stdlib.h>
int main(void)
{
    static char buffer[4096];
    HmmHeap *heap = HmmHeapCreate(buffer, sizeof buffer, NULL);
    void *block = malloc(100);
    printf("%zu %zu\n", HmmUsableSize(block), HmmHeapUsableSize(heap, HmmHeapAlloc(heap, 100)));
    free(block);
}
C
printf '#include <hmm.hpp>\n#include <cstdio>\n#include <vector>\nint main() { std::vector<int, hmm::allocator<int>> v(100); std::printf("%%d\\n", HmmUsableSize(v.data()) >= 400); }\n' >"$tmp/use.cc"
runs() { # PROGRAM, EXPECTED: with the installed library
    [ "$(LD_LIBRARY_PATH=$root/opt/hmm/lib "$1")" = "$2" ]
}

if command -v pkg-config >/dev/null; then
    flags=$(PKG_CONFIG_PATH=$root/opt/hmm/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$root pkg-config --cflags --libs hmm)
    cc "$tmp/use.c" $flags -o "$tmp/by_pkg"
    check "by pkg-config" runs "$tmp/by_pkg" "112 112"
    check "pkg-config knows the version" grep -q "^Version: 0\." "$root/opt/hmm/lib/pkgconfig/hmm.pc"
else
    echo "no pkg-config here"
fi

mkdir "$tmp/project" "$tmp/sub"
cat >"$tmp/project/CMakeLists.txt" <<C
cmake_minimum_required(VERSION 3.16)
project(use C CXX)
set(CMAKE_CXX_STANDARD 17)
find_package(hmm 0.1 REQUIRED)
add_executable(use $tmp/use.c)
target_link_libraries(use hmm::hmm)
add_executable(use_static $tmp/use.c)
target_link_libraries(use_static hmm::hmm_static)
add_executable(use_cxx $tmp/use.cc)
target_link_libraries(use_cxx hmm::hmm)
C
cmake -S "$tmp/project" -B "$tmp/project/build" -DCMAKE_PREFIX_PATH="$root/opt/hmm" >"$tmp/log" 2>&1 && cmake --build "$tmp/project/build" >>"$tmp/log" 2>&1 ||
    tail -n 5 "$tmp/log"
check "find_package, shared" runs "$tmp/project/build/use" "112 112"
check "find_package, static" runs "$tmp/project/build/use_static" "112 112"
check "find_package, C++" runs "$tmp/project/build/use_cxx" 1

cat >"$tmp/sub/CMakeLists.txt" <<C
cmake_minimum_required(VERSION 3.16)
project(use C)
add_subdirectory($source hmm)
add_executable(use $tmp/use.c)
target_link_libraries(use hmm::hmm)
C
cmake -S "$tmp/sub" -B "$tmp/sub/build" >"$tmp/log" 2>&1 && cmake --build "$tmp/sub/build" --target use -j2 >>"$tmp/log" 2>&1 || tail -n 5 "$tmp/log"
check "add_subdirectory" runs "$tmp/sub/build/use" "112 112"

DESTDIR=$root cmake --build "$built" --target uninstall >"$tmp/log" 2>&1
check "uninstalled, nothing is left" test -z "$(find "$root" ! -type d)" || find "$root" ! -type d
finish
