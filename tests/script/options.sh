#!/bin/bash
# options.sh BUILD: options of the build, the program and the environment, one over the other, in every form of the library and however
# early it is called; each bad one is told with its value and range, and no other is lost.
build=$1
. "$(dirname "$0")/lib.sh"
top=$(cd "$(dirname "$0")/../.." && pwd)
lib=$build/libhmm.so
linked="-L$build -lhmm -Wl,-rpath,$build"
compile() { cc -w -O1 -fno-builtin -I"$top/include" "$@"; }
says() { # TEXT COMMAND...: it succeeds, and says that line
    local text=$1
    shift
    "$@" >"$tmp/out" 2>&1 && grep -qxF -- "$text" "$tmp/out" && return
    head -c 600 "$tmp/out"
    return 1
}
silent() { "$@" >"$tmp/out" 2>&1 && not grep -q "^hmm: " "$tmp/out"; }
preloaded() { LD_PRELOAD=$lib "$@"; }
with() { # OPTIONS COMMAND...
    HMM_OPTIONS=$1 "${@:2}"
}

# A program that tells whether realloc(p, 0) is NULL: the option realloc_zero.
cat >"$tmp/show.c" <<'C'
#include <hmm.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#ifdef OPTIONS
const char *hmm_options = OPTIONS;
#endif
int main(void)
{
    void *kept = realloc(malloc(5), 0);
    printf("realloc_zero=%d\n", kept != NULL);
    return 0;
}
C
# --- the program's ---
compile -DOPTIONS='"realloc_zero=1"' "$tmp/show.c" -o "$tmp/hidden"
compile -DOPTIONS='"realloc_zero=1"' -rdynamic "$tmp/show.c" -o "$tmp/exported"
compile -DOPTIONS='"realloc_zero=1"' -fvisibility=hidden -rdynamic -flto "$tmp/show.c" -o "$tmp/exported_lto"
compile -DOPTIONS='"realloc_zero=1"' "$tmp/show.c" $linked -o "$tmp/linked"
compile -DOPTIONS='"realloc_zero=1"' -fvisibility=hidden "$tmp/show.c" $linked -o "$tmp/linked_hidden"
compile -DOPTIONS='"realloc_zero=1"' "$tmp/show.c" "$build/libhmm.a" -o "$tmp/archive"
compile -DOPTIONS='"realloc_zero=1"' -static "$tmp/show.c" "$build/libhmm.a" -o "$tmp/static"
printf '#include <hmm.h>\nconst char *hmm_options = "realloc_zero=1";\n' >"$tmp/set.c"
compile -fPIC -shared "$tmp/set.c" -o "$tmp/libset.so"
compile "$tmp/show.c" -Wl,--no-as-needed -L"$tmp" -lset -Wl,-rpath,"$tmp" -o "$tmp/library"
compile "$tmp/show.c" -Wl,--no-as-needed -L"$tmp" -lset -Wl,-rpath,"$tmp" $linked -o "$tmp/library_linked"
printf '#include <hmm.h>\n#include <cstdio>\n#include <cstdlib>\nconst char *hmm_options = "realloc_zero=1";\nint main() { std::printf("realloc_zero=%%d\\n", std::realloc(std::malloc(5), 0) != nullptr); }\n' >"$tmp/show.cc"
c++ -w -fno-builtin -I"$top/include" "$tmp/show.cc" $linked -o "$tmp/cxx"
(cd "$top" && tools/single_file.sh "$tmp/one")
compile -fvisibility=hidden -ftls-model=initial-exec -fexceptions -DOPTIONS='"realloc_zero=1"' "$tmp/show.c" "$tmp/one/libhmm.c" -pthread -o "$tmp/single"
check "without -rdynamic the symbol is not to be seen" says "realloc_zero=0" preloaded "$tmp/hidden"
for name in exported exported_lto library; do check "preloaded, $name" says "realloc_zero=1" preloaded "$tmp/$name"; done
for name in linked linked_hidden archive static library_linked cxx single; do
    check "$name" says "realloc_zero=1" "$tmp/$name"
    check "$name: the environment wins" says "realloc_zero=0" with realloc_zero=0 "$tmp/$name"
    check "$name: option by option" says "realloc_zero=1" with decay_ms=0 "$tmp/$name"
done
compile -DOPTIONS='"fly=1,realloc_zero=2,decay_ms=0"' "$tmp/show.c" $linked -o "$tmp/bad"
check "the program's bad ones are told" says "hmm: hmm_options in the program: realloc_zero=2: out of range (0 or 1)" "$tmp/bad"
compile -DOPTIONS='NULL' "$tmp/show.c" $linked -o "$tmp/null"
check "none: NULL" says "realloc_zero=0" "$tmp/null"

# --- the build's ---
built() { # OPTIONS LIBRARY
    (cd "$tmp/one" && compile -fPIC -shared -fvisibility=hidden -ftls-model=initial-exec -fexceptions -DHMM_DEFAULT_OPTIONS="\"$1\"" libhmm.c -Wl,-z,initfirst -o "$2")
}
built "realloc_zero=1,decay_ms=5" "$tmp/built.so"
compile "$tmp/show.c" -o "$tmp/plain"
check "the build's" says "realloc_zero=1" env LD_PRELOAD="$tmp/built.so" "$tmp/plain"
check "the environment wins over it" says "realloc_zero=0" env HMM_OPTIONS=realloc_zero=0 LD_PRELOAD="$tmp/built.so" "$tmp/plain"
compile -DOPTIONS='"realloc_zero=0"' -rdynamic "$tmp/show.c" -o "$tmp/against"
check "the program wins over it" says "realloc_zero=0" env LD_PRELOAD="$tmp/built.so" "$tmp/against"
built "fly" "$tmp/built.so"
check "the build's bad one is told" says "hmm: built-in options: fly: unknown option (the list is in hmm-options(7))" env LD_PRELOAD="$tmp/built.so" "$tmp/plain"
cmake -S "$top" -B "$tmp/cmake" -DHMM_DEFAULT_OPTIONS="realloc_zero=1,decay_ms=10" >"$tmp/log" 2>&1
check "cmake hands them on" grep -rqF 'HMM_DEFAULT_OPTIONS=\"realloc_zero=1,decay_ms=10\"' "$tmp/cmake/CMakeFiles/hmm_objects.dir"

# --- bad ones ---
while IFS='|' read -r options line; do
    check "$options" says "hmm: HMM_OPTIONS: $line" with "$options" preloaded "$tmp/plain"
done <<'LINES'
decay_ms=9999999|decay_ms=9999999: out of range (0..600000 ms)
decay_ms=600001|decay_ms=600001: out of range (0..600000 ms)
decay_ms=12x|decay_ms=12x: not a number (0..600000 ms)
decay_ms=-1|decay_ms=-1: not a number (0..600000 ms)
decay_ms= 1|decay_ms= 1: not a number (0..600000 ms)
decay_ms=|decay_ms=: no value (0..600000 ms)
decay_ms|decay_ms: no value (0..600000 ms)
decay_ms=1kk|decay_ms=1kk: not a number (0..600000 ms)
grow_min=63k|grow_min=63k: out of range (65536..1073741824 bytes)
grow_min=99999999999999999999|grow_min=99999999999999999999: out of range (65536..1073741824 bytes)
grow_min=18014398509481985k|grow_min=18014398509481985k: out of range (65536..1073741824 bytes)
lower_divisor=0|lower_divisor=0: out of range (1..1024)
map=yes|map=yes: not a number (0 or 1)
decay=1|decay=1: unknown option (did you mean decay_ms? The list is in hmm-options(7))
DECAY_MS=1|DECAY_MS=1: unknown option (the list is in hmm-options(7))
grow_mim=1|grow_mim=1: unknown option (did you mean grow_min? The list is in hmm-options(7))
=5|=5: unknown option (the list is in hmm-options(7))
LINES
check "bad ones leave the good ones" says "realloc_zero=1" with "fly=1,decay_ms=9999999,realloc_zero=1,map=7" preloaded "$tmp/plain"
check "the last one wins" says "realloc_zero=1" with "realloc_zero=0,realloc_zero=1,realloc_zero=x" preloaded "$tmp/plain"
check "blanks and empty ones" says "realloc_zero=1" with " , realloc_zero=1 ,,decay_ms=5, " preloaded "$tmp/plain"
check "good ones are not told" silent with " , realloc_zero=1 ,,decay_ms=600000, lower_min=4M " preloaded "$tmp/plain"
long=$(printf 'x%.0s' $(seq 5000))
with "$long=1,fly=1" preloaded "$tmp/plain" >"$tmp/out" 2>&1
check "a long one is cut, and a line" [ "$(sed -n 1p "$tmp/out")" = "hmm: HMM_OPTIONS: ${long:0:64}...: unknown option (the list is in hmm-options(7))" ]
check "what follows is a line of its own" grep -qx "hmm: HMM_OPTIONS: fly=1: unknown option (the list is in hmm-options(7))" "$tmp/out"
check "no control characters" says "hmm: HMM_OPTIONS: a?[1mb: unknown option (the list is in hmm-options(7))" with $'a\033[1mb' preloaded "$tmp/plain"

# Values with names: of an option made for this test.
mkdir -p "$tmp/named/base"
{ cat "$top/src/base/tunables.def"; echo 'HMM_TUNABLE(kind, 1, 0, 2, "off|weak|strong", "test")'; } >"$tmp/named/base/tunables.def"
cat >"$tmp/named.c" <<'C'
#include "process/options.h"
#include <stdio.h>
static void tell(const char *chars, size_t n_chars)
{
    fwrite(chars, 1, n_chars, stdout);
}
int main(int argc, char **argv)
{
    struct hmm_tunables tunables = *hmm_tunables_defaults();
    size_t n_bad = hmm_options_set(&tunables, "test", argv[1], tell);
    printf("%zu bad, kind=%zu\n", n_bad, tunables.kind);
    return argc < 2;
}
C
cc -w -std=gnu17 -I"$tmp/named" -I"$top/src" -I"$top/include" -o "$tmp/named/named" "$tmp/named.c" "$top/src/process/options.c" "$top/src/base/fmt.c"
check "a value's name" says "0 bad, kind=2" "$tmp/named/named" kind=strong
check "the first one" says "0 bad, kind=0" "$tmp/named/named" kind=off
check "or its number" says "0 bad, kind=0" "$tmp/named/named" kind=0
check "a name that is none" says "hmm: test: kind=stron: no such value (off, weak, strong)" "$tmp/named/named" kind=stron
check "changes nothing" says "2 bad, kind=1" "$tmp/named/named" kind=weak,kind=weak\|strong,kind=3

# --- before libc is set up ---
cat >"$tmp/early.c" <<'C'
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
static int kept;
static void early(int argc, char **argv, char **envp)
{
    kept = realloc(malloc(5), 0) != NULL;
}
#ifdef PREINIT
__attribute__((section(".preinit_array"), used)) static void (*at)(int, char **, char **) = early;
#else
static int answer(void)
{
    return 1;
}
static int (*resolve(void))(void)
{
    early(0, NULL, NULL);
    return answer;
}
int ask(void) __attribute__((ifunc("resolve")));
#endif
int main(int argc, char **argv)
{
#ifndef PREINIT
    ask();
#endif
    printf("realloc_zero=%d\n", kept);
    return 0;
}
C
for kind in PREINIT IFUNC; do
    compile -D$kind "$tmp/early.c" -o "$tmp/early"
    compile -D$kind "$tmp/early.c" $linked -o "$tmp/early_linked"
    check "$kind, preloaded" says "realloc_zero=1" with realloc_zero=1 preloaded "$tmp/early"
    check "$kind, preloaded: none" says "realloc_zero=0" preloaded "$tmp/early"
    check "$kind, no environment at all" says "realloc_zero=0" env -i LD_PRELOAD="$lib" "$tmp/early"
    check "$kind, a name that begins so" says "realloc_zero=0" env HMM_OPTIONSX=realloc_zero=1 LD_PRELOAD="$lib" "$tmp/early"
    check "$kind, linked" says "realloc_zero=1" with realloc_zero=1 "$tmp/early_linked"
    check "$kind, bad ones are told" says "hmm: HMM_OPTIONS: fly: unknown option (the list is in hmm-options(7))" with fly preloaded "$tmp/early"
    loader=$(readelf -l "$tmp/early" | sed -n 's/.*interpreter: \(.*\)]/\1/p')
    check "$kind, by way of the loader" says "realloc_zero=1" with realloc_zero=1 "$loader" --preload "$lib" "$tmp/early"
    "$build/hmm" run --summary --set realloc_zero=1 "$tmp/early" >"$tmp/out" 2>&1
    check "$kind, summary" grep -q "^  allocations  *[1-9]" "$tmp/out"
    check "$kind, --set" grep -qx "realloc_zero=1" "$tmp/out"
done
compile -DPREINIT -static "$tmp/early.c" "$build/libhmm.a" -o "$tmp/early_static"
check "PREINIT, static" says "realloc_zero=1" with realloc_zero=1 "$tmp/early_static"
compile -DPREINIT -fvisibility=hidden -ftls-model=initial-exec -fexceptions "$tmp/early.c" "$tmp/one/libhmm.c" -pthread -o "$tmp/early_single"
check "PREINIT, single file" says "realloc_zero=1" with realloc_zero=1 "$tmp/early_single"

# --- before the program is relocated: a library's IFUNC resolver allocates ---
cat >"$tmp/resolver.c" <<'C'
#include <stdlib.h>
static int one(void) { return 1; }
static int (*resolve(void))(void) { free(malloc(100)); return one; }
int resolved(void) __attribute__((ifunc("resolve")));
C
echo 'int resolved(void); int call_resolved(void) { return resolved(); }' >"$tmp/caller.c"
compile -fPIC -shared "$tmp/resolver.c" $linked -o "$tmp/libresolver.so"
compile -fPIC -shared -Wl,-z,now "$tmp/caller.c" -L"$tmp" -lresolver -Wl,-rpath,"$tmp" -o "$tmp/libcaller.so"
sed 's/^int main/int call_resolved(void); &/; s/return 0/return call_resolved() - 1/' "$tmp/show.c" >"$tmp/show_resolved.c"
for way in -pie -no-pie; do
    compile -DOPTIONS='"realloc_zero=1"' $way "$tmp/show_resolved.c" -L"$tmp" -lcaller -lresolver -Wl,-rpath,"$tmp" $linked -o "$tmp/resolved"
    check "resolver, $way: the environment's" says "realloc_zero=1" with realloc_zero=1 "$tmp/resolved"
done
check "resolver, -no-pie: the program's" says "realloc_zero=1" "$tmp/resolved"
compile -DOPTIONS='"realloc_zero=1"' -pie "$tmp/show_resolved.c" -L"$tmp" -lcaller -lresolver -Wl,-rpath,"$tmp" $linked -o "$tmp/resolved"
check "resolver, -pie: told" says "hmm: hmm_options in the program: ignored, as memory is allocated before the program is relocated" "$tmp/resolved"

# --- setuid: the environment is another user's; the program's and the build's hold ---
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
    chmod 755 "$tmp" "$tmp/early_static" "$tmp/static"
    as_nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups env HMM_OPTIONS="$1" "$2"; }
    compile -DOPTIONS='"realloc_zero=1"' "$tmp/show.c" "$build/libhmm.a" -o "$tmp/archive" && chmod 755 "$tmp/archive"
    check "not setuid: it is read" says "realloc_zero=1" as_nobody realloc_zero=1 "$tmp/early_static"
    chmod u+s "$tmp/early_static" "$tmp/static" "$tmp/archive"
    check "setuid, static, early: ignored" says "realloc_zero=0" as_nobody realloc_zero=1 "$tmp/early_static"
    check "setuid: without a word" silent as_nobody fly=1 "$tmp/early_static"
    check "setuid, static: the program's" says "realloc_zero=1" as_nobody realloc_zero=0 "$tmp/static"
    check "setuid, dynamic: the program's" says "realloc_zero=1" as_nobody realloc_zero=0 "$tmp/archive"
    compile -DPREINIT "$tmp/early.c" "$build/libhmm.a" -o "$tmp/early_archive" && chmod 4755 "$tmp/early_archive"
    check "setuid, dynamic, early: ignored" says "realloc_zero=0" as_nobody realloc_zero=1 "$tmp/early_archive"
else
    echo "setuid: needs root and setpriv"
fi
if command -v musl-gcc >/dev/null; then
    musl-gcc -w -O1 -fno-builtin -fvisibility=hidden -ftls-model=initial-exec -fexceptions -I"$top/include" -DOPTIONS='"realloc_zero=1"' -static "$tmp/show.c" "$tmp/one/libhmm.c" -o "$tmp/musl" &&
        check "musl, static: the program's" says "realloc_zero=1" "$tmp/musl"
    check "musl, static: the environment's" says "realloc_zero=0" with realloc_zero=0 "$tmp/musl"
fi
finish
