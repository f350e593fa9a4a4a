/* large.c - blocks that are page runs of the heap, with a small cache per arena.
 *
 * Layer   heap, lowest. Start reading at hmm_large_alloc.
 * State   the cache: its arena's owner's. The entry of a block's first unit says LARGE, and
 *         whoever changes that, by hmm_port_replace, is the one who freed it.
 */
#include "heap/large.h"

#include "arenas/shed.h"
#include "memory/decay.h"
#include "memory/move.h"
#include "memory/pieces.h"
#include "port/fatal.h"

#include <string.h>

/* May be more than 32 bits hold: compare with max_units before it becomes a run's length. */
static size_t run_units(size_t bytes)
{
    return hmm_div_up(bytes, HMM_UNIT_BYTES);
}

/* Give a run whose entry says CACHED to the pages. Anything else: another free of it came at the
 * same moment as ours. */
static void give_run(struct hmm_large *large, uint32_t unit)
{
    struct hmm_pages *pages = large->arenas->slabs.pages;
    if (hmm_unlikely(
            !hmm_port_replace(&pages->map->entry[unit], HMM_KIND_LARGE_CACHED, HMM_KIND_NONE)))
        hmm_misuse_two_owners(hmm_pagemap_address(pages->map, unit));
    hmm_pages_give(pages, unit);
}

static void flush_cached(struct hmm_large *large, struct hmm_arena *arena)
{
    for (unsigned i = 0; i < HMM_LARGE_CACHED_RUNS; i++) {
        struct hmm_cached_run *run = &arena->cached[i];
        bool filled = run->record != NULL;
        run->record = NULL;
        if (filled)
            give_run(large, run->unit);
    }
    arena->cached_units = 0;
}

/* Make place for a run of this length; false: it is too large. Cached are not more than a sixteenth
 * of what is in use, or than has turned out to be needed again. */
static bool make_place(struct hmm_large *large, struct hmm_arena *arena, uint32_t n_units)
{
    uint32_t max_units = (uint32_t)hmm_min(hmm_pages_worth_keeping(large->arenas->slabs.pages),
                                           HMM_LARGE_CACHED_BYTES >> HMM_UNIT_SHIFT);
    arena->cached_max_units = max_units;
    if (n_units > max_units)
        return false;
    if (arena->cached_units + n_units > max_units)
        flush_cached(large, arena);
    struct hmm_cached_run *run = hmm_large_cached(arena, n_units);
    struct hmm_cached_run old = *run;
    if (old.record != NULL) {
        run->record = NULL;
        arena->cached_units -= old.n_units;
        give_run(large, old.unit);
    }
    return true;
}

static void *alloc_run(struct hmm_large *large, struct hmm_arena *arena, uint32_t n_units,
                       size_t align_bytes, uint32_t *n_dirty)
{
    struct hmm_pages *pages = large->arenas->slabs.pages;
    n_units = (uint32_t)hmm_round_up(n_units, pages->page_units);
    *n_dirty = n_units;
    if (arena != NULL && align_bytes <= HMM_UNIT_BYTES) {
        void *block = hmm_large_take_cached(pages->map, arena, n_units);
        if (block != NULL)
            return block;
        const struct hmm_cached_run *run = hmm_large_cached(arena, n_units);
        if (hmm_unlikely(run->record != NULL && run->n_units == n_units))
            hmm_misuse_two_owners(hmm_pagemap_address(pages->map, run->unit));
    }
    int64_t unit = hmm_pages_take(pages, n_units, align_bytes, HMM_NO_GROWTH, n_dirty);
    if (unit == HMM_RUN_NONE && arena != NULL) { /* what idle caches pin comes before new memory */
        flush_cached(large, arena);
        hmm_arena_shed(large->arenas, arena, HMM_SHED_FOR_GROWTH);
    }
    if (unit == HMM_RUN_NONE)
        unit = hmm_pages_take(pages, n_units, align_bytes, HMM_MAY_GROW, n_dirty);
    if (unit == HMM_RUN_NONE)
        return NULL;
    hmm_pagemap_set(pages->map, (size_t)unit, HMM_KIND_LARGE);
    return hmm_pagemap_address(pages->map, (size_t)unit);
}

bool hmm_large_free(struct hmm_large *large, struct hmm_arena *arena, void *block)
{
    struct hmm_pages *pages = large->arenas->slabs.pages;
    uint32_t unit = (uint32_t)hmm_pagemap_unit(pages->map, block);
    if (arena != NULL && make_place(large, arena, hmm_pages_run_units(pages, unit)))
        return hmm_large_keep_cached(pages->map, arena, unit);
    if (!hmm_port_replace(&pages->map->entry[unit], HMM_KIND_LARGE, HMM_KIND_LARGE_CACHED))
        return false;
    give_run(large, unit);
    return true;
}

bool hmm_large_resize(struct hmm_large *large, void *block, size_t bytes)
{
    struct hmm_pages *pages = large->arenas->slabs.pages;
    uint32_t unit = (uint32_t)hmm_pagemap_unit(pages->map, block);
    uint32_t old_units = hmm_pages_run_units(pages, unit);
    size_t new_units = hmm_round_up(run_units(bytes), pages->page_units);
    if (new_units > pages->meta->max_units)
        return false;
    if (new_units > old_units)
        return hmm_pages_extend(pages, unit, (uint32_t)new_units);
    if (new_units < old_units)
        hmm_pages_trim_run(pages, unit, (uint32_t)new_units);
    return true;
}

size_t hmm_large_bytes(const struct hmm_large *large, const void *block)
{
    const struct hmm_pages *pages = large->arenas->slabs.pages;
    return (size_t)hmm_pages_run_units(pages, (uint32_t)hmm_pagemap_unit(pages->map, block))
           << HMM_UNIT_SHIFT;
}

void hmm_large_flush(struct hmm_large *large, struct hmm_arena *arena)
{
    if (arena->cached_units != 0)
        flush_cached(large, arena);
}

void hmm_large_flush_left(struct hmm_large *large, struct hmm_arena *arena)
{
    const struct hmm_pagemap *map = large->arenas->slabs.pages->map;
    for (unsigned i = 0; i < HMM_LARGE_CACHED_RUNS; i++) {
        struct hmm_cached_run *run = &arena->cached[i];
        if (run->record != NULL && hmm_pagemap_entry(map, run->unit) != HMM_KIND_LARGE_CACHED)
            run->record = NULL;
    }
    flush_cached(large, arena);
}

/* --- mappings of their own ----------------------------------------------------------------------
 */

static struct hmm_mapped **bucket_of(struct hmm_large *large, const void *start)
{
    uintptr_t page = (uintptr_t)start >> 12;
    return &large->buckets[(page ^ (page >> 9)) % HMM_MAPPED_BUCKETS];
}

/* The link that points to the block's node, or to NULL. locks: held table */
static struct hmm_mapped **find_mapped(struct hmm_large *large, const void *start)
{
    struct hmm_mapped **link = bucket_of(large, start);
    while (*link != NULL && (*link)->start != start)
        link = &(*link)->next;
    return link;
}

/* locks: held table */
static void count_mapped(struct hmm_large *large, size_t bytes)
{
    large->mapped_bytes = bytes;
    /* relaxed: see the field */
    atomic_store_explicit(&large->arenas->slabs.pages->outside_bytes, bytes, memory_order_relaxed);
}

static void insert_mapped(struct hmm_large *large, struct hmm_mapped *node)
{
    struct hmm_mapped **head = bucket_of(large, node->start);
    node->next = *head;
    *head = node;
    count_mapped(large, large->mapped_bytes + node->bytes);
    __atomic_store_n(&large->n_mapped, large->n_mapped + 1, __ATOMIC_RELAXED); /* held */
}

static struct hmm_mapped *remove_mapped(struct hmm_large *large, const void *start)
{
    struct hmm_mapped **link = find_mapped(large, start);
    struct hmm_mapped *node = *link;
    if (node != NULL) {
        *link = node->next;
        count_mapped(large, large->mapped_bytes - node->bytes);
        __atomic_store_n(&large->n_mapped, large->n_mapped - 1, __ATOMIC_RELAXED); /* held */
    }
    return node;
}

/* mapped_bytes is about to change, or was more by `gone_bytes` a moment ago: note the most that was
 * used along with it since the last change. */
static size_t note_peak(struct hmm_large *large, size_t gone_bytes)
{
    size_t used_bytes = (size_t)hmm_pages_used_lately(large->arenas->slabs.pages) << HMM_UNIT_SHIFT;
    hmm_lock_take(&large->lock);
    size_t peak_bytes = hmm_max(large->peak_bytes, used_bytes + large->mapped_bytes + gone_bytes);
    large->peak_bytes = peak_bytes;
    hmm_lock_give(&large->lock);
    return peak_bytes;
}

size_t hmm_large_peak_bytes(struct hmm_large *large)
{
    return note_peak(large, 0);
}

static void *alloc_mapped(struct hmm_large *large, size_t bytes, size_t align_bytes)
{
    bytes = hmm_round_up(bytes, hmm_port_page_bytes());
    if (!hmm_pages_may_take(large->arenas->slabs.pages, bytes))
        return NULL;
    note_peak(large, 0);
    hmm_lock_take(&large->lock);
    struct hmm_mapped *node = large->free_nodes;
    if (node != NULL)
        large->free_nodes = node->next;
    hmm_lock_give(&large->lock);
    if (node == NULL)
        node = hmm_meta_object(large->arenas->slabs.pages->meta, sizeof *node);
    if (node == NULL)
        return NULL;
    char *start = hmm_port_map(bytes, align_bytes);
    hmm_lock_take(&large->lock);
    bool one_too_many =
        large->n_mapped >= hmm_meta_tunables(large->arenas->slabs.pages->meta)->map_max;
    if (start != NULL && !one_too_many) {
        node->start = start;
        node->bytes = bytes;
        node->in_parts = false;
        insert_mapped(large, node);
    } else {
        node->next = large->free_nodes;
        large->free_nodes = node;
    }
    hmm_lock_give(&large->lock);
    if (start != NULL && one_too_many) {
        hmm_port_release(start, bytes);
        return NULL;
    }
    return start;
}

/* Where the system would have to split a mapping, and the process has too many, at least the
 * contents go. */
static void give_back(struct hmm_large *large, void *start, size_t bytes)
{
    if (hmm_port_release(start, bytes) || hmm_port_purge(start, bytes))
        hmm_pages_note_returned(large->arenas->slabs.pages, bytes);
}

bool hmm_mapped_free(struct hmm_large *large, void *block)
{
    hmm_lock_take(&large->lock);
    struct hmm_mapped *node = remove_mapped(large, block);
    size_t bytes = node != NULL ? node->bytes : 0;
    if (node != NULL) {
        node->next = large->free_nodes;
        large->free_nodes = node;
        large->recent[large->next_recent++ % HMM_MAPPED_RECENT] = block;
    }
    hmm_lock_give(&large->lock);
    if (bytes == 0)
        return false;
    note_peak(large, bytes);
    give_back(large, block, bytes);
    return true;
}

size_t hmm_mapped_bytes(struct hmm_large *large, const void *block)
{
    hmm_lock_take(&large->lock);
    const struct hmm_mapped *node = *find_mapped(large, block);
    size_t bytes = node != NULL ? node->bytes : 0;
    hmm_lock_give(&large->lock);
    return bytes;
}

/* Of several mappings from now on, if it has one of its own at all. */
static void note_parts(struct hmm_large *large, const void *block)
{
    hmm_lock_take(&large->lock);
    struct hmm_mapped *node = *find_mapped(large, block);
    if (node != NULL)
        node->in_parts = true;
    hmm_lock_give(&large->lock);
}

/* The block's address with its new length; NULL: no memory. Linux resizes one mapping at a time;
 * asked for more, some emulators (qemu-user 7.2, 32 bits) lose them. */
static void *remap(struct hmm_large *large, struct hmm_mapped *node, size_t bytes)
{
    char *block = node->start;
    if (bytes <= node->bytes) {
        if (bytes < node->bytes)
            give_back(large, block + bytes, node->bytes - bytes);
        return block;
    }
    char *moved = node->in_parts ? NULL : hmm_port_remap(block, node->bytes, bytes);
    if (moved == NULL && (moved = hmm_port_map(bytes, 1)) != NULL) {
        hmm_move_memory(block, moved, node->bytes);
        (void)(hmm_port_release(block, node->bytes) || hmm_port_purge(block, node->bytes));
        node->in_parts = true;
    }
    return moved;
}

void *hmm_mapped_resize(struct hmm_large *large, void *block, size_t bytes)
{
    bytes = hmm_round_up(bytes, hmm_port_page_bytes());
    note_peak(large, 0);
    hmm_lock_take(&large->lock);
    struct hmm_mapped *node = remove_mapped(large, block);
    hmm_lock_give(&large->lock);
    if (node == NULL)
        return NULL;
    size_t more_bytes = bytes > node->bytes ? bytes - node->bytes : 0;
    bool may_grow = more_bytes == 0 || /* it does not count itself just now */
                    hmm_pages_may_take(large->arenas->slabs.pages, bytes);
    void *moved = may_grow ? remap(large, node, bytes) : NULL;
    if (moved != NULL) {
        node->start = moved;
        node->bytes = bytes;
    }
    hmm_lock_take(&large->lock);
    insert_mapped(large, node);
    hmm_lock_give(&large->lock);
    return moved;
}

bool hmm_mapped_was_freed(struct hmm_large *large, const void *block)
{
    bool found = false;
    hmm_lock_take(&large->lock);
    for (unsigned i = 0; i < HMM_MAPPED_RECENT; i++)
        found = found || large->recent[i] == block;
    hmm_lock_give(&large->lock);
    return found && block != NULL;
}

/* The same as hmm_large_alloc; *n_dirty: of its units, 0 for a mapping. */
static void *alloc_any(struct hmm_large *large, struct hmm_arena *arena, size_t bytes,
                       size_t align_bytes, uint32_t *n_dirty)
{
    struct hmm_pages *pages = large->arenas->slabs.pages;
    void *block = NULL;
    *n_dirty = 0;
    if (hmm_large_maps(large, bytes))
        block = alloc_mapped(large, bytes, align_bytes);
    if (block == NULL && run_units(bytes + align_bytes) <= pages->meta->max_units)
        block = alloc_run(large, arena, (uint32_t)run_units(bytes), align_bytes, n_dirty);
    if (block == NULL &&
        !hmm_large_maps(large, bytes)) { /* where the heap cannot grow, another way */
        *n_dirty = 0;
        block = alloc_mapped(large, bytes, align_bytes);
    }
    return block;
}

/* Free memory that would now go back becomes that of the block's last units, from `done_bytes` on.
 * Not of a mapping: those are often sparse. */
static void recycle(struct hmm_large *large, char *block, size_t done_bytes, size_t bytes)
{
    struct hmm_pages *pages = large->arenas->slabs.pages;
    size_t unit = hmm_pagemap_unit(pages->map, block);
    if (unit < hmm_pagemap_limit(pages->map) &&
        hmm_unit(pages->map, unit)->n_units != 0) /* not a mapping's in a gap of the heap */
        hmm_decay_recycle(pages, block + done_bytes, (uint32_t)run_units(bytes - done_bytes));
}

void *hmm_large_alloc(struct hmm_large *large, struct hmm_arena *arena, size_t bytes,
                      size_t align_bytes, bool *zero)
{
    uint32_t n_dirty;
    void *block = alloc_any(large, arena, bytes, align_bytes, &n_dirty);
    if (block != NULL && !*zero && n_dirty <= run_units(bytes) / HMM_MOVE_DIRTY_DIVISOR)
        recycle(large, block, 0, bytes);
    *zero = *zero && n_dirty == 0;
    return block;
}

void *hmm_large_move(struct hmm_large *large, struct hmm_arena *arena, void *block, size_t bytes)
{
    struct hmm_pages *pages = large->arenas->slabs.pages;
    uint32_t unit = (uint32_t)hmm_pagemap_unit(pages->map, block);
    uint32_t n_units = hmm_pages_run_units(pages, unit);
    size_t old_bytes = (size_t)n_units << HMM_UNIT_SHIFT;
    uint32_t n_dirty;
    void *to = alloc_any(large, arena, bytes, 1, &n_dirty);
    if (to == NULL)
        return NULL;
    bool freed;
    if (n_dirty <= run_units(bytes) / HMM_MOVE_DIRTY_DIVISOR &&
        hmm_move_units(pages, unit, n_units, to)) {
        freed = hmm_port_replace(&pages->map->entry[unit], HMM_KIND_LARGE, HMM_KIND_NONE);
        if (freed)
            hmm_pages_give_empty(pages, unit);
        note_parts(large, to);
        recycle(large, to, old_bytes, bytes);
    } else {
        memcpy(to, block, old_bytes);
        freed = hmm_large_free(large, arena, block);
    }
    if (!freed)
        hmm_misuse_two_owners(block);
    return to;
}
