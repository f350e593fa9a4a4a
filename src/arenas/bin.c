/* bin.c - an arena's slabs of one class: which slab gives the next slot, which one may go.
 *
 * Layer   arenas, above sweep. Start reading at hmm_bin_take.
 * State   struct hmm_bin, guarded by its arena's lock.
 * Keeps   I8 a slab's place is the list it is linked in; a bin keeps at most one empty slab.
 */
#include "arenas/bin.h"

#include "arenas/sweep.h"
#include "base/check.h"

static struct hmm_slab **list_of(struct hmm_bin *bin, unsigned place)
{
    if (place < HMM_SLAB_BUCKETS)
        return &bin->bucket[place];
    if (place == HMM_SLAB_FULL)
        return &bin->full;
    return place == HMM_SLAB_CURRENT ? &bin->current : &bin->empty;
}

static void link_slab(struct hmm_bin *bin, struct hmm_slab *slab, unsigned place)
{
    struct hmm_slab **head = list_of(bin, place);
    slab->place = (uint8_t)place;
    slab->prev = NULL;
    slab->next = *head;
    if (*head != NULL)
        (*head)->prev = slab;
    *head = slab;
}

static inline void unlink_slab(struct hmm_bin *bin, struct hmm_slab *slab)
{
    if (bin->sweep_next == slab)
        bin->sweep_next = slab->next;
    if (slab->prev != NULL)
        slab->prev->next = slab->next;
    else
        *list_of(bin, slab->place) = slab->next;
    if (slab->next != NULL)
        slab->next->prev = slab->prev;
    slab->next = slab->prev = NULL;
}

/* Where a slab with this many free slots belongs, unless it is the current one. */
static unsigned place_for(const struct hmm_slab *slab)
{
    if (slab->n_free == 0)
        return HMM_SLAB_FULL;
    if (slab->n_free == slab->n_slots)
        return HMM_SLAB_EMPTY;
    return (slab->n_free * HMM_SLAB_BUCKETS) / slab->n_slots;
}

/* Has n_free left the range of the slab's place? Without the division, for most puts. */
static bool place_stays(const struct hmm_slab *slab)
{
    uint32_t quarters = slab->n_free * HMM_SLAB_BUCKETS;
    if (slab->place >= HMM_SLAB_BUCKETS)
        return slab->place == HMM_SLAB_CURRENT;
    return slab->n_free != slab->n_slots && quarters >= slab->place * slab->n_slots &&
           quarters < (slab->place + 1u) * slab->n_slots;
}

/* The arena's bin gets a slab, or loses it: unlinked. */
static void count_slab(struct hmm_arena *arena, struct hmm_bin *bin, const struct hmm_slab *slab,
                       int sign)
{
    size_t bytes = (size_t)slab->n_slots * slab->slot_bytes;
    size_t free_bytes = (size_t)slab->n_free * slab->slot_bytes;
    size_t purged_bytes = hmm_slab_purged_bytes(slab);
    arena->slab_bytes += sign > 0 ? bytes : 0 - bytes;
    arena->free_bytes += sign > 0 ? free_bytes : 0 - free_bytes;
    arena->sweep.purged_bytes += sign > 0 ? purged_bytes : 0 - purged_bytes;
    hmm_sweep_note_slab(arena, slab, sign);
    bin->n_slabs += (uint32_t)sign;
}

static void count_free(struct hmm_arena *arena, const struct hmm_slab *slab, uint32_t n)
{
    arena->free_bytes += (size_t)n * slab->slot_bytes;
}

/* n_free has changed: relink, or let it go when it is a second empty one. */
static void place_slab(struct hmm_slabs *slabs, struct hmm_arena *arena, struct hmm_bin *bin,
                       struct hmm_slab *slab)
{
    if (place_stays(slab))
        return;
    unsigned place = place_for(slab);
    if (place == slab->place)
        return;
    unlink_slab(bin, slab);
    if (place == HMM_SLAB_EMPTY && bin->empty != NULL) {
        count_slab(arena, bin, slab, -1);
        hmm_slab_destroy(slabs, slab);
        return;
    }
    link_slab(bin, slab, place);
}

/* Put back the blocks at the front of marks[0..n_marks) that lie in `slab`, the first does; returns
 * how many. Bits of one word are gathered before they are stored. */
static unsigned put_row(struct hmm_arena *arena, struct hmm_slab *slab, const hmm_mark *marks,
                        unsigned n_marks)
{
    const struct hmm_slab_marks in = hmm_slab_marks(slab);
    uint64_t word = hmm_slab_slot(slab, hmm_mark_block(marks[0])) / 64;
    uint64_t mask = 0;
    unsigned n = 0;
    for (; n < n_marks && hmm_slab_has_mark(&in, marks[n]); n++) {
        uint64_t slot = hmm_slab_mark_slot(&in, marks[n]);
        uint64_t bit = (uint64_t)1 << (slot % 64);
        if (hmm_unlikely(slot / 64 != word)) {
            if (!hmm_slab_put(slab, (uint32_t)word, mask))
                arena->twice_free = hmm_mark_block(marks[n - 1]);
            word = slot / 64;
            mask = 0;
        }
        if (hmm_unlikely((mask & bit) != 0))
            arena->twice_free = hmm_mark_block(marks[n]);
        mask |= bit;
    }
    if (!hmm_slab_put(slab, (uint32_t)word, mask))
        arena->twice_free = hmm_mark_block(marks[n - 1]);
    slab->n_free += n;
    count_free(arena, slab, n);
    return n;
}

unsigned hmm_bin_put(struct hmm_slabs *slabs, struct hmm_arena *arena, const hmm_mark *marks,
                     unsigned n_marks)
{
    HMM_ASSERT(hmm_lock_held(&arena->lock));
    unsigned n = 0;
    while (n < n_marks) {
        struct hmm_slab *slab = hmm_slab_at(slabs->pages->map, hmm_mark_block(marks[n]));
        /* relaxed: what the arena owns can't change hands while its lock is held */
        if (hmm_unlikely(atomic_load_explicit(&slab->arena, memory_order_relaxed) != arena))
            break;
        n += put_row(arena, slab, &marks[n], n_marks - n);
        place_slab(slabs, arena, &arena->magazines[slab->class_idx]->bin, slab);
    }
    return n;
}

unsigned hmm_bin_collect(struct hmm_slabs *slabs, struct hmm_arena *arena, struct hmm_slab *slab)
{
    HMM_ASSERT(hmm_lock_held(&arena->lock));
    unsigned n = hmm_slab_collect(slab);
    if (n == 0)
        return 0;
    count_free(arena, slab, n);
    place_slab(slabs, arena, &arena->magazines[slab->class_idx]->bin, slab);
    return n;
}

void hmm_bin_adopt(struct hmm_slabs *slabs, struct hmm_arena *arena, struct hmm_bin *bin,
                   struct hmm_slab *slab)
{
    HMM_ASSERT(hmm_lock_held(&arena->lock));
    hmm_slab_set_owner(slabs, slab, arena, arena->tag);
    count_slab(arena, bin, slab, 1);
    link_slab(bin, slab, place_for(slab));
}

/* The fullest slab with free slots beside the current one; NULL. */
static struct hmm_slab *fullest(const struct hmm_bin *bin)
{
    for (unsigned b = 0; b < HMM_SLAB_BUCKETS; b++)
        if (bin->bucket[b] != NULL)
            return bin->bucket[b];
    return bin->empty;
}

struct hmm_slab *hmm_bin_give(struct hmm_arena *arena, struct hmm_bin *bin)
{
    HMM_ASSERT(hmm_lock_held(&arena->lock));
    struct hmm_slab *slab = bin->current;
    if (slab == NULL || slab->n_free == 0)
        slab = fullest(bin);
    if (slab != NULL) {
        unlink_slab(bin, slab);
        count_slab(arena, bin, slab, -1);
    }
    return slab;
}

void hmm_bin_add(struct hmm_arena *arena, struct hmm_bin *bin, struct hmm_slab *slab)
{
    HMM_ASSERT(hmm_lock_held(&arena->lock));
    HMM_ASSERT(bin->current == NULL);
    count_slab(arena, bin, slab, 1);
    link_slab(bin, slab, HMM_SLAB_CURRENT);
}

void hmm_bin_set_aside(struct hmm_bin *bin)
{
    struct hmm_slab *old = bin->current;
    if (old == NULL)
        return;
    unlink_slab(bin, old);
    link_slab(bin, old, place_for(old));
}

/* Make the fullest slab with free slots the current one. False: there is none. */
static bool next_current(struct hmm_bin *bin)
{
    hmm_bin_set_aside(bin);
    struct hmm_slab *slab = fullest(bin);
    if (slab == NULL)
        return false;
    unlink_slab(bin, slab);
    link_slab(bin, slab, HMM_SLAB_CURRENT);
    return true;
}

unsigned hmm_bin_take(struct hmm_slabs *slabs, struct hmm_arena *arena, struct hmm_magazine *mag,
                      hmm_mark *last, unsigned want)
{
    HMM_ASSERT(hmm_lock_held(&arena->lock));
    HMM_ASSERT(want != 0);
    struct hmm_bin *bin = &mag->bin;
    unsigned taken = 0;
    while (taken < want) {
        if ((bin->current == NULL || bin->current->n_free == 0) && !next_current(bin))
            break;
        unsigned n = hmm_slab_take(bin->current, last - taken, want - taken);
        bin->current->taken_epoch = arena->sweep.epoch;
        if (hmm_unlikely(bin->current->purged_pages != 0))
            hmm_sweep_note_taken(slabs->pages, arena, bin, last[-(int)taken],
                                 last[1 - (int)(taken + n)]);
        taken += n;
    }
    arena->free_bytes -= (size_t)taken * hmm_sizeclasses[mag->class_idx].slot_bytes;
    return taken;
}

void hmm_bin_shed(struct hmm_slabs *slabs, struct hmm_arena *arena, struct hmm_bin *bin)
{
    HMM_ASSERT(hmm_lock_held(&arena->lock));
    struct hmm_slab *candidates[] = {bin->current, bin->empty};
    for (unsigned i = 0; i < 2; i++) {
        struct hmm_slab *slab = candidates[i];
        if (slab == NULL || slab->n_free != slab->n_slots)
            continue;
        unlink_slab(bin, slab);
        count_slab(arena, bin, slab, -1);
        hmm_slab_destroy(slabs, slab);
    }
}

static void move_list(struct hmm_slabs *slabs, struct hmm_arena *from, struct hmm_bin *bin,
                      unsigned place, struct hmm_arena *to, struct hmm_bin *to_bin)
{
    struct hmm_slab *slab;
    while ((slab = *list_of(bin, place)) != NULL) {
        unlink_slab(bin, slab);
        count_slab(from, bin, slab, -1);
        if (slab->n_free == slab->n_slots)
            hmm_slab_destroy(slabs, slab);
        else
            hmm_bin_adopt(slabs, to, to_bin, slab);
    }
}

void hmm_bin_move(struct hmm_slabs *slabs, struct hmm_arena *from, struct hmm_bin *bin,
                  struct hmm_arena *to, struct hmm_bin *to_bin)
{
    HMM_ASSERT(hmm_lock_held(&from->lock));
    HMM_ASSERT(hmm_lock_held(&to->lock));
    HMM_ASSERT(from != to);
    for (unsigned place = 0; place <= HMM_SLAB_EMPTY; place++)
        move_list(slabs, from, bin, place, to, to_bin);
}
