/* misuse.h - report an invalid pointer or size, and abort.
 *
 * Layer   heap, above object.
 */
#ifndef HMM_HEAP_MISUSE_H
#define HMM_HEAP_MISUSE_H

#include "heap/object.h"

/* Report what is known about `block` (misuse.c), and abort. */
HMM_COLD _Noreturn void hmm_misuse(struct hmm_heap *heap, const char *who, const void *block);
HMM_COLD _Noreturn void hmm_misuse_size(const char *who, const void *block, size_t claimed_bytes,
                                        size_t usable_bytes);
/* Report only: one line, with where the call came from. `last`: no other site will be reported. */
HMM_COLD void hmm_report_size(const char *who, const void *block, size_t claimed_bytes,
                              size_t usable_bytes, const void *site, bool last);

#endif
