/* replaced.h - which functions of a family has the program replaced by its own?
 *
 * Layer   hosted.
 */
#ifndef HMM_HOSTED_REPLACED_H
#define HMM_HOSTED_REPLACED_H

#include "base/base.h"

enum hmm_replaced { HMM_REPLACED_UNKNOWN, HMM_REPLACED_NONE, HMM_REPLACED_SOME };

typedef void (*hmm_function)(void);

/* Has libhmm's `own` been replaced by what a call by its name leads to? Takes the dynamic linker's
 * lock if it seems so. */
bool hmm_is_replaced(hmm_function called, hmm_function own);

/* A block that the program's own free can take, for a program that has replaced malloc and free but
 * not the calls with an alignment. Either its own malloc's, if that is aligned by chance; or one of
 * this heap, if its malloc gives such blocks. NULL otherwise: no memory.
 *   alignment  a power of two */
void *hmm_replaced_aligned(size_t alignment, size_t size);

#endif
