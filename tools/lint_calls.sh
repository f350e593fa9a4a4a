#!/bin/bash
# lint_calls.sh OBJECTS [TREE]: calls point downwards only, as src/README.md and its folders state the order: no object in the
# folder OBJECTS (of CMake) needs a symbol that one of a higher module defines. Prints each that does.
objects=$1
here=$(cd "$(dirname "$0")" && pwd)
top=${2:-$here/..}
symbols() { # of one object: module, U or D, symbol
    local module=${1##*/src/}
    module=${module%.c.o}
    case $module in port/*/end) module=port/end ;; port/*/*) module=port/system ;; */*/*) module=${module%%/*}/${module##*/} ;; base/sizeclass_table) module=base/sizeclass ;; esac
    nm "$1" | awk -v m="$module" 'NF == 2 && $1 ~ /[Uw]/ {print m, "U", $2} NF == 3 && $2 ~ /[TDBRVWC]/ {print m, "D", $3}'
}
{
    "$here/layers.sh" "$top" | awk '{print $1, "rank", NR}'
    find "$objects" -name "*.c.o" | while read -r object; do
        source=src/${object##*/src/}
        [ ! -e "$top/${source%.o}" ] || symbols "$object" # left over of a file that was moved
    done
} | awk '
    $2 == "rank" {rank[$1] = $3; next}
    !($1 in rank) && !told[$1]++ {print "src/" $1 ": in no order (README.md of its folder)"; bad = 1}
    $2 == "D" {by[$3] = $1}
    $2 == "U" {n++; from[n] = $1; needs[n] = $3}
    END {
        for (i = 1; i <= n; i++) { # names that libc has too are the program'"'"'s to decide about, wherever they are defined
            if (needs[i] !~ /^[Hh]mm/ || !(needs[i] in by)) continue
            calls++
            if (rank[by[needs[i]]] > rank[from[i]]) {print "src/" from[i] " needs " needs[i] " of src/" by[needs[i]] ": up the layers"; bad = 1}
        }
        if (calls < 100) {print "lint_calls.sh: only " calls + 0 " calls found"; bad = 1}
        exit bad
    }'
