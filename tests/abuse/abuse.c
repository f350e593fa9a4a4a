/* abuse.c - one bug, one tiny program: `abuse NAME` is the program, `abuse` lists all with what they must
 * end with - the message of an abort at the bad call, or a line of output - and their HMM_OPTIONS.
 *
 * Nothing here knows libhmm: it is preloaded. A bad call that returns prints "returned".
 */
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int mallopt(int, int) __attribute__((weak)); /* musl has none itself */
void free_sized(void *, size_t) __attribute__((weak));
#if SIZE_MAX <= UINT32_MAX /* a size_t is an unsigned int there, in C++'s names a j */
#define _ZdlPvm _ZdlPvj
#define _Znwm _Znwj
#define _ZnwmSt11align_val_t _ZnwjSt11align_val_t
#define _ZdlPvmSt11align_val_t _ZdlPvjSt11align_val_t
#endif
void _ZdlPvm(void *, size_t) __attribute__((weak));
void *_Znwm(size_t) __attribute__((weak));
const char *HmmCheck(void) __attribute__((weak));

void free_aligned_sized(void *, size_t, size_t) __attribute__((weak));
void freezero(void *, size_t) __attribute__((weak));
void *mallocx(size_t, int) __attribute__((weak));
void sdallocx(void *, size_t, int) __attribute__((weak));
void *_ZnwmSt11align_val_t(size_t, size_t) __attribute__((weak));
void _ZdlPvmSt11align_val_t(void *, size_t, size_t) __attribute__((weak));

static char *volatile p;
static char *volatile q;

/* An address as the messages show it, for the expectation that the bad pointer itself is named. */
static void *announced(void *bad)
{
    fprintf(stderr, "bad pointer %p\n", bad);
    return bad;
}
#define BAD(pointer) announced((void *)(pointer))

/* --- pointers that were never a block ----------------------------------------------------------- */
static void interior_small(void) { p = malloc(100); free(BAD(p + 16)); }
static void interior_16(void) { p = malloc(64); q = malloc(64); free(BAD(p + 48)); }
static void misaligned(void) { p = malloc(100); free(BAD(p + 1)); }
static void misaligned_8(void) { p = malloc(100); free(BAD(p + 8)); }
static void interior_medium(void) { p = malloc(5000); free(BAD(p + 4096)); }
static void interior_large(void) { p = malloc(300000); free(BAD(p + 65536)); }
static void interior_large_page(void) { p = malloc(300000); free(BAD(p + 4096)); }
static void interior_mapped(void) { p = malloc(200 << 20); free(BAD(p + 4096)); }
static void never_allocated(void) { p = malloc(1000); free(BAD(p + 1024 * 3)); }
static void stack_pointer(void) { char local[64]; free(BAD(((uintptr_t)local + 15) & ~15ul)); }
static char in_data[64] __attribute__((aligned(16)));
static void data_pointer(void) { free(BAD(in_data)); }
static void code_pointer(void) { free(BAD((uintptr_t)data_pointer & ~15ul)); }
static void foreign_mapping(void)
{
    free(BAD(mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)));
}
static void wild_low(void) { free(BAD(16)); }
static void wild_high(void) { free(BAD(0x7ffffffffff0)); }
static void wild_kernel(void) { free(BAD(0xffffffffff600000)); }
static void above_the_break(void) { p = malloc(10); free(BAD((char *)sbrk(0) + 65536)); }
static void sbrk_memory(void) { p = malloc(10); q = sbrk(65536); free(BAD((((uintptr_t)q + 16383) & ~16383ul) + 32)); }
static void realloc_interior(void) { p = malloc(100); realloc(BAD(p + 32), 200); }
static void realloc_foreign(void) { realloc(BAD(in_data), 200); }
static void realloc_interior_large(void) { p = malloc(300000); realloc(BAD(p + 32768), 200); }
static void usable_interior(void) { p = malloc(100); malloc_usable_size(BAD(p + 32)); }
static void usable_foreign(void) { malloc_usable_size(BAD(in_data)); }
static void end_of_slab(void) /* the rest behind the last slot of a slab of 4,608-byte blocks */
{
    q = malloc(4608);
    do {
        p = q;
        q = malloc(4608);
    } while (q == p + 4608);
    free(BAD(p + 4608));
}

/* --- blocks freed twice ------------------------------------------------------------------------- */
static void twice(void) { p = malloc(64); free(p); free(BAD(p)); }
static void twice_1(void) { p = malloc(1); free(p); free(BAD(p)); }
static void twice_medium(void) { p = malloc(20000); free(p); free(BAD(p)); }
static void twice_large(void) { p = malloc(200000); free(p); free(BAD(p)); }
static void twice_mapped(void) { p = malloc(200 << 20); free(p); free(BAD(p)); }
static void twice_overwritten(void) { p = malloc(64); free(p); memset(p, 0xff, 64); free(BAD(p)); }
static void twice_zeroed(void) { p = malloc(64); free(p); memset(p, 0, 64); free(BAD(p)); }
static void twice_one_between(void) { p = malloc(64); q = malloc(64); free(p); free(q); free(BAD(p)); }
static char *many[5000];
static void after_n_frees(size_t bytes, int n)
{
    for (int i = 0; i < 5000; i++)
        many[i] = malloc(bytes);
    p = many[2500];
    free(p);
    for (int i = 0; i < n; i++)
        free(many[i]);
    free(BAD(p));
}
static void twice_1024_frees_later(void) { after_n_frees(64, 1024); }
static void twice_1024_frees_later_large(void) { after_n_frees(40000, 1024); }
static void twice_all_freed_between(void) { after_n_frees(64, 2500); }
static void twice_by_realloc(void) { p = malloc(64); free(p); realloc(BAD(p), 100); }
static void twice_after_realloc(void) { p = malloc(64); q = realloc(p, 100000); free(BAD(p)); }
static void twice_after_realloc_0(void) { p = malloc(64); realloc(p, 0); free(BAD(p)); }
static void usable_after_free(void) { p = malloc(64); free(p); malloc_usable_size(BAD(p)); }
static void *free_p(void *unused) { free(p); return 0; }
static void in_thread(void *(*f)(void *))
{
    pthread_t t;
    pthread_create(&t, 0, f, 0);
    pthread_join(t, 0);
}
static void warm(void) /* past the light phase */
{
    for (int i = 0; i < 1000; i++)
        many[i] = malloc(64);
    for (int i = 0; i < 1000; i++)
        free(many[i]);
}
static void *warm_and_free_p(void *unused) { warm(); free(p); return 0; }
static void *warm_and_free_bad_p(void *unused) { warm(); free(BAD(p)); return 0; }
static void twice_other_then_owner(void) { warm(); p = malloc(64); in_thread(free_p); free(BAD(p)); }
static void twice_busy_other_then_owner(void) { warm(); p = malloc(64); in_thread(warm_and_free_p); free(BAD(p)); }
static void twice_owner_then_other(void) { warm(); p = malloc(64); free(p); in_thread(warm_and_free_bad_p); }
static void twice_two_others(void) { warm(); p = malloc(64); in_thread(warm_and_free_p); in_thread(warm_and_free_bad_p); }
static void twice_other_thread_large(void) { p = malloc(200000); in_thread(free_p); free(BAD(p)); }

/* Two threads free one block at the same time: never two owners. */
static pthread_barrier_t barrier;
static void *racer(void *unused)
{
    warm();
    for (int i = 0; i < 100000; i++) {
        pthread_barrier_wait(&barrier);
        free(p);
        char *mine[40];
        for (int k = 0; k < 40; k++) {
            mine[k] = malloc(64);
            *(long *)mine[k] = (long)&mine[k];
        }
        pthread_barrier_wait(&barrier);
        for (int k = 0; k < 40; k++)
            if (*(long *)mine[k] != (long)&mine[k])
                _exit((puts("two owners"), 1));
        for (int k = 0; k < 40; k++)
            free(mine[k]);
        if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
            p = malloc(64);
    }
    return 0;
}
static void twice_at_once(void)
{
    pthread_t t[2];
    warm();
    p = malloc(64);
    pthread_barrier_init(&barrier, 0, 2);
    for (int i = 0; i < 2; i++)
        pthread_create(&t[i], 0, racer, 0);
    for (int i = 0; i < 2; i++)
        pthread_join(t[i], 0);
}

/* --- sizes -------------------------------------------------------------------------------------- */
static void sized_too_small(void) { p = malloc(100); free_sized(BAD(p), 20); }
static void sized_too_large(void) { p = malloc(100); free_sized(BAD(p), 200); }
static void sized_large(void) { p = malloc(200000); free_sized(BAD(p), 300000); }
static void sized_large_too_small(void) { p = malloc(200000); free_sized(BAD(p), 150000); }
static void sized_mapped(void) { p = malloc(200 << 20); free_sized(BAD(p), 199 << 20); }
static void sized_as_if_small(void) { p = malloc(200000); free_sized(BAD(p), 100); }
static void sized_as_if_large(void) { p = malloc(100); free_sized(BAD(p), 200000); }
static void sized_large_zero(void) { p = malloc(200000); free_sized(BAD(p), 0); }
static void sized_zero(void) { p = malloc(100); free_sized(BAD(p), 0); }
static void sized_aligned(void) { p = aligned_alloc(64, 100); free_aligned_sized(BAD(p), 64, 1000); }
static void sized_aligned_at_3(void) { p = aligned_alloc(64, 100); free_aligned_sized(BAD(p), 3, 1000); }
static void sized_jemalloc(void) { p = mallocx(100, 0); sdallocx(BAD(p), 30, 0); }
/* The program again, with these options. */
static void sized_delete(void) { p = _Znwm(100); _ZdlPvm(BAD(p), 80); }
static void sized_delete_exact(void) { p = _Znwm(2000); _ZdlPvm(BAD(p), 1700); }
static void sized_delete_aligned(void)
{
    p = _ZnwmSt11align_val_t(100, 64);
    _ZdlPvmSt11align_val_t(BAD(p), 200, 64);
}
static void sized_freezero(void) { p = malloc(100); freezero(BAD(p), 300); }

static char told[65536];
static int told_pipe[2];
static void hear(void) /* what goes to stderr from here on */
{
    pipe(told_pipe);
    dup2(told_pipe[1], 2);
}
static int times(const char *what) /* heard so often, in lines */
{
    int n = 0;
    close(2), close(told_pipe[1]);
    for (size_t at = strlen(told); at < sizeof told - 1;) {
        ssize_t got = read(told_pipe[0], told + at, sizeof told - 1 - at);
        if (got <= 0)
            break;
        at += got;
    }
    for (char *s = told; (s = strstr(s, what)) != NULL; s++)
        n++;
    return n;
}
static void sized_reported(void) /* the default for delete */
{
    hear();
    for (int i = 0; i < 5; i++) {
        p = _Znwm(100);
        _ZdlPvm(p, 80);
        q = _Znwm(100);
        _ZdlPvm(q, 200);
    }
    int first = times("(said to have 80 bytes, in a block of 112 bytes), called from 0x");
    printf("%d and %d, %d in all\n", first, times("(said to have 200 bytes, in a block of 112 bytes)"), times("\n"));
}
static void sized_free_reported(void)
{
    hear();
    for (int i = 0; i < 5; i++) {
        p = malloc(100);
        free_sized(p, 20);
    }
    printf("%d\n", times("hmm: HmmFree: wrong size of 0x"));
}
#define DELETE_10 D D D D D D D D D D
#define D p = _Znwm(100); _ZdlPvm(p, 80);
static void sized_many_sites(void)
{
    hear();
    for (int i = 0; i < 2; i++) {
        DELETE_10 DELETE_10 DELETE_10 DELETE_10 DELETE_10
        DELETE_10 DELETE_10 DELETE_10 DELETE_10 DELETE_10
    }
    printf("%d, %d last\n", times("wrong size"), times("the last call site that is reported"));
}
static void sized_ignored(void)
{
    hear();
    for (int i = 0; i < 5; i++) {
        p = _Znwm(100);
        _ZdlPvm(p, 80);
        q = malloc(100);
        free_sized(q, 20);
    }
    printf("%d, %s\n", times("hmm:"), HmmCheck() == NULL ? "intact" : "damaged");
}
static void sized_ignored_is_freed(void)
{
    p = malloc(100);
    free_sized(p, 20);
    free(BAD(p));
}
static void sized_double(void) { p = malloc(100); free(p); free_sized(BAD(p), 100); }

/* --- what must not happen at all ---------------------------------------------------------------- */
static int by_address(const void *a, const void *b)
{
    return *(char **)a < *(char **)b ? -1 : *(char **)a > *(char **)b;
}
/* Whatever is written to free memory, no two owners and no block outside the heap come of it. */
static void corrupted_free_memory(void)
{
    warm();
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 5000; i++)
            many[i] = malloc(64);
        for (int i = 0; i < 5000; i++)
            free(many[(i * 7) % 5000]);
        for (int i = 0; i < 5000; i++)
            memset(many[i], round * 13, 64);
        for (int i = 0; i < 5000; i++)
            many[i] = malloc(64);
        qsort(many, 5000, sizeof *many, by_address);
        for (int i = 1; i < 5000; i++)
            if (many[i] - many[i - 1] < 64)
                _exit((puts("two owners"), 1));
        for (int i = 0; i < 5000; i++)
            free(many[i]);
    }
    puts(HmmCheck() == NULL ? "no harm done" : "heap damaged");
}
static void segv_means_intact(int signal_number)
{
    const char *wrong = HmmCheck();
    if (wrong == NULL)
        write(1, "metadata intact\n", 16);
    _exit(0);
}
/* Write from a block to the end of the heap and on until it faults. */
static void linear_overflow(void)
{
    warm();
    signal(SIGSEGV, segv_means_intact);
    p = malloc(64);
    for (size_t i = 0;; i++)
        p[i] = 0x41;
}
static void linear_underflow(void)
{
    signal(SIGSEGV, segv_means_intact);
    p = malloc(200 << 20);
    for (long i = 0;; i--)
        p[i] = 0x41;
}
/* Tunables that are not the defaults lie in a page of their own, read-only: find it as the only such
 * anonymous page. */
static void write_configuration(void)
{
    char line[400];
    unsigned long start = 0;
    unsigned long end;
    unsigned long found = 0;
    mallopt(-1 /* M_TRIM_THRESHOLD */, 8 << 20);
    p = malloc(10);
    FILE *f = fopen("/proc/self/maps", "r");
    while (fgets(line, sizeof line, f))
        if (sscanf(line, "%lx-%lx r--p 00000000 00:00 0", &start, &end) == 2 && !strchr(line, '/') &&
            !strchr(line, '[') && strstr(line, " r--p 00000000 00:00 0"))
            found = start;
    fclose(f);
    if (found == 0)
        _exit((puts("no sealed page"), 1));
    *(volatile long *)found = 1;
}
static void allocate_in_handler(int signal_number)
{
    for (int i = 0; i < 10000; i++)
        free(malloc(i));
    free(malloc(200 << 20));
    write(1, "handler survived\n", 17);
    _exit(0);
}
static void abort_handler_allocates(void)
{
    warm();
    signal(SIGABRT, allocate_in_handler);
    p = malloc(64);
    free(p);
    free(BAD(p));
}

#define INVALID "hmm: HmmFree: invalid pointer"
#define DOUBLE "hmm: HmmFree: double free of 0x"
#define WRONG_SIZE "hmm: HmmFree: wrong size of 0x"
#define CASE(name, expected) {#name, name, expected, ""}
#define CASE_WITH(options, name, expected) {#name, name, expected, options}
static const struct {
    const char *name;
    void (*run)(void);
    const char *expected; /* "hmm: ..." on stderr and SIGABRT; "SEGV"; else a line of stdout and status 0 */
    const char *options;  /* HMM_OPTIONS */
} cases[] = {
    CASE(interior_small, INVALID " (not the start of a block)"), CASE(interior_16, INVALID " (not the start of a block)"),
    CASE(misaligned, INVALID), CASE(misaligned_8, INVALID), CASE(interior_medium, INVALID " (not the start of a block)"),
    CASE(interior_large, INVALID " (not the start of a block)"), CASE(interior_large_page, INVALID " (not the start of a block)"),
    CASE(interior_mapped, INVALID " (not from this heap)"), CASE(never_allocated, DOUBLE),
    CASE(stack_pointer, INVALID " (not from this heap)"), CASE(data_pointer, INVALID " (not from this heap)"),
    CASE(code_pointer, INVALID " (not from this heap)"), CASE(foreign_mapping, INVALID " (not from this heap)"),
    CASE(wild_low, INVALID " (not from this heap)"), CASE(wild_high, INVALID " (not from this heap)"),
    CASE(wild_kernel, INVALID " (not from this heap)"), CASE(above_the_break, INVALID " (not from this heap)"),
    CASE(sbrk_memory, INVALID),
    CASE(realloc_interior, "hmm: HmmRealloc: invalid pointer"), CASE(realloc_foreign, "hmm: HmmRealloc: invalid pointer"),
    CASE(realloc_interior_large, "hmm: HmmRealloc: invalid pointer"),
    CASE(usable_interior, "hmm: HmmUsableSize: invalid pointer"), CASE(usable_foreign, "hmm: HmmUsableSize: invalid pointer"),
    CASE(end_of_slab, INVALID),
    CASE(twice, DOUBLE), CASE(twice_1, DOUBLE), CASE(twice_medium, DOUBLE), CASE(twice_large, "hmm: HmmFree: double free"),
    CASE(twice_mapped, DOUBLE), CASE(twice_overwritten, DOUBLE), CASE(twice_zeroed, DOUBLE), CASE(twice_one_between, DOUBLE),
    CASE(twice_1024_frees_later, "hmm: HmmFree: double free"), CASE(twice_1024_frees_later_large, "hmm: HmmFree: double free"),
    CASE(twice_all_freed_between, "hmm: HmmFree: double free"),
    CASE(twice_by_realloc, "hmm: HmmRealloc: double free of 0x"), CASE(twice_after_realloc, DOUBLE), CASE(twice_after_realloc_0, DOUBLE),
    CASE(usable_after_free, "hmm: HmmUsableSize: double free of 0x"),
    CASE(twice_other_then_owner, DOUBLE), CASE(twice_busy_other_then_owner, DOUBLE), CASE(twice_owner_then_other, DOUBLE),
    CASE(twice_two_others, DOUBLE), CASE(twice_other_thread_large, "hmm: HmmFree: double free"),
    CASE(twice_at_once, "double free"),
    CASE(sized_too_small, WRONG_SIZE), CASE(sized_too_large, WRONG_SIZE), CASE(sized_large, WRONG_SIZE),
    CASE(sized_large_too_small, WRONG_SIZE), CASE(sized_mapped, WRONG_SIZE), CASE(sized_as_if_small, WRONG_SIZE),
    CASE(sized_as_if_large, WRONG_SIZE), CASE(sized_zero, WRONG_SIZE), CASE(sized_large_zero, WRONG_SIZE), CASE(sized_aligned, WRONG_SIZE),
    CASE(sized_aligned_at_3, WRONG_SIZE), CASE(sized_jemalloc, WRONG_SIZE), CASE(sized_double, DOUBLE),
    CASE_WITH("sized=abort", sized_delete, WRONG_SIZE), CASE_WITH("sized=1", sized_delete_exact, WRONG_SIZE),
    CASE_WITH("sized=abort", sized_delete_aligned, WRONG_SIZE), CASE_WITH("sized=ignore", sized_freezero, WRONG_SIZE),
    CASE(sized_reported, "1 and 1, 2 in all"), CASE_WITH("sized=report", sized_free_reported, "1"),
    CASE(sized_many_sites, "64, 1 last"), CASE_WITH("sized=ignore", sized_ignored, "0, intact"),
    CASE_WITH("sized=ignore", sized_ignored_is_freed, DOUBLE),
    CASE(corrupted_free_memory, "no harm done"), CASE(linear_overflow, "metadata intact"), CASE(linear_underflow, "metadata intact"),
    CASE(write_configuration, "SEGV"), CASE(abort_handler_allocates, "handler survived"),
};

int main(int argc, char **argv)
{
    setvbuf(stderr, NULL, _IONBF, 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (argc < 2) {
            printf("%s\t%s\t%s\n", cases[i].name, cases[i].expected, cases[i].options);
        } else if (strcmp(argv[1], cases[i].name) == 0) {
            cases[i].run();
            if (strncmp(cases[i].expected, "hmm:", 4) == 0)
                puts("returned");
            return 0;
        }
    }
    return argc < 2 ? 0 : 2;
}
