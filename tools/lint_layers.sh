#!/bin/bash
# lint_layers.sh [TREE]: includes point downwards only; no #if but include guards in core and api; atomics
# name their order; no stdio or malloc below hosted; no file over 500 lines.
top=${1:-$(cd "$(dirname "$0")/.." && pwd)}
cd "$top/src" || exit 2
bad=0
say() {
    echo "$*"
    bad=1
}
# The order; a file may include its own rank and lower ones.
rank_of() {
    case $1 in
    base/*) echo 0 ;;
    port/* | port_inline.h | syscall.h | filter.h) echo 10 ;;
    core/lock.* | core/fatal.* | core/pagemap.* | core/blocks.* | core/blocks_list.* | core/blocks_parts.* | core/blocks_resize.* | core/blocks_search.* | core/blocks_init.* | core/blocks_check.*) echo 20 ;;
    core/meta.*) echo 21 ;;
    core/brk.* | core/runtree.*) echo 22 ;;
    core/pages.* | core/pieces.*) echo 23 ;;
    core/decay.* | core/huge.* | core/move.* | core/states.*) echo 24 ;;
    core/slab.*) echo 25 ;;
    core/magazine.*) echo 26 ;;
    core/arena.* | core/gate.* | core/bin.* | core/depot.* | core/sweep.* | core/remote.*) echo 27 ;;
    core/large.*) echo 28 ;;
    core/heap.* | core/misuse.* | core/fork.*) echo 29 ;;
    core/walk.* | core/check.*) echo 30 ;;
    aside/*) echo 35 ;;
    hmm.h | hmm_heap.h) echo 39 ;;
    api/*) echo 40 ;;
    hosted/*) echo 50 ;;
    *) echo unknown ;;
    esac
}
for file in */*.[ch] port/*/*.[ch]; do
    rank=$(rank_of "$file")
    [ "$rank" = unknown ] && say "src/$file: in no layer (tools/lint_layers.sh)"
    while read -r included; do
        other=$(rank_of "$included")
        if [ "$other" = unknown ] || [ "$other" -gt "$rank" ]; then
            say "src/$file includes \"$included\": up the layers"
        fi
    done < <(sed -n 's/^#include "\([^"]*\)".*/\1/p' "$file" | grep -v '\.def$')
    lines=$(wc -l <"$file")
    [ "$lines" -le 500 ] || say "src/$file: $lines lines"
done
grep -nE '^[[:space:]]*#[[:space:]]*(if|ifdef|elif)\b' core/*.[ch] api/*.[ch] && say "#if in core or api"
grep -nE '\batomic_(load|store|exchange|fetch_[a-z]+|compare_exchange_(weak|strong))\(' ./*/*.[ch] ./port/*/*.[ch] &&
    say "an atomic without its order"
grep -nE '#include <(stdio|stdlib|locale|pthread)\.h>' core/*.[ch] base/*.[ch] api/*.[ch] &&
    say "libc's heap, stdio or threads below hosted"
[ $bad = 0 ]
