#!/bin/bash
# lint_layers.sh [TREE]: includes point downwards only, in the order that src/README.md and its folders state; no #if but
# include guards between port and hosted; atomics name their order; no stdio or malloc below hosted; no file over 500 lines.
top=${1:-$(cd "$(dirname "$0")/.." && pwd)}
here=$(cd "$(dirname "$0")" && pwd)
cd "$top/src" || exit 2
bad=0
say() {
    echo "$*"
    bad=1
}
declare -A rank
while read -r module; do
    rank[$module]=$((${#rank[@]} + 1))
done < <("$here/layers.sh" "$top")
# A file may include its own module's header and those of lower ones.
rank_of() { # its rank, in `is`
    local module=${1%.[ch]}
    case $module in
    port/*/end) module=port/end ;;
    port_inline | */port_inline | syscall | */syscall | port/board) module=port/port ;;
    port/*/* | filter | clock) module=port/system ;;
    process/*/* | hosted/*/*) module=${module%%/*}/${module##*/} ;;
    base/sizeclass_table) module=base/sizeclass ;;
    hmm) module=process/process ;; # the public headers stand for themselves
    hmm_heap) module=blocks/blocks_resize ;;
    esac
    is=${rank[$module]:-unknown}
}
for file in */*.[ch] */*/*.[ch]; do
    rank_of "$file"
    [ "$is" = unknown ] && say "src/$file: in no order (README.md of its folder)"
done
while IFS=: read -r file included; do
    included=${included#*\"} included=${included%%\"*}
    case $included in *.def) continue ;; esac
    rank_of "$file"
    own=$is
    rank_of "$included"
    if [ "$is" = unknown ] || [ "$own" = unknown ] || [ "$is" -gt "$own" ]; then
        say "src/$file includes \"$included\": up the layers"
    fi
done < <(grep -H '^#include "' */*.[ch] */*/*.[ch])
while read -r lines file; do
    [ "$file" = total ] || [ "$lines" -le 500 ] || say "src/$file: $lines lines"
done < <(wc -l */*.[ch] */*/*.[ch])
inner=$(printf '%s/*.[ch] ' memory slabs arenas heap blocks api)
grep -nE '^[[:space:]]*#[[:space:]]*(if|ifdef|elif)\b' $inner && say "#if between port and hosted"
grep -nE '\batomic_(load|store|exchange|fetch_[a-z]+|compare_exchange_(weak|strong))\(' ./*/*.[ch] ./*/*/*.[ch] &&
    say "an atomic without its order"
grep -nE '#include <(stdio|stdlib|locale|pthread)\.h>' base/*.[ch] $inner && say "libc's heap, stdio or threads below process"
[ $bad = 0 ]
