/* sparse.c - large blocks of which hardly anything is used.
 *
 * Layer   slabs, above dense. Start reading at sparse.h.
 */
#include "slabs/sparse.h"

#include "slabs/dense.h"

#include <string.h>

/* Of HMM_SPARSE_SAMPLES pages, not at round distances, how many are in memory; `most` are enough.
 */
static unsigned count_resident(const char *block, size_t bytes, unsigned most)
{
    size_t page_bytes = hmm_port_page_bytes();
    size_t step_bytes = bytes / HMM_SPARSE_SAMPLES;
    unsigned n = 0;
    for (size_t i = 0; i < HMM_SPARSE_SAMPLES && n < most; i++) {
        size_t at = hmm_round_down(i * step_bytes + step_bytes / 3, page_bytes);
        n += hmm_port_resident(block + at, page_bytes) != 0;
    }
    return n;
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

static bool is_last(const struct hmm_pages *pages, const struct hmm_sparse *sparse, uint32_t unit)
{
    return sparse->n_units != 0 && sparse->unit == unit &&
           hmm_pagemap_entry(pages->map, unit) == HMM_KIND_LARGE &&
           hmm_pages_run_units(pages, unit) == sparse->n_units;
}

static void judge(const struct hmm_pages *pages, struct hmm_sparse *sparse)
{
    const unsigned most = HMM_SPARSE_SAMPLES - HMM_SPARSE_SAMPLES / HMM_DENSE_SHARE;
    const char *block = hmm_pagemap_address(pages->map, sparse->unit);
    size_t bytes = (size_t)sparse->n_units << HMM_UNIT_SHIFT;
    sparse->use = count_resident(block, bytes, most) == most ? HMM_USE_FULL : HMM_USE_SPARSE;
    sparse->n_units = 0;
}

bool hmm_sparse_ask(const struct hmm_pages *pages, struct hmm_sparse *sparse, uint32_t unit)
{
    if (is_last(pages, sparse, sparse->unit))
        judge(pages, sparse);
    sparse->n_made++;
    bool looks = hmm_is_power_of_two(sparse->n_made) &&
                 (sparse->use == HMM_USE_UNKNOWN || sparse->n_made >= HMM_SPARSE_SURE);
    if (sparse->use != HMM_USE_SPARSE && !looks)
        return false;
    sparse->unit = unit;
    sparse->n_units = hmm_pages_run_units(pages, unit);
    return true;
}

void hmm_sparse_look(const struct hmm_pages *pages, struct hmm_sparse sparse[], uint32_t unit)
{
    uint32_t n_units = hmm_pages_run_units(pages, unit);
    struct hmm_sparse *own = &sparse[hmm_log2(n_units | 1) % HMM_WITNESSES];
    if (hmm_unlikely(is_last(pages, own, unit)))
        judge(pages, own);
}
