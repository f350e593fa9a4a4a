#include "unit/buffer_heap.h"

#include "arenas/gate.h"
#include "arenas/sweep.h"
#include "arenas/visit.h"
#include "heap/fork.h"
#include "heap/pace.h"
#include "memory/backlog.h"
#include "memory/decay.h"

enum { HEAP_BYTES = 16 << 20, N_BLOCKS = 3000 };

static void *alloc(struct buffer_heap *h, struct hmm_thread *self, size_t bytes)
{
    return hmm_heap_alloc(&h->heap, self, bytes, NULL);
}

static const uint64_t ns_per_ms = 1000000;

/* A thread's arena without its magazines: bytes of free slots that take memory. */
static size_t spare_bytes(const struct hmm_arena *arena)
{
    return arena->free_bytes - arena->sweep.purged_bytes;
}

/* Work in all arenas, until there is none. */
static void visit_all(struct buffer_heap *h, uint64_t now_ns)
{
    int n_idle = 0;
    for (int n = 0; n < 10000 && n_idle < 3; n++)
        n_idle = hmm_visit_some(&h->heap.arenas, now_ns) ? 0 : n_idle + 1;
    assert_int_equal(n_idle, 3);
}

static void test_arenas_of_idle_threads_are_visited(void **state)
{
    (void)state;
    struct buffer_heap *h = buffer_heap_make(HEAP_BYTES);
    struct hmm_thread other = {0};
    static void *blocks[N_BLOCKS];
    for (int i = 0; i < N_BLOCKS; i++)
        assert_non_null(blocks[i] = alloc(h, &other, 700));
    for (int i = 0; i < N_BLOCKS; i++) /* one of 40 stays: most slabs do, too */
        if (i % 40 != 0)
            hmm_heap_free(&h->heap, &other, blocks[i], "HmmFree");
    size_t before = spare_bytes(other.arena);
    assert_true(before > 1000000);
    uint64_t now_ns = 1000 * ns_per_ms;
    visit_all(h, now_ns); /* it may have been active a moment ago */
    visit_all(h, now_ns + (HMM_VISIT_MS - 1) * ns_per_ms);
    assert_int_equal(spare_bytes(other.arena), before);
    visit_all(h, now_ns + HMM_VISIT_MS * ns_per_ms);
    assert_true(spare_bytes(other.arena) < before / 3); /* pages with a block are left */
    buffer_heap_check(h);
    now_ns += 2 * HMM_VISIT_MS * ns_per_ms;
    for (int i = 0; i < N_BLOCKS; i += 40) /* what others free there is collected */
        hmm_heap_free(&h->heap, &h->self, blocks[i], "HmmFree");
    hmm_heap_trim(&h->heap, &h->self, 0);
    for (int i = 0; i < N_BLOCKS; i++)
        blocks[i] = alloc(h, &other, 300);
    for (int i = 0; i < N_BLOCKS; i++)
        hmm_heap_free(&h->heap, &h->self, blocks[i], "HmmFree");
    assert_true(h->heap.pages.away_bytes > 100000);
    visit_all(h, now_ns);
    visit_all(h, now_ns + HMM_VISIT_MS * ns_per_ms);
    assert_int_equal(h->heap.pages.away_bytes, 0);
    buffer_heap_check(h);
    buffer_heap_drop(h);
}

/* An arena with little free memory between live blocks keeps it, until nobody uses that arena. */
static void test_little_stays_while_it_is_used(void **state)
{
    (void)state;
    struct buffer_heap *h = buffer_heap_make(HEAP_BYTES);
    enum { N = 4 * HMM_SWEEP_LEAST_BYTES / 704 };
    static void *blocks[N];
    for (int i = 0; i < N; i++)
        assert_non_null(blocks[i] = alloc(h, &h->self, 700));
    struct hmm_arena *arena = h->self.arena;
    for (int i = 0; i < N && spare_bytes(arena) < HMM_SWEEP_LEAST_BYTES * 3 / 4; i++)
        if (i % 40 >= 10)
            hmm_heap_free(&h->heap, &h->self, blocks[i], "HmmFree");
    size_t before = spare_bytes(arena);
    assert_true(before > HMM_SWEEP_LEAST_BYTES / 2 && before < HMM_SWEEP_LEAST_BYTES);
    hmm_arena_lock(&h->heap.arenas, arena);
    for (int i = 0; i < 10; i++) {
        hmm_sweep_begin_period(&h->heap.pages, arena);
        hmm_sweep_some(&h->heap.pages, arena, true, 0);
    }
    hmm_lock_give(&arena->lock);
    assert_int_equal(spare_bytes(arena), before);
    visit_all(h, 1000 * ns_per_ms);
    visit_all(h, 1000 * ns_per_ms + HMM_VISIT_MS * ns_per_ms);
    assert_true(spare_bytes(arena) < before / 2);
    buffer_heap_check(h);
    buffer_heap_drop(h);
}

/* A clock that has stood still for some slow paths is not looked at by each one, but soon. */
static void test_looks_are_few(void **state)
{
    (void)state;
    struct buffer_heap *h = buffer_heap_make(HEAP_BYTES);
    void *blocks[3];
    for (int i = 0; i < 3; i++)
        blocks[i] = alloc(h, &h->self, 3 << 20);
    hmm_heap_free(&h->heap, &h->self, blocks[1], "HmmFree"); /* something may have to go, later */
    for (int i = 0; i < 100; i++)
        hmm_heap_free(&h->heap, &h->self, alloc(h, &h->self, 700000), "HmmFree");
    struct hmm_arena *arena = h->self.arena;
    assert_int_equal(arena->look_visits, HMM_LOOK_VISITS);
    int n_looks = 0;
    for (int i = 0; i < 100; i++) {
        arena->looked_at_ns = 1; /* a look writes what the clock says: 0 */
        void *block = alloc(h, &h->self, 700000 + (size_t)i % 2 * 100000);
        n_looks += arena->looked_at_ns == 0;
        hmm_heap_free(&h->heap, &h->self, block, "HmmFree");
        arena->looked_at_ns = 0; /* it has not moved */
    }
    assert_true(n_looks >= 1 && n_looks < 50);
    buffer_heap_drop(h);
}

/* Free runs and pages of free slots are both to go: one call gives back the former, the next the
 * latter. */
static void test_one_thing_by_a_call(void **state)
{
    (void)state;
    struct buffer_heap *h = buffer_heap_make(HEAP_BYTES);
    struct hmm_pages *pages = &h->heap.pages;
    static void *blocks[N_BLOCKS];
    for (int i = 0; i < N_BLOCKS; i++)
        assert_non_null(blocks[i] = alloc(h, &h->self, 700));
    void *large = alloc(h, &h->self, 4 << 20);
    void *pins[2] = {alloc(h, &h->self, 700000), alloc(h, &h->self, 700000)};
    hmm_lock_take(&pages->lock);
    hmm_decay_note_purge(pages, false); /* nothing goes meanwhile */
    hmm_lock_give(&pages->lock);
    pages->refused_at_ns = hmm_port_clock_ns();
    for (int i = 0; i < N_BLOCKS; i++)
        if (i % 40 != 0)
            hmm_heap_free(&h->heap, &h->self, blocks[i], "HmmFree");
    hmm_heap_free(&h->heap, &h->self, large, "HmmFree");
    struct hmm_arena *arena = h->self.arena;
    assert_int_equal(pages->purged_bytes + arena->sweep.purged_bytes, 0);
    hmm_lock_take(&pages->lock);
    hmm_decay_note_purge(pages, true);
    hmm_pages_note_decay(pages);
    hmm_lock_give(&pages->lock);
    hmm_arena_lock(&h->heap.arenas, arena);
    hmm_sweep_tell(pages, arena);
    hmm_lock_give(&arena->lock);
    hmm_heap_free(&h->heap, &h->self, pins[0], "HmmFree");
    size_t purged_bytes = pages->purged_bytes;
    assert_int_not_equal(purged_bytes, 0);
    assert_int_equal(arena->sweep.purged_bytes, 0);
    hmm_heap_free(&h->heap, &h->self, pins[1], "HmmFree");
    assert_int_equal(pages->purged_bytes, purged_bytes);
    assert_int_not_equal(arena->sweep.purged_bytes, 0);
    buffer_heap_check(h);
    buffer_heap_drop(h);
}

static bool counts(const struct hmm_thread *thread)
{
    return thread->tag_end == (size_t)thread->arena->tag + HMM_TAG_COUNTED;
}

/* A child takes over the arena of a thread that it does not have: nobody is to be told by it. */
static void test_left_arenas_have_no_thread(void **state)
{
    (void)state;
    struct buffer_heap *h = buffer_heap_make(HEAP_BYTES);
    struct hmm_thread other = {0};
    for (int i = 0; i < 2 * HMM_LIGHT_VISITS; i++)
        assert_non_null(alloc(h, &other, 5000));
    hmm_heap_thread_attached(&h->heap, &other);
    struct hmm_arena *arena = other.arena;
    assert_ptr_equal(arena->thread, &other);
    arena->keeper++; /* another thread's */
    hmm_heap_fork_prepare(&h->heap);
    hmm_heap_fork_child(&h->heap);
    assert_true(hmm_arena_is_left(&h->heap.arenas, arena));
    assert_ptr_equal(hmm_heap_take_left(&h->heap), arena);
    assert_null(arena->thread);
    buffer_heap_drop(h);
}

/* While there is a backlog, all threads count their frees whose end will be noticed. */
static void test_frees_are_counted(void **state)
{
    (void)state;
    struct buffer_heap *h = buffer_heap_make(HEAP_BYTES);
    struct hmm_thread other = {0}, unnoticed = {0};
    struct hmm_thread *threads[] = {&h->self, &other, &unnoticed};
    for (int t = 0; t < 3; t++)
        for (int i = 0; i < 2 * HMM_LIGHT_VISITS; i++)
            hmm_heap_free(&h->heap, threads[t], alloc(h, threads[t], 40), "HmmFree");
    hmm_heap_thread_attached(&h->heap, &h->self);
    hmm_heap_thread_attached(&h->heap, &other);
    assert_false(counts(&h->self));
    void *block = alloc(h, &h->self, 4 << 20);
    void *pin = alloc(h, &h->self, 40000);
    memset(block, 1, 4 << 20);
    atomic_store(&h->heap.pages.has_backlog, true); /* as of much that has been freed */
    hmm_heap_free(&h->heap, &h->self, block, "HmmFree");
    hmm_pace(&h->heap, &h->self, 1000 * ns_per_ms);
    assert_true(counts(&h->self));
    assert_true(h->self.frees_left > 0 && h->self.frees_left <= HMM_PACE_MAX_FREES);
    assert_true(counts(&other));
    assert_false(counts(&unnoticed)); /* its memory may be another's by now */
    hmm_heap_thread_exit(&h->heap, &other);
    assert_int_equal(other.tag_end, 0);
    h->heap.others_count = 0;
    hmm_pace(&h->heap, &h->self, 1000 * ns_per_ms);
    assert_int_equal(other.tag_end, 0);
    atomic_store(&h->heap.pages.has_backlog, false);
    hmm_pace(&h->heap, &h->self, 1000 * ns_per_ms);
    assert_false(counts(&h->self));
    hmm_heap_free(&h->heap, &h->self, pin, "HmmFree");
    buffer_heap_check(h);
    buffer_heap_drop(h);
}

/* Looks at the backlog, 100 ms from each other. */
static uint64_t look_often(struct hmm_pages *p, uint64_t now_ns, int n)
{
    for (int i = 0; i < n; i++)
        hmm_backlog_look(p, now_ns += HMM_BACKLOG_LOOK_MS * ns_per_ms);
    return now_ns;
}

/* What has not gone for a second has settled; what comes up then is a backlog again. */
static void test_a_backlog_ends(void **state)
{
    (void)state;
    struct buffer_heap *h = buffer_heap_make(HEAP_BYTES);
    struct hmm_pages *p = &h->heap.pages;
    uint64_t now_ns = 1000 * ns_per_ms;
    atomic_store(&p->slots_units, 100);
    hmm_lock_take(&p->lock);
    hmm_backlog_look(p, now_ns);
    assert_true(hmm_pages_has_backlog(p));
    enum { LOOKS = HMM_BACKLOG_MS / HMM_BACKLOG_LOOK_MS };
    now_ns = look_often(p, now_ns, LOOKS - 1);
    assert_true(hmm_pages_has_backlog(p));
    hmm_pages_note_returned(p, 4096); /* some has gone: it goes on */
    now_ns = look_often(p, now_ns, LOOKS);
    assert_true(hmm_pages_has_backlog(p));
    hmm_pages_note_returned(p, 4096); /* in all of ten seconds nobody has looked */
    hmm_backlog_look(p, now_ns);
    now_ns += 10 * HMM_BACKLOG_MS * ns_per_ms;
    hmm_backlog_look(p, now_ns);
    assert_true(hmm_pages_has_backlog(p));
    now_ns = look_often(p, now_ns, LOOKS - 1);
    assert_false(hmm_pages_has_backlog(p));
    hmm_backlog_look(p, now_ns + ns_per_ms);
    assert_false(hmm_pages_has_backlog(p));
    atomic_store(&p->slots_units, 300);
    hmm_backlog_look(p, now_ns + 2 * ns_per_ms);
    assert_true(hmm_pages_has_backlog(p));
    atomic_store(&p->slots_units, 0);
    hmm_lock_give(&p->lock);
    buffer_heap_drop(h);
}

/* Where there are many threads, a magazine holds less, and nothing after a row of frees. */
static void test_many_threads_cache_less(void **state)
{
    (void)state;
    struct buffer_heap *h = buffer_heap_make(HEAP_BYTES);
    enum { N_THREADS = 4 * HMM_CROWD_ARENAS, N = 200 };
    static struct hmm_thread threads[N_THREADS];
    void *blocks[N];
    size_t visits = 2 * HMM_LIGHT_VISITS * 4 * 4;
    static void *early[4 * N]; /* of a thread that came before the others, whose magazine is long */
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 4 * N; i++)
            early[i] = alloc(h, &h->self, 1000);
        for (int i = 0; i < 4 * N && round < 2; i++)
            hmm_heap_free(&h->heap, &h->self, early[i], "HmmFree");
    }
    for (int t = 0; t < N_THREADS; t++)
        for (size_t i = 0; threads[t].arena == NULL && i < visits; i++)
            hmm_heap_free(&h->heap, &threads[t], alloc(h, &threads[t], 40), "HmmFree");
    assert_int_equal(hmm_arenas_crowd(&h->heap.arenas), 4);
    for (int i = 0; i < 4 * N; i++) {
        hmm_heap_free(&h->heap, &h->self, early[i], "HmmFree");
        assert_false(hmm_pagemap_is_live(&h->heap.map, hmm_sizeclass_of(1000), early[i]));
    }
    struct hmm_thread *self = &threads[N_THREADS - 1];
    for (int i = 0; i < N; i++)
        blocks[i] = alloc(h, self, 1000);
    struct hmm_magazine *mag = self->arena->magazines[hmm_sizeclass_of(1000)];
    for (int i = 0; i < N; i++) {
        hmm_heap_free(&h->heap, self, blocks[i], "HmmFree");
        assert_true(hmm_magazine_objs(mag) <= HMM_MAGAZINE_BYTES / 4 / 1008);
    }
    assert_true(mag->closed);
    assert_int_equal(hmm_magazine_objs(mag), 0);
    void *block = alloc(h, self, 1000); /* and it goes on */
    hmm_heap_free(&h->heap, self, block, "HmmFree");
    assert_int_not_equal(hmm_magazine_objs(mag), 0);
    buffer_heap_check(h);
    for (int t = 0; t < N_THREADS; t++)
        hmm_heap_thread_exit(&h->heap, &threads[t]);
    assert_int_equal(hmm_arenas_crowd(&h->heap.arenas), 1);
    buffer_heap_check(h);
    buffer_heap_drop(h);
}

/* A block that a light thread frees is in its slab at once; a thread that has found a shared arena
 * busy stays with the next one. */
static void test_light_threads_keep_apart(void **state)
{
    (void)state;
    struct buffer_heap *h = buffer_heap_make(HEAP_BYTES);
    struct hmm_arenas *arenas = &h->heap.arenas;
    void *first = alloc(h, &h->self, 40);
    struct hmm_arena *arena = hmm_arenas_shared(arenas, 0);
    size_t free_bytes = arena->free_bytes;
    hmm_heap_free(&h->heap, &h->self, first, "HmmFree");
    assert_true(arena->free_bytes > free_bytes);
    assert_int_equal(h->heap.pages.away_objs, 0);
    assert_ptr_equal(alloc(h, &h->self, 40), first);

    struct hmm_thread other = {0};
    hmm_arena_lock(arenas, arena);
    void *elsewhere = alloc(h, &other, 40);
    hmm_lock_give(&arena->lock);
    void *again = alloc(h, &other, 40);
    assert_ptr_equal(again, (char *)elsewhere + 48);
    assert_ptr_equal(alloc(h, &h->self, 40), (char *)first + 48);
    hmm_heap_free(&h->heap, &other, first, "HmmFree"); /* into the arena where it came from */
    assert_int_equal(h->heap.pages.away_objs, 0);
    assert_ptr_equal(alloc(h, &h->self, 40), first);
    buffer_heap_drop(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arenas_of_idle_threads_are_visited),
        cmocka_unit_test(test_little_stays_while_it_is_used),
        cmocka_unit_test(test_looks_are_few),
        cmocka_unit_test(test_one_thing_by_a_call),
        cmocka_unit_test(test_left_arenas_have_no_thread),
        cmocka_unit_test(test_frees_are_counted),
        cmocka_unit_test(test_a_backlog_ends),
        cmocka_unit_test(test_many_threads_cache_less),
        cmocka_unit_test(test_light_threads_keep_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
