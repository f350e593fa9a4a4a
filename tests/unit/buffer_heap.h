/* buffer_heap.h - a heap over a buffer, for the tests of the core's modules.
 */
#ifndef HMM_TESTS_BUFFER_HEAP_H
#define HMM_TESTS_BUFFER_HEAP_H

#include "unit/board.h"

#include "heap/check.h"
#include "heap/heap.h"
#include "heap/walk.h"
#include "memory/pages.h"
#include "memory/pieces.h"

#include <stdlib.h>

struct buffer_heap {
    struct hmm_heap heap;
    struct hmm_thread self;
    void *buffer;
};

/* map_threshold: 0 leaves it as it is */
static inline struct buffer_heap *buffer_heap_make_mapping(size_t bytes, size_t map_threshold)
{
    struct hmm_tunables tunables = *hmm_tunables_defaults();
    if (map_threshold != 0)
        tunables.map_threshold = map_threshold;
    struct buffer_heap *h = calloc(1, sizeof *h);
    h->buffer = calloc(1, bytes);
    tunables.grow_min = HMM_UNIT_BYTES * 4;
    assert_true(hmm_heap_init_buffer(&h->heap, &tunables, h->buffer, bytes));
    return h;
}

static inline struct buffer_heap *buffer_heap_make(size_t bytes)
{
    return buffer_heap_make_mapping(bytes, 0);
}

static inline void buffer_heap_check(struct buffer_heap *h)
{
    const char *wrong = hmm_heap_check(&h->heap);
    if (wrong != NULL)
        fail_msg("heap check: %s", wrong);
}

static inline void buffer_heap_drop(struct buffer_heap *h)
{
    buffer_heap_check(h);
    free(h->buffer);
    free(h);
}

#endif
