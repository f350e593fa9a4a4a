/* sweep.c - whole pages of free slots go back to the system, though other slots of their slab are
 * in use.
 *
 * Blocks that outlive their neighbours keep a slab. Free slots hold no data of ours, so the pages
 * that consist of nothing else need no memory. They are looked for when an arena's free slots have
 * become many more than after the last look, how many more depends on what is in use, and on what
 * was given back and soon needed again.
 *
 * Layer   arenas, above arena. Start reading at hmm_sweep.
 * State   struct hmm_arena and its slabs, under the arena's lock.
 */
#include "arenas/sweep.h"

#include "base/check.h"

/* Are slots [first, last] free? */
static bool are_free(const struct hmm_slab *slab, uint32_t first, uint32_t last)
{
    for (uint32_t word = first / 64; word <= last / 64; word++) {
        uint64_t wanted = ~(uint64_t)0;
        if (word == first / 64)
            wanted &= ~(uint64_t)0 << (first % 64);
        if (word == last / 64)
            wanted &= ~(uint64_t)0 >> (63 - last % 64);
        if ((slab->words[word] & wanted) != wanted)
            return false;
    }
    return true;
}

/* The pages of the slab on which nothing but free slots lies, as bits. */
static uint64_t free_pages(const struct hmm_slab *slab, uint32_t page_bytes)
{
    uint32_t slots_bytes = slab->n_slots * slab->slot_bytes;
    uint64_t found = 0;
    for (uint32_t page = 0; page * page_bytes < slots_bytes; page++) {
        uint32_t behind = (page + 1) * page_bytes;
        uint32_t first = hmm_slab_slot(slab, slab->start + (size_t)page * page_bytes);
        uint32_t last = behind > slots_bytes ? slab->n_slots - 1
                                             : hmm_slab_slot(slab, slab->start + behind - 1);
        if (are_free(slab, first, last))
            found |= (uint64_t)1 << page;
    }
    return found;
}

static void sweep_slab(struct hmm_pages *heap, struct hmm_slab *slab, uint32_t page_bytes)
{
    uint64_t pages = free_pages(slab, page_bytes) & ~slab->purged_pages;
    while (pages != 0) {
        unsigned first = (unsigned)__builtin_ctzll(pages);
        uint64_t behind = ~(pages >> first);
        unsigned n = behind == 0 ? 64 : (unsigned)__builtin_ctzll(behind);
        uint64_t row = (n == 64 ? ~(uint64_t)0 : ((uint64_t)1 << n) - 1) << first;
        if (hmm_port_purge(slab->start + (size_t)first * page_bytes, (size_t)n * page_bytes)) {
            slab->purged_pages |= row;
            hmm_pages_note_returned(heap, (size_t)n * page_bytes);
        }
        pages &= ~row;
    }
    slab->swept_free = slab->n_free;
}

void hmm_sweep(struct hmm_pages *pages, struct hmm_arena *arena)
{
    HMM_ASSERT(hmm_lock_held(&arena->lock));
    uint32_t page_bytes = (uint32_t)hmm_port_page_bytes();
    for (unsigned c = 1; c < HMM_CLASSES; c++) {
        if (arena->magazines[c] == NULL)
            continue;
        const struct hmm_bin *bin = &arena->magazines[c]->bin;
        for (unsigned b = 0; b < HMM_SLAB_BUCKETS; b++)
            for (struct hmm_slab *slab = bin->bucket[b]; slab != NULL; slab = slab->next)
                if (slab->n_free > slab->swept_free &&
                    slab->n_free >= page_bytes / slab->slot_bytes)
                    sweep_slab(pages, slab, page_bytes);
    }
    arena->sweep_at_bytes = hmm_sweep_limit(arena);
}

void hmm_sweep_note_taken(struct hmm_arena *arena, struct hmm_slab *slab, hmm_mark first,
                          hmm_mark last)
{
    HMM_ASSERT(hmm_lock_held(&arena->lock));
    size_t page_bytes = hmm_port_page_bytes();
    size_t from = (size_t)((char *)hmm_mark_block(first) - slab->start) / page_bytes;
    size_t to =
        ((size_t)((char *)hmm_mark_block(last) - slab->start) + slab->slot_bytes - 1) / page_bytes;
    uint64_t pages = (~(uint64_t)0 << from) & (~(uint64_t)0 >> (63 - to)) & slab->purged_pages;
    if (pages == 0)
        return;
    slab->purged_pages &= ~pages;
    slab->swept_free = 0;
    size_t bytes = (size_t)__builtin_popcountll(pages) * page_bytes;
    arena->kept_bytes = hmm_min(arena->kept_bytes + bytes, HMM_SWEEP_KEPT_BYTES);
}
