/* options_read.h - where the options come from.
 *
 * Layer   process.
 */
#ifndef HMM_PROCESS_OPTIONS_READ_H
#define HMM_PROCESS_OPTIONS_READ_H

#include "base/base.h"
#include "base/tunables.h"

/* Read the options over the defaults: the build's, the program's, the environment's. Bad ones are
 * reported on standard error. */
void hmm_options_read(struct hmm_tunables *tunables);

#endif
