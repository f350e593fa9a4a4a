#!/bin/bash
# rust.sh BUILD: the Rust crate, offline: its tests, its documentation's examples, the example on the shared and on the static library.
build=$1
. "$(dirname "$0")/lib.sh"
cd "$(dirname "$0")/../../bindings/rust" || exit 2
needs cargo
export HMM_LIB_DIR=$build LD_LIBRARY_PATH=$build CARGO_TARGET_DIR=$tmp/target CARGO_NET_OFFLINE=true
quietly() { "$@" >"$tmp/log" 2>&1 || { tail -n 20 "$tmp/log"; false; }; }
check "tests, shared" quietly cargo test --offline
grep -h "^test result" "$tmp/log" | sed 's/^/    /'
check "nothing to warn of" not grep -q "^warning" "$tmp/log"
check "the example's answer, shared" sh -c "echo one two two three | cargo run -q --offline --example words | grep -qx '3 words'"
check "the example's answer, static" sh -c "echo one two two three | env -u LD_LIBRARY_PATH cargo run -q --offline --features static --example words | grep -qx '3 words'"
check "no dependencies" sh -c "cargo tree --offline | wc -l | grep -qx 1"
rm -f Cargo.lock
finish
