/* api_info.c - mallinfo2, malloc_info, malloc_stats, malloc_trim, mallopt, HmmGetStats and
 * HmmPrintFreeList tell the truth and have effects. */
#include "hmm.h"

#include "check.h"
#include "hosted/glibc_malloc.h" /* mallinfo2, which glibc has since 2.33 */

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { N = 2000, BYTES = 1000 };

static long resident_kib(void)
{
    long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (fscanf(f, "%*d %ld", &pages) != 1)
        pages = -1;
    fclose(f);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static void figures_follow_the_program(void)
{
    static void *blocks[N];
    struct mallinfo2 before = mallinfo2();
    struct HmmStats s0;
    struct HmmStats s1;
    HmmGetStats(&s0);
    for (int i = 0; i < N; i++)
        blocks[i] = malloc(BYTES);
    struct mallinfo2 full = mallinfo2();
    HmmGetStats(&s1);
    size_t usable = malloc_usable_size(blocks[0]);
    CHECK(full.uordblks - before.uordblks == N * usable);
    CHECK(s1.live_blocks - s0.live_blocks == N);
    CHECK(full.arena == full.uordblks + full.fordblks);
    CHECK(s1.heap_bytes == s1.used_bytes + s1.free_bytes);
    CHECK((size_t)mallinfo().uordblks == full.uordblks);
    void *huge = malloc(200 << 20);
    struct mallinfo2 mapped = mallinfo2();
    CHECK(mapped.hblks == before.hblks + 1 && mapped.hblkhd - before.hblkhd >= 200 << 20);
    free(huge);
    for (int i = 0; i < N; i++)
        free(blocks[i]);
    struct mallinfo2 after = mallinfo2();
    CHECK(after.uordblks == before.uordblks && after.hblks == before.hblks);
}

static void trim_has_an_effect(void)
{
    static char *blocks[400];
    for (int i = 0; i < 400; i++)
        blocks[i] = memset(malloc(100000), 1, 100000);
    long full = resident_kib();
    for (int i = 0; i < 400; i++)
        free(blocks[i]);
    struct HmmStats before;
    struct HmmStats after;
    HmmGetStats(&before);
    CHECK(malloc_trim(0) == 1);
    HmmGetStats(&after);
    CHECK(after.heap_bytes < before.heap_bytes || before.heap_bytes < 2 << 20);
    CHECK(after.dirty_bytes == 0);
    CHECK(resident_kib() < full - 30000);
    malloc_trim(0);
    CHECK(malloc_trim(0) == 0); /* nothing more to give */
}

/* Blocks of many sizes in their slabs: what has gone back is not asked for again. */
static void a_second_trim_has_nothing_to_do(void)
{
    enum { MANY = 30000 };
    static void *blocks[MANY];
    for (size_t i = 0; i < MANY; i++)
        blocks[i] = memset(malloc(16 + i % 100 * 40), 1, 16);
    for (size_t i = 0; i < MANY; i++)
        if (i % 64 != 0)
            free(blocks[i]);
    malloc_trim(0);
    malloc_trim(0);
    struct HmmStats before;
    struct HmmStats after;
    HmmGetStats(&before);
    malloc_trim(0);
    HmmGetStats(&after);
    CHECK(after.kernel_calls - before.kernel_calls <= 2); /* where the break is, may be asked */
    CHECK(HmmCheck() == NULL);
    for (size_t i = 0; i < MANY; i += 64)
        free(blocks[i]);
}

static void trim_keeps_its_pad(void)
{
    free(malloc(20 << 20));
    malloc_trim(4 << 20);
    struct HmmStats s;
    HmmGetStats(&s);
    CHECK(s.top_free_bytes >= 4 << 20 && s.top_free_bytes < 6 << 20);
}

static void xml_is_xml(void)
{
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    CHECK(malloc_info(0, f) == 0);
    fclose(f);
    CHECK(strncmp(text, "<malloc version=\"1\">", 20) == 0);
    CHECK(strstr(text, "</malloc>") != NULL &&
          strstr(text, "<system type=\"current\" size=\"") != NULL);
    free(text);
    CHECK(malloc_info(1, stdout) != 0);
}

static void options_have_effects(void)
{
    CHECK(mallopt(M_MMAP_THRESHOLD, 1 << 20) == 1);
    struct mallinfo2 before = mallinfo2();
    void *block = malloc(2 << 20);
    CHECK(mallinfo2().hblks == before.hblks + 1);
    free(block);
    CHECK(mallopt(M_MMAP_THRESHOLD, 32 << 20) == 1);
    CHECK(mallopt(M_TRIM_THRESHOLD, 1 << 20) == 1);
    CHECK(mallopt(M_ARENA_MAX, 2) == 1);
    CHECK(mallopt(12345, 1) == 0);
}

static void the_free_list_is_printed(void)
{
    void *a = malloc(200000);
    void *b = malloc(200000);
    void *c = malloc(200000);
    free(malloc(60000));
    free(b);
    malloc_trim(0); /* the thread's cache of runs goes to the free list */
    int ends[2];
    char text[65536] = {0};
    CHECK(pipe(ends) == 0);
    HmmPrintFreeList(ends[1]);
    close(ends[1]);
    size_t n = 0;
    for (ssize_t got; (got = read(ends[0], text + n, sizeof text - 1 - n)) > 0;)
        n += (size_t)got;
    close(ends[0]);
    CHECK(strstr(text, "heap start     0x") != NULL);
    CHECK(strstr(text, "heap end       0x") != NULL);
    CHECK(strstr(text, "current break  0x") != NULL);
    char address[32];
    snprintf(address, sizeof address, "%p ", b);
    char *line = strstr(text, address);
    CHECK(line != NULL);
    if (line != NULL) {
        *strchr(line, '\n') = '\0';
        CHECK(strstr(line, "before: large block  behind: large block") != NULL);
        CHECK(strstr(line, " 212992 ") != NULL);
        CHECK(strstr(line, "free, zero") != NULL);
    }
    free(a), free(c);
}

int main(void)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    figures_follow_the_program();
    trim_has_an_effect();
    a_second_trim_has_nothing_to_do();
    trim_keeps_its_pad();
    xml_is_xml();
    options_have_effects();
    the_free_list_is_printed();
    malloc_stats();
    CHECK(HmmCheck() == NULL);
    return check_end();
}
