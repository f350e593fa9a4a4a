#include "unit/board.h"

#include "base/sizeclass.h"

/* Every size gets the smallest class that holds it. */
static void test_smallest_fit(void **state)
{
    (void)state;
    for (size_t bytes = 1; bytes <= HMM_SLAB_MAX_BYTES; bytes++) {
        unsigned c = hmm_sizeclass_of(bytes);
        assert_true(c > 0 && c < HMM_CLASSES);
        assert_true(hmm_sizeclasses[c].slot_bytes >= bytes);
        unsigned smaller = c - 1;
        while (smaller > 0 && hmm_sizeclasses[smaller].slot_bytes == 0)
            smaller--;
        assert_true(hmm_sizeclasses[smaller].slot_bytes < bytes);
    }
}

static void test_waste_is_bounded(void **state)
{
    (void)state;
    for (size_t bytes = 257; bytes <= HMM_SLAB_MAX_BYTES; bytes++) {
        size_t slot = hmm_sizeclasses[hmm_sizeclass_of(bytes)].slot_bytes;
        size_t limit = bytes <= 8192 ? slot / 8 : slot / 5;
        assert_true(slot - bytes <= limit);
    }
}

static void test_reciprocal_divides_exactly(void **state)
{
    (void)state;
    for (unsigned c = 1; c < HMM_CLASSES; c++) {
        const struct hmm_sizeclass *sc = &hmm_sizeclasses[c];
        if (sc->slot_bytes == 0)
            continue;
        uint32_t slab_bytes = (uint32_t)hmm_round_up(sc->slab_units * HMM_UNIT_BYTES, 65536);
        for (uint32_t offset = 0; offset < slab_bytes; offset++)
            assert_int_equal(hmm_sizeclass_slot(sc, offset), offset / sc->slot_bytes);
    }
}

static void test_all_slots_are_granules(void **state)
{
    (void)state;
    for (unsigned c = 1; c < HMM_CLASSES; c++) {
        assert_int_equal(hmm_sizeclasses[c].slot_bytes % HMM_GRANULE_BYTES, 0);
        if (c <= HMM_SMALL_CLASSES && hmm_sizeclasses[c].slot_bytes != 0)
            assert_int_equal(hmm_sizeclasses[c].slot_bytes, c * HMM_GRANULE_BYTES);
    }
}

/* A small size that is a multiple of a power of two has a class whose slots are, too. Of a medium
 * one another class may be needed; where not, its coarse class has such slots as well. */
static void test_multiples_stay_aligned(void **state)
{
    (void)state;
    unsigned n_others = 0;
    for (size_t align = HMM_GRANULE_BYTES; align <= HMM_UNIT_BYTES; align *= 2)
        for (size_t bytes = align; bytes <= HMM_SLAB_MAX_BYTES; bytes += align) {
            unsigned c = hmm_sizeclass_of(bytes);
            unsigned aligned = hmm_sizeclass_aligned(align, bytes);
            assert_int_equal(hmm_sizeclasses[aligned].slot_bytes % align, 0);
            assert_true(align <= hmm_sizeclasses[aligned].align_bytes);
            assert_int_equal(align <= hmm_sizeclasses[c].align_bytes, aligned == c);
            assert_true(aligned == c || bytes > HMM_SMALL_MAX_BYTES);
            n_others += aligned != c;
            if (aligned == c)
                assert_int_equal(hmm_sizeclasses[hmm_sizeclass_coarse(c)].slot_bytes % align, 0);
        }
    assert_int_equal(n_others, 3); /* 4,224 and 4,352 bytes: their class has slots of 4,416 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_smallest_fit),
        cmocka_unit_test(test_waste_is_bounded),
        cmocka_unit_test(test_reciprocal_divides_exactly),
        cmocka_unit_test(test_all_slots_are_granules),
        cmocka_unit_test(test_multiples_stay_aligned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
