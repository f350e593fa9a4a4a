/* mapped.c - blocks with a mapping of their own.
 *
 * Layer   heap, lowest. Start reading at hmm_mapped_alloc.
 * State   struct hmm_maps: lock `table`.
 */
#include "heap/mapped.h"

#include "memory/move.h"
#include "memory/pieces.h"
#include "memory/regret.h"
#include "slabs/sparse.h"

/* --- the table; locks: held table ---------------------------------------------------------------
 */

static struct hmm_mapped **bucket_of(struct hmm_maps *maps, const void *start)
{
    uintptr_t page = (uintptr_t)start >> 12;
    if (maps->buckets == NULL)
        return &maps->first[(page ^ (page >> 9)) % HMM_MAPPED_BUCKETS];
    return &maps->buckets[(page ^ (page >> 9)) & (maps->n_buckets - 1)];
}

/* The link that points to the block's node, or to NULL. */
static struct hmm_mapped **find_mapped(struct hmm_maps *maps, const void *start)
{
    struct hmm_mapped **link = bucket_of(maps, start);
    while (*link != NULL && (*link)->start != start)
        link = &(*link)->next;
    return link;
}

static void push_node(struct hmm_maps *maps, struct hmm_mapped *node)
{
    struct hmm_mapped **head = bucket_of(maps, node->start);
    node->next = *head;
    *head = node;
}

/* More buckets than there are blocks, if memory for them can be had. */
static HMM_COLD void grow_table(struct hmm_maps *maps)
{
    size_t n_old = maps->buckets != NULL ? maps->n_buckets : HMM_MAPPED_BUCKETS;
    struct hmm_mapped **old = maps->buckets != NULL ? maps->buckets : maps->first;
    size_t n_new = hmm_max(n_old * 8, hmm_port_page_bytes() / sizeof *old);
    struct hmm_mapped **new = hmm_port_map(n_new * sizeof *new, 1);
    if (new == NULL)
        return;
    bool was_mapped = maps->buckets != NULL;
    maps->buckets = new;
    maps->n_buckets = n_new;
    for (size_t i = 0; i < n_old; i++)
        for (struct hmm_mapped *node = old[i], *next; node != NULL; node = next) {
            next = node->next;
            push_node(maps, node);
        }
    if (was_mapped)
        hmm_port_release(old, n_old * sizeof *old);
}

static void set_spare(struct hmm_maps *maps, size_t bytes)
{
    __atomic_store_n(&maps->spare_bytes, bytes, __ATOMIC_RELAXED); /* held */
}

static void count_bytes(struct hmm_maps *maps, size_t bytes)
{
    maps->bytes = bytes;
    /* relaxed: see the field */
    atomic_store_explicit(&maps->pages->outside_bytes, bytes, memory_order_relaxed);
}

static void insert_mapped(struct hmm_maps *maps, struct hmm_mapped *node)
{
    size_t n_buckets = maps->buckets != NULL ? maps->n_buckets : HMM_MAPPED_BUCKETS;
    if (hmm_unlikely(maps->n_blocks >= n_buckets))
        grow_table(maps);
    push_node(maps, node);
    count_bytes(maps, maps->bytes + node->bytes);
    set_spare(maps, maps->spare_bytes + (node->room_bytes - node->bytes));
    __atomic_store_n(&maps->n_blocks, maps->n_blocks + 1, __ATOMIC_RELAXED); /* held */
}

static struct hmm_mapped *remove_mapped(struct hmm_maps *maps, const void *start)
{
    struct hmm_mapped **link = find_mapped(maps, start);
    struct hmm_mapped *node = *link;
    if (node != NULL) {
        *link = node->next;
        count_bytes(maps, maps->bytes - node->bytes);
        set_spare(maps, maps->spare_bytes - (node->room_bytes - node->bytes));
        __atomic_store_n(&maps->n_blocks, maps->n_blocks - 1, __ATOMIC_RELAXED); /* held */
    }
    return node;
}

static void set_holds(struct hmm_maps *maps, struct hmm_mapped *node, bool holds)
{
    size_t n = maps->n_holding - node->holds + holds;
    __atomic_store_n(&maps->n_holding, n, __ATOMIC_RELAXED); /* held */
    node->holds = holds;
}

/* --- allocate, free -----------------------------------------------------------------------------
 */

/* Their number is about to change, or they had gone_bytes more a moment ago: note the most that was
 * used along with them since the last change. */
static size_t note_peak(struct hmm_maps *maps, size_t gone_bytes)
{
    size_t used_bytes = (size_t)hmm_pages_used_lately(maps->pages) << HMM_UNIT_SHIFT;
    hmm_lock_take(&maps->lock);
    size_t peak_bytes = hmm_max(maps->peak_bytes, used_bytes + maps->bytes + gone_bytes);
    maps->peak_bytes = peak_bytes;
    hmm_lock_give(&maps->lock);
    return peak_bytes;
}

size_t hmm_mapped_peak_bytes(struct hmm_maps *maps)
{
    return note_peak(maps, 0);
}

static struct hmm_mapped *take_node(struct hmm_maps *maps)
{
    hmm_lock_take(&maps->lock);
    struct hmm_mapped *node = maps->free_nodes;
    if (node != NULL)
        maps->free_nodes = node->next;
    hmm_lock_give(&maps->lock);
    return node != NULL ? node : hmm_meta_object(maps->pages->meta, sizeof *node);
}

/* With room for so much, whole pages. */
static size_t with_room(size_t bytes)
{
    return hmm_round_up(bytes + bytes / HMM_MAPPED_ROOM_DIVISOR, hmm_port_page_bytes());
}

void *hmm_mapped_alloc(struct hmm_maps *maps, size_t bytes, size_t align_bytes, bool grows)
{
    bytes = hmm_round_up(bytes, hmm_port_page_bytes());
    if (!hmm_pages_may_take(maps->pages, bytes))
        return NULL;
    note_peak(maps, 0);
    struct hmm_mapped *node = take_node(maps);
    if (node == NULL)
        return NULL;
    size_t room_bytes = grows ? with_room(bytes) : bytes;
    char *start = hmm_port_map(room_bytes, align_bytes);
    if (start == NULL && grows)
        start = hmm_port_map(room_bytes = bytes, align_bytes);
    hmm_lock_take(&maps->lock);
    bool one_too_many = maps->n_blocks >= hmm_meta_tunables(maps->pages->meta)->map_max;
    if (start != NULL && !one_too_many) {
        *node = (struct hmm_mapped){.start = start, .bytes = bytes, .room_bytes = room_bytes};
        insert_mapped(maps, node);
    } else {
        node->next = maps->free_nodes;
        maps->free_nodes = node;
    }
    hmm_lock_give(&maps->lock);
    if (start != NULL && one_too_many) {
        hmm_port_release(start, room_bytes);
        return NULL;
    }
    return start;
}

/* Where the system would have to split a mapping, and the process has too many, at least the
 * contents go. */
static bool unmap_range(void *start, size_t bytes)
{
    return hmm_port_release(start, bytes) || hmm_port_purge(start, bytes);
}

/* Not where the threshold has been chosen. */
static bool learns(const struct hmm_maps *maps)
{
    const struct hmm_tunables *t = hmm_meta_tunables(maps->pages->meta);
    return t->map_threshold == hmm_tunables_defaults()->map_threshold;
}

/* locks: held table */
static bool is_recent(const struct hmm_maps *maps, uint64_t now_ns)
{
    return maps->gone_bytes != 0 && now_ns - maps->gone_at_ns < 2 * hmm_regret_ns;
}

/* Such a block goes. Were it needed again, it had better been kept, if it was used all over. */
static void note_gone(struct hmm_maps *maps, const void *block, size_t bytes)
{
    if (!learns(maps) || !hmm_sparse_is_full(block, bytes))
        return;
    uint64_t now_ns = hmm_port_clock_ns();
    hmm_lock_take(&maps->lock);
    maps->gone_bytes = is_recent(maps, now_ns) ? hmm_max(maps->gone_bytes, bytes) : bytes;
    maps->gone_at_ns = now_ns;
    hmm_lock_give(&maps->lock);
}

bool hmm_mapped_returns(struct hmm_maps *maps, size_t bytes)
{
    if (!learns(maps))
        return false;
    uint64_t now_ns = hmm_port_clock_ns();
    hmm_lock_take(&maps->lock);
    if (is_recent(maps, now_ns) && bytes / HMM_MAPPED_RETURNS <= maps->gone_bytes)
        maps->returning_bytes = hmm_max(maps->returning_bytes, bytes);
    bool returns = bytes <= maps->returning_bytes;
    hmm_lock_give(&maps->lock);
    return returns || bytes / HMM_MAPPED_RETURNS <= hmm_pages_dirty_bytes(maps->pages);
}

bool hmm_mapped_free(struct hmm_maps *maps, void *block)
{
    hmm_lock_take(&maps->lock);
    struct hmm_mapped *node = remove_mapped(maps, block);
    size_t bytes = node != NULL ? node->bytes : 0;
    size_t room_bytes = node != NULL ? node->room_bytes : 0;
    if (node != NULL) {
        set_holds(maps, node, false);
        node->next = maps->free_nodes;
        maps->free_nodes = node;
        maps->recent[maps->next_recent++ % HMM_MAPPED_RECENT] = block;
    }
    hmm_lock_give(&maps->lock);
    if (bytes == 0)
        return false;
    note_peak(maps, bytes);
    note_gone(maps, block, bytes);
    if (unmap_range(block, room_bytes))
        hmm_pages_note_returned(maps->pages, bytes);
    return true;
}

size_t hmm_mapped_bytes(struct hmm_maps *maps, const void *block)
{
    hmm_lock_take(&maps->lock);
    const struct hmm_mapped *node = *find_mapped(maps, block);
    size_t bytes = node != NULL ? node->bytes : 0;
    hmm_lock_give(&maps->lock);
    return bytes;
}

bool hmm_mapped_was_freed(struct hmm_maps *maps, const void *block)
{
    bool found = false;
    hmm_lock_take(&maps->lock);
    for (unsigned i = 0; i < HMM_MAPPED_RECENT; i++)
        found = found || maps->recent[i] == block;
    hmm_lock_give(&maps->lock);
    return found && block != NULL;
}

/* --- resize -------------------------------------------------------------------------------------
 */

void hmm_mapped_note_parts(struct hmm_maps *maps, const void *block)
{
    hmm_lock_take(&maps->lock);
    struct hmm_mapped *node = *find_mapped(maps, block);
    if (node != NULL)
        node->in_parts = true;
    hmm_lock_give(&maps->lock);
}

/* The block's address with so much room; NULL: no memory. Linux resizes one mapping at a time;
 * asked for more, some emulators (qemu-user 7.2, 32 bits) lose them. */
static char *remap(struct hmm_mapped *node, size_t room_bytes)
{
    char *block = node->start;
    char *moved = node->in_parts ? NULL : hmm_port_remap(block, node->room_bytes, room_bytes);
    if (moved == NULL && (moved = hmm_port_map(room_bytes, 1)) != NULL) {
        hmm_move_memory(block, moved, node->bytes);
        (void)unmap_range(block, node->room_bytes);
        node->in_parts = true;
    }
    if (moved != NULL)
        node->room_bytes = room_bytes;
    return moved;
}

/* False: no memory; the node is as it was. */
static bool grow_mapped(struct hmm_maps *maps, struct hmm_mapped *node, size_t bytes,
                        uint64_t now_ns)
{
    if (!hmm_pages_may_take(maps->pages, bytes)) /* it does not count itself just now */
        return false;
    if (bytes > node->room_bytes) {
        char *moved = remap(node, with_room(bytes));
        if (moved == NULL)
            moved = remap(node, bytes);
        if (moved == NULL)
            return false;
        node->start = moved;
    }
    node->bytes = bytes;
    node->swings = node->shrunk_at_ns != 0 && now_ns - node->shrunk_at_ns < hmm_regret_ns;
    return true;
}

/* Returns whether its room has old contents now. */
static bool shrink_mapped(struct hmm_maps *maps, struct hmm_mapped *node, size_t bytes,
                          uint64_t now_ns)
{
    size_t gone_bytes = node->bytes - bytes;
    node->bytes = bytes;
    node->shrunk_at_ns = now_ns;
    if (node->swings)
        return true;
    if (hmm_port_release(node->start + bytes, node->room_bytes - bytes))
        node->room_bytes = bytes;
    else if (!hmm_port_purge(node->start + bytes, node->room_bytes - bytes))
        return true;
    hmm_pages_note_returned(maps->pages, gone_bytes);
    return false;
}

void *hmm_mapped_resize(struct hmm_maps *maps, void *block, size_t bytes)
{
    bytes = hmm_round_up(bytes, hmm_port_page_bytes());
    note_peak(maps, 0);
    uint64_t now_ns = hmm_port_clock_ns();
    hmm_lock_take(&maps->lock);
    struct hmm_mapped *node = remove_mapped(maps, block); /* nobody else finds it meanwhile */
    hmm_lock_give(&maps->lock);
    if (node == NULL)
        return NULL;
    bool done = true;
    bool holds = node->holds;
    if (bytes < node->bytes)
        holds |= shrink_mapped(maps, node, bytes, now_ns);
    else if (bytes > node->bytes)
        done = grow_mapped(maps, node, bytes, now_ns);
    block = node->start;
    hmm_lock_take(&maps->lock);
    set_holds(maps, node, holds && node->room_bytes > node->bytes);
    insert_mapped(maps, node);
    hmm_lock_give(&maps->lock);
    return done ? block : NULL;
}

/* --- room ---------------------------------------------------------------------------------------
 * Its owner may resize or free the block at any moment, so its room goes under the lock. */

/* locks: held table */
static void unmap_room(struct hmm_maps *maps, struct hmm_mapped *node)
{
    size_t bytes = node->room_bytes - node->bytes;
    if (bytes == 0)
        return;
    if (hmm_port_release(node->start + node->bytes, bytes)) {
        node->room_bytes = node->bytes;
        set_spare(maps, maps->spare_bytes - bytes);
    } else if (!node->holds || !hmm_port_purge(node->start + node->bytes, bytes))
        return;
    if (node->holds)
        hmm_pages_note_returned(maps->pages, bytes);
    set_holds(maps, node, false);
    node->swings = false;
}

static void unmap_rooms(struct hmm_maps *maps, bool all, uint64_t now_ns)
{
    hmm_lock_take(&maps->lock);
    size_t n_buckets = maps->buckets != NULL ? maps->n_buckets : HMM_MAPPED_BUCKETS;
    struct hmm_mapped **buckets = maps->buckets != NULL ? maps->buckets : maps->first;
    for (size_t i = 0; i < n_buckets; i++)
        for (struct hmm_mapped *node = buckets[i]; node != NULL; node = node->next)
            if (all || (node->holds && now_ns - node->shrunk_at_ns >= hmm_regret_ns))
                unmap_room(maps, node);
    hmm_lock_give(&maps->lock);
}

void hmm_mapped_age(struct hmm_maps *maps, uint64_t now_ns)
{
    unmap_rooms(maps, false, now_ns);
}

void hmm_mapped_trim(struct hmm_maps *maps)
{
    if (__atomic_load_n(&maps->spare_bytes, __ATOMIC_RELAXED) != 0) /* a hint */
        unmap_rooms(maps, true, 0);
}
