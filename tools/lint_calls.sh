#!/bin/bash
# lint_calls.sh OBJECTS [TREE]: calls point downwards only, as src/README.md and its folders state the order: no object in the
# folder OBJECTS (of CMake) needs a symbol that one of a higher module defines. Prints each that does.
objects=$1
here=$(cd "$(dirname "$0")" && pwd)
top=${2:-$here/..}
{
    "$here/layers.sh" "$top" | awk '{print $1, "rank", NR}'
    find "$objects" -name "*.c.o" 2>/dev/null | while read -r object; do
        source=src/${object##*/src/}
        [ ! -e "$top/${source%.o}" ] || echo "$object" # else left over of a file that was moved
    done | xargs -r -d '\n' nm -A | awk '{ # module, U or D, symbol
        colon = index($0, ".o:")
        module = substr($0, 1, colon - 3) # without .c
        sub(/^.*\/src\//, "", module)
        n = split(module, part, "/")
        if (n == 3) module = part[1] "/" (part[1] != "port" || part[3] == "end" ? part[3] : "system")
        if (module == "base/sizeclass_table") module = "base/sizeclass"
        $0 = substr($0, colon + 3)
        if (NF == 2 && $1 ~ /[Uw]/) print module, "U", $2
        if (NF == 3 && $2 ~ /[TDBRVWC]/) print module, "D", $3
    }'
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
