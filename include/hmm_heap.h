/* hmm_heap.h - HmmHeap: a heap over a buffer of the caller's.
 *
 *     static char buffer[65536];
 *     HmmHeap *heap = HmmHeapCreate(buffer, sizeof buffer, NULL);
 *     void *block = HmmHeapAlloc(heap, 100);
 *
 * The same rules as for the process heap: blocks are aligned to 16 bytes, freeing is checked
 * exactly, a free block that fits is split, free neighbours are coalesced, and a simulated
 * program break moves up and down inside the buffer. Nothing of the operating system is used;
 * several heaps are independent of each other. One heap is used by one thread at a time, unless the
 * options give it a lock.
 *
 * With the options fixed_records and no_search, allocating and freeing take constant time. By
 * default, a call that finds no block at once searches the free blocks of the request's size class,
 * so no request fails while a free block is long enough; and it may have to clear metadata.
 *
 * The heap's own fields lie at the buffer's beginning, where HmmHeap points. Its metadata
 * ("records") lies at the buffer's end, and grows down as far as blocks need it. A write past the
 * last block of a full heap destroys metadata.
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
    /* Bytes: how much further than needed the break is raised, and how much stays when it is
     * lowered. A long block that reaches into the room of the records (see fixed_records) takes
     * less. */
    size_t extra_bytes;
    /* Not 0: the buffer reads as zero, like a static array or a new mapping. Else metadata is
     * cleared when the first block comes to begin in its part: 32 bytes for each KiB. */
    int is_zero;
    /* Not 0: HmmHeapCreate and HmmHeapReset clear all metadata, so that no later call clears any.
     * Its room, 3 % of the buffer, is then never used for blocks. */
    int fixed_records;
    /* Around every operation: take and give a lock; both or none. */
    void (*lock)(void *context);
    void (*unlock)(void *context);
    /* Misuse: `message` is a line of text without its end, `block` the pointer that was given. When
     * this returns, the call that was misused does nothing more, and returns NULL or 0. It must not
     * use the heap, whose lock is held. */
    void (*on_error)(void *context, const char *message, const void *block);
    void *context;
    /* Not 0: no call searches a list, so time is constant. A request may then fail although a free
     * block is long enough. It does not fail if a free block is longer than the request by at least
     * 1/8 and 16 bytes. For HmmHeapAllocAligned, the request counts as size + alignment. */
    int no_search;
    /* Hooks; NULL: none. A heap without lock and hooks spends no instruction on them.
     *   on_alloc   a call has got this block, of so many usable bytes
     *   on_free    this block is freed, contents still as they are
     *   on_refuse  a request fails: there is no room for so many bytes, and NULL is returned next
     * After a successful resize, on_free is called for the old block, then on_alloc for the new
     * one. The resize is complete by then, so on_free must not read the old block. HmmHeapReset and
     * HmmHeapDestroy call no hooks. on_alloc and on_free are called with the heap's lock held, in
     * the order of events, and must not use the heap. on_refuse is called without the lock, and may
     * use the heap; what it frees does not help the call that fails, but the next one. */
    void (*on_alloc)(void *context, const void *block, size_t bytes);
    void (*on_free)(void *context, const void *block, size_t bytes);
    void (*on_refuse)(void *context, size_t bytes);
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
    /* since HmmHeapCreate or HmmHeapReset: */
    size_t peak_live_bytes;       /* the most that was live at once */
    size_t least_free_bytes;      /* of capacity_bytes: those that were never live */
    size_t refused;               /* number of requests that failed; not those of 0 bytes, or with
                                     a wrong alignment */
    size_t largest_request_bytes; /* rounded up to 16 unless it was refused */
    size_t largest_refused_bytes; /* rounded up to 16 unless no block can be that long;
                                     SIZE_MAX: a product that overflows */
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
 *   returns  NULL: size is 0, or there is no free block that long (but see no_search)
 *   cost     constant if a larger size class, or the space above the break, has a block. If not,
 *            the free blocks of the request's own class are searched, whose lengths are within 1/8
 *            and 16 bytes of the request */
HMM_HEAP_EXPORT void *HmmHeapAlloc(HmmHeap *heap, size_t size) HMM_HEAP_NOEXCEPT;
/* The same at a multiple of `alignment`, a power of two; NULL also if it is none.
 *   cost     one free block of each size class from `size` on is tried; if none fits, nor the space
 *            above the break, all free blocks that are long enough are searched */
HMM_HEAP_EXPORT void *HmmHeapAllocAligned(HmmHeap *heap, size_t alignment,
                                          size_t size) HMM_HEAP_NOEXCEPT;
/* `count` times `size` bytes, all zero; NULL also when the product overflows. */
HMM_HEAP_EXPORT void *HmmHeapCalloc(HmmHeap *heap, size_t count, size_t size) HMM_HEAP_NOEXCEPT;
/* Change the size of `block` (NULL: like HmmHeapAlloc); 0 frees it. It stays where it is if it gets
 * shorter, or the free block behind it is long enough; else it moves down into the free block
 * before it, if that and what is behind are long enough, or elsewhere. NULL: there is no room, and
 * the block is as it was.
 *   cost     constant; when it moves, its old bytes are copied, and elsewhere costs an allocation
 *            and a free */
HMM_HEAP_EXPORT void *HmmHeapRealloc(HmmHeap *heap, void *block, size_t size) HMM_HEAP_NOEXCEPT;
/* NULL is ignored. Anything but a block that is held is misuse. */
HMM_HEAP_EXPORT void HmmHeapFree(HmmHeap *heap, void *block) HMM_HEAP_NOEXCEPT;
/* Bytes of `block` that may be used; 0 for NULL. */
HMM_HEAP_EXPORT size_t HmmHeapUsableSize(HmmHeap *heap, const void *block) HMM_HEAP_NOEXCEPT;

/* All statistics, in time in proportion to the number of blocks. */
HMM_HEAP_EXPORT void HmmHeapGetStats(HmmHeap *heap, struct HmmHeapStats *stats) HMM_HEAP_NOEXCEPT;
/* The same in constant time: all but live_blocks, free_blocks and largest_bytes, which are 0. */
HMM_HEAP_EXPORT void HmmHeapGetMarks(HmmHeap *heap, struct HmmHeapStats *stats) HMM_HEAP_NOEXCEPT;
/* Check everything, in time in proportion to the number of blocks; NULL, or the name of the first
 * invariant that does not hold (docs/invariants.md). */
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
