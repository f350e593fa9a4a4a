/* hmm.h - libhmm, a heap memory manager.
 *
 * Link with -lhmm, or preload libhmm.so: then malloc, free and their family are libhmm's too, and
 * blocks may be freed by either name. Every function but HmmCheck may be called by any thread, also
 * before main, after its return, and in a child after fork. None may be called in a signal handler.
 *
 * Misuse - a pointer that is not the start of a block the caller holds - prints one line
 * on standard error and aborts the process at the call:
 *     hmm: HmmFree: double free of 0x55d0c8a1c040 (a free block of 64 bytes at 0x55d0c8a1c040)
 */
#ifndef HMM_H
#define HMM_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#define HMM_NOEXCEPT noexcept
#else
#define HMM_NOEXCEPT
#endif

#if defined(__GNUC__)
#define HMM_EXPORT __attribute__((visibility("default")))
#else
#define HMM_EXPORT
#endif

#define HMM_VERSION "0.1.0"

/* A block of at least `size` bytes, contents undefined, aligned to 16 bytes.
 *   size     bytes; 0 gives NULL and leaves errno alone
 *   returns  the block; NULL with errno ENOMEM if there is no memory or size > PTRDIFF_MAX
 */
HMM_EXPORT void *HmmAlloc(size_t size) HMM_NOEXCEPT;

/* A block of `count` times `size` bytes, all zero; NULL when either is 0.
 *   returns  the block; NULL with errno ENOMEM, also when the product overflows */
HMM_EXPORT void *HmmCalloc(size_t count, size_t size) HMM_NOEXCEPT;

/* Change the size of `block`, moving it if need be; contents up to the smaller size are kept.
 *   block    from any function here, or NULL: then like HmmAlloc
 *   size     bytes; 0 frees the block and returns NULL
 *   returns  the block, maybe elsewhere; NULL with errno ENOMEM, and `block` is as it was */
HMM_EXPORT void *HmmRealloc(void *block, size_t size) HMM_NOEXCEPT;

/* Free `block`; NULL is ignored. errno is left alone. Any other pointer aborts. */
HMM_EXPORT void HmmFree(void *block) HMM_NOEXCEPT;

/* A block at a multiple of `alignment`.
 *   alignment  bytes, a power of two
 *   size       bytes, 0 gives NULL
 *   returns    the block; NULL with errno EINVAL for a bad alignment, else ENOMEM */
HMM_EXPORT void *HmmAllocAligned(size_t alignment, size_t size) HMM_NOEXCEPT;

/* Bytes of `block` that may be used, at least what was asked for; 0 for NULL. */
HMM_EXPORT size_t HmmUsableSize(const void *block) HMM_NOEXCEPT;

/* Return to the system what can be returned now, keeping `keep` bytes at the top of the heap.
 *   returns  bytes returned */
HMM_EXPORT size_t HmmTrim(size_t keep) HMM_NOEXCEPT;

/* Print the free list, for people: every free run of the heap in address order with its size, state
 * and neighbours, and the heap's start, end and current break. fd  file descriptor */
HMM_EXPORT void HmmPrintFreeList(int fd) HMM_NOEXCEPT;

/* Statistics of the heap, in bytes if not said otherwise.
 *
 * Small blocks lie in slabs, which are cut into slots of one size; a block counts with its slot.
 * Threads keep some free slots for reuse; these count as free. Free runs are the rest of the heap.
 */
struct HmmStats {
    size_t heap_bytes;      /* below the break */
    size_t used_bytes;      /* of these, in slabs and large blocks */
    size_t live_bytes;      /* held by the program, mappings of their own included */
    size_t live_blocks;     /* number */
    size_t free_bytes;      /* heap_bytes - used_bytes: free runs */
    size_t free_runs;       /* number */
    size_t dirty_bytes;     /* of free_bytes, still backed by memory */
    size_t mapped_bytes;    /* blocks with a mapping of their own */
    size_t mapped_blocks;   /* number */
    size_t metadata_bytes;  /* mapped for the heap's own records */
    size_t peak_used_bytes; /* largest used_bytes + mapped_bytes so far */
    size_t break_raised;    /* number of times */
    size_t break_lowered;   /* number of times */
    size_t lowered_bytes;   /* sum of all lowerings of the break, also of memory returned before */
    size_t purged_bytes;    /* returned to the system below the break */
    size_t kernel_calls;    /* number of system calls that the heap has made */
    size_t arenas; /* number of arenas: what a thread, or threads that allocate little, own */
    size_t top_free_bytes;  /* free run at the break */
    size_t peak_heap_bytes; /* largest heap_bytes so far */
};
HMM_EXPORT void HmmGetStats(struct HmmStats *stats) HMM_NOEXCEPT;

/* Options of the heap, if the program sets any: a text like "decay_ms=0,dirty_min=64k" that the
 * program, or a library it is linked with, defines once, at file scope:
 *
 *     #include <hmm.h>
 *     const char *hmm_options = "decay_ms=0";
 *
 * libhmm does not define it. It is read once, at the first allocation, so it must be a constant:
 * what main assigns comes too late. (Only if a library's IFUNC resolver allocates before the
 * program is relocated, it is ignored, with a message.) HMM_OPTIONS in the environment overrides
 * it, option by option. With libhmm.so preloaded the program must export it (-rdynamic); linked
 * with libhmm it need not. In a static library it counts only if the program is linked with that
 * object for another reason. Options: hmm-options(7). */
HMM_EXPORT extern const char *hmm_options;

/* Check the whole heap: every list, bitmap, count and neighbour. Other threads must not allocate
 * meanwhile.
 *   returns  NULL, or the name of the first invariant that does not hold (docs/invariants.md) */
HMM_EXPORT const char *HmmCheck(void) HMM_NOEXCEPT;

#ifdef __cplusplus
}
#endif

#endif
