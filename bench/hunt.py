#!/usr/bin/env python3
"""Look for patterns of allocation on which libhmm is much worse than the best of other heaps.

Patterns are drawn at random, from a seed, and run by bench_hunt with each heap in turn. One on which libhmm takes over
--time times the best heap's CPU time, or --rss times the least peak RSS, is run again; if it stays, it is made
simpler, number by number, for as long as it stays, and printed as a command line. The same seed draws the same patterns.

A run ends after --minutes. The seed and the findings are what is worth keeping: a finding that has been mended becomes
a line of tests/script/findings.sh, which counts page faults and memory, or a test in tests/life.
"""
import argparse
import os
import random
import statistics
import tempfile
import time

from run import Bench, Failed, TOP, heaps_of

# what a number is when it plays no part
PLAIN = {"lo": 16, "hi": 1024, "two": 0, "live": 20, "cycles": 10, "keep": 0, "order": 0, "work": 0, "calloc": 0, "realloc": 0, "grow": 0,
         "align": 0, "at": 4096, "touch": 1, "threads": 1, "remote": 0, "pause": 0}
# lengths at which some heap changes its ways, and their neighbours
EDGES = [128, 256, 512, 1024, 4096, 8192, 16384, 32768, 65536, 131072, 262144, 524288, 1 << 20, 4 << 20, 16 << 20, 32 << 20, 64 << 20]
SHORT_SECONDS = 0.02  # of CPU: below that, starting the process is most of it
SMALL_KIB = 4096
MOST_BLOCKS, MOST_MIB = 1000000, 3000  # of one run
LONG_SECONDS = "8"  # a heap that takes longer is out of the comparison; libhmm's is a finding


def draw(rng):
    """A pattern: what plays a part in it is drawn, too, that not all of them are mixtures of everything."""
    p = dict(PLAIN)
    edge = rng.choice(EDGES) + rng.choice((-1, 0, 1, 17))
    p["lo"], p["hi"] = rng.choice(((16, rng.choice(EDGES)), (edge, edge), (edge, 2 * edge), (max(edge // 100, 16), edge)))
    if rng.random() < 0.2:
        p["two"] = 1
    p["live"] = rng.choice((5, 20, 60, 150, 300))
    p["cycles"] = max(2, rng.choice((300, 1000, 3000)) // p["live"])
    p["order"] = rng.randrange(3)
    p["keep"] = rng.choice((0, 0, 5, 50))
    p["work"] = rng.choice((0, 0, 50, 300))
    p["touch"] = rng.choice((0, 1, 1, 1, 2))
    for key, values in (("calloc", (10, 100)), ("realloc", (50, 100)), ("grow", (1,)), ("align", (5, 100)), ("threads", (2, 4, 16)),
                        ("remote", (1,)), ("pause", (5, 50, 200))):
        if rng.random() < 0.2:
            p[key] = rng.choice(values)
    p["at"] = rng.choice((64, 4096, 65536, 1 << 20))
    if p["pause"]:
        p["cycles"] = min(p["cycles"], 4000 // p["pause"])
    work = 1 + p["work"] / 100
    while p["live"] > 1 and p["live"] * 2**20 / (p["lo"] * p["hi"]) ** 0.5 * p["cycles"] * work > MOST_BLOCKS:
        p["live"] //= 2
    while p["cycles"] > 2 and p["live"] * p["cycles"] * work > MOST_MIB:
        p["cycles"] //= 2
    return p


def command(program, pattern):
    return [program] + ["%s=%d" % (key, value) for key, value in pattern.items() if value != PLAIN[key]]


class Hunt:
    def __init__(self, args, heaps, work):
        self.args = args
        self.heaps = heaps
        self.bench = Bench(args.build, work)
        self.program = os.path.join(args.build, "bench", "bench_hunt")
        self.n_runs = 0

    def run(self, pattern, rounds):
        """Medians of CPU time and peak RSS by heap; None for one that cannot do it."""
        seen = {name: [] for name in self.heaps}
        for _ in range(rounds):
            for name, heap in self.heaps.items():
                try:
                    seen[name].append(self.bench.run(["timeout", LONG_SECONDS] + command(self.program, pattern), heap))
                except Failed as failed:
                    if name == "libhmm":
                        print("libhmm fails: %s: %s" % (" ".join(command("bench_hunt", pattern)), failed), flush=True)
                    continue
                self.n_runs += 1
        return {name: {key: statistics.median(run[key] for run in runs) for key in ("cpu", "rss", "faults")}
                for name, runs in seen.items() if runs}

    def ratios(self, pattern, rounds):
        """libhmm's to the best other heap's: of time, of memory; and all that was measured."""
        seen = self.run(pattern, rounds)
        if "libhmm" not in seen or len(seen) < 2:
            return 0, 0, seen
        others = [figures for name, figures in seen.items() if name != "libhmm"]
        return (seen["libhmm"]["cpu"] / max(min(f["cpu"] for f in others), SHORT_SECONDS),
                seen["libhmm"]["rss"] / max(min(f["rss"] for f in others), SMALL_KIB), seen)

    def is_bad(self, ratios, which=None):
        bad = (ratios[0] > self.args.time, ratios[1] > self.args.rss)
        return any(bad) if which is None else bad[which]

    def shrink(self, pattern, which):
        """Each number becomes plain, or half, where the finding stays."""
        changed = True
        while changed:
            changed = False
            for key in pattern:
                for value in (PLAIN[key], pattern[key] // 2 if key in ("cycles", "live", "threads", "work", "pause") else PLAIN[key]):
                    simpler = dict(pattern, **{key: max(value, 1) if key in ("cycles", "live", "threads") else value})
                    larger = key == "cycles" and value > pattern[key]
                    if simpler == pattern or larger or simpler["hi"] < simpler["lo"]:
                        continue
                    if self.is_bad(self.ratios(simpler, 3), which):
                        pattern, changed = simpler, True
                        break
        return pattern

    def look(self, number, pattern):
        if not self.is_bad(self.ratios(pattern, 1)):
            return False
        ratios = self.ratios(pattern, 3)
        if not self.is_bad(ratios):
            return False
        which = 0 if ratios[0] / self.args.time > ratios[1] / self.args.rss else 1
        if not self.args.no_shrink:
            pattern = self.shrink(pattern, which)
            ratios = self.ratios(pattern, 3)
        print("%s: pattern %d of seed %d: time %.2f, peak RSS %.2f of the best" % (("time", "RSS")[which], number, self.args.seed, *ratios[:2]))
        print("    " + " ".join(command("bench_hunt", pattern)))
        for name, figures in ratios[2].items():
            print("    %-11s %7.3f s %8d KiB %8d faults" % (name, figures["cpu"], figures["rss"], figures["faults"]), flush=True)
        return True


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.path.join(TOP, "build"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--first", type=int, default=0, help="number of the seed's first pattern to run")
    parser.add_argument("--time", type=float, default=1.5)
    parser.add_argument("--rss", type=float, default=1.3)
    parser.add_argument("--no-shrink", action="store_true")
    parser.add_argument("--heaps", help="of the known heaps use these, comma separated")
    parser.add_argument("--alloc", action="append", default=[], metavar="NAME=PATH", help="a further heap")
    args = parser.parse_args()
    args.build = os.path.abspath(args.build)
    heaps = heaps_of(args, parser)
    if not os.path.exists(os.path.join(args.build, "bench", "bench_hunt")):
        parser.error("no bench_hunt in %s: cmake -DHMM_BENCH=ON" % args.build)
    end = time.time() + 60 * args.minutes
    rng = random.Random(args.seed)
    n_found = number = 0
    with tempfile.TemporaryDirectory() as work:
        hunt = Hunt(args, heaps, work)
        while time.time() < end:
            pattern = draw(rng)
            if number >= args.first:
                n_found += hunt.look(number, pattern)
            number += 1
        print("seed %d: patterns %d to %d, %d runs, %d heaps, %d findings"
              % (args.seed, args.first, number - 1, hunt.n_runs, len(heaps), n_found))


if __name__ == "__main__":
    main()
