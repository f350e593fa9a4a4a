#!/bin/bash
# findings.sh BUILD: patterns that `make hunt` found libhmm much worse at than others, and those of
# its limits: what they may take in page faults and memory. Both hardly depend on the machine.
build=$1
. "$(dirname "$0")/lib.sh"
[ "$(getconf PAGESIZE)" = 4096 ] || { echo "counted in pages of 4 KiB"; exit 77; }
# Huge pages come or not, as the machine likes: so never, or however slow they are.
measure() { # OPTIONS PATTERN: prints KiB at most, and page faults
    local options=$1
    shift
    HMM_OPTIONS=$options "$build/bench/bench_measure" "$tmp/result" "$build/libhmm.so" "$build/bench/bench_hunt" "$@" || return
    awk '{print int($3), int($4)}' "$tmp/result"
}
while IFS='|' read -r huge faults mib pattern; do
    # shellcheck disable=SC2086
    read -r kib_taken faults_taken < <(measure "$huge" $pattern)
    echo "$pattern: $faults_taken page faults (at most $faults), $((kib_taken / 1024)) MiB (at most $mib)"
    check "$pattern: ran" [ "${faults_taken:-0}" -gt 100 ]
    check "$pattern: page faults" [ "${faults_taken:-0}" -le "$faults" ]
    check "$pattern: memory" [ "${kib_taken:-0}" -le $((mib * 1024)) ]
done <<'PATTERNS'
huge_min=0|7000|14|lo=164 hi=16401 live=5 cycles=60 order=1 realloc=50
huge_slow_us=100000000|9000|24|lo=327 hi=32768 live=10 cycles=150 order=2 work=50 grow=1 touch=0 threads=16 pause=5
huge_min=0|25000|80|lo=32785 hi=32785 live=60 cycles=2 keep=50 realloc=50
huge_min=0|45000|75|lo=4096 hi=4096 live=60 cycles=30
huge_min=0|45000|75|lo=16000 hi=16000 live=60 cycles=30 keep=50
huge_min=0|45000|75|lo=32768 hi=32768 live=60 cycles=30
huge_min=0|45000|75|lo=4000 hi=4000 live=60 cycles=30 keep=5
huge_min=0|20000|40|lo=32768 hi=32769 two=1 live=20 cycles=20 realloc=100
huge_min=0|5000|10|lo=16384 hi=16384 two=1 live=5 cycles=8 order=1 pause=200
huge_min=0|120000|170|lo=1048576 hi=4194304 live=100 cycles=30
huge_min=0|30000|70|lo=8192 hi=8192 live=10 cycles=50 work=300 align=100 at=65536
huge_min=0|23000|30|lo=65536 hi=65536 live=20 cycles=4 pause=650
huge_slow_us=100000000|52500|210|lo=104857600 hi=104857600 live=200 cycles=1
huge_min=0|20000|75|lo=1000 hi=1000 live=60 keep=80 order=2 cycles=12 pause=350
huge_min=0|125000|165|lo=157286400 hi=157286400 live=150 cycles=6
huge_min=0|31000|42|lo=335544 hi=33554449 cycles=50 work=50 at=64
PATTERNS
finish
