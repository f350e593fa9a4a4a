/* sparse.c - large blocks of which hardly anything is used.
 *
 * Layer   slabs, above dense. Start reading at sparse.h.
 */
#include "slabs/sparse.h"

#include "slabs/dense.h"

#include <string.h>

/* Is the i-th of HMM_SPARSE_SAMPLES pages, not at round distances, in memory? */
static bool is_resident(const char *block, size_t bytes, size_t i)
{
    size_t page_bytes = hmm_port_page_bytes();
    size_t step_bytes = bytes / HMM_SPARSE_SAMPLES;
    size_t at = hmm_round_down(i * step_bytes + step_bytes / 3, page_bytes);
    return hmm_port_resident(block + at, page_bytes) != 0;
}

/* How many of them are; `most` are enough. */
static unsigned count_resident(const char *block, size_t bytes, unsigned most)
{
    unsigned n = 0;
    for (size_t i = 0; i < HMM_SPARSE_SAMPLES && n < most; i++)
        n += is_resident(block, bytes, i);
    return n;
}

/* Are so many of them? Looks at no more than it takes to know. */
static bool are_resident(const char *block, size_t bytes, unsigned least)
{
    unsigned n = 0;
    for (size_t i = 0; n < least && n + HMM_SPARSE_SAMPLES - i >= least; i++)
        n += is_resident(block, bytes, i);
    return n >= least;
}

/* Contents go back to the system; where that refuses, they are cleared. */
static void purge_or_clear(char *start, size_t bytes)
{
    if (bytes != 0 && !hmm_port_purge(start, bytes))
        memset(start, 0, bytes);
}

static bool is_clear(const char *start, size_t bytes)
{
    return start[0] == 0 && memcmp(start, start + 1, bytes - 1) == 0;
}

/* Pages that nobody has written to, but read, are the system's page of zeros: they stay so. */
static void clear_pages(char *start, size_t bytes)
{
    size_t page_bytes = hmm_port_page_bytes();
    for (size_t at = 0; at < bytes; at += page_bytes)
        if (!is_clear(start + at, page_bytes))
            memset(start + at, 0, page_bytes);
}

void hmm_sparse_clear(char *block, size_t bytes)
{
    size_t sparse_from = 0; /* up to `at` */
    size_t looked_at = count_resident(block, bytes, 1) == 0 ? 0 : bytes;
    for (size_t at = 0; at < looked_at; at += HMM_RESIDENT_BYTES) {
        size_t n_bytes = hmm_min(bytes - at, HMM_RESIDENT_BYTES);
        if (!hmm_dense_is_in_memory(block + at, n_bytes))
            continue;
        purge_or_clear(block + sparse_from, at - sparse_from);
        clear_pages(block + at, n_bytes);
        sparse_from = at + n_bytes;
    }
    purge_or_clear(block + sparse_from, bytes - sparse_from);
}

/* --- old contents -------------------------------------------------------------------------------
 */

/* So many of the samples in memory: a block is used all over. */
static const unsigned full_samples = HMM_SPARSE_SAMPLES - HMM_SPARSE_SAMPLES / HMM_DENSE_SHARE;

bool hmm_sparse_is_full(const char *block, size_t bytes)
{
    return are_resident(block, bytes, full_samples);
}

static enum hmm_use use_of(const struct hmm_sparse *sparse)
{
    return atomic_load_explicit(&sparse->use, memory_order_relaxed); /* relaxed: a hint */
}

/* Is the one that shows still what it was, or freed and cached? Others may be about to free it. */
HMM_HINT static bool is_shown(const struct hmm_pages *pages, const struct hmm_sparse *sparse)
{
    uint32_t unit = hmm_hint_get(&sparse->unit);
    uint32_t n_units = hmm_hint_get(&sparse->n_units);
    uint32_t entry = hmm_pagemap_entry(pages->map, unit);
    return n_units != 0 && (entry == HMM_KIND_LARGE || entry == HMM_KIND_LARGE_CACHED) &&
           __atomic_load_n(&hmm_unit(pages->map, unit)->n_units, __ATOMIC_RELAXED) == n_units;
}

static void set_use(struct hmm_sparse *sparse, enum hmm_use use)
{
    atomic_store_explicit(&sparse->use, use, memory_order_relaxed); /* relaxed: a hint */
}

/* Look at the one that shows; is_end: it is about to be freed. Before that, what is not used may
 * yet be: this is believed until it has turned out to be wrong once. */
static void judge(const struct hmm_pages *pages, struct hmm_sparse *sparse, bool is_end)
{
    const char *block = hmm_pagemap_address(pages->map, hmm_hint_get(&sparse->unit));
    size_t bytes = (size_t)hmm_hint_get(&sparse->n_units) << HMM_UNIT_SHIFT;
    unsigned n_used = count_resident(block, bytes, full_samples);
    bool is_full = n_used == full_samples;
    if (is_full && use_of(sparse) == HMM_USE_SPARSE)
        hmm_hint_set(&sparse->filled_late, 1);
    if (!is_full && !is_end && hmm_hint_get(&sparse->filled_late) != 0)
        return;
    set_use(sparse, is_full ? HMM_USE_FULL : HMM_USE_SPARSE);
    hmm_hint_set(&sparse->n_used, n_used);
    if (is_full || is_end)
        hmm_hint_set(&sparse->n_units, 0);
}

/* Has the block that is made now got many more old contents than it will need? Where it hasn't,
 * the next ones are not all looked at. */
static bool has_more(struct hmm_sparse *sparse, const char *block, size_t bytes)
{
    unsigned most = (unsigned)hmm_max(2 * hmm_hint_get(&sparse->n_used) + 2, full_samples);
    bool more = are_resident(block, bytes, most);
    uint32_t n_in_vain = more ? 0 : hmm_hint_get(&sparse->n_in_vain) + 1;
    hmm_hint_set(&sparse->n_in_vain, n_in_vain);
    hmm_hint_set(&sparse->look_at,
                 hmm_hint_get(&sparse->n_made) + (1u << hmm_min(n_in_vain, HMM_SPARSE_DOUBLINGS)));
    return more;
}

static struct hmm_sparse *range_of(struct hmm_sparse sparse[], uint32_t n_units)
{
    return &sparse[hmm_dense_length(n_units)];
}

/* Are blocks half or twice as long filled? */
static bool is_neighbour_full(struct hmm_sparse sparse[], const struct hmm_sparse *own)
{
    ptrdiff_t at = own - sparse;
    return (at > 0 && use_of(own - 1) == HMM_USE_FULL) ||
           (at < HMM_WITNESSES - 1 && use_of(own + 1) == HMM_USE_FULL);
}

enum hmm_old hmm_sparse_ask(const struct hmm_pages *pages, struct hmm_sparse sparse[],
                            uint32_t unit, bool is_old)
{
    const char *block = hmm_pagemap_address(pages->map, unit);
    uint32_t n_units = hmm_pages_run_units(pages, unit);
    size_t bytes = (size_t)n_units << HMM_UNIT_SHIFT;
    struct hmm_sparse *own = range_of(sparse, n_units);
    uint32_t n_made = hmm_hint_get(&own->n_made) + 1;
    hmm_hint_set(&own->n_made, n_made);
    bool looks = (int32_t)(n_made - hmm_hint_get(&own->look_at)) >= 0;
    bool shows = hmm_hint_get(&own->unit) != unit && is_shown(pages, own);
    if (use_of(own) == HMM_USE_SPARSE && (!is_old || !looks || !has_more(own, block, bytes)))
        return HMM_OLD_STAYS;
    if (shows && (looks || (use_of(own) == HMM_USE_FULL && !is_old)))
        judge(pages, own, false);
    enum hmm_use use = use_of(own);
    enum hmm_old old = HMM_OLD_GOES;
    if (use == HMM_USE_SPARSE && !is_old)
        return HMM_OLD_STAYS;
    if (use == HMM_USE_UNKNOWN &&
        (!hmm_is_power_of_two(n_made) || (is_old && n_made <= 2 && is_neighbour_full(sparse, own))))
        return HMM_OLD_GOOD;
    if (use == HMM_USE_FULL) { /* only a block of new memory shows it for nothing */
        if (is_old || hmm_pages_have_spare(pages) || (!looks && !is_shown(pages, own)))
            return HMM_OLD_FULL;
        hmm_hint_set(&own->look_at, n_made + HMM_SPARSE_FULL_EACH);
        old = HMM_OLD_STAYS; /* nor does it get its pages by one call */
    }
    if (!shows || !is_shown(pages, own)) {
        hmm_hint_set(&own->unit, unit);
        hmm_hint_set(&own->n_units, n_units);
    }
    return old;
}

void hmm_sparse_look(const struct hmm_pages *pages, struct hmm_sparse sparse[], uint32_t unit)
{
    struct hmm_sparse *own = range_of(sparse, hmm_pages_run_units(pages, unit));
    if (hmm_unlikely(hmm_hint_get(&own->n_units) != 0 && hmm_hint_get(&own->unit) == unit &&
                     is_shown(pages, own)))
        judge(pages, own, true);
}
