/* environment.h - a variable of the environment, at any time.
 *
 * Layer   process.
 */
#ifndef HMM_PROCESS_ENVIRONMENT_H
#define HMM_PROCESS_ENVIRONMENT_H

#include "base/base.h"

/* A variable of the environment, also before libc is set up; NULL: none, or a setuid program. */
const char *hmm_environment_get(const char *name);

#endif
