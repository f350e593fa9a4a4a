#!/bin/bash
# demo.sh BUILD: hmm demo - the tour shows what it says, own calls work in a pipe, bad ones are told, lines fit 80 columns.
build=$1
. "$(dirname "$0")/lib.sh"
needs python3
hmm=$build/hmm

"$hmm" demo --auto </dev/null >"$tmp/tour"
check "the tour ends well" test $? = 0
after() { # CALL, TEXT: the tour's lines between that call and the next hold the text
    awk -v call="> $1" '$0 == call {on = 1; next} /^> /{on = 0} on' "$tmp/tour" | grep -qF -- "$2"
}
check "extra space ahead" after "a = alloc 100" "break at 368 of 2448; 112 bytes live, 256 free"
check "split" after "b = alloc 200" "free list:    48 bytes at +320"
check "free list of two" after "free b" "free list:   208 bytes at +112"
check "coalesced with the next" after "free e" "free list:    96 bytes at +1088"
check "refused twice" test "$(grep -c "  refused: " "$tmp/tour")" = 2
check "double free" after "free a" "refused: HmmHeapFree: double free of 0x"
check "grows in place" after "c = realloc c 700" "break at 1184 of 2448; 704 bytes live"
check "three become one, the break goes down" after "free c" "break at 256 of 2448; 0 bytes live, 256 free"
check "lines fit 80 columns" awk 'length > 80 {bad = 1; print} END {exit bad}' "$tmp/tour"
check "no colours in a pipe" test "$(grep -c $'\033' "$tmp/tour")" = 0

printf 'a = alloc 40\nb = alloc 9999\nfree a\nfree a\nc = realloc a 10\nfree z\nfree z + 8\na = alloc 99999999999999999999\n1 = alloc 5\nalloc\ncheck\nquit\nlist\n' |
    "$hmm" demo --no-tour >"$tmp/own"
check "own calls end well" test $? = 0
own() {
    grep -qF -- "$1" "$tmp/own"
}
check "no room is told" own "  alloc: NULL, there is no free block that long"
check "a double free is refused" own "refused: HmmHeapFree: "
check "a stale realloc is refused" own "refused: HmmHeapRealloc: "
check "a name without block" own "z is no block yet"
check "a foreign pointer" own "(outside this heap)"
check "bad lines are told, each" test "$(grep -c "not understood" "$tmp/own")" = 3
check "check" own "every invariant holds"
check "quit ends it" test "$(grep -c "break at" "$tmp/own")" = 8
check "the recorded session is of today (tools/cast.py)" python3 "$(dirname "$0")/../../tools/cast.py" --check "$hmm"
"$hmm" demo --wrong >"$tmp/out" 2>&1
check "a wrong option" test $? = 2
check "is told" grep -q "no such option: --wrong" "$tmp/out"
check "help" sh -c "'$hmm' demo --help | grep -q 'usage: hmm demo'"
finish
