#include "unit/board.h"

#include "memory/runtree.h"

#include <stdlib.h>

enum { LEAVES = 5000 };

/* Blocks with something else between them, as chunks have them. */
static struct hmm_runlevel level_of_blocks(size_t n_nodes, unsigned shift)
{
    size_t block_bytes = (sizeof(uint32_t) << shift) + 96;
    size_t n_blocks = (n_nodes >> shift) + 1;
    return (struct hmm_runlevel){calloc(n_blocks, block_bytes), shift, (ptrdiff_t)block_bytes};
}

static struct hmm_runtree *make_tree(uint32_t span)
{
    struct hmm_runtree *tree = calloc(1, sizeof *tree);
    for (unsigned l = 0; l < HMM_TREE_MAX_LEVELS; l++)
        tree->level[l] = level_of_blocks(((size_t)LEAVES >> (4 * l)) + 32, l == 0 ? 8 : 4);
    hmm_runtree_span(tree, span);
    return tree;
}

static void drop_tree(struct hmm_runtree *tree)
{
    for (unsigned l = 0; l < HMM_TREE_MAX_LEVELS; l++)
        free(tree->level[l].start);
    free(tree);
}

static int64_t slow_find(const uint32_t *leaf, uint32_t from, uint32_t n)
{
    for (uint32_t u = from; u < LEAVES; u++)
        if (leaf[u] >= n)
            return u;
    return HMM_RUN_NONE;
}

static int64_t slow_last(const uint32_t *leaf, uint32_t before)
{
    for (int64_t u = (int64_t)before - 1; u >= 0; u--)
        if (leaf[u] != 0)
            return u;
    return HMM_RUN_NONE;
}

static void test_against_a_plain_array(void **state)
{
    (void)state;
    struct hmm_runtree *tree = make_tree(LEAVES);
    static uint32_t leaf[LEAVES];
    srand(7);
    for (int i = 0; i < 200000; i++) {
        uint32_t unit = (uint32_t)rand() % LEAVES;
        uint32_t n = rand() % 3 == 0 ? (uint32_t)rand() % 100 : 0;
        leaf[unit] = n;
        hmm_runtree_set(tree, unit, n);
        uint32_t to = (unit + 1 + (uint32_t)rand() % 40) % LEAVES;
        if (rand() % 2 == 0) {
            leaf[unit] = 0;
            leaf[to] = 1 + (uint32_t)rand() % 100;
            hmm_runtree_move(tree, unit, to, leaf[to]);
        }
        uint32_t from = (uint32_t)rand() % LEAVES;
        uint32_t want = 1 + (uint32_t)rand() % 110;
        assert_int_equal(hmm_runtree_find(tree, from, want), slow_find(leaf, from, want));
        assert_int_equal(hmm_runtree_last(tree, from), slow_last(leaf, from));
    }
    drop_tree(tree);
}

static void test_grows_with_its_span(void **state)
{
    (void)state;
    struct hmm_runtree *tree = make_tree(10);
    assert_int_equal(tree->top_level, 0);
    hmm_runtree_set(tree, 3, 7);
    hmm_runtree_span(tree, 17);
    assert_int_equal(tree->top_level, 1);
    hmm_runtree_span(tree, 4097);
    assert_int_equal(tree->top_level, 3);
    assert_int_equal(hmm_runtree_find(tree, 0, 7), 3);
    assert_int_equal(hmm_runtree_find(tree, 4, 1), HMM_RUN_NONE);
    drop_tree(tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_a_plain_array),
        cmocka_unit_test(test_grows_with_its_span),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
