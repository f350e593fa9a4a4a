#!/bin/bash
# more.sh - the long list's second half: programs of Debian 12 for programs.sh (argument "all"), which sources this
# file after its own rows; same and with are defined there. Every row makes its own input and prints no time, path,
# process number or address, so that two runs agree. Daemons listen on 127.0.0.1 at a random port and are ended.
# Sourced where there is no function same, the file gives only more_packages (package:what shows it is installed).
# squid and povray free some blocks with a wrong size; that one line of the heap's is theirs, and their rows drop it.
more_packages="grep:grep sed:sed findutils:find tar:tar gzip:gzip bzip2:bzip2 zstd:zstd lz4:lz4 p7zip-full:7z brotli:brotli zip:zip unzip:unzip
diffutils:diff patch:patch m4:m4 make:make cmake:cmake ninja-build:ninja flex:flex bison:bison gdb:gdb binutils:objdump clang:clang++ nasm:nasm tcc:tcc
openssl:openssl curl:curl jq:jq libxml2-utils:xmllint xsltproc:xsltproc tidy:tidy emacs-nox:emacs tmux:tmux rsync:rsync openssh-client:ssh-keygen
gpg:gpg gpg-agent:gpg-agent file:file mawk:mawk busybox:busybox zsh:zsh fish:fish tcl:tclsh guile-3.0:guile sbcl:sbcl clisp:clisp chicken-bin:csi
gforth:gforth ocaml-nox:ocamlopt erlang-base:erl golang-go:go rustc:/usr/bin/rustc r-base-core:Rscript python3-numpy:/usr/lib/python3/dist-packages/numpy
gnuplot-nox:gnuplot pari-gp:gp maxima:maxima swi-prolog-nox:swipl graphviz:dot ffmpeg:ffmpeg sox:sox flac:flac lame:lame netpbm:pbmtext optipng:optipng
webp:cwebp libjpeg-turbo-progs:djpeg librsvg2-bin:rsvg-convert poppler-utils:pdftotext qpdf:qpdf mupdf-tools:mutool groff:/usr/share/groff/current/tmac/me.tmac man-db:man
asciidoctor:asciidoctor cppcheck:cppcheck doxygen:doxygen shellcheck:shellcheck pandoc:pandoc yosys:yosys iverilog:iverilog ngspice:ngspice
glpk-utils:glpsol coinor-cbc:cbc minisat:minisat mariadb-server-core:mariadbd memcached:memcached lighttpd:lighttpd apache2-bin:apache2 haproxy:haproxy
squid:squid dnsmasq-base:dnsmasq unbound:unbound-checkconf bind9-utils:named-checkzone povray:povray mercurial:hg subversion:svn bwa:bwa samtools:samtools
gdal-bin:gdaldem ledger:ledger nmap:nmap tesseract-ocr:tesseract tesseract-ocr-eng:/usr/share/tesseract-ocr/5/tessdata/eng.traineddata
espeak-ng:espeak-ng aria2:aria2c"
declare -F same >/dev/null || return 0 2>/dev/null || exit 0

# files and text
with grep sed && same grep-sed 'seq 1 150000 | sed -E "s/([0-9])([0-9])/\2\1/g; /77/{h;s/7/seven/g;G}" >a; wc -c <a; grep -cE "(12|34|7+)9" a; grep -oP "(?<=1)2\d+" a | md5sum; sed -n "H;\${x;s/\n/,/g;p}" a | md5sum
    grep -n -f <(seq 1000 1400) a | tail -n 1; grep -rhoE "hmm_[a-z_]+" $top/src | sort | uniq -c | md5sum'
with find && same findutils 'mkdir -p d/{1..20}/{a..z}; for i in {1..20}; do seq $i >d/$i/m/f.txt; touch d/$i/{n,o,p}/g; done; find d -type f -name "*.txt" -print0 | xargs -0 -P 4 -n 5 cat | sort -n | md5sum; find d -depth -empty -delete; find d -printf "%y %d %f\n" | sort | md5sum
    find $top/src -regex ".*/[a-m][^/]*\.[ch]" -exec wc -l {} + | wc -l'
with tar gzip bzip2 && same tar-gzip-bzip2 'tar -C $top --sort=name --mtime=@0 --owner=0 --group=0 --exclude=build -cf a.tar src tests; for z in gzip bzip2; do cat a.tar | $z -9 >a.$z && $z -dc <a.$z | cmp - a.tar && md5sum <a.$z; done; mkdir x; tar -C x -xzf a.gzip && tar -C x -cf - src | tar -tf - | wc -l; tar -tvjf a.bzip2 | wc -l'
with zstd && same zstd 'seq 1 200000 >a; zstd -q -9 -T2 a && zstd -dc a.zst | md5sum; zstd -q -15 --long=24 <a | md5sum; split -l 2000 a p; zstd -q --train p* -o d --maxdict=20000 2>/dev/null; zstd -q -D d paa -c | zstd -q -D d -dc | md5sum'
with lz4 && same lz4 'seq 1 250000 >a; for l in 1 6 12; do lz4 -q -$l -BD <a >a.$l && lz4 -dc a.$l | md5sum; done; md5sum <a.12; lz4 -q -m a.1 a.6 && lz4 -t -q a.1.lz4 && echo good'
with 7z && same 7z 'cp -r $top/src s; seq 1 60000 >s/n; for m in lzma2 ppmd bzip2 deflate; do 7z a -bd -m0=$m -mx=5 -mmt=2 $m.7z s >/dev/null && 7z t $m.7z | grep -c "Everything is Ok"; 7z e -so $m.7z s/n | md5sum; done; 7z l lzma2.7z | grep -c "\.c$"'
with brotli && same brotli 'seq 1 120000 >a; for q in 2 5 9; do brotli -q $q -c a >a.$q && brotli -dc a.$q | md5sum && md5sum <a.$q; done; head -c 100000 a | brotli -q 11 -w 24 | md5sum'
with zip unzip && same zip 'mkdir z; for i in {1..120}; do seq $i $((i * 50)) >z/$i.txt; done; zip -q -r -9 a.zip z && zip -q -d a.zip "z/7*" && unzip -tq a.zip | cut -c1-10; unzip -l a.zip | wc -l; unzip -p a.zip | md5sum; unzip -q a.zip -d y && ls y/z | wc -l'
with diff patch && same diff-patch 'seq 1 60000 >a; sed "s/77/seven/; /99/d; s/^5\(.*\)1$/&\nnew\1/" a >b; diff -u --label a --label b a b >p; md5sum <p; grep -c "^@@" p; cp a c; patch -s c p && cmp b c && patch -s -R c p && cmp a c && echo back; diff -y -W 60 a b | md5sum; diff -e a b | wc -l; mkdir x y; split -l 2000 a x/; split -l 2000 b y/; diff -rq x y | wc -l'
with file && same file 'file -b --mime-type $(find /usr/bin -name "[g-p]*" | sort | head -n 150) | sort | uniq -c; head -c 5000 /bin/ls | file -b - | cut -c1-20; find $top/src | file -b -f - | sort | uniq -c'
with mawk && same mawk 'seq 1 200000 | mawk "{ k = \$1 % 4001; a[k] = a[k] \",\" \$1; n += length(a[k]) } END { for (k in a) m += split(a[k], p, \",\"); print n, m, substr(a[5], 1, 40); gsub(/1/, \"one\", a[7]); print length(a[7]) }"'
with busybox && same busybox 'seq 1 60000 >a; busybox sort -rn a | busybox awk "{ s[\$1 % 99] = s[\$1 % 99] \$1 } END { print length(s[5]) }"; busybox gzip -c a | busybox gunzip -c | busybox md5sum; busybox tar cf - a | busybox tar tf -; busybox sed "s/1/one/g" a | busybox sha256sum; echo "2 1000 ^ p" | busybox dc | busybox wc -c; busybox ash -c "i=0; s=; while [ \$i -lt 3000 ]; do s=\$s\$i; i=\$((i + 1)); done; echo \${#s}"; busybox find $top/src -name "*.c" | busybox xargs busybox wc -l | busybox tail -n 1'
with rsync && same rsync 'mkdir a; cp -r $top/src a; for i in {1..100}; do seq $i >a/$i; done; rsync -a a/ b && seq 9 >>a/7 && rm a/9 && rsync -a --delete --itemize-changes --checksum --no-times a/ b | sort; rsync -a -z --no-whole-file --stats a/ c | grep "Number of regular files tr"; diff -r a b && diff -r a c && echo equal'
with curl && same curl 'for i in {1..60}; do seq $i 3000 >f$i; done; curl -s --parallel --parallel-max 20 -o "o#1" "file://$PWD/f[1-60]" && cat o{1..60} | md5sum; for i in {1..60}; do printf "url=file://%s/f%d\noutput=p%d\n" "$PWD" $i $i; done >c; curl -s -K c && cat p* | wc; curl --version | wc -l'

# building and reading programs
with m4 && same m4 'cat >a.m4 <<\M
changequote([, ])define([fib], [ifelse(eval($1 < 2), 1, [$1], [eval(fib(decr($1)) + fib(eval($1 - 2)))])])dnl
define([loop], [ifelse($1, $2, [], [define([v$1], [value $1 of $2])v$1 format([%05d], $1) translit(v$1, [a-z], [A-Z])
loop(incr($1), $2)])])dnl
fib(15) loop(1, 600)
len(esyscmd([seq 1 20000]))
M
    m4 -L 5000 a.m4 | tee b | md5sum; tail -n 1 b'
with make && same make '{ echo "all: $(echo t{1..60}.o)"; echo "	@cat *.o | sort | md5sum"; for i in {1..60}; do printf "t%d.o: t%d.c a.h\n\t@tr a-z A-Z <t%d.c >t%d.o\n" $i $((i / 2)) $((i / 2)) $i; done; echo "%.c:"; printf "\t@echo \$@ \$(words \$(sort \$(patsubst %%,x%%,\$(wildcard *)))) \$(foreach i,\$(shell seq 1 200),\$(i).c) | cut -d\\  -f1,3- >\$@\n"; } >Makefile; touch a.h; make -j2 && touch a.h && make -j4 -k && make -q; echo $?; make -pn | grep -c "^t"'
with cmake && same cmake 'cat >a.cmake <<\C
set(l "")
foreach(i RANGE 1 6000)
    math(EXPR j "${i} * 7919 % 1000")
    list(APPEND l "item${j}")
endforeach()
list(REMOVE_DUPLICATES l)
list(SORT l COMPARE NATURAL)
list(TRANSFORM l TOUPPER)
string(JOIN "," s ${l})
string(REGEX REPLACE "ITEM([0-9])" "<\\1>" s "${s}")
string(SHA256 h "${s}")
set(j "{}")
foreach(i RANGE 1 150)
    string(JSON j SET "${j}" "k${i}" "${i}")
endforeach()
string(LENGTH "${j}" m)
message(STATUS "${h} ${m}")
C
    cmake -P a.cmake; { echo "cmake_minimum_required(VERSION 3.20)"; echo "project(p NONE)"; for i in {1..200}; do echo "add_custom_target(t$i COMMAND echo $i)"; done; } >CMakeLists.txt; cmake -S . -B b | grep -c done; find b -name build.make | wc -l'
with ninja && same ninja '{ printf "rule c\n command = (cat \$in; echo \$out) | sort | tail -n 20 >\$out\n"; for i in {1..60}; do echo "build o$i: c s$((i % 20)) $([ $i -gt 20 ] && echo "| o$((i - 20))")"; done; echo "build all: c $(echo o{1..60})"; } >build.ninja; for i in {0..19}; do seq $i 50 >s$i; done; ninja --quiet -j2 all && md5sum <all; echo 7 >>s7; ninja -n all | wc -l; ninja -t graph all | wc -l; ninja -t clean'
with flex bison gcc && same flex-bison 'cat >a.l <<\L
%option noyywrap nounput noinput
%{
#include "a.tab.h"
%}
%%
[0-9]+ { yylval = atol(yytext); return N; }
[ \t] ;
\n|. return *yytext;
L
    printf "%%{\n#include <stdio.h>\nint yylex(void); void yyerror(const char *s) { puts(s); } long sum;\n%%}\n%%define api.value.type {long}\n%%token N\n%%left \047+\047 \047-\047\n%%left \047*\047\n%%%%\nall: | all line;\nline: e \047\\\\n\047 { sum += \$1; };\ne: N | e \047+\047 e { \$\$ = \$1 + \$3; } | e \047-\047 e { \$\$ = \$1 - \$3; } | e \047*\047 e { \$\$ = \$1 * \$3; } | \047(\047 e \047)\047 { \$\$ = \$2; };\n%%%%\nint main(void) { yyparse(); printf(\"%%ld\\\\n\", sum); }\n" >a.y
    bison -d --report=all a.y && flex --header-file=a.h -Cf a.l && flex -Cem -o b.c a.l && gcc -w a.tab.c lex.yy.c -o a && { for i in {1..4000}; do echo "($i + 2) * 3 - (4 * (5 + $((i % 9)) * 2))"; done; } | ./a; grep -c "^State" a.output; md5sum <b.c'
with gdb gcc && same gdb 'gcc -std=gnu17 -g -D_GNU_SOURCE -I$top/src -I$top/src/port/linux -c $top/src/heap/heap.c -o h.o && gdb -nx -batch -ex "info functions hmm" -ex "info types hmm" h.o | md5sum
    printf "#include <stdlib.h>\nint f(int n) { return n < 2 ? n : f(n - 1) + f(n - 2); }\nint main(void) { char *p = malloc(50); free(p); return f(20) == 6765; }\n" >a.c; gcc -g a.c -o a && gdb -nx -batch -ex "disassemble /s f" -ex "ptype main" -ex "list f" -ex "python print(sum(len(str(i)) for i in range(100000)))" a'
with objdump readelf nm strip && same binutils 'objdump -d /bin/bash | md5sum; readelf -aW /bin/bash | md5sum; nm -D --defined-only /bin/bash | wc -l; strings -n 6 /bin/bash | md5sum; cp /bin/bash b; strip b; objcopy --only-section=.rodata -O binary b r && md5sum <r; for i in 1 2 3; do cp b b$i; done; ar rcsD a.a b1 b2 b3 && ar t a.a; size b | tail -n 1 | cut -f1'
with clang++ && same clang 'cat >a.cc <<\C
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>
#include <cstdio>
struct T { std::string s; std::unique_ptr<T> l, r; };
std::unique_ptr<T> make(int n) { auto t = std::make_unique<T>(); t->s = std::string(n * 7, 97); if (n) { t->l = make(n - 1); t->r = make(n - 1); } return t; }
long size(const T *t) { return t ? t->s.size() + size(t->l.get()) + size(t->r.get()) : 0; }
int main() { std::vector<long> v(4); std::vector<std::thread> h; for (int i = 0; i < 4; i++) h.emplace_back([&v, i] { v[i] = size(make(12 + i % 2).get()); }); for (auto &t : h) t.join(); for (long n : v) std::printf("%ld\n", n); }
C
    clang++ -std=c++17 -O1 -pthread a.cc -o a && ./a && clang++ -std=c++17 -O2 -S -emit-llvm a.cc -o - | md5sum; clang -fsyntax-only -Wall -std=gnu17 -D_GNU_SOURCE -I$top/src -I$top/src/port/linux $top/src/slabs/slab.c; echo $?'
with nasm && same nasm '{ echo "%macro put 2"; echo "%1: dd %2, %2 * 3"; echo "mov eax, [%1]"; echo "%endmacro"; echo "bits 64"; for i in {1..9000}; do echo "put v$i, $i"; echo "jmp v$((i * 7 % 9000 + 1))"; done; echo "%assign i 0"; echo "%rep 9000"; echo "db i & 255"; echo "%assign i i + 1"; echo "%endrep"; } >a.asm; nasm -Ox -f elf64 a.asm -o a.o && md5sum <a.o; nasm -f bin -l a.lst a.asm -o a.bin && tail -n 1 a.lst; ndisasm -b 64 a.bin | md5sum'
with tcc && same tcc '{ echo "#include <stdio.h>"; for i in {1..6000}; do echo "struct s$i { int a[$i]; char *n; }; static int f$i(int x) { struct s$i s; s.n = \"name $i\"; return x + sizeof(s) % 7 + s.n[5]; }"; done; echo "int main(void) { int n = 0;"; for i in {1..6000}; do echo "n += f$i(n % 5);"; done; echo "printf(\"%d\\n\", n); return 0; }"; } >a.c; tcc -run a.c && tcc -c a.c -o a.o && md5sum <a.o && tcc a.o -o a && ./a'
with cppcheck && same cppcheck '{ for i in {1..60}; do printf "#include <stdlib.h>\nint f%d(int n) { int *p = malloc(%d); if (n > %d) return p[n]; int x; for (int i = 0; i <= 4; i++) { int a[4]; a[i] = n; x += a[i]; } free(p); return x / (n - n); }\n" $i $i $i; done; } >a.c; cppcheck -q --enable=all --inconclusive --xml a.c 2>&1 | grep -oE "id=\"[a-zA-Z]+\"" | sort | uniq -c'
with doxygen && same doxygen 'mkdir s; cp $top/src/memory/*.[ch] s; for i in {1..40}; do printf "/** The thing %d, see thing%d(). @param a first @return sum */\nint thing%d(int a);\n/** A struct. */ struct S%d { int x; /**< the x */ struct S%d *n; };\n" $i $((i / 2)) $i $i $i >s/t$i.h; done; printf "PROJECT_NAME=p\nINPUT=s\nQUIET=YES\nWARNINGS=NO\nEXTRACT_ALL=YES\nHAVE_DOT=NO\nCLASS_GRAPH=NO\nGENERATE_LATEX=NO\nGENERATE_XML=YES\nGENERATE_HTML=NO\nNUM_PROC_THREADS=2\n" >D; doxygen D 2>&1; ls xml | wc -l; cat xml/t*_8h.xml | grep -v location | md5sum'
with shellcheck && same shellcheck 'shellcheck -s bash -f json $top/tests/run.sh $top/tests/script/lib.sh | tr , "\n" | wc -l; for i in {1..25}; do echo "if [ \$x$i = 1 ]; then for f in \`ls \$a\`; do cat \$f | grep x$i; done; fi; y$i=\$(echo \$(cat <$i))"; done >a; shellcheck -s sh -f gcc a | sed "s/.*\[//" | sort | uniq -c'
with yosys && same yosys 'cat >a.v <<\V
module m(input clk, input [15:0] a, b, input [2:0] op, output reg [15:0] q); reg [15:0] r[0:7]; integer i;
always @(posedge clk) begin r[op] <= a; case (op) 0: q <= a + b; 1: q <= a - b; 2: q <= a & b; 3: q <= a ^ r[b[2:0]]; 4: q <= a << b[3:0]; 5: q <= a * b; default: q <= {a[7:0], b[7:0]}; endcase end endmodule
V
    yosys -q -p "read_verilog a.v; prep -top m; memory_map; opt; techmap; opt -full; tee -o s stat; write_json a.json; write_verilog -noattr o.v" && grep -E "cells|wires|_MUX|_AND" s; grep -vE "src|creator" a.json | wc; tail -n +2 o.v | md5sum'
with iverilog vvp && same iverilog 'cat >a.v <<\V
module top; reg [31:0] m[0:1023]; reg [31:0] s, n; integer i, j; reg clk = 0; always #5 clk = ~clk;
genvar g; generate for (g = 0; g < 60; g = g + 1) begin : c reg [15:0] q = g; always @(posedge clk) q <= q * 3 + g; end endgenerate
initial begin s = 1; for (j = 0; j < 40; j = j + 1) for (i = 0; i < 1024; i = i + 1) begin s = s * 1103515245 + 12345; m[i] = s >> 7; end n = 0; for (i = 0; i < 1024; i = i + 1) n = n ^ m[i]; $display("%d %h", n, s); #20000 $display("%h %h %0t", c[5].q, c[59].q, $time); $finish; end endmodule
V
    iverilog -g2012 -o a a.v && vvp -n a | grep -v finish; wc -l <a'

# keys, and text with a structure
with openssl && same openssl 'seq 1 200000 >a; for d in sha512 sha3-256 blake2b512 sm3; do openssl dgst -$d a; done; openssl enc -aes-256-ctr -pbkdf2 -iter 20000 -nosalt -k x -in a | md5sum; openssl enc -chacha20 -K 01 -iv 02 -in a 2>/dev/null | openssl md5
    openssl req -x509 -newkey rsa:2048 -nodes -keyout k -out c -days 10 -subj /CN=n -addext subjectAltName=DNS:n 2>/dev/null; openssl verify -CAfile c c; openssl x509 -in c -noout -subject -ext subjectAltName; openssl dgst -sha256 -sign k -out s a && openssl x509 -in c -noout -pubkey >p && openssl dgst -sha256 -verify p -signature s a
    openssl cms -encrypt -binary -in a -outform DER c | openssl cms -decrypt -inform DER -inkey k | md5sum; openssl prime 170141183460469231731687303715884105727'
with ssh-keygen && same ssh-keygen 'for t in ed25519 "rsa -b 2048" "ecdsa -b 521"; do ssh-keygen -q -t $t -N "" -C me -f "k${t%% *}" && ssh-keygen -lf "k${t%% *}" | cut -d" " -f1,3-; done; seq 1 50000 >a; ssh-keygen -q -Y sign -f ked25519 -n file a 2>/dev/null; echo "me $(cat ked25519.pub)" >s; ssh-keygen -Y verify -f s -I me -n file -s a.sig <a | cut -d" " -f1-4; k=$(cut -d" " -f1,2 ked25519.pub); for i in {1..2000}; do echo "h$i $k"; done >n; ssh-keygen -H -f n >/dev/null 2>&1; ssh-keygen -F h77 -f n | head -n 1; ssh-keygen -R h77 -f n >/dev/null 2>&1; wc -l <n'
with gpg gpg-agent && same gpg 'mkdir -m 700 g; g="gpg -q --batch --no-tty --homedir $PWD/g --trust-model always"; seq 1 100000 >a; $g --passphrase "" --quick-gen-key me ed25519 default never && $g --passphrase "" --quick-add-key "$($g --with-colons -k me | sed -n "s/^fpr:*\([^:]*\):/\1/p" | head -n 1)" cv25519 encr never
    $g -s a && $g --verify a.gpg 2>/dev/null; echo $?; rm a.gpg; $g -r me -e a && $g -d a.gpg | md5sum; $g --pinentry-mode loopback --passphrase x -c -o c a && $g --pinentry-mode loopback --passphrase x -d c | md5sum; $g -k --with-colons | cut -d: -f1 | sort | uniq -c; gpgconf --homedir "$PWD/g" --kill all'
with jq && same jq 'jq -nc "[range(20000) | {id: ., n: \"name\\(. % 77)\", t: [range(. % 5)]}]" >a; jq -r "group_by(.n) | map({n: .[0].n, c: length, s: (map(.id) | add)}) | sort_by(-.s) | .[:3][] | [.n, .c, .s] | @csv" a; jq "[.. | numbers] | add" a; jq -r "[.[] | select(.n | test(\"7\$\")) | .t[]] | length" a; jq -S . a | md5sum; jq -n "reduce range(20000) as \$i ({}; .[\"k\\(\$i % 500)\"] += [\$i]) | [.[] | length] | add"; jq -c --stream . a | wc -l'
with xmllint && same xmllint '{ echo "<r xmlns:a=\"urn:a\">"; for i in {1..15000}; do echo "<a:e i=\"$i\"><n>name $((i % 99))</n><v x=\"y&amp;z\">$((i * 7))</v><![CDATA[<$i>]]></a:e>"; done; echo "</r>"; } >a.xml; xmllint --xpath "count(//n[contains(., \"7\")])" a.xml; xmllint --xpath "sum(//v)" a.xml; xmllint --format a.xml | md5sum; xmllint --c14n a.xml | md5sum; xmllint --stream a.xml; xmllint --html --xmlout a.xml 2>/dev/null | wc -l; echo "<!ELEMENT r ANY>" >a.dtd; xmllint --noout --push --memory a.xml; echo $?'
with xsltproc && same xsltproc '{ echo "<r>"; for i in {1..12000}; do echo "<e g=\"g$((i % 60))\" v=\"$((i * 7919 % 1000))\"/>"; done; echo "</r>"; } >a.xml; cat >a.xsl <<\X
<x:stylesheet version="1.0" xmlns:x="http://www.w3.org/1999/XSL/Transform"><x:output method="text"/><x:key name="k" match="e" use="@g"/>
<x:template match="/"><x:for-each select="r/e[generate-id() = generate-id(key(&quot;k&quot;, @g)[1])]"><x:sort select="@g"/><x:value-of select="concat(@g, &quot; &quot;, sum(key(&quot;k&quot;, @g)/@v))"/><x:call-template name="d"><x:with-param name="n" select="20"/></x:call-template><x:text>&#10;</x:text></x:for-each></x:template>
<x:template name="d"><x:param name="n"/><x:if test="$n"><x:value-of select="$n mod 7"/><x:call-template name="d"><x:with-param name="n" select="$n - 1"/></x:call-template></x:if></x:template></x:stylesheet>
X
    xsltproc a.xsl a.xml | tee b | md5sum; head -n 2 b'
with tidy && same tidy '{ echo "<title>t</title><table>"; for i in {1..2000}; do echo "<tr><td>$i<td><b><i>x$i</b></i><p>a & b<ul><li>one<li>two</ul><font color=red>r</font>"; done; } >a.html; tidy -q -asxhtml -indent -wrap 100 --tidy-mark no --force-output yes --show-warnings no --show-errors 0 a.html 2>/dev/null | md5sum; tidy -q -e a.html 2>&1 | wc -l'
with pandoc && same pandoc 'for i in {1..120}; do printf "# Part %d\n\nSome *text* with \`code %d\` and [a link](#p%d), note[^%d].\n\n[^%d]: the note\n\n1. one\n2. two\n    - three\n\n| a | b |\n|---|--:|\n| %d | 2 |\n\n" $i $i $i $i $i $i; done >a.md; for t in html latex rst man; do pandoc -f markdown -t $t a.md | md5sum; done; pandoc -f markdown -t html a.md | pandoc -f html -t commonmark | wc'
with asciidoctor && same asciidoctor 'for i in {1..150}; do printf "== Part %d\n\nText *bold* _it_ \`code\` with <<p%d>> and {n}.\n\n[source,c]\n----\nint f%d(void);\n----\n\n|===\n|a |b\n|%d |2\n|===\n\n* one\n** two\n\nNOTE: note %d\n\n" $i $i $i $i $i; done >a.adoc; asciidoctor -s -a n=v -a toc -o - a.adoc | tee b | md5sum; wc -l <b; asciidoctor -s -b docbook -o - a.adoc | md5sum'
with groff grops && same groff '{ echo ".TL"; echo "Title"; for i in {1..150}; do printf ".NH\nPart %d\n.PP\nSome text \\\\fBbold\\\\fP of part %d, again and again and again, until the line is full.\n.TS\ntab(:) box;\nl r.\na:%d\nb:2\n.TE\n.EQ\nx sup %d over { y + sqrt z }\n.EN\n" $i $i $i $i; done; } >a.ms; for t in ascii utf8 dvi; do groff -t -e -ms -T$t a.ms 2>/dev/null | md5sum; done; groff -t -e -ms -Tps a.ms | grep -v "^%%CreationDate" | md5sum; groff -t -e -ms -Z -Tps a.ms | wc -l'
with man && same man '{ echo ".TH A 1 2026-01-01 x y"; for i in {1..400}; do printf ".SH PART %d\n.TP\n\\\\fB-%d\\\\fP\nthe option %d does what it says, and says what it does.\n.B bold\n.IR it (1)\n" $i $i $i; done; } >a.1; MANWIDTH=70 man -l ./a.1 >b 2>/dev/null; md5sum <b; wc -l <b; man -E utf8 -l ./a.1 2>/dev/null | grep -c does; mkdir -p m/man1; for i in {1..20}; do sed "s/^.TH A/.TH A$i/; s/^.SH PART 1\$/.SH NAME\na$i \\\\- thing $i/" a.1 | head -n 30 >m/man1/a$i.1; done; MANPATH=$PWD/m man -k thing 2>/dev/null; lexgrog m/man1/*.1 | wc -l'

# shells, editors and languages
with zsh && same zsh 'zsh -f -c "typeset -A m; for i in {1..40000}; do m[k\$((i % 997))]+=\$i; done; print \${#m} \${#m[k5]}; a=({1..30000}); print \${#\${(M)a:#*7*}} \${(j:,:)\${(On)a}[1,5]}; print \${#\${(s:1:)\${(j::)a}}}; f() { (( \$1 < 2 )) && REPLY=1 || { f \$((\$1 - 1)); (( REPLY += \$1 )) } }; f 300; print \$REPLY; setopt extendedglob; print \${#\${(f)\$(seq 1 20000)}}; zmodload zsh/zutil && print ok"'
with fish && same fish 'fish --no-config -c "set l; for i in (seq 1 3000); set -a l item\$i; end; count \$l; string match -r \"7\\d\\d\\\$\" \$l | count; string replace -a item x \$l | string join , | string length; function f; test \$argv[1] -lt 2; and echo 1; or math \$argv[1] + (f (math \$argv[1] - 1)); end; f 40; seq 1 30000 | while read x; test (string length \$x) -gt 4; and break; end; echo \$x; string split 7 (seq 1 20000 | string collect) | count"'
with emacs && same emacs 'cat >a.el <<\L
(let ((h (make-hash-table :test (quote equal))) l)
  (dotimes (i 60000) (push (format "%d-%s" i (make-string (% i 20) ?x)) l) (puthash (format "k%d" (% i 997)) (cons i (gethash (format "k%d" (% i 997)) h)) h))
  (garbage-collect) (princ (format "%d %s\n" (hash-table-count h) (secure-hash (quote sha256) (mapconcat (quote identity) (sort l (function string<)) ",")))))
(with-temp-buffer (dotimes (i 20000) (insert (format "line %d of the text\n" i))) (goto-char 1) (while (re-search-forward "line \\([0-9]+\\)7" nil t) (replace-match "<\\1>")) (sort-lines t 1 (point-max)) (emacs-lisp-mode) (princ (format "%d %s\n" (buffer-size) (buffer-hash))))
(with-temp-buffer (dotimes (i 300) (insert (format "(defun f%d (x) (let ((y (* x %d))) (if (> y 3) (list y x) (cons x y))))\n" i i))) (emacs-lisp-mode) (font-lock-ensure) (indent-region 1 (point-max)) (eval-buffer) (princ (format "%S %d\n" (f77 5) (buffer-size))))
(dolist (f (quote (f1 f2 f3))) (byte-compile f)) (require (quote json)) (princ (json-encode (json-read-from-string "{\"a\": [1, 2.5, null, {\"b\": \"c\"}]}")))
L
    emacs -Q --batch -l a.el'
with tmux && same tmux 'export TERM=xterm TMUX=; t="tmux -S $PWD/s -f /dev/null"; $t new -d -x 100 -y 40 "sh -c \"seq 1 1500; echo end\"; $t wait-for -S one; exec sleep 50"; $t wait-for one; for i in 1 2 3 4; do $t split-window -d -l 5 "seq $i 900; $t wait-for -S w$i; exec sleep 50"; $t wait-for w$i; done; sleep 0.5; $t capture-pane -p -S - -t 0.0 | grep -c .; $t list-panes -F "#{pane_index} #{pane_height}"; seq 1 20000 | $t load-buffer -; $t show-buffer | md5sum; $t display-message -p "#{s/a/b/:banana} #{?1,yes,no}"; $t list-keys | wc -l; $t kill-server; echo $?'
with tclsh && same tcl 'cat >a.tcl <<\T
set l {}; for {set i 0} {$i < 100000} {incr i} { lappend l [format %05d [expr {$i * 7919 % 100003}]]; dict lappend d k[expr {$i % 997}] $i }
puts "[llength [lsort -unique $l]] [dict size $d] [string length [join $l ,]]"; puts [lrange [lsort -integer -decreasing [dict get $d k5]] 0 3]; puts [regexp -all {7\d1} $l]; puts [string length [regsub -all {1(\d)} $l {<\1>}]]
proc fib n { expr {$n < 2 ? $n : [fib [expr {$n - 1}]] + [fib [expr {$n - 2}]]} }; puts [fib 18]; puts [string length [expr {7 ** 20000}]]
foreach i {1 2 3} { interp create s$i; s$i eval {proc f x { string repeat $x 1000 }}; puts [string length [s$i eval {f abc}]]; interp delete s$i }
coroutine c apply {{} { yield; for {set i 0} 1 {incr i} { yield $i } }}; for {set i 0} {$i < 5000} {incr i} { set x [c] }; puts $x
T
    tclsh a.tcl'
with guile && same guile 'cat >a.scm <<\S
(use-modules (ice-9 threads) (srfi srfi-1) (ice-9 regex))
(define h (make-hash-table)) (do ((i 0 (+ i 1))) ((= i 100000)) (hash-set! h (modulo i 5003) (cons i (hash-ref h (modulo i 5003) (list)))))
(display (hash-fold (lambda (k v s) (+ s (length v) (car v))) 0 h)) (newline)
(display (par-map (lambda (n) (string-length (string-concatenate (map number->string (iota 20000 n))))) (iota 6))) (newline)
(define (f n) (if (< n 2) 1 (* n (f (- n 1))))) (display (string-length (number->string (f 2000)))) (newline) (gc) (display (length (list-matches "[0-9]7" (string-join (map number->string (iota 5000)) ","))))
S
    guile --no-auto-compile a.scm'
with sbcl && same sbcl 'cat >a.lisp <<\S
(let ((h (make-hash-table :test (quote equal)))) (dotimes (i 200000) (push i (gethash (format nil "k~d" (mod i 997)) h))) (print (hash-table-count h)) (print (loop for v being the hash-values of h sum (first v))))
(defun fib (n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2))))) (print (fib 25)) (sb-ext:gc :full t) (print (mod (expt 7 20000) 1000007))
(print (mapcar (function sb-thread:join-thread) (loop for k below 4 collect (let ((k k)) (sb-thread:make-thread (lambda () (length (loop for i below 100000 collect (make-string (mod (+ i k) 9))))))))))
(let ((b (sb-alien:make-alien sb-alien:char 100000))) (setf (sb-alien:deref b 5) 7) (print (sb-alien:deref b 5)) (sb-alien:free-alien b))
S
    sbcl --script a.lisp'
with clisp && same clisp 'cat >a.lisp <<\S
(let ((h (make-hash-table :test (quote equal)))) (dotimes (i 40000) (push i (gethash (format nil "k~d" (mod i 997)) h))) (print (hash-table-count h)) (print (loop for v being the hash-values of h sum (first v))))
(defun fib (n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2))))) (compile (quote fib)) (print (fib 22)) (gc) (print (length (format nil "~d" (expt 7 20000)))) (print (length (sort (loop for i below 50000 collect (mod (* i 7919) 100003)) (function <))))
S
    clisp -norc -q a.lisp'
with csi && same chicken 'cat >a.scm <<\S
(import (chicken sort) (chicken string) (chicken gc)) (define v (make-vector 5003 (list))) (do ((i 0 (+ i 1))) ((= i 300000)) (vector-set! v (modulo i 5003) (cons (number->string i) (vector-ref v (modulo i 5003)))))
(print (apply + (map length (vector->list v)))) (print (string-length (apply string-append (vector-ref v 7)))) (gc #t) (define (f n) (if (< n 2) 1 (* n (f (- n 1))))) (print (string-length (number->string (f 1500)))) (print (list-ref (sort (map string-length (vector-ref v 9)) <) 3)) (print (call/cc (lambda (k) (for-each (lambda (x) (if (> (string->number x) 5) (k x))) (vector-ref v 11)) 0)))
S
    csi -q -s a.scm && csc -C -O0 a.scm -o a && ./a -:hm64m'
with gforth && same gforth 'cat >a.fs <<\F
variable n 0 n ! : fill-one ( u -- ) dup allocate throw dup rot 65 fill dup c@ n +! free throw ; : all 200000 1 do i 500 mod 1+ fill-one loop ; all n @ . cr
: keep 2000 0 do i 8 + allocate throw loop 2000 0 do dup 3000 resize throw nip free throw loop ; keep depth . : fib dup 2 < if drop 1 else dup 1- recurse swap 2 - recurse + then ; 24 fib . cr
wordlist constant w : names 3000 0 do i s>d <# #s [char] x hold #> get-current >r w set-current nextname create r> set-current loop ; names s" x77" w search-wordlist . drop cr bye
F
    gforth a.fs'
with ocamlopt && same ocaml 'cat >a.ml <<\O
module M = Map.Make(String)
let m = ref M.empty
let () = for i = 1 to 200000 do let k = "k" ^ string_of_int (i mod 4999) in m := M.update k (function None -> Some [i] | Some l -> Some (i :: l)) !m done
let () = Printf.printf "%d %d\n" (M.cardinal !m) (M.fold (fun _ l s -> s + List.hd l) !m 0)
let b = Buffer.create 16
let () = for i = 1 to 100000 do Buffer.add_string b (string_of_int i) done; Gc.compact (); print_endline (Digest.to_hex (Digest.string (Buffer.contents b)))
let () = let a = Array.init 50 (fun i -> Bigarray.(Array1.create float64 c_layout (i * 1000 + 1))) in Array.iter (fun x -> Bigarray.Array1.fill x 1.5) a; Printf.printf "%.1f\n" (Array.fold_left (fun s x -> s +. x.{0}) 0. a)
O
    ocamlopt a.ml -o a && ./a && ocaml a.ml && ocamlc -dlambda -c a.ml 2>&1 | wc -l'
with erl && same erlang 'cat >a.erl <<\A
-module(a). -export([main/0]).
main() -> T = ets:new(t, [set, public]), Me = self(), [spawn_link(fun() -> [ets:insert(T, {{K, I}, integer_to_list(I)}) || I <- lists:seq(1, 5000)], Me ! {done, K} end) || K <- lists:seq(1, 20)],
  [receive {done, K} -> ok end || K <- lists:seq(1, 20)], io:format("~p~n", [ets:info(T, size)]), B = term_to_binary([{I, lists:seq(1, I rem 30)} || I <- lists:seq(1, 20000)], [compressed]), io:format("~p ~p~n", [length(binary_to_term(B)), erlang:md5(lists:seq(1, 200))]),
  M = maps:from_list([{I, <<I:64, 0:(I rem 100 * 8)>> } || I <- lists:seq(1, 50000)]), io:format("~p~n", [maps:fold(fun(_, V, S) -> S + byte_size(V) end, 0, M)]), erlang:garbage_collect(), io:format("~p~n", [length(re:split(lists:flatten([integer_to_list(I) || I <- lists:seq(1, 5000)]), "7"))]), halt().
A
    erlc a.erl && erl -noshell +S 2 -run a main'
with go && same go 'cat >a.go <<\G
package main
type T struct{ l, r *T; s string }
func mk(n int) *T { if n == 0 { return nil }; return &T{mk(n - 1), mk(n - 1), "x"} }
func main() { m := map[string][]int{}; for i := 0; i < 1000; i++ { m["a"] = append(m["a"], i) }; println(len(m["a"]), mk(10) != nil) }
G
    gofmt -s a.go | md5sum; gofmt -l /usr/lib/go/src/net /usr/lib/go/src/go/ast /usr/lib/go/src/go/doc/*.go; go tool compile -p main -S a.go | grep -v "^$" | wc -l; GOFLAGS=-mod=mod GOCACHE=$PWD/c go list -f "{{.Name}} {{len .Imports}}" net/http go/types crypto/tls'
with /usr/bin/rustc && same rustc 'cat >a.rs <<\R
use std::{collections::{BTreeMap, HashMap}, sync::{Arc, Mutex}, thread};
fn main() { let m = Arc::new(Mutex::new(BTreeMap::<String, Vec<u64>>::new())); let h: Vec<_> = (0..4u64).map(|k| { let m = m.clone(); thread::spawn(move || for i in 0..20000u64 { m.lock().unwrap().entry(format!("k{}", i % 997)).or_default().push(i * k); }) }).collect();
  for t in h { t.join().unwrap(); } let m = m.lock().unwrap(); println!("{} {}", m.len(), m.values().flatten().sum::<u64>()); let c: HashMap<u64, String> = (0..50000).map(|i| (i, "y".repeat(i as usize % 60))).collect(); println!("{}", c.values().map(String::len).sum::<usize>());
  #[repr(align(256))] struct A(u8); let v: Vec<Box<A>> = (0..3000).map(|i| Box::new(A(i as u8))).collect(); println!("{} {}", v.iter().map(|a| a.0 as u64).sum::<u64>(), v.iter().all(|a| &**a as *const A as usize % 256 == 0)); }
R
    /usr/bin/rustc -C opt-level=1 -C codegen-units=2 a.rs -o a && ./a'
with Rscript && same r 'cat >a.R <<\R
set.seed(7); d <- data.frame(g = sample(letters, 50000, TRUE), x = rnorm(50000), y = runif(50000)); print(aggregate(x ~ g, d, function(v) round(mean(v), 6))[1:3, ]); print(round(coef(lm(y ~ x + g, d))[1:3], 8))
l <- lapply(1:40000, function(i) paste0("k", i %% 997, "-", i)); print(length(unique(sub("-.*", "", unlist(l))))); e <- new.env(); for (i in 1:50000) assign(paste0("v", i %% 5000), i, envir = e); print(sum(unlist(as.list(e)))); m <- matrix(rnorm(90000), 300); print(round(sum(abs(solve(m) %*% m - diag(300))), 3)); gc() -> z; print(nchar(paste(rev(strsplit(strrep("abc", 20000), "")[[1]]), collapse = ""))); print(length(serialize(d, NULL))); print(object.size(1:10))
R
    Rscript --vanilla a.R'
with /usr/lib/python3/dist-packages/numpy && same numpy '/usr/bin/python3 - <<\P
import numpy as np, threading
r = np.random.default_rng(5); a = r.random((400, 400)); print(round(float(np.linalg.det(a @ np.linalg.inv(a))), 6), round(float(np.linalg.svd(a, compute_uv=False)[0]), 6))
s = np.array(["k%d" % (i % 997) for i in range(100000)]); u, c = np.unique(s, return_counts=True); print(len(u), c[:3]); x = r.integers(0, 1000, 500000); print(np.sort(x)[::100000], np.bincount(x).argmax(), round(float(np.abs(np.fft.fft(x)).sum() / 1e9), 4))
out = [0] * 6
def work(n):
    for i in range(200): out[n] += int(np.concatenate([np.arange(i * 50 + n), np.ones(i * 7)]).astype(object)[-1:].sum() if i else 0)
t = [threading.Thread(target=work, args=(n,)) for n in range(6)]; [x.start() for x in t]; [x.join() for x in t]; print(out)
z = np.zeros(10); z.resize(100000, refcheck=False); print(z.shape, np.lib.stride_tricks.sliding_window_view(np.arange(5000), 50).copy().sum())
P'
with gp && same pari-gp 'echo "print(factor(2^128 + 1)); print(#divisors(20!)); p = 1; for (i = 1, 3000, p = (p * nextprime(i)) % 10^400); print(p % 1000003); print(bnfinit(x^4 - 7 * x + 5).cyc); v = vector(20000, i, Str(i * 7)); print(#Set(v)); print(matdet(matrix(60, 60, i, j, (i * j) % 17 + (i == j)))); E = ellinit([0, 0, 1, -7, 6]); print(ellap(E, 10007)); print(polgalois(x^5 - x - 1)); default(realprecision, 300); print(floor(Pi * 10^250) % 10^20)" | gp -q -f'
with maxima && same maxima 'maxima --very-quiet --batch-string="display2d: false\$ print(integrate(1 / (1 + x^4), x))\$ print(expand((a + b + c)^12) - 1)\$ print(factor(x^30 - 1))\$ print(determinant(genmatrix(lambda([i, j], 1 / (i + j)), 12, 12)))\$ print(taylor(exp(sin(x)), x, 0, 12))\$ print(length(makelist(primep(i), i, 1, 8000)))\$ print(solve(x^3 - 3 * x + 1, x))\$ print(2^4000)\$" </dev/null | md5sum; maxima --very-quiet --batch-string="print(diff(sin(x)^5, x, 3))\$" </dev/null | tail -n 1'
with swipl && same swipl 'cat >a.pl <<\P
q(N, Q) :- numlist(1, N, L), permutation(L, Q), ok(Q). ok([]). ok([H|T]) :- no(H, T, 1), ok(T). no(_, [], _). no(H, [X|T], D) :- abs(H - X) =\= D, E is D + 1, no(H, T, E).
:- dynamic f/2. main :- q(7, Q), writeln(Q), forall(between(1, 60000, I), (K is I mod 997, assertz(f(K, I)))), aggregate_all(count, f(5, _), C), writeln(C), retractall(f(7, _)), aggregate_all(sum(X), f(_, X), S), writeln(S), findall(A, (between(1, 40000, I), atom_concat(atom_, I, A)), As), length(As, Len), writeln(Len), garbage_collect_atoms,
  findall(T, (between(1, 6, N), thread_create((numlist(1, 20000, L), sum_list(L, M), Z is M + N, thread_exit(Z)), T)), Ts), maplist([T, R]>>thread_join(T, exited(R)), Ts, Rs), writeln(Rs), X9 is 7 ** 5000 mod 1000007, writeln(X9), length(BL, 3000), maplist([E]>>(E = foo(_, bar)), BL), copy_term(BL, B2), msort(B2, B3), length(B3, B4), writeln(B4).
P
    swipl -g main -t halt a.pl'

# pictures, sound, pages
with gnuplot && same gnuplot 'printf "set samples 2000; set isosamples 40; set terminal svg; set output \"a.svg\"; set multiplot layout 2,2; plot sin(x), x**2/50 w filledcurves; splot x*y w pm3d; set hidden3d; splot sin(x)*cos(y); plot for [i=1:9] besj0(x*i); unset multiplot; unset hidden3d; set terminal dumb 90 30; set output; plot sin(x)/x, cos(x); stats \"+\" u (\$1*2) nooutput; print STATS_records, STATS_max; a = \"\"; do for [i=1:2000] { a = a.sprintf(\"%%d,\", i) }; print strlen(a)\n" >a.gp; gnuplot a.gp 2>&1; md5sum <a.svg'
with dot && same graphviz '{ echo "digraph g { node [shape=box];"; for i in {1..110}; do echo "n$i -> n$((i * 7 % 110 + 1)) [label=\"e$i\"]; n$i -> n$((i / 2)); subgraph cluster_$((i % 7)) { n$i [label=\"node $i\\nline\"]; }"; done; echo "}"; } >a.dot; dot -Tsvg a.dot | md5sum; dot -Tplain a.dot | wc -l; neato -Tplain a.dot | wc -l; twopi -Tjson a.dot | wc -l; gvpr "N[1]{print(name)}" a.dot | wc -l; tred a.dot 2>/dev/null | wc -l'
with ffmpeg && same ffmpeg 'f="ffmpeg -v error -nostdin -bitexact"; $f -f lavfi -i testsrc=size=320x240:rate=25 -f lavfi -i sine=440 -t 2 -threads 2 -c:v mpeg4 -c:a aac -flags bitexact a.mkv; $f -i a.mkv -f framemd5 - | md5sum; ffprobe -v error -show_entries stream=codec_name,nb_read_frames -count_frames -of csv a.mkv; $f -f lavfi -i testsrc2=size=160x120:rate=10 -t 2 -filter_complex "split[a][b];[a]scale=80:60,hue=s=0[c];[b][c]overlay=5:5,vflip,gblur=2" -c:v libx264 -preset veryfast -threads 2 -f framemd5 - | md5sum'
with sox && same sox 'sox -R -n -r 44100 -c 2 -b 16 a.wav synth 6 pluck E3 sine 300-900; sox -R a.wav b.wav reverb 40 chorus 0.7 0.9 55 0.4 0.25 2 -t pitch 200 tempo 1.2 rate -v 22050; md5sum <b.wav; sox -R a.wav -n spectrogram -r -x 300 -o s.png; md5sum <s.png; sox -R -m a.wav -r 44100 a.wav c.au trim 1 3 norm compand 0.1,0.3 -60,-60,-30,-15,-20,-12 && soxi -D c.au; sox b.wav -n stat 2>&1 | head -n 3'
with flac && same flac 'seq 1 400000 | head -c 2000000 >r; f="--force-raw-format --endian=little --sign=signed --channels=2 --bps=16 --sample-rate=44100"; for l in 0 5 8; do flac -s -$l $f r -o $l.flac && flac -s -t $l.flac && flac -s -dc --force-raw-format --endian=little --sign=signed $l.flac | cmp - r && md5sum <$l.flac; done; metaflac --set-tag=A=b --add-seekpoint=100x 5.flac && metaflac --list 5.flac | wc -l'
with lame && same lame 'seq 1 300000 | head -c 1500000 >r; for m in "-V 2" "-b 96 -m j" "--abr 130 -q 0"; do lame --quiet -r -s 44.1 $m --add-id3v2 --tt title r a.mp3 && md5sum <a.mp3; done; lame --quiet --decode a.mp3 a.wav && md5sum <a.wav'
with pbmtext pnmtopng && same netpbm 'pbmtext "the heap 123" | pnmscale 5 | ppmtoppm >a.ppm 2>/dev/null; ppmmake red 300 200 | ppmdim 0.7 | pnmrotate 20 >b.ppm; pnmcat -tb a.ppm b.ppm 2>/dev/null | pnmtopng >a.png && pngtopnm a.png | ppmquant 16 2>/dev/null | ppmtogif 2>/dev/null | md5sum; pnmsmooth b.ppm 2>/dev/null | md5sum; pnmshear 15 b.ppm | pnmflip -r90 | pnmtops 2>/dev/null | wc -l; pnmhisteq b.ppm 2>/dev/null | md5sum; ppmhist b.ppm 2>/dev/null | wc -l'
with optipng ppmmake && same optipng 'for i in {1..150}; do echo "$((i % 7)) $((i * i % 255))"; done >n; { printf "P6 200 150 255\n"; seq 1 40000 | head -c 90000; } >a.ppm; pnmtopng a.ppm >a.png 2>/dev/null && optipng -quiet -o3 -i1 a.png && md5sum <a.png; ppmmake blue 300 300 | pnmtopng >b.png && optipng -quiet -o5 b.png -out c.png && wc -c <c.png'
with cwebp dwebp && same webp '{ printf "P6\n300 200\n255\n"; seq 1 60000 | head -c 180000; } >a.ppm; cwebp -quiet -mt -q 75 -m 6 a.ppm -o a.webp && dwebp -quiet -mt a.webp -ppm -o - | md5sum; cwebp -quiet -lossless -m 4 a.ppm -o b.webp && dwebp -quiet b.webp -ppm -o - | cmp - a.ppm && md5sum <b.webp; webpinfo b.webp | wc -l; img2webp -lossy -d 90 a.webp b.webp -o c.webp >/dev/null 2>&1 && webpmux -info c.webp | head -n 3'
with cjpeg djpeg jpegtran && same jpeg '{ printf "P6 900 700 255\n"; seq 1 400000 | head -c 1890000; } >a.ppm; for o in "-quality 60" "-progressive -optimize" "-arithmetic" "-dct float -smooth 30 -restart 2"; do cjpeg $o a.ppm >a.jpg && djpeg a.jpg | md5sum; jpegtran -rotate 90 -trim -progressive a.jpg | md5sum; done; djpeg -scale 3/8 -colors 60 -gif a.jpg | md5sum; rdjpgcom -verbose a.jpg'
with rsvg-convert && same rsvg '{ echo "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"500\" height=\"400\"><defs><linearGradient id=\"g\"><stop offset=\"0\" stop-color=\"red\"/><stop offset=\"1\" stop-color=\"blue\"/></linearGradient><filter id=\"f\"><feGaussianBlur stdDeviation=\"3\"/></filter></defs>"; for i in {1..900}; do echo "<path d=\"M$((i % 500)) $((i * 7 % 400)) q 20 30 $((i % 60)) 9 z\" fill=\"url(#g)\" opacity=\"0.5\" transform=\"rotate($i 250 200)\"/>"; done; echo "<circle cx=\"250\" cy=\"200\" r=\"90\" filter=\"url(#f)\"/></svg>"; } >a.svg; rsvg-convert a.svg | md5sum; rsvg-convert -z 2 -f svg a.svg | wc -l; SOURCE_DATE_EPOCH=0 rsvg-convert -f pdf a.svg | wc -l'
with mutool && same mutool 'for i in {1..60}; do { echo "%%MediaBox 0 0 500 700"; echo "%%Font F Times-Roman"; for j in {1..30}; do echo "BT /F 12 Tf 30 $((j * 20)) Td (page $i line $j of the text) Tj ET $i $j m 400 $((j * 9)) l S"; done; } >p$i.txt; done; mutool create -o a.pdf p{1..60}.txt && mutool draw -q -F txt a.pdf | md5sum; mutool draw -q -T 2 -B 100 -r 50 -F pnm a.pdf 1-9 2>/dev/null | md5sum; mutool clean -ggggz a.pdf b.pdf && mutool info b.pdf | grep -E "Pages|Fonts"; mutool convert -F svg -o s%d.svg b.pdf 1-3 && cat s*.svg | md5sum
    echo "var a = [], i, m = {}; for (i = 0; i < 30000; ++i) { a.push(\"k\" + i); m[\"k\" + i % 997] = i; } a.sort(); print(a[77], a.join().length, Object.keys(m).length, a.join().replace(/1(\d)/g, \"<\$1>\").length);" >a.js; mutool run a.js'
with qpdf mutool pdftotext && same qpdf-poppler 'for i in {1..50}; do { echo "%%MediaBox 0 0 400 500"; echo "%%Font F Helvetica"; for j in {1..25}; do echo "BT /F 11 Tf 30 $((j * 18)) Td (page $i line $j says $((i * j))) Tj ET"; done; } >p$i.txt; done; mutool create -o a.pdf p{1..50}.txt; qpdf --deterministic-id --object-streams=generate --linearize a.pdf b.pdf && qpdf --check b.pdf | tail -n 2; md5sum <b.pdf; qpdf --empty --pages b.pdf 1-9,z-40:odd a.pdf 3 -- c.pdf && qpdf --show-npages c.pdf; qpdf --json b.pdf | wc -l; qpdf --encrypt x y 256 -- a.pdf d.pdf && qpdf --password=y --decrypt d.pdf e.pdf
    pdftotext -layout e.pdf - | md5sum; pdftotext -bbox c.pdf - | wc -l; pdfseparate -l 9 b.pdf q%d.pdf && pdfunite q*.pdf u.pdf && pdfinfo u.pdf | grep Pages; pdftoppm -r 40 -l 4 b.pdf | md5sum; pdffonts b.pdf | wc -l; pdftocairo -svg -f 3 -l 3 a.pdf - | wc -l'
with tesseract pbmtext /usr/share/tesseract-ocr/5/tessdata/eng.traineddata && same tesseract 'export OMP_THREAD_LIMIT=2; pbmtext "THE HEAP GIVES 1234 BLOCKS" | pnmscale 4 2>/dev/null | pnmsmooth 2>/dev/null | pnmtopng >a.png 2>/dev/null; tesseract a.png - --psm 7 2>/dev/null; tesseract a.png - --psm 6 tsv 2>/dev/null | cut -f 1-10 | md5sum'
with espeak-ng && same espeak-ng 'for v in en de fr es; do espeak-ng -v $v -w $v.wav "The manager gives 1234 blocks, and takes 567 back; then it is $v." && md5sum <$v.wav; done; espeak-ng -q --ipa -v en "$(seq -s " " 1 300)" | md5sum; espeak-ng --voices | wc -l'
with povray && same povray 'cat >a.pov <<\V
camera { location <0, 4, -9> look_at 0 } light_source { <9, 20, -9> rgb 1 area_light <2, 0, 0>, <0, 2, 0>, 3, 3 } plane { y, -1 pigment { checker rgb 1, rgb 0.5 } finish { reflection 0.2 } }
#declare i = 0; #while (i < 300) sphere { <mod(i, 20) - 10, 0.1 * mod(i, 7), int(i / 20)>, 0.4 pigment { color rgb <mod(i, 3) / 3, mod(i, 5) / 5, 1> } normal { bumps 0.4 scale 0.1 } } #declare i = i + 1; #end
difference { box { -1, 1 } sphere { 0, 1.2 } texture { pigment { marble turbulence 1 } } } isosurface { function { x * x + y * y - 1 + 0.1 * sin(x * 9) * cos(y * 7) + z * z } contained_by { sphere { <4, 2, 0>, 1 } } }
V
    sed -i "1i#version 3.7; global_settings { assumed_gamma 1 }" a.pov; povray +Ia.pov +Oa.ppm +FP +W160 +H120 +WT2 -D -GA 2> >(grep -v "wrong size" >&2); tail -c 57600 a.ppm | md5sum; head -c 2 a.ppm'

# solvers, science, books
with ngspice && same ngspice '{ echo "a long line of cells"; echo "V1 n0 0 PULSE(0 5 1u 1n 1n 5u 20u)"; for i in {1..60}; do echo "R$i n$((i - 1)) n$i 100"; echo "C$i n$i 0 10p"; echo "D$i n$i 0 dm"; done; echo ".model dm D(IS=1e-14)"; echo ".tran 20n 20u"; echo ".print tran v(n1) v(n30) v(n60)"; echo ".end"; } >a.cir; ngspice -b a.cir 2>/dev/null | grep -E "^[0-9]+[[:space:]]" | tee b | md5sum; sed -n 90p b'
with glpsol cbc && same glpk-cbc 'cat >a.mod <<\M
param n := 14; set I := 1..n; param c{i in I, j in I} := (i * 37 + j * 91 + i * j * 13) mod 97 + 3; var x{I, I} binary; var y{I} binary;
minimize z: sum{i in I, j in I} c[i, j] * x[i, j] + sum{i in I} 40 * y[i]; s.t. a{j in I}: sum{i in I} x[i, j] = 1; s.t. b{i in I, j in I}: x[i, j] <= y[i]; s.t. k{i in I}: sum{j in I} x[i, j] <= 4; end;
M
    glpsol -m a.mod --wfreemps a.mps --wlp a.lp -o o >/dev/null && grep -E "^(Rows|Columns|Status|Objective)" o; md5sum <a.lp; cbc a.mps -threads 2 -solve -solution s >/dev/null && head -n 1 s; wc -l <s'
with minisat && same minisat '{ echo "p cnf 56 204"; for p in {0..7}; do for h in {1..7}; do printf "%d " $((p * 7 + h)); done; echo 0; done; for h in {1..7}; do for p in {0..7}; do for ((q = p + 1; q < 8; q++)); do echo "-$((p * 7 + h)) -$((q * 7 + h)) 0"; done; done; done; } >a.cnf; minisat -verb=0 a.cnf o >/dev/null; echo $?; cat o; awk "BEGIN { print \"p cnf 300 1150\"; s = 7; for (i = 0; i < 1150; i++) { for (j = 0; j < 3; j++) { s = (s * 16807) % 2147483647; printf \"%d \", (s % 2 ? 1 : -1) * (int(s / 7) % 300 + 1) } print 0 } }" >b.cnf; minisat -verb=0 b.cnf o >/dev/null; echo $?; md5sum <o'
with bwa samtools && same bwa-samtools 'awk "BEGIN { s = 5; print \">r\"; for (i = 0; i < 3000; i++) { l = \"\"; for (j = 0; j < 60; j++) { s = (s * 16807) % 2147483647; l = l substr(\"ACGT\", int(s / 9) % 4 + 1, 1) } print l } }" >r.fa; tail -n +2 r.fa | tr -d "\n" >t; awk "{ for (i = 1; i < 170000; i += 37) { q = substr(\$0, i, 90); printf \"@q%d\n%s\n+\n%s\n\", i, substr(q, 1, 40) \"T\" substr(q, 42), gensub_(90) } } function gensub_(n, x) { while (n--) x = x \"I\"; return x }" t >q.fq
    bwa index r.fa 2>/dev/null && bwa mem -t 2 r.fa q.fq 2>/dev/null | samtools sort -@ 2 -m 5M -o a.bam - 2>/dev/null && samtools index a.bam && samtools flagstat a.bam | head -n 5; samtools view a.bam r:500-900 | wc -l; samtools mpileup -f r.fa a.bam 2>/dev/null | md5sum; samtools view -C -T r.fa a.bam 2>/dev/null | samtools view -T r.fa - | cut -f 1-10 | md5sum'
with gdaldem ogr2ogr && same gdal '{ echo "ncols 200"; echo "nrows 150"; echo "xllcorner 10"; echo "yllcorner 50"; echo "cellsize 0.01"; awk "BEGIN { for (i = 0; i < 150; i++) { for (j = 0; j < 200; j++) printf \"%d \", (i * j) % 700 + i; print \"\" } }"; } >a.asc; gdal_translate -q -of GTiff -co COMPRESS=DEFLATE -co TILED=YES -a_srs EPSG:4326 a.asc a.tif && gdalinfo -checksum a.tif | grep -E "Checksum|Block"; gdaldem hillshade -q a.tif h.tif && gdalinfo -checksum h.tif | grep Checksum; gdal_contour -q -a e -i 100 -f GeoJSON a.tif c.json && wc -l <c.json; gdalwarp -q -multi -wo NUM_THREADS=2 -t_srs EPSG:3857 a.tif w.tif && gdalinfo w.tif | grep "Size is"
    ogr2ogr -f GPKG c.gpkg c.json -nln c && ogrinfo -q c.gpkg -sql "select count(*) as n, max(e) as m from c" | grep =; ogr2ogr -f CSV o.csv c.gpkg -sql "select e, fid % 3 as l from c order by e, fid" && md5sum <o.csv'
with ledger && same ledger 'for i in {1..6000}; do printf "2026/%02d/%02d * Shop %d\n    Expenses:Group%d:Item%d    \$%d.%02d\n    Assets:Bank%d\n\n" $((i * 12 / 6001 + 1)) $((i % 28 + 1)) $((i % 50)) $((i % 7)) $((i % 40)) $((i % 300 + 1)) $((i % 100)) $((i % 3)); done >a; l="ledger --no-pager --args-only -f a"; $l bal Assets; $l reg --monthly Expenses:Group3 | md5sum; $l --now 2026/12/31 -S amount reg Item7 | tail -n 2; $l csv | md5sum; $l stats 2>/dev/null | grep -c :'

# kept histories, servers and nets
with hg && same mercurial 'h="hg --config ui.username=u -q"; $h init a && cd a && cp -r $top/src . && $h add . && $h commit -d "0 0" -m one && for i in 1 2 3; do sed -i "s/hmm/h$i/" src/memory/*.c; $h commit -d "$i 0" -m $i; done; hg log -T "{rev} {desc}\n"; hg diff -r 0 -r 3 | wc -l; hg annotate src/heap/heap.c | md5sum; $h verify; cd .. && $h clone a b && cd b && $h update 1 && hg status | wc -l; $h bundle -a x.hg && wc -l <src/heap/heap.c'
with svn svnadmin && same subversion 'svnadmin create r && u=file://$PWD/r && svn -q import -m one $top/src $u/trunk && svn -q co $u/trunk w && cd w && for i in 1 2 3; do sed -i "s/hmm/h$i/" memory/*.c; svn -q commit -m $i; done; svn -q update; svn diff -r1:4 --internal-diff | grep -c "^[-+]"; svn -q copy -m b $u/trunk $u/b && svn ls -R $u | wc -l; svn blame heap/heap.c | cut -c1-8 | sort | uniq -c; svnadmin verify -q ../r && svnadmin dump -q ../r | svnadmin load -q --ignore-uuid <(:) 2>/dev/null; svn log -q $u/trunk | grep -c "^r"; svn propset -q p v -R . && svn status | wc -l'
with mariadbd && same mariadb 'mkdir d && { echo "create database x;"; echo "use x;"; echo "create table t (a int primary key, b varchar(200) collate latin1_bin, c double, key (b)) engine=InnoDB;"; echo "create table m (a int, b blob) engine=Aria;"; echo "insert into t select seq, concat(md5(seq), repeat(char(65 + seq % 26), seq % 60)), seq * 0.5 from seq_1_to_12000;"; echo "insert into m select a, repeat(b, 3) from t where a % 3 = 0;"; echo "delete from t where a % 7 = 0;"; echo "update t set b = reverse(b) where a % 5 = 0;"; echo "select count(*), sum(c), max(b) into outfile \"$PWD/o1\" from t;"; echo "select substr(t.b, 1, 1) k, count(*), sum(length(m.b)), group_concat(t.a order by t.a desc limit 3) into outfile \"$PWD/o2\" from t join m using (a) group by k order by k;"; echo "alter table t add d json;"; echo "check table t;"; } >q.sql
    mariadbd --no-defaults --bootstrap --user=root --datadir="$PWD/d" --tmpdir="$PWD" --innodb-buffer-pool-size=16M --innodb-log-file-size=4M --aria-pagecache-buffer-size=8M --key-buffer-size=1M --skip-networking --default-storage-engine=InnoDB --skip-grant-tables --secure-file-priv= <q.sql >log 2>&1; echo $?; cat o1 o2'
ready='for i in {1..100}; do (: </dev/tcp/127.0.0.1/$port) 2>/dev/null && break; sleep 0.1; done'
export ready
with memcached && same memcached 'port=$((20000 + RANDOM % 20000)); memcached -u nobody -l 127.0.0.1 -p $port -U 0 -m 8 -t 4 & pid=$!; eval "$ready"; for k in 1 2 3 4; do { exec 3<>/dev/tcp/127.0.0.1/$port; { for i in {1..2500}; do n=$((i % 900 + 1)); printf "set k%d.%d 0 0 %d\r\n%0${n}d\r\n" $k $i $n $i; done; for i in {2400..2500}; do printf "get k%d.%d\r\n" $k $i; done; printf "incr k$k.5 7\r\nquit\r\n"; } >&3 & cat <&3 | tr -d "\r" | cut -c1-5 | sort | uniq -c >o$k; } & jobs+=($!); done; wait "${jobs[@]}"; cat o?; kill $pid; wait $pid; echo $?'
with lighttpd curl && same lighttpd 'port=$((20000 + RANDOM % 20000)); mkdir h && for i in {1..40}; do seq $i 4000 >h/$i.txt; done; printf "server.port = $port\nserver.bind = \"127.0.0.1\"\nserver.document-root = \"$PWD/h\"\nserver.modules = (\"mod_dirlisting\", \"mod_setenv\", \"mod_rewrite\")\ndir-listing.activate = \"enable\"\nsetenv.add-response-header = (\"X-A\" => \"b\")\nurl.rewrite-once = (\"^/r/(.*)\" => \"/\$1.txt\")\nmimetype.assign = (\".txt\" => \"text/plain\")\n" >c; lighttpd -D -f c 2>log & pid=$!; eval "$ready"; curl -s --parallel "http://127.0.0.1:$port/[1-40].txt" -o "o#1"; cat o* | md5sum; curl -s http://127.0.0.1:$port/r/7 | md5sum; curl -s http://127.0.0.1:$port/ | grep -c "txt</a>"; curl -sI http://127.0.0.1:$port/9.txt | grep X-A; kill $pid; wait $pid; echo $?'
with apache2 curl && same apache2 'chmod 755 . ..; port=$((20000 + RANDOM % 20000)); mkdir -m 755 h && for i in {1..40}; do seq $i 4000 >h/$i.txt; done; { for m in mpm_event authz_core mime dir autoindex alias deflate filter rewrite status; do echo "LoadModule ${m}_module /usr/lib/apache2/modules/mod_$m.so"; done; printf "Listen 127.0.0.1:$port\nServerName n\nUser www-data\nGroup www-data\nPidFile $PWD/pid\nErrorLog $PWD/log\nMutex file:$PWD default\nTypesConfig /dev/null\nAddType text/plain .txt\nDocumentRoot $PWD/h\nStartServers 2\nMaxRequestWorkers 64\nThreadsPerChild 16\nRewriteEngine on\nRewriteRule ^/r/(.*) /\$1.txt [PT]\nAddOutputFilterByType DEFLATE text/plain\n<Directory $PWD/h>\nOptions Indexes\nRequire all granted\n</Directory>\n"; } >c
    apache2 -X -t -f "$PWD/c" 2>&1; apache2 -D FOREGROUND -f "$PWD/c" 2>/dev/null & pid=$!; eval "$ready"; curl -s --parallel --compressed "http://127.0.0.1:$port/[1-40].txt" -o "o#1"; cat o* | md5sum; curl -s http://127.0.0.1:$port/r/7 | md5sum; curl -s http://127.0.0.1:$port/ | grep -c "txt</a>"; apache2 -f "$PWD/c" -k graceful; sleep 0.5; curl -s http://127.0.0.1:$port/3.txt | wc -l; kill $pid; wait $pid; echo $?'
with haproxy curl && same haproxy 'port=$((20000 + RANDOM % 20000)); printf "global\n nbthread 2\n maxconn 200\ndefaults\n mode http\n timeout client 9s\n timeout server 9s\n timeout connect 9s\nfrontend f\n bind 127.0.0.1:$port\n acl a path_beg /a\n http-request set-header X-N %%[path,regsub(1,one,g),sha2(256),hex]\n http-request return status 200 content-type text/plain lf-string \"%%[req.hdr(X-N)] %%[path]\" if a\n use_backend b if { path_beg /b }\n default_backend z\nbackend z\n http-request deny deny_status 404\nbackend b\n balance roundrobin\n" >c; for i in {1..300}; do echo " server s$i 127.0.0.1:$port"; done >>c; echo " http-request set-path /a%[path]" >>c; haproxy -c -f c | tail -n 1; haproxy -W -f c >log 2>&1 & pid=$!; eval "$ready"
    curl -s "http://127.0.0.1:$port/a[1-300]" | md5sum; curl -s --parallel "http://127.0.0.1:$port/b[1-60]" -o "o#1"; cat o* | md5sum; curl -s -o /dev/null -w "%{http_code}\n" http://127.0.0.1:$port/x; kill -USR1 $pid; wait $pid; echo $?'
with squid curl python3 && same squid 'chmod 777 .; chmod 755 ..; port=$((20000 + RANDOM % 20000)); mkdir h && for i in {1..30}; do seq $i 4000 >h/$i.txt; done; touch -d 2020-01-01 h/*; (cd h && exec python3 -m http.server -b 127.0.0.1 $((port + 1)) >/dev/null 2>&1) & web=$!; printf "http_port 127.0.0.1:$port\nhttp_access allow localhost\nvisible_hostname n\ncache_mem 16 MB\naccess_log none\ncache_log $PWD/log\npid_filename $PWD/pid\ncoredump_dir $PWD\nnetdb_filename none\npinger_enable off\nmemory_pools off\nshutdown_lifetime 0 seconds\nrefresh_pattern . 60 50%% 600\nhttpd_suppress_version_string on\n" >c; for i in {1..2000}; do echo "acl d dstdomain .n$i.example"; done >>c
    squid -N -f "$PWD/c" 2> >(grep -v "wrong size" >&2) & pid=$!; eval "$ready"; (port=$((port + 1)); eval "$ready"); for k in 1 2; do curl -s -D hd$k -x http://127.0.0.1:$port "http://127.0.0.1:$((port + 1))/[1-30].txt" | md5sum; grep -c "X-Cache: HIT" hd$k; done; curl -s -x http://127.0.0.1:$port -o /dev/null -w "%{http_code}\n" http://127.0.0.1:$((port + 1))/none; kill $pid; wait $pid; echo $?; kill $web'
with dnsmasq && same dnsmasq '{ for i in {1..20000}; do echo "address=/n$i.example/127.0.$((i / 250)).$((i % 250))"; done; for i in {1..2000}; do printf "dhcp-host=%02x:11:22:33:%02x:55,h$i,10.0.$((i / 250)).$((i % 250 + 1))\ncname=c$i.example,n$i.example\n" $((i % 256)) $((i / 256)); done; echo "dhcp-range=10.0.0.1,10.0.20.250,1h"; } >c; dnsmasq --test -C c 2>&1; dnsmasq --version | head -n 3 | wc -l; dnsmasq --help | wc -l'
with unbound-checkconf && same unbound '{ echo "server:"; echo "  directory: \"$PWD\""; echo "  username: \"\""; echo "  chroot: \"\""; for i in {1..15000}; do printf "  local-zone: \"n$i.example.\" static\n  local-data: \"a.n$i.example. IN A 127.0.$((i / 250)).$((i % 250))\"\n"; done; echo "forward-zone:"; echo "  name: \".\""; echo "  forward-addr: 192.0.2.1"; } >c; unbound-checkconf c | sed "s/ in .*//"; unbound-checkconf -o num-threads c'
with named-checkzone named-checkconf && same bind9-utils '{ echo "\$TTL 3600"; echo "@ SOA n. h. 1 2 3 4 5"; echo "@ NS n"; echo "n A 127.0.0.1"; for i in {1..15000}; do printf "h$i A 10.0.$((i / 250)).$((i % 250))\nh$i TXT \"text of $i\"\n"; done; echo "\$GENERATE 1-5000 g\$ CNAME h\$"; } >z; named-checkzone -D -o d example z >/dev/null && md5sum <d; named-checkzone -F raw -o r example z >/dev/null 2>&1 && named-compilezone -f raw -F text -s full -o t example r >/dev/null 2>&1 && wc -l <t; for i in {1..3000}; do echo "zone \"z$i\" { type primary; file \"z\"; };"; done >c; named-checkconf -p c | wc -l'
with nmap python3 && same nmap 'port=$((20000 + RANDOM % 20000)); mkdir h && echo "<title>the heap</title>" >h/index.html; (cd h && exec python3 -m http.server -b 127.0.0.1 $port >/dev/null 2>&1) & web=$!; eval "$ready"; nmap -n -Pn -sT -p $port --script +http-title,+http-headers,+http-methods 127.0.0.1 -oX a.xml | grep -E "open|Title|Content-Length" | sed "s/^[0-9]*\/tcp.*/tcp/; s/:[0-9]*)/)/"; grep -c "<script" a.xml; nmap -n -sL 127.0.0.0/20 | wc -l; nmap --script-help "http-*" | grep -c "^http"; kill $web'
with aria2c python3 && same aria2 'port=$((20000 + RANDOM % 20000)); mkdir h && for i in {1..30}; do seq $i 60000 >h/$i; done; (cd h && exec python3 -m http.server -b 127.0.0.1 $port >/dev/null 2>&1) & web=$!; eval "$ready"; for i in {1..30}; do printf "http://127.0.0.1:$port/$i\n checksum=sha-256=%s\n" "$(sha256sum <h/$i | cut -d" " -f1)"; done >l; aria2c -q --no-conf -j 6 -x 2 -d o -i l; echo $?; cat o/* | md5sum; kill $web'
