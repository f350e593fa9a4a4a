"""The real programs of the benchmark: what each is given to do.

Inputs are made here, the same in every run. A program that is not installed is left out, by name.
"""
import os
import random
import shutil
import subprocess

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
RUBY = r"""
h = {}
250000.times { |i| (h["k#{i * 7919 % 50021}"] ||= []) << "#{i}:" + "x" * (i % 80) }
p h.map { |k, v| [k, v.map(&:length).sum] }.sort_by { |k, n| [-n, k] }.first(3)
Tree = Struct.new(:l, :r)
def tree(d) = d == 0 ? nil : Tree.new(tree(d - 1), tree(d - 1))
4.times { tree(16) }
s = +""; 200000.times { |i| s << i.to_s << "," }
p s.split(",").each_slice(7).map { |a| a.join("-").to_sym.length }.sum
"""
GAWK = r"""
BEGIN {
  for (i = 1; i <= 500000; i++) { k = "k" (i * 7919 % 60013); a[k] = a[k] substr("abcdefghijklmnopqrstuvwxyz", i % 26 + 1, 1 + i % 5); n[k]++ }
  for (k in a) { m = split(a[k], part, "a"); t += m; b[length(a[k])] = b[length(a[k])] "," k }
  for (l in b) { gsub(/k1/, "<&>", b[l]); t += length(b[l]) }
  for (i = 1; i <= 200000; i++) c[i % 97, i] = sprintf("%d-%s", i, a["k" i % 60013])
  for (x in c) t += length(c[x])
  print t
}
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
POSTSCRIPT = r"""%!PS
/Times-Roman findfont 9 scalefont setfont
1 1 12 { /page exch def
  /d 2000 dict def
  0 1 1999 { /k exch def d k 20 string cvs cvn [ k k k mul ] put } for
  /row 64 string def 0 1 63 { row exch dup page mul 255 and put } for
  0 1 799 { /i exch def
    newpath i 37 mul 600 mod i 53 mul 780 mod moveto
    3 { i 17 mul 90 mod 45 sub i 29 mul 80 mod 40 sub i 11 mul 70 mod 35 sub i 7 mul 60 mod 30 sub 20 10 rcurveto } repeat
    i 10 mod 10 div i 7 mod 7 div 0.5 setrgbcolor i 2 mod 0 eq { stroke } { fill } ifelse
    i 13 mul 560 mod i 19 mul 780 mod moveto i 20 string cvs show
  } for
  gsave 100 100 translate 300 300 scale 64 64 8 [64 0 0 64 0 0] { row } image grestore
  showpage
} for
"""


def write(path, text):
    with open(path, "w") as f:
        f.write(text)


def smt(path):
    """A pigeonhole problem over booleans, and equations over bit vectors and integers."""
    lines = []
    n = 7
    for p in range(n + 1):
        for h in range(n):
            lines.append("(declare-const x%d_%d Bool)" % (p, h))
        lines.append("(assert (or %s))" % " ".join("x%d_%d" % (p, h) for h in range(n)))
    for h in range(n):
        for p in range(n + 1):
            for q in range(p):
                lines.append("(assert (or (not x%d_%d) (not x%d_%d)))" % (p, h, q, h))
    lines += ["(push)", "(check-sat)", "(pop)", "(reset)"]
    lines += ["(declare-const a (_ BitVec 20))", "(declare-const b (_ BitVec 20))", "(assert (bvugt a #x00001))", "(assert (bvugt b a))",
              "(assert (bvult b #x00fff))", "(assert (= (bvmul a b) #x%05x))" % (1009 * 1013 % (1 << 20)), "(check-sat)", "(reset)"]
    random.seed(5)
    for i in range(24):
        lines.append("(declare-const v%d Int)" % i)
        lines.append("(assert (and (>= v%d 0) (<= v%d 40)))" % (i, i))
    for _ in range(18):
        terms = " ".join("(* %d v%d)" % (random.randint(-6, 6), random.randrange(24)) for _ in range(6))
        lines.append("(assert (<= (+ %s) %d))" % (terms, random.randint(5, 60)))
    lines.append("(check-sat)")
    write(path, "\n".join(lines) + "\n")


def xml(path):
    with open(path, "w") as f:
        f.write("<?xml version='1.0'?>\n<library xmlns:x='urn:x'>\n")
        for i in range(60000):
            f.write("<book id='b%d' x:year='%d'><title>Title %d &amp; more</title><author>A%d</author><p>%s</p></book>\n"
                    % (i, 1900 + i % 120, i, i % 977, "text " * (i % 12)))
        f.write("</library>\n")


def git_repository(path):
    """1,500 commits over 300 files, made by fast-import: the same ids in every run."""
    random.seed(11)
    subprocess.run(["git", "init", "-q", "-b", "main", path], check=True)
    words = ["w%d" % i for i in range(3000)]
    files = {n: [random.choice(words) for _ in range(random.randint(40, 400))] for n in range(300)}
    stream = []
    for c in range(1500):
        stream.append("commit refs/heads/main\ncommitter A <a@b> %d +0000\ndata 8\ncommit %s" % (1500000000 + c * 1000, "\n"))
        for n in files if c == 0 else random.sample(range(300), 4):
            at = random.randrange(len(files[n]))
            files[n][at:at + 3] = [random.choice(words) for _ in range(random.randint(1, 6))]
            text = "\n".join(files[n]) + "\n"
            stream.append("M 100644 inline d%d/f%d\ndata %d\n%s" % (n % 17, n, len(text), text))
    subprocess.run(["git", "-C", path, "fast-import", "--quiet"], input="\n".join(stream).encode() + b"\n", check=True)


def programs(work):
    """name -> (command, its standard input or None)."""
    at = lambda name: os.path.join(work, name)
    for name, text in (("b.py", PYTHON), ("b.lua", LUA), ("b.pl", PERL), ("b.rb", RUBY), ("b.awk", GAWK), ("b.sql", SQL), ("b.cc", CXX), ("b.ps", POSTSCRIPT)):
        write(at(name), text)
    python = shutil.which("python3", path="/usr/bin:/bin") or "python3"
    found = {
        "python": ([python, at("b.py")], None),
        "lua": (["lua5.4", at("b.lua")], None),
        "perl": (["perl", at("b.pl")], None),
        "ruby": (["ruby", at("b.rb")], None),
        "gawk": (["gawk", "-f", at("b.awk")], None),
        "sqlite": (["sqlite3", ":memory:"], at("b.sql")),
        "gs": (["gs", "-q", "-dBATCH", "-dNOPAUSE", "-sDEVICE=png16m", "-r150", "-sOutputFile=/dev/null", at("b.ps")], None),
        "z3": (["z3", at("b.smt2")], None),
        "xmllint": (["xmllint", "--noout", "--xpath", "count(//book[@id='b17']/p)", at("b.xml")], None),
        "git-log": (["git", "-C", at("repository"), "log", "-M", "--stat", "-300"], None),
        "git-pack": (["git", "-C", at("repository"), "pack-objects", "--all", "--no-reuse-delta", "--threads=2", "--stdout", "-q"], "/dev/null"),
        "rocksdb": (["db_bench", "--benchmarks=fillrandom,readrandom,overwrite", "--num=120000", "--threads=2", "--disable_wal", "--db=" + at("db"),
                     "--write_buffer_size=4194304"], None),
    }
    found = {name: run for name, run in found.items() if shutil.which(run[0][0])}
    for name, make, file in (("z3", smt, "b.smt2"), ("xmllint", xml, "b.xml"), ("git-log", git_repository, "repository")):
        if name in found:
            make(at(file))
    if shutil.which("g++"):
        cc1plus = subprocess.run(["g++", "-print-prog-name=cc1plus"], capture_output=True, text=True, check=True).stdout.strip()
        subprocess.run(["g++", "-std=c++17", "-E", at("b.cc"), "-o", at("b.ii")], check=True)
        found["gcc"] = ([cc1plus, "-quiet", "-fpreprocessed", "-std=c++17", "-O2", at("b.ii"), "-o", "/dev/null"], None)
        if shutil.which("clang++"):
            found["clang"] = (["clang++", "-w", "-std=c++17", "-O1", "-c", at("b.cc"), "-o", "/dev/null"], None)
    return found


ALL = ("python", "lua", "perl", "ruby", "gawk", "sqlite", "gs", "z3", "xmllint", "git-log", "git-pack", "rocksdb", "gcc", "clang", "redis")
