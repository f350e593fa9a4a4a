#include "unit/buffer_heap.h"

#include "arenas/shed.h"
#include "memory/decay.h"

enum { HEAP_BYTES = 16 << 20, N_BLOCKS = 3000 };

static void *alloc(struct buffer_heap *h, struct hmm_thread *self, size_t bytes)
{
    void *block = hmm_heap_alloc(&h->heap, self, bytes, NULL);
    if (block != NULL)
        assert_int_equal((uintptr_t)block % 16, 0);
    return block;
}

static void test_every_size(void **state)
{
    (void)state;
    struct buffer_heap *h = buffer_heap_make(HEAP_BYTES);
    for (size_t bytes = 1; bytes < 100000; bytes += bytes < 3000 ? 1 : 997) {
        char *block = alloc(h, &h->self, bytes);
        assert_non_null(block);
        assert_true(hmm_heap_usable(&h->heap, block, "test") >= bytes);
        memset(block, 0x5a, hmm_heap_usable(&h->heap, block, "test"));
        hmm_heap_free(&h->heap, &h->self, block, "HmmFree");
    }
    assert_non_null(h->self.arena); /* graduated on the way */
    buffer_heap_drop(h);
}

static void test_light_thread_owns_nothing(void **state)
{
    (void)state;
    struct buffer_heap *h = buffer_heap_make(HEAP_BYTES);
    void *blocks[8];
    for (int i = 0; i < 8; i++)
        blocks[i] = alloc(h, &h->self, 40);
    assert_null(h->self.arena);
    for (int i = 1; i < 8; i++)
        assert_ptr_equal(blocks[i], (char *)blocks[i - 1] + 48);
    for (int i = 0; i < 8; i++)
        hmm_heap_free(&h->heap, &h->self, blocks[i], "HmmFree");
    assert_ptr_equal(alloc(h, &h->self, 40), blocks[0]); /* collected and reused */
    buffer_heap_drop(h);
}

/* A cached run of 1 MiB is no reason to take new memory for a longer block. */
static void test_a_longer_block_takes_what_is_cached(void **state)
{
    (void)state;
    struct buffer_heap *h = buffer_heap_make(2 * HEAP_BYTES);
    size_t bytes = (size_t)HMM_LARGE_FLUSH_UNITS * HMM_UNIT_BYTES;
    void *much = alloc(h, &h->self, HEAP_BYTES); /* so that a sixteenth of it may be cached */
    void *block = alloc(h, &h->self, bytes);
    hmm_heap_free(&h->heap, &h->self, block, "HmmFree");
    assert_int_equal(h->self.arena->cached_units, HMM_LARGE_FLUSH_UNITS);
    void *longer = alloc(h, &h->self, 2 * bytes);
    assert_ptr_equal(longer, block);
    hmm_heap_free(&h->heap, &h->self, longer, "HmmFree");
    hmm_heap_free(&h->heap, &h->self, much, "HmmFree");
    buffer_heap_drop(h);
}

/* Which of these blocks is the cached one; -1: none. */
static int cached_of(struct buffer_heap *h, void *const blocks[], int n)
{
    for (unsigned c = 0; c < HMM_LARGE_CACHED_RUNS; c++)
        for (int i = 0; h->self.arena->cached[c].record != NULL && i < n; i++)
            if (hmm_pagemap_unit(&h->heap.map, blocks[i]) == h->self.arena->cached[c].unit)
                return i;
    return -1;
}

/* A thread that only frees large blocks caches none of them; nor one that frees a long one and asks
 * for a longer one. Until it asks for a length that it has freed. */
static void test_what_is_not_taken_is_not_cached(void **state)
{
    (void)state;
    struct buffer_heap *h = buffer_heap_make(2 * HEAP_BYTES);
    size_t bytes = (size_t)4 * HMM_UNIT_BYTES;
    void *much = alloc(h, &h->self, HEAP_BYTES); /* so that a sixteenth of it may be cached */
    void *blocks[4];
    for (int i = 0; i < 4; i++)
        blocks[i] = alloc(h, &h->self, bytes);
    hmm_heap_free(&h->heap, &h->self, blocks[0], "HmmFree");
    assert_int_equal(cached_of(h, blocks, 4), 0);
    for (int i = 1; i < 4; i++) {
        hmm_heap_free(&h->heap, &h->self, blocks[i], "HmmFree");
        assert_int_equal(cached_of(h, blocks, 4), -1);
    }
    blocks[0] = alloc(h, &h->self, bytes); /* not cached; it had better been */
    hmm_heap_free(&h->heap, &h->self, blocks[0], "HmmFree");
    assert_int_equal(cached_of(h, blocks, 1), 0);
    size_t long_bytes = (size_t)HMM_LARGE_FLUSH_UNITS * HMM_UNIT_BYTES;
    void *longer = alloc(h, &h->self, long_bytes);
    assert_int_equal(h->self.arena->cached_units, 0);
    hmm_heap_free(&h->heap, &h->self, longer, "HmmFree");
    assert_int_equal(h->self.arena->cached_units, 0);
    longer = alloc(h, &h->self, long_bytes);
    hmm_heap_free(&h->heap, &h->self, longer, "HmmFree");
    assert_int_equal(cached_of(h, &longer, 1), 0);
    hmm_heap_free(&h->heap, &h->self, much, "HmmFree");
    buffer_heap_drop(h);
}

/* What threads may cache of large blocks is one share for all of them, and dirty_min for each. */
static void test_threads_share_what_may_be_cached(void **state)
{
    (void)state;
    struct buffer_heap *h = buffer_heap_make(4 * HEAP_BYTES);
    size_t mib = (size_t)1 << 20;
    void *much = alloc(h, &h->self, 32 * mib);
    hmm_heap_free(&h->heap, &h->self, alloc(h, &h->self, 5 * mib / 2), "HmmFree");
    assert_int_not_equal(h->self.arena->cached_units, 0); /* of 1 MiB and a 16th of 32 */
    struct hmm_thread other = {0};
    hmm_heap_free(&h->heap, &other, alloc(h, &other, 5 * mib / 2), "HmmFree");
    assert_int_equal(other.arena->cached_units, 0); /* of 1 MiB and half of that */
    hmm_heap_free(&h->heap, &other, alloc(h, &other, 3 * mib / 2), "HmmFree");
    assert_int_not_equal(other.arena->cached_units, 0);
    hmm_heap_thread_exit(&h->heap, &other);
    hmm_heap_free(&h->heap, &h->self, much, "HmmFree");
    buffer_heap_drop(h);
}

static void test_large_blocks_make_an_owner(void **state)
{
    (void)state;
    struct buffer_heap *h = buffer_heap_make(HEAP_BYTES);
    size_t half = (size_t)HMM_LIGHT_VISITS * HMM_UNIT_BYTES / 2;
    hmm_heap_free(&h->heap, &h->self, alloc(h, &h->self, half), "HmmFree");
    assert_null(h->self.arena);
    hmm_heap_free(&h->heap, &h->self, alloc(h, &h->self, half), "HmmFree");
    assert_non_null(h->self.arena);
    struct hmm_thread other = {0};
    void *aligned = hmm_heap_alloc_aligned(&h->heap, &other, 4096, 2 * half);
    assert_non_null(other.arena);
    hmm_heap_free(&h->heap, &other, aligned, "HmmFree");
    hmm_heap_thread_exit(&h->heap, &other);
    buffer_heap_drop(h);
}

static void test_aligned(void **state)
{
    (void)state;
    struct buffer_heap *h = buffer_heap_make(HEAP_BYTES);
    for (size_t align = 16; align <= 1 << 20; align *= 2)
        for (size_t bytes = 1; bytes <= 100000; bytes = bytes * 5 + 3) {
            char *block = hmm_heap_alloc_aligned(&h->heap, &h->self, align, bytes);
            assert_non_null(block);
            assert_int_equal((uintptr_t)block % align, 0);
            memset(block, 1, bytes);
            hmm_heap_free(&h->heap, &h->self, block, "HmmFree");
        }
    buffer_heap_drop(h);
}

/* Two threads' views of one heap, one after the other: blocks cross over and come home. */
static void test_remote_frees_come_home(void **state)
{
    (void)state;
    struct buffer_heap *h = buffer_heap_make(HEAP_BYTES);
    struct hmm_thread other = {0};
    static void *blocks[N_BLOCKS];
    size_t heap_after_first = 0;
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < N_BLOCKS; i++)
            assert_non_null(blocks[i] = alloc(h, &h->self, 16 + (size_t)(i % 7) * 100));
        for (int i = 0; i < N_BLOCKS; i++)
            hmm_heap_free(&h->heap, &other, blocks[(i * 1009) % N_BLOCKS], "HmmFree");
        buffer_heap_check(h);
        if (round == 1)
            heap_after_first = h->heap.pages.peak_used_units;
    }
    assert_true(h->heap.pages.peak_used_units <= heap_after_first + 32); /* no blow-up */
    hmm_heap_thread_exit(&h->heap, &other);
    buffer_heap_check(h);
    hmm_heap_thread_exit(&h->heap, &h->self);
    buffer_heap_drop(h);
}

static void test_a_thread_s_end_leaves_blocks_usable(void **state)
{
    (void)state;
    struct buffer_heap *h = buffer_heap_make(HEAP_BYTES);
    static void *blocks[N_BLOCKS];
    for (int i = 0; i < N_BLOCKS; i++)
        blocks[i] = alloc(h, &h->self, 100);
    hmm_heap_thread_exit(&h->heap, &h->self);
    buffer_heap_check(h);
    struct hmm_thread next = {0};
    for (int i = 0; i < N_BLOCKS; i++)
        hmm_heap_free(&h->heap, &next, blocks[i], "HmmFree");
    buffer_heap_check(h);
    hmm_heap_thread_exit(&h->heap, &next);
    hmm_heap_trim(&h->heap, &next, 0);
    buffer_heap_drop(h);
}

static void test_exhaustion_and_recovery(void **state)
{
    (void)state;
    struct buffer_heap *h = buffer_heap_make(4 << 20);
    static void *blocks[100000];
    for (int round = 0; round < 3; round++) {
        int n = 0;
        while ((blocks[n] = alloc(h, &h->self, 64 + (size_t)(n % 5) * 333)) != NULL)
            n++;
        assert_true(n > 1000);
        buffer_heap_check(h);
        for (int i = 0; i < n; i++)
            hmm_heap_free(&h->heap, &h->self, blocks[i], "HmmFree");
        buffer_heap_check(h);
    }
    buffer_heap_drop(h);
}

static void test_large_in_place(void **state)
{
    (void)state;
    struct buffer_heap *h = buffer_heap_make(HEAP_BYTES);
    char *block = alloc(h, &h->self, 100000);
    size_t usable = hmm_heap_usable(&h->heap, block, "test");
    assert_ptr_equal(hmm_heap_resize(&h->heap, &h->self, block, usable, 1000000), block);
    assert_true(hmm_heap_usable(&h->heap, block, "test") >= 1000000);
    assert_ptr_equal(hmm_heap_resize(&h->heap, &h->self, block, 1000000, 50000), block);
    assert_true(hmm_heap_usable(&h->heap, block, "test") < 70000);
    hmm_heap_free(&h->heap, &h->self, block, "HmmFree");
    buffer_heap_drop(h);
}

/* Beyond map_threshold, in the heap all the same since there are no mappings here: a block shrinks
 * where it is, and moves to grow. */
static void test_large_beyond_the_threshold(void **state)
{
    (void)state;
    struct buffer_heap *h = buffer_heap_make_mapping(HEAP_BYTES, 200000);
    char *block = alloc(h, &h->self, 1000000);
    char *behind = alloc(h, &h->self, 50000);
    memset(block, 7, 1000000);
    memset(behind, 9, 50000);
    size_t usable = hmm_heap_usable(&h->heap, block, "test");
    assert_ptr_equal(hmm_heap_resize(&h->heap, &h->self, block, usable, 500000), block);
    usable = hmm_heap_usable(&h->heap, block, "test");
    char *grown = hmm_heap_resize(&h->heap, &h->self, block, usable, 2000000);
    assert_non_null(grown);
    for (size_t i = 0; i < 500000; i++)
        assert_int_equal(grown[i], 7);
    for (size_t i = 0; i < 50000; i++)
        assert_int_equal(behind[i], 9);
    hmm_heap_free(&h->heap, &h->self, grown, "HmmFree");
    hmm_heap_free(&h->heap, &h->self, behind, "HmmFree");
    buffer_heap_drop(h);
}

/* --- misuse: message and end at the call --------------------------------------------------------
 */

static void graduate(struct buffer_heap *h, struct hmm_thread *self)
{
    for (int i = 0; i < 2 * HMM_LIGHT_VISITS; i++)
        hmm_heap_free(&h->heap, self, alloc(h, self, 24), "HmmFree");
}

static void misuses(struct buffer_heap *h)
{
    struct hmm_heap *heap = &h->heap;
    char *block = alloc(h, &h->self, 200);
    char *keep = alloc(h, &h->self, 200);
    char *large = alloc(h, &h->self, 100000);
    int local;
    EXPECT_FATAL(hmm_heap_free(heap, &h->self, block + 16, "HmmFree"),
                 "inside a live block of 208");
    EXPECT_FATAL(hmm_heap_free(heap, &h->self, block + 8, "HmmFree"), "invalid pointer");
    EXPECT_FATAL(hmm_heap_free(heap, &h->self, &local, "HmmFree"), "not from this heap");
    EXPECT_FATAL(hmm_heap_free(heap, &h->self, large + 16, "HmmFree"), "inside a live block");
    EXPECT_FATAL(hmm_heap_free(heap, &h->self, large + 65536, "HmmFree"), "inside a live block");
    EXPECT_FATAL(hmm_heap_usable(heap, block + 1, "HmmUsableSize"), "HmmUsableSize: invalid");
    hmm_heap_free(heap, &h->self, block, "HmmFree");
    memset(block, 0xff, 200); /* overwritten: the state lies elsewhere */
    EXPECT_FATAL(hmm_heap_free(heap, &h->self, block, "HmmFree"), "HmmFree: double free of 0x");
    EXPECT_FATAL(hmm_heap_usable(heap, block, "HmmRealloc"), "HmmRealloc: double free of 0x");
    hmm_heap_free(heap, &h->self, large, "HmmFree");
    EXPECT_FATAL(hmm_heap_free(heap, &h->self, large, "HmmFree"), "double free");
    EXPECT_FATAL(hmm_heap_free(heap, &h->self, (char *)heap->brk.top + 16, "HmmFree"), "invalid");
    hmm_heap_free(heap, &h->self, keep, "HmmFree");
    buffer_heap_check(h); /* none of the refused calls changed anything */
}

static void test_misuse_by_a_light_thread(void **state)
{
    (void)state;
    struct buffer_heap *h = buffer_heap_make(HEAP_BYTES);
    misuses(h);
    buffer_heap_drop(h);
}

static void test_misuse_by_an_owner(void **state)
{
    (void)state;
    struct buffer_heap *h = buffer_heap_make(HEAP_BYTES);
    graduate(h, &h->self);
    misuses(h);
    buffer_heap_drop(h);
}

static void test_double_free_across_threads(void **state)
{
    (void)state;
    struct buffer_heap *h = buffer_heap_make(HEAP_BYTES);
    graduate(h, &h->self);
    struct hmm_thread other = {0};
    void *block = alloc(h, &h->self, 64);
    hmm_heap_free(&h->heap, &other, block, "HmmFree");
    EXPECT_FATAL(hmm_heap_free(&h->heap, &h->self, block, "HmmFree"), "double free");
    EXPECT_FATAL(hmm_heap_free(&h->heap, &other, block, "HmmFree"), "double free");
    buffer_heap_drop(h);
}

/* Two frees that passed the check at once: both entries reach magazines; the second pop ends it. */
static void test_freed_twice_at_once_never_has_two_owners(void **state)
{
    (void)state;
    struct buffer_heap *h = buffer_heap_make(HEAP_BYTES);
    graduate(h, &h->self);
    void *block = alloc(h, &h->self, 64);
    struct hmm_magazine *mag = h->self.arena->magazines[4];
    hmm_heap_free(&h->heap, &h->self, block, "HmmFree");
    *++mag->top = hmm_mark_of(block); /* the other thread's push */
    assert_ptr_equal(alloc(h, &h->self, 64), block);
    EXPECT_FATAL(alloc(h, &h->self, 64), "freed twice at once");
    free(h->buffer);
    free(h);
}

/* The same with a large one: both runs are cached, the first one's is given back, and a longer
 * block begins there and is cached. The second thread must not take that for its own. */
static void test_large_freed_twice_at_once(void **state)
{
    (void)state;
    struct buffer_heap *h = buffer_heap_make(HEAP_BYTES);
    graduate(h, &h->self);
    struct hmm_thread other = {0};
    graduate(h, &other);
    size_t bytes = (size_t)4 << HMM_UNIT_SHIFT;
    void *much = alloc(h, &h->self, HEAP_BYTES / 2); /* so that a sixteenth of it may be cached */
    assert_non_null(much);
    void *block = alloc(h, &h->self, bytes);
    hmm_heap_free(&h->heap, &h->self, block, "HmmFree");
    struct hmm_cached_run *run = hmm_large_cached(h->self.arena, 4);
    assert_int_equal(run->n_units, 4);
    *hmm_large_cached(other.arena, 4) = *run; /* the other thread's free */
    other.arena->cached_units = 4;
    hmm_large_flush(&h->heap.large, h->self.arena);
    assert_ptr_equal(alloc(h, &h->self, 2 * bytes), block);
    hmm_heap_free(&h->heap, &h->self, block, "HmmFree");
    EXPECT_FATAL(alloc(h, &other, bytes), "freed twice at once");
    free(h->buffer);
    free(h);
}

/* Two lengths that have the same place in the cache: both are kept, and found again. */
static void test_two_lengths_share_a_place(void **state)
{
    (void)state;
    struct buffer_heap *h = buffer_heap_make(HEAP_BYTES);
    graduate(h, &h->self);
    size_t short_bytes = (size_t)3 << HMM_UNIT_SHIFT;
    size_t long_bytes = short_bytes + ((size_t)HMM_LARGE_CACHED_RUNS << HMM_UNIT_SHIFT);
    assert_non_null(alloc(h, &h->self, HEAP_BYTES / 2)); /* so that a sixteenth may be cached */
    void *first = alloc(h, &h->self, short_bytes);
    void *second = alloc(h, &h->self, long_bytes);
    hmm_heap_free(&h->heap, &h->self, first, "HmmFree");
    hmm_heap_free(&h->heap, &h->self, second, "HmmFree");
    uint32_t free_units = h->heap.pages.free_units;
    for (int i = 0; i < 5; i++) {
        assert_ptr_equal(alloc(h, &h->self, long_bytes), second);
        assert_ptr_equal(alloc(h, &h->self, short_bytes), first);
        hmm_heap_free(&h->heap, &h->self, second, "HmmFree");
        hmm_heap_free(&h->heap, &h->self, first, "HmmFree");
        assert_int_equal(h->heap.pages.free_units, free_units); /* nothing has gone there */
    }
    buffer_heap_drop(h);
}

static void *resize(struct buffer_heap *h, void *block, size_t bytes)
{
    size_t usable_bytes = hmm_heap_usable(&h->heap, block, "test");
    return hmm_heap_resize(&h->heap, &h->self, block, usable_bytes, bytes);
}

/* A run becomes a slot again only where less than half of it would be used. */
static void test_border_between_slots_and_runs(void **state)
{
    (void)state;
    struct buffer_heap *h = buffer_heap_make(HEAP_BYTES);
    graduate(h, &h->self);
    void *block = alloc(h, &h->self, HMM_SLAB_MAX_BYTES + 1);
    size_t usable_bytes = hmm_heap_usable(&h->heap, block, "test");
    assert_ptr_equal(resize(h, block, HMM_SLAB_MAX_BYTES), block);
    assert_ptr_equal(resize(h, block, HMM_SLAB_MAX_BYTES + 1), block);
    assert_ptr_equal(resize(h, block, usable_bytes / 2), block);
    assert_null(resize(h, block, usable_bytes / 2 - 1));
    hmm_heap_free(&h->heap, &h->self, block, "HmmFree");
    buffer_heap_drop(h);
}

static void expect_no_block_at(struct buffer_heap *h, void *address)
{
    EXPECT_FATAL(hmm_heap_free(&h->heap, &h->self, address, "HmmFree"), "not the start of a block");
}

/* Some live blocks of a class among free ones: of all addresses of their slab, theirs are live. */
static void check_every_address(struct buffer_heap *h, unsigned class_idx)
{
    size_t bytes = hmm_sizeclasses[class_idx].slot_bytes;
    char *blocks[5];
    for (unsigned i = 0; i < 5; i++)
        blocks[i] = alloc(h, &h->self, bytes);
    hmm_heap_free(&h->heap, &h->self, blocks[3], "HmmFree");
    const struct hmm_slab *slab = hmm_slab_at(&h->heap.map, blocks[1]);
    size_t live = 0;
    for (size_t at = 0; at < (size_t)slab->n_slots * bytes; at++)
        live += hmm_pagemap_is_live(&h->heap.map, class_idx, slab->start + at);
    assert_true(live >= 1 && live <= 4);
    size_t inner[] = {1, 8, 15, 16, 32, 48, 63, 64, bytes - 16, bytes - 1};
    for (unsigned i = 0; i < sizeof inner / sizeof *inner; i++)
        if (inner[i] > 0 && inner[i] < bytes)
            expect_no_block_at(h, blocks[1] + inner[i]);
    for (unsigned i = 0; i < 5; i++)
        if (i != 3)
            hmm_heap_free(&h->heap, &h->self, blocks[i], "HmmFree");
    EXPECT_FATAL(hmm_heap_free(&h->heap, &h->self, blocks[1], "HmmFree"), "double free");
}

static void test_every_address_of_every_class(void **state)
{
    (void)state;
    struct buffer_heap *h = buffer_heap_make(HEAP_BYTES);
    graduate(h, &h->self);
    for (unsigned c = 1; c < HMM_CLASSES; c++)
        if (hmm_sizeclasses[c].slot_bytes != 0)
            check_every_address(h, c);
    buffer_heap_drop(h);
}

static void cycle(struct buffer_heap *h, size_t bytes, unsigned n)
{
    static void *blocks[N_BLOCKS];
    for (unsigned i = 0; i < n; i++)
        blocks[i] = alloc(h, &h->self, bytes);
    for (unsigned i = 0; i < n; i++)
        hmm_heap_free(&h->heap, &h->self, blocks[i], "HmmFree");
}

static void test_depot_learns_and_forgets(void **state)
{
    (void)state;
    struct buffer_heap *h = buffer_heap_make(HEAP_BYTES);
    struct hmm_arenas *arenas = &h->heap.arenas;
    graduate(h, &h->self);
    cycle(h, 64, N_BLOCKS);
    struct hmm_arena *arena = h->self.arena;
    struct hmm_depot *depot = &arena->magazines[4]->depot;
    assert_int_equal(depot->n_full, 0); /* freed once: all home but for the loaded ones */
    cycle(h, 64, N_BLOCKS);
    cycle(h, 64, N_BLOCKS);
    buffer_heap_check(h);
    assert_true(depot->n_full >= N_BLOCKS / HMM_MAGAZINE_MAX_OBJS - 2);
    assert_true(depot->n_full <= N_BLOCKS / HMM_MAGAZINE_MAX_OBJS + 1);
    uint32_t free_before = arena->magazines[4]->bin.n_slabs;
    cycle(h, 64, N_BLOCKS); /* served by the depot alone */
    assert_int_equal(arena->magazines[4]->bin.n_slabs, free_before);
    hmm_arena_shed(arenas, arena, HMM_SHED_IDLE); /* in use: stays, and is watched from here on */
    assert_true(depot->n_full > 0);
    cycle(h, 64, 400); /* so many are in use, the rest is not needed */
    hmm_arena_shed(arenas, arena, HMM_SHED_IDLE);
    assert_true(depot->n_full <= 4);
    assert_true(depot->limit <= 4);
    buffer_heap_check(h);
    cycle(h, 64, 400);
    hmm_arena_shed(arenas, arena, HMM_SHED_FOR_GROWTH);
    assert_int_equal(depot->n_full, 0);
    assert_int_equal(arena->depot_bytes, 0);
    buffer_heap_drop(h);
}

static void test_magazines_get_longer(void **state)
{
    (void)state;
    struct buffer_heap *h = buffer_heap_make(HEAP_BYTES);
    graduate(h, &h->self);
    unsigned class_idx = hmm_sizeclass_of(16000);
    unsigned first = hmm_sizeclasses[class_idx].magazine_objs;
    cycle(h, 16000, 40);
    struct hmm_arena *arena = h->self.arena;
    struct hmm_magazine *mag = arena->magazines[class_idx];
    assert_int_equal(mag->max_objs, first); /* freed once */
    for (int i = 0; i < 6; i++)
        cycle(h, 16000, 40);
    buffer_heap_check(h);
    assert_int_equal(mag->max_objs, first * HMM_MAGAZINE_LONGER);
    assert_true(hmm_magazine_objs(mag) > first * HMM_MAGAZINE_LONGER / 2);
    for (size_t bytes = 2000; bytes <= HMM_SLAB_MAX_BYTES; bytes += bytes / 4)
        for (int i = 0; i < 6; i++)
            cycle(h, bytes, 200);
    buffer_heap_check(h);
    assert_true(arena->longer_bytes <= HMM_DEPOT_BYTES);
    hmm_arena_shed(&h->heap.arenas, arena, HMM_SHED_ALL);
    assert_int_equal(arena->longer_bytes, 0);
    assert_int_equal(mag->max_objs, first);
    cycle(h, 16000, 40);
    buffer_heap_check(h);
    buffer_heap_drop(h);
}

static void test_depots_are_bounded(void **state)
{
    (void)state;
    struct buffer_heap *h = buffer_heap_make(HEAP_BYTES);
    graduate(h, &h->self);
    for (int i = 0; i < 8; i++) {
        cycle(h, 1024, N_BLOCKS); /* 3 MiB */
        cycle(h, 512, N_BLOCKS);
        assert_true(h->self.arena->depot_bytes <= HMM_DEPOT_BYTES);
    }
    assert_true(h->self.arena->depot_bytes > HMM_DEPOT_BYTES / 2);
    hmm_heap_trim(&h->heap, &h->self, 0);
    assert_int_equal(h->self.arena->depot_bytes, 0);
    buffer_heap_drop(h);
}

/* The last blocks of a peak are freed, of many classes and in any order: none of them stays in a
 * magazine, where each would keep a slab. */
static void test_a_shrunk_arena_keeps_nothing(void **state)
{
    (void)state;
    enum { SIZES = 20, PEAK_BLOCKS = 24000 };
    struct buffer_heap *h = buffer_heap_make(HEAP_BYTES);
    static void *blocks[PEAK_BLOCKS];
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < PEAK_BLOCKS; i++)
            blocks[i] = alloc(h, &h->self, 16 + (size_t)(i % SIZES) * 48);
        uint32_t peak_units = hmm_pages_used(&h->heap.pages);
        assert_true(peak_units > 400);
        for (size_t i = 0; i < PEAK_BLOCKS; i++)
            hmm_heap_free(&h->heap, &h->self, blocks[i * 7919 % PEAK_BLOCKS], "HmmFree");
        buffer_heap_check(h);
        assert_int_equal(hmm_pages_used(&h->heap.pages), 0);
        void *again = alloc(h, &h->self, 64); /* its magazine holds blocks again */
        hmm_heap_free(&h->heap, &h->self, again, "HmmFree");
        assert_ptr_equal(alloc(h, &h->self, 64), again);
        hmm_heap_free(&h->heap, &h->self, again, "HmmFree");
        hmm_heap_trim(&h->heap, &h->self, 0);
    }
    buffer_heap_drop(h);
}

/* Fine classes above 1 KiB are used once there is enough for them; another thread's fine block
 * never gets into the coarse magazine that serves such requests here. */
static void test_fine_classes(void **state)
{
    (void)state;
    enum { FINE = 1040, COARSE = 1152, FEW = 300, MANY = HMM_FINE_MIN_BYTES / COARSE + 300 };
    struct buffer_heap *h = buffer_heap_make(2 * (size_t)HMM_FINE_MIN_BYTES);
    static void *blocks[MANY];
    static void *few[FEW];
    struct hmm_thread other = {0};
    for (int i = 0; i < FEW; i++)
        few[i] = alloc(h, &other, FINE); /* a small arena */
    assert_int_equal(hmm_heap_usable(&h->heap, few[FEW - 1], "test"), COARSE);
    unsigned class_idx = hmm_sizeclass_of(FINE);
    assert_int_equal(hmm_sizeclasses[class_idx].slot_bytes, 1088);
    assert_int_equal(other.magazine[class_idx]->class_idx, class_idx + 1);
    for (int i = 0; i < MANY; i++)
        blocks[i] = alloc(h, &h->self, FINE);
    assert_int_equal(hmm_heap_usable(&h->heap, blocks[HMM_LIGHT_VISITS * 2], "test"), COARSE);
    assert_int_equal(hmm_heap_usable(&h->heap, blocks[MANY - 1], "test"), 1088);
    assert_int_equal(h->self.magazine[class_idx]->class_idx, class_idx);
    for (int i = MANY - 1; i >= 0; i--) {
        hmm_heap_free(&h->heap, &other, blocks[i], "HmmFree");
        void *block = alloc(h, &other, COARSE);
        assert_true(hmm_heap_usable(&h->heap, block, "test") >= COARSE);
        hmm_heap_free(&h->heap, &other, block, "HmmFree");
    }
    for (int i = 0; i < FEW; i++)
        hmm_heap_free(&h->heap, &other, few[i], "HmmFree");
    buffer_heap_check(h);
    hmm_heap_thread_exit(&h->heap, &other);
    buffer_heap_drop(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_size),
        cmocka_unit_test(test_light_thread_owns_nothing),
        cmocka_unit_test(test_large_blocks_make_an_owner),
        cmocka_unit_test(test_what_is_not_taken_is_not_cached),
        cmocka_unit_test(test_threads_share_what_may_be_cached),
        cmocka_unit_test(test_a_longer_block_takes_what_is_cached),
        cmocka_unit_test(test_aligned),
        cmocka_unit_test(test_remote_frees_come_home),
        cmocka_unit_test(test_a_thread_s_end_leaves_blocks_usable),
        cmocka_unit_test(test_exhaustion_and_recovery),
        cmocka_unit_test(test_large_in_place),
        cmocka_unit_test(test_large_beyond_the_threshold),
        cmocka_unit_test(test_misuse_by_a_light_thread),
        cmocka_unit_test(test_misuse_by_an_owner),
        cmocka_unit_test(test_double_free_across_threads),
        cmocka_unit_test(test_freed_twice_at_once_never_has_two_owners),
        cmocka_unit_test(test_large_freed_twice_at_once),
        cmocka_unit_test(test_two_lengths_share_a_place),
        cmocka_unit_test(test_border_between_slots_and_runs),
        cmocka_unit_test(test_every_address_of_every_class),
        cmocka_unit_test(test_depot_learns_and_forgets),
        cmocka_unit_test(test_magazines_get_longer),
        cmocka_unit_test(test_depots_are_bounded),
        cmocka_unit_test(test_a_shrunk_arena_keeps_nothing),
        cmocka_unit_test(test_fine_classes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
