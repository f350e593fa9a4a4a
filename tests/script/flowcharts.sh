#!/bin/bash
# flowcharts.sh BUILD: the flowcharts name only functions that the code has, and the pictures are of today's texts.
. "$(dirname "$0")/lib.sh"
cd "$(dirname "$0")/../.." || exit 2
names() {
    grep -ohE '\b(hmm_[a-z_]+|Hmm[A-Z][A-Za-z]+)\b' "$@" | sort -u
}
missing() { # NAMES: those of no function in the code
    for name in $1; do
        grep -rqE "\b$name\(" src include || echo "$name"
    done
}
for chart in alloc calloc free realloc layout states threads; do
    check "$chart: names" test -z "$(missing "$(names docs/flow/$chart.dot)")" || missing "$(names docs/flow/$chart.dot)"
    check "$chart: more than a few" test "$(names docs/flow/$chart.dot | wc -l)" -ge 3
    labels=$(sed '/^ *\/\//d' docs/flow/$chart.dot | grep -oE 'label="[^"]*"|<TD[^>]*>[^<]*' | sed 's/^label="//; s/^<TD[^>]*>//; s/"$//; s/\\n/\n/g' | sort -u)
    pictured=$(grep -oE '<text[^>]*>[^<]*</text>' docs/pictures/flow-$chart.svg | sed 's/<[^>]*>//g; s/&#39;/'"'"'/g; s/&amp;/\&/g; s/&#45;/-/g' | sort -u)
    check "$chart: the picture is of today (tools/flowcharts.sh)" test "$labels" = "$pictured" ||
        diff <(echo "$labels") <(echo "$pictured")
done
taught=$(sed -n '/^## The functions/,/^## What a/p' docs/teaching.md | grep -oE '`(hmm_[a-z_]+|Hmm[A-Za-z]+)`' | tr -d '`' | grep -vx HmmHeap | sort -u)
check "docs/teaching.md: names" test -z "$(missing "$taught")" || missing "$taught"
check "a name of no function is found" test "$(missing "hmm_no_such_function")" = hmm_no_such_function
finish
