/* hmm_heap.h - HmmHeap: a heap over a buffer of the caller's.
 *
 *     static char buffer[65536];
 *     HmmHeap *heap = HmmHeapCreate(buffer, sizeof buffer, NULL);
 *     void *block = HmmHeapAlloc(heap, 100);
 *
 * The same rules as for the process heap: blocks are aligned to 16 bytes, freeing is checked
 * exactly, a free block that fits is split, free neighbours are coalesced, and a simulated
 * program break moves up and down inside the buffer. Allocating, freeing and resizing take constant
 * time, copying and clearing aside; with fixed_records no call but calloc clears anything. Nothing
 * of the operating system is used; several heaps are independent of each other. One heap is used by
 * one thread at a time, unless the options give it a lock.
 *
 * The heap's own fields lie at the buffer's beginning, where HmmHeap points, and its records at the
 * end: what is written past the end of the last block of a full heap destroys records.
 */
#ifndef HMM_HEAP_H
#define HMM_HEAP_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#define HMM_HEAP_NOEXCEPT noexcept
#else
#define HMM_HEAP_NOEXCEPT
#endif

#if defined(__GNUC__)
#define HMM_HEAP_EXPORT __attribute__((visibility("default")))
#else
#define HMM_HEAP_EXPORT
#endif

typedef struct HmmHeap HmmHeap;

/* All zero, or no options at all: no lock, no space ahead, and misuse ends the program. */
struct HmmHeapOptions {
    /* Bytes taken ahead whenever the break is raised, and kept when it is lowered. */
    size_t extra_bytes;
    /* Not 0: the buffer reads as zero, like a static array or a new mapping. Else records are
     * cleared when blocks come to begin there: 32 bytes for each KiB. */
    int is_zero;
    /* Not 0: all records are cleared by HmmHeapCreate and HmmHeapReset, and keep their place, so
     * that no other call clears any: the bound on its time holds always. One long block can't have
     * their room then, 3 % of the buffer. */
    int fixed_records;
    /* Around every operation: take and give a lock; both or none. */
    void (*lock)(void *context);
    void (*unlock)(void *context);
    /* Misuse: `message` is a line of text without its end, `block` the pointer that was given. When
     * this returns, the call that was misused does nothing more, and returns NULL or 0. It must not
     * use the heap, whose lock is held. */
    void (*on_error)(void *context, const char *message, const void *block);
    void *context;
};

/* Bytes, if not said otherwise. */
struct HmmHeapStats {
    size_t buffer_bytes;     /* that were given */
    size_t record_bytes;     /* of these, for the heap's own records and for alignment, when full */
    size_t capacity_bytes;   /* for small blocks; one long block may have more: largest_bytes */
    size_t break_bytes;      /* below the break */
    size_t peak_break_bytes; /* its highest so far */
    size_t live_bytes;       /* in blocks that callers hold */
    size_t live_blocks;      /* number */
    size_t free_bytes;       /* in free blocks below the break */
    size_t free_blocks;      /* number */
    size_t largest_bytes;    /* that can be allocated now */
};

/* Make a heap in buffer[0..bytes).
 *   buffer   of any alignment and contents; the heap's alone until HmmHeapDestroy
 *   bytes    from HmmHeapMinBytes() on; of more than 16 GiB only so much is used
 *   options  copied; NULL: none
 *   returns  the heap, which lies in the buffer; NULL: the buffer is NULL or too small (on_error is
 *            told), or only one of lock and unlock is given */
HMM_HEAP_EXPORT HmmHeap *HmmHeapCreate(void *buffer, size_t bytes,
                                       const struct HmmHeapOptions *options) HMM_HEAP_NOEXCEPT;
/* The smallest buffer that is enough, however it is aligned, for a heap of one 16-byte block. */
HMM_HEAP_EXPORT size_t HmmHeapMinBytes(void) HMM_HEAP_NOEXCEPT;
/* The end of the heap: the buffer is the caller's again. Blocks in it need not have been freed. */
HMM_HEAP_EXPORT void HmmHeapDestroy(HmmHeap *heap) HMM_HEAP_NOEXCEPT;
/* Free all blocks at once. */
HMM_HEAP_EXPORT void HmmHeapReset(HmmHeap *heap) HMM_HEAP_NOEXCEPT;

/* A block of at least `size` bytes, contents undefined, aligned to 16 bytes.
 *   returns  NULL: size is 0, or there is no free block that long */
HMM_HEAP_EXPORT void *HmmHeapAlloc(HmmHeap *heap, size_t size) HMM_HEAP_NOEXCEPT;
/* The same at a multiple of `alignment`, a power of two; NULL also if it is none. */
HMM_HEAP_EXPORT void *HmmHeapAllocAligned(HmmHeap *heap, size_t alignment,
                                          size_t size) HMM_HEAP_NOEXCEPT;
/* `count` times `size` bytes, all zero; NULL also when the product overflows. */
HMM_HEAP_EXPORT void *HmmHeapCalloc(HmmHeap *heap, size_t count, size_t size) HMM_HEAP_NOEXCEPT;
/* Change the size of `block` (NULL: like HmmHeapAlloc), in place if it can be done, else moved; 0
 * frees it. NULL: there is no room, and the block is as it was. */
HMM_HEAP_EXPORT void *HmmHeapRealloc(HmmHeap *heap, void *block, size_t size) HMM_HEAP_NOEXCEPT;
/* NULL is ignored. Anything but a block that is held is misuse. */
HMM_HEAP_EXPORT void HmmHeapFree(HmmHeap *heap, void *block) HMM_HEAP_NOEXCEPT;
/* Bytes of `block` that may be used; 0 for NULL. */
HMM_HEAP_EXPORT size_t HmmHeapUsableSize(HmmHeap *heap, const void *block) HMM_HEAP_NOEXCEPT;

/* Figures and checks take time in proportion to the number of blocks. */
HMM_HEAP_EXPORT void HmmHeapGetStats(HmmHeap *heap, struct HmmHeapStats *stats) HMM_HEAP_NOEXCEPT;
/* Check everything; NULL, or the name of the first invariant that does not hold
 * (docs/invariants.md). */
HMM_HEAP_EXPORT const char *HmmHeapCheck(HmmHeap *heap) HMM_HEAP_NOEXCEPT;
/* Show every block below the break, in address order. `visit` must not use the heap; it returns
 * whether to go on. */
HMM_HEAP_EXPORT void HmmHeapVisit(HmmHeap *heap,
                                  int (*visit)(void *context, const void *block, size_t bytes,
                                               int is_live),
                                  void *context) HMM_HEAP_NOEXCEPT;
/* Print the free list, for people: heap start, break and end, and every free block in address
 * order. `print` gets pieces of text, n_chars characters each. */
HMM_HEAP_EXPORT void
HmmHeapPrintFreeList(HmmHeap *heap, void (*print)(void *context, const char *text, size_t n_chars),
                     void *context) HMM_HEAP_NOEXCEPT;

#ifdef __cplusplus
}
#endif

#endif
