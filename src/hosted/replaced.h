/* replaced.h - which functions of a family has the program replaced by its own?
 *
 * Layer   hosted.
 */
#ifndef HMM_HOSTED_REPLACED_H
#define HMM_HOSTED_REPLACED_H

#include "base/base.h"

enum hmm_replaced { HMM_REPLACED_UNKNOWN, HMM_REPLACED_NONE, HMM_REPLACED_SOME };

typedef void (*hmm_function)(void);

struct hmm_replaceable {
    hmm_function called; /* what a call by its name leads to */
    hmm_function own;    /* libhmm's */
};

/* Is any of functions[0..n_functions) replaced? Takes the dynamic linker's lock if one seems so. */
enum hmm_replaced hmm_replaced_look(const struct hmm_replaceable *functions, size_t n_functions);

/* A block that the program's own free can take, for a program that has replaced malloc and free but
 * not the calls with an alignment. Either its own malloc's, if that is aligned by chance; or one of
 * this heap, if its malloc gives such blocks. NULL otherwise: no memory.
 *   alignment  a power of two */
void *hmm_replaced_aligned(size_t alignment, size_t size);

#endif
