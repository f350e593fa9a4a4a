#!/bin/bash
# packages.sh: build the Debian packages, ask lintian, install them in a clean Debian, and there build and run programs in C, C++ and Rust
# against them, by pkg-config, CMake and cargo (offline). As root, on Debian, with a network; some minutes. Not part of make test.
. "$(dirname "$0")/script/lib.sh"
cd "$(dirname "$0")/.." || exit 2
suite=${HMM_SUITE:-bookworm} mirror=${HMM_MIRROR:-http://deb.debian.org/debian}
[ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || { echo "packages.sh: needs root and apt-get"; exit 2; }
export DEBIAN_FRONTEND=noninteractive
missing=()
quietly() { "$@" >"$tmp/log" 2>&1 || { tail -n 8 "$tmp/log"; false; }; }
for package in build-essential cmake debhelper debootstrap lintian scdoc; do
    dpkg -s "$package" >/dev/null 2>&1 || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
    echo "packages.sh: installing ${missing[*]}"
    quietly apt-get update && quietly apt-get install -y --no-install-recommends "${missing[@]}" ||
        { echo "packages.sh: these packages are needed, and could not be installed: ${missing[*]}"; exit 2; }
fi

mkdir "$tmp/libhmm" "$tmp/root"
git ls-files -co --exclude-standard | tar cf - -T - | tar xf - -C "$tmp/libhmm"
check "packages are built" quietly sh -c "cd '$tmp/libhmm' && dpkg-buildpackage -us -uc"
check "lintian" sh -c "cd '$tmp' && lintian --fail-on error,warning libhmm_*.changes"
check "debug symbols" test -f "$tmp"/libhmm1-dbgsym_*.deb

root=$tmp/root
check "a clean Debian" quietly debootstrap --variant=minbase "$suite" "$root" "$mirror" || { finish; exit 1; }
for file in /etc/apt/apt.conf.d/*proxy* /etc/apt/apt.conf; do [ -f "$file" ] && cp "$file" "$root/etc/apt/apt.conf.d/90host"; done
mkdir "$root/packages" && cp "$tmp"/*.deb "$root/packages"
mount -t proc proc "$root/proc"
trap 'umount "$root/proc"; rm -rf "$tmp"' EXIT
inside() { chroot "$root" sh -c "$1"; }
check "installed" quietly inside "apt-get update -qq && apt-get install -y --no-install-recommends /packages/*.deb"
check "hmm run, nothing else there" inside "hmm run --summary -- ls /usr >/dev/null 2>/tmp/summary && grep -q peak /tmp/summary"
check "preloaded by \$LIB" inside "LD_PRELOAD='/usr/\$LIB/libhmm.so.1' ls / >/dev/null 2>/tmp/err && ! grep . /tmp/err"
check "hmm demo" inside "hmm demo </dev/null | grep -q 'double free'"

check "compilers" quietly inside "apt-get install -y --no-install-recommends gcc g++ libc6-dev make cmake pkg-config cargo"
mkdir "$root/use" && cp -r examples/cxx "$root/use/cxx" && cp tests/script/use.c "$root/use"
cat >"$root/use/CMakeLists.txt" <<'C'
cmake_minimum_required(VERSION 3.16)
project(use C CXX)
set(CMAKE_CXX_STANDARD 17)
find_package(hmm REQUIRED)
add_executable(use use.c)
target_link_libraries(use hmm::hmm)
add_executable(use_static use.c)
target_link_libraries(use_static hmm::hmm_static)
add_executable(words cxx/main.cc)
target_link_libraries(words hmm::hmm)
C
check "C, by pkg-config" inside "cd /use && cc use.c \$(pkg-config --cflags --libs hmm) -o by_pkg && ./by_pkg | grep -qx '112 112'"
check "C, -static" inside "cd /use && cc -static use.c \$(pkg-config --cflags --libs --static hmm) -o by_pkg_static && ./by_pkg_static | grep -qx '112 112'"
check "C and C++, by CMake" quietly inside "cd /use && cmake -B build && cmake --build build"
check "C, by CMake, runs" inside "/use/build/use | grep -qx '112 112' && /use/build/use_static | grep -qx '112 112'"
check "C++, by CMake, runs" inside "echo one two two | /use/build/words | grep -q '^2 words'"

mkdir -p "$root/use/rust/src" "$root/use/rust/.cargo"
cp bindings/rust/examples/words.rs "$root/use/rust/src/main.rs"
printf '[package]\nname = "words"\nversion = "0.1.0"\nedition = "2021"\n\n[dependencies]\nlibhmm = "0.1"\n' >"$root/use/rust/Cargo.toml"
printf '[source.crates-io]\nreplace-with = "debian"\n[source.debian]\ndirectory = "/usr/share/cargo/registry"\n' >"$root/use/rust/.cargo/config.toml"
check "Rust, by cargo, offline" quietly inside "cd /use/rust && cargo build --offline"
check "Rust runs" inside "echo one two two three | /use/rust/target/debug/words | grep -qx '3 words'"
check "a misuse ends it" inside "cd /use && printf '#include <stdlib.h>\nint main(void) { char *p = malloc(9); free(p); free(p); }\n' >twice.c && cc -w twice.c -o twice && ! hmm run ./twice 2>err && grep -q 'double free' err"
check "taken away again" quietly inside "apt-get purge -y libhmm1 libhmm-dev hmm-tools librust-libhmm-dev && ! find /usr -name '*hmm*' | grep -v 'cargo\|/use/' | grep ."
finish
