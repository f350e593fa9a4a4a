# lib.sh - for the tests that are scripts: say each check, count, end.
passed=0 failed=0
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
ulimit -c 0

check() { # name, then a command that must succeed
    local name=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "failed: $name"
    fi
}
not() { ! "$@"; }
needs() { # COMMAND...: or the test is skipped, with its name
    for tool; do
        command -v "$tool" >/dev/null || { echo "no $tool here"; exit 77; }
        [ "$tool" != python3 ] || python3 -c 'import json, pty' 2>/dev/null || { echo "no python3 with its library here"; exit 77; }
    done
}
finish() {
    echo "$passed passed, $failed failed"
    [ $failed = 0 ] && [ $passed -gt 0 ]
}
