/* misuse.h - what a bad pointer is, in words, before the end.
 *
 * Layer   heap, above object.
 */
#ifndef HMM_HEAP_MISUSE_H
#define HMM_HEAP_MISUSE_H

#include "heap/object.h"

/* The end, with all that is known about `block` (misuse.c). */
HMM_COLD _Noreturn void hmm_misuse(struct hmm_heap *heap, const char *who, const void *block);
HMM_COLD _Noreturn void hmm_misuse_size(const char *who, const void *block, size_t claimed_bytes,
                                        size_t usable_bytes);
/* Not the end: one line, with where the call came from; `last` says that no other will be told. */
HMM_COLD void hmm_report_size(const char *who, const void *block, size_t claimed_bytes,
                              size_t usable_bytes, const void *site, bool last);

#endif
