#!/bin/bash
# tool.sh BUILD: hmm run - library found, status and signals passed through, summary, clear errors.
build=$1
. "$(dirname "$0")/lib.sh"
hmm=$build/hmm

status() { # expected status, expected text in the output, command
    local want=$1 text=$2
    shift 2
    { "$@" >"$tmp/out" 2>&1; } 2>/dev/null
    local got=$?
    [ $got = "$want" ] && { [ -z "$text" ] || grep -qF -- "$text" "$tmp/out"; } && return
    echo "  got status $got: $(head -c 600 "$tmp/out")"
    return 1
}

check "help" status 0 "usage: hmm" "$hmm" --help
check "run help" status 0 "--summary" "$hmm" run --help
check "version" status 0 "hmm 0." "$hmm" --version
check "no command" status 2 "usage: hmm" "$hmm"
check "wrong command" status 2 "no such command: fly" "$hmm" fly
check "wrong option" status 2 "bad option --fly" "$hmm" run --fly true
check "no program" status 2 "no program given" "$hmm" run
check "bad --set" status 2 "hmm: --set: x: unknown option" "$hmm" run --set x true
check "bad --lib" status 2 "No such file" "$hmm" run --lib /nowhere/libhmm.so true
check "not found" status 127 "no-such-program: No such file" "$hmm" run no-such-program
check "not found by path" status 127 "No such file" "$hmm" run ./no/such
printf 'hello\0' >"$tmp/data" && chmod +x "$tmp/data"
check "neither ELF nor script" status 126 "neither an ELF program nor a script" "$hmm" run "$tmp/data"
check "not executable" status 126 "Permission denied" "$hmm" run /etc/passwd
check "static" status 126 "statically linked" "$hmm" run "$build/tests/life_static"
check "static, with libc's heap" status 0 "ok" "$hmm" run --libc "$build/tests/life_static"

# Programs of sanitizers: refused, whichever compiler's and however linked; that of undefined behaviour has no heap.
echo 'int main(void) { return 0; }' >"$tmp/sanitized.c"
while read -r want name cc flags; do
    command -v "$cc" >/dev/null && "$cc" $flags "$tmp/sanitized.c" -o "$tmp/sanitized" 2>/dev/null || { echo "no $cc $flags here"; continue; }
    check "$cc $flags" status "$want" "${name#-}" "$hmm" run "$tmp/sanitized"
    check "$cc $flags, with libc's heap" status 0 "" "$hmm" run --libc "$tmp/sanitized"
done <<'SANITIZERS'
126 AddressSanitizer gcc -fsanitize=address
126 sanitizer gcc -fsanitize=address -static-libasan
126 ThreadSanitizer gcc -fsanitize=thread
126 sanitizer gcc -fsanitize=thread -static-libtsan
126 LeakSanitizer gcc -fsanitize=leak
126 AddressSanitizer clang -fsanitize=address
126 ThreadSanitizer clang -fsanitize=thread
126 MemorySanitizer clang -fsanitize=memory
126 LeakSanitizer clang -fsanitize=leak
0 - gcc -fsanitize=undefined
0 - clang -fsanitize=undefined
SANITIZERS
# A wrong table of sections: the program does not need it, and the tool gets over it.
cp /bin/true "$tmp/wrong"
for offset in '\370\377\377\377\377\377\377\177' '\001' '\0\0\0\0\0\0\0\0'; do
    printf "$offset" | dd of="$tmp/wrong" bs=1 seek=40 conv=notrunc 2>/dev/null
    check "sections at $offset" status 0 "" "$hmm" run "$tmp/wrong"
done
cp /bin/true "$tmp/setuid" && chown nobody "$tmp/setuid" 2>/dev/null && chmod u+s "$tmp/setuid" 2>/dev/null &&
    check "setuid" status 126 "setuid or setgid" "$hmm" run "$tmp/setuid"

check "exit status" status 7 "" "$hmm" run -- sh -c 'exit 7'
check "exit status, summary" status 7 "allocations" "$hmm" run --summary -- sh -c 'exit 7'
check "killed by a signal" status 143 "" "$hmm" run --summary -- sh -c 'kill -TERM $$'
check "it is libhmm" status 0 "libhmm.so" "$hmm" run -- cat /proc/self/maps
check "--libc is not" status 0 "libc" "$hmm" run --libc -- cat /proc/self/maps
check "--libc is not, indeed" bash -c "! grep -q libhmm '$tmp/out'"
check "arguments" status 0 "a  b|-x" "$hmm" run -- printf '%s|%s\n' 'a  b' -x
printf '#!/bin/sh\necho script "$1"\n' >"$tmp/script" && chmod +x "$tmp/script"
check "a script" status 0 "script 5" "$hmm" run "$tmp/script" 5
printf 'echo script "$1"\n' >"$tmp/plain" && chmod +x "$tmp/plain"
check "a script that names no interpreter" status 0 "script 6" "$hmm" run "$tmp/plain" 6
printf '#!%s\n' "$build/tests/life_static" >"$tmp/script2" && chmod +x "$tmp/script2"
check "a script of a static interpreter" status 126 "statically linked" "$hmm" run "$tmp/script2"
check "options" status 0 "decay_ms=7" "$hmm" run --set decay_ms=7 -- sh -c 'echo $HMM_OPTIONS'
check "unknown option" status 2 "hmm: --set: fly=1: unknown option (the list is in hmm-options(7))" "$hmm" run --set fly=1 -- touch "$tmp/started"
check "not a number" status 2 "hmm: --set: decay_ms=12x: not a number (0..600000 ms)" "$hmm" run --set decay_ms=12x -- touch "$tmp/started"
check "all bad ones are told" status 2 "hmm: --set: map=2: out of range (0 or 1)" "$hmm" run --set decay_ms=12x --set fly=1,map=2 -- touch "$tmp/started"
check "each of them" [ "$(wc -l <"$tmp/out")" = 3 ]
check "nothing was started" not test -e "$tmp/started"
check "--set wins over the environment" status 0 "map=1,map=0" env HMM_OPTIONS=map=1 "$hmm" run --set map=0 -- sh -c 'echo $HMM_OPTIONS'
check "a forwarded signal" status 143 "" bash -c "'$hmm' run --summary -- sleep 20 & p=\$!; sleep 0.5; kill -TERM \$p; wait \$p"

# A setuid program ignores HMM_OPTIONS; the same one without the bit reads them.
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
    chmod 755 "$tmp"
    cp "$build/tests/life_static" "$tmp/linked" && chmod 755 "$tmp/linked"
    as_nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups env HMM_OPTIONS=fly=1 "$tmp/linked"; }
    check "options are read" status 0 "fly=1: unknown option" as_nobody
    chmod u+s "$tmp/linked"
    check "a setuid program runs" status 0 "ok" as_nobody
    check "and ignores options" bash -c "! grep -q 'unknown option' '$tmp/out'"
fi

# The figures are exact: a program whose calls are known.
cat >"$tmp/known.c" <<'C'
#include <stdlib.h>
#include <string.h>
int main(void)
{
    static void *p[1000];
    for (int i = 0; i < 1000; i++)
        p[i] = memset(malloc(1000), 1, 1000);
    for (int i = 0; i < 900; i++)
        free(p[i]);
    p[950] = realloc(p[950], 100000);
    _exit(3); /* no destructor runs: the figures are there all the same */
}
C
sed -i '1i #include <unistd.h>' "$tmp/known.c"
cc -O0 -fno-builtin -o "$tmp/known" "$tmp/known.c"
check "known program" status 3 "allocations" "$hmm" run --summary "$tmp/known"
figure() { sed -n "s/^  $1 *//p" "$tmp/out"; }
check "allocations" [ "$(figure allocations)" = 1001 ]
check "frees" [ "$(figure frees)" = 901 ]
check "reallocs" [ "$(figure reallocs)" = 1 ]
check "peak live bytes" [ "$(figure 'peak live bytes')" = 1024000 ]
check "live at the end" [ "$(figure 'live bytes at the end')" = $((99 * 1024 + 114688)) ]
finish
