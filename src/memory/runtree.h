/* runtree.h - the free runs by address: a tree of maxima, 16 children to a node.
 *
 * Leaf u holds the length of the free run that begins at unit u, else 0; a node holds the largest
 * of its 16 children. The lowest run of at least n units is found by walking down along the first
 * child that is large enough: first fit in address order, at most 8 levels, one cache line each.
 *
 * An example: two runs are free, 7 units at unit 2 and 100 units at unit 40.
 *
 *   level 0   leaf 2 = 7, leaf 40 = 100
 *   level 1   node 0 (units 0 to 15) = 7, node 2 (units 32 to 47) = 100
 *   level 2   node 0 (units 0 to 255) = 100
 *
 * A run of 10 units is looked for: level 2 has one; node 0 of level 1 has 7, too short; node 2 has
 * 100; the first of its leaves with 10 or more is leaf 40. When 10 units are taken there, leaf 40
 * becomes 0 and leaf 50 is 90: it is in node 3, so node 2 becomes 0, and node 0 of level 2 is 90.
 *
 * Layer   memory, above brk. Guarded by lock `pages`.
 * Source  the tree of maxima is a "tournament tree" (Knuth, TAOCP 3, 5.4.1); address-ordered first
 * fit fragments least: Johnstone and Wilson, "The memory fragmentation problem: solved?" (1998).
 */
#ifndef HMM_MEMORY_RUNTREE_H
#define HMM_MEMORY_RUNTREE_H

#include "base/base.h"
#include "base/tunables.h"

enum { HMM_RUN_NONE = -1 };

/* Where the nodes of a level are: blocks of 2^shift of them, block_bytes apart; whole families
 * each.
 */
struct hmm_runlevel {
    char *start;           /* const */
    unsigned shift;        /* const */
    ptrdiff_t block_bytes; /* const: from one to the next */
};

struct hmm_runtree {
    struct hmm_runlevel level[HMM_TREE_MAX_LEVELS]; /* level[0]: the leaves */
    unsigned top_level; /* lock:pages, the root's children are level[top_level] */
};

static inline uint32_t *hmm_runtree_node(const struct hmm_runtree *tree, unsigned level,
                                         uint32_t idx)
{
    const struct hmm_runlevel *l = &tree->level[level];
    char *block = l->start + (ptrdiff_t)(idx >> l->shift) * l->block_bytes;
    return (uint32_t *)(void *)block + (idx & (((uint32_t)1 << l->shift) - 1));
}

/* Set leaf `unit` to `n_units`. cost: one line per level, fewer when a maximum stays. */
void hmm_runtree_set(struct hmm_runtree *tree, uint32_t unit, uint32_t n_units);
/* A run begins at another unit, and has another length. */
void hmm_runtree_move(struct hmm_runtree *tree, uint32_t from, uint32_t to, uint32_t n_units);
/* The tree now spans `n_units` leaves. */
void hmm_runtree_span(struct hmm_runtree *tree, uint32_t n_units);
/* Lowest run at unit >= from with at least n_units; HMM_RUN_NONE. */
int64_t hmm_runtree_find(const struct hmm_runtree *tree, uint32_t from, uint32_t n_units);
/* Highest run at unit < before; HMM_RUN_NONE. */
int64_t hmm_runtree_last(const struct hmm_runtree *tree, uint32_t before);

static inline uint32_t hmm_runtree_at(const struct hmm_runtree *tree, uint32_t unit)
{
    return *hmm_runtree_node(tree, 0, unit);
}

#endif
