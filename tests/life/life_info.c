/* life_info.c - figures are asked for while other threads make and destroy slabs, large blocks and
 * mappings: no crash, and no figure that cannot be.
 *
 * life_info [SECONDS]
 */
#include "hosted/glibc_malloc.h" /* mallinfo2, which glibc has since 2.33 */

#include <fcntl.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void HmmPrintFreeList(int fd) __attribute__((weak));
const char *HmmCheck(void) __attribute__((weak));

enum { CHURNERS = 3, BLOCKS = 3000, MAX_BYTES = 400 << 20 };

static atomic_bool stop;
static int failures;
static int null_fd;

static void expect(int ok, const char *what, size_t a, size_t b)
{
    if (ok || failures > 20)
        return;
    printf("%s: %zu, %zu\n", what, a, b);
    failures++;
}

/* Many blocks of one size, all freed: their slabs come and go. */
static void *churn(void *seed_at)
{
    unsigned seed = *(unsigned *)seed_at;
    void **blocks = calloc(BLOCKS, sizeof *blocks);
    while (!stop) {
        seed = seed * 1103515245u + 12345u;
        size_t bytes = 16 + (seed >> 8) % ((seed >> 4) % 3 ? 2000 : 60000);
        unsigned n = 200 + (seed >> 16) % (bytes > 4000 ? 500 : BLOCKS - 200);
        for (unsigned i = 0; i < n; i++)
            blocks[i] = malloc(bytes);
        for (unsigned i = 0; i < n; i++)
            free(blocks[i]);
        if (seed % 8 == 0)
            free(malloc(130 << 20)); /* untouched */
    }
    free(blocks);
    return NULL;
}

static size_t number_after(const char *text, const char *what)
{
    const char *at = strstr(text, what);
    return at != NULL ? strtoull(at + strlen(what), NULL, 10) : 0;
}

/* Is max below current? In the summary, which comes last. */
static void look_at_xml(void)
{
    static char text[20000];
    FILE *f = fmemopen(text, sizeof text, "w");
    malloc_info(0, f);
    fclose(f);
    const char *rest = strstr(text, "</heap>");
    size_t current = number_after(rest, "<system type=\"current\" size=\"");
    size_t max = number_after(rest, "<system type=\"max\" size=\"");
    expect(current > 0 && max >= current, "malloc_info: current, max", current, max);
}

static void look(void)
{
    struct mallinfo2 m = mallinfo2();
    expect(m.arena == m.uordblks + m.fordblks, "arena is not the sum", m.arena, m.uordblks);
    expect(m.uordblks <= m.arena && m.fsmblks <= m.arena, "more than arena", m.uordblks, m.fsmblks);
    expect(m.uordblks < MAX_BYTES * (size_t)2 && m.ordblks < 1 << 20, "too much", m.uordblks,
           m.ordblks);
    expect(m.usmblks >= m.uordblks + m.hblkhd, "peak", m.usmblks, m.uordblks + m.hblkhd);
    expect(m.hblks <= CHURNERS && m.keepcost <= m.arena, "mapped, top", m.hblks, m.keepcost);
    look_at_xml();
    HmmPrintFreeList(null_fd);
    malloc_stats(); /* on stderr, which is /dev/null by now */
}

extern __typeof(mallinfo2) mallinfo2 __attribute__((weak)); /* an older glibc has none */

int main(int argc, char **argv)
{
    int seconds = argc > 1 ? atoi(argv[1]) : 10;
    static unsigned seeds[CHURNERS] = {1, 22, 333};
    pthread_t threads[CHURNERS];
    if (HmmPrintFreeList == NULL)
        return puts("libhmm is not there"), 1;
    null_fd = open("/dev/null", O_WRONLY);
    dup2(null_fd, 2);
    for (int i = 0; i < CHURNERS; i++)
        pthread_create(&threads[i], NULL, churn, &seeds[i]);
    long n = 0;
    for (time_t end = time(NULL) + seconds; time(NULL) < end && failures == 0; n++)
        look();
    stop = 1;
    for (int i = 0; i < CHURNERS; i++)
        pthread_join(threads[i], NULL);
    const char *broken = HmmCheck();
    printf("%ld looks, %d failures, heap %s\n", n, failures, broken == NULL ? "intact" : broken);
    return failures != 0 || broken != NULL || n == 0;
}
