/* remote.c - return blocks to slabs that the freeing thread does not own.
 *
 * The freer has marked the block free at the call (that is what makes double frees exact). The slot
 * then travels: gathered in the freer's buffer, merged into (word, mask) pairs, or-ed into the
 * slab's remote words; and the slab is pushed on its owner's stack unless it is there already.
 *
 * The owner is notified after the or, and by then the slab may have been collected by another's
 * message, emptied, destroyed, even made again elsewhere. That is harmless: descriptors are
 * type-stable, `returned` and `returned_next` belong to whoever set the flag, never to the slab's
 * life, and whoever pops a slab that is not his passes it on.
 *
 * Layer   arenas, above bin. Start reading at hmm_remote_flush.
 * Keeps   I10 a slab with remote bits is on a returned stack, or its freer is about to push it.
 * Source  a list of slabs instead of a list of blocks per owner: decision 001.
 */
#include "arenas/remote.h"

#include "arenas/gate.h"
#include "base/check.h"
#include "memory/backlog.h"

static void push_returned(struct hmm_arena *arena, struct hmm_slab *slab)
{
    /* relaxed: the exchange below decides */
    struct hmm_slab *head = atomic_load_explicit(&arena->returned, memory_order_relaxed);
    do {
        slab->returned_next = head;
        /* release: publishes returned_next. pairs: collect_stack */
    } while (!atomic_compare_exchange_weak_explicit(&arena->returned, &head, slab,
                                                    memory_order_release, memory_order_relaxed));
}

/* Make sure that the slab's owner looks at its remote words. */
static void notify(struct hmm_slab *slab)
{
    for (;;) {
        /* acq_rel: our remote bits come before the flag. pairs: the clearing here and in
         * collect_stack, which comes before a look at the slab */
        if (atomic_exchange_explicit(&slab->returned, 1, memory_order_acq_rel) != 0)
            return;
        struct hmm_arena *arena = atomic_load_explicit(&slab->arena, memory_order_relaxed);
        if (arena != NULL) {
            push_returned(arena, slab);
            return;
        }
        /* destroyed meanwhile, so another's message had our bits collected; but whoever found the
         * flag set relies on us: look again. acq_rel: pairs: the exchange above */
        atomic_exchange_explicit(&slab->returned, 0, memory_order_acq_rel);
        if (atomic_load_explicit(&slab->arena, memory_order_relaxed) == NULL)
            return;
    }
}

/* Slots are on their way to their slabs, or have arrived. */
static void note_away(struct hmm_arenas *arenas, size_t bytes, size_t n_objs)
{
    struct hmm_pages *pages = arenas->slabs.pages;
    size_t before = atomic_fetch_add_explicit(&pages->away_bytes, bytes,
                                              memory_order_relaxed); /* relaxed: a hint */
    atomic_fetch_add_explicit(&pages->away_objs, n_objs, memory_order_relaxed); /* the same */
    if (bytes <= PTRDIFF_MAX)
        hmm_backlog_note_away(pages, before, before + bytes);
}

static void collect_stack(struct hmm_arenas *arenas, struct hmm_arena *arena)
{
    HMM_ASSERT(hmm_lock_held(&arena->lock));
    /* acquire: pairs: push_returned */
    struct hmm_slab *slab = atomic_exchange_explicit(&arena->returned, NULL, memory_order_acquire);
    size_t bytes = 0;
    size_t n_objs = 0;
    while (slab != NULL) {
        struct hmm_slab *next = slab->returned_next;
        /* acq_rel: from here on a freer pushes again; our look comes after. pairs: notify */
        atomic_exchange_explicit(&slab->returned, 0, memory_order_acq_rel);
        struct hmm_arena *owner = atomic_load_explicit(&slab->arena, memory_order_relaxed);
        if (owner == arena) {
            size_t slot_bytes = slab->slot_bytes;
            unsigned n = hmm_bin_collect(&arenas->slabs, arena, slab);
            bytes += n * slot_bytes;
            n_objs += n;
        } else if (owner != NULL)
            notify(slab);
        slab = next;
    }
    note_away(arenas, 0 - bytes, 0 - n_objs);
}

void hmm_remote_collect(struct hmm_arenas *arenas, struct hmm_arena *arena)
{
    /* relaxed: a look */
    if (hmm_unlikely(atomic_load_explicit(&arena->returned, memory_order_relaxed) != NULL))
        collect_stack(arenas, arena);
}

/* False: one of the slots was free already. */
static bool send(struct hmm_slab *slab, uint32_t word, uint64_t mask)
{
    bool were_held = hmm_slab_put_remote(slab, word, mask);
    notify(slab);
    return were_held;
}

struct message {
    struct hmm_slab *slab;
    uint32_t word;
    uint64_t mask;
};

static void send_message(struct hmm_arena *arena, const struct message *m)
{
    if (hmm_unlikely(!send(m->slab, m->word, m->mask)))
        arena->twice_free = m->slab->start + (size_t)m->word * 64 * m->slab->slot_bytes;
}

/* locks: held arena: so a fork's child finds each block in the buffer or in its slab, never between
 * the two */
static void flush_locked(struct hmm_arenas *arenas, struct hmm_arena *arena)
{
    HMM_ASSERT(hmm_lock_held(&arena->lock));
    const struct hmm_pagemap *map = arenas->slabs.pages->map;
    struct message messages[HMM_REMOTE_WORDS] = {0};
    size_t bytes = 0;
    struct hmm_remote *remote = &arena->remote;
    for (uint32_t i = 0; i < remote->n_blocks; i++) {
        struct hmm_slab *slab = hmm_slab_at(map, remote->blocks[i]);
        uint32_t slot = hmm_slab_slot(slab, remote->blocks[i]);
        uint32_t hash = slot / 64 + slab->unit / 4;
        struct message *m = &messages[hash % HMM_REMOTE_WORDS];
        if (m->slab != slab || m->word != slot / 64) {
            if (m->slab != NULL)
                send_message(arena, m);
            *m = (struct message){.slab = slab, .word = slot / 64};
        }
        m->mask |= (uint64_t)1 << (slot % 64);
        bytes += slab->slot_bytes;
    }
    note_away(arenas, bytes, remote->n_blocks); /* first, that it is never less than none */
    for (unsigned i = 0; i < HMM_REMOTE_WORDS; i++)
        if (messages[i].slab != NULL)
            send_message(arena, &messages[i]);
    remote->n_blocks = remote->weight = 0;
}

void hmm_remote_flush(struct hmm_arenas *arenas, struct hmm_arena *arena)
{
    if (arena->remote.n_blocks == 0)
        return;
    hmm_arena_enter(arenas, arena);
    flush_locked(arenas, arena);
    hmm_arena_leave(arena);
}

/* Into the buffer, which has room. Returns whether it has room for another one. */
static bool gather(struct hmm_remote *remote, void *block, unsigned class_idx)
{
    size_t block_bytes = hmm_sizeclasses[class_idx].slot_bytes;
    remote->blocks[remote->n_blocks] = block;
    atomic_signal_fence(memory_order_seq_cst); /* an entry before it counts: see heap/fork.c */
    remote->n_blocks++;
    remote->weight += block_bytes <= HMM_SMALL_MAX_BYTES ? 1 : 1 + (uint32_t)(block_bytes / 256);
    return remote->n_blocks < HMM_REMOTE_OBJS && remote->weight < HMM_REMOTE_OBJS;
}

/* One that was free in a magazine. locks: held arena */
static void push(struct hmm_arenas *arenas, struct hmm_arena *arena, void *block,
                 unsigned class_idx)
{
    if (!gather(&arena->remote, block, class_idx))
        flush_locked(arenas, arena);
}

enum hmm_push hmm_remote_put(struct hmm_arenas *arenas, struct hmm_arena *arena, void *block,
                             unsigned class_idx)
{
    HMM_ASSERT(!arena->shared);
    const struct hmm_states *states = hmm_pagemap_states(arenas->slabs.pages->map, class_idx);
    hmm_mark mark = hmm_mark_of(block);
    struct hmm_remote *remote = &arena->remote;
    uint32_t weight = remote->weight;
    bool has_room = gather(remote, block, class_idx);
    atomic_signal_fence(memory_order_seq_cst); /* in the buffer and live: see heap/fork.c */
    if (hmm_unlikely(!hmm_state_to_free(hmm_state_of(states, mark), mark))) {
        remote->n_blocks--;
        remote->weight = weight;
        return HMM_PUSH_NOT_LIVE;
    }
    if (!has_room)
        hmm_remote_flush(arenas, arena);
    return HMM_PUSH_DONE;
}

bool hmm_remote_free_one(struct hmm_arenas *arenas, void *block)
{
    struct hmm_slab *slab = hmm_slab_at(arenas->slabs.pages->map, block);
    uint32_t slot = hmm_slab_slot(slab, block);
    note_away(arenas, slab->slot_bytes, 1);
    return send(slab, slot / 64, (uint64_t)1 << (slot % 64));
}

void hmm_remote_put_rest(struct hmm_arenas *arenas, struct hmm_arena *arena, const hmm_mark *marks,
                         unsigned n_marks)
{
    HMM_ASSERT(hmm_lock_held(&arena->lock));
    while (n_marks != 0) {
        void *block = hmm_mark_block(marks[0]);
        if (!arena->shared)
            push(arenas, arena, block, hmm_slab_at(arenas->slabs.pages->map, block)->class_idx);
        else if (!hmm_remote_free_one(arenas, block))
            arena->twice_free = block;
        unsigned n = 1 + hmm_bin_put(&arenas->slabs, arena, &marks[1], n_marks - 1);
        marks += n;
        n_marks -= n;
    }
}
