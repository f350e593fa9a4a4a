#include "unit/buffer_heap.h"

enum { HEAP_BYTES = 8 << 20 };

static void test_lowest_address_first(void **state)
{
    (void)state;
    struct buffer_heap *h = buffer_heap_make(HEAP_BYTES);
    struct hmm_pages *p = &h->heap.pages;
    int64_t a = hmm_pages_take(p, 3, 1, HMM_MAY_GROW, NULL);
    int64_t b = hmm_pages_take(p, 2, 1, HMM_MAY_GROW, NULL);
    int64_t c = hmm_pages_take(p, 5, 1, HMM_MAY_GROW, NULL);
    assert_true(a < b && b < c);
    hmm_pages_give(p, (uint32_t)a);
    hmm_pages_give(p, (uint32_t)c);
    buffer_heap_check(h);
    assert_int_equal(hmm_pages_take(p, 2, 1, HMM_MAY_GROW, NULL),
                     a); /* split from the lowest that fits */
    assert_int_equal(hmm_pages_take(p, 4, 1, HMM_MAY_GROW, NULL), c);
    assert_int_equal(hmm_pages_take(p, 1, 1, HMM_MAY_GROW, NULL), a + 2);
    buffer_heap_drop(h);
}

static void test_coalesces_with_both_neighbours(void **state)
{
    (void)state;
    struct buffer_heap *h = buffer_heap_make(HEAP_BYTES);
    struct hmm_pages *p = &h->heap.pages;
    int64_t run[5];
    for (int i = 0; i < 5; i++)
        run[i] = hmm_pages_take(p, 2, 1, HMM_MAY_GROW, NULL);
    hmm_pages_give(p, (uint32_t)run[1]);
    hmm_pages_give(p, (uint32_t)run[3]);
    assert_int_equal(hmm_runtree_at(&p->tree, (uint32_t)run[1]), 2);
    hmm_pages_give(p, (uint32_t)run[2]); /* between two free ones */
    assert_int_equal(hmm_runtree_at(&p->tree, (uint32_t)run[1]), 6);
    assert_int_equal(hmm_runtree_at(&p->tree, (uint32_t)run[2]), 0);
    assert_int_equal(hmm_runtree_at(&p->tree, (uint32_t)run[3]), 0);
    buffer_heap_drop(h);
}

static void test_zero_and_dirty(void **state)
{
    (void)state;
    struct buffer_heap *h = buffer_heap_make(HEAP_BYTES);
    struct hmm_pages *p = &h->heap.pages;
    struct hmm_old_units old = {1, 1};
    int64_t a = hmm_pages_take(p, 100, 1, HMM_MAY_GROW, &old);
    assert_int_equal(old.n, 0);
    assert_int_equal(old.end, 0);
    hmm_pages_give(p, (uint32_t)a);
    assert_int_equal(p->dirty_units, 100);
    assert_int_equal(hmm_pages_take(p, 150, 1, HMM_MAY_GROW, &old), a);
    assert_int_equal(old.n, 100);
    assert_int_equal(old.end, 100);
    assert_int_equal(p->dirty_units, 0);
    buffer_heap_drop(h);
}

static void test_aligned(void **state)
{
    (void)state;
    struct buffer_heap *h = buffer_heap_make(HEAP_BYTES);
    struct hmm_pages *p = &h->heap.pages;
    hmm_pages_take(p, 1, 1, HMM_MAY_GROW, NULL);
    for (size_t align = HMM_UNIT_BYTES; align <= 1 << 20; align *= 2) {
        int64_t a = hmm_pages_take(p, 3, align, HMM_MAY_GROW, NULL);
        assert_int_not_equal(a, HMM_RUN_NONE);
        assert_int_equal((uintptr_t)hmm_pagemap_address(p->map, (size_t)a) % align, 0);
        buffer_heap_check(h);
    }
    buffer_heap_drop(h);
}

static void test_extend_and_trim(void **state)
{
    (void)state;
    struct buffer_heap *h = buffer_heap_make(HEAP_BYTES);
    struct hmm_pages *p = &h->heap.pages;
    uint32_t a = (uint32_t)hmm_pages_take(p, 4, 1, HMM_MAY_GROW, NULL);
    assert_true(hmm_pages_extend(p, a, 40)); /* by moving the break */
    assert_int_equal(hmm_pages_run_units(p, a), 40);
    hmm_pages_trim_run(p, a, 10);
    uint32_t b = (uint32_t)hmm_pages_take(p, 2, 1, HMM_MAY_GROW, NULL);
    assert_int_equal(b, a + 10);
    assert_false(hmm_pages_extend(p, a, 12));
    assert_int_equal(hmm_pages_run_units(p, a), 10);
    buffer_heap_drop(h);
}

static void test_exhaustion_and_recovery(void **state)
{
    (void)state;
    struct buffer_heap *h = buffer_heap_make(HEAP_BYTES);
    struct hmm_pages *p = &h->heap.pages;
    static uint32_t runs[HEAP_BYTES / HMM_UNIT_BYTES];
    unsigned n = 0;
    for (int64_t u; (u = hmm_pages_take(p, 1, 1, HMM_MAY_GROW, NULL)) != HMM_RUN_NONE;)
        runs[n++] = (uint32_t)u;
    assert_true(n > HEAP_BYTES / HMM_UNIT_BYTES * 7 / 10);
    buffer_heap_check(h);
    for (unsigned i = 0; i < n; i++)
        hmm_pages_give(p, runs[i]);
    assert_int_equal(p->free_units, p->n_units);
    assert_int_not_equal(hmm_pages_take(p, n, 1, HMM_MAY_GROW, NULL), HMM_RUN_NONE);
    buffer_heap_drop(h);
}

/* Many runs are long enough and hold no aligned place. They are not all looked at by each request.
 * The heap grows until one run in ALIGNED_TRIES or so holds one, and then no more, while aligned
 * places come and go. */
static void test_aligned_among_holes(void **state)
{
    (void)state;
    enum { HOLES = 200, LIVE = 20, ROUNDS = 20000, UNITS = 3 };
    const size_t align_bytes = 16 * HMM_UNIT_BYTES;
    struct buffer_heap *h = buffer_heap_make(64 << 20);
    struct hmm_pages *p = &h->heap.pages;
    uint32_t holes[HOLES];
    uint32_t live[LIVE];
    for (int i = 0; i < HOLES; i++) {
        holes[i] = (uint32_t)hmm_pages_take(p, UNITS, 1, HMM_MAY_GROW, NULL);
        (void)hmm_pages_take(p, 1, 1, HMM_MAY_GROW, NULL);
    }
    for (int i = 0; i < HOLES; i++)
        hmm_pages_give(p, holes[i]);
    for (int i = 0; i < LIVE; i++)
        live[i] = (uint32_t)hmm_pages_take(p, UNITS, align_bytes, HMM_MAY_GROW, NULL);
    uint32_t n_units = p->n_units;
    uint32_t n_settled = 0;
    for (int round = 0; round < ROUNDS; round++) {
        n_settled = round == ROUNDS / 2 ? p->n_units : n_settled;
        uint32_t *one = &live[round * 7 % LIVE];
        hmm_pages_give(p, *one);
        *one = (uint32_t)hmm_pages_take(p, UNITS, align_bytes, HMM_MAY_GROW, NULL);
        uintptr_t address = (uintptr_t)hmm_pagemap_address(p->map, *one);
        assert_int_equal(address % align_bytes, 0);
    }
    assert_int_equal(p->n_units, n_settled);
    assert_true(p->n_units <= n_units + n_units / 2);
    buffer_heap_check(h);
    /* the rest is used up, and one aligned place comes free behind all holes */
    while (hmm_pages_take(p, UNITS + 1, 1, HMM_MAY_GROW, NULL) != HMM_RUN_NONE) {
    }
    while (hmm_pages_take(p, UNITS, align_bytes, HMM_MAY_GROW, NULL) != HMM_RUN_NONE) {
    }
    hmm_pages_give(p, live[LIVE - 1]);
    /* requests in turn find it, */
    int64_t found = HMM_RUN_NONE;
    p->aligned_from = UINT32_MAX; /* the heap was longer */
    for (int i = 0; i <= (HOLES + LIVE) / HMM_ALIGNED_TRIES + 1 && found == HMM_RUN_NONE; i++)
        found = hmm_pages_take(p, UNITS, align_bytes, HMM_NO_GROWTH, NULL);
    assert_int_not_equal(found, HMM_RUN_NONE);
    /* and one that would be told that there is no memory, finds it at once */
    hmm_pages_give(p, (uint32_t)found);
    p->aligned_from = 0;
    assert_int_not_equal(hmm_pages_take(p, UNITS, align_bytes, HMM_MAY_GROW, NULL), HMM_RUN_NONE);
    buffer_heap_drop(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lowest_address_first),
        cmocka_unit_test(test_coalesces_with_both_neighbours),
        cmocka_unit_test(test_zero_and_dirty),
        cmocka_unit_test(test_aligned),
        cmocka_unit_test(test_extend_and_trim),
        cmocka_unit_test(test_exhaustion_and_recovery),
        cmocka_unit_test(test_aligned_among_holes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
