/* promise_tests.c - what HmmHeap promises of refusals: none while there is room, by a model that
 * knows every granule; and its figures and hooks.
 */
#include "buffer_tests.h"

#include "base/bytes.h"

static HmmHeap *heap_with(size_t bytes, struct HmmHeapOptions options)
{
    options.on_error = hear;
    options.context = &heard;
    memset(arena, 0xa5, sizeof arena);
    memset(&heard, 0, sizeof heard);
    HmmHeap *heap = HmmHeapCreate(arena, bytes, &options);
    CHECK(heap != NULL);
    return heap;
}

static void fill_up(HmmHeap *heap)
{
    while (HmmHeapAlloc(heap, 16) != NULL) {
    }
}

/* --- a free block that is long enough -----------------------------------------------------------
 */

/* Of a class's free blocks the first is too short by `less`; the last would do. */
static void behind_a_short_one(size_t bytes, size_t less, int no_search)
{
    HmmHeap *heap = heap_with(65536, (struct HmmHeapOptions){.no_search = no_search});
    char *shorter = HmmHeapAlloc(heap, bytes - less);
    CHECK(HmmHeapAlloc(heap, 16) != NULL);
    char *longer = HmmHeapAlloc(heap, bytes);
    CHECK(HmmHeapAlloc(heap, 16) != NULL);
    char *last = HmmHeapAlloc(heap, 32);
    fill_up(heap);
    HmmHeapFree(heap, shorter);
    HmmHeapFree(heap, longer);
    size_t refused = stats_of(heap).refused;
    CHECK(stats_of(heap).largest_bytes == (no_search ? bytes - less : bytes));
    if (no_search) {
        CHECK(HmmHeapAlloc(heap, bytes) == NULL && HmmHeapRealloc(heap, last, bytes) == NULL);
        CHECK(HmmHeapCalloc(heap, 1, bytes) == NULL && stats_of(heap).refused == refused + 3);
        return;
    }
    CHECK(HmmHeapAlloc(heap, bytes) == longer && is_whole(heap));
    HmmHeapFree(heap, longer);
    char *zero = HmmHeapCalloc(heap, bytes / 8, 8);
    CHECK(zero == longer && zero[0] == 0 && zero[bytes - 1] == 0);
    HmmHeapFree(heap, longer);
    CHECK(HmmHeapAllocAligned(heap, 16, bytes) == longer);
    HmmHeapFree(heap, longer);
    memset(last, 0x42, 32);
    CHECK(HmmHeapRealloc(heap, last, bytes) == longer && longer[0] == 0x42 && longer[31] == 0x42);
    CHECK(HmmHeapAlloc(heap, bytes) == NULL && stats_of(heap).refused == refused + 1);
    CHECK(is_whole(heap) && heard.n_errors == 0);
}

static void test_behind_a_short_one(void)
{
    for (size_t n = 2; n < 1500; n += n < 100 ? 1 : 37)
        for (size_t less = 1; less < n && less <= 64; less *= 2)
            if (hmm_blocks_class(n) == hmm_blocks_class(n - less)) {
                behind_a_short_one(16 * n, 16 * less, 0);
                behind_a_short_one(16 * n, 16 * less, 1);
            }
}

/* Links of a list that is searched lead astray: no block gets two owners. */
static void test_search_finds_damage(void)
{
    for (int link = HMM_NEXT; link <= HMM_LENGTH; link++) {
        HmmHeap *heap = heap_with(16384, (struct HmmHeapOptions){0});
        char *blocks[3], *walls[3];
        for (size_t i = 0; i < 3; i++) {
            blocks[i] = HmmHeapAlloc(heap, 1040 + 16 * i);
            walls[i] = HmmHeapAlloc(heap, 16);
        }
        fill_up(heap);
        for (size_t i = 0; i < 3; i++)
            HmmHeapFree(heap, blocks[i]);
        uint32_t forged = link == HMM_LENGTH ? 70 : 12345;
        memcpy(blocks[1] + 4 * link, &forged, sizeof forged);
        char *block = HmmHeapAlloc(heap, link == HMM_LENGTH ? 1120 : 1072);
        CHECK(block == NULL && heard.n_errors == 1 && HmmHeapAlloc(heap, 16) == NULL);
        CHECK(walls[2] > walls[0]);
    }
    HmmHeap *heap = heap_with(16384, (struct HmmHeapOptions){0});
    char *first = HmmHeapAlloc(heap, 1040), *wall = HmmHeapAlloc(heap, 16);
    HmmHeapFree(heap, first);
    memset(first + 4 * HMM_BEFORE, 0x11, 4);
    CHECK(HmmHeapAllocAligned(heap, 512, 16) == NULL && heard.n_errors == 1 && wall != NULL);
}

/* --- aligned ------------------------------------------------------------------------------------
 */

static void aligned_again(size_t alignment, size_t bytes)
{
    HmmHeap *heap = heap_with(65536, (struct HmmHeapOptions){0});
    void *blocks[200];
    size_t n = 0;
    while (n < 200 && (blocks[n] = HmmHeapAllocAligned(heap, alignment, bytes)) != NULL)
        n++;
    fill_up(heap);
    for (size_t i = 0; i < n; i++) {
        HmmHeapFree(heap, blocks[i]);
        CHECK(HmmHeapAllocAligned(heap, alignment, bytes) == blocks[i]);
    }
    for (size_t i = 0; i < n; i += 2)
        HmmHeapFree(heap, blocks[i]);
    for (size_t i = 0; i < n; i += 2) {
        void *block = HmmHeapAllocAligned(heap, alignment, bytes);
        CHECK(block != NULL && (uintptr_t)block % alignment == 0);
    }
    CHECK(is_whole(heap) && heard.n_errors == 0 && n > 2);
}

/* The block that has an aligned place is neither its list's first nor of the first list. */
static void aligned_in_another(void)
{
    HmmHeap *heap = heap_with(65536, (struct HmmHeapOptions){0});
    char *aligned = HmmHeapAllocAligned(heap, 1024, 1024), *others[8];
    for (int i = 0; i < 8; i++) {
        CHECK(HmmHeapAllocAligned(heap, 1024, 512) != NULL);
        others[i] = HmmHeapAlloc(heap, 1024 + 16 * (size_t)(i % 4));
        CHECK((uintptr_t)others[i] % 1024 == 512);
    }
    char *high = HmmHeapAllocAligned(heap, 1024, 1152);
    fill_up(heap);
    for (int i = 0; i < 8; i++)
        HmmHeapFree(heap, others[i]);
    HmmHeapFree(heap, high);
    CHECK(HmmHeapAllocAligned(heap, 1024, 1024) == high);
    CHECK(HmmHeapAllocAligned(heap, 1024, 1024) == NULL && is_whole(heap));
    HmmHeapFree(heap, aligned);
    CHECK(HmmHeapAllocAligned(heap, 1024, 1024) == aligned && is_whole(heap));
}

/* Of an alignment larger than the buffer one place may be inside. */
static void aligned_beyond_the_buffer(void)
{
    size_t alignment = 16;
    while (((uintptr_t)arena ^ ((uintptr_t)arena + 65536)) / alignment != 0)
        alignment *= 2;
    alignment /= 2; /* only one multiple lies in the buffer */
    uintptr_t place = ((uintptr_t)arena + 65536) & ~(alignment - 1);
    HmmHeap *heap = heap_with(65536, (struct HmmHeapOptions){0});
    size_t most = (uintptr_t)arena + 65536 - place;
    if (most > 8192 && place - (uintptr_t)arena > 2048) {
        char *block = HmmHeapAllocAligned(heap, alignment, most / 2);
        CHECK((uintptr_t)block == place && is_whole(heap));
        HmmHeapFree(heap, block);
    }
    CHECK(HmmHeapAllocAligned(heap, SIZE_MAX / 2 + 1, 16) == NULL);
    CHECK(stats_of(heap).live_blocks == 0 && is_whole(heap));
}

static void test_aligned_again(void)
{
    for (size_t alignment = 32; alignment <= 4096; alignment *= 2)
        for (size_t bytes = alignment / 2 + 256; bytes <= 2 * alignment + 256; bytes += 240)
            aligned_again(alignment, bytes);
    aligned_in_another();
    aligned_beyond_the_buffer();
}

/* --- down into the free block before ------------------------------------------------------------
 */

static void number(char *block, size_t n)
{
    for (size_t i = 0; i < n; i++)
        block[i] = (char)(i * 7 + i / 256);
}

static bool is_numbered(const char *block, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (block[i] != (char)(i * 7 + i / 256))
            return false;
    return true;
}

/* Blocks of so many granules side by side, free, own, and free if `behind`, or the last one. */
static void grow_down(size_t before, size_t own, size_t behind, size_t want, bool is_last)
{
    HmmHeap *heap = heap_with(32768, (struct HmmHeapOptions){0});
    char *a = HmmHeapAlloc(heap, 16 * before), *b;
    if (is_last) {
        size_t room = stats_of(heap).largest_bytes;
        CHECK(HmmHeapAlloc(heap, room - 16 * (own + behind) - 64) != NULL);
        char *next = HmmHeapAlloc(heap, 16 * before);
        HmmHeapFree(heap, a);
        a = next;
    }
    b = HmmHeapAlloc(heap, 16 * own);
    if (!is_last) {
        char *c = behind != 0 ? HmmHeapAlloc(heap, 16 * behind) : NULL;
        CHECK(HmmHeapAlloc(heap, 16) != NULL);
        fill_up(heap);
        HmmHeapFree(heap, c);
    }
    if (a == NULL || b == NULL)
        return;
    number(b, 16 * own);
    HmmHeapFree(heap, a);
    size_t live = stats_of(heap).live_bytes, refused = stats_of(heap).refused;
    char *grown = HmmHeapRealloc(heap, b, 16 * want);
    if (!is_last) {
        CHECK((grown == a) == (want <= before + own + behind));
        CHECK(stats_of(heap).refused == refused + (grown == NULL));
    }
    CHECK(is_numbered(grown != NULL ? grown : b, 16 * own) && is_whole(heap));
    CHECK(stats_of(heap).live_bytes == live + (grown != NULL ? 16 * (want - own) : 0));
    CHECK(heard.n_errors == 0);
}

static void test_grow_down(void)
{
    static const size_t lengths[] = {1, 2, 5, 40, 63, 64, 65, 130, 200};
    enum { N = sizeof lengths / sizeof lengths[0] };
    for (size_t a = 0; a < N; a++)
        for (size_t b = 0; b < N; b++)
            for (size_t c = 0; c <= N; c++) {
                size_t before = lengths[a], own = lengths[b], behind = c < N ? lengths[c] : 0;
                size_t most = before + own + behind;
                grow_down(before, own, behind, most, false);
                grow_down(before, own, behind, most + 1, false);
                if (own + behind + 1 < most)
                    grow_down(before, own, behind, own + behind + 1, false);
            }
}

/* The last block, which ends where no room is left above the top: with what is before it, it grows
 * to each length up to the very end. */
static void test_grow_down_at_the_top(void)
{
    for (size_t before = 1; before < 200; before += 1 + before / 3)
        for (size_t want = 101; want < 120 + before; want++) {
            HmmHeap *heap = heap_with(16384, (struct HmmHeapOptions){0});
            size_t room = stats_of(heap).capacity_bytes / 16;
            CHECK(HmmHeapAlloc(heap, 16 * (room - before - 100 - 10)) != NULL);
            char *a = HmmHeapAlloc(heap, 16 * before), *b = HmmHeapAlloc(heap, 1600);
            CHECK(a != NULL && b != NULL);
            number(b, 1600);
            HmmHeapFree(heap, a);
            size_t above = stats_of(heap).largest_bytes / 16;
            char *grown = HmmHeapRealloc(heap, b, 16 * want);
            CHECK(grown != NULL || want > before + 100);
            CHECK(grown == b || grown == a || grown == NULL || want <= above);
            CHECK(is_numbered(grown != NULL ? grown : b, 1600) && is_whole(heap));
            CHECK(stats_of(heap).live_blocks == 2 && heard.n_errors == 0);
        }
}

/* --- figures ------------------------------------------------------------------------------------
 */

static void test_figures(void)
{
    HmmHeap *heap = heap_with(16384, (struct HmmHeapOptions){0});
    struct HmmHeapStats stats = stats_of(heap);
    CHECK(stats.least_free_bytes == stats.capacity_bytes && stats.peak_live_bytes == 0);
    CHECK(stats.refused == 0 && stats.largest_request_bytes == 0);
    char *a = HmmHeapAlloc(heap, 1000), *b = HmmHeapAlloc(heap, 500);
    HmmHeapFree(heap, a);
    HmmHeapFree(heap, HmmHeapAlloc(heap, 100));
    CHECK(stats_of(heap).peak_live_bytes == 1008 + 512 && stats_of(heap).live_bytes == 512);
    b = HmmHeapRealloc(heap, b, 3000); /* in place: above it is the break */
    CHECK(stats_of(heap).peak_live_bytes == 3008 && stats_of(heap).live_bytes == 3008);
    CHECK(stats_of(heap).largest_request_bytes == 3008);
    b = HmmHeapRealloc(heap, b, 200);
    void *aligned = HmmHeapAllocAligned(heap, 256, 2000);
    CHECK(stats_of(heap).peak_live_bytes == 3008 && stats_of(heap).live_bytes == 2208);
    HmmHeapFree(heap, aligned);
    HmmHeapFree(heap, HmmHeapAllocAligned(heap, 256, 3500));
    CHECK(stats_of(heap).largest_request_bytes == 3504);
    CHECK(HmmHeapAlloc(heap, 0) == NULL && HmmHeapRealloc(heap, b, 0) == NULL);
    CHECK(HmmHeapAllocAligned(heap, 48, 100) == NULL && HmmHeapAlloc(heap, 4000) != NULL);
    stats = stats_of(heap);
    CHECK(stats.refused == 0 && stats.largest_request_bytes == 4000);
    CHECK(stats.least_free_bytes == stats.capacity_bytes - 4000);
    CHECK(HmmHeapAlloc(heap, 14000) == NULL && HmmHeapAllocAligned(heap, 64, 13000) == NULL);
    CHECK(stats_of(heap).refused == 2 && stats_of(heap).largest_refused_bytes == 14000);
    CHECK(HmmHeapAlloc(heap, 20000) == NULL && stats_of(heap).largest_refused_bytes == 20000);
    CHECK(HmmHeapCalloc(heap, SIZE_MAX / 2, 3) == NULL && stats_of(heap).refused == 4);
    CHECK(HmmHeapAlloc(heap, SIZE_MAX) == NULL && HmmHeapAlloc(heap, SIZE_MAX - 20) == NULL);
    a = HmmHeapAlloc(heap, 100);
    CHECK(HmmHeapRealloc(heap, a, SIZE_MAX) == NULL && HmmHeapRealloc(heap, a, 15900) == NULL);
    HmmHeapFree(heap, a + 16);
    CHECK(heard.n_errors == 1 && HmmHeapRealloc(heap, a + 16, 10) == NULL && heard.n_errors == 2);
    stats = stats_of(heap);
    CHECK(stats.refused == 8 && stats.largest_refused_bytes == SIZE_MAX);
    CHECK(stats.largest_request_bytes == SIZE_MAX);
    struct HmmHeapStats marks;
    HmmHeapGetMarks(heap, &marks);
    stats.live_blocks = stats.free_blocks = stats.largest_bytes = 0;
    const unsigned char *x = (void *)&marks, *y = (void *)&stats;
    for (size_t i = 0; i < sizeof marks; i++)
        CHECK(x[i] == y[i]);
    HmmHeapReset(heap);
    CHECK(stats_of(heap).refused == 0 && stats_of(heap).peak_live_bytes == 0);
    CHECK(HmmHeapAlloc(heap, stats_of(heap).largest_bytes) != NULL && is_whole(heap));
    CHECK(stats_of(heap).least_free_bytes == 0);
}

/* --- hooks --------------------------------------------------------------------------------------
 */

static struct {
    HmmHeap *heap;
    int n_allocs, n_frees, n_refusals;
    size_t live_bytes, bytes; /* bytes: of the last call */
    const void *block;
    void *spare; /* freed by the refusal */
    bool is_locked;
} told;

static void tell_lock(void *context)
{
    CHECK(context == &heard && !told.is_locked);
    told.is_locked = true;
}

static void tell_unlock(void *context)
{
    CHECK(context == &heard && told.is_locked);
    told.is_locked = false;
}

static void tell_alloc(void *context, const void *block, size_t bytes)
{
    CHECK(context == &heard && told.is_locked && block != NULL);
    told.n_allocs++;
    told.live_bytes += bytes;
    told.block = block;
    told.bytes = bytes;
}

static void tell_free(void *context, const void *block, size_t bytes)
{
    CHECK(context == &heard && told.is_locked && block != NULL);
    told.n_frees++;
    told.live_bytes -= bytes;
    told.block = block;
    told.bytes = bytes;
}

static void tell_refuse(void *context, size_t bytes)
{
    CHECK(context == &heard && !told.is_locked && bytes != 0);
    told.n_refusals++;
    told.bytes = bytes;
    void *spare = told.spare;
    told.spare = NULL;
    HmmHeapFree(told.heap, spare);
}

static HmmHeap *told_heap(void)
{
    memset(&told, 0, sizeof told);
    HmmHeap *heap = heap_with(16384, (struct HmmHeapOptions){.lock = tell_lock,
                                                             .unlock = tell_unlock,
                                                             .on_alloc = tell_alloc,
                                                             .on_free = tell_free,
                                                             .on_refuse = tell_refuse});
    told.heap = heap;
    return heap;
}

static void test_hooks(void)
{
    HmmHeap *heap = told_heap();
    char *a = HmmHeapAlloc(heap, 100);
    CHECK(told.n_allocs == 1 && told.block == a && told.bytes == 112);
    char *b = HmmHeapCalloc(heap, 5, 10), *c = HmmHeapAllocAligned(heap, 256, 300);
    CHECK(told.n_allocs == 3 && told.block == c && told.bytes == 304 && b != NULL);
    a = HmmHeapRealloc(heap, a, 200);
    CHECK(told.n_allocs == 4 && told.n_frees == 1 && told.block == a && told.bytes == 208);
    a = HmmHeapRealloc(heap, a, 20);
    CHECK(told.n_allocs == 5 && told.n_frees == 2 && told.live_bytes == 32 + 64 + 304);
    CHECK(told.live_bytes == stats_of(heap).live_bytes);
    CHECK(HmmHeapRealloc(heap, a, 0) == NULL && told.n_frees == 3 && told.block == a);
    HmmHeapFree(heap, b);
    HmmHeapFree(heap, NULL);
    HmmHeapFree(heap, b);
    CHECK(heard.n_errors == 1 && told.n_frees == 4 && told.bytes == 64);
    CHECK(HmmHeapRealloc(heap, b, 10) == NULL && heard.n_errors == 2);
    CHECK(HmmHeapAlloc(heap, 0) == NULL && HmmHeapAllocAligned(heap, 3, 10) == NULL);
    CHECK(told.n_frees == 4 && told.n_allocs == 5 && told.n_refusals == 0);
    told.spare = HmmHeapRealloc(heap, NULL, 12000);
    CHECK(HmmHeapAlloc(heap, 8000) == NULL && told.n_refusals == 1 && told.spare == NULL);
    CHECK(told.n_frees == 5 && HmmHeapAlloc(heap, 8000) != NULL); /* the refusal has made room */
    CHECK(HmmHeapAllocAligned(heap, 64, 10000) == NULL && told.bytes == 10000);
    CHECK(HmmHeapCalloc(heap, SIZE_MAX, 2) == NULL && told.bytes == SIZE_MAX);
    CHECK(HmmHeapRealloc(heap, c, 9000) == NULL && told.bytes == 9000 && told.n_refusals == 4);
    CHECK(stats_of(heap).refused == 4 && told.live_bytes == stats_of(heap).live_bytes);
    CHECK(is_whole(heap) && heard.n_errors == 2);
    HmmHeapDestroy(heap);
    CHECK(!told.is_locked);
}

/* One hook alone, without a lock. */
static int n_alone;

static void tell_alone(void *context, size_t bytes)
{
    CHECK(context == &heard && bytes == 20000);
    n_alone++;
}

static void tell_block_alone(void *context, const void *block, size_t bytes)
{
    CHECK(context == &heard && block != NULL && bytes == 112);
    n_alone++;
}

static void test_hooks_alone(void)
{
    struct HmmHeapOptions options[] = {
        {.on_refuse = tell_alone}, {.on_alloc = tell_block_alone}, {.on_free = tell_block_alone}};
    for (int i = 0; i < 3; i++) {
        n_alone = 0;
        HmmHeap *heap = heap_with(16384, options[i]);
        HmmHeapFree(heap, HmmHeapAlloc(heap, 100));
        CHECK(HmmHeapAlloc(heap, 20000) == NULL && n_alone == 1);
    }
}

/* --- no refusal while there is room: random runs beside a model ---------------------------------
 */

enum { MODEL_SLOTS = 120, MODEL_GRANULES = 1024 };

static struct {
    unsigned char *block;
    size_t bytes;
} held[MODEL_SLOTS];

static bool is_used[MODEL_GRANULES]; /* by a block that is held */
static long n_refused, n_close;      /* of these, with a free block just too short */

static void use(HmmHeap *heap, size_t slot, bool is)
{
    size_t at = hmm_blocks_granule(blocks_of(heap), held[slot].block);
    for (size_t i = 0; i < (held[slot].bytes + 15) / 16; i++) {
        CHECK(is_used[at + i] != is);
        is_used[at + i] = is;
    }
}

static size_t aligned_up(HmmHeap *heap, size_t at, size_t alignment)
{
    uintptr_t address = (uintptr_t)heap + 16 * at;
    return at + (((address + alignment - 1) & ~(uintptr_t)(alignment - 1)) - address) / 16;
}

/* The most granules, aligned, in one row that nobody holds, or above the last one held. */
static size_t most_room(HmmHeap *heap, size_t alignment)
{
    const struct hmm_blocks *blocks = blocks_of(heap);
    size_t top = MODEL_GRANULES, most = 0;
    while (top > blocks->first && !is_used[top - 1])
        top--;
    for (size_t at = blocks->first, end; at < top; at = end + 1) {
        for (end = at; !is_used[end]; end++) {
        }
        size_t start = aligned_up(heap, at, alignment);
        most = start < end && end - start > most ? end - start : most;
    }
    size_t start = aligned_up(heap, top, alignment);
    size_t above = start < blocks->span ? hmm_blocks_limit(blocks, start) - start : 0;
    return above > most ? above : most;
}

/* It was refused: there was no room, or, of a heap that doesn't search, not an eighth more. */
static void check_refusal(HmmHeap *heap, size_t alignment, size_t bytes, bool is_searched)
{
    size_t want = (bytes + 15) / 16, room = most_room(heap, alignment);
    n_refused++;
    n_close += room + room / 8 + 1 >= want;
    if (!is_searched) {
        want += alignment / 16 - (alignment >= 16);
        want += want / 8 + 1;
        room = most_room(heap, 16);
    }
    CHECK(room < want);
}

static void one_step(HmmHeap *heap, bool is_searched)
{
    size_t slot = below(MODEL_SLOTS);
    size_t bytes = 1 + below(below(3) == 0 ? 2200 : 400);
    size_t alignment = below(3) == 0 ? (size_t)32 << below(6) : 16;
    unsigned char *block = held[slot].block, mark = (unsigned char)slot;
    size_t old_bytes = held[slot].bytes;
    if (block != NULL && below(3) != 0) {
        use(heap, slot, false);
        HmmHeapFree(heap, block);
        held[slot].block = NULL;
        return;
    }
    if (block != NULL)
        use(heap, slot, false); /* a model that knows: its own place counts, too */
    unsigned char *now = block != NULL ? HmmHeapRealloc(heap, block, bytes)
                                       : HmmHeapAllocAligned(heap, alignment, bytes);
    if (now == NULL) {
        check_refusal(heap, block != NULL ? 16 : alignment, bytes, is_searched);
        if (block != NULL)
            use(heap, slot, true);
        return;
    }
    for (size_t i = 0; block != NULL && i < old_bytes && i < bytes; i++)
        CHECK(now[i] == mark);
    held[slot].block = memset(now, mark, bytes);
    held[slot].bytes = bytes;
    use(heap, slot, true);
}

static void promise(struct HmmHeapOptions options, size_t bytes, long n_operations)
{
    HmmHeap *heap = heap_with(bytes, options);
    memset(held, 0, sizeof held);
    memset(is_used, 0, sizeof is_used);
    n_refused = n_close = 0;
    for (long i = 0; i < n_operations; i++) {
        one_step(heap, options.no_search == 0);
        if (i % 64 == 0) {
            size_t used = 0;
            for (size_t k = 0; k < MODEL_GRANULES; k++)
                used += is_used[k];
            CHECK(is_whole(heap) && stats_of(heap).live_bytes == 16 * used);
        }
    }
    CHECK(heard.n_errors == 0 && stats_of(heap).refused == (size_t)n_refused);
    CHECK(n_operations < 2000 || (n_refused > n_operations / 100 && n_close > 10));
}

static long operations;

static void test_no_refusal_while_there_is_room(void)
{
    promise((struct HmmHeapOptions){0}, 16384, operations / 20);
    promise((struct HmmHeapOptions){0}, 6000, operations / 20);
    promise((struct HmmHeapOptions){.extra_bytes = 512}, 12000, operations / 20);
    promise((struct HmmHeapOptions){.fixed_records = 1}, 16384, operations / 20);
}

static void test_without_search(void)
{
    promise((struct HmmHeapOptions){.no_search = 1}, 16384, operations / 20);
    promise((struct HmmHeapOptions){.no_search = 1, .fixed_records = 1}, 8192, operations / 20);
}

void promise_tests(long n_operations)
{
    operations = n_operations;
    run("behind a short one", test_behind_a_short_one);
    run("search finds damage", test_search_finds_damage);
    run("aligned again", test_aligned_again);
    run("grow down", test_grow_down);
    run("grow down at the top", test_grow_down_at_the_top);
    run("figures", test_figures);
    run("hooks", test_hooks);
    run("hooks alone", test_hooks_alone);
    run("no refusal while there is room", test_no_refusal_while_there_is_room);
    run("without search", test_without_search);
}
