/* linked.h - what is known when the program is linked: all there is to know of a static one.
 *
 * Layer   process. static/ is for libhmm.a and hmm.o, shared/ for the shared library: there each
 *         name that is bound takes time whenever a process starts.
 */
#ifndef HMM_PROCESS_LINKED_H
#define HMM_PROCESS_LINKED_H

#include "base/base.h"

/* What the C++ library calls `name` (mangled), if the linker has bound it; NULL otherwise. */
const void *hmm_linked_cxx(const char *name);

/* Does libc call our part of a fork by the names that its own heap's has? */
bool hmm_linked_to_fork(void);

#endif
