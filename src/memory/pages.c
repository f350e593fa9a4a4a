/* pages.c - page runs: find, split, coalesce.
 *
 * Layer   memory, above regret. Start reading at hmm_pages_take.
 * State   struct hmm_pages, guarded by lock `pages`; the break by lock `grow`.
 * Keeps   I4 no two adjacent free runs; I5 the runs add up to the break.
 * Source  boundary tags: Knuth, TAOCP 1, 2.5; here they lie out of line.
 */
#include "memory/pages.h"

#include "base/check.h"
#include "memory/pieces.h"
#include "memory/regret.h"
#include "memory/states.h"

static struct hmm_states states(const struct hmm_meta *meta, unsigned kind, uintptr_t base)
{
    unsigned shift = HMM_GRANULE_SHIFT + 1 + kind; /* of marks, which are twice the address */
    uint64_t first = (uintptr_t)meta->strips[HMM_STRIP_STATE + kind].start;
    return (struct hmm_states){.bias = (first << shift) - 2 * (uint64_t)base, .shift = shift};
}

/* The tree is in the chunks: the two lowest levels of 256 units in the chunk of these, a family of
 * level 2 in each 16th chunk, one of level 3 in each 256th, of levels 4 and 5 in the next one. */
static void lay_tree(struct hmm_runtree *tree, struct hmm_chunk *chunks)
{
    const ptrdiff_t next = -(ptrdiff_t)sizeof(struct hmm_chunk); /* they are laid downwards */
    tree->level[0] = (struct hmm_runlevel){(char *)chunks->leaves, HMM_CHUNK_SHIFT, next};
    tree->level[1] = (struct hmm_runlevel){(char *)chunks->parents,
                                           HMM_CHUNK_SHIFT - HMM_TREE_ARITY_SHIFT, next};
    for (unsigned l = 2; l < HMM_TREE_MAX_LEVELS; l++)
        tree->level[l] = (struct hmm_runlevel){
            (char *)hmm_chunk_below(chunks, (l - 2) / 2)->families[l % 2], HMM_TREE_ARITY_SHIFT,
            next * ((ptrdiff_t)1 << (HMM_TREE_ARITY_SHIFT * (l - 1)))};
}

/* What may be changed later. Pages that have moved leave a place without pages. */
static void follow_tunables(struct hmm_pages *pages)
{
    const struct hmm_tunables *t = hmm_meta_tunables(pages->meta);
    bool moves = t->move_min != 0 && !t->keep && pages->brk->kind != HMM_BRK_BUF;
    pages->move_units =
        moves ? (uint32_t)hmm_min(t->move_min >> HMM_UNIT_SHIFT, UINT32_MAX) : UINT32_MAX;
    if (t->keep)
        atomic_store_explicit(&pages->is_refused, true, memory_order_relaxed); /* relaxed: a hint */
}

void hmm_pages_init(struct hmm_pages *pages, struct hmm_pagemap *map, struct hmm_meta *meta,
                    struct hmm_brk *brk)
{
    *pages = (struct hmm_pages){.map = map, .meta = meta, .brk = brk, .states_from = UINT32_MAX};
    pages->page_units = (uint32_t)(brk->align_bytes >> HMM_UNIT_SHIFT);
    if (hmm_meta_tunables(meta)->huge_min != 0 && brk->kind != HMM_BRK_BUF)
        pages->huge_units = (uint32_t)(hmm_port_huge_bytes() >> HMM_UNIT_SHIFT);
    pages->populate_units = UINT32_MAX;
    if (hmm_meta_tunables(meta)->populate_min != 0 && brk->kind != HMM_BRK_BUF)
        pages->populate_units =
            (uint32_t)hmm_min(hmm_meta_tunables(meta)->populate_min >> HMM_UNIT_SHIFT, UINT32_MAX);
    size_t heap_max = hmm_meta_tunables(meta)->heap_max;
    pages->max_units = heap_max == 0 ? UINT32_MAX : (uint32_t)(heap_max >> HMM_UNIT_SHIFT);
    follow_tunables(pages);
    map->chunks = meta->chunks.first;
    lay_tree(&pages->tree, map->chunks);
    map->entry = (_Atomic(uint32_t) *)(void *)meta->strips[HMM_STRIP_ENTRY].start;
    for (unsigned kind = 0; kind < HMM_STATE_KINDS; kind++)
        map->states[kind] = states(meta, kind, brk->base);
    map->objects = meta->objects.start;
    map->base = brk->base;
}

/* --- free runs; all under lock `pages` ----------------------------------------------------------
 */

static void set_contents(struct hmm_pages *pages, uint32_t unit, uint32_t n_units,
                         enum hmm_contents contents)
{
    for (uint32_t word = unit / 64; word <= (unit + n_units - 1) / 64; word++) {
        struct hmm_unit_bits *bits = hmm_unit_bits(pages->map, word);
        uint64_t mask = hmm_pages_bits_mask(word, unit, unit + n_units);
        bits->dirty &= ~mask;
        bits->purged[0] &= ~mask;
        bits->purged[1] &= ~mask;
        if (contents == HMM_CONTENTS_DIRTY) {
            bits->dirty |= mask;
            uint32_t chunk = word / HMM_CHUNK_WORDS;
            *hmm_chunk_dirty_word(pages->map, chunk / 64) |= (uint64_t)1 << (chunk % 64);
        } else if (contents == HMM_CONTENTS_PURGED)
            bits->purged[0] |= mask;
    }
    if (contents == HMM_CONTENTS_PURGED)
        pages->purged_lately = true;
    if (contents == HMM_CONTENTS_DIRTY)
        pages->dirty_end = (uint32_t)hmm_max(pages->dirty_end, unit + n_units);
}

void hmm_pages_attach(struct hmm_pages *pages, uint32_t unit, uint32_t n_units,
                      enum hmm_contents contents)
{
    HMM_ASSERT(hmm_lock_held(&pages->lock));
    HMM_ASSERT(n_units != 0);
    set_contents(pages, unit, n_units, contents);
    if (contents == HMM_CONTENTS_DIRTY)
        pages->dirty_units += n_units;
    uint32_t before = unit > 0 ? hmm_unit(pages->map, unit - 1)->tail_units : 0;
    uint32_t behind_at = unit + n_units;
    uint32_t behind = behind_at < pages->n_units ? hmm_runtree_at(&pages->tree, behind_at) : 0;
    pages->free_units += n_units;
    if (before != 0) {
        hmm_unit(pages->map, unit - 1)->tail_units = 0; /* its leaf is overwritten below */
        unit -= before;
        n_units += before;
    }
    n_units += behind;
    pages->n_free_runs += 1 - (uint32_t)(before != 0) - (uint32_t)(behind != 0);
    hmm_unit(pages->map, unit + n_units - 1)->tail_units = n_units;
    if (behind != 0)
        hmm_runtree_move(&pages->tree, behind_at, unit, n_units);
    else
        hmm_runtree_set(&pages->tree, unit, n_units);
}

/* Their owner gives them back. locks: held pages */
static void attach_freed(struct hmm_pages *pages, uint32_t unit, uint32_t n_units,
                         enum hmm_contents contents)
{
    hmm_pages_attach(pages, unit, n_units, contents);
    hmm_swing_note_low(&pages->live_swing, hmm_pages_live_about(pages));
    /* relaxed: a hint */
    atomic_fetch_add_explicit(&pages->turned_units, n_units, memory_order_relaxed);
    hmm_pages_note_decay(pages);
}

/* They are nobody's free units any more: no purge may find them. Returns how many there were. */
static uint32_t clear_dirty(struct hmm_pages *pages, uint32_t unit, uint32_t n_units)
{
    uint32_t n = 0;
    for (uint32_t word = unit / 64; word <= (unit + n_units - 1) / 64; word++) {
        uint64_t *dirty = &hmm_unit_bits(pages->map, word)->dirty;
        uint64_t mask = hmm_pages_bits_mask(word, unit, unit + n_units);
        n += (uint32_t)__builtin_popcountll(*dirty & mask);
        *dirty &= ~mask;
    }
    return n;
}

uint32_t hmm_pages_detach(struct hmm_pages *pages, uint32_t run, uint32_t unit, uint32_t n_units)
{
    HMM_ASSERT(hmm_lock_held(&pages->lock));
    HMM_ASSERT(n_units != 0);
    HMM_ASSERT(unit >= run);
    uint32_t run_units = hmm_runtree_at(&pages->tree, run);
    uint32_t head = unit - run;
    uint32_t tail = run_units - head - n_units;
    hmm_unit(pages->map, run + run_units - 1)->tail_units = tail;
    if (head != 0) {
        hmm_unit(pages->map, unit - 1)->tail_units = head;
        hmm_runtree_set(&pages->tree, run, head);
    }
    if (head == 0 && tail != 0)
        hmm_runtree_move(&pages->tree, run, unit + n_units, tail);
    else if (tail != 0)
        hmm_runtree_set(&pages->tree, unit + n_units, tail);
    else if (head == 0)
        hmm_runtree_set(&pages->tree, run, 0);
    pages->free_units -= n_units;
    pages->n_free_runs += (uint32_t)(head != 0) + (uint32_t)(tail != 0) - 1;
    uint32_t n_dirty = clear_dirty(pages, unit, n_units);
    pages->dirty_units -= n_dirty;
    if (pages->dirty_units < pages->least_dirty_units)
        pages->least_dirty_units = pages->dirty_units;
    if (n_dirty != 0)
        hmm_pages_note_less_spare(pages);
    return n_dirty;
}

/* Decide how much caches of free runs may hold: what has turned out to be needed again, or a
 * sixteenth of what is in use. */
static void note_worth(struct hmm_pages *pages, uint32_t used_units)
{
    uint32_t least = (uint32_t)hmm_min(hmm_meta_tunables(pages->meta)->dirty_min >> HMM_UNIT_SHIFT,
                                       pages->meta->max_units);
    uint32_t worth = least + (uint32_t)hmm_max(pages->kept_units, used_units / 16);
    atomic_store_explicit(&pages->worth_units, worth, memory_order_relaxed); /* relaxed: a hint */
}

/* More memory than ever: time to give back what is free elsewhere, if that is much. */
static void note_resident(struct hmm_pages *pages)
{
    uint32_t resident = hmm_pages_resident(pages);
    if (resident <= pages->peak_resident_units)
        return;
    if (hmm_pages_excess(pages) != 0)
        hmm_pages_note_decay(pages);
    else
        pages->peak_resident_units = resident;
}

/* A detached run goes to a caller. */
static void note_used(struct hmm_pages *pages, uint32_t unit, uint32_t n_units)
{
    hmm_swing_note_high(&pages->live_swing, hmm_pages_live_about(pages));
    hmm_regret_note_needed(pages, unit, n_units);
    /* relaxed: a hint */
    atomic_fetch_add_explicit(&pages->turned_units, n_units, memory_order_relaxed);
    uint32_t used = hmm_pages_used(pages);
    note_worth(pages, used);
    hmm_pages_note_spare(pages, hmm_pages_dirty_limits(pages));
    pages->peak_used_units = (uint32_t)hmm_max(pages->peak_used_units, used);
    pages->peak_live_units = (uint32_t)hmm_max(pages->peak_live_units, hmm_pages_live(pages));
    pages->used_lately_units = (uint32_t)hmm_max(pages->used_lately_units, used);
    note_resident(pages);
}

/* Units before the first aligned one of the free run at `run`, if n_units follow that; UINT32_MAX.
 */
static uint32_t aligned_head(const struct hmm_pages *pages, uint32_t run, uint32_t n_units,
                             size_t align_bytes)
{
    uint32_t run_units = hmm_runtree_at(&pages->tree, run);
    uintptr_t address = (uintptr_t)hmm_pagemap_address(pages->map, run);
    uintptr_t aligned = hmm_round_up(address, align_bytes);
    uint64_t head = (aligned - address) >> HMM_UNIT_SHIFT;
    return head <= run_units && run_units - head >= n_units ? (uint32_t)head : UINT32_MAX;
}

/* A run that holds an aligned place, of those at unit >= from, the lowest one: n_tries are looked
 * at. RUN_NONE: none of them; *next is where to go on. */
static int64_t find_aligned(const struct hmm_pages *pages, uint32_t from, uint32_t n_units,
                            size_t align_bytes, uint32_t n_tries, uint32_t *next)
{
    for (; n_tries > 0 && from < pages->n_units; n_tries--) {
        int64_t run = hmm_runtree_find(&pages->tree, from, n_units);
        *next = run == HMM_RUN_NONE ? 0 : (uint32_t)run + 1;
        if (run == HMM_RUN_NONE ||
            aligned_head(pages, (uint32_t)run, n_units, align_bytes) != UINT32_MAX)
            return run;
        from = *next;
    }
    return HMM_RUN_NONE;
}

/* Any number of runs may be long enough and hold no aligned place. So a few are looked at, by each
 * request others; then one that is longer by the alignment, which holds one for certain. */
static int64_t find_some_aligned(struct hmm_pages *pages, uint32_t n_units, size_t align_bytes)
{
    uint32_t next = pages->aligned_from < pages->n_units ? pages->aligned_from : 0;
    int64_t run = find_aligned(pages, next, n_units, align_bytes, HMM_ALIGNED_TRIES, &next);
    pages->aligned_from = run != HMM_RUN_NONE ? (uint32_t)run : next;
    uint64_t longer = n_units + (uint64_t)(align_bytes >> HMM_UNIT_SHIFT);
    if (run == HMM_RUN_NONE && longer <= pages->n_units)
        run = hmm_runtree_find(&pages->tree, 0, (uint32_t)longer);
    return run;
}

/* The same; if `all`, all runs are looked at. *unit: where the aligned place is. */
static HMM_NOINLINE int64_t find_aligned_place(struct hmm_pages *pages, uint32_t n_units,
                                               size_t align_bytes, bool all, uint32_t *unit)
{
    uint32_t next = 0;
    int64_t run = all ? find_aligned(pages, 0, n_units, align_bytes, UINT32_MAX, &next)
                      : find_some_aligned(pages, n_units, align_bytes);
    if (run != HMM_RUN_NONE)
        *unit = (uint32_t)run + aligned_head(pages, (uint32_t)run, n_units, align_bytes);
    return run;
}

/* First fit; with an alignment above that of all runs, one that holds an aligned place. */
static int64_t take_locked(struct hmm_pages *pages, uint32_t n_units, size_t align_bytes, bool all,
                           struct hmm_old_units *old)
{
    if (hmm_unlikely(pages->n_units == 0))
        return HMM_RUN_NONE;
    bool aligned = align_bytes > pages->brk->align_bytes;
    uint32_t unit = 0;
    int64_t run = hmm_unlikely(aligned)
                      ? find_aligned_place(pages, n_units, align_bytes, all, &unit)
                      : hmm_runtree_find(&pages->tree, 0, n_units);
    if (run == HMM_RUN_NONE)
        return HMM_RUN_NONE;
    unit = aligned ? unit : (uint32_t)run;
    uint32_t end = old != NULL ? hmm_pages_dirty_end(pages, unit, n_units) : 0;
    uint32_t n = hmm_pages_detach(pages, (uint32_t)run, unit, n_units);
    if (old != NULL)
        *old = (struct hmm_old_units){n, end};
    note_used(pages, unit, n_units);
    hmm_unit(pages->map, unit)->n_units = n_units;
    pages->n_used_runs++;
    return unit;
}

/* --- growth -------------------------------------------------------------------------------------
 */

/* Units [first, behind) have come from the system. locks: held grow */
static void add_units(struct hmm_pages *pages, uint32_t first, uint32_t behind)
{
    hmm_lock_take(&pages->lock);
    bool extends = hmm_pages_add_piece(pages, first, behind);
    pages->n_growths++;
    pages->peak_heap_units =
        (uint32_t)hmm_max(pages->peak_heap_units, pages->n_units - pages->foreign_units);
    hmm_runtree_span(&pages->tree, pages->n_units);
    if (extends && !pages->brk->joined)
        hmm_pages_add_border(pages, first);
    const struct hmm_piece *above = hmm_pages_piece(pages, behind);
    if (above != NULL && above->first == behind)
        hmm_pages_add_border(pages, behind);
    hmm_regret_note_grown(pages, behind - first);
    hmm_pages_attach(pages, first, behind - first, HMM_CONTENTS_NEW);
    hmm_pagemap_set_limit(pages->map, pages->n_units);
    hmm_lock_give(&pages->lock);
}

static uint32_t unit_of(const struct hmm_pages *pages, uintptr_t address)
{
    return (uint32_t)((address - pages->brk->base) >> HMM_UNIT_SHIFT);
}

/* All records of units [first, behind), for a heap that keeps what it has. locks: held grow */
static HMM_COLD void map_records(struct hmm_pages *pages, uint32_t first, uint32_t behind)
{
    hmm_states_map_all(pages, first, behind - first);
    hmm_meta_map_objects(pages->meta, behind);
}

/* Records come first: of where the memory will most likely be, and of where it is after all. */
static bool grow_by(struct hmm_pages *pages, size_t bytes)
{
    bytes = hmm_round_up(bytes, pages->brk->align_bytes);
    size_t next = hmm_brk_next(pages->brk) - pages->brk->base;
    size_t ahead = (pages->n_units - pages->foreign_units) / HMM_COVER_AHEAD_DIVISOR;
    if (!hmm_pages_may_take(pages, bytes) || !hmm_pages_have_spare_piece(pages) ||
        bytes > pages->brk->reach_bytes ||
        !hmm_meta_cover(pages->meta, (next + bytes) >> HMM_UNIT_SHIFT, ahead))
        return false;
    uintptr_t top = pages->brk->top;
    uintptr_t start = hmm_brk_grow(pages->brk, bytes);
    if (start == 0)
        return false;
    if (hmm_pages_says_no_huge(pages))
        hmm_port_no_huge((void *)start, bytes);
    size_t end = start + bytes - pages->brk->base;
    if (!hmm_meta_cover(pages->meta, end >> HMM_UNIT_SHIFT, ahead)) {
        hmm_brk_lower(pages->brk, start, top);
        return false;
    }
    add_units(pages, unit_of(pages, start), (uint32_t)(end >> HMM_UNIT_SHIFT));
    if (hmm_unlikely(hmm_meta_tunables(pages->meta)->keep))
        map_records(pages, unit_of(pages, start), (uint32_t)(end >> HMM_UNIT_SHIFT));
    return true;
}

void hmm_pages_tuned(struct hmm_pages *pages)
{
    hmm_lock_take(&pages->grow);
    hmm_lock_take(&pages->lock);
    follow_tunables(pages);
    hmm_regret_forget(pages);
    hmm_lock_give(&pages->lock);
    uint32_t from = 0, behind;
    bool keep = hmm_meta_tunables(pages->meta)->keep;
    while (keep && (behind = hmm_pages_next_piece(pages, &from)) != 0) {
        map_records(pages, from, behind);
        from = behind;
    }
    hmm_lock_give(&pages->grow);
}

/* Bytes that the heap must grow by so that a run of n_units, aligned, fits where it grows; 0: it
 * fits by now. locks: held grow, pages */
static size_t needed_bytes(struct hmm_pages *pages, uint32_t n_units, size_t align_bytes)
{
    uintptr_t next = hmm_brk_next(pages->brk);
    uint32_t unit = unit_of(pages, next);
    bool is_end = unit > 0 && unit <= pages->n_units;
    uint32_t free_units = is_end ? hmm_unit(pages->map, unit - 1)->tail_units : 0;
    uintptr_t run = next - ((uintptr_t)free_units << HMM_UNIT_SHIFT);
    uintptr_t aligned = hmm_round_up(run, align_bytes);
    uintptr_t end = aligned + ((size_t)n_units << HMM_UNIT_SHIFT);
    if (hmm_unlikely(aligned < run || end < aligned)) /* beyond the last address */
        return SIZE_MAX;
    return end > next ? end - next : 0;
}

/* Take memory from the system so that n_units fit; somebody else may have done so meanwhile. */
static bool grow(struct hmm_pages *pages, uint32_t n_units, size_t align_bytes, uint32_t seen)
{
    const struct hmm_tunables *t = hmm_meta_tunables(pages->meta);
    hmm_lock_take(&pages->grow);
    hmm_lock_take(&pages->lock);
    size_t need = needed_bytes(pages, n_units, align_bytes);
    bool grown = pages->n_growths != seen || need == 0;
    size_t heap_bytes = (size_t)(pages->n_units - pages->foreign_units) << HMM_UNIT_SHIFT;
    size_t huge_bytes = (size_t)pages->huge_units << HMM_UNIT_SHIFT;
    hmm_lock_give(&pages->lock);
    if (!grown) {
        size_t ahead = hmm_max(heap_bytes / t->grow_divisor, t->grow_min);
        ahead = hmm_max(hmm_min(ahead, t->grow_max), need);
        if (huge_bytes != 0 && heap_bytes >= t->huge_min) { /* end with a whole one */
            uintptr_t next = hmm_brk_next(pages->brk);
            ahead = hmm_round_up(next + ahead, huge_bytes) - next;
        }
        size_t worst = ((size_t)n_units << HMM_UNIT_SHIFT) + align_bytes;
        grown = grow_by(pages, ahead) || (need < ahead && grow_by(pages, need)) ||
                (need < worst && grow_by(pages, worst)); /* it came elsewhere */
    }
    hmm_lock_give(&pages->grow);
    return grown;
}

int64_t hmm_pages_take(struct hmm_pages *pages, uint32_t n_units, size_t align_bytes,
                       enum hmm_growth growth, struct hmm_old_units *old)
{
    HMM_ASSERT(n_units != 0);
    n_units = (uint32_t)hmm_round_up(n_units, pages->page_units);
    align_bytes = hmm_max(align_bytes, HMM_UNIT_BYTES);
    bool all = align_bytes <= pages->brk->align_bytes;
    for (;; all = true) { /* after growth, and before the answer is no */
        hmm_lock_take(&pages->lock);
        int64_t unit = take_locked(pages, n_units, align_bytes, all, old);
        uint32_t seen = pages->n_growths;
        hmm_lock_give(&pages->lock);
        if (unit != HMM_RUN_NONE || growth == HMM_NO_GROWTH)
            return unit;
        if (!grow(pages, n_units, align_bytes, seen) && all)
            return HMM_RUN_NONE;
    }
}

bool hmm_pages_extend(struct hmm_pages *pages, uint32_t unit, uint32_t new_units)
{
    HMM_ASSERT(new_units != 0);
    new_units = (uint32_t)hmm_round_up(new_units, pages->page_units);
    hmm_lock_take(&pages->lock);
    uint32_t old_units = hmm_unit(pages->map, unit)->n_units;
    uint32_t behind_at = unit + old_units;
    uint32_t behind = behind_at < pages->n_units ? hmm_runtree_at(&pages->tree, behind_at) : 0;
    bool at_top = behind_at + behind == pages->n_units;
    uint32_t more = new_units - old_units;
    uint32_t seen = pages->n_growths;
    if (behind < more && at_top && pages->n_units > 0) {
        hmm_lock_give(&pages->lock);
        if (!grow(pages, more, HMM_UNIT_BYTES, seen))
            return false;
        hmm_lock_take(&pages->lock);
        behind = behind_at < pages->n_units ? hmm_runtree_at(&pages->tree, behind_at) : 0;
    }
    bool fits = behind >= more;
    if (fits) {
        hmm_pages_detach(pages, behind_at, behind_at, more);
        note_used(pages, behind_at, more);
        hmm_unit(pages->map, unit)->n_units = new_units;
    }
    hmm_lock_give(&pages->lock);
    return fits;
}

void hmm_pages_trim_run(struct hmm_pages *pages, uint32_t unit, uint32_t new_units)
{
    HMM_ASSERT(new_units != 0);
    new_units = (uint32_t)hmm_round_up(new_units, pages->page_units);
    hmm_lock_take(&pages->lock);
    uint32_t old_units = hmm_unit(pages->map, unit)->n_units;
    if (new_units < old_units) {
        hmm_unit(pages->map, unit)->n_units = new_units;
        attach_freed(pages, unit + new_units, old_units - new_units, HMM_CONTENTS_DIRTY);
    }
    hmm_lock_give(&pages->lock);
}

/* swept_pages: see hmm_pages_give_swept */
static void give_units(struct hmm_pages *pages, uint32_t unit, enum hmm_contents contents,
                       uint64_t swept_pages)
{
    hmm_lock_take(&pages->lock);
    uint32_t n_units = hmm_unit(pages->map, unit)->n_units;
    hmm_unit(pages->map, unit)->n_units = 0;
    pages->n_used_runs--;
    attach_freed(pages, unit, n_units, contents);
    if (hmm_unlikely(swept_pages != 0))
        hmm_regret_mark(pages, unit, swept_pages);
    hmm_lock_give(&pages->lock);
}

void hmm_pages_give(struct hmm_pages *pages, uint32_t unit)
{
    give_units(pages, unit, HMM_CONTENTS_DIRTY, 0);
}

void hmm_pages_give_swept(struct hmm_pages *pages, uint32_t unit, uint64_t swept_pages)
{
    give_units(pages, unit, HMM_CONTENTS_DIRTY, swept_pages);
}

void hmm_pages_give_empty(struct hmm_pages *pages, uint32_t unit)
{
    give_units(pages, unit, HMM_CONTENTS_NEW, 0);
}
