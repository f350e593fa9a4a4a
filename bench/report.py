"""Tables and a picture of the benchmark's results.

results: {benchmark: {heap: [run, ...]}}, each run {"seconds", "cpu", "rss", "faults", ...}; no runs where the
heap fails.
"""
import math
import statistics

TITLES = {"seconds": "Time", "cpu": "User and system time", "rss": "Peak RSS", "faults": "Minor page faults"}


def geomean(values):
    return math.exp(sum(map(math.log, values)) / len(values)) if values else math.nan


def median_of(runs, key):
    return statistics.median(r[key] for r in runs)


def ratios_of(runs, heap, base, key):
    """Of every round: what ran at about the same time is compared. Faults may be 0: one is added to both."""
    plus = 1 if key == "faults" else 0
    return [(a[key] + plus) / ((b[key] + plus) or 1) for a, b in zip(runs[heap], runs[base])]


def ratios(results, heap, base, key, names=None):
    """Of every benchmark: the median of its rounds."""
    return [statistics.median(ratios_of(runs, heap, base, key))
            for bench, runs in results.items() if (names is None or bench in names) and runs[heap] and runs[base]]


def shown(value, key):
    return {"seconds": "%.3fs", "cpu": "%.3fs", "rss": "%.1fM", "faults": "%d"}[key] % (value / 1024 if key == "rss" else value)


def table(results, heaps, base, key, real, out):
    out("\n%s (ratio to %s; median of the rounds, \u00b1 spread in %%; * the best)\n" % (TITLES[key], base))
    out(("%23s" % base + "".join("%-11s" % (" " + h) for h in heaps)).rstrip() + "\n")
    for bench, runs in results.items():
        medians = {h: median_of(runs[h], key) for h in heaps if runs[h]}
        line = "%-15s%8s" % (bench, shown(medians[base], key) if base in medians else "")
        best = min(medians, key=lambda h: statistics.median(ratios_of(runs, h, base, key))) if base in medians else None
        for h in heaps:
            if not (h in medians and base in medians):
                line += "%-11s" % "  fails"
                continue
            values = ratios_of(runs, h, base, key)
            spread = min(999, 50 * (max(values) - min(values)) / statistics.median(values))
            line += "%6.2f%s\u00b1%-3.0f" % (statistics.median(values), "*" if h == best else " ", spread)
        out(line.rstrip() + "\n")
    for title, names in (("geometric mean", None), ("  of the programs", real)):
        if names is None or any(b in results for b in names):
            out(("%-23s" % title + "".join("%7.3f    " % geomean(ratios(results, h, base, key, names)) for h in heaps)).rstrip() + "\n")


def against_best(results, own, heaps, limit, out):
    """How far `own` is from the best of the others, by the median of the rounds' ratios and by the fastest run: where the two
    differ, it was the machine. Marked: over the limit by both. And its RSS against the leanest."""
    out("\n%s against the best other heap of each benchmark (time: median, fastest run; peak RSS: median)\n" % own)
    for bench, runs in results.items():
        others = [h for h in heaps if h != own and runs[h]]
        if not runs[own] or not others:
            continue
        line = ""
        over = 0
        fastest = {h: min(r["seconds"] for r in runs[h]) for h in [own] + others}
        for key, to in (("seconds", lambda h: statistics.median(ratios_of(runs, own, h, "seconds"))), ("seconds", lambda h: fastest[own] / fastest[h]),
                        ("rss", lambda h: statistics.median(ratios_of(runs, own, h, "rss")))):
            best = max(others, key=to)
            ratio = to(best)
            over += key == "seconds" and ratio > limit
            line += "%8.2f %-13s" % (ratio, "(%s)" % best)
        out(("%-16s%s%s" % (bench, line, "  over %.2f" % limit if over == 2 else "")).rstrip() + "\n")


def plot(results, heaps, base, real, path):
    """Bars: geometric means of time and of peak RSS, over everything and over the programs. Needs matplotlib."""
    import matplotlib
    matplotlib.use("Agg")
    matplotlib.rcParams["svg.hashsalt"] = "hmm"  # the same picture from the same figures
    from matplotlib import pyplot
    programs = [b for b in results if b in real]
    shows = [("Time, all %d" % len(results), "seconds", None), ("Time, programs", "seconds", programs),
             ("Peak RSS, all", "rss", None), ("Peak RSS, programs", "rss", programs)]
    shows = [s for s in shows if s[2] is None or s[2]]
    figure, axes = pyplot.subplots(1, len(shows), figsize=(12, 3.2), sharey=True)
    for axis, (title, key, names) in zip(axes, shows):
        values = [geomean(ratios(results, h, base, key, names)) for h in heaps]
        colors = ["#1a7f37" if h == heaps[0] else "#9aa4b1" for h in heaps]
        bars = axis.barh(range(len(heaps)), values, color=colors)
        axis.bar_label(bars, fmt="%.2f", padding=3)
        axis.set_yticks(range(len(heaps)), heaps)
        axis.set_xlim(0, max(values) * 1.2)
        axis.invert_yaxis() if axis is axes[0] else None
        axis.set_title(title)
        axis.axvline(1, color="#d0d7de", zorder=0)
        for side in ("top", "right"):
            axis.spines[side].set_visible(False)
    figure.suptitle("Geometric means, ratio to %s; less is better" % base, y=1.0, fontsize=10)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None} if path.endswith(".svg") else None)
