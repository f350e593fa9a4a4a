/* runtree.c - the free runs by address.
 *
 * Layer   memory, above brk. Start reading at hmm_runtree_find.
 * Keeps   I3 every node is the maximum of its children.
 */
#include "memory/runtree.h"

enum { ARITY = 1 << HMM_TREE_ARITY_SHIFT, CHILD_MASK = ARITY - 1 };

static uint32_t max_of_children(const uint32_t *children)
{
    uint32_t max = 0;
    for (unsigned i = 0; i < ARITY; i++)
        max = children[i] > max ? children[i] : max;
    return max;
}

/* The maximum of leaf `idx` and its neighbours was `was` or more, and now one of them is `is`, the
 * others not more than they were. A node's children are looked through only where the greatest has
 * become less. */
static void propagate(struct hmm_runtree *tree, uint32_t idx, uint32_t was, uint32_t is)
{
    for (unsigned l = 0; l < tree->top_level; l++) {
        uint32_t *parent = hmm_runtree_node(tree, l + 1, idx >> HMM_TREE_ARITY_SHIFT);
        if (is < *parent) {
            if (was < *parent) /* that of another child */
                return;
            is = max_of_children(hmm_runtree_node(tree, l, idx & ~(uint32_t)CHILD_MASK));
        }
        if (is == *parent)
            return;
        was = *parent;
        *parent = is;
        idx >>= HMM_TREE_ARITY_SHIFT;
    }
}

void hmm_runtree_set(struct hmm_runtree *tree, uint32_t unit, uint32_t n_units)
{
    uint32_t *leaf = hmm_runtree_node(tree, 0, unit);
    uint32_t was = *leaf;
    *leaf = n_units;
    propagate(tree, unit, was, n_units);
}

void hmm_runtree_move(struct hmm_runtree *tree, uint32_t from, uint32_t to, uint32_t n_units)
{
    if ((from ^ to) >> HMM_TREE_ARITY_SHIFT != 0) {
        hmm_runtree_set(tree, to, n_units);
        hmm_runtree_set(tree, from, 0);
        return;
    }
    uint32_t *old = hmm_runtree_node(tree, 0, from);
    uint32_t *new = hmm_runtree_node(tree, 0, to);
    uint32_t was = *old > *new ? *old : *new;
    *old = 0;
    *new = n_units;
    propagate(tree, to, was, n_units);
}

void hmm_runtree_span(struct hmm_runtree *tree, uint32_t n_units)
{
    while (tree->top_level + 1 < HMM_TREE_MAX_LEVELS &&
           (uint64_t)n_units > (uint64_t)ARITY << (HMM_TREE_ARITY_SHIFT * tree->top_level)) {
        uint32_t max = max_of_children(hmm_runtree_node(tree, tree->top_level, 0));
        tree->top_level++;
        *hmm_runtree_node(tree, tree->top_level, 0) = max;
    }
}

/* First child at or after `child` with at least n_units; ARITY: none. */
static unsigned first_child(const uint32_t *children, unsigned child, uint32_t n_units)
{
    while (child < ARITY && children[child] < n_units)
        child++;
    return child;
}

/* The first leaf with at least n_units below a node that has one. */
static uint32_t descend(const struct hmm_runtree *tree, unsigned level, uint32_t idx,
                        uint32_t n_units)
{
    while (level > 0) {
        level--;
        idx <<= HMM_TREE_ARITY_SHIFT;
        idx += first_child(hmm_runtree_node(tree, level, idx), 0, n_units);
    }
    return idx;
}

int64_t hmm_runtree_find(const struct hmm_runtree *tree, uint32_t from, uint32_t n_units)
{
    unsigned level = from == 0 ? tree->top_level : 0;
    uint32_t idx = from;
    unsigned child = from & CHILD_MASK;
    /* up, while nothing to the right under this node is large enough */
    for (;;) {
        uint32_t node = idx & ~(uint32_t)CHILD_MASK;
        child = first_child(hmm_runtree_node(tree, level, node), child, n_units);
        if (child < ARITY)
            return descend(tree, level, node + child, n_units);
        if (level == tree->top_level)
            return HMM_RUN_NONE;
        level++;
        idx >>= HMM_TREE_ARITY_SHIFT;
        child = (idx & CHILD_MASK) + 1;
    }
}

int64_t hmm_runtree_last(const struct hmm_runtree *tree, uint32_t before)
{
    int64_t idx = (int64_t)before - 1;
    unsigned level = 0;
    while (idx >= 0) {
        if (*hmm_runtree_node(tree, level, (uint32_t)idx) != 0)
            break;
        if ((idx & CHILD_MASK) != 0) {
            idx--;
            continue;
        }
        if (level == tree->top_level)
            return HMM_RUN_NONE;
        idx = (idx >> HMM_TREE_ARITY_SHIFT) - 1;
        level++;
    }
    if (idx < 0)
        return HMM_RUN_NONE;
    for (; level > 0; level--) {
        idx = (idx << HMM_TREE_ARITY_SHIFT) + ARITY - 1;
        while (*hmm_runtree_node(tree, level - 1, (uint32_t)idx) == 0)
            idx--;
    }
    return idx;
}
