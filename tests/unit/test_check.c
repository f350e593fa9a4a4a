/* The checker is the oracle of the stress tests: here each of its clauses is shown to fail on a
 * heap that is damaged in just that way, and to pass again once it is mended. */
#include "unit/buffer_heap.h"

enum { HEAP_BYTES = 16 << 20 };

static struct buffer_heap *busy_heap(void)
{
    struct buffer_heap *h = buffer_heap_make(HEAP_BYTES);
    static void *blocks[2000];
    for (int i = 0; i < 2000; i++)
        blocks[i] = hmm_heap_alloc(&h->heap, &h->self, 16 + (size_t)(i % 50) * 16, NULL);
    for (int i = 0; i < 2000; i += 3)
        hmm_heap_free(&h->heap, &h->self, blocks[i], "HmmFree");
    void *large[6];
    for (int i = 0; i < 6; i++)
        large[i] = hmm_heap_alloc(&h->heap, &h->self, 50000, NULL);
    hmm_pages_give(&h->heap.pages,
                   (uint32_t)hmm_pages_take(&h->heap.pages, 2, 1, HMM_MAY_GROW, NULL));
    for (int i = 0; i < 6; i += 2)
        hmm_heap_free(&h->heap, &h->self, large[i], "HmmFree");
    hmm_large_flush(&h->heap.large, h->self.arena);
    for (int i = 0; i < 300;
         i++) /* magazines in use, after the large blocks had idle ones emptied */
        hmm_heap_alloc(&h->heap, &h->self, 40 + (size_t)(i % 3) * 100, NULL);
    buffer_heap_check(h);
    return h;
}

static void expect(struct buffer_heap *h, const char *invariant)
{
    const char *wrong = hmm_heap_check(&h->heap);
    assert_non_null(wrong);
    assert_memory_equal(wrong, invariant, strlen(invariant));
}

#define DAMAGE(h, place, value, invariant)                                                         \
    do {                                                                                           \
        __typeof__(place) saved = (place);                                                         \
        (place) = (value);                                                                         \
        expect(h, invariant);                                                                      \
        (place) = saved;                                                                           \
        buffer_heap_check(h);                                                                      \
    } while (0)

static void test_pages_clauses(void **state)
{
    (void)state;
    struct buffer_heap *h = busy_heap();
    struct hmm_pages *p = &h->heap.pages;
    uint32_t run = (uint32_t)hmm_runtree_find(&p->tree, 0, 1);
    uint32_t n = hmm_runtree_at(&p->tree, run);
    DAMAGE(h, hmm_unit(p->map, run + n - 1)->tail_units, n + 1, "I5");
    DAMAGE(h, p->free_units, p->free_units + 1, "I5");
    DAMAGE(h, p->dirty_units, p->dirty_units + 1, "I5");
    DAMAGE(h, p->n_borders, p->n_borders + 1, "I13");
    DAMAGE(h, *hmm_runtree_node(&p->tree, 1, 0), *hmm_runtree_node(&p->tree, 1, 0) + 1, "I3");
    DAMAGE(h, p->highest->behind, p->highest->behind - 1, "I5");
    DAMAGE(h, p->highest->first, p->highest->first + 1, "I5");
    DAMAGE(h, h->heap.brk.top, h->heap.brk.top + HMM_UNIT_BYTES, "I5");
    uint32_t used = run + n;
    DAMAGE(h, hmm_unit(p->map, used)->n_units, 0, "I5");
    hmm_pagemap_set(p->map, run, HMM_KIND_LARGE);
    expect(h, "I1");
    hmm_pagemap_set(p->map, run, HMM_KIND_NONE);
    /* a free run cut in two that were not coalesced */
    assert_true(hmm_runtree_at(&p->tree, run) >= 2);
    hmm_runtree_set(&p->tree, run, 1);
    hmm_unit(p->map, run)->tail_units = 1;
    hmm_runtree_set(&p->tree, run + 1, n - 1);
    hmm_unit(p->map, run + n - 1)->tail_units = n - 1;
    expect(h, "I4");
    free(h->buffer);
    free(h);
}

static struct hmm_slab *some_slab(struct buffer_heap *h, struct hmm_magazine **mag)
{
    for (unsigned c = 2; c < HMM_CLASSES; c++) {
        *mag = h->self.arena->magazines[c];
        if (*mag != NULL && (*mag)->bin.current != NULL && (*mag)->bin.current->n_free > 1 &&
            hmm_magazine_objs(*mag) > 1)
            return (*mag)->bin.current;
    }
    fail_msg("no class in use");
    return NULL;
}

static void test_slab_and_magazine_clauses(void **state)
{
    (void)state;
    struct buffer_heap *h = busy_heap();
    struct hmm_magazine *mag;
    struct hmm_slab *slab = some_slab(h, &mag);
    DAMAGE(h, slab->n_free, slab->n_free - 1, "I6");
    DAMAGE(h, slab->hint_word, slab->n_words, "I6");
    DAMAGE(h, slab->place, HMM_SLAB_FULL, "I8");
    DAMAGE(h, mag->bin.n_slabs, mag->bin.n_slabs + 1, "I8");
    DAMAGE(h, slab->purged_pages, ~(uint64_t)0, "I11");
    struct hmm_arena *owner = atomic_load(&slab->arena);
    DAMAGE(h, owner->slab_bytes, owner->slab_bytes + 16, "I12");
    DAMAGE(h, owner->free_bytes, owner->free_bytes + 16, "I12");
    DAMAGE(h, owner->sweep.purged_bytes, owner->sweep.purged_bytes + 4096, "I12");
    DAMAGE(h, owner->sweep.told_units, owner->sweep.told_units + 1, "I12");
    DAMAGE(h, owner->sweep.told_spare, owner->sweep.told_spare + 1, "I12");
    DAMAGE(h, h->heap.pages.away_bytes, h->heap.pages.away_bytes + 16, "I12");
    hmm_mark *slots = mag->loaded->slots;
    DAMAGE(h, slots[0], slots[1], "I9");
    DAMAGE(h, slots[1], slots[1] + 16, "I9");
    DAMAGE(h, mag->depot.n_full, mag->depot.n_full + 1, "I9");
    DAMAGE(h, mag->top, mag->top - 1, "I7"); /* one is lost */
    uint8_t *byte = hmm_state_of(&mag->states, slots[1]);
    DAMAGE(h, *byte, (uint8_t)slots[1], "I7");
    buffer_heap_drop(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pages_clauses),
        cmocka_unit_test(test_slab_and_magazine_clauses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
