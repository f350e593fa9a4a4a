/* dense.c - are blocks that are longer than a page used all over?
 *
 * Layer   slabs, lowest. Start reading at dense.h.
 */
#include "slabs/dense.h"

#include "base/check.h"

/* Is it still what it was? Else nothing is known any more. Others may be about to free it. */
HMM_HINT static bool is_there(const struct hmm_pages *pages, const struct hmm_witness *witness,
                              uint32_t entry)
{
    return witness->n_units != 0 && hmm_pagemap_entry(pages->map, witness->unit) == entry &&
           __atomic_load_n(&hmm_unit(pages->map, witness->unit)->n_units, __ATOMIC_RELAXED) ==
               witness->n_units;
}

bool hmm_dense_is_in_memory(const char *start, size_t bytes)
{
    HMM_ASSERT(bytes <= HMM_RESIDENT_BYTES);
    size_t n_pages = bytes / hmm_port_page_bytes();
    return hmm_port_resident(start, bytes) >= n_pages - n_pages / HMM_DENSE_SHARE;
}

/* All of it, or its beginning. */
static bool is_in_memory(const struct hmm_pages *pages, const struct hmm_witness *witness)
{
    size_t bytes = hmm_min((size_t)witness->n_units << HMM_UNIT_SHIFT, HMM_RESIDENT_BYTES);
    return hmm_dense_is_in_memory(hmm_pagemap_address(pages->map, witness->unit), bytes);
}

bool hmm_dense_ask(const struct hmm_pages *pages, struct hmm_witness *witness, uint32_t unit,
                   uint32_t entry)
{
    bool known = witness->unit != unit && is_there(pages, witness, entry);
    uint32_t n_each = (uint32_t)HMM_DENSE_EACH << hmm_min(witness->n_empty, HMM_DENSE_DOUBLINGS);
    if (known && ++witness->n_since < n_each) {
        if (!witness->dense && hmm_is_power_of_two(witness->n_since))
            witness->dense = is_in_memory(pages, witness);
        return witness->dense;
    }
    uint32_t n_empty = known && !witness->dense ? witness->n_empty + 1 : 0;
    *witness = (struct hmm_witness){
        .unit = unit, .n_units = hmm_pages_run_units(pages, unit), .n_empty = n_empty};
    return false;
}
