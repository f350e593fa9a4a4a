#include "unit/buffer_heap.h"

enum { HEAP_BYTES = 8 << 20 };

static void test_all_slots_once_in_address_order(void **state)
{
    (void)state;
    struct buffer_heap *h = buffer_heap_make(HEAP_BYTES);
    struct hmm_slabs *slabs = &h->heap.arenas.slabs;
    struct hmm_arena *arena = h->heap.arenas.shared[0];
    for (unsigned c = 1; c < HMM_CLASSES; c++) {
        if (hmm_sizeclasses[c].slot_bytes == 0)
            continue;
        struct hmm_slab *slab = hmm_slab_create(slabs, c, hmm_sizeclasses[c].slab_units,
                                                HMM_MAY_GROW, arena, arena->tag);
        assert_non_null(slab);
        static hmm_mark out[HMM_SLAB_MAX_SLOTS + 1];
        unsigned n = hmm_slab_take(slab, &out[HMM_SLAB_MAX_SLOTS], HMM_SLAB_MAX_SLOTS + 1);
        assert_int_equal(n, slab->n_slots);
        assert_int_equal(slab->n_free, 0);
        for (unsigned i = 0; i < n; i++) {
            char *block = hmm_mark_block(out[HMM_SLAB_MAX_SLOTS - i]);
            assert_ptr_equal(block, slab->start + (size_t)i * slab->slot_bytes);
            assert_int_equal(hmm_slab_slot(slab, block), i);
            assert_ptr_equal(hmm_slab_at(&h->heap.map, block), slab);
        }
        for (unsigned i = 0; i < n; i++)
            assert_true(hmm_slab_put(slab, i / 64, (uint64_t)1 << (i % 64)));
        slab->n_free += n;
        assert_false(hmm_slab_put(slab, 0, 1)); /* twice */
        hmm_slab_destroy(slabs, slab);
    }
    buffer_heap_drop(h);
}

static void test_remote_words_are_collected(void **state)
{
    (void)state;
    struct buffer_heap *h = buffer_heap_make(HEAP_BYTES);
    struct hmm_slabs *slabs = &h->heap.arenas.slabs;
    struct hmm_arena *arena = h->heap.arenas.shared[0];
    struct hmm_slab *slab = hmm_slab_create(slabs, 4, 4, HMM_MAY_GROW, arena, arena->tag);
    hmm_mark out[256];
    assert_int_equal(hmm_slab_take(slab, &out[255], 256), 256);
    assert_true(hmm_slab_put_remote(slab, 1, 0x0f));
    assert_true(hmm_slab_put_remote(slab, 3, 0x80));
    assert_false(hmm_slab_put_remote(slab, 1, 0x08)); /* twice */
    assert_int_equal(hmm_slab_collect(slab), 5);
    assert_int_equal(hmm_slab_collect(slab), 0);
    assert_int_equal(slab->n_free, slab->n_slots - 256 + 5);
    assert_int_equal(hmm_slab_take(slab, &out[255], 1), 1);
    assert_ptr_equal(hmm_mark_block(out[255]), slab->start + 64 * slab->slot_bytes);
    assert_int_equal(hmm_slab_take(slab, &out[255], 256), 256);
    free(h->buffer); /* no heap check: the taken slots are nowhere */
    free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_slots_once_in_address_order),
        cmocka_unit_test(test_remote_words_are_collected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
