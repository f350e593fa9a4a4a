/* check.h - every invariant, checked.
 *
 * Layer   heap, highest.
 */
#ifndef HMM_HEAP_CHECK_H
#define HMM_HEAP_CHECK_H

#include "heap/object.h"

/* NULL, or which invariant does not hold. No other thread may be using the heap. */
const char *hmm_heap_check(struct hmm_heap *heap);

#endif
