#!/bin/bash
# run.sh ABUSE LIBHMM [UNCHECKED]: every program of abuse.c ends as it must, and names the bad pointer. With
# UNCHECKED, a library built without checks, the same programs must not: the expectations can fail.
abuse=$1 library=$2 unchecked=${3:-}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
ulimit -c 0

passes() { # library name expected options
    { timeout 60 env LD_PRELOAD="$1" HMM_OPTIONS="$4" "$abuse" "$2" >"$tmp/out" 2>"$tmp/err"; } 2>/dev/null
    local status=$?
    case $3 in
    SEGV) [ $status = 139 ] ;;
    *"double free"* | hmm:*)
        [ $status = 134 ] && grep -qF -- "$3" "$tmp/err" && {
            [ "$2" = twice_at_once ] ||
                [ "$(sed -n 's/^hmm: [^:]*: .* \(0x[0-9a-f]*\)\( (.*\)\?$/\1/p' "$tmp/err")" = \
                  "$(sed -n 's/^bad pointer //p' "$tmp/err")" ]
        } ;;
    *) [ $status = 0 ] && grep -qxF -- "$3" "$tmp/out" ;;
    esac
}

passed=0 failed=0 missed=0
while IFS=$'\t' read -r name expected options; do
    if passes "$library" "$name" "$expected" "$options"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "failed: $name: expected \"$expected\", got: $(tr '\n' '|' <"$tmp/err")$(tr '\n' '|' <"$tmp/out")"
    fi
    if [ -n "$unchecked" ] && [[ $name == twice* || $name == interior_small ]] &&
        [[ $name != *large* && $name != *mapped* && $name != *at_once ]]; then
        if passes "$unchecked" "$name" "$expected" "$options"; then
            failed=$((failed + 1))
            echo "can't fail: $name passes without checks too"
        else
            missed=$((missed + 1))
        fi
    fi
done < <("$abuse")
echo "$passed passed, $failed failed${unchecked:+ ($missed shown to fail without the checks)}"
[ $failed = 0 ] && [ $passed -gt 50 ]
