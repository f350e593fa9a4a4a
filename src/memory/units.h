/* units.h - all that is known of the heap's units: pieces, runs, what takes memory.
 *
 * Layer   memory, above runtree.
 */
#ifndef HMM_MEMORY_UNITS_H
#define HMM_MEMORY_UNITS_H

#include "memory/brk.h"
#include "memory/meta.h"
#include "memory/pagemap.h"
#include "memory/runtree.h"
#include "memory/swing.h"
#include "port/lock.h"

/* Units that we got from the system, side by side. What lies between two pieces is not ours. */
struct hmm_piece {
    uint32_t first;         /* lock:pages */
    uint32_t behind;        /* lock:pages */
    struct hmm_piece *next; /* lock:pages, the one above; or the next free node */
    struct hmm_piece *prev; /* lock:pages, the one below */
};

/* Free units that a thread has taken out of their run while it gives their memory back. */
struct hmm_aside {
    uintptr_t keeper; /* lock:pages, that thread: hmm_port_self() */
    uint32_t unit;    /* lock:pages */
    uint32_t n_units; /* lock:pages: 0: the place is free */
};

struct hmm_pages {
    struct hmm_pagemap *map;       /* const */
    struct hmm_meta *meta;         /* const */
    struct hmm_brk *brk;           /* const pointer; contents lock:grow */
    struct hmm_lock grow;          /* the break and the arrays' extent */
    struct hmm_lock lock;          /* lock `pages` */
    struct hmm_runtree tree;       /* lock:pages */
    struct hmm_piece *lowest;      /* lock:pages, of the pieces; NULL: none */
    struct hmm_piece *highest;     /* lock:pages */
    struct hmm_piece *spare_piece; /* lock:grow, free nodes */
    uint32_t n_units;              /* lock:pages, units below the end of the highest piece */
    uint32_t max_units;            /* const: units that may be ours at once; option heap_max */
    uint32_t n_growths;            /* lock:pages, how often memory came from the system */
    uint32_t page_units;           /* const: runs are multiples of this */
    uint32_t populate_units;  /* const: from so many used ones on, slabs get their pages at once */
    uint32_t move_units;      /* lock:pages, so long runs are moved without copying */
    uint32_t n_move_fails;    /* lock:pages, in a row */
    uint32_t n_borders;       /* lock:pages, of mappings inside the heap, at most */
    uint32_t huge_units;      /* lock:pages, of a huge page; 0: there are none */
    uint32_t huge_skip;       /* lock:pages, so many chances for one are let pass */
    uint32_t huge_slow;       /* lock:pages, how many were slow lately */
    uint32_t huge_fast;       /* lock:pages, how many in a row were fast */
    bool huge_came;           /* lock:pages, one has come */
    _Atomic(bool) no_huge;    /* atomic hint, set under lock:grow: its memory says no_huge */
    _Atomic(bool) is_advised; /* atomic hint: the program has asked for huge pages in the heap */
    uint32_t fault_samples;   /* lock:pages, page faults were timed so often */
    uint64_t fault_ns;        /* lock:pages, the fastest, of HUGE_TOUCH_PAGES */
    uint32_t free_units;      /* lock:pages */
    uint32_t n_free_runs;     /* lock:pages */
    uint32_t n_used_runs;     /* lock:pages, slabs, large blocks, and those in caches */
    uint32_t foreign_units;   /* lock:pages, below n_units, in no piece */
    uint32_t dirty_units;     /* lock:pages, free units with old contents */
    uint32_t least_dirty_units;     /* lock:pages, in this period */
    uint32_t least_before_units;    /* lock:pages, in the one before */
    uint32_t kept_units;            /* lock:pages, free memory worth keeping, in runs and slots: had
                                       been purged and was needed again */
    _Atomic(uint32_t) unused_units; /* atomic hint: free slots, with and without memory */
    _Atomic(uint32_t) moving_units; /* atomic hint: used ones whose contents go elsewhere */
    _Atomic(uint32_t) slots_units;  /* atomic hint: free slots that take memory (arenas/sweep.c) */
    _Atomic(size_t) away_bytes;     /* atomic hint: slots freed by others, not collected yet, */
    _Atomic(size_t) away_objs;      /* atomic hint: and how many these are */
    _Atomic(uint32_t) least_units;  /* atomic hint: least of these and dirty ones in this period, */
    uint32_t least_units_before;    /* lock:pages, and in the one before */
    struct hmm_swing live_swing;    /* of what is live; a period is extended as that of `purged` */
    struct hmm_lock states;         /* lock `states`: which units are slabs */
    size_t states_bytes;            /* lock:states, mapped for state bytes */
    uint32_t aged_units;            /* lock:pages, dirty ones to be given back for their age */
    uint32_t unswept_units;         /* lock:pages, purged since state bytes were looked at */
    uint32_t states_from;           /* lock:pages, where to look at them next; UINT32_MAX: not */
    uint32_t peak_used_units;       /* lock:pages, statistics */
    uint32_t peak_live_units;       /* lock:pages */
    uint32_t used_lately_units;     /* lock:pages, the most since hmm_pages_used_lately */
    uint32_t peak_heap_units;       /* lock:pages, statistics: below the break, our own */
    uint32_t peak_resident_units;   /* lock:pages, used and dirty ones; what was taken last may
                                       be missing */
    uint32_t aligned_from;          /* lock:pages, where to look for an aligned place next */
    uint32_t dirty_end;             /* lock:pages, no unit from here on is dirty */
    _Atomic(uint64_t) decay_at_ns;  /* lock:pages; also read as a hint: last look for decay */
    uint64_t top_free_at_ns;        /* lock:pages, since then the top could have been lowered */
    uint64_t regret_at_ns;          /* lock:pages, when the period of `purged` began */
    uint32_t lowered_units[2];      /* lock:pages, with contents not long ago, when the break went
                                       down: in this period, in the one before */
    uint32_t regretted_units;       /* lock:pages, in this period */
    uint32_t n_extended;            /* lock:pages, so often it was not ended, for these */
    uint64_t refused_at_ns;         /* lock:pages, when giving back was refused the last time */
    uint32_t n_refused;             /* lock:pages, how often in a row */
    _Atomic(bool) is_refused;       /* atomic hint, set under lock:pages: so soon after that nothing
                                       is given back */
    bool purged_lately;             /* lock:pages, some bit of purged[0] is set */
    bool purged_before;             /* lock:pages, of purged[1] */
    bool top_was_free;              /* lock:pages, the top could have been lowered last time */
    _Atomic(uint32_t) turned_units; /* atomic hint: taken and freed since the last hmm_decay */
    _Atomic(uint32_t) worth_units;  /* atomic hint, set under lock:pages: what a cache of free
                                       runs may hold */
    _Atomic(bool) has_spare;        /* atomic hint, set under lock:pages */
    _Atomic(uint32_t) decay_wanted; /* atomic hint, set under lock:pages: enum hmm_wanted */
    _Atomic(bool) has_backlog;      /* atomic hint, set under lock:pages: backlog.h */
    uint32_t settled_units;         /* lock:pages, of spare memory so much has not gone, or less */
    uint32_t settled_top;           /* lock:pages, nor has the break been lowered from here */
    uint32_t backlog_top;           /* lock:pages, n_units at the last look at it */
    size_t backlog_returned;        /* lock:pages, returned_bytes then */
    uint32_t backlog_kept;          /* lock:pages, kept_units then */
    uint64_t backlog_at_ns;         /* lock:pages, when it was last looked at, or it arose */
    uint64_t backlog_waited_ns;     /* lock:pages, since some of it went, while it was looked at */
    size_t purged_bytes;            /* lock:pages, statistics */
    _Atomic(size_t) outside_bytes;  /* atomic, relaxed: a limit that need not be exact; blocks with
                                       mappings of their own */
    struct hmm_aside aside[HMM_PURGES_AT_ONCE]; /* lock:pages */
    _Atomic(size_t) returned_bytes;             /* atomic: the sum of hmm_pages_note_returned */
};

/* Statistics: memory that blocks had has gone back to the system, by a call that succeeded. */
static inline void hmm_pages_note_returned(struct hmm_pages *pages, size_t bytes)
{
    atomic_fetch_add_explicit(&pages->returned_bytes, bytes,
                              memory_order_relaxed); /* relaxed: a statistic */
}

static inline size_t hmm_pages_returned(const struct hmm_pages *pages)
{
    return atomic_load_explicit(&pages->returned_bytes,
                                memory_order_relaxed); /* relaxed: a statistic */
}

/* What hmm_decay has to do: nothing, look from time to time, give back at once. */
enum hmm_wanted { HMM_WANTED_NOTHING, HMM_WANTED_LOOK, HMM_WANTED_NOW };

/* A hint. */
static inline enum hmm_wanted hmm_pages_wanted(const struct hmm_pages *pages)
{
    /* relaxed: a hint */
    return (enum hmm_wanted)atomic_load_explicit(&pages->decay_wanted, memory_order_relaxed);
}

/* The lowest piece that ends above `unit`; NULL: none. locks: held pages */
static inline const struct hmm_piece *hmm_pages_piece(const struct hmm_pages *pages, uint32_t unit)
{
    const struct hmm_piece *piece = pages->lowest;
    while (piece != NULL && piece->behind <= unit)
        piece = piece->next;
    return piece;
}

static inline uint32_t hmm_pages_used(const struct hmm_pages *pages)
{
    return pages->n_units - pages->free_units - pages->foreign_units;
}

/* Does its memory get huge pages only when they are asked for? A hint. */
static inline bool hmm_pages_says_no_huge(const struct hmm_pages *pages)
{
    return atomic_load_explicit(&pages->no_huge, memory_order_relaxed); /* relaxed: a hint */
}

/* Has the program asked for huge pages somewhere in the heap? A hint. */
static inline bool hmm_pages_is_advised(const struct hmm_pages *pages)
{
    return atomic_load_explicit(&pages->is_advised, memory_order_relaxed); /* relaxed: a hint */
}

/* Is the heap so large that new memory gets its pages by one call where it will be used? */
static inline bool hmm_pages_is_worth_populating(struct hmm_pages *pages)
{
    hmm_lock_take(&pages->lock);
    bool worth = hmm_pages_used(pages) >= pages->populate_units;
    hmm_lock_give(&pages->lock);
    return worth;
}

/* Used units that are not live: free slots of slabs, and what is being moved. A hint. */
static inline uint32_t hmm_pages_unused(const struct hmm_pages *pages)
{
    return atomic_load_explicit(&pages->unused_units, memory_order_relaxed) + /* relaxed: hints */
           atomic_load_explicit(&pages->moving_units, memory_order_relaxed);
}

/* The contents of so many used units go to a new place. */
static inline void hmm_pages_begin_move(struct hmm_pages *pages, uint32_t n_units)
{
    atomic_fetch_add_explicit(&pages->moving_units, n_units, memory_order_relaxed); /* as above */
}

/* The new place is there. In a child that was forked meanwhile they are not counted any more. */
static inline void hmm_pages_end_move(struct hmm_pages *pages, uint32_t n_units)
{
    uint32_t moving = atomic_load_explicit(&pages->moving_units, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(
        &pages->moving_units, &moving, moving - (uint32_t)hmm_min(moving, n_units),
        memory_order_relaxed, memory_order_relaxed)) { /* relaxed: as above */
    }
}

/* Used ones without those, about. */
static inline uint32_t hmm_pages_live(const struct hmm_pages *pages)
{
    uint32_t used = hmm_pages_used(pages);
    uint32_t unused = hmm_pages_unused(pages);
    return used > unused ? used - unused : 0;
}

/* The most units that were used since the last such call, or are now. */
static inline uint32_t hmm_pages_used_lately(struct hmm_pages *pages)
{
    hmm_lock_take(&pages->lock);
    uint32_t now = hmm_pages_used(pages);
    uint32_t most = now > pages->used_lately_units ? now : pages->used_lately_units;
    pages->used_lately_units = now;
    hmm_lock_give(&pages->lock);
    return most;
}

/* Free memory that could be given back: runs, and slots of slabs. A hint. */
HMM_HINT static inline uint32_t hmm_pages_spare_units(const struct hmm_pages *pages)
{
    return __atomic_load_n(&pages->dirty_units, __ATOMIC_RELAXED) + /* a hint */
           atomic_load_explicit(&pages->slots_units, memory_order_relaxed);
}

/* The same with what owners have not collected. A hint. */
static inline uint32_t hmm_pages_waiting_units(const struct hmm_pages *pages)
{
    size_t away = atomic_load_explicit(&pages->away_bytes, memory_order_relaxed); /* a hint */
    return hmm_pages_spare_units(pages) + (uint32_t)(away >> HMM_UNIT_SHIFT);
}

/* It has become less. */
static inline void hmm_pages_note_less_spare(struct hmm_pages *pages)
{
    uint32_t now = hmm_pages_spare_units(pages);
    if (now < atomic_load_explicit(&pages->least_units, memory_order_relaxed)) /* relaxed: a hint */
        atomic_store_explicit(&pages->least_units, now, memory_order_relaxed);
}

/* The least of it in this period and the one before: that was not needed. A hint. */
HMM_HINT static inline uint32_t hmm_pages_idle_units(const struct hmm_pages *pages)
{
    uint32_t before = __atomic_load_n(&pages->least_units_before, __ATOMIC_RELAXED); /* a hint */
    uint32_t now = atomic_load_explicit(&pages->least_units, memory_order_relaxed);  /* a hint */
    return now < before ? now : before;
}

/* Used units without the free slots of slabs. A hint. */
HMM_HINT static inline uint32_t hmm_pages_live_about(const struct hmm_pages *pages)
{
    uint32_t unavailable = __atomic_load_n(&pages->free_units, __ATOMIC_RELAXED) + /* hints */
                           __atomic_load_n(&pages->foreign_units, __ATOMIC_RELAXED) +
                           hmm_pages_unused(pages);
    uint32_t n_units = __atomic_load_n(&pages->n_units, __ATOMIC_RELAXED); /* a hint */
    return n_units > unavailable ? n_units - unavailable : 0;
}

/* More of it than has turned out to be needed again, and than what ages: how much more. A hint. */
HMM_HINT static inline uint32_t hmm_pages_unneeded_units(const struct hmm_pages *pages)
{
    uint32_t kept = __atomic_load_n(&pages->kept_units, __ATOMIC_RELAXED) + /* a hint */
                    hmm_pages_idle_units(pages);
    uint32_t spare = hmm_pages_spare_units(pages);
    return spare > kept ? spare - kept : 0;
}

/* May free slots go at once? Not while they swing by as much as has turned out to be needed again,
 * if that is a large part of the heap. A hint. */
HMM_HINT static inline bool hmm_pages_may_sweep(const struct hmm_pages *pages)
{
    uint32_t kept = __atomic_load_n(&pages->kept_units, __ATOMIC_RELAXED);          /* a hint */
    uint32_t peak = __atomic_load_n(&pages->peak_resident_units, __ATOMIC_RELAXED); /* a hint */
    return kept < peak / HMM_SWEEP_SWING || hmm_pages_unneeded_units(pages) > 0;
}

/* Units that take memory, as far as is known here; but for what is being moved: either its old
 * place or its new one. */
static inline uint32_t hmm_pages_resident(const struct hmm_pages *pages)
{
    uint32_t resident = hmm_pages_used(pages) + pages->dirty_units;
    /* relaxed: a hint */
    uint32_t moving = atomic_load_explicit(&pages->moving_units, memory_order_relaxed);
    return resident > moving ? resident - moving : 0;
}

/* Free memory with old contents. A hint. */
HMM_HINT static inline size_t hmm_pages_dirty_bytes(const struct hmm_pages *pages)
{
    return (size_t)__atomic_load_n(&pages->dirty_units, __ATOMIC_RELAXED) << HMM_UNIT_SHIFT;
}

/* What is resident now is no reason to give anything back. locks: held pages */
static inline void hmm_pages_note_peak(struct hmm_pages *pages)
{
    pages->peak_resident_units =
        (uint32_t)hmm_max(pages->peak_resident_units, hmm_pages_resident(pages));
}

/* So much may be resident: what has been; and what was ever live, with a part of what was needed
 * again soon. locks: held pages */
static inline size_t hmm_pages_peak(const struct hmm_pages *pages)
{
    size_t kept = hmm_min(pages->kept_units, pages->peak_live_units / HMM_PEAK_KEPT_DIVISOR);
    return hmm_max(pages->peak_resident_units, pages->peak_live_units + kept);
}

/* How many dirty units are kept. */
struct hmm_dirty_limits {
    size_t least; /* whatever their age */
    size_t most;  /* for a while */
    bool hardly;  /* hardly anything is live: perhaps nothing will be called any more */
};

/* Less when hardly anything is left of the heap: perhaps nothing will be called any more.
 * locks: held pages */
static inline struct hmm_dirty_limits hmm_pages_dirty_limits(const struct hmm_pages *pages)
{
    const struct hmm_tunables *t = hmm_meta_tunables(pages->meta);
    size_t live = hmm_pages_live(pages);
    size_t used = hmm_pages_used(pages);
    bool hardly = live <= pages->peak_resident_units / t->dirty_max_divisor;
    size_t least = (hardly ? live : used) / t->dirty_divisor;
    least = hmm_max(least, t->dirty_min >> HMM_UNIT_SHIFT);
    size_t most = hardly ? live / t->dirty_max_divisor : used;
    return (struct hmm_dirty_limits){
        .least = least, .most = hmm_max(most, least), .hardly = hardly};
}

/* Is nothing given back? Because the system has refused a moment ago to take memory, as of a
 * process that is locked in memory; or because of option keep. A hint. */
static inline bool hmm_pages_is_refused(const struct hmm_pages *pages)
{
    return atomic_load_explicit(&pages->is_refused, memory_order_relaxed); /* relaxed: a hint */
}

/* When hardly anything is live: what has long been free may not get the time to age. Nor is what
 * swings kept if this is no such swing, but a fall that is much deeper. A hint. */
HMM_HINT static inline uint32_t hmm_pages_hardly_unneeded(const struct hmm_pages *pages)
{
    uint32_t width = hmm_swing_width(&pages->live_swing);
    uint32_t fall = hmm_swing_fall(&pages->live_swing, hmm_pages_live_about(pages));
    uint32_t kept =
        width < fall - fall / 4 ? 0 : __atomic_load_n(&pages->kept_units, __ATOMIC_RELAXED);
    uint32_t spare = hmm_pages_spare_units(pages);
    return spare > kept ? spare - kept : 0;
}

/* Dirty units to be given back at once, whatever their age: when most of the heap is free; when it
 * is about to take more memory than ever. locks: held pages */
static inline size_t hmm_pages_excess_over(const struct hmm_pages *pages,
                                           struct hmm_dirty_limits limits)
{
    size_t dirty = pages->dirty_units;
    if (dirty <= limits.least || hmm_pages_is_refused(pages))
        return 0;
    size_t excess = 0;
    if (dirty > limits.most)
        excess = hmm_min(dirty - limits.most, limits.hardly ? hmm_pages_hardly_unneeded(pages)
                                                            : hmm_pages_unneeded_units(pages));
    size_t resident = hmm_pages_resident(pages);
    size_t peak = hmm_pages_peak(pages);
    if (resident <= peak)
        return excess;
    size_t over = hmm_min(resident - peak, dirty - limits.least);
    return hmm_max(excess, over);
}

static inline size_t hmm_pages_excess(const struct hmm_pages *pages)
{
    return hmm_pages_excess_over(pages, hmm_pages_dirty_limits(pages));
}

/* Is much free memory with old contents there to be used first? locks: held pages */
static inline void hmm_pages_note_spare(struct hmm_pages *pages, struct hmm_dirty_limits limits)
{
    bool spare = pages->dirty_units > 2 * limits.least;
    atomic_store_explicit(&pages->has_spare, spare, memory_order_relaxed); /* relaxed: a hint */
}

/* Has so much free memory come up since some last settled that it is to go back? Threads that make
 * hits only are to look after it, too: heap/pace.h. */
static inline bool hmm_pages_has_backlog(const struct hmm_pages *pages)
{
    return atomic_load_explicit(&pages->has_backlog, memory_order_relaxed); /* relaxed: a hint */
}

/* Much more than has settled? locks: held pages */
static inline bool hmm_pages_is_backlog(const struct hmm_pages *pages)
{
    size_t enough = hmm_pages_used(pages) / HMM_BACKLOG_DIVISOR;
    enough = hmm_max(enough, HMM_BACKLOG_MIN_BYTES >> HMM_UNIT_SHIFT);
    return hmm_pages_waiting_units(pages) > pages->settled_units + enough;
}

/* Is so much free at the top that the break is worth lowering? locks: held pages */
static inline bool hmm_pages_is_top_free(const struct hmm_pages *pages)
{
    const struct hmm_tunables *t = hmm_meta_tunables(pages->meta);
    uint64_t top = pages->n_units > 0 ? hmm_unit(pages->map, pages->n_units - 1)->tail_units : 0;
    return !t->keep && top << HMM_UNIT_SHIFT >= t->lower_min &&
           top * t->lower_divisor >= pages->n_units - pages->foreign_units;
}

/* From now on it is looked at whether any of it goes. locks: held pages */
static inline void hmm_pages_restart_backlog(struct hmm_pages *pages, uint64_t now_ns)
{
    pages->backlog_at_ns = now_ns;
    pages->backlog_waited_ns = 0;
}

/* Decide whether hmm_decay has anything to wait for: too much dirty memory, a free top, or a heap
 * more than half free, whose top some thread's idle cache may pin. locks: held pages */
static inline void hmm_pages_note_decay(struct hmm_pages *pages)
{
    const struct hmm_tunables *t = hmm_meta_tunables(pages->meta);
    const struct hmm_dirty_limits limits = hmm_pages_dirty_limits(pages);
    bool may_lower = (uint64_t)pages->free_units << HMM_UNIT_SHIFT >= t->lower_min;
    bool wanted = pages->top_was_free || pages->states_from != UINT32_MAX || pages->purged_lately ||
                  pages->purged_before ||
                  (uint64_t)pages->dirty_units << HMM_UNIT_SHIFT > t->dirty_min ||
                  (may_lower && pages->free_units > pages->n_units / 2);
    enum hmm_wanted what = !wanted ? HMM_WANTED_NOTHING
                           : hmm_pages_excess_over(pages, limits) != 0 || pages->aged_units != 0
                               ? HMM_WANTED_NOW
                               : HMM_WANTED_LOOK;
    atomic_store_explicit(&pages->decay_wanted, what, memory_order_relaxed); /* relaxed: a hint */
    if (hmm_unlikely(
            !hmm_pages_has_backlog(pages) &&
            (hmm_pages_is_backlog(pages) || (may_lower && pages->n_units != pages->settled_top &&
                                             hmm_pages_is_top_free(pages))))) {
        hmm_pages_restart_backlog(pages, hmm_port_clock_latest_ns());
        /* relaxed: a hint */
        atomic_store_explicit(&pages->has_backlog, true, memory_order_relaxed);
    }
    hmm_pages_note_spare(pages, limits);
}

/* A hint. */
static inline bool hmm_pages_have_spare(const struct hmm_pages *pages)
{
    return atomic_load_explicit(&pages->has_spare, memory_order_relaxed); /* relaxed: a hint */
}

/* Units that a cache of free runs may hold. */
static inline uint32_t hmm_pages_worth_keeping(const struct hmm_pages *pages)
{
    return atomic_load_explicit(&pages->worth_units, memory_order_relaxed); /* relaxed: a hint */
}

/* Which units of word `word`'s 64 lie in [unit, behind), as bits. */
static inline uint64_t hmm_pages_bits_mask(uint32_t word, uint32_t unit, uint32_t behind)
{
    uint64_t mask = ~(uint64_t)0;
    if (word == unit / 64)
        mask &= ~(uint64_t)0 << (unit % 64);
    if (word == behind / 64)
        mask &= ((uint64_t)1 << (behind % 64)) - 1;
    return mask;
}

static inline bool hmm_pages_is_dirty(const struct hmm_pages *pages, uint32_t unit)
{
    return hmm_unit_bits(pages->map, unit / 64)->dirty >> (unit % 64) & 1;
}

/* Of n_units from `unit` on, those before the last dirty one, and that; 0: none is.
 * locks: held pages */
static inline uint32_t hmm_pages_dirty_end(const struct hmm_pages *pages, uint32_t unit,
                                           uint32_t n_units)
{
    for (uint32_t word = (unit + n_units - 1) / 64 + 1; word > unit / 64; word--) {
        uint64_t dirty = hmm_unit_bits(pages->map, word - 1)->dirty &
                         hmm_pages_bits_mask(word - 1, unit, unit + n_units);
        if (dirty != 0)
            return word * 64 - (uint32_t)__builtin_clzll(dirty) - unit;
    }
    return 0;
}

/* A mapping may end where this unit begins: see move.c. locks: held pages */
static inline bool hmm_pages_is_border(const struct hmm_pages *pages, uint32_t unit)
{
    return hmm_unit_bits(pages->map, unit / 64)->border >> (unit % 64) & 1;
}

static inline void hmm_pages_add_border(struct hmm_pages *pages, uint32_t unit)
{
    pages->n_borders += !hmm_pages_is_border(pages, unit);
    hmm_unit_bits(pages->map, unit / 64)->border |= (uint64_t)1 << (unit % 64);
}

static inline uint32_t hmm_pages_run_units(const struct hmm_pages *pages, uint32_t unit)
{
    return hmm_unit(pages->map, unit)->n_units;
}

#endif
