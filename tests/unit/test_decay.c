#include "unit/buffer_heap.h"

#include "core/decay.h"

enum { HEAP_BYTES = 32 << 20 };

static void test_all_gives_back_and_lowers(void **state)
{
    (void)state;
    struct buffer_heap *h = buffer_heap_make(HEAP_BYTES);
    struct hmm_pages *p = &h->heap.pages;
    uint32_t keep = (uint32_t)hmm_pages_take(p, 2, 1, HMM_MAY_GROW, NULL);
    uint32_t hole = (uint32_t)hmm_pages_take(p, 8, 1, HMM_MAY_GROW, NULL);
    uint32_t pin = (uint32_t)hmm_pages_take(p, 1, 1, HMM_MAY_GROW, NULL);
    uint32_t top = (uint32_t)hmm_pages_take(p, 100, 1, HMM_MAY_GROW, NULL);
    memset(hmm_pagemap_address(p->map, hole), 0x55, 8 * HMM_UNIT_BYTES);
    hmm_pages_give(p, hole);
    hmm_pages_give(p, top);
    uintptr_t before = h->heap.brk.top;
    size_t given = hmm_decay_all(p, 0);
    assert_true(given >= 108 * HMM_UNIT_BYTES);
    assert_true(h->heap.brk.top < before);
    assert_int_equal(p->n_units, pin + 1);
    assert_int_equal(p->dirty_units, 0);
    buffer_heap_check(h);
    bool zero = false;
    assert_int_equal(hmm_pages_take(p, 8, 1, HMM_MAY_GROW, &zero), hole);
    assert_true(zero); /* purged memory reads as zero, and the heap knows */
    for (size_t i = 0; i < 8 * HMM_UNIT_BYTES; i++)
        assert_int_equal(hmm_pagemap_address(p->map, hole)[i], 0);
    (void)keep;
    buffer_heap_drop(h);
}

static void test_keeps_what_is_asked(void **state)
{
    (void)state;
    struct buffer_heap *h = buffer_heap_make(HEAP_BYTES);
    struct hmm_pages *p = &h->heap.pages;
    uint32_t run = (uint32_t)hmm_pages_take(p, 64, 1, HMM_MAY_GROW, NULL);
    hmm_pages_give(p, run);
    hmm_decay_all(p, 10 * HMM_UNIT_BYTES);
    assert_int_equal(p->n_units, 10);
    buffer_heap_drop(h);
}

static struct buffer_heap *make_with_small_limit(void)
{
    struct buffer_heap *h = buffer_heap_make(HEAP_BYTES);
    struct hmm_tunables tunables = *h->heap.meta.tunables;
    tunables.dirty_min = 4 * HMM_UNIT_BYTES;
    tunables.decay_ms = 600000;
    assert_true(hmm_meta_set_tunables(&h->heap.meta, &tunables));
    return h;
}

/* A dirty run of 64 units below one that is used, looked at once. Returns its first unit. */
static uint32_t free_64_units(struct hmm_pages *p, uint32_t *pin)
{
    uint32_t run = (uint32_t)hmm_pages_take(p, 64, 1, HMM_MAY_GROW, NULL);
    *pin = (uint32_t)hmm_pages_take(p, 1, 1, HMM_MAY_GROW, NULL);
    hmm_pages_give(p, run);
    assert_int_equal(p->dirty_units, 64);
    hmm_decay(p);
    return run;
}

/* However young: what is beyond the limit goes at once. */
static void test_goes_at_once(void **state)
{
    (void)state;
    struct buffer_heap *h = make_with_small_limit();
    struct hmm_pages *p = &h->heap.pages;
    uint32_t pin;
    free_64_units(p, &pin);
    assert_true(p->dirty_units <= 4);
    buffer_heap_check(h);
    hmm_pages_give(p, pin);
    buffer_heap_drop(h);
}

/* Unless it turns out to be needed again: then as much is kept the next time. */
static void test_learns_what_to_keep(void **state)
{
    (void)state;
    struct buffer_heap *h = make_with_small_limit();
    struct hmm_pages *p = &h->heap.pages;
    uint32_t pin;
    uint32_t run = free_64_units(p, &pin);
    bool zero = true;
    assert_int_equal(hmm_pages_take(p, 64, 1, HMM_NO_GROWTH, &zero), run);
    assert_false(zero); /* the part that was kept */
    assert_true(p->kept_units >= 60);
    hmm_pages_give(p, run);
    hmm_decay(p);
    assert_true(p->dirty_units >= 40);
    buffer_heap_check(h);
    /* given back longer ago than two periods: not missed */
    hmm_decay_all(p, UINT32_MAX);
    p->kept_units = 0;
    hmm_pages_age_purged(p, p->regret_at_ns + 2 * HMM_REGRET_MS * (uint64_t)1000000);
    assert_int_equal(hmm_pages_take(p, 64, 1, HMM_NO_GROWTH, &zero), run);
    assert_true(zero);
    assert_int_equal(p->kept_units, 0);
    hmm_pages_give(p, run);
    hmm_pages_give(p, pin);
    buffer_heap_drop(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_gives_back_and_lowers),
        cmocka_unit_test(test_keeps_what_is_asked),
        cmocka_unit_test(test_goes_at_once),
        cmocka_unit_test(test_learns_what_to_keep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
