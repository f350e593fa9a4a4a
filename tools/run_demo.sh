#!/bin/sh
# run_demo.sh HMM: make run. A real program, doing real work, on libc's heap and on libhmm; and what libhmm's heap did. The
# program is cmake, which the build needs anyway.
set -eu
hmm=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat >"$work/targets.cmake" <<'CMAKE'
# A list of targets grows, each target with its sources; it is sorted and summed up; then all is forgotten.
foreach(i RANGE 1 6000)
  math(EXPR j "${i} * 7919 % 9973")
  list(APPEND targets "target-${j}-of-this-project")
  string(REPEAT "src/file-${j}.cc;" 200 sources_${i})
endforeach()
list(REMOVE_DUPLICATES targets)
list(SORT targets)
list(TRANSFORM targets TOUPPER)
string(SHA256 sum "${targets}")
list(LENGTH targets n)
foreach(i RANGE 1 6000)
  unset(sources_${i})
endforeach()
unset(targets)
file(READ /proc/self/status status)
string(REGEX MATCH "VmRSS:[ \t]*([0-9]+)" unused "${status}")
message("${n} targets, SHA-256 ${sum}")
message("left KiB ${CMAKE_MATCH_1}")
CMAKE
set -- cmake -P "$work/targets.cmake"
echo "== The program: cmake, growing, sorting and dropping a list of 6,000 targets with 200 sources each"
"$hmm" run -- "$@" 2>&1 | grep targets

field() { sed -n "s/^ *$1 *//p" "$2"; }
: >"$work/libc" && : >"$work/libhmm"
for i in 1 2 3; do
    "$hmm" run --libc --summary -- "$@" >/dev/null 2>"$work/one.libc"
    LD_PRELOAD="$(dirname "$hmm")/libhmm.so" "$hmm" run --libc --summary -- "$@" >/dev/null 2>"$work/one.libhmm"
    for heap in libc libhmm; do
        one=$work/one.$heap
        echo "$(field 'user s' "$one") $(field 'system s' "$one") $(field 'peak RSS KiB' "$one") $(field 'left KiB' "$one")" >>"$work/$heap"
    done
done
echo
echo "== Time and memory, the fastest of 3 runs in turn"
printf '  %-8s %8s %12s %12s\n' heap "CPU s" "peak KiB" "left KiB"
for heap in libc libhmm; do
    awk -v heap=$heap '{s = $1 + $2} NR == 1 || s < best {best = s; peak = $3; left = $4}
        END {printf "  %-8s %8.2f %12d %12d\n", heap, best, peak, left}' "$work/$heap"
done
echo "  CPU s: user and system time. peak: the most memory at once (RSS). left: what the process"
echo "  still has after its data is gone; libhmm has given the rest back to the system."
echo
echo "== What libhmm's heap did (every call counted, which slows the program down)"
"$hmm" run --summary -- "$@" 2>&1 >/dev/null | grep -vE "targets|left KiB"
