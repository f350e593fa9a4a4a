#!/usr/bin/env python3
"""How far the heap's locks let programs scale: a simulation of more threads than this machine has.

Measured here: how often an operation of a pattern takes each shared lock (malloc_stats' counters, BENCH_STATS=1), how
long an operation takes alone, and how long the locks are held (bench_costs). Simulated: N threads, each on a processor of
its own, that work for a random time (exponential, as measured in the mean), then queue for the next lock, first come first
served, and hold it as long as measured; a contended hand-over costs a cache miss more. Not simulated: the memory's
bandwidth, the kernel (page faults, madvise), cache misses of data that threads share.
"""
import argparse
import heapq
import os
import random
import re
import subprocess
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# pattern -> operations it does (malloc and free count as one), threads
PATTERNS = {"replace-1m": (6e6 + 1e6, 1), "mixed-2": (8e6, 2), "bulk-fifo-4k": (1.5e6, 1), "phases": (1.2e7, 1), "large-mix": (4e4, 1), "exchange-2": (1.6e7, 2),
            "stress-2": (2 * 12 * 6e4, 2)}
RESULT = os.path.join(tempfile.gettempdir(), "hmm-scaling-%d" % os.getpid())
HAND_OVER_NS = 100  # a lock's line comes from another processor's cache


def measure(build, name, n_ops, n_threads):
    """ns of one thread per operation, and takes of each lock per operation."""
    run = [os.path.join(build, "bench", "bench_measure"), RESULT, os.path.join(build, "libhmm.so"), os.path.join(build, "bench", "bench_micro"), name]
    best = 1e9
    for _ in range(3):
        out = subprocess.run(run, env=dict(os.environ, BENCH_STATS="1"), capture_output=True, text=True, check=True)
        with open(RESULT) as f:
            best = min(best, float(f.read().split()[1]))
    os.unlink(RESULT)
    takes = {m[1]: int(m[2]) / n_ops for m in re.finditer(r"lock (\w+) = (\d+) taken", out.stderr)}
    return best * 1e9 / n_ops, takes


def simulate(n_threads, think_ns, holds, n_events=60000):
    """Operations per second of all threads, and which lock was busy how much of the time."""
    rng = random.Random(1)
    total = sum(rate for rate, _ in holds.values())
    if total == 0:
        return n_threads * 1e9 / think_ns, {}
    names = list(holds)
    weights = [holds[n][0] for n in names]
    free_at = dict.fromkeys(names, 0.0)
    busy = dict.fromkeys(names, 0.0)
    gap = think_ns / total  # mean work between two takes
    queue = [(rng.expovariate(1 / gap), t) for t in range(n_threads)]
    heapq.heapify(queue)
    now = 0.0
    for _ in range(n_events):
        now, thread = heapq.heappop(queue)
        lock = rng.choices(names, weights)[0]
        waited = free_at[lock] > now
        hold = holds[lock][1] + (HAND_OVER_NS if waited else 0)
        start = max(now, free_at[lock])
        free_at[lock] = start + hold
        busy[lock] += hold
        heapq.heappush(queue, (start + hold + rng.expovariate(1 / gap), thread))
    return n_events / total / now * 1e9, {n: min(1.0, busy[n] / now) for n in names}


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", default=os.path.join(TOP, "build"))
    args = p.parse_args()
    build = os.path.abspath(args.build)
    costs = subprocess.run([os.path.join(build, "bench", "bench_costs")], capture_output=True, text=True, check=True).stdout.split()
    costs = dict(zip(costs[::2], map(float, costs[1::2])))
    print("`pages` is held for %.0f ns per take, another short lock for %.0f. A slab made and destroyed takes %.0f ns."
          % (costs["pages"], costs["lock"], costs["slab"]))
    hold = dict.fromkeys(("states", "table", "descriptors", "meta", "registry"), costs["lock"])
    hold.update(pages=costs["pages"], grow=2000.0)
    told = ("pages", "descriptors", "grow")
    print("\n| pattern | ns per operation | takes per 1,000 operations: %s |\n|---|---|---|" % ", ".join("`%s`" % lock for lock in told))
    rows = []
    for name, (n_ops, n_threads) in PATTERNS.items():
        ns, takes = measure(build, name, n_ops, n_threads)
        holds = {lock: (takes[lock], ns_held) for lock, ns_held in hold.items() if takes.get(lock, 0) > 0}
        ns -= sum(rate * held for rate, held in holds.values())
        print("| %s | %.1f | %s |" % (name, ns, ", ".join("%.2g" % (1000 * takes.get(lock, 0)) for lock in told)))
        rows.append("| %s |" % name)
        for n in (1, 16, 64, 256):
            rate, busy = simulate(n, ns, holds)
            lock = max(busy, key=busy.get) if busy else "none"
            rows[-1] += " %.3g, %s %.0f %% |" % (rate / 1e6, lock, 100 * busy.get(lock, 0))
    print("\nMillion operations per second of all threads, and how much of the time the busiest lock is held:\n")
    print("| pattern | 1 thread | 16 | 64 | 256 |\n|---|---|---|---|---|\n" + "\n".join(rows))


main()
