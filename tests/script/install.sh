#!/bin/bash
# install.sh BUILD: installed under a DESTDIR and a prefix of its own, libhmm is found by pkg-config and by CMake, and as a
# subdirectory; programs in C and C++ are built so, and run on it. Uninstalled, nothing is left.
source=$(cd "$(dirname "$0")/../.." && pwd)
. "$(dirname "$0")/lib.sh"
built=$tmp/built root=$tmp/root
cmake -S "$source" -B "$built" -DCMAKE_INSTALL_PREFIX=/opt/hmm -DCMAKE_INSTALL_LIBDIR=lib >"$tmp/log" 2>&1 &&
    cmake --build "$built" -j2 >>"$tmp/log" 2>&1 && DESTDIR=$root cmake --install "$built" >>"$tmp/log" 2>&1
check "built and installed" test -f "$root/opt/hmm/lib/libhmm.so" || tail -n 5 "$tmp/log"
cp "$source/tests/script/use.c" "$tmp"
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

# One object: no linker passes it over.
printf '#include <malloc.h>\n#include <stdlib.h>\n#include <string.h>\nint main(void) { return malloc_usable_size(strdup("x")) != 16; }\n' >"$tmp/one.c"
cc -w "$tmp/one.c" -o "$tmp/one_libc" && check "without it, libc's heap" not "$tmp/one_libc"
cc -w "$tmp/one.c" "$root/opt/hmm/lib/hmm.o" -o "$tmp/one" && check "one object" "$tmp/one"
cc -w -static "$tmp/one.c" "$root/opt/hmm/lib/hmm.o" -o "$tmp/one_static" && check "one object, -static" "$tmp/one_static"

# Symbols: our own have a version, malloc has none and so is taken for every libc's; nothing else is seen.
nm -D --defined-only "$root/opt/hmm/lib/libhmm.so" | awk '{print $3}' >"$tmp/names"
check "own calls have a version" sh -c "grep -c '^Hmm.*@@HMM_1$' '$tmp/names' | grep -qx 25"
check "the others have none" sh -c "! grep -v '^Hmm' '$tmp/names' | grep -q @@HMM_1"
check "nothing internal is exported" not grep -q '^hmm_' "$tmp/names"
check "SONAME" sh -c "readelf -d '$root/opt/hmm/lib/libhmm.so' | grep -q 'soname: .libhmm.so.1.'"

# Preloaded by a path that fits every architecture, and for all programs by /etc/ld.so.preload.
loader=$(readelf -l "$tmp/one_libc" | sed -n 's/.*interpreter: \(.*\)]/\1/p')
lib=$("$loader" --list-diagnostics 2>/dev/null | sed -n 's/^dl_dst_lib="\(.*\)"/\1/p')
if [ -n "$lib" ]; then
    mkdir -p "$tmp/any/$lib" && cp "$root/opt/hmm/lib/libhmm.so" "$tmp/any/$lib/"
    check "LD_PRELOAD by \$LIB" env LD_PRELOAD="$tmp/any/\$LIB/libhmm.so" "$tmp/one_libc"
else
    echo "this loader does not tell what \$LIB is"
fi
if [ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null; then
    for_all() { # COMMAND: with the library in /etc/ld.so.preload, in a file system of its own
        unshare -m sh -c 'cp -a /etc "$1/etc" 2>/dev/null; echo "$2" >"$1/etc/ld.so.preload"; mount --bind "$1/etc" /etc && shift 2 && exec "$@"' sh "$tmp" "$root/opt/hmm/lib/libhmm.so" "$@"
    }
    check "/etc/ld.so.preload" for_all "$tmp/one_libc"
    check "/etc/ld.so.preload, a compiler and what it starts" for_all cc "$tmp/one.c" -w -o "$tmp/again"
    rm -rf "$tmp/etc"
else
    echo "/etc/ld.so.preload: needs root and a mount namespace"
fi

# The same bytes from the same sources, wherever they lie.
mkdir "$tmp/copy" && cp -r "$source"/{CMakeLists.txt,cmake,docs,include,src,tools} "$tmp/copy"
cmake -S "$tmp/copy" -B "$tmp/copy/elsewhere" -DCMAKE_INSTALL_PREFIX=/opt/hmm -DCMAKE_INSTALL_LIBDIR=lib >"$tmp/log" 2>&1 && cmake --build "$tmp/copy/elsewhere" -j2 >>"$tmp/log" 2>&1 || tail -n 5 "$tmp/log"
for file in libhmm.so libhmm.a hmm.o hmm; do check "reproducible: $file" cmp "$built/$file" "$tmp/copy/elsewhere/$file"; done

DESTDIR=$root cmake --build "$built" --target uninstall >"$tmp/log" 2>&1
check "uninstalled, nothing is left" test -z "$(find "$root" ! -type d)" || find "$root" ! -type d
finish
