#!/bin/bash
# signals.sh BUILD: hmm run --summary - what is sent to it, to its process group or by its terminal reaches the program once.
build=$1
. "$(dirname "$0")/lib.sh"
needs python3
here=$(cd "$(dirname "$0")" && pwd)
cc -O1 -o "$tmp/signals" "$here/signals.c"
check "signals" timeout 120 python3 "$here/signals.py" "$tmp/signals" "$build/hmm" run --summary --
finish
