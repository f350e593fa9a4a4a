#include "unit/buffer_heap.h"

#include "memory/decay.h"
#include "memory/regret.h"

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
    struct hmm_old_units old = {1, 1};
    assert_int_equal(hmm_pages_take(p, 8, 1, HMM_MAY_GROW, &old), hole);
    assert_int_equal(old.n, 0); /* purged memory reads as zero, and the heap knows */
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
    hmm_decay(p, hmm_port_clock_ns());
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

/* The same beside 80 units that are live. */
static struct buffer_heap *make_swing(uint32_t *live, uint32_t *run, uint32_t *pin)
{
    struct buffer_heap *h = make_with_small_limit();
    *live = (uint32_t)hmm_pages_take(&h->heap.pages, 80, 1, HMM_MAY_GROW, NULL);
    *run = free_64_units(&h->heap.pages, pin);
    assert_int_equal(h->heap.pages.dirty_units, 64);
    return h;
}

/* As much as is live may stay for a while, and no call is made for it: a heap that swings. */
static void test_keeps_while_it_swings(void **state)
{
    (void)state;
    uint32_t live, run, pin;
    struct buffer_heap *h = make_swing(&live, &run, &pin);
    struct hmm_pages *p = &h->heap.pages;
    assert_int_equal(hmm_pages_take(p, 64, 1, HMM_NO_GROWTH, NULL), run);
    assert_int_equal(p->purged_bytes, 0);
    buffer_heap_check(h); /* what is used is not dirty */
    hmm_pages_give(p, run);
    /* until hardly anything is live */
    hmm_pages_trim_run(p, live, 12);
    hmm_decay(p, hmm_port_clock_ns());
    assert_true(p->dirty_units <= 4);
    hmm_pages_give(p, live);
    buffer_heap_check(h);
    hmm_pages_give(p, pin);
    buffer_heap_drop(h);
}

/* But not where other memory would make the heap larger than it ever was. */
static void test_goes_before_a_new_peak(void **state)
{
    (void)state;
    uint32_t live, run, pin;
    struct buffer_heap *h = make_swing(&live, &run, &pin);
    struct hmm_pages *p = &h->heap.pages;
    uint32_t before = p->peak_resident_units;
    assert_int_equal(before, 80 + 64 + 1);
    uint32_t more = (uint32_t)hmm_pages_take(p, 70, 1, HMM_MAY_GROW, NULL); /* no hole fits */
    hmm_decay(p, hmm_port_clock_ns());
    assert_true(p->dirty_units <= (80 + 1 + 70) / 16);
    assert_true(p->peak_resident_units < before + 70);
    buffer_heap_check(h);
    hmm_pages_give(p, more);
    hmm_pages_give(p, live);
    hmm_pages_give(p, pin);
    buffer_heap_drop(h);
}

/* Nor then what was needed again soon. */
static void test_keeps_what_swings_at_a_new_peak(void **state)
{
    (void)state;
    enum { USED = 1200, HOLE = 150, KEPT = 1000, MORE = 200 };
    struct buffer_heap *h = make_with_small_limit();
    struct hmm_pages *p = &h->heap.pages;
    uint32_t used = (uint32_t)hmm_pages_take(p, USED, 1, HMM_MAY_GROW, NULL);
    uint32_t hole = (uint32_t)hmm_pages_take(p, HOLE, 1, HMM_MAY_GROW, NULL);
    uint32_t pin = (uint32_t)hmm_pages_take(p, 1, 1, HMM_MAY_GROW, NULL);
    hmm_pages_give(p, hole);
    hmm_decay(p, hmm_port_clock_ns());
    p->kept_units = KEPT; /* more than is dirty */
    uint32_t more = (uint32_t)hmm_pages_take(p, MORE, 1, HMM_MAY_GROW, NULL);
    hmm_decay(p, hmm_port_clock_ns());
    assert_int_equal(p->dirty_units, HOLE);
    hmm_pages_give(p, more);
    hmm_pages_give(p, used);
    hmm_pages_give(p, pin);
    buffer_heap_check(h);
    buffer_heap_drop(h);
}

/* A block that is being moved is in memory once: the peak does not rise by it, nor what is live. */
static void test_a_move_is_no_peak(void **state)
{
    (void)state;
    struct buffer_heap *h = make_with_small_limit();
    struct hmm_pages *p = &h->heap.pages;
    uint32_t old = (uint32_t)hmm_pages_take(p, 100, 1, HMM_MAY_GROW, NULL);
    uint32_t before = p->peak_resident_units;
    hmm_pages_begin_move(p, 100);
    uint32_t new = (uint32_t)hmm_pages_take(p, 150, 1, HMM_MAY_GROW, NULL);
    assert_int_equal(p->peak_resident_units, before + 50);
    assert_int_equal(p->peak_live_units, before + 50);
    hmm_pages_end_move(p, 100);
    assert_int_equal(p->moving_units, 0);
    hmm_pages_begin_move(p, 100);
    hmm_decay_fork_child(p); /* whoever moves that is not in the child, */
    assert_int_equal(p->moving_units, 0);
    hmm_pages_end_move(p, 100); /* or it goes on there */
    assert_int_equal(p->moving_units, 0);
    hmm_pages_give(p, old);
    hmm_pages_give(p, new);
    buffer_heap_drop(h);
}

/* What was needed again soon may make the heap larger than it ever was, by a part of what was live
 * at most; without that, it goes first. */
static void test_a_peak_may_be_higher_by_what_is_kept(void **state)
{
    (void)state;
    enum { LIVE = 400, HOLE = 100, MORE = 320 };
    for (uint32_t kept = 0; kept <= LIVE; kept += LIVE) {
        struct buffer_heap *h = make_with_small_limit();
        struct hmm_pages *p = &h->heap.pages;
        uint32_t live = (uint32_t)hmm_pages_take(p, LIVE, 1, HMM_MAY_GROW, NULL);
        uint32_t hole = (uint32_t)hmm_pages_take(p, HOLE, 1, HMM_MAY_GROW, NULL);
        uint32_t pin = (uint32_t)hmm_pages_take(p, 1, 1, HMM_MAY_GROW, NULL);
        hmm_pages_trim_run(p, live, LIVE / 2); /* far below its peak */
        hmm_pages_give(p, hole);
        hmm_decay(p, hmm_port_clock_ns());
        p->kept_units = kept;
        p->peak_resident_units = LIVE;
        uint32_t more = (uint32_t)hmm_pages_take(p, MORE, 1, HMM_MAY_GROW, NULL);
        hmm_decay(p, hmm_port_clock_ns());
        assert_true((p->dirty_units > p->peak_live_units / 8) == (kept != 0));
        hmm_pages_give(p, more);
        hmm_pages_give(p, live);
        hmm_pages_give(p, pin);
        buffer_heap_drop(h);
    }
}

/* Free units in runs of 16, used ones between them. */
static void free_many(struct hmm_pages *p, uint32_t *runs, uint32_t *pins, int n)
{
    for (int i = 0; i < n; i++) {
        runs[i] = (uint32_t)hmm_pages_take(p, 16, 1, HMM_MAY_GROW, NULL);
        pins[i] = (uint32_t)hmm_pages_take(p, 1, 1, HMM_MAY_GROW, NULL);
    }
    for (int i = 0; i < n; i++)
        hmm_pages_give(p, runs[i]);
}

/* However much is due: one call gives back a piece, and the next ones go on. */
static void test_goes_in_pieces(void **state)
{
    (void)state;
    enum { N = 60 };
    struct buffer_heap *h = make_with_small_limit();
    struct hmm_pages *p = &h->heap.pages;
    uint32_t runs[N];
    uint32_t pins[N];
    free_many(p, runs, pins, N);
    atomic_store(&p->turned_units, 0); /* as if other calls had looked meanwhile */
    hmm_decay(p, hmm_port_clock_ns());
    assert_int_equal(p->purged_bytes, HMM_PURGE_STEP_UNITS * HMM_UNIT_BYTES);
    for (int i = 0; i < N; i++)
        hmm_decay(p, hmm_port_clock_ns());
    assert_true(p->dirty_units <= N);
    buffer_heap_check(h);
    /* and as much as was turned over since the last call */
    uint32_t n_purged = (uint32_t)(p->purged_bytes >> HMM_UNIT_SHIFT);
    for (int i = 0; i < N; i++)
        runs[i] = (uint32_t)hmm_pages_take(p, 16, 1, HMM_NO_GROWTH, NULL);
    p->kept_units = 0;
    for (int i = 0; i < N; i++)
        hmm_pages_give(p, runs[i]);
    hmm_decay(p, hmm_port_clock_ns());
    assert_true((p->purged_bytes >> HMM_UNIT_SHIFT) - n_purged > 4 * HMM_PURGE_STEP_UNITS);
    for (int i = 0; i < N; i++)
        hmm_pages_give(p, pins[i]);
    buffer_heap_drop(h);
}

/* Memory that cannot be given back is not asked for by each call; later it is tried again. */
static void test_remembers_refusals(void **state)
{
    (void)state;
    struct buffer_heap *h = make_with_small_limit();
    struct hmm_pages *p = &h->heap.pages;
    uint32_t run = (uint32_t)hmm_pages_take(p, 64, 1, HMM_MAY_GROW, NULL);
    uint32_t pin = (uint32_t)hmm_pages_take(p, 1, 1, HMM_MAY_GROW, NULL);
    hmm_lock_take(&p->lock);
    hmm_decay_note_purge(p, false);
    hmm_lock_give(&p->lock);
    p->refused_at_ns = hmm_port_clock_ns();
    hmm_pages_give(p, run);
    hmm_decay(p, hmm_port_clock_ns());
    assert_int_equal(p->purged_bytes, 0);
    p->refused_at_ns -= HMM_REFUSED_MS * (uint64_t)2000000;
    atomic_store(&p->decay_at_ns, hmm_port_clock_ns() - HMM_DECAY_LOOK_MS * (uint64_t)1000000);
    hmm_decay(p, hmm_port_clock_ns()); /* forgets it */
    atomic_store(&p->decay_at_ns, hmm_port_clock_ns() - HMM_DECAY_LOOK_MS * (uint64_t)1000000);
    hmm_decay(p, hmm_port_clock_ns());
    assert_true(p->dirty_units <= 4);
    hmm_pages_give(p, pin);
    buffer_heap_check(h);
    buffer_heap_drop(h);
}

/* A period has passed: a look. */
static void next_period(struct hmm_pages *p)
{
    p->regret_at_ns = hmm_port_clock_ns() - HMM_REGRET_MS * (uint64_t)1000000;
    atomic_store(&p->decay_at_ns, hmm_port_clock_ns() - HMM_DECAY_LOOK_MS * (uint64_t)1000000);
    hmm_decay(p, hmm_port_clock_ns());
}

/* Age: what was needed in this period or the one before has none. */
static void test_ages_by_periods(void **state)
{
    (void)state;
    struct buffer_heap *h = make_with_small_limit();
    struct hmm_pages *p = &h->heap.pages;
    struct hmm_tunables tunables = *h->heap.meta.tunables;
    tunables.decay_ms = 1;
    assert_true(hmm_meta_set_tunables(&h->heap.meta, &tunables));
    uint32_t live = (uint32_t)hmm_pages_take(p, 80, 1, HMM_MAY_GROW, NULL);
    uint32_t pin;
    free_64_units(p, &pin);
    next_period(p);
    next_period(p);
    assert_int_equal(p->dirty_units, 64);
    next_period(p);
    assert_true(p->dirty_units < 64);
    buffer_heap_check(h);
    hmm_pages_give(p, live);
    hmm_pages_give(p, pin);
    buffer_heap_drop(h);
}

/* The highest ones go first, and the search for them doesn't begin above. */
static void test_highest_first(void **state)
{
    (void)state;
    struct buffer_heap *h = make_with_small_limit();
    struct hmm_pages *p = &h->heap.pages;
    uint32_t runs[6];
    for (int i = 0; i < 6; i++)
        runs[i] = (uint32_t)hmm_pages_take(p, 30, 1, HMM_MAY_GROW, NULL);
    hmm_pages_give(p, runs[0]);
    hmm_pages_give(p, runs[2]);
    hmm_pages_give(p, runs[4]);
    hmm_decay(p, hmm_port_clock_ns());
    assert_int_equal(p->dirty_units, 90); /* as many as are live */
    hmm_pages_give(p, runs[5]);
    hmm_decay(p, hmm_port_clock_ns());
    assert_true(p->dirty_units <= 60);
    assert_true(hmm_pages_is_dirty(p, runs[0]));
    assert_true(hmm_pages_is_dirty(p, runs[2]));
    assert_false(hmm_pages_is_dirty(p, runs[5]));
    buffer_heap_check(h);
    hmm_pages_give(p, runs[1]);
    hmm_pages_give(p, runs[3]);
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
    struct hmm_old_units old = {0};
    assert_int_equal(hmm_pages_take(p, 64, 1, HMM_NO_GROWTH, &old), run);
    assert_int_not_equal(old.n, 0); /* the part that was kept */
    assert_true(p->kept_units >= 60);
    hmm_pages_give(p, run);
    hmm_decay(p, hmm_port_clock_ns());
    assert_true(p->dirty_units >= 40);
    buffer_heap_check(h);
    /* given back longer ago than two periods: not missed */
    hmm_decay_all(p, UINT32_MAX);
    p->kept_units = 0;
    hmm_regret_age(p, p->regret_at_ns + 2 * HMM_REGRET_MS * (uint64_t)1000000);
    assert_int_equal(hmm_pages_take(p, 64, 1, HMM_NO_GROWTH, &old), run);
    assert_int_equal(old.n, 0);
    assert_int_equal(p->kept_units, 0);
    hmm_pages_give(p, run);
    hmm_pages_give(p, pin);
    buffer_heap_drop(h);
}

/* However much is needed again: no more is kept than live memory has swung by, and a half. */
static void test_keeps_what_has_swung(void **state)
{
    (void)state;
    struct buffer_heap *h = make_with_small_limit();
    struct hmm_pages *p = &h->heap.pages;
    hmm_swing_note_high(&p->live_swing, 300);
    hmm_swing_note_low(&p->live_swing, 100);
    hmm_swing_note_high(&p->live_swing, 250);
    hmm_regret_note_slots(p, 1000);
    assert_int_equal(p->kept_units, 150 + 150 / 2);
    buffer_heap_drop(h);
}

/* While much is needed again, however slowly, what is left of it is not forgotten: for so many
 * periods. A little of it doesn't count. */
static void test_a_slow_refill(void **state)
{
    (void)state;
    struct buffer_heap *h = make_with_small_limit();
    struct hmm_pages *p = &h->heap.pages;
    uint32_t pin;
    uint32_t run = free_64_units(p, &pin);
    uint32_t gone = 0; /* nearly all of them */
    while (hmm_pages_is_dirty(p, run + gone))
        gone++;
    const uint64_t *purged = hmm_unit_bits(p->map, (run + gone) / 64)->purged;
    p->kept_units = 10 * HMM_REGRET_DIVISOR;
    for (unsigned n = 1; n <= HMM_REGRET_PERIODS; n++) {
        p->regretted_units = 11;
        hmm_regret_age(p, p->regret_at_ns + hmm_regret_ns);
        assert_int_equal(p->n_extended, n);
        assert_int_not_equal(purged[0], 0);
    }
    p->regretted_units = 11;
    hmm_regret_age(p, p->regret_at_ns + hmm_regret_ns);
    assert_int_equal(p->n_extended, 0);
    assert_int_equal(purged[0], 0);
    assert_int_not_equal(purged[1], 0);
    p->regretted_units = 10;
    hmm_regret_age(p, p->regret_at_ns + hmm_regret_ns);
    assert_int_equal(p->n_extended, 0);
    assert_int_equal(purged[1], 0);
    hmm_pages_give(p, pin);
    buffer_heap_drop(h);
}

/* One value after the other, four of them. */
static struct hmm_swing swing_of(const uint32_t *values)
{
    struct hmm_swing swing = {0};
    for (size_t k = 0; k < 4; k++) {
        hmm_swing_note_low(&swing, values[k]);
        hmm_swing_note_high(&swing, values[k]);
    }
    return swing;
}

/* The examples of swing.h. */
static void test_swings(void **state)
{
    (void)state;
    static const uint32_t rows[][5] = {
        /* values; the last one: how far they swing */
        {100, 30, 90, 90, 60},
        {30, 90, 60, 60, 0},
        {100, 30, 150, 120, 70},
        {100, 100, 20, 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct hmm_swing swing = swing_of(rows[i]);
        assert_int_equal(hmm_swing_width(&swing), rows[i][4]);
        hmm_swing_begin(&swing, rows[i][3]);
        assert_int_equal(hmm_swing_width(&swing), rows[i][4]);
        hmm_swing_begin(&swing, rows[i][3]);
        assert_int_equal(hmm_swing_width(&swing), 0);
    }
    struct hmm_swing swing = {0}; /* down in one period, up in the next one */
    hmm_swing_note_high(&swing, 300);
    hmm_swing_note_low(&swing, 0);
    hmm_swing_begin(&swing, 0);
    hmm_swing_note_high(&swing, 290);
    assert_int_equal(hmm_swing_width(&swing), 290);
}

/* A fall begins where the last rise has ended, if that was one by half of it at least. */
static void test_falls(void **state)
{
    (void)state;
    static const uint32_t rows[][5] = {
        /* values; the last one: how deep the last fall is */
        {100, 30, 90, 10, 80},
        {100, 30, 70, 10, 90},
        {100, 30, 150, 0, 150},
        {30, 40, 50, 60, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct hmm_swing swing = swing_of(rows[i]);
        assert_int_equal(hmm_swing_fall(&swing, rows[i][3]), rows[i][4]);
        hmm_swing_begin(&swing, rows[i][3]); /* whatever period it began in */
        assert_int_equal(hmm_swing_fall(&swing, rows[i][3]), rows[i][4]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_gives_back_and_lowers),
        cmocka_unit_test(test_keeps_what_is_asked),
        cmocka_unit_test(test_goes_at_once),
        cmocka_unit_test(test_keeps_while_it_swings),
        cmocka_unit_test(test_goes_before_a_new_peak),
        cmocka_unit_test(test_keeps_what_swings_at_a_new_peak),
        cmocka_unit_test(test_a_move_is_no_peak),
        cmocka_unit_test(test_a_peak_may_be_higher_by_what_is_kept),
        cmocka_unit_test(test_goes_in_pieces),
        cmocka_unit_test(test_remembers_refusals),
        cmocka_unit_test(test_ages_by_periods),
        cmocka_unit_test(test_highest_first),
        cmocka_unit_test(test_learns_what_to_keep),
        cmocka_unit_test(test_keeps_what_has_swung),
        cmocka_unit_test(test_a_slow_refill),
        cmocka_unit_test(test_swings),
        cmocka_unit_test(test_falls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
