/* life_space.c - address space: little is taken at the start, limits hold whenever they are set, a
 * break whose way is blocked does not end the heap, and the heap goes back to it.
 */
#include "hmm.h"
#include "must.h"
#include "rss.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MIB = 1 << 20 };

/* Preloaded: found there. */
extern __typeof(HmmCheck) HmmCheck __attribute__((weak));
extern __typeof(HmmGetStats) HmmGetStats __attribute__((weak));

static void check_heap(void)
{
    const char *wrong = HmmCheck != NULL ? HmmCheck() : NULL;
    if (wrong != NULL)
        printf("%s\n", wrong);
    MUST(wrong == NULL);
}

/* A block of a chain, which is all that this program keeps of them. */
struct link {
    struct link *next;
    char first_byte; /* the last one of the block is the same */
};

static struct link *chain;

/* Take blocks until there are `most` bytes or none is to be had; returns bytes. */
static size_t fill(size_t bytes, size_t most)
{
    size_t got = 0;
    struct link *block;
    while (got + bytes <= most && (block = malloc(bytes)) != NULL) {
        memset(block, (int)(got / bytes), bytes);
        block->next = chain;
        chain = block;
        got += bytes;
    }
    return got;
}

/* Free them all, as they were when they were taken. */
static void drop(size_t bytes)
{
    while (chain != NULL) {
        struct link *block = chain;
        MUST(bytes < sizeof *block || ((char *)block)[bytes - 1] == block->first_byte);
        chain = block->next;
        free(block);
    }
}

static void limit(int resource, size_t bytes)
{
    struct rlimit r;
    MUST(getrlimit(resource, &r) == 0);
    r.rlim_cur = bytes;
    MUST(setrlimit(resource, &r) == 0);
}

static void *thread(void *arg)
{
    free(malloc(100));
    return arg;
}

/* --- what the tests are, each in a process of its own ------------------------------------------
 */

/* Beside the same program on libc's heap, which prints no more than the figure. */
static void small_process(void)
{
    char text[32] = "";
    free(malloc(100));
    free(malloc(5000));
    long kib = status_kib("VmSize:");
    const char *preload = getenv("LD_PRELOAD");
    if (preload == NULL || *preload == '\0') {
        printf("%ld\n", kib);
        return;
    }
    FILE *f = popen("LD_PRELOAD= /proc/$PPID/exe libc", "r"); /* the shell's parent: this */
    MUST(f != NULL && fgets(text, sizeof text, f) != NULL && pclose(f) == 0);
    printf("VmSize %ld KiB; with libc's heap %ld KiB\n", kib, atol(text));
    MUST(atol(text) > 1000 && kib < atol(text) + 4096);
}

/* An ordinary user's process is locked as a whole, with a few MiB to go on. */
static void locked(void)
{
    char *blocks[10];
    free(malloc(100));
    limit(RLIMIT_MEMLOCK, ((size_t)status_kib("VmSize:") << 10) + 3 * MIB);
    if (getuid() == 0)
        MUST(setuid(65534) == 0); /* nobody's */
    MUST(mlockall(MCL_CURRENT | MCL_FUTURE) == 0);
    for (int i = 0; i < 10; i++) {
        blocks[i] = malloc(100000);
        MUST(blocks[i] != NULL);
        memset(blocks[i], i, 100000);
    }
    printf("VmLck %ld KiB\n", status_kib("VmLck:"));
    for (int i = 0; i < 10; i++)
        free(blocks[i]);
    check_heap();
}

/* A limit set from within, and raised again. Of what is left to it, 9 / 10 are blocks, or more. */
static void limited(int resource, size_t bytes, const char *key)
{
    free(malloc(100));
    limit(resource, 64 * MIB);
    size_t left = 64 * MIB - (size_t)status_kib(key) * 1024;
    size_t got = fill(bytes, SIZE_MAX);
    printf("%zu bytes a block: %zu of %zu KiB\n", bytes, got / 1024, left / 1024);
    MUST(errno == ENOMEM && got >= left / 10 * 9);
    drop(bytes);
    check_heap();
    MUST(fill(bytes, got) >= got / 100 * 98); /* nearly all of it once more */
    drop(bytes);
    malloc_trim(0);
    pthread_t t;
    MUST(pthread_create(&t, NULL, thread, NULL) == 0 && pthread_join(t, NULL) == 0);
    MUST(dlopen("libm.so.6", RTLD_NOW) != NULL || dlopen("libc.so.6", RTLD_NOW) == NULL);
    limit(resource, 256 * MIB);
    MUST(fill(bytes, 200 * MIB) >= 190 * MIB);
    check_heap();
}

static void limited_small(void)
{
    limited(RLIMIT_AS, 112, "VmSize:");
}

static void limited_large(void)
{
    limited(RLIMIT_AS, 65536, "VmSize:");
}

static void limited_data(void)
{
    limited(RLIMIT_DATA, 1024, "VmData:");
}

/* A mapping of so many bytes so far above the break. */
static char *obstacle(size_t distance, size_t bytes)
{
    char *at = (char *)(((uintptr_t)sbrk(0) + distance + 4095) & ~(uintptr_t)4095);
    MUST(mmap(at, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1,
              0) == at);
    return at;
}

static void blocked(size_t distance, size_t bytes)
{
    free(malloc(100));
    char *at = obstacle(distance, bytes);
    for (size_t block_bytes = 48; block_bytes < 10 * MIB; block_bytes *= 30) {
        size_t most = block_bytes < 1000 ? 20 * MIB : 200 * MIB;
        MUST(fill(block_bytes, most) > most - block_bytes);
        check_heap();
        drop(block_bytes);
    }
    long kib = status_kib("VmSize:") - (long)(bytes >> 10);
    printf("VmSize %ld KiB beside an obstacle of %zu KiB\n", kib, bytes >> 10);
    MUST(kib < 300 * 1024 + (long)(bytes >> 19)); /* the blocks, and a 512th of the obstacle */
    MUST(munmap(at, bytes) == 0);
}

static void blocked_at_once(void)
{
    blocked(0, 4096);
}

static void blocked_above(void)
{
    blocked(30 * MIB, 65536);
}

static void blocked_far(void)
{
    if (sizeof(void *) == 8)
        blocked(MIB, (size_t)1 << 40);
}

/* What blocked the break is gone: the heap goes on there. */
static void unblocked(void)
{
    free(malloc(100));
    char *at = obstacle(2 * MIB, 4096);
    char *before = sbrk(0);
    fill(3000, 30 * MIB);
    MUST((char *)sbrk(0) <= at && munmap(at, 4096) == 0);
    fill(3000, 90 * MIB);
    MUST((char *)sbrk(0) > before + 10 * MIB);
    check_heap();
    drop(3000);
    malloc_trim(0);
    check_heap();
    MUST((char *)sbrk(0) < before + 4 * MIB);
}

/* More addresses than the machine has memory. */
static void sparse(void)
{
    size_t total = 0;
    while (total < (size_t)200 << 30 && malloc(64 * MIB - 100) != NULL)
        total += 64 * MIB;
    printf("%zu GiB of untouched blocks\n", total >> 30);
    MUST(sizeof(void *) == 4 || total >= (size_t)200 << 30);
}

/* A limit is reached by blocks of one size; then those of another size need state bytes of their
 * own while one of the last blocks holds the break up. */
static void other_sizes(void)
{
    limit(RLIMIT_DATA, 128 * MIB);
    fill(200000, SIZE_MAX);
    drop(200000);
    fill(100, SIZE_MAX);
    void *last = malloc(4096);
    drop(100);
    for (size_t bytes = 16; bytes < 3 * MIB; bytes += bytes / 2) {
        void *block = malloc(bytes);
        MUST(block != NULL);
        free(block);
    }
    free(last);
    check_heap();
}

/* All addresses are somebody's, in mappings of so many bytes; what lies between is less. */
static void used_up(size_t bytes, unsigned most)
{
    unsigned n = 0;
    free(malloc(100));
    while (n < most && mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
                            0) != MAP_FAILED)
        n++;
    /* once in a hundred times the last mapping ends right above the break */
    char *above = (char *)(((uintptr_t)sbrk(0) + 512 * MIB) & ~(uintptr_t)65535);
    char *got_above =
        mmap(above, 65536, PROT_NONE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    if (got_above != above) {
        puts("no room above the break this time");
        return;
    }
    munmap(above, 65536);
    for (size_t block_bytes = 16; block_bytes < MIB; block_bytes *= 5) {
        size_t wanted = block_bytes == 2000 ? 150 * MIB : 30 * MIB;
        size_t got = fill(block_bytes, wanted);
        printf("%zu bytes a block: %zu KiB\n", block_bytes, got >> 10);
        MUST(got > wanted - MIB);
        drop(block_bytes);
    }
    pthread_t t;
    MUST(pthread_create(&t, NULL, thread, NULL) == 0 && pthread_join(t, NULL) == 0);
    check_heap();
    printf("%u mappings of %zu GiB\n", n, bytes >> 30);
}

static void used_up_nearly(void)
{
    if (sizeof(void *) == 8)
        used_up((size_t)10 << 30, 3328);
}

static void used_up_wholly(void)
{
    if (sizeof(void *) == 8)
        used_up((size_t)64 << 30, UINT_MAX);
}

/* Option heap_max: 32 MiB, blocks with mappings of their own included. */
static void within_heap_max(void)
{
    void *mapped = malloc(10 * MIB); /* map_threshold=8m */
    MUST(mapped != NULL && malloc(30 * MIB) == NULL && errno == ENOMEM);
    size_t got = fill(1024, SIZE_MAX);
    printf("heap_max=32m, 10 MiB of it mapped: %zu KiB\n", got / 1024);
    MUST(got >= 18 * MIB && got <= 22 * MIB);
    check_heap();
    free(mapped);
    got += fill(1024, SIZE_MAX);
    MUST(got >= 28 * MIB && got <= 32 * MIB);
    drop(1024);
    check_heap();
}

static void heap_max(void)
{
    setenv("HMM_OPTIONS", "heap_max=32m,map_threshold=8m", 1);
    execl("/proc/self/exe", "life_space", "heap_max", NULL);
    _exit(99);
}

/* At a limit each request is refused at once: whatever is free has been made available, and the
 * system is not asked for what it cannot have. */
static void refused(void)
{
    limit(RLIMIT_AS, 300 * MIB);
    fill(1000, SIZE_MAX);
    struct HmmStats before = {0}, behind = {0};
    for (int i = 0; i < 10 && HmmGetStats != NULL; i++) {
        size_t bytes = i < 5 ? 1000 : (size_t)PTRDIFF_MAX / 1000;
        HmmGetStats(&before);
        MUST(malloc(bytes) == NULL && errno == ENOMEM);
        HmmGetStats(&behind);
        size_t n = behind.kernel_calls - before.kernel_calls;
        if (n > 64)
            printf("malloc(%zu), refused: %zu system calls\n", bytes, n);
        MUST(n <= 64); /* there were 602 */
    }
    check_heap();
    drop(1000);
}

/* Without a stream, which allocates. */
static long resident_mib(void)
{
    char text[100] = {0};
    long total, resident = -1;
    int fd = open("/proc/self/statm", O_RDONLY);
    MUST(fd >= 0 && read(fd, text, sizeof text - 1) > 0);
    close(fd);
    MUST(sscanf(text, "%ld %ld", &total, &resident) == 2);
    return resident * sysconf(_SC_PAGESIZE) / MIB;
}

/* The mappings of three blocks are one for the kernel, which refuses to split it when the process
 * has too many: what is in the middle one goes all the same. */
static void unsplit(void)
{
    enum { N_SPLITS = 70000, BLOCK = 256 * MIB };
    char *blocks[3];
    for (int i = 0; i < 3; i++)
        MUST((blocks[i] = malloc(BLOCK)) != NULL);
    memset(blocks[1], 1, BLOCK);
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *area = mmap(NULL, 2 * N_SPLITS * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    MUST(area != MAP_FAILED);
    for (size_t i = 0; i < N_SPLITS; i++)
        if (mprotect(area + 2 * i * page, page, PROT_READ) != 0)
            break;
    MUST(resident_mib() >= 256);
    free(blocks[1]);
    MUST(resident_mib() < 100);
    munmap(area, 2 * N_SPLITS * page);
    free(blocks[0]);
    free(blocks[2]);
    check_heap();
}

static const struct {
    const char *name;
    void (*run)(void);
} cases[] = {
    {"small process", small_process},
    {"locked", locked},
    {"limit, small blocks", limited_small},
    {"limit, large blocks", limited_large},
    {"limit of data", limited_data},
    {"blocked at once", blocked_at_once},
    {"blocked 30 MiB above", blocked_above},
    {"blocked by 1 TiB", blocked_far},
    {"blocked for a while", unblocked},
    {"option heap_max", heap_max},
    {"200 GiB of addresses", sparse},
    {"other sizes", other_sizes},
    {"addresses used up, nearly", used_up_nearly},
    {"addresses used up", used_up_wholly},
    {"refused at a limit", refused},
    {"too many mappings", unsplit},
};

int main(int argc, char **argv)
{
    int failed = 0;
    if (argc > 1 && strcmp(argv[1], "libc") == 0) {
        small_process();
        return 0;
    }
    if (argc > 1 && strcmp(argv[1], "heap_max") == 0) {
        within_heap_max();
        return 0;
    }
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (argc > 1 && strcmp(argv[1], cases[i].name) != 0)
            continue;
        int status = -1;
        fflush(stdout);
        pid_t pid = fork();
        if (pid == 0) {
            cases[i].run();
            fflush(stdout);
            _exit(0);
        }
        MUST(waitpid(pid, &status, 0) == pid);
        if (status != 0)
            printf("%s: status 0x%x\n", cases[i].name, status);
        failed |= status;
    }
    puts(failed ? "failed" : "ok");
    return failed != 0;
}
