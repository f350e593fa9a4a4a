/* backlog.c - is there free memory that is to go back?
 *
 * Layer   memory, above regret.
 * State   has_backlog and what decides about it in struct hmm_pages, lock `pages`.
 */
#include "memory/backlog.h"

#include "base/check.h"

void hmm_backlog_begin(struct hmm_pages *pages)
{
    hmm_lock_take(&pages->lock);
    if (!hmm_pages_has_backlog(pages) && hmm_pages_is_backlog(pages)) {
        hmm_pages_restart_backlog(pages, hmm_port_clock_latest_ns());
        /* relaxed: a hint */
        atomic_store_explicit(&pages->has_backlog, true, memory_order_relaxed);
    }
    hmm_lock_give(&pages->lock);
}

/* Nothing has gone since the last look. A long time without looks, as of a program that slept, is
 * no reason to believe that nothing would. locks: held pages */
static void note_wait(struct hmm_pages *pages, uint64_t now_ns)
{
    uint64_t most_ns = HMM_BACKLOG_LOOK_MS * (uint64_t)1000000;
    pages->backlog_waited_ns += hmm_min(now_ns - pages->backlog_at_ns, most_ns);
    pages->backlog_at_ns = now_ns;
}

void hmm_backlog_look(struct hmm_pages *pages, uint64_t now_ns)
{
    HMM_ASSERT(hmm_lock_held(&pages->lock));
    size_t returned = hmm_pages_returned(pages);
    bool some_went = returned != pages->backlog_returned || pages->n_units < pages->backlog_top ||
                     pages->kept_units < pages->backlog_kept; /* some may go soon */
    pages->backlog_returned = returned;
    pages->backlog_top = pages->n_units;
    pages->backlog_kept = pages->kept_units;
    pages->settled_units = (uint32_t)hmm_min(pages->settled_units, hmm_pages_waiting_units(pages));
    bool top_waits = pages->top_was_free && pages->n_units != pages->settled_top;
    bool waits = top_waits || hmm_pages_is_backlog(pages);
    if (some_went || !hmm_pages_has_backlog(pages))
        hmm_pages_restart_backlog(pages, now_ns);
    else
        note_wait(pages, now_ns);
    if (waits && pages->backlog_waited_ns >= HMM_BACKLOG_MS * (uint64_t)1000000) {
        pages->settled_units = hmm_pages_waiting_units(pages);
        pages->settled_top = pages->n_units;
        waits = false;
    }
    atomic_store_explicit(&pages->has_backlog, waits, memory_order_relaxed); /* relaxed: a hint */
}
