#!/bin/bash
# figures.sh BUILD: the figures of hmm run --summary are those that the kernel has: memory given back by /proc/PID/smaps_rollup, system
# calls by strace, also where calls fail; what fork, exec, and a program without a call of the heap do to them.
build=$1
. "$(dirname "$0")/lib.sh"
needs strace
cat >"$tmp/figures.c" <<'C'
#include <fcntl.h>
#include <hmm.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
enum { BYTES = 50 << 20 };
static char *blocks[BYTES / 500];
static long anonymous_kib(void)
{
    static char text[4096];
    int fd = open("/proc/self/smaps_rollup", O_RDONLY); /* no call of the heap */
    text[read(fd, text, sizeof text - 1)] = 0;
    close(fd);
    return atol(strstr(text, "Anonymous:") + 10);
}
static size_t kernel_calls(void)
{
    struct HmmStats stats;
    HmmGetStats(&stats);
    return stats.kernel_calls;
}
static int fill(size_t bytes)
{
    int n = (int)(BYTES / bytes);
    for (int i = 0; i < n; i++)
        blocks[i] = memset(malloc(bytes), 1, bytes);
    return n;
}
int main(int argc, char **argv)
{
    const char *what = argv[1];
    static char out[1000];
    setvbuf(stdout, out, _IOFBF, sizeof out);
    anonymous_kib();
    size_t calls = kernel_calls();
    long high = 0;
    syscall(SYS_getppid); /* for strace to see */
    if (strcmp(what, "trim") == 0) {
        int n = fill(1000);
        high = anonymous_kib();
        for (int i = 0; i < n; i++)
            free(blocks[i]);
        malloc_trim(0);
    } else if (strcmp(what, "holes") == 0) { /* every slab keeps a block: pages in it go back */
        int n = fill(500);
        high = anonymous_kib();
        for (int i = 0; i < n; i++)
            if (i % 64 != 0)
                free(blocks[i]);
    } else if (strcmp(what, "large") == 0) {
        size_t big = 200u << 20;
        char *block = memset(malloc(big), 1, big);
        high = anonymous_kib();
        block = realloc(block, big / 2 * 2 - (40u << 20)); /* in place */
        free(block);
    }
    long low = anonymous_kib();
    syscall(SYS_getppid);
    size_t calls_now = kernel_calls();
    fprintf(stderr, "dropped %ld\ncalls %zu\nall calls %zu\n", high - low, calls_now - calls, calls_now);
    _exit(argc < 1); /* no destructor notes anything */
}
C
cc -O1 -fno-builtin -w -I"$(dirname "$0")/../../include" -o "$tmp/figures" "$tmp/figures.c" -L"$build" -lhmm -Wl,-rpath,"$build"
figure() { sed -n "s/^ *$1 *\([0-9]*\)$/\1/p" "$tmp/out" | tail -n 1; }
near() { # A B: within 2 % and 512 KiB: records of the heap go back, too
    local d=$(($1 - $2))
    echo "    $3: $1 KiB told, $2 KiB seen"
    [ ${d#-} -le $(($2 / 50 + 512)) ] && [ "$2" -gt 20000 ]
}
for what in trim holes large; do
    "$build/hmm" run --summary "$tmp/figures" $what >"$tmp/out" 2>&1
    check "$what: bytes returned" near $(($(figure 'bytes returned') / 1024)) "$(figure dropped)" $what
    check "$what: kernel calls" [ "$(figure 'kernel calls')" = "$(figure 'all calls')" ]
done
"$build/hmm" run --summary --set decay_ms=600000 --set dirty_min=1g --set lower_ms=600000 "$tmp/figures" trim >"$tmp/out" 2>&1
check "all at the end, by malloc_trim: bytes returned" near $(($(figure 'bytes returned') / 1024)) "$(figure dropped)" trimmed

# What the kernel refuses was not given back.
strace -f -qq -o /dev/null -e inject=madvise:error=EINVAL "$build/hmm" run --summary "$tmp/figures" trim >"$tmp/out" 2>&1
check "madvise fails: bytes returned" near $(($(figure 'bytes returned') / 1024)) "$(figure dropped)" "madvise fails"
strace -f -qq -o /dev/null -e inject=madvise:error=EINVAL "$build/hmm" run --summary "$tmp/figures" holes >"$tmp/out" 2>&1
check "madvise fails, holes: none" [ "$(figure 'bytes returned')" = 0 ]

# Kernel calls, between two marks.
for what in trim holes large; do
    strace -f -qq -o "$tmp/trace" "$tmp/figures" $what >"$tmp/out" 2>&1
    seen=$(awk '/getppid\(/ {on = !on; next} on' "$tmp/trace" | grep -cE ' (brk|madvise|process_madvise|mmap|munmap|mremap|mprotect|futex|mincore|getrandom|sysinfo|prlimit64)\(')
    echo "    $what: $(figure calls) kernel calls told, $seen seen"
    check "$what: kernel calls as strace sees them" [ "$(figure calls)" = "$seen" ]
done

# One process: children have figures of their own, which nobody sees; exec begins anew.
run() { "$build/hmm" run --summary -- "$@" >"$tmp/out" 2>&1; }
cat >"$tmp/family.c" <<'C'
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "nothing") == 0)
        _exit(0);
    for (int i = 0; i < 100; i++)
        *(void *volatile *)&argv[0] = malloc(100);
    if (fork() == 0) {
        for (int i = 0; i < 1000; i++)
            *(void *volatile *)&argv[0] = malloc(100);
        _exit(0);
    }
    wait(NULL);
    if (argc > 1)
        execl("/proc/self/exe", "family", argc > 2 ? "nothing" : NULL, NULL);
    return 0;
}
C
cc -O1 -fno-builtin -w -o "$tmp/family" "$tmp/family.c"
run "$tmp/family"
check "a child's calls are not counted" [ "$(figure allocations)" = 100 ]
run "$tmp/family" again
check "after exec: counted anew" [ "$(figure allocations)" = 100 ]
check "after exec: and told" grep -q "the last of 2 programs that it became by exec" "$tmp/out"
run "$tmp/family" again nothing
check "exec of a program that allocates nothing" grep -q "no call of the heap" "$tmp/out"
run "$tmp/family" nothing
check "a program that allocates nothing" grep -q "no call of the heap" "$tmp/out"
check "was loaded nonetheless" not grep -q "not loaded" "$tmp/out"
printf '#include <stddef.h>\nstatic char memory[1 << 20];\nstatic size_t used;\nvoid *malloc(size_t n) { void *p = memory + used; used += n + 15 & ~15ul; return p; }\nvoid free(void *p) {}\nvoid *realloc(void *p, size_t n) { return malloc(n); }\nvoid *calloc(size_t a, size_t b) { return malloc(a * b); }\nint main(void) { return malloc(5) == 0; }\n' >"$tmp/own.c"
cc -w -fno-builtin -rdynamic -o "$tmp/own" "$tmp/own.c"
run "$tmp/own"
check "a program with a heap of its own" grep -q "no call of the heap" "$tmp/out"
run env -i "$tmp/family"
check "an environment without LD_PRELOAD: the figures are env's" not grep -q "not loaded" "$tmp/out"
finish
