#!/bin/bash
# lint.sh BUILD: the layers' lint passes, and fails on each kind of breach.
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
check "base includes core" breach base/fmt.c '#include "heap/heap.h"'
check "core includes api" breach memory/pages.c '#include "api/alloc.h"'
check "pages includes slab" breach memory/pages.c '#include "slabs/slab.h"'
check "api includes hosted" breach api/alloc.c '#include "hosted/hosted.h"'
check "#if in core" breach slabs/slab.c '#if 1'
check "a bare atomic" breach slabs/slab.c 'int f(void) { return atomic_load(&x); }'
check "stdio in core" breach slabs/slab.c '#include <stdio.h>'
check "a file too long" breach slabs/slab.c "$(yes '/* x */' | head -n 400)"
finish
