/* heap.c - every path that is not a hit.
 *
 * Layer   heap, above fork. Start reading at hmm_heap_alloc.
 */
#include "heap/heap.h"

#include "arenas/gate.h"
#include "arenas/owners.h"
#include "arenas/refill.h"
#include "arenas/remote.h"
#include "arenas/shared.h"
#include "arenas/shed.h"
#include "arenas/sweep.h"
#include "arenas/visit.h"
#include "heap/fork.h"
#include "heap/misuse.h"
#include "heap/pace.h"
#include "memory/decay.h"
#include "memory/states.h"
#include "port/fatal.h"

static const uint64_t shed_every_ns = HMM_SHED_MS * (uint64_t)1000000;
static bool init_layers(struct hmm_heap *heap, const struct hmm_tunables *tunables, void *memory)
{
    if (!hmm_meta_init(&heap->meta, tunables, heap->brk.reach_bytes >> HMM_UNIT_SHIFT, memory))
        return false;
    hmm_pages_init(&heap->pages, &heap->map, &heap->meta, &heap->brk);
    heap->arenas.slabs.pages = &heap->pages;
    heap->large.arenas = &heap->arenas;
    heap->large.maps.pages = &heap->pages;
    return hmm_arenas_init(&heap->arenas);
}

bool hmm_heap_init(struct hmm_heap *heap, const struct hmm_tunables *tunables)
{
    enum hmm_brk_kind kind = tunables->map ? HMM_BRK_MAP : HMM_BRK_SYS;
    hmm_port_set_policy((enum hmm_port_policy)tunables->calls);
    hmm_brk_init(&heap->brk, kind, hmm_meta_max_units() << HMM_UNIT_SHIFT);
    return init_layers(heap, tunables, NULL);
}

bool hmm_heap_init_buffer(struct hmm_heap *heap, const struct hmm_tunables *tunables, void *buffer,
                          size_t bytes)
{
    size_t max_units = bytes >> HMM_UNIT_SHIFT;
    size_t meta_bytes = hmm_meta_bytes(max_units);
    if (meta_bytes + HMM_UNIT_BYTES > bytes)
        return false;
    hmm_brk_init_buffer(&heap->brk, (char *)buffer + meta_bytes, bytes - meta_bytes);
    return init_layers(heap, tunables, buffer);
}

/* Let the thread's hits find the magazine. */
static void install(struct hmm_thread *self, struct hmm_magazine *mag)
{
    if (self->tag_end == 0)
        return;
    unsigned c = mag->class_idx;
    do
        self->magazine[c] = mag;
    while (c <= HMM_SMALL_CLASSES && --c > 0 && hmm_small_class[c] == mag->class_idx);
}

/* The thread owns this arena from now on, and makes hits; none when calls are counted. */
static void take_over(const struct hmm_heap *heap, struct hmm_thread *self, struct hmm_arena *arena)
{
    self->arena = arena;
    if (heap->counts != NULL)
        return;
    hmm_pace_init(self, arena);
    for (unsigned c = 0; c < HMM_CLASSES; c++)
        self->magazine[c] = (struct hmm_magazine *)(uintptr_t)&hmm_magazine_empty;
    for (unsigned c = 1; c < HMM_CLASSES; c++)
        if (arena->magazines[c] != NULL)
            install(self, arena->magazines[c]);
    self->small_bytes = HMM_SMALL_MAX_BYTES;
    self->medium_bytes = HMM_SLAB_MAX_BYTES;
}

/* As many slow paths are taken without an arena; more where there are many arenas. */
static uint32_t light_visits(const struct hmm_arenas *arenas)
{
    uint32_t crowd = (uint32_t)hmm_min(hmm_arenas_crowd(arenas), HMM_CROWD_MOST);
    return HMM_LIGHT_VISITS * crowd * crowd;
}

/* The thread's arena; a thread without one gets it with its LIGHT_VISITS-th slow path,
 * or at once if another has just left one. */
static struct hmm_arena *arena_of(struct hmm_heap *heap, struct hmm_thread *self)
{
    if (hmm_unlikely(hmm_arenas_have_left(&heap->arenas)))
        hmm_heap_settle_some(heap);
    if (hmm_likely(self->arena != NULL))
        return self->arena;
    if (self->exiting ||
        (++self->n_visits < light_visits(&heap->arenas) && !hmm_arenas_have_warm(&heap->arenas)))
        return NULL;
    struct hmm_arena *arena = hmm_heap_take_left(heap);
    if (arena == NULL)
        arena = hmm_arena_acquire(&heap->arenas);
    if (arena != NULL)
        take_over(heap, self, arena);
    return arena;
}

/* For a large block: beside that, what an arena takes is little. So it counts as if it had been
 * allocated in units. */
static struct hmm_arena *arena_for_large(struct hmm_heap *heap, struct hmm_thread *self,
                                         size_t bytes)
{
    if (hmm_unlikely(self->arena == NULL))
        self->n_visits += (uint32_t)hmm_min(bytes >> HMM_UNIT_SHIFT, HMM_LIGHT_VISITS);
    return arena_of(heap, self);
}

/* The magazine of the thread's arena; NULL: out of memory. One there is for every class of which
 * the arena owns a slab. In a small arena coarse ones serve fine classes, too. */
static struct hmm_magazine *magazine_of(struct hmm_heap *heap, struct hmm_thread *self,
                                        unsigned class_idx)
{
    struct hmm_magazine *mag = self->arena->magazines[class_idx];
    if (hmm_likely(mag != NULL))
        return mag;
    hmm_arena_enter(&heap->arenas, self->arena); /* others may look for a slab of this class */
    bool small = self->arena->slab_bytes < HMM_FINE_MIN_BYTES;
    unsigned served_by = small ? hmm_sizeclass_coarse(class_idx) : class_idx;
    mag = hmm_arena_magazine(&heap->arenas, self->arena, served_by);
    hmm_arena_leave(self->arena);
    if (mag == NULL)
        return NULL;
    install(self, mag);
    if (served_by != class_idx && self->tag_end != 0)
        self->magazine[class_idx] = mag;
    return mag;
}

static HMM_NOINLINE void sweep(struct hmm_heap *heap, struct hmm_arena *arena, bool frees,
                               uint64_t now_ns)
{
    hmm_arena_lock(&heap->arenas, arena);
    hmm_sweep_some(&heap->pages, arena, frees, now_ns);
    hmm_lock_give(&arena->lock);
}

static HMM_NOINLINE void shed_idle(struct hmm_heap *heap, struct hmm_arena *arena, uint64_t now_ns)
{
    arena->shed_at_ns = now_ns;
    hmm_large_flush(&heap->large, arena);
    hmm_arena_shed(&heap->arenas, arena, HMM_SHED_IDLE);
    hmm_arena_lock(&heap->arenas, arena);
    hmm_sweep_begin_period(&heap->pages, arena);
    hmm_lock_give(&arena->lock);
    hmm_arenas_cool(&heap->arenas, shed_every_ns);
}

/* The clock has been looked at: after how many slow paths the next time? Returns whether it has
 * moved. */
static inline bool note_look(struct hmm_arena *arena, uint64_t now_ns)
{
    bool moved = now_ns != arena->looked_at_ns;
    arena->looked_at_ns = now_ns;
    if (moved)
        arena->look_visits /= 2;
    else if (arena->look_visits < HMM_LOOK_VISITS)
        arena->look_visits++;
    arena->looks_left = arena->look_visits;
    return moved;
}

/* Free memory ages; so do the thread's caches, which may be what pins it. One call gives back free
 * runs, or pages of free slots, not both: those are the next one's then. */
static HMM_NOINLINE void decay(struct hmm_heap *heap, struct hmm_thread *self, bool frees)
{
    struct hmm_arena *arena = self->arena;
    uint64_t now_ns = hmm_port_clock_ns();
    bool sweeps = arena != NULL && arena->sweeps_next && hmm_sweep_is_due(arena, frees);
    bool gave = !sweeps && hmm_decay(&heap->pages, now_ns);
    if (hmm_unlikely(hmm_mapped_hold(&heap->large.maps)))
        hmm_mapped_age(&heap->large.maps, now_ns);
    if (arena == NULL)
        return;
    bool moved = note_look(arena, now_ns);
    if (!gave && !sweeps && (moved || hmm_pace_visits(heap))) {
        gave = hmm_visit_some(&heap->arenas, now_ns);
        hmm_pace_set_visits(heap, gave);
    }
    arena->sweeps_next = gave;
    if (hmm_unlikely(!gave && hmm_sweep_is_due(arena, frees)))
        sweep(heap, arena, frees, now_ns);
    if (hmm_unlikely(now_ns - arena->shed_at_ns >= shed_every_ns))
        shed_idle(heap, arena, now_ns);
    if (hmm_unlikely(hmm_pace_is_due(self) || hmm_pace_is_wanted(heap, self)))
        hmm_pace(heap, self, now_ns);
}

/* Is it time for a look at the clock? Where nothing has to go at once, and a few such looks have
 * found it where it was, not with each slow path. */
static inline bool is_look_due(struct hmm_heap *heap, struct hmm_thread *self)
{
    struct hmm_arena *arena = self->arena;
    if (hmm_pages_wanted(&heap->pages) == HMM_WANTED_NOW || arena == NULL ||
        hmm_pace_is_due(self) || hmm_pace_is_wanted(heap, self) || hmm_sweep_waits(arena) ||
        --arena->looks_left < 0)
        return true;
    hmm_decay_skip(&heap->pages);
    return false;
}

static inline void maybe_decay(struct hmm_heap *heap, struct hmm_thread *self, bool frees)
{
    if (hmm_unlikely(hmm_decay_due(&heap->pages) || hmm_mapped_hold(&heap->large.maps) ||
                     (self->arena != NULL && hmm_sweep_waits(self->arena)) ||
                     hmm_pace_is_due(self)) &&
        is_look_due(heap, self))
        decay(heap, self, frees);
}

static void *alloc_owned(struct hmm_heap *heap, struct hmm_thread *self, unsigned class_idx)
{
    struct hmm_magazine *mag = magazine_of(heap, self, class_idx);
    if (hmm_unlikely(mag == NULL))
        return NULL;
    void *block;
    bool empty = hmm_magazine_objs(mag) == 0;
    if (empty && !hmm_arena_refill(&heap->arenas, self->arena, mag))
        return NULL;
    if (hmm_unlikely(!hmm_magazine_pop(mag, &block)))
        hmm_misuse_two_owners(hmm_mark_block(*mag->top));
    if (empty)
        maybe_decay(heap, self, false);
    return block;
}

/* Everything that is free becomes page runs. */
static void shed_slabs(struct hmm_heap *heap, struct hmm_thread *self)
{
    if (self->arena != NULL) {
        hmm_large_flush(&heap->large, self->arena);
        hmm_arena_shed(&heap->arenas, self->arena, HMM_SHED_ALL);
    }
    hmm_heap_settle(heap, UINT32_MAX);
    hmm_arenas_cool(&heap->arenas, 0);
    hmm_arenas_shed_slabs(&heap->arenas);
}

/* Could a block of this size be had if all that is free went back? Not where the system would not
 * even give what it is longer than the whole heap. */
static bool may_fit(const struct hmm_heap *heap, size_t bytes)
{
    size_t heap_bytes = hmm_pagemap_limit(&heap->map) << HMM_UNIT_SHIFT;
    if (bytes <= heap_bytes)
        return true;
    void *rest = hmm_port_map(bytes - heap_bytes, 1);
    return rest != NULL && hmm_port_release(rest, bytes - heap_bytes);
}

/* No memory can be had: make free what this thread can, and give back what counts against a limit.
 * False: it would not help a block of this size. cost: all arenas are looked at */
static HMM_COLD bool shed_all(struct hmm_heap *heap, struct hmm_thread *self, size_t bytes)
{
    hmm_mapped_trim(&heap->large.maps);
    if (!may_fit(heap, bytes))
        return false;
    shed_slabs(heap, self);
    hmm_decay_lower(&heap->pages, 0);
    hmm_states_unmap(&heap->pages);
    return true;
}

static void *alloc_slot(struct hmm_heap *heap, struct hmm_thread *self, unsigned class_idx)
{
    if (arena_of(heap, self) != NULL)
        return alloc_owned(heap, self, class_idx);
    return hmm_arena_take_shared(&heap->arenas, &self->shared_last,
                                 hmm_sizeclass_coarse(class_idx));
}

/* The class's slabs can have no state bytes: a limit, or somebody else's memory is in the way. A
 * slot of the next range of sizes will do; or a page run, which has none. NULL: out of memory. */
static HMM_COLD void *alloc_longer(struct hmm_heap *heap, struct hmm_thread *self,
                                   unsigned class_idx, size_t align_bytes)
{
    void *block = NULL;
    for (unsigned k = hmm_state_kind(class_idx) + 1; block == NULL && k < HMM_STATE_KINDS; k++)
        block = alloc_slot(heap, self, 1u << k);
    bool zero = false;
    if (block == NULL)
        block = hmm_large_alloc(&heap->large, arena_of(heap, self), HMM_SLAB_MAX_BYTES + 1,
                                align_bytes, &zero);
    if (block != NULL)
        hmm_heap_note_longer(heap);
    return block;
}

/* No slot can be had. Where longer ones are the answer, they are so most of the time: not each
 * needs a look at the whole heap. */
static HMM_COLD void *alloc_slot_again(struct hmm_heap *heap, struct hmm_thread *self,
                                       unsigned class_idx, size_t align_bytes)
{
    void *block = NULL;
    if (hmm_heap_longer(heap) % HMM_LONGER_ROW != 0)
        block = alloc_longer(heap, self, class_idx, align_bytes);
    if (block == NULL && shed_all(heap, self, 1))
        block = alloc_slot(heap, self, class_idx);
    return block != NULL ? block : alloc_longer(heap, self, class_idx, align_bytes);
}

void *hmm_heap_alloc(struct hmm_heap *heap, struct hmm_thread *self, size_t bytes, bool *zero)
{
    bool is_zero = zero != NULL;
    if (zero != NULL)
        *zero = false;
    if (hmm_likely(bytes <= HMM_SLAB_MAX_BYTES)) {
        unsigned class_idx = hmm_sizeclass_of(bytes);
        void *slot = alloc_slot(heap, self, class_idx);
        return hmm_likely(slot != NULL) ? slot : alloc_slot_again(heap, self, class_idx, 1);
    }
    bool wants_zero = is_zero;
    void *block =
        hmm_large_alloc(&heap->large, arena_for_large(heap, self, bytes), bytes, 1, &is_zero);
    if (hmm_unlikely(block == NULL) && shed_all(heap, self, bytes)) {
        is_zero = wants_zero;
        block = hmm_large_alloc(&heap->large, arena_of(heap, self), bytes, 1, &is_zero);
    }
    if (zero != NULL)
        *zero = is_zero;
    maybe_decay(heap, self, false);
    return block;
}

static void *alloc_large_aligned(struct hmm_heap *heap, struct hmm_thread *self, size_t align_bytes,
                                 size_t bytes)
{
    bool zero = false;
    bytes = hmm_max(bytes, HMM_SLAB_MAX_BYTES + 1);
    struct hmm_arena *arena = arena_for_large(heap, self, bytes);
    return hmm_large_alloc(&heap->large, arena, bytes, align_bytes, &zero);
}

void *hmm_heap_alloc_aligned(struct hmm_heap *heap, struct hmm_thread *self, size_t align_bytes,
                             size_t bytes)
{
    unsigned class_idx = hmm_sizeclass_aligned(align_bytes, bytes);
    void *block = class_idx != 0 ? alloc_slot(heap, self, class_idx)
                                 : alloc_large_aligned(heap, self, align_bytes, bytes);
    if (hmm_likely(block != NULL))
        return block;
    if (class_idx != 0)
        return alloc_slot_again(heap, self, class_idx, align_bytes);
    return shed_all(heap, self, bytes + align_bytes)
               ? alloc_large_aligned(heap, self, align_bytes, bytes)
               : NULL;
}

/* Into a full magazine after all, or past it. An arena that has shrunk keeps no large blocks. */
static HMM_NOINLINE enum hmm_push push_full(struct hmm_heap *heap, struct hmm_arena *arena,
                                            struct hmm_magazine *mag, void *block)
{
    if (hmm_unlikely(mag->closed))
        return hmm_arena_put_home(&heap->arenas, arena, mag, block);
    uint32_t n_shrunk = arena->n_shrunk;
    hmm_arena_make_room(&heap->arenas, arena, mag);
    if (arena->n_shrunk > n_shrunk)
        hmm_large_flush(&heap->large, arena);
    return mag->closed ? hmm_arena_put_home(&heap->arenas, arena, mag, block)
                       : hmm_magazine_push(mag, block);
}

/* A block of the thread's own slab. */
static void free_owned(struct hmm_heap *heap, struct hmm_thread *self, void *block,
                       unsigned class_idx, const char *who)
{
    struct hmm_magazine *mag = magazine_of(heap, self, class_idx);
    enum hmm_push push = hmm_magazine_push(mag, block);
    if (push == HMM_PUSH_FULL) {
        push = push_full(heap, self->arena, mag, block);
        maybe_decay(heap, self, true);
    } else if (hmm_pace_is_due(self)) {
        decay(heap, self, false); /* frees that were hits begin no sweep */
    }
    if (hmm_unlikely(push == HMM_PUSH_NOT_LIVE))
        hmm_misuse(heap, who, block);
}

/* Free a block of a slab: into the thread's magazine, or back to another arena's slab. */
static void free_slot(struct hmm_heap *heap, struct hmm_thread *self, void *block, uint32_t entry,
                      const char *who)
{
    unsigned class_idx = hmm_entry_class(entry);
    struct hmm_arena *arena = arena_of(heap, self);
    if (arena != NULL && arena->tag == entry - class_idx) {
        free_owned(heap, self, block, class_idx, who);
        return;
    }
    enum hmm_push push =
        arena != NULL ? hmm_remote_put(&heap->arenas, arena, block, class_idx)
                      : hmm_arena_put_shared(&heap->arenas, &self->shared_last, class_idx, block);
    if (hmm_unlikely(push == HMM_PUSH_NOT_LIVE))
        hmm_misuse(heap, who, block);
    if (arena != NULL && arena->remote.n_blocks == 0 &&
        (--arena->looks_left < 0 || hmm_pace_is_wanted(heap, self)))
        decay(heap, self, false); /* its owner may be asleep */
}

/* The entry that governs `block`, or NONE where nothing of ours can begin. */
static uint32_t entry_of(const struct hmm_heap *heap, const void *block)
{
    size_t unit = hmm_pagemap_unit(&heap->map, block);
    if (unit >= hmm_pagemap_limit(&heap->map))
        return HMM_KIND_NONE;
    uint32_t entry = hmm_pagemap_entry(&heap->map, unit);
    bool at_unit = ((uintptr_t)block - heap->map.base) % HMM_UNIT_BYTES == 0;
    return hmm_entry_is_slab(entry) || at_unit ? entry : HMM_KIND_NONE;
}

void hmm_heap_free(struct hmm_heap *heap, struct hmm_thread *self, void *block, const char *who)
{
    uint32_t entry = entry_of(heap, block);
    if (hmm_entry_is_slab(entry)) {
        free_slot(heap, self, block, entry, who);
        return;
    }
    bool freed = entry == HMM_KIND_LARGE ? hmm_large_free(&heap->large, arena_of(heap, self), block)
                                         : hmm_mapped_free(&heap->large.maps, block);
    if (!freed)
        hmm_misuse(heap, who, block);
    maybe_decay(heap, self, true);
}

size_t hmm_heap_usable(struct hmm_heap *heap, const void *block, const char *who)
{
    uint32_t entry = entry_of(heap, block);
    if (hmm_entry_is_slab(entry) && hmm_pagemap_is_live(&heap->map, hmm_entry_class(entry), block))
        return hmm_sizeclasses[hmm_entry_class(entry)].slot_bytes;
    if (entry == HMM_KIND_LARGE)
        return hmm_large_bytes(&heap->large, block);
    size_t bytes = hmm_entry_is_slab(entry) ? 0 : hmm_mapped_bytes(&heap->large.maps, block);
    if (bytes == 0)
        hmm_misuse(heap, who, block);
    return bytes;
}

void *hmm_heap_resize(struct hmm_heap *heap, struct hmm_thread *self, void *block,
                      size_t usable_bytes, size_t bytes)
{
    uint32_t entry = entry_of(heap, block);
    bool fits = bytes <= usable_bytes && bytes >= usable_bytes / 2;
    if (hmm_entry_is_slab(entry) || (entry == HMM_KIND_LARGE && bytes <= HMM_SLAB_MAX_BYTES))
        return fits ? block
                    : NULL; /* at the border between slots and runs no block goes to and fro */
    if (entry != HMM_KIND_LARGE)
        return bytes > hmm_max(hmm_meta_tunables(&heap->meta)->map_threshold /
                                   HMM_MAPPED_LEAST_DIVISOR,
                               HMM_SLAB_MAX_BYTES)
                   ? hmm_mapped_resize(&heap->large.maps, block, bytes)
                   : NULL;
    bool moves_out = bytes > usable_bytes && hmm_mapped_is_for(&heap->large.maps, bytes);
    if (moves_out || !hmm_large_resize(&heap->large, block, bytes)) /* which shrinks it always */
        block = hmm_large_move(&heap->large, arena_of(heap, self), block, bytes);
    maybe_decay(heap, self, true);
    return block;
}

void hmm_heap_thread_attached(struct hmm_heap *heap, struct hmm_thread *self)
{
    hmm_pace_begin(heap, self);
}

void hmm_heap_thread_exit(struct hmm_heap *heap, struct hmm_thread *self)
{
    struct hmm_arena *arena = self->arena;
    if (arena != NULL)
        hmm_pace_end(heap, arena);
    *self = (struct hmm_thread){.exiting = true};
    if (arena == NULL)
        return;
    hmm_large_flush(&heap->large, arena);
    hmm_arena_release(&heap->arenas, arena);
    maybe_decay(heap, self, true);
}

size_t hmm_heap_trim(struct hmm_heap *heap, struct hmm_thread *self, size_t keep_bytes)
{
    shed_slabs(heap, self);
    size_t before = hmm_pages_returned(&heap->pages);
    hmm_mapped_trim(&heap->large.maps);
    (void)hmm_decay_all(&heap->pages, keep_bytes);
    return hmm_pages_returned(&heap->pages) - before;
}
