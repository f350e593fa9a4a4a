#!/bin/bash
# docs.sh BUILD: every example and command in README and docs does what it says: sh lines succeed, C is compiled without warnings and runs. What a
# block of code is for stands behind its fence; one without a word there is output. Links lead to files. Pages made from sources are up to date.
build=$1
. "$(dirname "$0")/lib.sh"
needs python3
cd "$(dirname "$0")/../.." || exit 2
mkdir "$tmp/tree" && git ls-files -co --exclude-standard 2>/dev/null | tar cf - -T - | tar xf - -C "$tmp/tree" || cp -r . "$tmp/tree"
mkdir -p "$tmp/tree/build" && cp "$build"/libhmm.so* "$build/libhmm.a" "$build/hmm" "$tmp/tree/build/"

command_runs() { (cd "$tmp/tree" && timeout 120 sh -ec "$1" >"$tmp/out" 2>&1 </dev/null) || { echo "    $1"; tail -n 3 "$tmp/out"; false; }; }
c_runs() { # FILE: whole, or lines that go into main, after those of the file scope
    if ! grep -q "int main" "$1"; then
        { grep -E '^(#|static |struct [A-Za-z]+ \{)' "$1"; echo "int main(void)"; echo "{"; grep -vE '^(#|static )' "$1"; echo "    return 0;"; echo "}"; } >"$1.whole.c"
    else
        cp "$1" "$1.whole.c"
    fi
    cc -std=gnu17 -Wall -Wextra -Wno-unused-variable -Werror -Iinclude "$1.whole.c" -L"$build" -lhmm -Wl,-rpath,"$build" -o "$1.program" && "$1.program" >/dev/null 2>&1
}
rust_runs() { # FILE: items, in a program that uses them as its heap; without cargo they must be words of the crate
    command -v cargo >/dev/null || { grep -qF "$(head -1 "$1")" bindings/rust/src/lib.rs; return; }
    mkdir -p "$tmp/rust/src"
    printf '[package]\nname = "block"\nversion = "0.1.0"\nedition = "2021"\n[dependencies]\nlibhmm = { path = "%s" }\n' "$tmp/tree/bindings/rust" >"$tmp/rust/Cargo.toml"
    { cat "$1"; echo 'fn main() { assert_eq!(vec![7u8; 3000].len(), 3000); }'; } >"$tmp/rust/src/main.rs"
    (cd "$tmp/rust" && HMM_LIB_DIR=$build LD_LIBRARY_PATH=$build RUSTFLAGS="-D warnings" cargo run -q --offline >"$tmp/out" 2>&1) || { tail -n 5 "$tmp/out"; false; }
}
n=0
for page in README.md docs/*.md docs/decisions/*.md; do
    awk -v out="$tmp/block" '/^```./ {lang = substr($0, 4); n++; file = out "." n "." lang; printf "" >file; on = 1; next} /^```/ {on = 0; next} on {print >file}' "$page"
    for block in "$tmp"/block.*; do
        [ -e "$block" ] || continue
        n=$((n + 1))
        case ${block##*.} in
        sh)
            while IFS= read -r line; do
                case $line in
                "make test"* | "make bench"* | "make packages"* | "make install"*) continue ;; # they are what runs this, or have tests of their own
                esac
                [ -z "${line%%#*}" ] || check "$page: $line" command_runs "$line"
            done <"$block" ;;
        c) check "$page: C" c_runs "$block" ;;
        rust) check "$page: Rust" rust_runs "$block" ;;
        *) check "$page: a block of '${block##*.}', which nothing tries" false ;;
        esac
        rm -f "$block" "$block".*
    done
    links=$(grep -oE '\]\([^)#]+' "$page" | sed 's/](//' | grep -v '^http')
    for link in $links; do
        [ -e "$(dirname "$page")/$link" ] || check "$page: link to $link" false
    done
done
for page in README.md CHANGELOG.md docs/*.md docs/decisions/*.md src/README.md src/*/README.md; do
    for file in $(grep -ohE '`[a-z]+(/[a-z_0-9]+)*/[a-z_0-9]+\.(c|h|def|sh)`' "$page" | tr -d '`' | sort -u); do
        [ -e "$file" ] || [ -e "src/$file" ] || [ -e "tests/$file" ] || check "$page: there is a file $file" false
    done
done
check "there were examples" test $n -gt 8
check "options.md is made from the tunables" sh -c 'sh tools/gen_options.sh | cmp - docs/options.md'
check "hmm-options(7) too" sh -c 'sh tools/gen_options.sh --man | cmp - docs/man/hmm-options.7.scd'
for call in $(grep -ohE '\bHmm[A-Z][A-Za-z]*\(' include/hmm.h | tr -d '('); do grep -q "$call" docs/man/hmm.3.scd || check "hmm(3) has $call" false; done
for option in $("$build/hmm" run --help | grep -oE '^  --[a-z]+' | tr -d ' '); do
    [ "$option" = --help ] || grep -qF -- "*$option*" docs/man/hmm.1.scd || check "hmm(1) has $option" false
done
for decision in docs/decisions/0*.md; do grep -q "$(basename "$decision")" docs/decisions/README.md || check "the index has $decision" false; done
finish
