/* bin.c - an arena's slabs of one class: which slab gives the next slot, which one may go.
 *
 * Layer   core, above slab, below arena. Start reading at hmm_bin_take.
 * State   struct hmm_bin, guarded by its arena's lock.
 * Keeps   I8 a slab's place is the list it is linked in; I9 a bin keeps at most one empty slab.
 */
#include "core/arena.h"

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

static void unlink_slab(struct hmm_bin *bin, struct hmm_slab *slab)
{
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
    arena->slab_bytes += sign > 0 ? bytes : 0 - bytes;
    arena->free_bytes += sign > 0 ? free_bytes : 0 - free_bytes;
    bin->n_slabs += (uint32_t)sign;
}

static void count_free(struct hmm_arena *arena, const struct hmm_slab *slab, uint32_t n)
{
    arena->free_bytes += (size_t)n * slab->slot_bytes;
}

/* n_free has changed: relink, or let it go when it is a second empty one. */
static void place_slab(struct hmm_arenas *arenas, struct hmm_arena *arena, struct hmm_bin *bin,
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
        hmm_slab_destroy(&arenas->slabs, slab);
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

void hmm_bin_put_all(struct hmm_arenas *arenas, struct hmm_arena *arena, const hmm_mark *marks,
                     unsigned n_marks)
{
    const struct hmm_pagemap *map = arenas->slabs.pages->map;
    for (unsigned i = 0; i < n_marks;) {
        void *block = hmm_mark_block(marks[i]);
        struct hmm_slab *slab = hmm_slab_at(map, block);
        /* relaxed: what the arena owns can't change hands while its lock is held */
        if (hmm_unlikely(atomic_load_explicit(&slab->arena, memory_order_relaxed) != arena)) {
            if (!arena->shared)
                hmm_remote_push(arenas, arena, block, slab->class_idx);
            else if (!hmm_remote_free_one(arenas, block))
                arena->twice_free = block;
            i++;
            continue;
        }
        i += put_row(arena, slab, &marks[i], n_marks - i);
        place_slab(arenas, arena, &arena->magazines[slab->class_idx]->bin, slab);
    }
}

void hmm_bin_collect(struct hmm_arenas *arenas, struct hmm_arena *arena, struct hmm_slab *slab)
{
    unsigned n = hmm_slab_collect(slab);
    if (n == 0)
        return;
    count_free(arena, slab, n);
    place_slab(arenas, arena, &arena->magazines[slab->class_idx]->bin, slab);
}

static void adopt(struct hmm_arenas *arenas, struct hmm_arena *arena, struct hmm_bin *bin,
                  struct hmm_slab *slab)
{
    hmm_slab_set_owner(&arenas->slabs, slab, arena, arena->tag);
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

/* A slab with free slots for another arena, unlinked; NULL. */
static struct hmm_slab *take_partial(struct hmm_arena *arena, struct hmm_bin *bin)
{
    struct hmm_slab *slab = bin->current;
    if (slab == NULL || slab->n_free == 0)
        slab = fullest(bin);
    if (slab != NULL) {
        unlink_slab(bin, slab);
        count_slab(arena, bin, slab, -1);
    }
    return slab;
}

/* Take a slab of the class over from `from`, if it is not busy and has one with free slots.
 * locks: takes from's arena, if it is free: no waiting while one's own is held */
static bool adopt_from(struct hmm_arenas *arenas, struct hmm_arena *from, struct hmm_arena *arena,
                       unsigned class_idx)
{
    if (from == arena || !hmm_lock_try(&from->lock))
        return false;
    hmm_remote_collect(arenas, from);
    struct hmm_magazine *mag = from->magazines[class_idx];
    struct hmm_slab *slab = mag != NULL ? take_partial(from, &mag->bin) : NULL;
    if (slab != NULL)
        adopt(arenas, arena, &arena->magazines[class_idx]->bin, slab);
    hmm_lock_give(&from->lock);
    return slab != NULL;
}

/* Take one over: from the orphans, from the threads that allocate little, from a thread that sleeps
 * while others create slabs. */
static bool adopt_any(struct hmm_arenas *arenas, struct hmm_arena *arena, unsigned class_idx)
{
    for (unsigned i = 0; i <= HMM_SHARED_ARENAS; i++) {
        struct hmm_arena *from = hmm_arenas_shared(arenas, HMM_SHARED_ARENAS - i);
        if (from != NULL && adopt_from(arenas, from, arena, class_idx))
            return true;
    }
    uint32_t now =
        atomic_load_explicit(&arenas->n_created, memory_order_relaxed); /* relaxed: hint */
    const struct hmm_arena *first = NULL;
    for (unsigned i = 0; i < HMM_ASK_ARENAS; i++) {
        struct hmm_arena *from =
            arena->asks_next != NULL ? arena->asks_next : hmm_arenas_all(arenas);
        if (from == first) /* once round */
            break;
        first = first != NULL ? first : from;
        arena->asks_next = from->next;
        uint32_t seen = atomic_load_explicit(&from->seen_created, memory_order_relaxed); /* hint */
        if (!from->shared && now - seen >= HMM_IDLE_SLABS &&
            adopt_from(arenas, from, arena, class_idx))
            return true;
    }
    return false;
}

static bool create(struct hmm_arenas *arenas, struct hmm_arena *arena, struct hmm_bin *bin,
                   unsigned class_idx)
{
    const struct hmm_sizeclass *sc = &hmm_sizeclasses[class_idx];
    uint32_t first =
        (uint32_t)hmm_div_up((size_t)sc->slot_bytes * HMM_FIRST_SLAB_SLOTS, HMM_UNIT_BYTES);
    uint32_t n_units = bin->n_slabs == 0 ? first : first << (bin->n_slabs < 4 ? bin->n_slabs : 4);
    n_units = n_units < sc->slab_units ? n_units : sc->slab_units;
    struct hmm_slabs *slabs = &arenas->slabs;
    struct hmm_slab *slab =
        hmm_slab_create(slabs, class_idx, n_units, HMM_NO_GROWTH, arena, arena->tag);
    if (slab == NULL && !arena->shared) { /* what idle magazines pin comes before new memory */
        hmm_arena_shed_locked(arenas, arena, HMM_SHED_FOR_GROWTH);
        slab = hmm_slab_create(slabs, class_idx, n_units, HMM_NO_GROWTH, arena, arena->tag);
    }
    if (slab == NULL)
        slab = hmm_slab_create(slabs, class_idx, n_units, HMM_MAY_GROW, arena, arena->tag);
    if (slab == NULL)
        return false;
    atomic_fetch_add_explicit(&arenas->n_created, 1, memory_order_relaxed); /* relaxed: a hint */
    count_slab(arena, bin, slab, 1);
    link_slab(bin, slab, HMM_SLAB_CURRENT);
    return true;
}

/* Make a slab with free slots the current one. */
static bool next_current(struct hmm_arenas *arenas, struct hmm_arena *arena, struct hmm_bin *bin,
                         unsigned class_idx)
{
    struct hmm_slab *old = bin->current;
    if (old != NULL) {
        unlink_slab(bin, old);
        link_slab(bin, old, place_for(old));
    }
    struct hmm_slab *slab = fullest(bin);
    if (slab == NULL && !arena->shared && adopt_any(arenas, arena, class_idx))
        slab = fullest(bin);
    if (slab == NULL)
        return create(arenas, arena, bin, class_idx);
    unlink_slab(bin, slab);
    link_slab(bin, slab, HMM_SLAB_CURRENT);
    return true;
}

unsigned hmm_bin_take(struct hmm_arenas *arenas, struct hmm_arena *arena, struct hmm_magazine *mag,
                      hmm_mark *last, unsigned want)
{
    struct hmm_bin *bin = &mag->bin;
    unsigned taken = 0;
    while (taken < want) {
        if (bin->current == NULL || bin->current->n_free == 0) {
            if (taken != 0 && fullest(bin) == NULL) /* enough: take no new slab for the rest */
                break;
            if (!next_current(arenas, arena, bin, mag->class_idx))
                break;
        }
        unsigned n = hmm_slab_take(bin->current, last - taken, want - taken);
        if (hmm_unlikely(bin->current->purged_pages != 0))
            hmm_sweep_note_taken(arena, bin->current, last[-(int)taken],
                                 last[1 - (int)(taken + n)]);
        taken += n;
    }
    arena->free_bytes -= (size_t)taken * hmm_sizeclasses[mag->class_idx].slot_bytes;
    return taken;
}

void hmm_bin_shed(struct hmm_arenas *arenas, struct hmm_arena *arena, struct hmm_bin *bin)
{
    struct hmm_slab *candidates[] = {bin->current, bin->empty};
    for (unsigned i = 0; i < 2; i++) {
        struct hmm_slab *slab = candidates[i];
        if (slab == NULL || slab->n_free != slab->n_slots)
            continue;
        unlink_slab(bin, slab);
        count_slab(arena, bin, slab, -1);
        hmm_slab_destroy(&arenas->slabs, slab);
    }
}

static void move_list(struct hmm_arenas *arenas, struct hmm_arena *from_arena, struct hmm_bin *from,
                      unsigned place, struct hmm_arena *to, struct hmm_bin *to_bin)
{
    struct hmm_slab *slab;
    while ((slab = *list_of(from, place)) != NULL) {
        unlink_slab(from, slab);
        count_slab(from_arena, from, slab, -1);
        if (slab->n_free == slab->n_slots)
            hmm_slab_destroy(&arenas->slabs, slab);
        else
            adopt(arenas, to, to_bin, slab);
    }
}

void hmm_bin_move_all(struct hmm_arenas *arenas, struct hmm_arena *from, struct hmm_arena *to)
{
    for (unsigned c = 1; c < HMM_CLASSES; c++) {
        if (from->magazines[c] == NULL || from->magazines[c]->bin.n_slabs == 0)
            continue;
        struct hmm_magazine *target = hmm_arena_magazine(arenas, to, c);
        if (target == NULL)
            continue; /* no memory for the list: they stay, and the next thread has them */
        for (unsigned place = 0; place <= HMM_SLAB_EMPTY; place++)
            move_list(arenas, from, &from->magazines[c]->bin, place, to, &target->bin);
    }
}
