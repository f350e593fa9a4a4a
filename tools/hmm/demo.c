/* demo.c - hmm demo: a small heap over a buffer, step by step, and then by the reader's own calls.
 */
#include "tool.h"

#include "hmm_heap.h"
#include "port/board.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BUFFER_BYTES = 3072, EXTRA_BYTES = 256, COLUMNS = 72, NAMES = 26, MAX_BYTES = 1 << 20 };

static const char usage[] = "usage: hmm demo [--auto] [--no-tour]\n\n"
                            "A heap over a buffer of 3 KiB: how blocks are found, split and "
                            "coalesced, and how the break moves.\n"
                            "First a tour, a step for each press of Enter; then calls of your own. "
                            "In a pipe, or with --auto, it\n"
                            "waits for nothing.\n\n"
                            "  --auto      don't wait between steps\n"
                            "  --no-tour   your own calls at once\n";

static const char help[] = "  a = alloc 100      a = realloc b 200      free a\n"
                           "  list               check                  quit\n"
                           "Blocks are named a to z.\n";

struct demo {
    HmmHeap *heap;
    char *base; /* where the heap's blocks begin */
    void *named[NAMES];
    bool colour, paced;
    bool refused; /* the last call */
};

static _Alignas(16) char buffer[BUFFER_BYTES];

/* The demo's heap tells of misuse itself; this ends a tool that is wrong. */
_Noreturn void hmm_board_fatal(const char *line, size_t n_chars)
{
    fwrite(line, 1, n_chars, stderr);
    abort();
}

/* --- what is shown ------------------------------------------------------------------------------
 */

static void paint(const struct demo *demo, const char *code)
{
    if (demo->colour)
        printf("\033[%sm", code);
}

static void told_of_misuse(void *context, const char *message, const void *block)
{
    struct demo *demo = context;
    const char *details = strchr(message, '(');
    int n_chars = details != NULL ? (int)(details - message) : (int)strlen(message);
    (void)block;
    demo->refused = true;
    paint(demo, "1;31");
    printf("  refused: %.*s\n", n_chars, message);
    if (details != NULL)
        printf("           %s\n", details);
    paint(demo, "0");
}

/* The name of the block that begins there; 0: none. */
static char name_of(const struct demo *demo, const void *block)
{
    for (int i = 0; i < NAMES; i++)
        if (demo->named[i] == block)
            return (char)('a' + i);
    return 0;
}

struct picture {
    const struct demo *demo;
    size_t capacity_bytes;
    char cells[COLUMNS + 1];
};

static int draw_block(void *context, const void *block, size_t bytes, int is_live)
{
    struct picture *picture = context;
    size_t from = (size_t)((const char *)block - picture->demo->base);
    size_t first = from * COLUMNS / picture->capacity_bytes;
    size_t end = (from + bytes) * COLUMNS / picture->capacity_bytes;
    char name = name_of(picture->demo, block);
    for (size_t i = first; i < end; i++)
        picture->cells[i] = !is_live ? '.' : name == 0 ? '#' : i == first ? name : '=';
    return 1;
}

static int list_block(void *context, const void *block, size_t bytes, int is_live)
{
    const struct demo *demo = context;
    if (!is_live)
        printf("  free list: %5zu bytes at +%td\n", bytes, (const char *)block - demo->base);
    return 1;
}

static void show(const struct demo *demo)
{
    struct HmmHeapStats stats;
    HmmHeapGetStats(demo->heap, &stats);
    struct picture picture = {.demo = demo, .capacity_bytes = stats.capacity_bytes};
    memset(picture.cells, ' ', COLUMNS);
    HmmHeapVisit(demo->heap, draw_block, &picture);
    printf("  [");
    const char *now = "";
    for (int i = 0; i < COLUMNS; i++) {
        char cell = picture.cells[i];
        const char *code = cell == '.' ? "0;32" : cell == ' ' ? "0" : "0;1;44;37";
        if (strcmp(code, now) != 0)
            paint(demo, now = code);
        putchar(cell);
    }
    paint(demo, "0");
    printf("]\n  break at %zu of %zu; %zu bytes live, %zu free\n", stats.break_bytes,
           stats.capacity_bytes, stats.live_bytes, stats.free_bytes);
    HmmHeapVisit(demo->heap, list_block, (void *)(uintptr_t)demo);
}

/* --- calls, as the reader types them ------------------------------------------------------------
 */

static void bad(const char *line)
{
    printf("  not understood: %s\n%s", line, help);
}

static void set(struct demo *demo, char name, void *block, const char *what)
{
    if (block != NULL)
        demo->named[name - 'a'] = block;
    else if (!demo->refused)
        printf("  %s: NULL, there is no free block that long\n", what);
}

static bool is_name(char c)
{
    return c >= 'a' && c <= 'z';
}

/* One call. False: the reader has had enough. */
static bool run_line(struct demo *demo, const char *line)
{
    char to, from;
    unsigned long bytes;
    int end = 0;
    demo->refused = false;
    if (sscanf(line, " %c = alloc %lu %n", &to, &bytes, &end) == 2 && line[end] == '\0' &&
        is_name(to) && bytes <= MAX_BYTES) {
        set(demo, to, HmmHeapAlloc(demo->heap, bytes), "alloc");
    } else if (sscanf(line, " %c = realloc %c %lu %n", &to, &from, &bytes, &end) == 3 &&
               line[end] == '\0' && is_name(to) && is_name(from) && bytes <= MAX_BYTES) {
        void *block = HmmHeapRealloc(demo->heap, demo->named[from - 'a'], bytes);
        if (block != NULL && from != to)
            demo->named[from - 'a'] = NULL;
        set(demo, to, block, "realloc");
    } else if (sscanf(line, " free %c + %lu %n", &from, &bytes, &end) == 2 && line[end] == '\0' &&
               is_name(from)) {
        HmmHeapFree(demo->heap, (char *)demo->named[from - 'a'] + bytes);
    } else if (sscanf(line, " free %c %n", &from, &end) == 1 && line[end] == '\0' &&
               is_name(from)) {
        if (demo->named[from - 'a'] == NULL)
            printf("  %c is no block yet\n", from);
        HmmHeapFree(demo->heap, demo->named[from - 'a']); /* kept, so that it can be freed twice */
    } else if (strcmp(line, "check") == 0) {
        const char *broken = HmmHeapCheck(demo->heap);
        printf("  %s\n", broken == NULL ? "every invariant holds" : broken);
    } else if (strcmp(line, "quit") == 0) {
        return false;
    } else if (strcmp(line, "list") != 0) {
        bad(line);
        return true;
    }
    show(demo);
    return true;
}

/* --- the tour -----------------------------------------------------------------------------------
 */

static const struct {
    const char *why, *line;
} tour[] = {
    {"The heap is empty: its break, a variable here, is at its beginning.", "list"},
    {"No free block: the break goes up. Extra space is taken ahead, so that it need\n"
     "not go up each time: a free block.",
     "a = alloc 100"},
    {"The free block is long enough. It is split: a block, and what is left.", "b = alloc 200"},
    {"What is left is too short: together with new space above the break it is enough.",
     "c = alloc 600"},
    {"And one more.", "d = alloc 150"},
    {"A free block between others: the free list has two.", "free b"},
    {"The shortest one that is long enough is found, and split again.", "e = alloc 60"},
    {"A block that is freed is coalesced with the free neighbour behind it.", "free e"},
    {"And d with that. So little space at the top is kept, for the next call.", "free d"},
    {"Here, too, the neighbour behind is free: two blocks become one.", "free a"},
    {"Freed twice: the heap knows where live blocks begin, and refuses.", "free a"},
    {"A pointer into a block: refused as well.", "free c + 16"},
    {"It grows where it is, for there is room behind it; else it would move.", "c = realloc c 700"},
    {"Both neighbours of c are free: three blocks become one. It is the top of the\n"
     "heap: the break goes down, but for a little space kept ahead.",
     "free c"},
};

static void wait_for_reader(const struct demo *demo)
{
    if (!demo->paced)
        return;
    int c;
    printf("  -- Enter --");
    fflush(stdout);
    while ((c = getchar()) != '\n' && c != EOF) {
    }
}

static void take_tour(struct demo *demo)
{
    for (size_t i = 0; i < sizeof tour / sizeof tour[0]; i++) {
        printf("\n%s\n", tour[i].why);
        paint(demo, "1");
        printf("> %s\n", tour[i].line);
        paint(demo, "0");
        run_line(demo, tour[i].line);
        wait_for_reader(demo);
    }
}

static void read_calls(struct demo *demo)
{
    char line[200];
    bool asked = isatty(0) != 0;
    if (asked)
        printf("\nNow your own calls:\n%s", help);
    for (;;) {
        if (asked)
            printf("> ");
        fflush(stdout);
        if (fgets(line, sizeof line, stdin) == NULL)
            return;
        size_t n_chars = strcspn(line, "\r\n");
        while (n_chars > 0 && isspace((unsigned char)line[n_chars - 1]))
            n_chars--;
        line[n_chars] = '\0';
        if (n_chars != 0 && !run_line(demo, line))
            return;
    }
}

int tool_demo(int argc, char **argv)
{
    bool no_wait = false, no_tour = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            fputs(usage, stdout);
            return 0;
        }
        if (strcmp(argv[i], "--auto") == 0)
            no_wait = true;
        else if (strcmp(argv[i], "--no-tour") == 0)
            no_tour = true;
        else
            tool_fail(TOOL_USAGE, "demo: no such option: %s (try hmm demo --help)", argv[i]);
    }
    bool terminal = isatty(0) && isatty(1);
    struct demo demo = {.colour = isatty(1) && getenv("NO_COLOR") == NULL,
                        .paced = terminal && !no_wait};
    struct HmmHeapOptions options = {
        .extra_bytes = EXTRA_BYTES, .on_error = told_of_misuse, .context = &demo};
    demo.heap = HmmHeapCreate(buffer, sizeof buffer, &options);
    struct HmmHeapStats stats;
    HmmHeapGetStats(demo.heap, &stats);
    demo.base = HmmHeapAlloc(demo.heap, 1); /* the first block */
    HmmHeapReset(demo.heap);
    printf("A heap in a buffer of %zu bytes: %zu for its own records, %zu for blocks.\n",
           stats.buffer_bytes, stats.record_bytes, stats.capacity_bytes);
    if (!no_tour)
        take_tour(&demo);
    if (!no_wait)
        read_calls(&demo);
    return 0;
}
