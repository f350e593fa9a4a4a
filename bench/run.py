#!/usr/bin/env python3
"""Time and memory of libhmm against other heaps, interleaved.

Every round runs every benchmark with every heap in turn, so that a slow minute of the machine meets all of
them. Reported: medians over the rounds of elapsed time and peak RSS, as ratios to one heap (--base), their
spread (largest / smallest), geometric means, and minor page faults. Everything goes into a JSON file.
"""
import argparse
import json
import math
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

PYTHON = r"""
import random, json
random.seed(3)
class N:
    __slots__ = ("l", "r", "v")
    def __init__(self, v): self.l = self.r = None; self.v = v
def insert(root, v):
    while True:
        side = "l" if v < root.v else "r"
        n = getattr(root, side)
        if n is None: setattr(root, side, N(v)); return
        root = n
root = N(0.5)
for _ in range(60000): insert(root, random.random())
d = {}
for i in range(200000): d.setdefault(str(i % 7919), []).append((i, str(i)))
s = json.dumps(list(d.items())[:4000]); json.loads(s)
x = [list(range(i % 60)) for i in range(60000)]
x.sort(key=len)
print(len(s), sum(map(len, x)))
"""
LUA = r"""
local t = {}
for r = 1, 6 do
  for i = 1, 120000 do t[i] = {i, tostring(i * r), {x = i}} end
  local s = {}
  for i = 1, #t, 2 do s[#s + 1] = t[i][2] .. r end
  print(#table.concat(s))
end
local function tree(d) if d == 0 then return {} end return {tree(d - 1), tree(d - 1)} end
for i = 1, 6 do tree(15) end
"""
PERL = r"""
my (%h, @l); srand(1);
for my $i (1 .. 400000) { my $k = "k" . ($i * 7919 % 50021); $h{$k} .= chr(65 + $i % 26); push @{$l[$i % 997]}, "$i:$k"; }
my @s = sort { length $h{$a} <=> length $h{$b} || $a cmp $b } keys %h;
my $n = 0; for my $a (@l) { for (@$a) { my ($x, $y) = split /:/; $n += $x if exists $h{$y} } }
print scalar(@s), " $n\n";
"""
SQL = """
create table t(a integer primary key, b text, c real);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 250000)
  insert into t select i, hex(i * 7919) || printf('%08d', i * 31 % 100003), i * 0.37 from n;
create index ib on t(b);
select count(*), max(b) from t group by substr(b, 1, 2) order by 1 limit 3;
select count(*) from t x join t y on x.a = y.a + 1 where x.b > y.b;
update t set b = b || 'x' where a % 3 = 0;
delete from t where a % 5 = 0;
select count(*), sum(length(b)) from t;
"""
CXX = r"""
#include <algorithm>
#include <functional>
#include <iostream>
#include <map>
#include <regex>
#include <sstream>
#include <string>
#include <unordered_map>
#include <vector>
template <int N> struct Fib { static constexpr long value = Fib<N - 1>::value + Fib<N - 2>::value; };
template <> struct Fib<0> { static constexpr long value = 0; };
template <> struct Fib<1> { static constexpr long value = 1; };
int main() {
  std::map<std::string, std::vector<int>> m; std::unordered_map<long, std::string> u;
  std::regex r("a(b|c)*d"); std::ostringstream o; o << Fib<60>::value;
  std::vector<std::function<int(int)>> f; for (int i = 0; i < 9; i++) f.push_back([i](int x) { return x + i; });
  std::sort(f.begin(), f.end(), [](auto &a, auto &b) { return a(1) < b(1); });
  std::cout << m.size() << u.size() << std::regex_match("abcd", r) << o.str();
}
"""


def find_library(name):
    for folder in ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib", "/usr/local/lib", "/usr/lib64"):
        path = os.path.join(folder, name)
        if os.path.exists(path):
            return path
    return None


class Bench:
    """Runs commands with a heap and reads what they took."""

    def __init__(self, build, work):
        self.measure = os.path.join(build, "bench", "bench_measure")
        self.work = work

    def start(self, command, library, stdin=None):
        env = dict(os.environ, PYTHONMALLOC="malloc", PYTHONHASHSEED="0", LC_ALL="C")
        env.pop("LD_PRELOAD", None)
        self.result = os.path.join(self.work, "result")
        return subprocess.Popen([self.measure, self.result, library or "-"] + command, env=env, cwd=self.work, stdin=stdin,
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def end(self, process, command, library):
        error = process.stderr.read()
        if process.wait() != 0:
            sys.exit("bench: %s with %s: status %d: %s" % (command, library or "libc", process.returncode, error.decode()[-500:]))
        with open(self.result) as f:
            seconds, cpu, rss, faults = f.read().split()
        return {"seconds": float(seconds), "cpu": float(cpu), "rss": int(rss), "faults": int(faults)}

    def run(self, command, library, stdin=None):
        return self.end(self.start(command, library, stdin and open(stdin)), command, library)

    def redis(self, library):
        """A server under the heap, the load from redis-benchmark without it. The time is the server's CPU time: the
        load's own is not the heap's."""
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = str(s.getsockname()[1])
        command = ["redis-server", "--port", port, "--save", "", "--appendonly", "no", "--bind", "127.0.0.1"]
        server = self.start(command, library)
        for _ in range(200):
            time.sleep(0.02)
            if subprocess.run(["redis-cli", "-p", port, "ping"], capture_output=True).stdout == b"PONG\n":
                break
        for test, n in (("set", 100000), ("get", 60000), ("lpush", 60000), ("lpop", 60000), ("hset", 60000), ("zadd", 60000)):
            subprocess.run(["redis-benchmark", "-p", port, "-q", "-n", str(n), "-r", "50000", "-d", "200", "-P", "16", "-c", "20",
                            "-t", test], stdout=subprocess.DEVNULL, check=True)
        subprocess.run(["redis-cli", "-p", port, "shutdown", "nosave"], capture_output=True)
        done = self.end(server, command, library)
        done["seconds"] = done["cpu"]
        return done


def benchmarks(build, work):
    bench = Bench(build, work)
    micro = os.path.join(build, "bench", "bench_micro")
    listed = subprocess.run([micro], capture_output=True, text=True, check=True).stdout.split()
    found = {name: (lambda lib, name=name: bench.run([micro, name], lib)) for name in listed}
    for name, text in (("b.py", PYTHON), ("b.lua", LUA), ("b.pl", PERL), ("b.sql", SQL), ("b.cc", CXX)):
        with open(os.path.join(work, name), "w") as f:
            f.write(text)
    at = lambda name: os.path.join(work, name)
    found["python"] = lambda lib: bench.run([shutil.which("python3", path="/usr/bin:/bin") or "python3", at("b.py")], lib)
    found["lua"] = lambda lib: bench.run(["lua5.4", at("b.lua")], lib)
    found["perl"] = lambda lib: bench.run(["perl", at("b.pl")], lib)
    found["sqlite"] = lambda lib: bench.run(["sqlite3", ":memory:"], lib, at("b.sql"))
    cc1plus = subprocess.run(["g++", "-print-prog-name=cc1plus"], capture_output=True, text=True, check=True).stdout.strip()
    subprocess.run(["g++", "-std=c++17", "-E", at("b.cc"), "-o", at("b.ii")], check=True)
    found["gcc"] = lambda lib: bench.run([cc1plus, "-quiet", "-fpreprocessed", "-std=c++17", "-O2", at("b.ii"), "-o", "/dev/null"], lib)
    found["redis"] = lambda lib: bench.redis(lib)
    return found


def check_loaded(name, library):
    maps = subprocess.run(["cat", "/proc/self/maps"], env=dict(os.environ, LD_PRELOAD=library), capture_output=True, text=True).stdout
    if os.path.basename(os.path.realpath(library)) not in maps:
        sys.exit("bench: %s: %s was not loaded" % (name, library))


def geomean(values):
    return math.exp(sum(map(math.log, values)) / len(values))


def table(title, results, heaps, base, key, out):
    out("\n%s (ratio to %s; median of the rounds, +- spread in %%)\n" % (title, base))
    out("%-16s %10s " % ("", base) + "".join("%16s" % h for h in heaps) + "\n")
    ratios = {h: [] for h in heaps}
    for bench, runs in results.items():
        medians = {h: statistics.median(r[key] for r in runs[h]) for h in heaps}
        unit = "%9.3fs" % medians[base] if key == "seconds" else "%9.1fM" % (medians[base] / 1024)
        line = "%-16s %10s " % (bench, unit)
        best = min(medians.values())
        for h in heaps:
            ratio = medians[h] / medians[base]
            ratios[h].append(ratio)
            values = [r[key] for r in runs[h]]
            spread = 50 * (max(values) - min(values)) / medians[h]
            line += "%10.2f%s+-%-3.0f" % (ratio, "*" if medians[h] == best else " ", spread)
        out(line + "\n")
    out("%-27s " % "geometric mean" + "".join("%10.3f      " % geomean(ratios[h]) for h in heaps) + "\n")


def against_best(results, own, heaps, out):
    """How far `own` is from the best of the others, by the median and by the fastest run: where the two differ, it was
    the machine. Marked: over 1.15 by both."""
    others = [h for h in heaps if h != own]
    out("\n%s against the best other heap of each benchmark (time: median, fastest run)\n" % own)
    for bench, runs in results.items():
        line = ""
        over = 0
        for pick in (statistics.median, min):
            time_of = {h: pick(r["seconds"] for r in runs[h]) for h in heaps}
            best = min(others, key=time_of.get)
            ratio = time_of[own] / time_of[best]
            over += ratio > 1.15
            line += "%10.2f (%s)" % (ratio, best)
        out("%-16s%s%s\n" % (bench, line, "   over 1.15" if over == 2 else ""))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", default=os.path.join(TOP, "build"))
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--only", help="benchmarks, comma separated (prefixes)")
    p.add_argument("--heaps", help="of the known heaps use these, comma separated")
    p.add_argument("--alloc", action="append", default=[], metavar="NAME=PATH", help="a further heap")
    p.add_argument("--base", default="mimalloc")
    p.add_argument("--json", default=None, help="default: BUILD/bench.json")
    args = p.parse_args()
    build = os.path.abspath(args.build)
    heaps = {"libhmm": os.path.join(build, "libhmm.so"), "glibc": None}
    for name, library in (("mimalloc", "libmimalloc.so.2"), ("jemalloc", "libjemalloc.so.2"), ("tcmalloc", "libtcmalloc_minimal.so.4")):
        path = find_library(library)
        if path:
            heaps[name] = path
    if args.heaps:
        heaps = {h: heaps[h] for h in args.heaps.split(",")}
    for pair in args.alloc:
        name, _, path = pair.partition("=")
        if not os.path.exists(path):
            p.error("--alloc %s: no such file" % pair)
        heaps[name] = os.path.abspath(path)
    if args.base not in heaps:
        args.base = list(heaps)[-1]
    for name, library in heaps.items():
        if library:
            check_loaded(name, library)
    with tempfile.TemporaryDirectory() as work:
        found = benchmarks(build, work)
        if args.only:
            found = {b: f for b, f in found.items() if any(b.startswith(o) for o in args.only.split(","))}
        results = {b: {h: [] for h in heaps} for b in found}
        for r in range(args.rounds):
            for bench, run in found.items():
                for name, library in heaps.items():
                    results[bench][name].append(run(library))
            print("round %d of %d done" % (r + 1, args.rounds), file=sys.stderr)
    order = list(heaps)
    table("Time", results, order, args.base, "seconds", sys.stdout.write)
    table("Peak RSS", results, order, args.base, "rss", sys.stdout.write)
    if "libhmm" in heaps and len(heaps) > 1:
        against_best(results, "libhmm", heaps, sys.stdout.write)
    path = args.json or os.path.join(build, "bench.json")
    with open(path, "w") as f:
        json.dump({"heaps": heaps, "rounds": args.rounds, "machine": os.uname().machine, "cores": os.cpu_count(), "results": results}, f, indent=1)
    print("\nall figures: %s" % os.path.relpath(path))


main()
