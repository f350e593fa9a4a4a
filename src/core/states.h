/* states.h - memory of state bytes that are all zero goes back.
 *
 * Layer   core, above pages (same state), below slab.
 */
#ifndef HMM_CORE_STATES_H
#define HMM_CORE_STATES_H

#include "core/pages.h"

/* Give back the state bytes of free units, whole pages of them. The units are in no free run. */
void hmm_states_drop(struct hmm_pages *pages, uint32_t unit, uint32_t n_units);

/* Give back every page of state bytes that describes no slab of its density.
 * locks: takes states, for a short time each */
void hmm_states_sweep(struct hmm_pages *pages);

#endif
