#!/bin/bash
# messages.sh BUILD: each message that README, the documents, man pages and headers quote is one that the library writes, to the
# letter; addresses aside.
build=$1
. "$(dirname "$0")/lib.sh"
cd "$(dirname "$0")/../.." || exit 2
cat >"$tmp/say.c" <<'C'
#include <stdlib.h>
void free_sized(void *, size_t) __attribute__((weak));
#ifdef OPTIONS
const char *hmm_options = OPTIONS;
#endif
int main(int argc, char **argv)
{
    char on_stack[64];
    char *volatile block = malloc(64), *volatile longer = malloc(100);
    switch (argc > 1 ? *argv[1] : 0) {
    case 'd': free(block); free(block); break;
    case 'i': free(block + 16); break;
    case 'f': free(on_stack + 16); break;
    case 's': free_sized(longer, 20); break;
    }
}
C
cc="cc -std=gnu17 -w -O0 -fno-builtin $tmp/say.c"
$cc -o "$tmp/say" && $cc '-DOPTIONS="map=2"' -rdynamic -o "$tmp/say_own" &&
    $cc '-DHMM_DEFAULT_OPTIONS="fly"' -D_GNU_SOURCE -Isrc -Isrc/port/linux -Iinclude src/process/options_read.c "$build/libhmm.a" -pthread -ldl -o "$tmp/say_built" || exit 1
say() { LD_PRELOAD=$build/libhmm.so "$@" 2>&1 >/dev/null; }
{
    for misuse in double interior foreign size; do say "$tmp/say" $misuse; done
    for options in decay_ms=9999999 decay=5; do HMM_OPTIONS=$options say "$tmp/say"; done
    say "$tmp/say_own"
    "$tmp/say_built" 2>&1
} 2>/dev/null | grep "^hmm: " >"$tmp/written"
plain() { sed -E 's/0x[0-9a-f]+/ADDRESS/g'; }
plain <"$tmp/written" >"$tmp/plain"
cat "$tmp/plain"

check "messages are written" test "$(wc -l <"$tmp/plain")" -ge 8
grep -hoE '(^|[[:space:]])hmm: [A-Za-z_-]+( [a-z]+)*: .*' README.md docs/*.md docs/man/*.scd include/*.h | sed -E 's/^[[:space:]]+//' | sort -u >"$tmp/quoted"
check "messages are quoted" test "$(wc -l <"$tmp/quoted")" -ge 8
while IFS= read -r quote; do
    check "as it is written: $quote" grep -qxF -- "$(plain <<<"$quote")" "$tmp/plain"
done <"$tmp/quoted"
finish
