#!/usr/bin/env python3
"""Time and memory of libhmm against other heaps, interleaved.

Every round runs every benchmark with every heap in turn, so that a slow minute of the machine meets all of
them. --together goes further: each benchmark runs with all heaps at the same time on one processor, which gives them turns of
some milliseconds, and their CPU time is compared: on a busy machine that tells differences of 1 %, where turns of
seconds tell 20 %. For benchmarks with one thread and for programs.

Reported: medians over the rounds of elapsed time, CPU time, peak RSS and minor page faults as ratios to one heap
(--base), their spread, geometric means over everything and over the real programs, and the distance from the
best. Everything goes into a JSON file; --plot makes a picture of it.
"""
import argparse
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time

import report
from programs import ALL as REAL
from programs import programs

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
KNOWN = (("mimalloc3", "libmimalloc.so.3"), ("mimalloc2", "libmimalloc.so.2"), ("jemalloc", "libjemalloc.so.2"),
         ("gperftools", "libtcmalloc_minimal.so.4"), ("rpmalloc", "librpmalloc.so.1"), ("snmalloc", "libsnmallocshim.so"))


def find_library(name):
    for folder in ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib", "/usr/local/lib", "/usr/lib64"):
        path = os.path.join(folder, name)
        if os.path.exists(path):
            return path
    return None


# patterns whose threads wait for each other: not for one processor
THREADED = ("transfer", "server", "exchange", "mixed-2", "stress", "sharing", "thread-churn")


def share(processor):
    """Before the program begins: one processor, and the longest turns that there are."""
    os.sched_setaffinity(0, [processor])
    os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


class Failed(Exception):
    """A program did not run to its end with a heap."""


class Heap:
    """What is preloaded, None for libc's own, and what is set in the environment beside it."""

    def __init__(self, library, env=()):
        self.library = library
        self.env = dict(pair.split("=", 1) for pair in env)

    def check(self, name):
        if self.library is None:
            return
        maps = subprocess.run(["cat", "/proc/self/maps"], env=dict(os.environ, LD_PRELOAD=self.library), capture_output=True, text=True)
        if maps.returncode != 0 or os.path.basename(os.path.realpath(self.library)) not in maps.stdout:
            sys.exit("bench: %s: %s was not loaded: %s" % (name, self.library, maps.stderr[-300:]))


class Bench:
    """Runs commands with a heap and reads what they took."""

    def __init__(self, build, work):
        self.measure = os.path.join(build, "bench", "bench_measure")
        self.micro = os.path.join(build, "bench", "bench_micro")
        self.work = work

    def start(self, command, heap, stdin=None, processor=None):
        env = dict(os.environ, PYTHONMALLOC="malloc", PYTHONHASHSEED="0", LC_ALL="C", GIT_CONFIG_GLOBAL="/dev/null", GIT_PAGER="cat", **heap.env)
        env.pop("LD_PRELOAD", None)
        self.result = os.path.join(self.work, "result")
        self.output = open(os.path.join(self.work, "output"), "wb+")
        return subprocess.Popen([self.measure, self.result, heap.library or "-"] + command, env=env, cwd=self.work,
                                stdin=open(stdin) if stdin else None, stdout=self.output, stderr=subprocess.PIPE,
                                preexec_fn=(lambda: share(processor)) if processor is not None else None)

    def end(self, process, command, heap):
        error = process.stderr.read()
        if process.wait() != 0:
            raise Failed("%s with %s: status %d: %s" % (command[0], heap.library or "libc", process.returncode, error.decode()[-300:]))
        with open(self.result) as f:
            seconds, cpu, rss, faults = f.read().split()
        return {"seconds": float(seconds), "cpu": float(cpu), "rss": int(rss), "faults": int(faults)}

    def run(self, command, heap, stdin=None):
        return self.end(self.start(command, heap, stdin), command, heap)

    def pattern(self, name, heap):
        done = self.run([self.micro, name], heap)
        self.output.seek(0)
        figures = re.findall(r"(\w+) ([0-9.]+)", self.output.read(400).decode())
        if figures:
            done["figures"] = {key: float(value) for key, value in figures}
        return done

    def redis(self, heap):
        """A server under the heap, the load from redis-benchmark without it. The time is the server's CPU time: the
        load's own is not the heap's."""
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = str(s.getsockname()[1])
        command = ["redis-server", "--port", port, "--save", "", "--appendonly", "no", "--bind", "127.0.0.1"]
        server = self.start(command, heap)
        for _ in range(200):
            time.sleep(0.02)
            if server.poll() is not None:
                return self.end(server, command, heap)
            if subprocess.run(["redis-cli", "-p", port, "ping"], capture_output=True).stdout == b"PONG\n":
                break
        for test, n in (("set", 100000), ("get", 60000), ("lpush", 60000), ("lpop", 60000), ("hset", 60000), ("zadd", 60000)):
            subprocess.run(["redis-benchmark", "-p", port, "-q", "-n", str(n), "-r", "50000", "-d", "200", "-P", "16", "-c", "20",
                            "-t", test], stdout=subprocess.DEVNULL, check=server.poll() is None)
        subprocess.run(["redis-cli", "-p", port, "shutdown", "nosave"], capture_output=True)
        done = self.end(server, command, heap)
        done["seconds"] = done["cpu"]
        return done


def own_commands(args, parser):
    """Those that were given: name -> (command, its standard input or None)."""
    found = {}
    for given in args.command:
        name, _, line = given.partition("=")
        line, _, stdin = line.partition("<")
        command = shlex.split(line)
        if not name or not command or shutil.which(command[0]) is None:
            parser.error("--command %s: no such program" % given)
        if stdin.strip() and not os.path.isfile(stdin.strip()):
            parser.error("--command %s: no such file: %s" % (given, stdin.strip()))
        found[name] = command, stdin.strip() or None
    return found


def benchmarks(build, work, own):
    bench = Bench(build, work)
    if own:
        return {name: (lambda heap, command=command, stdin=stdin: bench.run(command, heap, stdin)) for name, (command, stdin) in own.items()}
    listed = subprocess.run([bench.micro], capture_output=True, text=True, check=True).stdout.split()
    found = {name: (lambda heap, name=name: bench.pattern(name, heap)) for name in listed}
    for name, (command, stdin) in programs(work).items():
        found[name] = lambda heap, command=command, stdin=stdin: bench.run(command, heap, stdin)
    if shutil.which("redis-server") and shutil.which("redis-benchmark"):
        found["redis"] = bench.redis
    missing = [name for name in REAL if name not in found]
    if missing:
        print("not installed, left out: %s" % " ".join(missing), file=sys.stderr)
    return found


def heaps_of(args, parser):
    heaps = {"libhmm": Heap(os.path.join(os.path.abspath(args.build), "libhmm.so")), "glibc": Heap(None)}
    for name, library in KNOWN:
        path = find_library(library)
        if path:
            heaps[name] = Heap(path)
    if "mimalloc3" in heaps:
        heaps["mimalloc3-4k"] = Heap(heaps["mimalloc3"].library, ["MIMALLOC_ALLOW_THP=0"])
    if args.heaps:
        unknown = [h for h in args.heaps.split(",") if h not in heaps]
        if unknown:
            parser.error("--heaps: not known here: %s; known: %s" % (" ".join(unknown), " ".join(heaps)))
        heaps = {h: heaps[h] for h in args.heaps.split(",")}
    for given in args.alloc:
        name, _, rest = given.partition("=")
        path, *env = rest.split(",")
        if not os.path.exists(path):
            parser.error("--alloc %s: no such file" % given)
        heaps[name] = Heap(os.path.abspath(path), env)
    for name, heap in heaps.items():
        heap.check(name)
    return heaps


def leave_out(bench, name, why, failed, results):
    """A heap with which a benchmark fails has no runs of it."""
    print("FAILS: %s with %s: %s" % (bench, name, why), file=sys.stderr)
    failed.add((bench, name))
    results[bench][name] = []


def run_all(found, heaps, rounds):
    """Every round begins with another heap, and every program has run once before: whoever comes first must not pay for
    all."""
    results = {bench: {heap: [] for heap in heaps} for bench in found}
    order = list(heaps)
    failed = set()
    for bench in REAL:
        if bench in found:
            found[bench](Heap(None))
    for r in range(rounds):
        for bench, run in found.items():
            for name in order[r % len(order):] + order[:r % len(order)]:
                heap = heaps[name]
                if (bench, name) in failed:
                    continue
                try:
                    results[bench][name].append(run(heap))
                except Failed as why:
                    leave_out(bench, name, why, failed, results)
        print("round %d of %d done" % (r + 1, rounds), file=sys.stderr)
    return results


def run_together(build, work, names, heaps, rounds, own):
    """The same results as run_all's, of benchmarks that are one command; the time is CPU time."""
    commands, benches = {}, {}
    for name in heaps:
        folder = os.path.join(work, name)
        os.mkdir(folder)
        benches[name] = Bench(build, folder)
        commands[name] = own or programs(folder)
        commands[name].update({p: ([benches[name].micro, p], None) for p in names if p not in REAL and p not in own})
    processor = max(os.sched_getaffinity(0))
    names = [b for b in names if b != "redis" and not b.startswith(THREADED)]
    results = {bench: {heap: [] for heap in heaps} for bench in names}
    failed = set()
    order = list(heaps)
    for r in range(rounds):
        for bench in names:
            running = []
            for name in order[r % len(order):] + order[:r % len(order)]:
                if (bench, name) not in failed:
                    command, stdin = commands[name][bench]
                    running.append((name, command, benches[name].start(command, heaps[name], stdin, processor)))
            for name, command, process in running:
                try:
                    done = benches[name].end(process, command, heaps[name])
                    results[bench][name].append(dict(done, seconds=done["cpu"]))
                except Failed as why:
                    leave_out(bench, name, why, failed, results)
        print("round %d of %d done" % (r + 1, rounds), file=sys.stderr)
    return results


def print_all(results, heaps, base, out):
    for key in ("seconds", "cpu", "rss", "faults"):
        report.table(results, heaps, base, key, REAL, out)
    if "libhmm" in heaps and len(heaps) > 1:
        report.against_best(results, "libhmm", heaps, 1.05, out)
    for bench, runs in results.items():
        for heap in heaps:
            if runs[heap] and "figures" in runs[heap][0]:
                out("%-16s %-14s %s\n" % (bench, heap, " ".join("%s %g" % kv for kv in runs[heap][0]["figures"].items())))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", default=os.path.join(TOP, "build"))
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--together", action="store_true", help="all heaps at once on one processor: CPU time, of benchmarks with one thread and of programs")
    p.add_argument("--only", help="benchmarks, comma separated (prefixes)")
    p.add_argument("--command", action="append", default=[], metavar="'NAME=PROGRAM ARGUMENTS [< FILE]'",
                   help="this program only, and others so given; paths are absolute ones")
    p.add_argument("--real", action="store_true", help="the real programs only")
    p.add_argument("--heaps", help="of the known heaps use these, comma separated")
    p.add_argument("--alloc", action="append", default=[], metavar="NAME=PATH[,VARIABLE=VALUE...]", help="a further heap")
    p.add_argument("--base", default="mimalloc3", help="heap that ratios refer to; default: mimalloc3, or what comes nearest")
    p.add_argument("--json", default=None, help="default: BUILD/bench.json")
    p.add_argument("--show", metavar="JSON", help="run nothing: print the tables of an earlier run")
    p.add_argument("--plot", metavar="FILE", help="a picture, SVG or PNG by the file's name (needs python3-matplotlib)")
    args = p.parse_args()
    if args.show:
        with open(args.show) as f:
            results = json.load(f)["results"]
        heaps = list(next(iter(results.values())))
    else:
        known = heaps_of(args, p)
        heaps = list(known)
        with tempfile.TemporaryDirectory() as work:
            own = own_commands(args, p)
            found = benchmarks(os.path.abspath(args.build), work, own)
            if args.only:
                found = {b: f for b, f in found.items() if any(b.startswith(o) for o in args.only.split(","))}
            if args.real:
                found = {b: f for b, f in found.items() if b in REAL}
            if not found:
                p.error("no such benchmark")
            if args.together:
                results = run_together(os.path.abspath(args.build), work, found, known, args.rounds, own)
            else:
                results = run_all(found, known, args.rounds)
        path = args.json or os.path.join(args.build, "bench.json")
        with open(path, "w") as f:
            json.dump({"heaps": {n: [h.library, h.env] for n, h in known.items()}, "rounds": args.rounds, "machine": os.uname().machine,
                       "kernel": os.uname().release, "cores": os.cpu_count(), "results": results}, f, indent=1)
        print("\nall figures: %s" % os.path.relpath(path))
    if args.base not in heaps:
        args.base = "mimalloc2" if "mimalloc2" in heaps else heaps[-1]
    print_all(results, heaps, args.base, sys.stdout.write)
    if args.plot:
        report.plot(results, heaps, args.base, REAL, args.plot)


if __name__ == "__main__":
    main()
