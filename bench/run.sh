#!/bin/bash
# make bench: install the other heaps and the programs (Debian, Ubuntu), build, measure. Arguments and BENCH_ARGS
# go to bench/run.py (see --help). run.sh hunt, spike or limits (make hunt, spike, limits): no programs;
# they go to bench/hunt.py, spike.py or limits.py.
set -eu
cd "$(dirname "$0")/.."
script=run
case "${1:-}" in hunt | spike | limits) script=$1; shift ;; esac
missing=()
for pair in "libmimalloc3|libmimalloc2.0:libmimalloc.so" libjemalloc2:libjemalloc.so.2 \
    "libtcmalloc-minimal4t64|libtcmalloc-minimal4:libtcmalloc_minimal.so.4" librpmalloc1:librpmalloc.so.1; do
    ldconfig -p | grep -q "${pair#*:}" && continue
    for package in $(tr '|' ' ' <<<"${pair%%:*}"); do # the newest that this release of the system has
        [ -n "$(apt-cache search --names-only "^$package$" 2>/dev/null)" ] && { missing+=("$package"); break; }
    done
done
for pair in python3:python3 redis-server:redis-server redis-tools:redis-benchmark lua5.4:lua5.4 sqlite3:sqlite3 perl:perl g++:g++ \
    clang:clang++ ruby:ruby gawk:gawk ghostscript:gs z3:z3 libxml2-utils:xmllint git:git rocksdb-tools:db_bench; do
    [ $script != run ] && [ "$pair" != python3:python3 ] && continue
    command -v "${pair#*:}" >/dev/null || missing+=("${pair%%:*}")
done
if [ ${#missing[@]} -gt 0 ]; then
    echo "the benchmark needs: ${missing[*]}"
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null ||
        { echo "install them (Debian, Ubuntu: apt-get install ${missing[*]})"; exit 1; }
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi
cmake -S . -B build -DHMM_BENCH=ON >/dev/null
cmake --build build -j "$(nproc)" --target bench_micro bench_hunt bench_spike bench_limits bench_measure hmm >/dev/null
exec python3 bench/$script.py --build build ${BENCH_ARGS:-} "$@"
