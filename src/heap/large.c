/* large.c - blocks that are page runs of the heap, with a small cache per arena.
 *
 * Layer   heap, above mapped. Start reading at hmm_large_alloc.
 * State   the cache: its arena's owner's. The entry of a block's first unit says LARGE, and
 *         whoever changes that, by hmm_port_replace, is the one who freed it.
 */
#include "heap/large.h"

#include "arenas/shed.h"
#include "base/hint.h"
#include "memory/decay.h"
#include "memory/move.h"
#include "port/fatal.h"
#include "slabs/huge.h"
#include "slabs/sparse.h"

#include <string.h>

/* May be more than 32 bits hold: compare with max_units before it becomes a run's length. */
static size_t run_units(size_t bytes)
{
    return hmm_div_up(bytes, HMM_UNIT_BYTES);
}

void hmm_large_note_advice(struct hmm_large *large, const void *addr)
{
    struct hmm_pages *pages = large->arenas->slabs.pages;
    if (hmm_pagemap_unit(pages->map, addr) < hmm_pagemap_limit(pages->map))
        atomic_store_explicit(&pages->is_advised, true, memory_order_relaxed); /* relaxed: a hint */
}

/* Huge pages that the program may have asked for in these units are not for whoever has them next.
 */
static void end_advice(const struct hmm_pages *pages, uint32_t unit, uint32_t n_units)
{
    if (hmm_unlikely(hmm_pages_is_advised(pages)) && n_units >= HMM_ADVICE_MIN_UNITS)
        hmm_port_no_huge(hmm_pagemap_address(pages->map, unit), (size_t)n_units << HMM_UNIT_SHIFT);
}

/* Give a run whose entry says CACHED to the pages. Anything else: another free of it came at the
 * same moment as ours. */
static void give_run(struct hmm_large *large, uint32_t unit)
{
    struct hmm_pages *pages = large->arenas->slabs.pages;
    hmm_sparse_look(pages, large->sparse, unit);
    if (hmm_unlikely(
            !hmm_port_replace(&pages->map->entry[unit], HMM_KIND_LARGE_CACHED, HMM_KIND_NONE)))
        hmm_misuse_two_owners(hmm_pagemap_address(pages->map, unit));
    end_advice(pages, unit, hmm_pages_run_units(pages, unit));
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

/* A run's place, for one of this length: its own, or another one if that is taken by another
 * length.
 */
static struct hmm_cached_run *choose_place(struct hmm_arena *arena, uint32_t n_units)
{
    struct hmm_cached_run *own = hmm_large_cached(arena, n_units);
    if (own->record == NULL || own->n_units == n_units)
        return own;
    for (unsigned i = 0; i < HMM_LARGE_CACHED_RUNS; i++)
        if (arena->cached[i].record == NULL)
            return &arena->cached[i];
    return own;
}

/* Units that the arena may cache: its share, of all arenas that have a thread, of a sixteenth of
 * what is in use, or of what has turned out to be needed again; and dirty_min beside that. */
static uint32_t most_cached(const struct hmm_large *large)
{
    const struct hmm_pages *pages = large->arenas->slabs.pages;
    uint32_t worth = hmm_pages_worth_keeping(pages);
    size_t least = hmm_meta_tunables(pages->meta)->dirty_min >> HMM_UNIT_SHIFT;
    least = hmm_min(least, worth);
    uint32_t n_arenas = (uint32_t)hmm_max(hmm_hint_get(&large->arenas->n_used), 1);
    return (uint32_t)hmm_min(least + (worth - least) / n_arenas,
                             HMM_LARGE_CACHED_BYTES >> HMM_UNIT_SHIFT);
}

/* What is cached is not taken again: by a thread that only frees, or whose blocks all differ. From
 * now on none is kept, but their lengths are, until one of those is asked for. */
static void close_cache(struct hmm_large *large, struct hmm_arena *arena)
{
    flush_cached(large, arena);
    arena->cached_closed = true;
    arena->cached_max_units = 0;
}

/* A run of this length is wanted, and none is cached: would it be, were the cache open? */
static void open_cache(struct hmm_arena *arena, uint32_t n_units)
{
    if (arena->cached_closed && hmm_large_cached(arena, n_units)->n_units == n_units)
        arena->cached_closed = false;
}

/* Make place for a run of this length; NULL: it is too large, or none is kept. */
static struct hmm_cached_run *make_place(struct hmm_large *large, struct hmm_arena *arena,
                                         uint32_t n_units)
{
    struct hmm_cached_run *own = hmm_large_cached(arena, n_units);
    uint32_t max_units = arena->cached_closed ? 0 : most_cached(large);
    arena->cached_max_units = max_units;
    bool another = own->record != NULL && own->n_units == n_units;
    if (n_units <= max_units && (another || arena->cached_units + n_units > max_units))
        close_cache(large, arena);
    if (arena->cached_closed)
        own->n_units = n_units;
    if (arena->cached_closed || n_units > max_units)
        return NULL;
    struct hmm_cached_run *run = choose_place(arena, n_units);
    struct hmm_cached_run old = *run;
    if (old.record != NULL) {
        run->record = NULL;
        arena->cached_units -= old.n_units;
        give_run(large, old.unit);
    }
    return run;
}

/* A cached run of this length, in any place; NULL: none. */
static void *take_cached(struct hmm_pagemap *map, struct hmm_arena *arena, uint32_t n_units)
{
    for (unsigned i = 0; i < HMM_LARGE_CACHED_RUNS; i++) {
        struct hmm_cached_run *run = &arena->cached[i];
        if (run->record == NULL || run->n_units != n_units)
            continue;
        void *block = hmm_large_take_from(map, arena, run, n_units);
        if (hmm_unlikely(block == NULL))
            hmm_misuse_two_owners(hmm_pagemap_address(map, run->unit));
        return block;
    }
    return NULL;
}

static void *alloc_run(struct hmm_large *large, struct hmm_arena *arena, uint32_t n_units,
                       size_t align_bytes, struct hmm_old_units *old)
{
    struct hmm_pages *pages = large->arenas->slabs.pages;
    n_units = (uint32_t)hmm_round_up(n_units, pages->page_units);
    *old = (struct hmm_old_units){n_units, n_units};
    if (arena != NULL && align_bytes <= HMM_UNIT_BYTES) {
        void *block = take_cached(pages->map, arena, n_units);
        if (block != NULL)
            return block;
        open_cache(arena, n_units);
        if (n_units >= HMM_LARGE_FLUSH_UNITS && arena->cached_units != 0)
            close_cache(large, arena); /* old memory comes first */
    }
    int64_t unit = hmm_pages_take(pages, n_units, align_bytes, HMM_NO_GROWTH, old);
    if (unit == HMM_RUN_NONE && arena != NULL) { /* what idle caches pin comes before new memory */
        if (arena->cached_units != 0) {
            flush_cached(large, arena);
            unit = hmm_pages_take(pages, n_units, align_bytes, HMM_NO_GROWTH, old);
        }
        if (unit == HMM_RUN_NONE)
            hmm_arena_shed(large->arenas, arena, HMM_SHED_FOR_GROWTH);
    }
    if (unit == HMM_RUN_NONE)
        unit = hmm_pages_take(pages, n_units, align_bytes, HMM_MAY_GROW, old);
    if (unit == HMM_RUN_NONE)
        return NULL;
    hmm_pagemap_set(pages->map, (size_t)unit, HMM_KIND_LARGE);
    return hmm_pagemap_address(pages->map, (size_t)unit);
}

bool hmm_large_free(struct hmm_large *large, struct hmm_arena *arena, void *block)
{
    struct hmm_pages *pages = large->arenas->slabs.pages;
    uint32_t unit = (uint32_t)hmm_pagemap_unit(pages->map, block);
    struct hmm_cached_run *place =
        arena != NULL ? make_place(large, arena, hmm_pages_run_units(pages, unit)) : NULL;
    if (place != NULL)
        return hmm_large_keep_at(pages->map, arena, place, unit, hmm_unit(pages->map, unit));
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
    if (new_units != old_units)
        hmm_sparse_look(pages, large->sparse, unit);
    if (new_units > old_units)
        return hmm_pages_extend(pages, unit, (uint32_t)new_units);
    if (new_units < old_units) {
        end_advice(pages, unit + (uint32_t)new_units, old_units - (uint32_t)new_units);
        hmm_pages_trim_run(pages, unit, (uint32_t)new_units);
    }
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

/* --- alloc, move -------------------------------------------------------------------------------
 */

/* The same as hmm_large_alloc, for a block that `grows`, maybe; *old: of its units, none of a
 * mapping. */
static void *alloc_any(struct hmm_large *large, struct hmm_arena *arena, size_t bytes,
                       size_t align_bytes, bool grows, struct hmm_old_units *old)
{
    struct hmm_pages *pages = large->arenas->slabs.pages;
    void *block = NULL;
    *old = (struct hmm_old_units){0};
    bool is_mapped = hmm_mapped_is_for(&large->maps, bytes) &&
                     (grows || !hmm_mapped_returns(&large->maps, bytes));
    if (is_mapped)
        block = hmm_mapped_alloc(&large->maps, bytes, align_bytes, grows);
    if (block == NULL && run_units(bytes + align_bytes) <= pages->meta->max_units)
        block = alloc_run(large, arena, (uint32_t)run_units(bytes), align_bytes, old);
    if (block == NULL && !is_mapped) { /* where the heap cannot grow, another way */
        *old = (struct hmm_old_units){0};
        block = hmm_mapped_alloc(&large->maps, bytes, align_bytes, false);
    }
    return block;
}

/* Not a mapping, which may lie in a gap of the heap? */
static bool is_run(const struct hmm_large *large, const char *block)
{
    const struct hmm_pagemap *map = large->arenas->slabs.pages->map;
    size_t unit = hmm_pagemap_unit(map, block);
    return unit < hmm_pagemap_limit(map) && hmm_unit(map, unit)->n_units != 0;
}

/* Free memory that would now go back becomes that of the block's last units, from `done_bytes` on.
 * Not of a mapping: those are often sparse. Returns how many units. */
static uint32_t recycle(struct hmm_large *large, char *block, size_t done_bytes, size_t bytes)
{
    if (!is_run(large, block))
        return 0;
    return hmm_decay_recycle(large->arenas->slabs.pages, block + done_bytes,
                             (uint32_t)run_units(bytes - done_bytes));
}

/* What becomes of a new block's old contents? If blocks as long are hardly used, or nobody knows,
 * it takes memory only where it is used. */
static enum hmm_old treat_old(struct hmm_large *large, char *block, uint32_t n_dirty)
{
    struct hmm_pages *pages = large->arenas->slabs.pages;
    uint32_t unit = (uint32_t)hmm_pagemap_unit(pages->map, block);
    uint32_t n_units = hmm_pages_run_units(pages, unit);
    if (n_units < HMM_SPARSE_MIN_UNITS || hmm_pages_is_refused(pages))
        return HMM_OLD_UNASKED;
    bool is_old = n_dirty >= HMM_SPARSE_MIN_UNITS;
    enum hmm_old old = hmm_sparse_ask(pages, large->sparse, unit, is_old);
    if (old == HMM_OLD_GOES && is_old && hmm_port_purge(block, (size_t)n_units << HMM_UNIT_SHIFT))
        hmm_pages_note_returned(pages, (size_t)n_dirty << HMM_UNIT_SHIFT);
    return old;
}

/* Are blocks as long used all over? old: what was found out about its old contents; if anything. */
static bool are_as_long_dense(struct hmm_large *large, struct hmm_arena *arena, uint32_t unit,
                              enum hmm_old old)
{
    const struct hmm_pages *pages = large->arenas->slabs.pages;
    uint32_t n_units = hmm_pages_run_units(pages, unit);
    if (old != HMM_OLD_UNASKED)
        return old == HMM_OLD_FULL;
    return hmm_dense_ask(pages, &arena->witness[hmm_dense_length(n_units)], unit, HMM_KIND_LARGE);
}

/* A block has been made of new memory, for the most part. If others as long are used all over, it
 * gets its pages. */
static void get_block_pages(struct hmm_large *large, struct hmm_arena *arena, char *block,
                            size_t bytes, enum hmm_old old)
{
    struct hmm_pages *pages = large->arenas->slabs.pages;
    uint32_t unit = (uint32_t)hmm_pagemap_unit(pages->map, block);
    if (!hmm_pages_is_worth_populating(pages))
        return;
    if (are_as_long_dense(large, arena, unit, old))
        hmm_huge_ahead(pages, unit, bytes);
    else
        hmm_huge_note_sparse(pages, unit);
}

void *hmm_large_alloc(struct hmm_large *large, struct hmm_arena *arena, size_t bytes,
                      size_t align_bytes, bool *zero)
{
    struct hmm_old_units dirty;
    void *block = alloc_any(large, arena, bytes, align_bytes, false, &dirty);
    bool own = block != NULL && is_run(large, block);
    bool is_zeroed = *zero;
    enum hmm_old old = own && !is_zeroed ? treat_old(large, block, dirty.n) : HMM_OLD_UNASKED;
    uint32_t n_recycled = 0;
    if (own && !is_zeroed && old <= HMM_OLD_GOOD &&
        dirty.n <= run_units(bytes) / HMM_MOVE_DIRTY_DIVISOR)
        n_recycled = recycle(large, block, 0, bytes);
    *zero = is_zeroed && dirty.n == 0;
    if (own && n_recycled == 0 && arena != NULL && dirty.n <= run_units(bytes) / 2)
        get_block_pages(large, arena, block, bytes, old);
    return block;
}

void *hmm_large_move(struct hmm_large *large, struct hmm_arena *arena, void *block, size_t bytes)
{
    struct hmm_pages *pages = large->arenas->slabs.pages;
    uint32_t unit = (uint32_t)hmm_pagemap_unit(pages->map, block);
    uint32_t n_units = hmm_pages_run_units(pages, unit);
    size_t old_bytes = (size_t)n_units << HMM_UNIT_SHIFT;
    struct hmm_old_units dirty;
    hmm_pages_begin_move(pages, n_units);
    void *to = alloc_any(large, arena, bytes, 1, true, &dirty);
    hmm_pages_end_move(pages, n_units);
    if (to == NULL)
        return NULL;
    bool freed;
    hmm_sparse_look(pages, large->sparse, unit);
    if (dirty.n <= run_units(bytes) / HMM_MOVE_DIRTY_DIVISOR &&
        hmm_move_units(pages, unit, n_units, to)) {
        freed = hmm_port_replace(&pages->map->entry[unit], HMM_KIND_LARGE, HMM_KIND_NONE);
        if (freed) {
            end_advice(pages, unit, n_units);
            hmm_pages_give_empty(pages, unit);
        }
        hmm_mapped_note_parts(&large->maps, to);
        (void)recycle(large, to, old_bytes, bytes);
    } else {
        memcpy(to, block, old_bytes);
        freed = hmm_large_free(large, arena, block);
        size_t done_bytes = hmm_max(old_bytes, (size_t)dirty.end << HMM_UNIT_SHIFT);
        if (done_bytes < bytes) /* the old place's memory becomes that of the rest */
            (void)recycle(large, to, done_bytes, bytes);
    }
    if (!freed)
        hmm_misuse_two_owners(block);
    return to;
}
