/* pages.h - page runs: find, split, coalesce, give back.
 *
 * A run is a row of 16 KiB units. Free runs are found lowest address first, split from their front,
 * and coalesced with both neighbours by boundary lengths that lie out of line.
 *
 * Layer   memory, above regret.
 */
#ifndef HMM_MEMORY_PAGES_H
#define HMM_MEMORY_PAGES_H

#include "memory/units.h"

void hmm_pages_init(struct hmm_pages *pages, struct hmm_pagemap *map, struct hmm_meta *meta,
                    struct hmm_brk *brk);

/* Tunables have been changed. locks: takes grow, pages, states, meta */
void hmm_pages_tuned(struct hmm_pages *pages);

/* May a run be taken from memory that is new to the heap? */
enum hmm_growth { HMM_NO_GROWTH, HMM_MAY_GROW };

/* Units of a run that have old contents: how many, all before the `end`th. */
struct hmm_old_units {
    uint32_t n;
    uint32_t end;
};

/* Take `n_units` contiguous units, lowest address first.
 *   align_bytes  power of two; the run's address is a multiple of it
 *   growth       NO_GROWTH: only what is below the break
 *   old          set to which of them have old contents, the others read as zero; may be NULL
 *   returns      first unit, or HMM_RUN_NONE when none fits and the break may not or cannot grow
 *   locks        takes grow and pages, each for a short time; no system call under pages
 */
int64_t hmm_pages_take(struct hmm_pages *pages, uint32_t n_units, size_t align_bytes,
                       enum hmm_growth growth, struct hmm_old_units *old);

/* Extend the used run at `unit` into the free run after it, or by raising the break.
 *   returns  false: the neighbour is used or too short; nothing changed
 */
bool hmm_pages_extend(struct hmm_pages *pages, uint32_t unit, uint32_t new_units);

/* Give back the last (old - new) units of the used run at `unit`. new_units >= 1 */
void hmm_pages_trim_run(struct hmm_pages *pages, uint32_t unit, uint32_t new_units);

/* Give back the used run at `unit`. cost: O(levels) + a byte per unit */
void hmm_pages_give(struct hmm_pages *pages, uint32_t unit);
/* The same; some of its first 64 pages have been given back lately, as bits. */
void hmm_pages_give_swept(struct hmm_pages *pages, uint32_t unit, uint64_t swept_pages);
/* The same, after its contents have been moved away. */
void hmm_pages_give_empty(struct hmm_pages *pages, uint32_t unit);

/* Put a run among the free ones, merged with its free neighbours. locks: held pages */
void hmm_pages_attach(struct hmm_pages *pages, uint32_t unit, uint32_t n_units,
                      enum hmm_contents contents);
/* Take [unit, unit + n_units) out of the free run that begins at `run`. Returns how many of them
 * were dirty. locks: held pages */
uint32_t hmm_pages_detach(struct hmm_pages *pages, uint32_t run, uint32_t unit, uint32_t n_units);

#endif
