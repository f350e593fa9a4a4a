/* Where no kernel moves pages, contents arrive all the same, and borders are counted. */
#include "memory/decay.h"
#include "memory/move.h"
#include "unit/buffer_heap.h"

enum { HEAP_BYTES = 16 << 20, RUN_UNITS = 40, OLD_BREAK_UNITS = 10 };

/* In a process that is locked in memory the system keeps contents that it is told to drop. */
static bool is_locked;
bool __real_hmm_port_purge(void *addr, size_t bytes);
bool __wrap_hmm_port_purge(void *addr, size_t bytes);
bool __wrap_hmm_port_purge(void *addr, size_t bytes)
{
    return !is_locked && __real_hmm_port_purge(addr, bytes);
}

static void fill(char *memory, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        memory[i] = (char)(i * 7 + i / 4096 + 1);
}

static bool is_filled(const char *memory, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if (memory[i] != (char)(i * 7 + i / 4096 + 1))
            return false;
    return true;
}

static void test_by_halves(void **state)
{
    (void)state;
    const size_t bytes = HMM_MOVE_PART_BYTES * 5 + HMM_UNIT_BYTES;
    char *from = calloc(1, bytes);
    char *to = calloc(1, bytes);
    fill(from, bytes);
    hmm_move_memory(from, to, bytes);
    assert_true(is_filled(to, bytes));
    for (size_t i = 0; i < bytes; i++)
        assert_int_equal(from[i], 0);
    free(from);
    free(to);
}

static void test_in_locked_memory(void **state)
{
    is_locked = true;
    test_by_halves(state);
    is_locked = false;
}

static uint32_t take(struct hmm_pages *pages, uint32_t n_units)
{
    return (uint32_t)hmm_pages_take(pages, n_units, 1, HMM_MAY_GROW, NULL);
}

static void test_borders(void **state)
{
    (void)state;
    struct buffer_heap *h = buffer_heap_make(HEAP_BYTES);
    struct hmm_pages *p = &h->heap.pages;
    uint32_t a = take(p, RUN_UNITS);
    uint32_t b = take(p, RUN_UNITS);
    uint32_t c = take(p, RUN_UNITS);
    take(p, 1);
    size_t bytes = RUN_UNITS * HMM_UNIT_BYTES;
    fill(hmm_pagemap_address(p->map, a), bytes);
    assert_false(hmm_move_units(p, a, hmm_pages_run_units(p, a),
                                hmm_pagemap_address(p->map, b))); /* a buffer's: never */
    assert_int_equal(p->n_borders, 0);

    p->move_units = RUN_UNITS / 2;
    assert_false(hmm_move_units(p, a, hmm_pages_run_units(p, a),
                                hmm_pagemap_address(p->map, b))); /* nobody moves it */
    assert_int_equal(p->move_units, RUN_UNITS / 2);               /* this once */
    p->n_move_fails = HMM_MOVE_FAILS - 1;
    assert_false(hmm_move_units(p, a, hmm_pages_run_units(p, a), hmm_pagemap_address(p->map, b)));
    assert_int_equal(p->move_units, UINT32_MAX); /* nor at any time */
    assert_int_equal(p->n_borders, 2);
    hmm_lock_take(&p->lock);
    assert_true(hmm_move_is_one_mapping(p, b, b + RUN_UNITS));
    assert_false(hmm_move_is_one_mapping(p, b - 1, b + 1));
    assert_false(hmm_move_is_one_mapping(p, b, b + RUN_UNITS + 1));
    hmm_lock_give(&p->lock);

    /* of two mappings: once begun, it is done */
    p->move_units = RUN_UNITS / 2;
    hmm_pages_trim_run(p, a, RUN_UNITS / 2);
    p->map->chunks->bits[0].border |= (uint64_t)1 << (a + RUN_UNITS / 4);
    p->n_borders++;
    assert_false(hmm_move_units(p, a, hmm_pages_run_units(p, a),
                                hmm_pagemap_address(p->map, c))); /* parts too short */
    p->move_units = RUN_UNITS / 4;
    assert_true(hmm_move_units(p, a, hmm_pages_run_units(p, a), hmm_pagemap_address(p->map, c)));
    assert_true(is_filled(hmm_pagemap_address(p->map, c), bytes / 2));
    assert_int_equal(p->n_borders, 3 + 2); /* c's first was b's behind */
    hmm_pages_give_empty(p, a);
    assert_int_equal(p->dirty_units, RUN_UNITS / 2); /* what was trimmed */

    /* borders inside a target are gone */
    p->move_units = RUN_UNITS / 4;
    uint32_t d = take(p, RUN_UNITS);
    assert_true(hmm_pages_is_border(p, d + RUN_UNITS / 4));
    p->n_borders = HMM_MOVE_MAX_BORDERS; /* no more than that */
    assert_false(hmm_move_units(p, b, hmm_pages_run_units(p, b), hmm_pagemap_address(p->map, d)));
    p->n_borders = 5;
    assert_true(hmm_pages_is_border(p, d + RUN_UNITS / 4));
    assert_false(hmm_move_units(p, b, hmm_pages_run_units(p, b), hmm_pagemap_address(p->map, d)));
    assert_false(hmm_pages_is_border(p, d + RUN_UNITS / 4));
    assert_int_equal(p->n_borders, 5);
    buffer_heap_check(h);
    buffer_heap_drop(h);
}

static void test_break_goes_down(void **state)
{
    (void)state;
    struct buffer_heap *h = buffer_heap_make(HEAP_BYTES);
    struct hmm_pages *p = &h->heap.pages;
    uint32_t a = take(p, RUN_UNITS);
    uint32_t b = take(p, RUN_UNITS);
    uint32_t top = take(p, RUN_UNITS);
    p->move_units = RUN_UNITS;
    hmm_move_units(p, a, hmm_pages_run_units(p, a), hmm_pagemap_address(p->map, b));
    assert_int_equal(p->n_borders, 2);
    hmm_pages_give(p, top);
    hmm_pages_give(p, b);
    hmm_decay_all(p, OLD_BREAK_UNITS * HMM_UNIT_BYTES);
    assert_int_equal(p->n_units, RUN_UNITS + OLD_BREAK_UNITS);
    assert_int_equal(p->n_borders, 1);
    hmm_decay_all(p, 0);
    assert_int_equal(p->n_units, RUN_UNITS); /* down to a border */
    assert_int_equal(p->n_borders, 0);
    buffer_heap_check(h);
    buffer_heap_drop(h);
}

/* Free memory does not fit, and cannot be moved to what does: it stays where it is. */
static void test_nothing_recycled(void **state)
{
    (void)state;
    struct buffer_heap *h = buffer_heap_make(HEAP_BYTES);
    struct hmm_pages *p = &h->heap.pages;
    uint32_t hole = take(p, 3 * RUN_UNITS);
    take(p, 4 * RUN_UNITS);
    hmm_pages_give(p, hole);
    p->move_units = RUN_UNITS / 4;
    p->n_move_fails = HMM_MOVE_FAILS - 1;
    uint32_t more = take(p, 4 * RUN_UNITS);
    assert_true(hmm_pages_excess(p) >= RUN_UNITS);
    hmm_decay_recycle(p, hmm_pagemap_address(p->map, more), 4 * RUN_UNITS);
    assert_int_equal(p->move_units, UINT32_MAX); /* it was tried */
    assert_int_equal(p->dirty_units, 3 * RUN_UNITS);
    assert_int_equal(take(p, 3 * RUN_UNITS), hole);
    buffer_heap_check(h);
    buffer_heap_drop(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_halves),        cmocka_unit_test(test_in_locked_memory),
        cmocka_unit_test(test_borders),          cmocka_unit_test(test_break_goes_down),
        cmocka_unit_test(test_nothing_recycled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
