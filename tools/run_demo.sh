#!/bin/sh
# make run: a real program, doing real work, on libc's heap and on libhmm, and what libhmm's heap did.
# perl is part of every Debian and Ubuntu; without it, the compiler that built libhmm compiles a file.
set -eu
hmm=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat >"$work/words.pl" <<'PERL'
# Count the words of a text that is made up here, sort them, keep an index of where each stands.
my ($seed, %count, %where) = (42);
sub rnd { $seed = ($seed * 1103515245 + 12345) % 2147483648; return $seed % $_[0] }
for my $line (1 .. 40000) {
    for my $word (map { join '', map { chr(97 + rnd(26)) } 1 .. 2 + rnd(4) } 1 .. 8) {
        $count{$word}++;
        push @{$where{$word}}, $line;
    }
}
my @order = sort { $count{$b} <=> $count{$a} || $a cmp $b } keys %count;
my $sum = 0;
$sum += scalar @{$where{$_}} for @order;
print scalar(@order), " different words, $sum in all; most frequent: @order[0 .. 4]\n";
PERL

if command -v perl >/dev/null; then
    set -- perl "$work/words.pl"
    what="perl, counting and indexing the words of a text"
else
    cc1=$(${CC:-cc} -print-prog-name=cc1)
    cat src/*/*.h >"$work/all.c"
    set -- "$cc1" -quiet -O2 -Isrc -Isrc/port/linux -o /dev/null src/heap/heap.c
    what="cc1, compiling a file of libhmm"
fi
echo "== The program: $what"
"$hmm" run -- "$@"

field() { sed -n "s/^  $1 *//p" "$2"; }
: >"$work/libc" && : >"$work/libhmm"
for i in 1 2 3; do
    "$hmm" run --libc --summary -- "$@" >/dev/null 2>"$work/one.libc"
    LD_PRELOAD="$(dirname "$hmm")/libhmm.so" "$hmm" run --libc --summary -- "$@" >/dev/null 2>"$work/one.libhmm"
    for heap in libc libhmm; do
        echo "$(field 'user s' "$work/one.$heap") $(field 'peak RSS KiB' "$work/one.$heap")" >>"$work/$heap"
    done
done
echo
echo "== Time and memory, best of 3 runs in turn"
printf '  %-8s %12s %14s\n' heap "user s" "peak RSS KiB"
for heap in libc libhmm; do
    printf '  %-8s %12s %14s\n' $heap "$(sort -n "$work/$heap" | head -n 1 | cut -d' ' -f1)" \
        "$(cut -d' ' -f2 "$work/$heap" | sort -n | head -n 1)"
done
echo
echo "== What libhmm's heap did (every call counted, which slows the program down)"
"$hmm" run --summary -- "$@" >/dev/null
