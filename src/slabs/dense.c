/* dense.c - are blocks that are longer than a page used all over?
 *
 * Layer   slabs, lowest. Start reading at dense.h.
 */
#include "slabs/dense.h"

/* Is it still what it was? Else nothing is known any more. */
static bool is_there(const struct hmm_pages *pages, const struct hmm_witness *witness,
                     uint32_t entry)
{
    return witness->n_units != 0 && hmm_pagemap_entry(pages->map, witness->unit) == entry &&
           hmm_pages_run_units(pages, witness->unit) == witness->n_units;
}

/* Are its first pages, or all of them, nearly all in memory? */
static bool is_in_memory(const struct hmm_pages *pages, const struct hmm_witness *witness)
{
    size_t bytes = hmm_min((size_t)witness->n_units << HMM_UNIT_SHIFT, HMM_RESIDENT_BYTES);
    size_t n_pages = bytes / hmm_port_page_bytes();
    size_t resident = hmm_port_resident(hmm_pagemap_address(pages->map, witness->unit), bytes);
    return resident >= n_pages - n_pages / HMM_DENSE_SHARE;
}

bool hmm_dense_ask(const struct hmm_pages *pages, struct hmm_witness *witness, uint32_t unit,
                   uint32_t entry)
{
    bool known = witness->unit != unit && is_there(pages, witness, entry);
    if (known && ++witness->n_since < HMM_DENSE_EACH) {
        witness->dense = witness->dense || is_in_memory(pages, witness);
        return witness->dense;
    }
    *witness = (struct hmm_witness){.unit = unit, .n_units = hmm_pages_run_units(pages, unit)};
    return false;
}
