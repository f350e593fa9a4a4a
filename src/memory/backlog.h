/* backlog.h - is there free memory that is to go back, so that somebody has to look after it?
 *
 * Memory goes back by slow paths. A program may take none any more: then what it has freed would
 * stay for ever. While there is a backlog, threads that make hits only take a slow path from time
 * to time (heap/pace.h). It ends when nothing has gone for BACKLOG_MS, in which it was looked at
 * again and again: what is left then has settled, as slots between live blocks.
 *
 * Layer   memory, above regret.
 */
#ifndef HMM_MEMORY_BACKLOG_H
#define HMM_MEMORY_BACKLOG_H

#include "memory/units.h"

/* Does it go on? locks: held pages */
void hmm_backlog_look(struct hmm_pages *pages, uint64_t now_ns);

/* Is there one by now? locks: takes pages */
void hmm_backlog_begin(struct hmm_pages *pages);
/* `away_bytes` has grown from `before` to `now`: look at each MiB. locks: takes pages */
static inline void hmm_backlog_note_away(struct hmm_pages *pages, size_t before, size_t now)
{
    if (hmm_unlikely(now / HMM_BACKLOG_MIN_BYTES > before / HMM_BACKLOG_MIN_BYTES &&
                     !hmm_pages_has_backlog(pages)))
        hmm_backlog_begin(pages);
}

#endif
