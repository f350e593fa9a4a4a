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

/* However young: what is beyond dirty_max goes at the next look. */
static void test_no_more_than_dirty_max(void **state)
{
    (void)state;
    struct buffer_heap *h = buffer_heap_make(HEAP_BYTES);
    struct hmm_pages *p = &h->heap.pages;
    h->heap.meta.tunables->dirty_min = HMM_UNIT_BYTES;
    h->heap.meta.tunables->dirty_max = 20 * HMM_UNIT_BYTES;
    h->heap.meta.tunables->decay_ms = 600000;
    uint32_t run = (uint32_t)hmm_pages_take(p, 64, 1, HMM_MAY_GROW, NULL);
    uint32_t pin = (uint32_t)hmm_pages_take(p, 1, 1, HMM_MAY_GROW, NULL);
    hmm_pages_give(p, run);
    assert_int_equal(p->dirty_units, 64);
    p->decay_at_ns = hmm_port_clock_ns() - HMM_DECAY_LOOK_MS * 1000000;
    hmm_decay(p);
    assert_true(p->dirty_units <= 20 && p->dirty_units >= 16);
    hmm_pages_give(p, pin);
    buffer_heap_drop(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_gives_back_and_lowers),
        cmocka_unit_test(test_keeps_what_is_asked),
        cmocka_unit_test(test_no_more_than_dirty_max),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
