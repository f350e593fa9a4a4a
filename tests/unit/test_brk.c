#include "unit/board.h"

#include "base/tunables.h"
#include "memory/brk.h"
#include "memory/meta.h"

#include <stdlib.h>

static void test_buffer_break(void **state)
{
    (void)state;
    size_t bytes = 20 * HMM_UNIT_BYTES + 5;
    char *buffer = malloc(bytes);
    memset(buffer, 0xee, bytes);
    struct hmm_brk brk;
    hmm_brk_init_buffer(&brk, buffer, bytes);
    assert_int_equal(brk.base % HMM_UNIT_BYTES, 0);
    assert_true(brk.reach_bytes >= 18 * HMM_UNIT_BYTES);
    uintptr_t a = hmm_brk_grow(&brk, 2 * HMM_UNIT_BYTES);
    assert_int_equal(a, brk.base);
    for (size_t i = 0; i < 2 * HMM_UNIT_BYTES; i++)
        assert_int_equal(((char *)a)[i], 0); /* new memory is zero */
    uintptr_t b = hmm_brk_grow(&brk, HMM_UNIT_BYTES);
    assert_int_equal(b, a + 2 * HMM_UNIT_BYTES);
    assert_int_equal(hmm_brk_grow(&brk, 100 * HMM_UNIT_BYTES), 0); /* too much: nothing moves */
    assert_int_equal(brk.top, b + HMM_UNIT_BYTES);
    memset((void *)b, 0x77, HMM_UNIT_BYTES);
    assert_true(hmm_brk_lower(&brk, b, b));
    assert_int_equal(hmm_brk_grow(&brk, HMM_UNIT_BYTES), b);
    assert_int_equal(((char *)b)[100], 0);
    assert_int_equal(brk.n_grown, 3);
    assert_int_equal(brk.n_lowered, 1);
    free(buffer);
}

static void test_injected_failure(void **state)
{
    (void)state;
    char *buffer = malloc(20 * HMM_UNIT_BYTES);
    struct hmm_brk brk;
    hmm_brk_init_buffer(&brk, buffer, 20 * HMM_UNIT_BYTES);
    brk.fail_after = 1;
    assert_int_not_equal(hmm_brk_grow(&brk, HMM_UNIT_BYTES), 0);
    assert_int_equal(hmm_brk_grow(&brk, HMM_UNIT_BYTES), 0);
    assert_int_equal(brk.n_failed, 1);
    free(buffer);
}

static void test_records_do_not_overlap(void **state)
{
    (void)state;
    size_t max_units = 1000;
    size_t bytes = hmm_meta_bytes(max_units);
    char *memory = aligned_alloc(4096, hmm_round_up(bytes, 4096));
    memset(memory, 0, bytes);
    struct hmm_meta *meta = calloc(1, sizeof *meta);
    assert_true(hmm_meta_init(meta, hmm_tunables_defaults(), max_units, memory));
    assert_true(hmm_meta_cover(meta, max_units, 0));
    assert_false(hmm_meta_cover(meta, max_units + 1, 0));
    for (unsigned i = 0; i < HMM_META_STRIPS; i++)
        memset(meta->strips[i].start, (int)i + 1, meta->strips[i].end_bytes); /* states, too */
    size_t n_chunks = hmm_div_up(max_units, HMM_CHUNK_UNITS);
    for (size_t i = 0; i < n_chunks; i++)
        memset(hmm_chunk_below(meta->chunks.first, i), 100 + (int)i, sizeof(struct hmm_chunk));
    /* objects from the first entry downwards */
    char *last = meta->strips[HMM_STRIP_ENTRY].start;
    for (char *object; (object = hmm_meta_object(meta, 100)) != NULL; last = object) {
        assert_int_equal((uintptr_t)object % HMM_LINE_BYTES, 0);
        assert_true(object + 128 <= last);
        assert_true(object > meta->objects.start); /* line 0 is nobody's */
        memset(object, 0xff, 100);
    }
    assert_true(last < meta->objects.start + 3 * 128);
    assert_true(meta->objects.start >= memory);
    for (unsigned i = 0; i < HMM_META_STRIPS; i++) {
        assert_true(meta->strips[i].start + meta->strips[i].end_bytes <= memory + bytes);
        for (size_t b = 0; b < meta->strips[i].end_bytes; b++)
            assert_int_equal(meta->strips[i].start[b], i + 1);
    }
    for (size_t i = 0; i < n_chunks; i++) {
        const char *chunk = (const char *)hmm_chunk_below(meta->chunks.first, i);
        assert_true(chunk >= memory && chunk + sizeof(struct hmm_chunk) <= memory + bytes);
        for (size_t b = 0; b < sizeof(struct hmm_chunk); b++)
            assert_int_equal(chunk[b], 100 + (int)i);
    }
    assert_non_null(last);
    free(meta);
    free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_buffer_break),
        cmocka_unit_test(test_injected_failure),
        cmocka_unit_test(test_records_do_not_overlap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
