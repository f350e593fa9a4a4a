#!/bin/bash
# instructions.sh BUILD: what each path of the heap takes, in instructions inside libhmm.so, counted by callgrind as the
# difference of N and 2N operations. Deterministic: the same on every machine of one architecture and compiler; budgets leave
# a little room for other compilers.
build=$1
. "$(dirname "$0")/lib.sh"
needs valgrind
[ "$(uname -m)" = x86_64 ] || { echo "counted on x86_64 only"; echo "1 passed, 0 failed"; exit 0; }
cat >"$tmp/paths.c" <<'C'
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
enum { MANY = 1000 };
static void *many[MANY];
static long n;
static void pairs(size_t bytes)
{
    for (long i = 0; i < n; i++) {
        void *volatile p = malloc(bytes);
        free(p);
    }
}
static void bulk(size_t bytes) /* n pairs, MANY at a time */
{
    for (long i = 0; i < n; i += MANY) {
        for (int k = 0; k < MANY; k++)
            many[k] = malloc(bytes);
        for (int k = 0; k < MANY; k++)
            free(many[k]);
    }
}
static void *free_many(void *unused)
{
    for (int k = 0; k < MANY; k++)
        free(many[k]);
    return unused;
}
static void *stay(void *unused) /* frees what the main thread allocated, round by round */
{
    static pthread_barrier_t *at;
    at = unused;
    for (long i = 0; i < n; i += MANY) {
        pthread_barrier_wait(at);
        free_many(NULL);
        pthread_barrier_wait(at);
    }
    return NULL;
}
static void remote(size_t bytes)
{
    pthread_t thread;
    pthread_barrier_t at;
    pthread_barrier_init(&at, NULL, 2);
    pthread_create(&thread, NULL, stay, &at);
    for (long i = 0; i < n; i += MANY) {
        for (int k = 0; k < MANY; k++)
            many[k] = malloc(bytes);
        pthread_barrier_wait(&at);
        pthread_barrier_wait(&at);
    }
    pthread_join(thread, NULL);
}
static void far_apart(long n_blocks) /* 1 MiB of addresses for each; freed in random order */
{
    void **blocks = malloc((size_t)n_blocks * sizeof *blocks);
    for (long i = 0; i < n_blocks; i++)
        memset(blocks[i] = aligned_alloc(1 << 20, 200), 1, 200);
    unsigned long rng = 1;
    for (long i = n_blocks; i > 0; i--) {
        rng = rng * 6364136223846793005u + 1442695040888963407u;
        long k = (long)((rng >> 33) % (unsigned long)i);
        free(blocks[k]);
        blocks[k] = blocks[i - 1];
    }
    free(blocks);
}
/* C++'s forms, by the names that its compilers call */
void *_Znwm(size_t size);
void *_Znam(size_t size);
void *_ZnwmSt11align_val_t(size_t size, size_t alignment);
void _ZdlPvm(void *block, size_t size);
void _ZdaPvm(void *block, size_t size);
void _ZdlPvmSt11align_val_t(void *block, size_t size, size_t alignment);
void free_sized(void *block, size_t size);
void sdallocx(void *block, size_t size, int flags);
void *mallocx(size_t size, int flags);
static void *memaligned(size_t alignment, size_t bytes)
{
    void *p = NULL;
    return posix_memalign(&p, alignment, bytes) == 0 ? p : NULL;
}
#define PAIRS(NAME, MAKE, DROP)                                                                    \
    if (strcmp(path, NAME) == 0) {                                                                 \
        for (long i = 0; i < n; i++) {                                                             \
            p = MAKE;                                                                              \
            DROP;                                                                                  \
        }                                                                                          \
        return 0;                                                                                  \
    }
int main(int argc, char **argv)
{
    const char *path = argv[1];
    n = atol(argv[2]);
    for (long i = 0; i < 300; i++)
        free(malloc(64)); /* past the light phase */
    void *volatile p = malloc(100);
    PAIRS("new-delete-64", _Znwm(64), _ZdlPvm(p, 64))
    PAIRS("new-delete-4k", _Znwm(4096), _ZdlPvm(p, 4096))
    PAIRS("new-array-64", _Znam(64), _ZdaPvm(p, 64))
    PAIRS("new-aligned-64", _ZnwmSt11align_val_t(64, 64), _ZdlPvmSt11align_val_t(p, 64, 64))
    PAIRS("aligned-alloc-64", aligned_alloc(64, 64), free(p))
    PAIRS("aligned-alloc-4k", aligned_alloc(4096, 4096), free(p))
    PAIRS("posix-memalign-64", memaligned(64, 64), free(p))
    PAIRS("free-sized-64", malloc(64), free_sized(p, 64))
    PAIRS("mallocx-64", mallocx(64, 0), sdallocx(p, 64, 0))
    PAIRS("realloc-move", malloc(64), free(realloc(p, 128)))
    if (strcmp(path, "pair-64") == 0)
        pairs(64);
    else if (strcmp(path, "pair-4k") == 0)
        pairs(4096);
    else if (strcmp(path, "pair-256k") == 0)
        pairs(262144);
    else if (strcmp(path, "bulk-64") == 0)
        bulk(64);
    else if (strcmp(path, "bulk-1k") == 0)
        bulk(1024);
    else if (strcmp(path, "bulk-4k") == 0) /* no depot: home to the slabs, and slabs come and go */
        bulk(4096);
    else if (strcmp(path, "remote-48") == 0)
        remote(48);
    else if (strcmp(path, "calloc-64") == 0)
        for (long i = 0; i < n; i++)
            free(p), p = calloc(1, 64);
    else if (strcmp(path, "realloc-stay") == 0)
        for (long i = 0; i < n; i++)
            p = realloc(p, 90 + (size_t)i % 10);
    else if (strcmp(path, "usable-size") == 0)
        for (long i = 0; i < n; i++)
            (void)malloc_usable_size(p);
    else if (strcmp(path, "far-apart") == 0)
        far_apart(n / 5);
    else if (strcmp(path, "mallinfo2") == 0) { /* many blocks: none is looked at */
        for (long i = 0; i < 100000; i++)
            *(void *volatile *)&p = malloc(100);
        for (long i = 0; i < n; i++)
            (void)mallinfo2();
    } else
        return 1;
    return argc == 0;
}
C
cc -O2 -fno-builtin -pthread -o "$tmp/paths" "$tmp/paths.c" "$build/libhmm.so"
count() { # PATH N
    LD_PRELOAD=$build/libhmm.so valgrind --tool=callgrind --soname-synonyms=somalloc=nouserintercepts \
        --callgrind-out-file="$tmp/cg" "$tmp/paths" "$1" "$2" >/dev/null 2>&1 || return
    # cost lines under the library's object; the line after calls= is what the called function took
    awk '/^c?ob=/ {split($0, id, /[()]/); if (/libhmm/) ours = id[2]}
         /^ob=/ {in_ours = id[2] == ours && ours != ""; next}
         /^calls=/ {getline; next}
         /^[0-9+*-]/ && in_ours {s += $2}
         END {print s + 0}' "$tmp/cg"
}
malloc_at=$(nm "$build/libhmm.so" | awk '$3 == "__libc_malloc" {print substr($1, length($1) - 1)}')
check "malloc begins where pairs are fast, 48 behind a multiple of 64" [ $((0x$malloc_at % 64)) -eq 48 ]
# path budget: a pair, or one call
figures=""
while read -r path budget; do
    a=$(count "$path" 10000)
    b=$(count "$path" 20000)
    per=$(((b - a + 5000) / 10000))
    echo "$path: $per instructions (budget $budget)"
    figures+="instructions, $path: $per (budget $budget)"$'\n'
    check "$path: counted something" [ $per -ge 5 ]
    check "$path: within the budget" [ $per -le "$budget" ]
done <<'PATHS'
pair-64 45
pair-4k 58
pair-256k 104
bulk-64 52
bulk-1k 58
bulk-4k 260
remote-48 150
calloc-64 64
realloc-stay 45
usable-size 30
new-delete-64 51
new-delete-4k 90
new-array-64 51
new-aligned-64 65
aligned-alloc-64 55
aligned-alloc-4k 85
posix-memalign-64 60
free-sized-64 51
mallocx-64 55
realloc-move 150
mallinfo2 2400
far-apart 5000
PATHS
mkdir -p "$build/Testing/Temporary"
printf "%s" "$figures" >"$build/Testing/Temporary/figures-instructions.txt"
finish
