#!/usr/bin/env python3
"""How much memory stays resident after a spike: bench_spike with each heap, its RSS watched from outside.

Each shape is run with each heap in turn, --rounds times. Printed, as medians of the rounds: the RSS when 20 MB are live, before
the spike; the highest; when the spike has been freed; 0.5 and 2 s later. Then, of one more run, how many of the calls took long
(the thread's CPU time, in which interrupts count, too). --plot draws the RSS over time, of the median round.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time

from run import TOP, heaps_of

SHAPES = {"hits": "then pairs of small blocks", "sleep": "then asleep", "threads": "of 8 threads, 7 asleep then",
          "pinned": "with live blocks between", "large": "of large blocks"}
LOOKS = (0.004, 0.5, 2.0)  # seconds after the spike has been freed
BOUNDS_US = (10, 100, 1000)


def rss(pid):
    try:
        with open("/proc/%d/statm" % pid) as f:
            return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0


def start(build, heap, shape, mib, **env):
    environment = dict(os.environ, **heap.env, **env)
    environment.pop("LD_PRELOAD", None)
    if heap.library:
        environment["LD_PRELOAD"] = heap.library
    return subprocess.Popen([os.path.join(build, "bench", "bench_spike"), shape, str(mib)], env=environment, stdout=subprocess.PIPE, text=True)


def watch(build, heap, shape, mib):
    """When it began, and the RSS in bytes over time; seconds, 0 is when all had been freed."""
    child = start(build, heap, shape, mib)
    looks = []
    while child.poll() is None:
        looks.append((time.monotonic(), rss(child.pid)))
        time.sleep(0.004)
    times = dict(line.split() for line in child.stdout.read().splitlines())
    if child.returncode != 0 or "freed" not in times:
        sys.exit("bench: spike %s with %s: status %d" % (shape, heap.library or "libc", child.returncode))
    freed = float(times["freed"])
    return {"begun": float(times["begun"]) - freed, "looks": [(at - freed, n) for at, n in looks if n]}


def at(run, seconds):
    return min(run["looks"], key=lambda look: abs(look[0] - seconds))[1]


def times_of(build, heap, shape, mib):
    """{"mallocs"|"frees": (calls of less than 2^i ns, [us] the longest)}"""
    child = start(build, heap, shape, mib, BENCH_TIMES="1")
    found = {}
    for line in child.communicate()[0].splitlines():
        words = line.split()
        if words[0] in ("mallocs", "frees"):
            found[words[0]] = [int(w) for w in words[1:-2]], float(words[-1])
    return found


def share_over(counts, us):
    """Calls that took longer, of a million; the bound is rounded to a power of two of nanoseconds."""
    first = next(i for i in range(len(counts)) if 2 ** i >= us * 1000)
    return 1e6 * sum(counts[first + 1:]) / max(1, sum(counts))


def print_table(results, heaps):
    print("\nRSS in MB: before the spike, the highest / when it has been freed / 0.5 s / 2 s later")
    print("| heap | " + " | ".join("%s" % s for s in SHAPES) + " |\n|---|" + "---|" * len(SHAPES))
    for heap in heaps:
        cells = []
        for shape in SHAPES:
            runs = results[shape][heap]
            figures = [at(run, run["begun"] + 0.02) for run in runs], [max(n for _, n in run["looks"]) for run in runs], *([at(run, s) for run in runs] for s in LOOKS)
            figures = ["%.0f" % (statistics.median(f) / 1e6) for f in figures]
            cells.append("%s, %s" % (figures[0], " / ".join(figures[1:])))
        print("| %s | %s |" % (heap, " | ".join(cells)))


def print_times(times, heaps):
    print("\nCalls of the spike that took longer than so many us, of a million; the longest, us")
    print("| heap | " + " | ".join("%s: %s" % (shape, who) for shape in SHAPES for who in ("mallocs", "frees")) + " |\n|---|" + "---|" * 2 * len(SHAPES))
    for heap in heaps:
        cells = []
        for shape in SHAPES:
            for who in ("mallocs", "frees"):
                counts, longest = times[shape][heap][who]
                cells.append(" / ".join("%.0f" % share_over(counts, us) for us in BOUNDS_US) + "; %.0f" % longest)
        print("| %s | %s |" % (heap, " | ".join(cells)))
    print("bounds: %s us" % " / ".join(map(str, BOUNDS_US)))


def thin(looks):
    """Without those in a row that show nothing new: the picture is smaller."""
    kept = looks[:1]
    for before, look in zip(looks, looks[1:]):
        if abs(look[1] - kept[-1][1]) > 8:
            kept += [before, look]
    return kept + looks[-1:]


def plot(results, heaps, path):
    import matplotlib
    matplotlib.use("Agg")
    matplotlib.rcParams.update({"svg.hashsalt": "hmm", "svg.fonttype": "none"})  # the same picture from the same figures
    from matplotlib import pyplot
    colors = ["#1a7f37", "#57606a", "#0969da", "#8250df", "#bf3989", "#bc4c00", "#9a6700", "#6e7781"]
    figure, axes = pyplot.subplots(1, len(SHAPES), figsize=(14, 3.4), sharey=True)
    for axis, (shape, what) in zip(axes, SHAPES.items()):
        for i, heap in reversed(list(enumerate(heaps))):
            runs = sorted(results[shape][heap], key=lambda run: at(run, 2.0))
            looks = [(s, n / 1e6) for s, n in runs[len(runs) // 2]["looks"] if -0.3 <= s <= 2.5]
            axis.plot(*zip(*thin(looks)), label=heap, color=colors[i % len(colors)], linewidth=2.4 if i == 0 else 1.1, zorder=3 if i == 0 else 2)
        axis.set_title("%s" % what, fontsize=9)
        axis.set_xlabel("seconds after the spike was freed", fontsize=8)
        axis.tick_params(labelsize=8)
        for side in ("top", "right"):
            axis.spines[side].set_visible(False)
    axes[0].set_ylabel("RSS, MB", fontsize=8)
    axes[0].set_ylim(0, 1.03 * max(n for runs in results.values() for r in runs.values() for run in r for _, n in run["looks"]) / 1e6)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles[::-1], labels[::-1], loc="lower center", ncol=len(heaps), fontsize=8, frameon=False)
    figure.tight_layout(rect=(0, 0.07, 1, 1))
    figure.savefig(path, metadata={"Date": None} if path.endswith(".svg") else None)


def report_all(results, times, args):
    heaps = list(results["hits"])
    print_table(results, heaps)
    print_times(times, heaps)
    if args.plot:
        plot(results, heaps, args.plot)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", default=os.path.join(TOP, "build"))
    p.add_argument("--heaps", help="these only, by comma")
    p.add_argument("--alloc", action="append", default=[], metavar="NAME=LIBRARY[,ENV=VALUE]", help="another heap")
    p.add_argument("--mib", type=int, default=1000, help="of the spike")
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--json", help="write the figures there")
    p.add_argument("--show", metavar="JSON", help="run nothing: print and draw an earlier run")
    p.add_argument("--plot", help="draw RSS over time into this file (matplotlib)")
    args = p.parse_args()
    if args.show:
        with open(args.show) as f:
            found = json.load(f)
        report_all(found["results"], found["times"], args)
        return
    build = os.path.abspath(args.build)
    heaps = heaps_of(args, p)
    results = {shape: {heap: [] for heap in heaps} for shape in SHAPES}
    times = {shape: {} for shape in SHAPES}
    for r in range(args.rounds):
        for shape in SHAPES:
            for name, heap in heaps.items():
                results[shape][name].append(watch(build, heap, shape, args.mib))
        print("round %d of %d done" % (r + 1, args.rounds), file=sys.stderr)
    for shape in SHAPES:
        for name, heap in heaps.items():
            times[shape][name] = times_of(build, heap, shape, args.mib)
    if args.json:
        with open(args.json, "w") as f:
            json.dump({"results": results, "times": times}, f)
    report_all(results, times, args)


main()
