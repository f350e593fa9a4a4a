/* depot.c - full magazines of a class set aside, as many as it pays to keep.
 *
 * Blocks that are returned to the slabs and fetched again had better been kept: `away_objs`
 * counts the former, `regret_objs` those of the latter that have not yet made `limit` one larger.
 * What was not needed since the last look makes it smaller.
 *
 * Classes of longer blocks have no depot: full rounds would be much at once. Their magazines get
 * longer instead, each time that one is empty and has been full before.
 *
 * Layer   arenas, above remote. Start reading at hmm_depot_store.
 * State   struct hmm_depot and the arena's spare rounds, under the arena's lock.
 * Keeps   I9 a depot holds n_full full rounds, linked both ways, and no more than its limit.
 * Source  Bonwick and Adams, "Magazines and vmem" (2001); learning the limit: decision 007.
 */
#include "arenas/depot.h"

#include "arenas/remote.h"
#include "base/check.h"

/* Empty rounds of the greatest length. NULL: out of memory. */
static struct hmm_rounds *take_spare(struct hmm_arenas *arenas, struct hmm_arena *arena,
                                     const struct hmm_magazine *mag)
{
    struct hmm_rounds *rounds = arena->spare_rounds;
    if (rounds != NULL)
        arena->spare_rounds = rounds->older;
    else
        rounds = hmm_meta_object(arenas->slabs.pages->meta, hmm_magazine_longest_bytes());
    if (rounds != NULL)
        rounds->slots[0] = hmm_magazine_bottom(&mag->states);
    return rounds;
}

static void spare(struct hmm_arena *arena, struct hmm_rounds *rounds)
{
    rounds->older = arena->spare_rounds;
    arena->spare_rounds = rounds;
}

static size_t full_bytes(const struct hmm_magazine *mag)
{
    return (size_t)mag->max_objs * hmm_sizeclasses[mag->class_idx].slot_bytes;
}

bool hmm_depot_store(struct hmm_arenas *arenas, struct hmm_arena *arena, struct hmm_magazine *mag)
{
    HMM_ASSERT(hmm_lock_held(&arena->lock));
    struct hmm_depot *depot = &mag->depot;
    if (depot->n_full >= depot->limit || arena->depot_bytes + full_bytes(mag) > HMM_DEPOT_BYTES)
        return false;
    struct hmm_rounds *rounds = take_spare(arenas, arena, mag);
    if (rounds == NULL)
        return false;
    mag->loaded->older = depot->newest;
    mag->loaded->newer = NULL;
    if (depot->newest != NULL)
        depot->newest->newer = mag->loaded;
    else
        depot->oldest = mag->loaded;
    depot->newest = mag->loaded;
    depot->n_full++;
    arena->depot_bytes += full_bytes(mag);
    mag->loaded = rounds;
    mag->top = rounds->slots;
    mag->end = rounds->slots + mag->max_objs;
    return true;
}

static void note_fewer(struct hmm_arena *arena, struct hmm_magazine *mag)
{
    struct hmm_depot *depot = &mag->depot;
    depot->n_full--;
    arena->depot_bytes -= full_bytes(mag);
    if (depot->n_full < depot->fewest)
        depot->fewest = depot->n_full;
}

bool hmm_depot_fetch(struct hmm_arena *arena, struct hmm_magazine *mag)
{
    HMM_ASSERT(hmm_lock_held(&arena->lock));
    struct hmm_depot *depot = &mag->depot;
    struct hmm_rounds *rounds = depot->newest;
    if (rounds == NULL)
        return false;
    depot->newest = rounds->older;
    if (depot->newest != NULL)
        depot->newest->newer = NULL;
    else
        depot->oldest = NULL;
    note_fewer(arena, mag);
    spare(arena, mag->loaded);
    mag->loaded = rounds;
    mag->top = mag->end = rounds->slots + mag->max_objs;
    return true;
}

void hmm_depot_drop_oldest(struct hmm_arenas *arenas, struct hmm_arena *arena,
                           struct hmm_magazine *mag)
{
    HMM_ASSERT(hmm_lock_held(&arena->lock));
    HMM_ASSERT(mag->depot.n_full != 0);
    struct hmm_depot *depot = &mag->depot;
    struct hmm_rounds *rounds = depot->oldest;
    depot->oldest = rounds->newer;
    if (depot->oldest != NULL)
        depot->oldest->older = NULL;
    else
        depot->newest = NULL;
    note_fewer(arena, mag);
    hmm_remote_put_all(arenas, arena, &rounds->slots[1], mag->max_objs);
    spare(arena, rounds);
}

void hmm_depot_note_sent(struct hmm_magazine *mag, unsigned n)
{
    if (mag->depot.away_objs < HMM_DEPOT_BYTES / HMM_GRANULE_BYTES)
        mag->depot.away_objs += n;
}

void hmm_depot_note_fetched(struct hmm_magazine *mag, unsigned n)
{
    HMM_ASSERT(hmm_magazine_has_depot(mag));
    struct hmm_depot *depot = &mag->depot;
    unsigned back = n < depot->away_objs ? n : depot->away_objs;
    depot->away_objs -= back;
    depot->regret_objs += back;
    if (depot->regret_objs >= mag->max_objs) {
        depot->regret_objs -= mag->max_objs;
        if (depot->limit < HMM_DEPOT_BYTES / full_bytes(mag))
            depot->limit++;
    }
}

void hmm_depot_shed(struct hmm_arenas *arenas, struct hmm_arena *arena, struct hmm_magazine *mag,
                    bool all)
{
    HMM_ASSERT(hmm_lock_held(&arena->lock));
    struct hmm_depot *depot = &mag->depot;
    uint32_t n = all ? depot->n_full : depot->fewest;
    for (uint32_t i = 0; i < n; i++)
        hmm_depot_drop_oldest(arenas, arena, mag);
    if (!all)
        depot->limit -= n < depot->limit ? n : depot->limit;
    depot->fewest = depot->n_full;
}

/* Entries of a magazine that is new. */
static size_t first_objs(const struct hmm_magazine *mag)
{
    return hmm_sizeclasses[mag->class_idx].magazine_objs;
}

void hmm_depot_lengthen(struct hmm_arenas *arenas, struct hmm_arena *arena,
                        struct hmm_magazine *mag)
{
    HMM_ASSERT(hmm_lock_held(&arena->lock));
    HMM_ASSERT(hmm_magazine_objs(mag) == 0);
    size_t most = hmm_min(first_objs(mag) * HMM_MAGAZINE_LONGER, HMM_MAGAZINE_MAX_OBJS);
    size_t objs = hmm_min((size_t)mag->max_objs * 2, most);
    size_t more_bytes = (objs - mag->max_objs) * hmm_sizeclasses[mag->class_idx].slot_bytes;
    if (more_bytes == 0 || arena->longer_bytes + more_bytes > HMM_DEPOT_BYTES)
        return;
    if (mag->loaded == hmm_magazine_own_rounds(mag)) {
        struct hmm_rounds *rounds = take_spare(arenas, arena, mag);
        if (rounds == NULL)
            return;
        mag->end = rounds->slots + (mag->end - mag->loaded->slots);
        mag->top = rounds->slots;
        mag->loaded = rounds;
    }
    mag->max_objs = (uint16_t)objs;
    arena->longer_bytes += more_bytes;
}

void hmm_depot_narrow(struct hmm_arena *arena, struct hmm_magazine *mag)
{
    HMM_ASSERT(hmm_magazine_objs(mag) == 0);
    if (!hmm_magazine_has_depot(mag) && mag->loaded != hmm_magazine_own_rounds(mag)) {
        size_t more_objs = mag->max_objs - first_objs(mag);
        arena->longer_bytes -= more_objs * hmm_sizeclasses[mag->class_idx].slot_bytes;
        mag->max_objs = (uint16_t)first_objs(mag);
        spare(arena, mag->loaded);
        mag->loaded = hmm_magazine_own_rounds(mag);
        mag->top = mag->loaded->slots;
    }
    hmm_magazine_narrow(mag);
}
