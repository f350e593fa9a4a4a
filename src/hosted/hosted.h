/* hosted.h - what the files of this folder share.
 *
 * Layer   hosted, the top: may include everything, nobody includes it.
 */
#ifndef HMM_HOSTED_HOSTED_H
#define HMM_HOSTED_HOSTED_H

#include "api/alloc.h"
#include "port/fatal.h"

#include <stdlib.h>

/* The size a caller states must be one that the block may have been made for; else what the option
 * `sized` says is done. Of operator new's blocks it is the size as asked for; of others it may also
 * be one that realloc has given them in place.
 *   site  where it was called from */
void hmm_check_size_at(const void *block, size_t alignment, size_t size, bool is_new,
                       const char *who, const void *site);

/* Is `block` a live one of the class of `size`? Then hmm_check_size_at need not be asked: nearly
 * always so, and in few instructions. */
static inline bool hmm_has_class_of(const void *block, size_t size)
{
    size_t usable_bytes;
    return hmm_likely(size - 1 < HMM_SLAB_MAX_BYTES) && /* of 0: no slab's */
           hmm_likely(hmm_hit_usable(block, &usable_bytes)) &&
           hmm_likely(usable_bytes == hmm_sizeclasses[hmm_sizeclass_of(size)].slot_bytes);
}

#define HMM_EXPORTED __attribute__((visibility("default"), used))
/* What a program may define itself: weak, so that its own definition also wins where it is linked
 * with libhmm.a or the whole library as one object. */
#define HMM_REPLACEABLE __attribute__((visibility("default"), used, weak))

#endif
