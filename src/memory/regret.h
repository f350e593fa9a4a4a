/* regret.h - memory that was given back and is needed again soon had better been kept.
 *
 * A program whose memory swings pays a page fault for each page that is given back in between. Its
 * next swing cannot be foreseen; but units that were given back are marked for one to two periods
 * of REGRET_MS. Those that are needed again while they are marked raise `kept_units`: so much free
 * memory, in runs and in slots of slabs, is kept from then on, at any size. What has not swung for
 * a period or two lowers it again (decay.c).
 *
 * An example: 300 MiB of blocks are freed, allocated and freed again, every 50 ms. The first time
 * nearly all go back. 50 ms later 19,200 units are taken that are marked: kept_units is 19,200, and
 * the second time nothing goes back. Two periods after the last swing kept_units begins to fall, by
 * half every 150 ms.
 *
 * Layer   memory, above pieces.
 */
#ifndef HMM_MEMORY_REGRET_H
#define HMM_MEMORY_REGRET_H

#include "memory/units.h"

static const uint64_t hmm_regret_ns = HMM_REGRET_MS * (uint64_t)1000000;

/* If a period has passed: forget what was given back before the last one, and begin another.
 * locks: held pages */
void hmm_regret_age(struct hmm_pages *pages, uint64_t now_ns);

/* What to keep has been learned under other tunables. locks: held pages */
void hmm_regret_forget(struct hmm_pages *pages);

/* These free units get memory: of those that are marked each had better been kept.
 * locks: held pages */
void hmm_regret_note_needed(struct hmm_pages *pages, uint32_t unit, uint32_t n_units);

/* These free units are about to go with the break: those with contents count as marked.
 * locks: held pages */
void hmm_regret_note_lowered(struct hmm_pages *pages, uint32_t unit, uint32_t n_units);
/* The heap has grown by so many: those that had gone with the break had better not.
 * locks: held pages */
void hmm_regret_note_grown(struct hmm_pages *pages, uint32_t n_units);

/* Pages of slots that had been given back lately are needed. locks: takes pages */
void hmm_regret_note_slots(struct hmm_pages *pages, uint32_t n_units);
/* A slab's run, whose pages had been given back in part (bits, from its first one on), is free:
 * mark those units. locks: held pages */
void hmm_regret_mark(struct hmm_pages *pages, uint32_t unit, uint64_t swept_pages);

#endif
