/* alone.h - which heap of the process this one is.
 *
 * Layer   process.
 */
#ifndef HMM_PROCESS_ALONE_H
#define HMM_PROCESS_ALONE_H

#include "base/base.h"

/* May this heap move the program break? Not where another heap of the process may, too. */
bool hmm_break_is_ours(void);
/* Does `address` lie in the program itself? */
bool hmm_in_program(uintptr_t address);

#endif
