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
    case HMM_STRIP_CHUNK: {
        size_t n_chunks = hmm_div_up(n_units, HMM_CHUNK_UNITS);
        /* the tree's levels from the fourth on are in the chunks after these: pages.c */
        if (n_units > (size_t)1 << (4 * HMM_TREE_ARITY_SHIFT))
            n_chunks += (HMM_TREE_MAX_LEVELS - 3) / 2;
        return n_chunks * sizeof(struct hmm_chunk);
    }
    default: {
        unsigned shift = HMM_GRANULE_SHIFT + idx - HMM_STRIP_STATE;
        return n_units << (HMM_UNIT_SHIFT - shift);
    }
    }
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
    size_t total = hmm_port_page_bytes();
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
        further + strips_bytes(max_units) + slack_bytes() * HMM_META_STRIPS + jitter * 2;
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

/* The strips by their places. The longest is the last one, so that all begin in the same 512 GiB on
 * x86-64: one page table of the third level serves them. A page of page tables costs the start of a
 * process 10 to 20 us in a virtual machine. */
static unsigned nth_strip(unsigned nth)
{
    if (nth + 1 == HMM_META_STRIPS)
        return HMM_STRIP_STATE;
    return nth < HMM_STRIP_STATE ? nth : nth + 1;
}

/* Lay objects and strips out around `page`, with so many bytes for the first objects. The first
 * chunk begins in the page in which these end. */
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
    for (unsigned nth = 0; nth < HMM_META_STRIPS; nth++) {
        unsigned i = nth_strip(nth);
        size_t bytes = strip_bytes(i, max_units);
        char *first_page = i == HMM_STRIP_CHUNK ? page : at;
        meta->strips[i] = (struct hmm_strip){at, bytes, first_page};
        at = first_page + spaced_bytes(bytes + (size_t)(at - first_page)) + slack;
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

/* What a small heap needs of objects and chunks, by one call. */
static bool map_first(struct hmm_meta *meta, char *page, size_t object_step_bytes)
{
    struct hmm_strip *chunks = &meta->strips[HMM_STRIP_CHUNK];
    size_t chunk_bytes = strip_bytes(HMM_STRIP_CHUNK, HMM_COVER_STEP_UNITS);
    char *start = page - object_step_bytes;
    char *end = (char *)hmm_round_up((uintptr_t)chunks->start + chunk_bytes, hmm_port_page_bytes());
    if (!hmm_port_map_at(start, (size_t)(end - start)))
        return false;
    meta->objects.first_mapped = start;
    chunks->mapped_end = end;
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
static void keep_small_pages(const struct hmm_meta *meta, const struct hmm_strip *strip)
{
    uintptr_t first = hmm_round_up((uintptr_t)strip->start, hmm_port_page_bytes());
    size_t bytes = (uintptr_t)strip->mapped_end - first;
    size_t huge_bytes = hmm_port_huge_bytes();
    if (!meta->in_buffer && huge_bytes != 0 && bytes >= huge_bytes)
        hmm_port_no_huge((void *)first, bytes);
}

/* All strips but those of state bytes. */
static bool cover(struct hmm_meta *meta, size_t n_units)
{
    for (unsigned i = 0; i < HMM_STRIP_STATE; i++) {
        char *end = meta->strips[i].mapped_end;
        if (!strip_cover(meta, &meta->strips[i], strip_bytes(i, n_units)))
            return false;
        if (meta->strips[i].mapped_end != end)
            keep_small_pages(meta, &meta->strips[i]);
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
    return cover(meta, ahead) || cover(meta, hmm_min(hmm_round_up(n_units, step), meta->max_units));
}

size_t hmm_meta_mapped_bytes(const struct hmm_meta *meta)
{
    const struct hmm_objects *objects = &meta->objects;
    size_t bytes = (size_t)(objects->first_end - objects->first_mapped);
    bytes += (size_t)(objects->more.mapped_end - objects->more.start);
    for (unsigned i = 0; i < HMM_STRIP_STATE; i++)
        bytes += (size_t)(meta->strips[i].mapped_end - meta->strips[i].start);
    return bytes;
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
