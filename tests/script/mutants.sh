#!/bin/bash
# mutants.sh BUILD: the abuse programs can fail: in copies of the sources one check at a time is taken out, and the
# programs about it must then not end as they should. (Those that the state byte alone decides are shown with the
# unchecked library, by abuse/run.sh.)
build=$(realpath "$1")
. "$(dirname "$0")/lib.sh"
needs g++
top=$(cd "$(dirname "$0")/../.." && pwd)

# mutant "FILE..." SED NAME...: with each FILE changed by SED, each of the abuse programs NAME fails.
mutant() {
    local file=$1 change=$2 name
    shift 2
    rm -rf "$tmp/m" && mkdir "$tmp/m" && cp -r "$top/src" "$top/include" "$tmp/m/"
    for one in $file; do
        sed -i -E "$change" "$tmp/m/$one"
        if cmp -s "$tmp/m/$one" "$top/$one"; then
            failed=$((failed + 1))
            echo "failed: the check to be taken out of $one is not there: $change"
            return
        fi
    done
    (cd "$tmp/m" && cc -std=gnu17 -O1 -w -shared -fPIC -fvisibility=hidden -fno-builtin -fexceptions \
        -ftls-model=initial-exec -D_GNU_SOURCE -Iinclude -Isrc -Isrc/port/linux \
        src/base/*.c src/port/*.c src/memory/*.c src/slabs/*.c src/arenas/*.c src/heap/*.c src/blocks/*.c src/process/*.c src/process/static/*.c src/api/*.c src/hosted/*.c src/hosted/shared/*.c src/port/linux/*.c -Wl,-z,initfirst -o ../mutant.so) ||
        { failed=$((failed + 1)); return; }
    "$top/tests/abuse/run.sh" "$build/tests/abuse" "$tmp/mutant.so" >"$tmp/log" 2>/dev/null
    for name; do
        check "without its check $name still passes ($file)" grep -q "^failed: $name:" "$tmp/log"
    done
}

mutant src/heap/heap.c 's/^    if \(!freed\)$/    if (false)/' \
    stack_pointer data_pointer code_pointer foreign_mapping wild_low wild_high wild_kernel above_the_break sbrk_memory \
    interior_large interior_large_page interior_mapped twice_large twice_mapped twice_1024_frees_later_large \
    twice_other_thread_large
mutant src/heap/heap.c 's/^    if \(bytes == 0\)$/    if (false)/' usable_interior usable_foreign usable_after_free sized_double
# realloc asks for the usable size, and frees in the end: both must be blind
mutant "src/heap/heap.c src/arenas/refill.c src/arenas/shared.c" 's/^    if \((bytes == 0|!freed)\)$/    if (false)/; s/was_live = hmm_state_to_free\(.*$/was_live = true;/' \
    realloc_interior realloc_foreign realloc_interior_large twice_by_realloc
mutant "src/arenas/refill.c src/arenas/shared.c" 's/was_live = hmm_state_to_free\(.*$/was_live = true;/' \
    interior_small interior_16 interior_medium misaligned misaligned_8 never_allocated end_of_slab twice
mutant src/heap/heap.c 's/hmm_unlikely\(push == HMM_PUSH_NOT_LIVE\)/false/' twice_1024_frees_later twice_all_freed_between
mutant src/hosted/sized.c 's/^    if \(what == IGNORE\)$/    if (true)/' \
    sized_too_small sized_too_large sized_large sized_delete sized_large_too_small sized_mapped sized_as_if_small \
    sized_as_if_large sized_zero sized_aligned sized_aligned_at_3 sized_jemalloc sized_delete_exact sized_delete_aligned \
    sized_reported sized_free_reported sized_many_sites
mutant src/hosted/sized.c 's/^    if \(what == IGNORE\)$/    if (false)/' sized_ignored sized_ignored_is_freed
mutant src/hosted/sized.c 's/^        if \(seen == site\)$/        if (false)/' sized_reported sized_free_reported
mutant src/hosted/sized.c 's/!is_new \&\& may_be_resized_to/may_be_resized_to/' sized_delete_exact
mutant src/hosted/override.c 's/^    if \(size > usable_bytes\)$/    if (false)/' sized_freezero
mutant src/memory/meta.c 's/^            hmm_port_seal\(.*$/            (void)own;/' write_configuration
mutant src/port/fatal.c 's/^    hmm_fatal\(chars, block, detail\);/    hmm_fatal(chars, (const char *)block + 16, detail);/' twice interior_small
finish
