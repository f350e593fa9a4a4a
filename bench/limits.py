#!/usr/bin/env python3
"""What is worst for libhmm's limits: each pattern of bench_limits with each heap in turn, --rounds times.

Printed: medians of CPU time per operation, of the peak RSS, and of page faults; libhmm's time and RSS as ratios to the best
of the others.
"""
import argparse
import os
import statistics
import subprocess
import sys
import tempfile

from run import TOP, heaps_of


def run(build, heap, pattern):
    environment = dict(os.environ, **heap.env)
    environment.pop("LD_PRELOAD", None)
    with tempfile.NamedTemporaryFile() as result:
        command = [os.path.join(build, "bench", name) for name in ("bench_measure", "bench_limits")]
        done = subprocess.run([command[0], result.name, heap.library or "-", command[1], pattern], env=environment, capture_output=True, text=True)
        figures = result.read().split()
    words = done.stdout.split()
    if done.returncode != 0 or len(words) != 2 or len(figures) != 4:
        sys.exit("bench: limits %s with %s: status %d: %s" % (pattern, heap.library or "libc", done.returncode, done.stderr[-300:]))
    return [float(words[1]), float(figures[2]), float(figures[3])]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", default=os.path.join(TOP, "build"))
    p.add_argument("--heaps", help="these only, by comma")
    p.add_argument("--alloc", action="append", default=[], metavar="NAME=LIBRARY[,ENV=VALUE]", help="another heap")
    p.add_argument("--only", help="these patterns, by comma")
    p.add_argument("--rounds", type=int, default=3)
    args = p.parse_args()
    build = os.path.abspath(args.build)
    heaps = heaps_of(args, p)
    listed = subprocess.run([os.path.join(build, "bench", "bench_limits")], capture_output=True, text=True, check=True).stdout.split()
    patterns = args.only.split(",") if args.only else listed
    if set(patterns) - set(listed):
        p.error("--only: known are %s" % " ".join(listed))
    print("ns, MB, page faults: | " + " | ".join(heaps) + " | time, RSS against the best")
    for pattern in patterns:
        runs = {name: [] for name in heaps}
        for _ in range(args.rounds):
            for name, heap in heaps.items():
                runs[name].append(run(build, heap, pattern))
        medians = {name: [statistics.median(column) for column in zip(*r)] for name, r in runs.items()}
        others = [m for name, m in medians.items() if name != "libhmm"]
        ratios = ""
        if "libhmm" in medians and others:
            ratios = ", ".join("%.2f" % (medians["libhmm"][i] / min(m[i] for m in others)) for i in (0, 1))
        print("%s | %s | %s" % (pattern, " | ".join("%.0f, %.1f, %.0f" % (m[0], m[1] / 1024, m[2]) for m in medians.values()), ratios), flush=True)


main()
