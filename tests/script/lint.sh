#!/bin/bash
# lint.sh BUILD: the layers' lint passes, and fails on each kind of breach.
build=$(realpath "$1")
. "$(dirname "$0")/lib.sh"
top=$(cd "$(dirname "$0")/../.." && pwd)
lint=$top/tools/lint_layers.sh
check "the sources are clean" "$lint" "$top"
check "docs/options.md is what the tunables say" bash -c "'$top/tools/gen_options.sh' | cmp -s - '$top/docs/options.md'"
cc -std=gnu17 -I"$top/src" -o "$tmp/gen" "$top/tools/gen_sizeclass.c" && "$tmp/gen" >"$tmp/table.c"
check "the size class table is what its generator proves" cmp -s "$tmp/table.c" "$top/src/base/sizeclass_table.c"
breach() { # file, line added
    rm -rf "$tmp/tree" && mkdir "$tmp/tree" && cp -r "$top/src" "$tmp/tree/src"
    printf '%s\n' "$2" >>"$tmp/tree/src/$1"
    ! "$lint" "$tmp/tree" >/dev/null 2>&1
}
check "base includes heap" breach base/fmt.c '#include "heap/heap.h"'
check "memory includes api" breach memory/pages.c '#include "api/alloc.h"'
check "memory includes slabs" breach memory/pages.c '#include "slabs/slab.h"'
check "api includes hosted" breach api/alloc.c '#include "hosted/hosted.h"'
check "#if in slabs" breach slabs/slab.c '#if 1'
check "decay.h in pages.c, the same folder" breach memory/pages.c '#include "memory/decay.h"'
check "a bare atomic" breach slabs/slab.c 'int f(void) { return atomic_load(&x); }'
check "stdio in slabs" breach slabs/slab.c '#include <stdio.h>'
check "a file too long" breach slabs/slab.c "$(yes '/* x */' | head -n 400)"
all_named() { # TUNABLES: each number has a line on its worst case
    for name in $(sed -n 's/^HMM_[A-Z]*(\([A-Za-z_]*\),.*/\1/p' "$1"); do
        grep -qw "$name" "$top/docs/worst-cases.md" || { echo "no line on its worst case: $name"; return 1; }
    done
}
check "each number has a line in docs/worst-cases.md" all_named "$top/src/base/tunables.def"
cp "$top/src/base/tunables.def" "$tmp/tunables.def"
echo 'HMM_FIXED(NOBODY_KNOWS, 1, "", "")' >>"$tmp/tunables.def"
check "a number without a line" not all_named "$tmp/tunables.def"
calls=$top/tools/lint_calls.sh
objects=$build/CMakeFiles/hmm_objects.dir
check "calls point downwards" "$calls" "$objects" "$top"
upward() { # FILE OF SRC, FUNCTION: the object, and one more that calls a function above it
    rm -rf "$tmp/objects" && mkdir -p "$tmp/objects/$(dirname "src/$1")"
    cp -r "$objects/src" "$tmp/objects/"
    printf 'void %s(void); void f(void); void f(void) { %s(); }\n' "$2" "$2" | cc -c -x c - -o "$tmp/f.o"
    ld -r "$objects/src/$1.o" "$tmp/f.o" -o "$tmp/objects/src/$1.o"
    ! "$calls" "$tmp/objects" "$top" >/dev/null 2>&1
}
check "pages calls slab" upward memory/pages.c hmm_slab_create
check "bin calls remote, in the same folder" upward arenas/bin.c hmm_remote_collect
check "heap calls the process" upward heap/heap.c hmm_process_start
not_enough() { ! "$calls" "$tmp/no objects" "$top" >/dev/null 2>&1; }
check "no objects, no verdict" not_enough
finish
