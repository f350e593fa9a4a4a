/* buffer_tests.c - what hmm_heap.h promises: rules, misuse, every small size of buffer, and a long
 * random run beside a model that knows every block.
 */
#include "buffer_tests.h"

#include "base/bytes.h"

static long n_checks, n_failed;

static void say_number(long n)
{
    char digits[24];
    int at = (int)sizeof digits - 1;
    bool negative = n < 0;
    unsigned long left = negative ? 0ul - (unsigned long)n : (unsigned long)n;
    digits[at] = '\0';
    do
        digits[--at] = (char)('0' + left % 10);
    while ((left /= 10) != 0);
    if (negative)
        digits[--at] = '-';
    say(&digits[at]);
}

void check(bool good, const char *what, int line)
{
    n_checks++;
    if (good)
        return;
    if (n_failed++ < 20) {
        say("line ");
        say_number(line);
        say(": ");
        say(what);
        say("\n");
    }
}

static bool same_text(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b)
        a++, b++;
    return *a == *b;
}

/* Does `text` contain `part`? */
static bool has_text(const char *text, const char *part)
{
    for (; *text != '\0'; text++) {
        size_t n = 0;
        while (part[n] != '\0' && text[n] == part[n])
            n++;
        if (part[n] == '\0')
            return true;
    }
    return part[0] == '\0';
}

static uint32_t rng;

uint32_t below(uint32_t n)
{
    rng ^= rng << 13;
    rng ^= rng >> 17;
    rng ^= rng << 5;
    return rng % n;
}

/* --- what on_error, lock and unlock have heard --------------------------------------------------
 */

void hear(void *context, const char *message, const void *block)
{
    struct heard *to = context;
    size_t n = 0;
    for (; message[n] != '\0' && n < sizeof to->message - 1; n++)
        to->message[n] = message[n];
    to->message[n] = '\0';
    to->block = block;
    to->n_errors++;
}

static void hear_lock(void *context)
{
    struct heard *to = context;
    CHECK(to->n_locks == to->n_unlocks);
    to->n_locks++;
}

static void hear_unlock(void *context)
{
    struct heard *to = context;
    to->n_unlocks++;
    CHECK(to->n_locks == to->n_unlocks);
}

static bool heard_one(struct heard *by, const char *part)
{
    bool good = by->n_errors == 1 && has_text(by->message, part);
    if (!good) {
        say("heard: ");
        say(by->message);
        say("\n");
    }
    by->n_errors = 0;
    by->message[0] = '\0';
    return good;
}

char arena[65536 + 64] __attribute__((aligned(64)));
struct heard heard;
static int fixed_records; /* of the heaps that are made */

static HmmHeap *new_heap(size_t bytes, size_t extra_bytes)
{
    struct HmmHeapOptions options = {.on_error = hear,
                                     .context = &heard,
                                     .extra_bytes = extra_bytes,
                                     .fixed_records = fixed_records};
    memset(arena, 0xa5, sizeof arena);
    memset(&heard, 0, sizeof heard);
    HmmHeap *heap = HmmHeapCreate(arena, bytes, &options);
    CHECK(heap != NULL);
    return heap;
}

bool is_whole(HmmHeap *heap)
{
    const char *broken = HmmHeapCheck(heap);
    if (broken != NULL) {
        say("broken: ");
        say(broken);
        say("\n");
    }
    return broken == NULL;
}

struct HmmHeapStats stats_of(HmmHeap *heap)
{
    struct HmmHeapStats stats;
    HmmHeapGetStats(heap, &stats);
    return stats;
}

/* --- rules --------------------------------------------------------------------------------------
 */

static void test_rules(void)
{
    HmmHeap *heap = new_heap(4096, 0);
    CHECK(HmmHeapAlloc(heap, 0) == NULL);
    CHECK(HmmHeapCalloc(heap, 0, 8) == NULL);
    CHECK(HmmHeapCalloc(heap, SIZE_MAX / 4, 8) == NULL);
    CHECK(HmmHeapAlloc(heap, SIZE_MAX) == NULL);
    CHECK(HmmHeapAlloc(heap, 4096) == NULL);
    CHECK(HmmHeapAllocAligned(heap, 24, 8) == NULL);
    CHECK(HmmHeapAllocAligned(heap, 0, 8) == NULL);
    CHECK(HmmHeapAllocAligned(heap, 16, SIZE_MAX) == NULL);
    CHECK(HmmHeapAllocAligned(heap, SIZE_MAX / 2 + 1, 16) == NULL);
    HmmHeapFree(heap, NULL);
    CHECK(HmmHeapUsableSize(heap, NULL) == 0);
    char *a = HmmHeapAlloc(heap, 1);
    char *b = HmmHeapRealloc(heap, NULL, 100);
    CHECK(a != NULL && b != NULL && a != b);
    CHECK((uintptr_t)a % 16 == 0 && (uintptr_t)b % 16 == 0);
    CHECK(HmmHeapUsableSize(heap, a) == 16 && HmmHeapUsableSize(heap, b) == 112);
    memset(b, 0x77, 112);
    char *zero = HmmHeapCalloc(heap, 3, 5);
    for (int i = 0; i < 15; i++)
        CHECK(zero[i] == 0);
    CHECK(HmmHeapRealloc(heap, b, SIZE_MAX) == NULL);
    CHECK(HmmHeapRealloc(heap, b, 4000) == NULL && b[0] == 0x77 && b[111] == 0x77);
    CHECK(HmmHeapRealloc(heap, b, 0) == NULL);
    HmmHeapFree(heap, a);
    HmmHeapFree(heap, zero);
    struct HmmHeapStats stats = stats_of(heap);
    CHECK(stats.live_bytes == 0 && stats.live_blocks == 0 && stats.break_bytes == 0);
    CHECK(stats.largest_bytes > stats.capacity_bytes && stats.buffer_bytes == 4096);
    CHECK(stats.record_bytes + stats.capacity_bytes <= 4096);
    CHECK(stats.peak_break_bytes == 144 && is_whole(heap));
    CHECK(HmmHeapAlloc(heap, stats.capacity_bytes) != NULL && HmmHeapAlloc(heap, 1) == NULL);
    HmmHeapReset(heap);
    CHECK(HmmHeapAlloc(heap, stats.capacity_bytes) != NULL && is_whole(heap));
    HmmHeapReset(heap);
    CHECK(is_whole(heap) && heard.n_errors == 0);
    HmmHeapDestroy(heap);
    HmmHeapDestroy(NULL);
}

/* Split, coalesced with both neighbours, the break down again: the classroom's pictures. */
static void test_split_and_coalesce(void)
{
    HmmHeap *heap = new_heap(4096, 0);
    char *a = HmmHeapAlloc(heap, 160), *b = HmmHeapAlloc(heap, 160), *c = HmmHeapAlloc(heap, 160);
    char *d = HmmHeapAlloc(heap, 160);
    CHECK(b == a + 160 && c == b + 160 && d == c + 160);
    HmmHeapFree(heap, a);
    HmmHeapFree(heap, c);
    CHECK(stats_of(heap).free_blocks == 2 && stats_of(heap).free_bytes == 320);
    char *e = HmmHeapAlloc(heap, 100); /* splits the lower one */
    CHECK(e == a && stats_of(heap).free_blocks == 2 && stats_of(heap).free_bytes == 208);
    HmmHeapFree(heap, e);
    HmmHeapFree(heap, b); /* joins both neighbours */
    CHECK(stats_of(heap).free_blocks == 1 && stats_of(heap).free_bytes == 480 && is_whole(heap));
    CHECK(HmmHeapAlloc(heap, 480) == a);
    HmmHeapFree(heap, a);
    HmmHeapFree(heap, d); /* joins the one before it, and the break comes down */
    CHECK(stats_of(heap).break_bytes == 0 && stats_of(heap).peak_break_bytes == 640);
    CHECK(stats_of(heap).free_blocks == 0 && is_whole(heap));
}

static void test_realloc_in_place(void)
{
    HmmHeap *heap = new_heap(4096, 0);
    char *a = HmmHeapAlloc(heap, 64), *b = HmmHeapAlloc(heap, 64), *c = HmmHeapAlloc(heap, 64);
    CHECK(HmmHeapRealloc(heap, c, 640) == c); /* above it is the break */
    CHECK(HmmHeapRealloc(heap, c, 32) == c && stats_of(heap).break_bytes == 160);
    HmmHeapFree(heap, b);
    CHECK(HmmHeapRealloc(heap, a, 96) == a); /* into the free block, which is split */
    CHECK(stats_of(heap).free_bytes == 32 && is_whole(heap));
    CHECK(HmmHeapRealloc(heap, a, 128) == a && stats_of(heap).free_blocks == 0);
    CHECK(HmmHeapRealloc(heap, a, 48) == a && stats_of(heap).free_bytes == 80);
    CHECK(HmmHeapRealloc(heap, a, 64) == a && stats_of(heap).free_bytes == 64);
    memset(a, 0x33, 64);
    char *moved = HmmHeapRealloc(heap, a, 1000);
    CHECK(moved != NULL && moved != a && moved[0] == 0x33 && moved[63] == 0x33 && is_whole(heap));
    HmmHeapFree(heap, c);
    CHECK(HmmHeapRealloc(heap, moved, 64) == moved && is_whole(heap));
    HmmHeapFree(heap, moved);
    CHECK(stats_of(heap).break_bytes == 0 && heard.n_errors == 0);
}

static void test_extra_space_ahead(void)
{
    HmmHeap *heap = new_heap(8192, 512);
    char *a = HmmHeapAlloc(heap, 16);
    CHECK(stats_of(heap).break_bytes == 528 && stats_of(heap).free_bytes == 512);
    char *b = HmmHeapAlloc(heap, 500);
    CHECK(b == a + 16 && stats_of(heap).break_bytes == 528 && is_whole(heap));
    char *c = HmmHeapAlloc(heap, 1024);
    CHECK(stats_of(heap).break_bytes == 528 + 1024 + 512 && is_whole(heap));
    HmmHeapFree(heap,
                c); /* what is free at the top is more than twice the extra: all but it goes */
    CHECK(stats_of(heap).break_bytes == 528 + 512 && is_whole(heap));
    CHECK(HmmHeapRealloc(heap, b, 6000) == b && is_whole(heap));
    HmmHeapFree(heap, b);
    HmmHeapFree(heap, a);
    CHECK(stats_of(heap).break_bytes == 528 && stats_of(heap).free_blocks == 1 && is_whole(heap));
    size_t largest = stats_of(heap).largest_bytes;
    CHECK(largest > stats_of(heap).capacity_bytes);
    CHECK(HmmHeapAlloc(heap, largest + 1) == NULL && HmmHeapAlloc(heap, largest) != NULL);
    CHECK(is_whole(heap) && heard.n_errors == 0);
}

/* One block may lie where the records of many small ones were, and are to be again. */
static void one_long_block(size_t extra_bytes)
{
    HmmHeap *heap = new_heap(65536, extra_bytes);
    char *small[3000];
    size_t n = 0, most = 0;
    for (int round = 0; round < 4; round++) {
        CHECK(HmmHeapAlloc(heap, 16) != NULL);
        size_t bytes = stats_of(heap).largest_bytes;
        char *block = HmmHeapAlloc(heap, round % 2 ? bytes : bytes / 2);
        CHECK(round % 2 || HmmHeapRealloc(heap, block, bytes) == block);
        CHECK(bytes > 63000 && HmmHeapUsableSize(heap, block) == bytes);
        CHECK(HmmHeapAlloc(heap, 16) == NULL && HmmHeapRealloc(heap, block, bytes + 1) == NULL);
        memset(block, round == 2 ? 0x5a : 0xff, bytes);
        for (size_t at = 8; at < bytes; at += at < 5000 || at > bytes - 5000 ? 8 : 1000) {
            HmmHeapFree(heap, block + at);
            CHECK(heard_one(&heard, "invalid pointer"));
        }
        CHECK(is_whole(heap) && HmmHeapAllocAligned(heap, 64, 16) == NULL);
        CHECK(HmmHeapRealloc(heap, block, 1000) == block && is_whole(heap));
        for (n = 0; n < 3000 && (small[n] = HmmHeapAlloc(heap, 24)) != NULL; n++)
            memset(small[n], (int)n, 24);
        CHECK(n > 1800 && (most == 0 || n + (size_t)round >= most) && is_whole(heap));
        most = most == 0 ? n : most;
        while (n-- > 0) {
            CHECK((unsigned char)small[n][0] == n % 256 && (unsigned char)small[n][23] == n % 256);
            HmmHeapFree(heap, small[n]);
        }
        HmmHeapFree(heap, block);
        CHECK(is_whole(heap) && stats_of(heap).live_blocks == (size_t)round + 1);
    }
    char *aligned = HmmHeapAllocAligned(heap, 8192, 40000);
    CHECK(aligned != NULL && (uintptr_t)aligned % 8192 == 0 && is_whole(heap));
    memset(aligned, 0xff, 40000);
    HmmHeapFree(heap, aligned);
    CHECK(is_whole(heap) && heard.n_errors == 0);
}

static void test_one_long_block(void)
{
    one_long_block(0);
    one_long_block(2048);
}

/* Alignment takes a block's beginning to where its record would not fit: none is to be had. */
static void test_aligned_at_the_limit(void)
{
    for (size_t ahead = 16; ahead < 4096; ahead += 16) {
        HmmHeap *heap = new_heap(65536, ahead % 32 != 0 ? 1024 : 0);
        CHECK(HmmHeapAlloc(heap, ahead) != NULL);
        size_t bytes = stats_of(heap).largest_bytes;
        for (size_t less = 4080; less <= 4080 + 320; less += 16) {
            char *block = HmmHeapAllocAligned(heap, 4096, bytes - less);
            CHECK(is_whole(heap) && (uintptr_t)block % 4096 == 0);
            if (block != NULL)
                memset(block, 0xff, bytes - less);
            CHECK(is_whole(heap) && stats_of(heap).live_blocks == (block != NULL ? 2 : 1));
            HmmHeapFree(heap, block);
        }
        CHECK(heard.n_errors == 0);
    }
}

static void test_aligned(void)
{
    HmmHeap *heap = new_heap(65536, 0);
    for (size_t alignment = 1; alignment <= 4096; alignment *= 2)
        for (size_t bytes = 1; bytes < 600; bytes += 97) {
            char *in_the_way = HmmHeapAlloc(heap, 16 + 16 * below(5));
            char *block = HmmHeapAllocAligned(heap, alignment, bytes);
            CHECK(block != NULL && (uintptr_t)block % alignment == 0);
            CHECK(HmmHeapUsableSize(heap, block) == ((bytes + 15) & ~(size_t)15));
            memset(block, 1, bytes);
            CHECK(is_whole(heap));
            HmmHeapFree(heap, alignment % 3 == 1 ? block : in_the_way);
            HmmHeapFree(heap, alignment % 3 == 1 ? in_the_way : block);
            CHECK(stats_of(heap).break_bytes == 0 && is_whole(heap));
        }
}

static void test_locks(void)
{
    struct HmmHeapOptions options = {.lock = hear_lock, .unlock = hear_unlock, .context = &heard};
    memset(&heard, 0, sizeof heard);
    HmmHeap *heap = HmmHeapCreate(arena, 4096, &options);
    void *block = HmmHeapRealloc(heap, HmmHeapCalloc(heap, 1, 100), 200);
    CHECK(heard.n_locks == 2);
    HmmHeapFree(heap, block);
    HmmHeapFree(heap, HmmHeapAllocAligned(heap, 64, 64));
    CHECK(stats_of(heap).live_blocks == 0 && is_whole(heap));
    CHECK(heard.n_locks == 7 && heard.n_unlocks == 7);
    options.unlock = NULL;
    CHECK(HmmHeapCreate(arena, 4096, &options) == NULL);
}

/* --- printing and visiting ----------------------------------------------------------------------
 */

static char printed[1024];
static size_t n_printed;

static void keep_text(void *context, const char *text, size_t n_chars)
{
    CHECK(context == printed && n_printed + n_chars < sizeof printed);
    memcpy(printed + n_printed, text, n_chars);
    n_printed += n_chars;
    printed[n_printed] = '\0';
}

struct visit {
    size_t n, live_bytes, stop_after;
};

static int visit_one(void *context, const void *block, size_t bytes, int is_live)
{
    struct visit *visit = context;
    CHECK(block != NULL && bytes != 0);
    visit->n++;
    visit->live_bytes += is_live ? bytes : 0;
    return visit->n != visit->stop_after;
}

static void test_print_and_visit(void)
{
    HmmHeap *heap = new_heap(4096, 0);
    char *a = HmmHeapAlloc(heap, 100);
    HmmHeapAlloc(heap, 40);
    HmmHeapFree(heap, a);
    n_printed = 0;
    HmmHeapPrintFreeList(heap, keep_text, printed);
    CHECK(has_text(printed, "heap start 0x") && has_text(printed, "48 bytes\nfree block 0x"));
    CHECK(has_text(printed, "112 bytes\nbreak      0x") && has_text(printed, "heap end   0x"));
    struct visit visit = {0};
    HmmHeapVisit(heap, visit_one, &visit);
    CHECK(visit.n == 2 && visit.live_bytes == 48);
    visit = (struct visit){.stop_after = 1};
    HmmHeapVisit(heap, visit_one, &visit);
    CHECK(visit.n == 1);
}

/* --- misuse -------------------------------------------------------------------------------------
 */

static void test_misuse(void)
{
    HmmHeap *heap = new_heap(4096, 0);
    char *a = HmmHeapAlloc(heap, 64), *b = HmmHeapAlloc(heap, 64), *c = HmmHeapAlloc(heap, 64);
    char *d = HmmHeapAlloc(heap, 64), *e = HmmHeapAlloc(heap, 64);
    HmmHeapFree(heap, a);
    HmmHeapFree(heap, a);
    CHECK(heard_one(&heard, "HmmHeapFree: double free of 0x") && heard.block == a);
    HmmHeapFree(heap, b);
    HmmHeapFree(heap, b); /* part of a free block now */
    CHECK(heard_one(&heard, "HmmHeapFree: double or invalid free of 0x"));
    HmmHeapFree(heap, c + 16);
    CHECK(heard_one(&heard, "invalid pointer 0x") && heard.block == c + 16);
    HmmHeapFree(heap, c + 1);
    CHECK(heard_one(&heard, "(inside a block of 64 bytes at 0x"));
    HmmHeapFree(heap, c - 16);
    CHECK(heard_one(&heard, "(inside a free block of 128 bytes at 0x"));
    HmmHeapFree(heap, &heap);
    CHECK(heard_one(&heard, "(outside this heap)"));
    HmmHeapFree(heap, arena);
    CHECK(heard_one(&heard, "(outside this heap)"));
    HmmHeapFree(heap, e + 64);
    CHECK(heard_one(&heard, "(above the break, where no block is)"));
    HmmHeapFree(heap, (void *)UINTPTR_MAX);
    CHECK(heard_one(&heard, "(outside this heap)"));
    CHECK(HmmHeapRealloc(heap, a, 10) == NULL);
    CHECK(heard_one(&heard, "HmmHeapRealloc: "));
    CHECK(HmmHeapUsableSize(heap, d + 32) == 0);
    CHECK(heard_one(&heard, "HmmHeapUsableSize: "));
    HmmHeapFree(heap, e);
    HmmHeapFree(heap, e);
    CHECK(heard_one(&heard, "above the break"));
    CHECK(is_whole(heap) && stats_of(heap).live_blocks == 2);
    HmmHeapReset(heap);
    HmmHeapFree(heap, c);
    CHECK(heard_one(&heard, "above the break"));
    struct HmmHeapOptions options = {.on_error = hear, .context = &heard};
    CHECK(HmmHeapCreate(arena, 100, &options) == NULL);
    CHECK(heard_one(&heard, "HmmHeapCreate: a buffer of 100 bytes is too small; enough are "));
    CHECK(HmmHeapCreate(NULL, 4096, &options) == NULL);
}

/* Whatever is written to free memory, no block gets two owners, and no live one is written to. */
enum { N_HELD = 24 };
static char *held[N_HELD]; /* of 48 bytes, filled with their number; NULL: free */

static bool held_are_whole(void)
{
    for (int i = 0; i < N_HELD; i++)
        for (int k = 0; held[i] != NULL && k < 48; k++)
            if (held[i][k] != i)
                return false;
    return true;
}

static void overwrite_and_go_on(HmmHeap *heap, int how)
{
    for (int i = 0; i < N_HELD; i++)
        held[i] = memset(HmmHeapAlloc(heap, 48), i, 48);
    for (int i = 0; i < N_HELD; i += 2) {
        HmmHeapFree(heap, held[i]);
        held[i] = NULL;
    }
    int victim = 2 * (int)below(N_HELD / 2 - 1);
    uint32_t random = below(2) ? below(260) : below(UINT32_MAX);
    memcpy(held[victim + 1] - 48 + (below(2) ? 4 : 0), &random, sizeof random);
    for (int i = 1; i < N_HELD && heard.n_errors == 0; i += 2) {
        char *got = NULL;
        if (how == 0 && (got = HmmHeapAlloc(heap, 40)) != NULL) {
            for (int k = 0; k < N_HELD; k++)
                CHECK(held[k] == NULL || got + 48 <= held[k] || got >= held[k] + 48);
            held[i - 1] = memset(got, i - 1, 48);
        } else if (how == 1 && (got = HmmHeapRealloc(heap, held[i], 80)) != NULL) {
            held[i] = memset(got, i, 80);
        } else if (how == 2) {
            HmmHeapFree(heap, held[i]);
            held[i] = NULL;
        }
        CHECK(held_are_whole());
    }
}

static void test_overwritten_free_memory(void)
{
    int n_told[3] = {0};
    for (int round = 0; round < 600; round++) {
        HmmHeap *heap = new_heap(4096, 0);
        overwrite_and_go_on(heap, round % 3);
        n_told[round % 3] += heard.n_errors != 0;
        CHECK(heard.n_errors == 0 || has_text(heard.message, "was written to after it was freed"));
        if (heard.n_errors !=
            0) { /* it stops: nothing more is done, and Reset makes it a heap again */
            heard.n_errors = 0;
            CHECK(HmmHeapAlloc(heap, 16) == NULL && HmmHeapCheck(heap) != NULL);
            CHECK(stats_of(heap).largest_bytes == 0);
            HmmHeapReset(heap);
            CHECK(is_whole(heap) && HmmHeapAlloc(heap, 3000) != NULL);
        }
    }
    CHECK(n_told[0] > 50 && n_told[1] > 50 && n_told[2] > 50);
}

/* The inside of a heap: what it begins with. */
struct hmm_blocks *blocks_of(HmmHeap *heap)
{
    return (struct hmm_blocks *)(void *)heap;
}

static uint32_t place_of(HmmHeap *heap, const void *block)
{
    return (uint32_t)hmm_blocks_place(hmm_blocks_granule(blocks_of(heap), block));
}

/* Links forged at both ends, so that they lead back, bring a block into two lists: it is handed out
 * once. */
static void test_forged_links(void)
{
    HmmHeap *heap = new_heap(4096, 0);
    char *blocks[6];
    for (int i = 0; i < 6; i++)
        blocks[i] = HmmHeapAlloc(heap, i == 3 ? 80 : 48);
    HmmHeapFree(heap, blocks[1]);
    HmmHeapFree(heap, blocks[3]);
    struct hmm_blocks *records = blocks_of(heap);
    uint32_t first = place_of(heap, blocks[1]), other = place_of(heap, blocks[3]);
    hmm_blocks_word(records, first)[HMM_NEXT] = other;
    hmm_blocks_word(records, other)[HMM_BEFORE] = first;
    CHECK(HmmHeapAlloc(heap, 48) == blocks[1]);
    CHECK(HmmHeapAlloc(heap, 80) == blocks[3] && heard.n_errors == 0);
    CHECK(HmmHeapAlloc(heap, 48) == NULL && heard_one(&heard, "was written to after it was freed"));
}

/* Both links forged, to a live block that seems to be all of a list's ring: no bit is cleared where
 * its class's would be, in other blocks. */
static void test_forged_ring(void)
{
    HmmHeap *heap = new_heap(65536, 0);
    char *first = HmmHeapAlloc(heap, 8192), *blocks[4];
    memset(first, 0xff, 8192);
    CHECK(HmmHeapAlloc(heap, 44000) != NULL);
    for (int i = 0; i < 4; i++)
        blocks[i] = HmmHeapAlloc(heap, 48);
    HmmHeapFree(heap, blocks[1]);
    uint32_t freed = place_of(heap, blocks[1]), live = place_of(heap, blocks[3]);
    for (int link = HMM_NEXT; link <= HMM_BEFORE; link++) {
        hmm_blocks_word(blocks_of(heap), freed)[link] = live;
        hmm_blocks_word(blocks_of(heap), live)[link] = freed;
    }
    size_t byte = live / 2 / 8; /* of the bit that would be cleared, from the heap's fields on */
    CHECK((char *)heap + byte >= first && (char *)heap + byte < first + 8192);
    HmmHeapFree(heap, blocks[0]); /* takes the one behind it out of its list */
    CHECK(heard.n_errors == 0);
    for (size_t i = 0; i < 8192; i++)
        CHECK(first[i] == (char)0xff);
}

/* A link into the midst of a free block, from where one seems to lead back: to no granule's
 * beginning, and to one's. */
static void forged_place(uint32_t words_in)
{
    HmmHeap *heap = new_heap(4096, 0);
    char *blocks[6];
    for (int i = 0; i < 6; i++)
        blocks[i] = HmmHeapAlloc(heap, 96);
    HmmHeapFree(heap, blocks[3]);
    HmmHeapFree(heap, blocks[1]);
    struct hmm_blocks *records = blocks_of(heap);
    uint32_t first = place_of(heap, blocks[1]), other = place_of(heap, blocks[3]) + words_in;
    hmm_blocks_word(records, first)[HMM_NEXT] = other;
    hmm_blocks_word(records, other)[HMM_NEXT] = other + 8;
    hmm_blocks_word(records, other + 8)[HMM_BEFORE] = other;
    hmm_blocks_word(records, other)[HMM_BEFORE] = first;
    hmm_blocks_word(records, other)[HMM_LENGTH] = 6;
    CHECK(HmmHeapAlloc(heap, 96) == blocks[1] && heard.n_errors == 0);
    CHECK(HmmHeapAlloc(heap, 80) == NULL && heard_one(&heard, "was written to after it was freed"));
}

static void test_forged_place(void)
{
    forged_place(1);
    forged_place(4);
}

/* A free block that says of itself to be longer than it is. */
static void test_forged_length(void)
{
    HmmHeap *heap = new_heap(65536, 0);
    char *block = HmmHeapAlloc(heap, 768);
    CHECK(HmmHeapAlloc(heap, 16) != NULL);
    HmmHeapFree(heap, block);
    hmm_blocks_word(blocks_of(heap), place_of(heap, block))[HMM_LENGTH] = 49;
    CHECK(hmm_blocks_class(48) == hmm_blocks_class(49));
    CHECK(HmmHeapAlloc(heap, 784) == NULL &&
          heard_one(&heard, "was written to after it was freed"));
}

/* A buffer that reads as zero: nothing is cleared, and nothing of an earlier use is left. */
static void test_zero_buffer(void)
{
    struct HmmHeapOptions options = {.is_zero = 1, .on_error = hear, .context = &heard};
    memset(arena, 0, sizeof arena);
    memset(&heard, 0, sizeof heard);
    HmmHeap *heap = HmmHeapCreate(arena, sizeof arena, &options);
    for (int round = 0; round < 3; round++) {
        char *large = HmmHeapAlloc(heap, 50000), *small[40];
        memset(large, 0xff, 50000);
        HmmHeapFree(heap, large + 4096);
        CHECK(heard_one(&heard, "(inside a block of 50000 bytes"));
        for (int i = 0; i < 40; i++)
            small[i] = HmmHeapAlloc(heap, 16 + (size_t)i);
        HmmHeapFree(heap, large);
        CHECK(is_whole(heap) && HmmHeapAlloc(heap, 25008) == large);
        for (int i = 0; round == 0 && i < 40; i++)
            HmmHeapFree(heap, small[i]);
        CHECK(is_whole(heap));
        HmmHeapReset(heap);
        CHECK(is_whole(heap) && heard.n_errors == 0);
    }
}

/* Records that keep their place: they are cleared with the heap, and by no call. */
static void test_fixed_records(void)
{
    fixed_records = 1;
    HmmHeap *heap = new_heap(65536, 0);
    struct hmm_blocks *blocks = blocks_of(heap);
    size_t recorded = blocks->recorded;
    for (int round = 0; round < 3; round++) {
        struct HmmHeapStats stats = stats_of(heap);
        CHECK(stats.largest_bytes == stats.capacity_bytes && is_whole(heap));
        char *block = HmmHeapAlloc(heap, stats.capacity_bytes);
        CHECK(HmmHeapRealloc(heap, block, stats.capacity_bytes + 1) == NULL);
        memset(block, 0xff, stats.capacity_bytes);
        HmmHeapFree(heap, block + 32768);
        CHECK(heard_one(&heard, "(inside a block of") && blocks->recorded == recorded);
        CHECK(HmmHeapRealloc(heap, block, 50000) == block);
        struct hmm_group *inside = hmm_blocks_spot(blocks, recorded / 2).group;
        inside->last_granules = 12345; /* of no meaning while no block begins there */
        char *behind = HmmHeapAlloc(heap, 16);
        CHECK(behind == block + 50000 && inside->last_granules == 12345 && is_whole(heap));
        CHECK(HmmHeapAlloc(heap, stats.capacity_bytes - 50032) != NULL);
        CHECK(HmmHeapAlloc(heap, 16) != NULL && HmmHeapAlloc(heap, 1) == NULL);
        HmmHeapFree(heap, block + 32768);
        CHECK(heard_one(&heard, "(inside a block of") && blocks->recorded == recorded);
        HmmHeapReset(heap);
        CHECK(inside->last_granules == 0 && blocks->recorded == recorded);
    }
    fixed_records = 0;
}

/* --- damaged heaps: every clause of the check can fail ------------------------------------------
 */

struct damaged {
    HmmHeap *heap;
    struct hmm_blocks *blocks;
    size_t live, free; /* a block each */
};

static struct damaged to_damage(void)
{
    HmmHeap *heap = new_heap(8192, 0);
    struct damaged damaged = {.heap = heap, .blocks = blocks_of(heap)};
    void *blocks[40];
    for (int i = 0; i < 40; i++)
        blocks[i] = HmmHeapAlloc(heap, 112);
    HmmHeapFree(heap, blocks[10]);
    HmmHeapFree(heap, blocks[20]);
    CHECK(is_whole(heap));
    damaged.live = hmm_blocks_granule(damaged.blocks, blocks[11]);
    CHECK(hmm_blocks_has_live(damaged.blocks, damaged.live));
    damaged.free = hmm_blocks_granule(damaged.blocks, blocks[20]);
    return damaged;
}

static struct hmm_spot spot(const struct damaged *damaged, size_t at)
{
    return hmm_blocks_spot(damaged->blocks, at);
}

static bool breaks(const struct damaged *damaged, const char *invariant)
{
    const char *broken = HmmHeapCheck(damaged->heap);
    return broken != NULL && same_text(broken, invariant);
}

static void test_check_finds_damage(void)
{
    struct damaged d = to_damage();
    hmm_bits_clear(&spot(&d, d.blocks->first).group->starts, d.blocks->first);
    CHECK(breaks(&d, "B1"));
    d = to_damage();
    spot(&d, d.blocks->top - 7).group->last_granules = 9999;
    CHECK(breaks(&d, "B1"));
    d = to_damage();
    hmm_bits_set(&spot(&d, d.live + 1).group->live, spot(&d, d.live + 1).at);
    CHECK(breaks(&d, "B2"));
    d = to_damage();
    hmm_bits_clear(&spot(&d, d.free + 7).group->after_free, spot(&d, d.free + 7).at);
    CHECK(breaks(&d, "B3"));
    d = to_damage();
    hmm_bits_set(&spot(&d, d.live).group->after_free, spot(&d, d.live).at);
    hmm_bits_clear(&spot(&d, d.live).group->live, spot(&d, d.live).at);
    CHECK(breaks(&d, "B4"));
    d = to_damage();
    hmm_blocks_word(d.blocks, 4 * d.free)[HMM_NEXT] = (uint32_t)(4 * d.live);
    CHECK(breaks(&d, "B5"));
    d = to_damage();
    hmm_blocks_word(d.blocks, 4 * d.free)[HMM_BEFORE] += 1;
    CHECK(breaks(&d, "B5"));
    d = to_damage();
    hmm_blocks_word(d.blocks, hmm_blocks_word(d.blocks, 4 * d.free)[HMM_NEXT])[HMM_BEFORE] = 0;
    CHECK(breaks(&d, "B5")); /* the ring's last link: that of the head */
    d = to_damage();
    hmm_bits_set(d.blocks->class_words, HMM_BLOCKS_FIRST_CLASS);
    CHECK(breaks(&d, "B6"));
    d = to_damage();
    d.blocks->peak_end = d.blocks->end - 1;
    CHECK(breaks(&d, "B7"));
    d = to_damage();
    d.blocks->recorded = HMM_GROUP_GRANULES;
    CHECK(breaks(&d, "B7"));
    d = to_damage();
    d.blocks->below_peak++;
    CHECK(breaks(&d, "B8"));
    d = to_damage();
    d.blocks->peak_live -= (uint32_t)d.blocks->below_peak + 1;
    d.blocks->below_peak = -1;
    CHECK(breaks(&d, "B8"));
}

/* --- sizes --------------------------------------------------------------------------------------
 */

/* Fill a heap of this buffer with 16-byte blocks, check, and empty it. Returns how many. */
static size_t fill(char *buffer, size_t bytes)
{
    struct HmmHeapOptions options = {
        .on_error = hear, .context = &heard, .fixed_records = fixed_records};
    memset(arena, 0x5a, sizeof arena);
    HmmHeap *heap = HmmHeapCreate(buffer, bytes, &options);
    if (heap == NULL)
        return 0;
    size_t n = 0;
    void *first = NULL, *block, *last = NULL;
    while ((block = HmmHeapAlloc(heap, 16)) != NULL) {
        CHECK((char *)block >= buffer && (char *)block + 16 <= buffer + bytes);
        memset(block, 0x5a, 16);
        first = first == NULL ? block : first;
        last = block;
        n++;
    }
    CHECK(is_whole(heap) && n * 16 == stats_of(heap).capacity_bytes);
    CHECK(buffer[-1] == 0x5a && buffer[bytes] == 0x5a);
    for (char *at = first; at != NULL && at <= (char *)last; at += 32) {
        HmmHeapFree(heap, at);
        CHECK(at != first || n < 2 || stats_of(heap).largest_bytes == 16);
    }
    CHECK(is_whole(heap));
    for (char *at = (char *)first + 16; first != NULL && at <= (char *)last; at += 32)
        HmmHeapFree(heap, at);
    CHECK(is_whole(heap) && stats_of(heap).break_bytes == 0);
    return n;
}

static void test_every_small_size(void)
{
    heard.n_errors = 0;
    size_t least = HmmHeapMinBytes();
    for (size_t bytes = 0; bytes <= 4096; bytes++) {
        size_t shift = 1 + bytes % 16;
        size_t n = fill(arena + shift, bytes);
        CHECK(bytes < least || n >= 1);
        fixed_records = 1;
        CHECK(fill(arena + shift, bytes) == n);
        fixed_records = 0;
    }
    CHECK((size_t)heard.n_errors <= 2 * least);
    for (size_t shift = 1; shift <= 16; shift++) {
        CHECK(fill(arena + shift, least) >= 1);
        CHECK(fill(arena + shift, 1024) * 16 >= 512);
        CHECK(fill(arena + shift, 4096) * 16 >= 3072);
    }
    say("of 1024, 4096, 65536 bytes, as blocks of 16: ");
    say_number(16 * (long)fill(arena + 16, 1024));
    say(", ");
    say_number(16 * (long)fill(arena + 16, 4096));
    say(", ");
    say_number(16 * (long)fill(arena + 32, 65536));
    say("\n");
}

/* --- a long random run beside a model -----------------------------------------------------------
 */

enum { SLOTS = 400 };

static struct {
    unsigned char *block;
    size_t bytes;
    unsigned char mark;
} slots[SLOTS];

static bool holds(size_t slot)
{
    for (size_t i = 0; i < slots[slot].bytes; i++)
        if (slots[slot].block[i] != slots[slot].mark)
            return false;
    return true;
}

static void keep(size_t slot, void *block, size_t bytes)
{
    slots[slot].block = block;
    slots[slot].bytes = bytes;
    slots[slot].mark = (unsigned char)below(256);
    memset(block, slots[slot].mark, bytes);
}

static size_t some_bytes(size_t most)
{
    size_t bytes = (size_t)1 << below(12);
    bytes += below((uint32_t)bytes);
    return bytes < most ? bytes : 1 + below((uint32_t)most);
}

static void change(HmmHeap *heap, size_t slot, size_t bytes)
{
    size_t old_bytes = slots[slot].bytes;
    unsigned char *block = HmmHeapRealloc(heap, slots[slot].block, bytes);
    if (block == NULL) { /* the old one is as it was */
        CHECK(holds(slot));
        return;
    }
    slots[slot].block = block;
    slots[slot].bytes = bytes < old_bytes ? bytes : old_bytes;
    CHECK(holds(slot));
    keep(slot, block, bytes);
}

static void one_operation(HmmHeap *heap, size_t most)
{
    size_t slot = below(SLOTS);
    size_t bytes = below(64) == 0 ? 1 + below((uint32_t)most * 4) : some_bytes(most);
    if (slots[slot].block == NULL) {
        size_t alignment = below(8) == 0 ? (size_t)1 << below(10) : 1;
        void *block =
            alignment > 1 ? HmmHeapAllocAligned(heap, alignment, bytes) : HmmHeapAlloc(heap, bytes);
        CHECK((uintptr_t)block % alignment == 0 && (uintptr_t)block % 16 == 0);
        if (block == NULL)
            return;
        CHECK(HmmHeapUsableSize(heap, block) >= bytes);
        keep(slot, block, bytes);
    } else if (below(4) == 0) {
        change(heap, slot, bytes);
    } else {
        CHECK(holds(slot));
        HmmHeapFree(heap, slots[slot].block);
        slots[slot].block = NULL;
    }
}

/* All that there is in one piece, for a moment. */
static void take_largest(HmmHeap *heap)
{
    size_t bytes = stats_of(heap).largest_bytes;
    CHECK(HmmHeapAlloc(heap, bytes + 1) == NULL);
    char *block = HmmHeapAlloc(heap, bytes);
    CHECK((block != NULL) == (bytes != 0));
    memset(block != NULL ? block : (char *)&bytes, 0xff, block != NULL ? bytes : 0);
    CHECK(is_whole(heap));
    HmmHeapFree(heap, block);
}

static void test_random(size_t buffer_bytes, size_t extra_bytes, long n_operations)
{
    HmmHeap *heap = new_heap(buffer_bytes, extra_bytes);
    memset(slots, 0, sizeof slots);
    for (long i = 0; i < n_operations; i++) {
        one_operation(heap, buffer_bytes / 4);
        if (i % 1024 == (long)below(4))
            take_largest(heap);
        if (i % 256 == 0) {
            size_t live = 0;
            for (size_t s = 0; s < SLOTS; s++)
                live += slots[s].block != NULL;
            CHECK(is_whole(heap) && stats_of(heap).live_blocks == live);
        }
        if (i % 65536 == 65535) { /* from full to empty */
            for (size_t s = 0; s < SLOTS; s++)
                if (slots[s].block != NULL)
                    HmmHeapFree(heap, slots[s].block);
            memset(slots, 0, sizeof slots);
            CHECK(is_whole(heap) && stats_of(heap).live_bytes == 0);
            CHECK(stats_of(heap).break_bytes <= 2 * extra_bytes);
        }
    }
    CHECK(heard.n_errors == 0);
}

void run(const char *name, void (*test)(void))
{
    long checks = n_checks, failed = n_failed;
    test();
    say(name);
    say(": ");
    say_number(n_checks - checks);
    say(" checks, ");
    say_number(n_failed - failed);
    say(" failed\n");
}

static long operations;

static void test_random_runs(void)
{
    test_random(65536, 0, operations);
    test_random(65536, 1024, operations);
    test_random(4096, 0, operations);
    test_random(1024, 64, operations / 4);
    fixed_records = 1;
    test_random(16384, 0, operations / 4);
    test_random(1024, 64, operations / 4);
    fixed_records = 0;
}

long buffer_tests(long n_operations)
{
    operations = n_operations;
    rng = 2463534242u;
    run("rules", test_rules);
    run("split and coalesce", test_split_and_coalesce);
    run("realloc in place", test_realloc_in_place);
    run("extra space ahead", test_extra_space_ahead);
    run("one long block", test_one_long_block);
    run("aligned at the limit", test_aligned_at_the_limit);
    run("aligned", test_aligned);
    run("locks", test_locks);
    run("print and visit", test_print_and_visit);
    run("misuse", test_misuse);
    run("overwritten free memory", test_overwritten_free_memory);
    run("forged links", test_forged_links);
    run("forged place", test_forged_place);
    run("forged ring", test_forged_ring);
    run("forged length", test_forged_length);
    run("zero buffer", test_zero_buffer);
    run("fixed records", test_fixed_records);
    run("damage is found", test_check_finds_damage);
    run("every buffer of 0 to 4096 bytes", test_every_small_size);
    run("random runs", test_random_runs);
    promise_tests(n_operations);
    say_number(n_checks);
    say(" checks, ");
    say_number(n_failed);
    say(" failed\n");
    return n_failed;
}
