#!/bin/bash
# make bench: install the other heaps and the programs (Debian, Ubuntu), build, measure. Arguments and BENCH_ARGS
# go to bench/run.py (see --help).
set -eu
cd "$(dirname "$0")/.."
missing=()
for pair in libmimalloc2.0:libmimalloc.so.2 libjemalloc2:libjemalloc.so.2 libtcmalloc-minimal4:libtcmalloc_minimal.so.4; do
    ldconfig -p | grep -q "${pair#*:}" || missing+=("${pair%%:*}")
done
for pair in python3:python3 redis-server:redis-server redis-tools:redis-benchmark lua5.4:lua5.4 sqlite3:sqlite3 perl:perl g++:g++; do
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
cmake --build build -j "$(nproc)" --target bench_micro bench_measure hmm >/dev/null
exec python3 bench/run.py --build build ${BENCH_ARGS:-} "$@"
