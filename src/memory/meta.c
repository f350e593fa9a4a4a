/* meta.c - memory for the heap's own records.
 *
 * Layer   memory, above pagemap.
 * State   struct hmm_meta.
 */
#include "memory/meta.h"

#include "base/check.h"

/* Bytes of strip `idx` that describe n_units units. */
static size_t strip_bytes(unsigned idx, size_t n_units)
{
    switch (idx) {
    case HMM_STRIP_ENTRY:
        return n_units * sizeof(uint32_t);
    default: {
        unsigned shift = HMM_GRANULE_SHIFT + idx - HMM_STRIP_STATE;
        return n_units << (HMM_UNIT_SHIFT - shift);
    }
    }
}

/* Chunks of n_units units; at least one. */
static size_t count_chunks(size_t n_units)
{
    size_t n_chunks = hmm_max(hmm_div_up(n_units, HMM_CHUNK_UNITS), 1);
    /* the tree's levels from the fourth on are in the chunks after these: pages.c */
    if (n_units > (size_t)1 << (4 * HMM_TREE_ARITY_SHIFT))
        n_chunks += (HMM_TREE_MAX_LEVELS - 3) / 2;
    return n_chunks;
}

/* From the end of the first chunk's last page down to the last chunk. */
static size_t chunks_bytes(size_t n_units)
{
    size_t first_bytes = hmm_round_up(sizeof(struct hmm_chunk), hmm_port_page_bytes());
    return first_bytes + (count_chunks(n_units) - 1) * sizeof(struct hmm_chunk);
}

static size_t object_bytes(size_t max_units)
{
    size_t share = (max_units << HMM_UNIT_SHIFT) >> HMM_OBJECT_SHARE_SHIFT;
    return hmm_round_up(hmm_max(share, HMM_OBJECT_MIN_BYTES), hmm_port_page_bytes());
}

/* The further objects' strip, as far as lines can be numbered: the first ones have the last
 * numbers.
 */
static size_t further_bytes(size_t max_units)
{
    uint64_t reach_bytes =
        (uint64_t)UINT32_MAX * HMM_LINE_BYTES - HMM_OBJECT_STEP_BYTES - 2 * hmm_port_page_bytes();
    size_t bytes = object_bytes(max_units);
    return hmm_round_down(reach_bytes < bytes ? (size_t)reach_bytes : bytes, hmm_port_page_bytes());
}

/* Addresses that a process may have, rounded up to a power of two; half of them where they have 32
 * bits. */
static uint64_t address_space_bytes(void)
{
    return (uint64_t)2 << hmm_log2(hmm_port_top());
}

/* The gap after each strip. Without it, the distances of strips would be powers of two, and
 * mappings of such lengths could use up the addresses of a system and leave none above a strip's
 * mapped end.
 */
static uint64_t slack_bytes(void)
{
    return hmm_round_up((size_t)(address_space_bytes() >> HMM_RECORDS_SLACK_SHIFT),
                        hmm_port_page_bytes());
}

/* One page between the arrays is nobody's, so that an index gone wrong faults. */
static size_t spaced_bytes(size_t bytes)
{
    return hmm_round_up(bytes, hmm_port_page_bytes()) + hmm_port_page_bytes();
}

static size_t strips_bytes(size_t max_units)
{
    size_t total = hmm_port_page_bytes() + spaced_bytes(chunks_bytes(max_units));
    for (unsigned i = 0; i < HMM_META_STRIPS; i++)
        total += spaced_bytes(strip_bytes(i, max_units));
    return total;
}

size_t hmm_meta_bytes(size_t max_units)
{
    return hmm_port_page_bytes() + object_bytes(max_units) + strips_bytes(max_units);
}

/* --- places -------------------------------------------------------------------------------------
 */

size_t hmm_meta_max_units(void)
{
    uint64_t bytes = address_space_bytes() >> HMM_REACH_SHIFT;
    uint64_t least = (uint64_t)HMM_REACH_MIN_MIB << 20;
    bytes = bytes > least ? bytes : least;
    uint64_t n_units = bytes >> HMM_UNIT_SHIFT;
    return (size_t)(n_units < UINT32_MAX ? n_units : UINT32_MAX);
}

/* The page in which the first objects end and the chunks begin, of the `nth` place to try; 0: none.
 * Below the quarter of all addresses: the system maps from their end downwards, or from a quarter
 * or a third upwards; programs and their break begin at the beginning or at two thirds. The
 * second half of the places, and all of 32 bits, where the break may need what is low: below the
 * last quarter. (ThreadSanitizer leaves only what is high to the program.) */
static uintptr_t place(size_t max_units, unsigned nth)
{
    uint64_t space = address_space_bytes();
    size_t step = (size_t)(space >> HMM_RECORDS_SHIFT);
    size_t jitter = step >> HMM_RECORDS_JITTER_SHIFT;
    size_t further = hmm_round_up(further_bytes(max_units) + HMM_OBJECT_STEP_BYTES, step);
    uint64_t span =
        further + strips_bytes(max_units) + slack_bytes() * (HMM_META_STRIPS + 1) + jitter * 2;
    const unsigned half = HMM_RECORDS_TRIES / 2;
    bool is_low = space >> 32 > 1 && nth < half;
    uint64_t below = (nth % half + 1) * ((span + step - 1) & ~(uint64_t)(step - 1));
    uint64_t end = is_low ? space / 4 : (hmm_port_top() & ~(step - 1)) - space / 4;
    if (below + step > end)
        return 0;
    uint64_t page_bytes = hmm_port_page_bytes();
    uint64_t offset = jitter / 4 + (hmm_port_random() & (jitter - 1) & ~(page_bytes - 1));
    return (uintptr_t)(end - below + further + offset);
}

/* The strips of state bytes by their places. The longest is the last one, so that all strips begin
 * in the same 512 GiB on x86-64: one page table of the third level serves them. */
static unsigned nth_state_strip(unsigned nth)
{
    return HMM_STRIP_STATE + (HMM_STATE_KINDS - 1 - nth);
}

/* Lay objects, strips and chunks out around `page`, with so many bytes for the first objects. The
 * first entry is in the page in which these end; the first chunk ends where the first strip of
 * state bytes begins. */
static void lay_out(struct hmm_meta *meta, size_t max_units, char *page, size_t first_bytes)
{
    size_t page_bytes = hmm_port_page_bytes();
    char *at = page + page_bytes / 2;
    size_t slack = meta->in_buffer ? 0 : (size_t)slack_bytes();
    meta->max_units = max_units;
    meta->covered_units = 0;
    meta->objects = (struct hmm_objects){.start = at - first_bytes,
                                         .first_start = at - first_bytes,
                                         .first_end = at,
                                         .first_mapped = page + page_bytes,
                                         .first_taken = at};
    if (!meta->in_buffer) {
        size_t bytes = further_bytes(max_units);
        char *start = page - HMM_OBJECT_STEP_BYTES - bytes;
        meta->objects.start = start - HMM_LINE_BYTES;
        meta->objects.more = (struct hmm_strip){start, bytes, start};
    }
    size_t entry_bytes = strip_bytes(HMM_STRIP_ENTRY, max_units);
    meta->strips[HMM_STRIP_ENTRY] = (struct hmm_strip){at, entry_bytes, page};
    at = page + spaced_bytes(entry_bytes + (size_t)(at - page)) + slack;
    at += hmm_round_up(chunks_bytes(max_units), page_bytes) + slack;
    char *first_chunk = at - hmm_round_up(sizeof(struct hmm_chunk), page_bytes);
    meta->chunks = (struct hmm_chunks){(struct hmm_chunk *)(void *)first_chunk, at};
    for (unsigned nth = 0; nth < HMM_STATE_KINDS; nth++) {
        unsigned i = nth_state_strip(nth);
        size_t bytes = strip_bytes(i, max_units);
        meta->strips[i] = (struct hmm_strip){at, bytes, at};
        at += spaced_bytes(bytes) + slack;
    }
}

/* Have memory in [start, start + bytes) of the strip, from its mapped end on. */
static bool strip_cover(const struct hmm_meta *meta, struct hmm_strip *strip, size_t bytes)
{
    size_t page_bytes = hmm_port_page_bytes();
    char *end = (char *)hmm_round_up((uintptr_t)strip->start + bytes, page_bytes);
    if (end <= strip->mapped_end || bytes == 0)
        return true;
    size_t more_bytes = (size_t)(end - strip->mapped_end);
    if (!meta->in_buffer && !hmm_port_map_at(strip->mapped_end, more_bytes))
        return false;
    strip->mapped_end = end;
    return true;
}

/* Have memory for the chunks of n_units units, which is not there yet. */
static bool map_chunks(struct hmm_meta *meta, size_t n_units)
{
    char *last = (char *)hmm_chunk_below(meta->chunks.first, count_chunks(n_units) - 1);
    char *start = (char *)hmm_round_down((uintptr_t)last, hmm_port_page_bytes());
    if (!meta->in_buffer && !hmm_port_map_at(start, (size_t)(meta->chunks.mapped - start)))
        return false;
    meta->chunks.mapped = start;
    return true;
}

/* What a small heap needs of objects and entries, by one call. */
static bool map_first(struct hmm_meta *meta, char *page, size_t object_step_bytes)
{
    struct hmm_strip *entries = &meta->strips[HMM_STRIP_ENTRY];
    size_t entry_bytes = strip_bytes(HMM_STRIP_ENTRY, HMM_COVER_STEP_UNITS);
    char *start = page - object_step_bytes;
    char *end =
        (char *)hmm_round_up((uintptr_t)entries->start + entry_bytes, hmm_port_page_bytes());
    if (!hmm_port_map_at(start, (size_t)(end - start)))
        return false;
    meta->objects.first_mapped = start;
    entries->mapped_end = end;
    return true;
}

static bool find_place(struct hmm_meta *meta, size_t max_units)
{
    for (unsigned nth = 0; nth < HMM_RECORDS_TRIES; nth++) {
        char *page = (char *)place(max_units, nth);
        if (page == NULL)
            return false;
        lay_out(meta, max_units, page, HMM_OBJECT_STEP_BYTES);
        if (map_first(meta, page, HMM_OBJECT_STEP_BYTES) || map_first(meta, page, 0)) {
            (void)strip_cover(meta, &meta->objects.more, 1); /* a foothold: not needed yet */
            return true;
        }
    }
    return false;
}

bool hmm_meta_init(struct hmm_meta *meta, const struct hmm_tunables *tunables, size_t max_units,
                   void *memory)
{
    meta->in_buffer = memory != NULL;
    if (meta->in_buffer) {
        uintptr_t first = hmm_round_up((uintptr_t)memory, hmm_port_page_bytes());
        lay_out(meta, max_units, (char *)first + object_bytes(max_units), object_bytes(max_units));
        meta->objects.first_mapped = meta->objects.start;
    } else if (!find_place(meta, max_units)) {
        return false;
    }
    return hmm_meta_set_tunables(meta, tunables);
}

/* --- tunables -----------------------------------------------------------------------------------
 */

/* Not by memcmp: its page of libc's code, and those that the kernel maps around it, would be all
 * that many a small program needs it for. */
static bool same_values(const struct hmm_tunables *a, const struct hmm_tunables *b)
{
    const size_t *left = (const size_t *)a, *right = (const size_t *)b;
    size_t i = 0;
    while (i < sizeof *a / sizeof *left && left[i] == right[i])
        i++;
    return i == sizeof *a / sizeof *left;
}

static struct hmm_tunables *make_own(struct hmm_meta *meta)
{
    return meta->in_buffer ? hmm_meta_object(meta, sizeof(struct hmm_tunables))
                           : hmm_port_map(hmm_port_page_bytes(), hmm_port_page_bytes());
}

/* A place for them that nobody reads, or has read for long; writable. NULL: out of memory. */
static struct hmm_tunables *other_place(struct hmm_meta *meta)
{
    unsigned idx = meta->own_idx ^ 1;
    if (meta->own[idx] == NULL)
        meta->own[idx] = make_own(meta);
    else if (!meta->in_buffer && !hmm_port_unseal(meta->own[idx], hmm_port_page_bytes()))
        return NULL;
    if (meta->own[idx] != NULL)
        meta->own_idx = idx;
    return meta->own[idx];
}

bool hmm_meta_set_tunables(struct hmm_meta *meta, const struct hmm_tunables *tunables)
{
    const struct hmm_tunables *in_force = hmm_tunables_defaults(); /* the program's constants */
    if (!same_values(tunables, in_force)) {
        struct hmm_tunables *own = other_place(meta);
        if (own == NULL)
            return false;
        *own = *tunables;
        if (!meta->in_buffer)
            hmm_port_seal(own, hmm_port_page_bytes());
        in_force = own;
    }
    /* release: publishes the values. pairs: hmm_meta_tunables */
    __atomic_store_n(&meta->tunables, in_force, __ATOMIC_RELEASE);
    return true;
}

/* --- growth -------------------------------------------------------------------------------------
 */

/* Huge pages of records would hold more than the heap does. */
static void keep_small_pages(const struct hmm_meta *meta, const char *start, const char *end)
{
    uintptr_t first = hmm_round_up((uintptr_t)start, hmm_port_page_bytes());
    size_t bytes = hmm_round_up((uintptr_t)end, hmm_port_page_bytes()) - first;
    size_t huge_bytes = hmm_port_huge_bytes();
    if (!meta->in_buffer && huge_bytes != 0 && bytes >= huge_bytes)
        hmm_port_no_huge((void *)first, bytes);
}

/* Chunks, and those of ahead_units more if they can be had. */
static bool cover_chunks(struct hmm_meta *meta, size_t n_units, size_t ahead_units)
{
    char *mapped = meta->chunks.mapped;
    if ((char *)hmm_chunk_below(meta->chunks.first, count_chunks(n_units) - 1) >= mapped)
        return true;
    if (!map_chunks(meta, hmm_min(n_units + ahead_units, meta->max_units)) &&
        !map_chunks(meta, n_units))
        return false;
    keep_small_pages(meta, meta->chunks.mapped, (char *)(meta->chunks.first + 1));
    return true;
}

/* All records but state bytes. */
static bool cover(struct hmm_meta *meta, size_t n_units, size_t ahead_units)
{
    size_t ahead_chunks = hmm_max(ahead_units * HMM_COVER_AHEAD_DIVISOR, HMM_CHUNKS_AHEAD_UNITS);
    if (!cover_chunks(meta, n_units, ahead_chunks))
        return false;
    for (unsigned i = 0; i < HMM_STRIP_STATE; i++) {
        char *end = meta->strips[i].mapped_end;
        if (!strip_cover(meta, &meta->strips[i], strip_bytes(i, n_units)))
            return false;
        if (meta->strips[i].mapped_end != end)
            keep_small_pages(meta, meta->strips[i].start, meta->strips[i].mapped_end);
    }
    meta->covered_units = n_units;
    return true;
}

bool hmm_meta_cover(struct hmm_meta *meta, size_t n_units, size_t ahead_units)
{
    if (n_units <= meta->covered_units)
        return true;
    if (n_units > meta->max_units)
        return false;
    /* the first chunk's units need no more than the lower levels of the tree, which are in it */
    size_t step = HMM_COVER_STEP_UNITS;
    size_t ahead = hmm_min(hmm_round_up(n_units + ahead_units, step), meta->max_units);
    return cover(meta, ahead, ahead_units) ||
           cover(meta, hmm_min(hmm_round_up(n_units, step), meta->max_units), ahead_units);
}

size_t hmm_meta_mapped_bytes(const struct hmm_meta *meta)
{
    const struct hmm_objects *objects = &meta->objects;
    size_t bytes = (size_t)(objects->first_end - objects->first_mapped);
    bytes += (size_t)(objects->more.mapped_end - objects->more.start);
    for (unsigned i = 0; i < HMM_STRIP_STATE; i++)
        bytes += (size_t)(meta->strips[i].mapped_end - meta->strips[i].start);
    return bytes + (size_t)((char *)(meta->chunks.first + 1) - meta->chunks.mapped);
}

/* --- objects; locks: held meta ------------------------------------------------------------------
 */

/* Below the chunks, downwards; line 0 is nobody's. NULL: no place. */
static void *first_object(const struct hmm_meta *meta, struct hmm_objects *objects, size_t bytes)
{
    if (bytes >= (size_t)(objects->first_taken - objects->first_start))
        return NULL;
    char *object = objects->first_taken - bytes;
    if (object < objects->first_mapped) {
        char *start = (char *)hmm_round_down((uintptr_t)object, hmm_port_page_bytes());
        size_t more_bytes = (size_t)(objects->first_mapped - start);
        if (meta->in_buffer || !hmm_port_map_at(start, more_bytes))
            return NULL;
        objects->first_mapped = start;
    }
    objects->first_taken = object;
    return object;
}

/* In the strip of their own, upwards. NULL: no memory. */
static void *further_object(const struct hmm_meta *meta, struct hmm_objects *objects, size_t bytes)
{
    if (bytes > objects->more.end_bytes - objects->more_used_bytes)
        return NULL;
    size_t used_bytes = objects->more_used_bytes + bytes;
    size_t ahead_bytes = hmm_round_up(used_bytes, HMM_OBJECT_STEP_BYTES);
    if (!strip_cover(meta, &objects->more, hmm_min(ahead_bytes, objects->more.end_bytes)) &&
        !strip_cover(meta, &objects->more, used_bytes))
        return NULL;
    char *object = objects->more.start + objects->more_used_bytes;
    objects->more_used_bytes = used_bytes;
    return object;
}

void *hmm_meta_object(struct hmm_meta *meta, size_t bytes)
{
    HMM_ASSERT(bytes != 0);
    bytes = hmm_round_up(bytes, HMM_LINE_BYTES);
    hmm_lock_take(&meta->lock);
    void *object = first_object(meta, &meta->objects, bytes);
    if (object == NULL)
        object = further_object(meta, &meta->objects, bytes);
    hmm_lock_give(&meta->lock);
    return object;
}

void hmm_meta_map_objects(struct hmm_meta *meta, size_t n_units)
{
    struct hmm_objects *objects = &meta->objects;
    if (meta->in_buffer)
        return;
    hmm_lock_take(&meta->lock);
    char *start = (char *)hmm_round_up((uintptr_t)objects->first_start, hmm_port_page_bytes());
    if (start < objects->first_mapped &&
        hmm_port_map_at(start, (size_t)(objects->first_mapped - start)))
        objects->first_mapped = start;
    (void)strip_cover(meta, &objects->more,
                      hmm_min(object_bytes(n_units), objects->more.end_bytes));
    hmm_lock_give(&meta->lock);
}
