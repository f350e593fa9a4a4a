#!/bin/bash
# programs.sh BUILD middle|all: real programs under libhmm do what they do under libc's heap: the same output,
# the same status. A program that is not installed is named as skipped. With "all": the long list.
build=$(realpath "$1") which=${2:-middle}
. "$(dirname "$0")/../script/lib.sh"
top=$(cd "$(dirname "$0")/../.." && pwd)
lib=$build/libhmm.so
skipped=()
names=()
LD_PRELOAD=$lib grep -q libhmm /proc/self/maps || { echo "failed: $lib is not preloaded"; exit 1; }

# same NAME COMMAND: bash -c COMMAND in a folder of its own, once with each heap; stdout and status agree, libhmm was
# there, and the heap said nothing.
same() {
    local name=$1 command=$2
    for heap in libc libhmm; do
        rm -rf "$tmp/$heap" && mkdir "$tmp/$heap"
        (
            cd "$tmp/$heap" || exit 1
            [ $heap = libhmm ] && export LD_PRELOAD=$lib
            export LC_ALL=C HOME=$tmp/$heap TZ=UTC PYTHONMALLOC=malloc PYTHONHASHSEED=0 top
            timeout "${limit:-300}" bash -c "$command" >"../$heap.out" 2>"../$heap.err"
            echo $? >"../$heap.status"
        )
    done
    names+=("$name")
    local detail
    if cmp -s "$tmp/libc.out" "$tmp/libhmm.out" && cmp -s "$tmp/libc.status" "$tmp/libhmm.status" &&
        [ "$(cat "$tmp/libc.status")" = 0 ] && [ -s "$tmp/libc.out" ] && ! grep -qE '^hmm: |cannot be preloaded' "$tmp/libhmm.err"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "failed: $name: status $(cat "$tmp/libc.status") with libc, $(cat "$tmp/libhmm.status") with libhmm"
        diff "$tmp/libc.out" "$tmp/libhmm.out" | head -n 5
        tail -n 5 "$tmp/libhmm.err"
    fi
}
# with PROGRAM... : all of them are there?
with() {
    for program; do
        case $program in
        /*) [ -e "$program" ] && continue ;;
        *) command -v "$program" >/dev/null && continue ;;
        esac
        skipped+=("$program")
        return 1
    done
}

same bash 'x=(); for i in {1..20000}; do x+=("item $i"); done; declare -A m; for i in {1..5000}; do m[$i]=$((i * i)); done
    echo ${#x[@]} ${m[77]} ${x[@]:5:3}; f() { local n=$1; ((n < 2)) && echo 1 || echo $(($(f $((n - 1))) + 1)); }; f 30'
same coreutils 'seq 1 200000 | shuf --random-source=<(yes) | sort -n | uniq | tail -n 3; ls -lR /usr/share/doc | cut -c1-10 | sort | uniq -c | sort -rn | head -n 3
    find /usr/include -name "*.h" | xargs wc -l | tail -n 1; seq 100000 | md5sum; seq 30000 | tac | paste - - - | head -n 2; du -s /usr/share/doc | wc -l'
same gcc-ld 'for f in memory/pages slabs/slab heap/heap; do gcc -std=gnu17 -O2 -g -D_GNU_SOURCE -I$top/src -I$top/src/port/linux -c $top/src/$f.c -o ${f##*/}.o || exit 1; done
    ld -r -o all.o pages.o slab.o heap.o && strip -g all.o && md5sum <all.o'
with g++ && same g++ 'cat >a.cc <<C
#include <map>
#include <string>
#include <vector>
#include <iostream>
#include <algorithm>
#include <regex>
int main() { std::map<std::string, std::vector<int>> m; for (int i = 0; i < 100000; i++) m[std::to_string(i % 997)].push_back(i);
  std::regex r("1[0-9]*7"); int n = 0; for (auto &p : m) n += std::regex_match(p.first, r); std::cout << m.size() << " " << n << "\n"; }
C
    g++ -std=c++17 -O1 a.cc -o a && ./a && LD_PRELOAD= g++ -std=c++17 -O1 -S a.cc -o - | md5sum'
with git && same git 'git init -q . && git config user.email a@b && git config user.name n && cp -r $top/src . && git add -A && GIT_AUTHOR_DATE=2026-01-01T00:00:00Z GIT_COMMITTER_DATE=2026-01-01T00:00:00Z git commit -qm one &&
    for i in 1 2 3 4 5 6; do sed -i "s/hmm/h$i/" src/memory/*.c && GIT_AUTHOR_DATE=2026-01-0${i}T00:00:00Z GIT_COMMITTER_DATE=2026-01-0${i}T00:00:00Z git commit -qam $i; done; git log --stat | tail -n 5; git gc -q && git fsck 2>/dev/null; git rev-parse HEAD; git blame src/memory/pages.c | wc -l; git diff HEAD~5 | md5sum'
python3 -c "import json" 2>/dev/null && python_library=1 || { python_library=0; skipped+=("python3 with its library"); }
[ $python_library = 1 ] && same python3 'python3 - <<P
import json, hashlib, re, threading, collections, random, zlib, itertools
random.seed(5)
d = {str(i): [random.random() for _ in range(i % 50)] for i in range(20000)}
s = json.dumps(d); assert json.loads(s) == d
print(len(s), hashlib.md5(s.encode()).hexdigest(), len(re.findall(r"0\\.[1-3]\\d+", s)))
print(len(zlib.compress(s.encode())), collections.Counter(s).most_common(3))
out = []
def work(n):
    x = [str(i) * (i % 20) for i in range(20000)]
    out.append(sum(map(len, x)) + n)
t = [threading.Thread(target=work, args=(i,)) for i in range(8)]
[x.start() for x in t]; [x.join() for x in t]
print(sorted(out))
P'
with perl && same perl 'perl -e "my %h; for my \$i (1..200000) { \$h{\$i % 5003} .= chr(65 + \$i % 26); push @{\$l[\$i % 97]}, \$i } my \$s = join \",\", map { \"\$_=\" . length \$h{\$_} } sort { \$a <=> \$b } keys %h; print length(\$s), \" \", scalar(@l), \" \", unpack(\"%32C*\", \$s), \"\n\"; \$s =~ s/(\d+)=/<\$1>/g; print substr(\$s, 0, 50), \"\n\""'
with lua5.4 && same lua 'lua5.4 -e "local t = {} for i = 1, 200000 do t[i] = {i, tostring(i), {x = i}} end local s = 0 for i = 1, #t, 3 do t[i] = nil end collectgarbage() for k, v in pairs(t) do s = s + v[1] + v[3].x end print(s) local p = {} for i = 1, 20000 do p[#p + 1] = string.rep(string.char(97 + i % 26), i % 40) end print(#table.concat(p))"'
with sqlite3 && same sqlite3 'sqlite3 x.db "create table t(a integer primary key, b text, c real); with recursive n(i) as (select 1 union all select i + 1 from n where i < 60000) insert into t select i, hex(i * 7919) || printf(\"%05d\", i), i * 0.37 from n; create index ib on t(b); select count(*), sum(a), max(b), round(total(c)) from t; select b, count(*) from t group by substr(b, 1, 3) order by 1 limit 3; delete from t where a % 3 = 0; vacuum; select count(*) from t; pragma integrity_check"'
with redis-server redis-benchmark && same redis 'port=$((20000 + RANDOM % 20000)); redis-server --port $port --save "" --daemonize no >log 2>&1 & pid=$!; sleep 1
    redis-benchmark -p $port -q -n 30000 -c 20 -t set,get,lpush,lpop,sadd,hset,zadd,mset -r 20000 -d 100 >/dev/null || exit 1
    redis-cli -p $port eval "for i = 1, 20000 do redis.call(\"set\", \"k\" .. i, string.rep(\"v\", i % 300)) end return redis.call(\"strlen\", \"k299\")" 0
    redis-cli -p $port set x 5; redis-cli -p $port incrby x 7; redis-cli -p $port bgsave >/dev/null; sleep 1; redis-cli -p $port lastsave | wc -c; redis-cli -p $port flushall; redis-cli -p $port shutdown nosave; wait $pid; echo $?'
with gawk && same gawk 'seq 1 100000 | gawk "{ a[\$1 % 1009] = a[\$1 % 1009] \" \" \$1; s += length(a[\$1 % 1009]) } END { print length(a), s; n = asorti(a, b); print n, b[5]; print gensub(/1/, \"x\", \"g\", substr(a[17], 1, 60)) }"'
with xz && same xz 'seq 1 300000 >a && xz -6 -T2 a && xz -l a.xz | wc -l && xz -dc a.xz | md5sum'
with vim.tiny && same vim 'seq 1 30000 >a && vim.tiny -u NONE -es -c "%s/1/one/g" -c "g/7/d" -c "sort! n" -c "wq" a && md5sum <a'

if [ "$which" = all ]; then
    pytests="test_list test_dict test_set test_bytes test_unicode test_json test_re test_threading test_gc test_weakref test_itertools test_deque test_zlib test_struct test_sort test_long test_tuple test_str test_io"
    with /usr/lib/python3.11/test/test_list.py && same python3-own-tests "/usr/bin/python3 -m test -q $pytests 2>&1 | grep -oE '^(All [0-9]+ tests OK|[0-9]+ tests? failed.*)'"
    with nginx wrk && same nginx 'port=$((20000 + RANDOM % 20000)); mkdir -p logs html; seq 1 2000 >html/a.txt
        printf "worker_processes 2; daemon off; error_log logs/e; pid n.pid; events { worker_connections 512; } http { access_log off; client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4; scgi_temp_path t5; gzip on; gzip_types text/plain; server { listen 127.0.0.1:$port; root html; } }" >n.conf
        chmod -R 777 .; chmod 755 /tmp "$(dirname "$PWD")"; nginx -p "$PWD" -c n.conf 2>/dev/null & sleep 1; wrk -t2 -c50 -d4 -H "Accept-Encoding: gzip" http://127.0.0.1:$port/a.txt >w 2>&1; grep -c "requests in" w; ! grep "Non-2xx" w; LD_PRELOAD= perl -MIO::Socket::INET -e "my \$s = IO::Socket::INET->new(PeerAddr => \"127.0.0.1:$port\"); print \$s \"GET /a.txt HTTP/1.0\r\n\r\n\"; my @l = <\$s>; print scalar(@l), \"\n\""; kill "$(cat n.pid)"; wait'
    pg=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -n 1)
    export pg
    [ -n "$pg" ] || skipped+=(postgresql)
    [ -n "$pg" ] && limit=600 same postgresql 'chmod 755 "$(dirname "$PWD")"; chown postgres .; port=$((20000 + RANDOM % 20000)); run() { runuser -u postgres -- env LD_PRELOAD=$LD_PRELOAD LC_ALL=C "$@"; }
        run $pg/initdb -D d >/dev/null || exit 1; run $pg/pg_ctl -D d -w -o "-p $port -k $PWD -c listen_addresses=" -l log start >/dev/null || exit 1
        run $pg/createdb -h "$PWD" -p $port b; run $pg/pgbench -h "$PWD" -p $port -q -i -s 3 b 2>/dev/null; run $pg/pgbench -h "$PWD" -p $port -c 8 -j 2 -T 8 b 2>/dev/null | grep -c "^tps"
        run $pg/psql -h "$PWD" -p $port -At -c "select count(*), sum(abalance) = (select sum(delta) from pgbench_history) from pgbench_accounts" b; run $pg/pg_ctl -D d -w stop >/dev/null; echo $?'
    with node && same node 'node -e "const m = new Map(); for (let i = 0; i < 200000; i++) m.set(\"k\" + i, {i, a: [i, i + 1]}); let s = 0; for (const [k, v] of m) s += v.a[1]; console.log(s, JSON.stringify([...m].slice(0, 20000)).length); const z = require(\"zlib\"); const b = Buffer.alloc(3000000, \"abcdefg\"); console.log(z.gunzipSync(z.gzipSync(b)).equals(b)); const {Worker} = require(\"worker_threads\"); let n = 0; for (let i = 0; i < 4; i++) new Worker(\"let x = []; for (let i = 0; i < 100000; i++) x.push(String(i)); require(\\\"worker_threads\\\").parentPort.postMessage(x.length)\", {eval: true}).on(\"message\", v => { n += v; if (n == 400000) console.log(n) })"'
    with gs && same gs 'printf "%%!\n/Times-Roman findfont 20 scalefont setfont 1 1 60 { /i exch def 50 i 10 mul moveto (Hello heap ) show i 20 string cvs show i 7 mod 8 div setgray i 5 mul i 9 mul 30 0 360 arc fill } for showpage\n" >a.ps && for i in 1 2 3 4 5; do cat a.ps; done >b.ps && gs -q -dBATCH -dNOPAUSE -sDEVICE=png16m -r150 -sOutputFile=o%d.png b.ps && cat o*.png | md5sum && gs -q -dBATCH -dNOPAUSE -sDEVICE=txtwrite -sOutputFile=- a.ps | head -n 5'
    with z3 && same z3 'cat >a.smt2 <<S
(set-logic QF_BV)(declare-const x (_ BitVec 32))(declare-const y (_ BitVec 32))
(assert (= (bvmul x y) #x00feed25))(assert (bvugt x #x00000101))(assert (bvugt y #x00000101))(assert (bvult x #x00010000))(assert (bvult y #x00010000))(check-sat)
S
        z3 a.smt2; echo "(declare-fun f (Int) Int)(assert (forall ((x Int)) (=> (> x 3) (> (f x) (f (- x 1))))))(assert (< (f 10) (f 5)))(check-sat)" | timeout 60 z3 -in -T:30'
    with /usr/bin/convert-im6.q16 && same imagemagick '/usr/bin/convert-im6.q16 -size 700x500 plasma:red-blue -seed 5 -blur 0x3 -rotate 30 -resize 60% -depth 8 a.ppm; /usr/bin/convert-im6.q16 -size 600x400 gradient:red-green -swirl 90 -emboss 2 -colors 64 -depth 8 ppm:- | md5sum'
    with java javac && limit=600 same java 'printf "import java.util.*; public class A { public static void main(String[] a) throws Exception { Map<String, List<Integer>> m = new TreeMap<>(); for (int i = 0; i < 300000; i++) m.computeIfAbsent(\"k\" + i %% 5003, k -> new ArrayList<>()).add(i); long s = 0; for (var l : m.values()) s += l.size() * (long) l.get(0); System.out.println(m.size() + \" \" + s); Thread[] t = new Thread[8]; long[] r = new long[8]; for (int k = 0; k < 8; k++) { int n = k; t[k] = new Thread(() -> { StringBuilder b = new StringBuilder(); for (int i = 0; i < 200000; i++) b.append(i); r[n] = b.length(); }); t[k].start(); } for (var x : t) x.join(); System.out.println(Arrays.toString(r)); var d = new java.util.zip.Deflater(); d.setInput(new byte[1000000]); d.finish(); System.out.println(d.deflate(new byte[100000])); } }" >A.java && javac A.java && java -Xmx300m A'
    with php && same php 'USE_ZEND_ALLOC=0 php -r "\$a = []; for (\$i = 0; \$i < 200000; \$i++) \$a[\"k\" . \$i] = [\$i, str_repeat(\"x\", \$i % 50)]; \$s = 0; foreach (\$a as \$v) \$s += strlen(\$v[1]) + \$v[0]; echo \$s, \" \", md5(json_encode(array_slice(\$a, 0, 5000))), \" \", count(preg_split(\"/7/\", implode(\",\", array_keys(\$a)))), \"\n\";"'
    with ruby && same ruby 'ruby -e "h = Hash.new { |k, v| k[v] = [] }; 200_000.times { |i| h[\"k#{i % 4999}\"] << i.to_s * (i % 5) }; puts h.size, h.values.map { |v| v.join.size }.sum; GC.compact rescue nil; puts (1..8).map { |n| Thread.new { (1..20000).map { |i| i.to_s * n }.join.size } }.map(&:value).inspect; puts h.keys.sort.first(3).inspect; GC.start"'
fi

[ "$which" = all ] && . "$top/tests/preload/more.sh"

mkdir -p "$build/Testing/Temporary"
{
    echo "real programs compared with libc: ${names[*]}"
    [ ${#skipped[@]} = 0 ] || echo "skipped, not installed: ${skipped[*]}"
} | tee "$build/Testing/Temporary/programs.txt"
finish
