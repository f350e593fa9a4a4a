/* buffer.c - HmmHeap: a heap over a buffer of the caller's.
 *
 *   | struct front | HmmHeap: granules ...      break ...             records |
 *
 * An example: 4096 bytes at 0x20000008. The front begins at 0x20000010, the next multiple of 16. It
 * has 64 bytes on a 64-bit machine, so the heap, and the pointer that the caller gets, is
 * 0x20000050; 251 granules of 16 bytes fit up to 0x20001000. What lies in them: blocks/blocks.h.
 *
 * Layer   api, above blocks; without the system, so that it runs anywhere.
 */
#include "base/bytes.h"
#include "blocks/blocks_check.h"
#include "blocks/blocks_give.h"
#include "blocks/blocks_init.h"
#include "blocks/blocks_report.h"
#include "blocks/blocks_resize.h"
#include "blocks/blocks_search.h"
#include "blocks/blocks_take.h"

#include "hmm_heap.h"

struct HmmHeap {
    struct hmm_blocks blocks;
};

/* The caller's functions, as in the options. */
struct hooks {
    void *context;
    void (*lock)(void *context);
    void (*unlock)(void *context);
    void (*on_alloc)(void *context, const void *block, size_t bytes);
    void (*on_free)(void *context, const void *block, size_t bytes);
    void (*on_refuse)(void *context, size_t bytes);
};

/* What lies before it: the blocks have to begin where the caller's pointer leads. */
struct front {
    _Alignas(HMM_GRANULE_BYTES) struct hooks hooks;
    size_t buffer_bytes;
    uint32_t magic; /* while the heap exists: HEAP_MAGIC, or with a lock or hooks the other */
};

enum { HEAP_MAGIC = 0x484d4d48, HEAP_HOOKED_MAGIC = HEAP_MAGIC + 1 };

static inline struct front *front_of(const void *heap)
{
    return (struct front *)(uintptr_t)heap - 1;
}

static inline const struct hooks *hooks_of(const void *heap)
{
    return &front_of(heap)->hooks;
}

/* --- every call ---------------------------------------------------------------------------------
 */

static HMM_COLD void no_heap(const char *who, const void *heap)
{
    char chars[HMM_REPORT_CHARS];
    struct hmm_text text = {.chars = chars, .capacity_bytes = sizeof chars - 1};
    hmm_text_str(&text, who);
    hmm_text_str(&text, ": no heap at ");
    hmm_text_hex(&text, (uintptr_t)heap);
    static const struct hmm_report end;
    hmm_report(&end, &text, heap);
}

/* A heap without a lock and hooks: nothing to do around a call. */
static HMM_INLINE bool is_plain(const struct HmmHeap *heap)
{
    return hmm_likely(heap != NULL && front_of(heap)->magic == HEAP_MAGIC);
}

static void enter_heap(struct HmmHeap *heap, const char *who)
{
    if (is_plain(heap))
        return;
    if (heap == NULL || front_of(heap)->magic != HEAP_HOOKED_MAGIC)
        no_heap(who, heap);
    const struct hooks *hooks = hooks_of(heap);
    if (hooks->lock != NULL)
        hooks->lock(hooks->context);
}

static void leave_heap(struct HmmHeap *heap)
{
    const struct hooks *hooks = hooks_of(heap);
    if (hooks->unlock != NULL)
        hooks->unlock(hooks->context);
}

/* Bytes of a block that is held; 0: it is none. */
static size_t held_bytes(const struct HmmHeap *heap, const void *block)
{
    size_t at = hmm_blocks_granule(&heap->blocks, block);
    if (!hmm_blocks_has_live(&heap->blocks, at))
        return 0;
    return hmm_blocks_length(&heap->blocks, at) << HMM_GRANULE_SHIFT;
}

/* The end of a call that has got a block for so many bytes, or none. */
static void *leave_with(struct HmmHeap *heap, void *block, size_t bytes)
{
    const struct hooks *hooks = hooks_of(heap);
    if (block != NULL && hooks->on_alloc != NULL)
        hooks->on_alloc(hooks->context, block, held_bytes(heap, block));
    leave_heap(heap);
    if (block == NULL && bytes != 0 && hooks->on_refuse != NULL)
        hooks->on_refuse(hooks->context, bytes);
    return block;
}

static void tell_free(const struct HmmHeap *heap, const void *block, size_t bytes)
{
    const struct hooks *hooks = hooks_of(heap);
    if (bytes != 0 && hooks->on_free != NULL)
        hooks->on_free(hooks->context, block, bytes);
}

static HMM_NOINLINE void *alloc_hooked(HmmHeap *heap, size_t size)
{
    enter_heap(heap, "HmmHeapAlloc");
    return leave_with(heap, hmm_blocks_take(&heap->blocks, size), size);
}

void *HmmHeapAlloc(HmmHeap *heap, size_t size)
{
    return is_plain(heap) ? hmm_blocks_take(&heap->blocks, size) : alloc_hooked(heap, size);
}

static HMM_NOINLINE void free_hooked(HmmHeap *heap, void *block)
{
    enter_heap(heap, "HmmHeapFree");
    tell_free(heap, block, held_bytes(heap, block));
    hmm_blocks_give(&heap->blocks, block);
    leave_heap(heap);
}

void HmmHeapFree(HmmHeap *heap, void *block)
{
    if (is_plain(heap))
        hmm_blocks_give(&heap->blocks, block);
    else
        free_hooked(heap, block);
}

void *HmmHeapCalloc(HmmHeap *heap, size_t count, size_t size)
{
    size_t bytes;
    if (!hmm_multiply(count, size, &bytes))
        bytes = SIZE_MAX; /* is refused, too */
    void *block = HmmHeapAlloc(heap, bytes);
    return block != NULL ? memset(block, 0, bytes) : NULL;
}

/* A block that is held with another size, beside where it is, or elsewhere. */
static void *resize(struct hmm_blocks *blocks, void *block, size_t old_bytes, size_t bytes)
{
    size_t now = hmm_blocks_resize(blocks, hmm_blocks_granule(blocks, block), bytes);
    if (now != 0)
        return hmm_blocks_address(blocks, now);
    void *moved = hmm_blocks_take(blocks, bytes);
    if (moved != NULL) {
        memcpy(moved, block, hmm_min(old_bytes, bytes));
        hmm_blocks_give(blocks, block);
    }
    return moved;
}

void *HmmHeapRealloc(HmmHeap *heap, void *block, size_t size)
{
    if (block == NULL)
        return HmmHeapAlloc(heap, size);
    enter_heap(heap, "HmmHeapRealloc");
    size_t old_bytes = held_bytes(heap, block);
    void *result = NULL;
    if (old_bytes == 0) {
        hmm_blocks_tell_misuse(&heap->blocks, block, "HmmHeapRealloc");
        size = 0; /* nothing is refused */
    } else if (size == 0) {
        tell_free(heap, block, old_bytes);
        hmm_blocks_give(&heap->blocks, block);
    } else {
        result = resize(&heap->blocks, block, old_bytes, size);
        tell_free(heap, block, result != NULL ? old_bytes : 0);
    }
    return leave_with(heap, result, size);
}

void *HmmHeapAllocAligned(HmmHeap *heap, size_t alignment, size_t size)
{
    if (!hmm_is_power_of_two(alignment))
        return NULL;
    enter_heap(heap, "HmmHeapAllocAligned");
    size_t align_granules = alignment >> HMM_GRANULE_SHIFT;
    void *block = align_granules <= 1
                      ? hmm_blocks_take(&heap->blocks, size)
                      : hmm_blocks_take_aligned(&heap->blocks, align_granules, size);
    return leave_with(heap, block, size);
}

size_t HmmHeapUsableSize(HmmHeap *heap, const void *block)
{
    enter_heap(heap, "HmmHeapUsableSize");
    size_t bytes = held_bytes(heap, block);
    if (bytes == 0)
        hmm_blocks_tell_misuse(&heap->blocks, block, "HmmHeapUsableSize");
    leave_heap(heap);
    return bytes;
}

/* --- the whole heap -----------------------------------------------------------------------------
 */

size_t HmmHeapMinBytes(void)
{
    return 2 * (HMM_GRANULE_BYTES - 1) + sizeof(struct front) +
           (hmm_blocks_min_granules() << HMM_GRANULE_SHIFT);
}

static HMM_COLD void too_small(const struct hmm_report *report, size_t bytes, const void *buffer)
{
    if (report->on_error == NULL)
        return;
    char chars[HMM_REPORT_CHARS];
    struct hmm_text text = {.chars = chars, .capacity_bytes = sizeof chars - 1};
    hmm_text_str(&text, "HmmHeapCreate: a buffer of ");
    hmm_text_dec(&text, bytes);
    hmm_text_str(&text, " bytes is too small; enough are ");
    hmm_text_dec(&text, HmmHeapMinBytes());
    hmm_report(report, &text, buffer);
}

HmmHeap *HmmHeapCreate(void *buffer, size_t bytes, const struct HmmHeapOptions *options)
{
    static const struct HmmHeapOptions none;
    options = options != NULL ? options : &none;
    if (buffer == NULL || (options->lock == NULL) != (options->unlock == NULL))
        return NULL;
    struct hooks hooks = {
        .context = options->context,
        .lock = options->lock,
        .unlock = options->unlock,
        .on_alloc = options->on_alloc,
        .on_free = options->on_free,
        .on_refuse = options->on_refuse,
    };
    size_t ahead = (0 - (uintptr_t)buffer) % HMM_GRANULE_BYTES;
    struct front *front = (struct front *)(void *)((char *)buffer + ahead);
    HmmHeap *heap = (HmmHeap *)(void *)(front + 1);
    struct hmm_blocks_form form = {
        .extra_bytes = options->extra_bytes,
        .is_zero = options->is_zero != 0,
        .is_fixed = options->fixed_records != 0,
        .is_searched = options->no_search == 0,
        .report = {options->on_error, options->context},
    };
    if (bytes < ahead + sizeof *front ||
        !hmm_blocks_init(&heap->blocks, (char *)buffer + bytes, form)) {
        too_small(&form.report, bytes, buffer);
        return NULL;
    }
    bool is_hooked = hooks.lock != NULL || hooks.on_alloc != NULL || hooks.on_free != NULL ||
                     hooks.on_refuse != NULL;
    front->hooks = hooks;
    front->buffer_bytes = bytes;
    front->magic = is_hooked ? HEAP_HOOKED_MAGIC : HEAP_MAGIC;
    return heap;
}

void HmmHeapDestroy(HmmHeap *heap)
{
    if (heap == NULL)
        return;
    enter_heap(heap, "HmmHeapDestroy");
    struct hooks hooks = *hooks_of(heap);
    front_of(heap)->magic = 0;
    if (hooks.unlock != NULL)
        hooks.unlock(hooks.context);
}

void HmmHeapReset(HmmHeap *heap)
{
    enter_heap(heap, "HmmHeapReset");
    hmm_blocks_reset(&heap->blocks);
    leave_heap(heap);
}

/* In constant time; 0 where that is not possible. */
static void fill_marks(const struct HmmHeap *heap, struct HmmHeapStats *stats)
{
    const struct hmm_blocks *blocks = &heap->blocks;
    size_t capacity = hmm_blocks_capacity(blocks) - blocks->first;
    size_t live = hmm_blocks_live(blocks);
    memset(stats, 0, sizeof *stats);
    stats->buffer_bytes = front_of(heap)->buffer_bytes;
    stats->capacity_bytes = capacity << HMM_GRANULE_SHIFT;
    stats->record_bytes = stats->buffer_bytes - stats->capacity_bytes;
    stats->break_bytes = (blocks->end - blocks->first) << HMM_GRANULE_SHIFT;
    stats->peak_break_bytes = (blocks->peak_end - blocks->first) << HMM_GRANULE_SHIFT;
    stats->live_bytes = live << HMM_GRANULE_SHIFT;
    stats->free_bytes = stats->break_bytes - stats->live_bytes;
    stats->peak_live_bytes = (size_t)blocks->peak_live << HMM_GRANULE_SHIFT;
    if (stats->capacity_bytes > stats->peak_live_bytes)
        stats->least_free_bytes = stats->capacity_bytes - stats->peak_live_bytes;
    stats->refused = blocks->n_refused;
    stats->largest_refused_bytes = blocks->largest_refused_bytes;
    stats->largest_request_bytes =
        hmm_max(blocks->asked_granules << HMM_GRANULE_SHIFT, blocks->largest_refused_bytes);
}

void HmmHeapGetMarks(HmmHeap *heap, struct HmmHeapStats *stats)
{
    enter_heap(heap, "HmmHeapGetMarks");
    fill_marks(heap, stats);
    leave_heap(heap);
}

void HmmHeapGetStats(HmmHeap *heap, struct HmmHeapStats *stats)
{
    enter_heap(heap, "HmmHeapGetStats");
    struct hmm_census census;
    hmm_blocks_count(&heap->blocks, &census);
    fill_marks(heap, stats);
    stats->live_blocks = census.live_blocks;
    stats->free_blocks = census.free_blocks;
    stats->largest_bytes = census.largest << HMM_GRANULE_SHIFT;
    leave_heap(heap);
}

const char *HmmHeapCheck(HmmHeap *heap)
{
    enter_heap(heap, "HmmHeapCheck");
    const char *broken = hmm_blocks_check(&heap->blocks);
    leave_heap(heap);
    return broken;
}

void HmmHeapVisit(HmmHeap *heap,
                  int (*visit)(void *context, const void *block, size_t bytes, int is_live),
                  void *context)
{
    enter_heap(heap, "HmmHeapVisit");
    const struct hmm_blocks *blocks = &heap->blocks;
    bool is_live, more = true;
    for (size_t at = blocks->first, n; more && at < blocks->end; at += n) {
        n = hmm_blocks_walk(blocks, at, &is_live);
        more = visit(context, hmm_blocks_address(blocks, at), (size_t)n << HMM_GRANULE_SHIFT,
                     is_live) != 0;
    }
    leave_heap(heap);
}

/* One line of the free list. */
struct line {
    void (*print)(void *context, const char *text, size_t n_chars);
    void *context;
};

static void print_at(const struct line *line, const char *what, const struct hmm_blocks *blocks,
                     size_t at, const char *then, size_t n_granules)
{
    char chars[HMM_REPORT_CHARS];
    struct hmm_text text = {.chars = chars, .capacity_bytes = sizeof chars};
    hmm_text_str(&text, what);
    hmm_text_hex(&text, (uintptr_t)hmm_blocks_address(blocks, at));
    hmm_text_str(&text, then);
    hmm_text_dec_wide(&text, (uint64_t)n_granules << HMM_GRANULE_SHIFT, 12);
    hmm_text_str(&text, " bytes\n");
    line->print(line->context, chars, text.n_chars);
}

void HmmHeapPrintFreeList(HmmHeap *heap,
                          void (*print)(void *context, const char *text, size_t n_chars),
                          void *context)
{
    enter_heap(heap, "HmmHeapPrintFreeList");
    const struct hmm_blocks *blocks = &heap->blocks;
    const struct line line = {print, context};
    print_at(&line, "heap start ", blocks, blocks->first, "  live  ", hmm_blocks_live(blocks));
    bool is_live;
    for (size_t at = blocks->first, n; at < blocks->end; at += n) {
        n = hmm_blocks_walk(blocks, at, &is_live);
        if (!is_live)
            print_at(&line, "free block ", blocks, at, "  of    ", n);
    }
    size_t limit = hmm_blocks_limit(blocks, blocks->top);
    print_at(&line, "break      ", blocks, blocks->end, "  below ", blocks->end - blocks->first);
    print_at(&line, "heap end   ", blocks, limit, "  above ", limit - blocks->end);
    leave_heap(heap);
}
