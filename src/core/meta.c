/* meta.c - memory for the heap's own records.
 *
 * Layer   core, above pagemap, below brk.
 * State   struct hmm_meta.
 */
#include "core/meta.h"

#include <string.h>

/* Bytes of strip `idx` that describe n_units units. A heap needs only the levels of the tree up to
 * the one whose root spans it. */
static size_t strip_bytes(unsigned idx, size_t n_units)
{
    switch (idx) {
    case HMM_STRIP_ENTRY:
        return n_units * sizeof(uint32_t);
    case HMM_STRIP_CHUNK:
        return hmm_div_up(n_units, HMM_CHUNK_UNITS) * sizeof(struct hmm_chunk);
    default: {
        if (idx < HMM_STRIP_TREE) {
            unsigned shift = HMM_GRANULE_SHIFT + idx - HMM_STRIP_STATE;
            return n_units << (HMM_UNIT_SHIFT - shift);
        }
        unsigned level = idx - HMM_STRIP_TREE + HMM_CHUNK_LEVELS;
        if (n_units <= (size_t)1 << (HMM_TREE_ARITY_SHIFT * level))
            return 0;
        size_t nodes = hmm_div_up(n_units, (size_t)1 << (HMM_TREE_ARITY_SHIFT * level));
        return hmm_round_up(nodes, 1 << HMM_TREE_ARITY_SHIFT) * sizeof(uint32_t);
    }
    }
}

static size_t object_bytes(size_t max_units)
{
    size_t share = (max_units << HMM_UNIT_SHIFT) >> HMM_OBJECT_SHARE_SHIFT;
    return hmm_max(share, HMM_OBJECT_MIN_BYTES);
}

/* One guard page between the arrays, so that an index gone wrong faults. */
static size_t spaced_bytes(size_t bytes)
{
    return hmm_round_up(bytes, hmm_port_page_bytes()) + hmm_port_page_bytes();
}

size_t hmm_meta_bytes(size_t max_units)
{
    size_t total = spaced_bytes(object_bytes(max_units)) + 4 * hmm_port_page_bytes();
    for (unsigned i = 0; i < HMM_META_STRIPS; i++)
        total += spaced_bytes(strip_bytes(i, max_units));
    return total;
}

/* Commit [start, start + bytes), whole pages. */
static bool commit(char *start, size_t bytes)
{
    uintptr_t page_bytes = hmm_port_page_bytes();
    uintptr_t first = hmm_round_down((uintptr_t)start, page_bytes);
    uintptr_t behind = hmm_round_up((uintptr_t)start + bytes, page_bytes);
    return hmm_port_commit((void *)first, behind - first);
}

static bool strip_cover(struct hmm_strip *strip, size_t bytes)
{
    if (bytes <= strip->committed_bytes)
        return true;
    if (!commit(strip->start + strip->committed_bytes, bytes - strip->committed_bytes))
        return false;
    strip->committed_bytes = bytes;
    return true;
}

/* Objects are laid from their area's end downwards. */
static bool objects_cover(struct hmm_strip *objects, size_t bytes)
{
    char *end = objects->start + objects->end_bytes;
    if (!commit(end - bytes, bytes - objects->committed_bytes))
        return false;
    objects->committed_bytes = bytes;
    return true;
}

/* Lay objects and strips out from `at` on. The first chunk begins in the page in which the objects
 * end: a small heap needs that one page for both. */
static void lay_out(struct hmm_meta *meta, size_t max_units, char *at)
{
    size_t page_bytes = hmm_port_page_bytes();
    meta->max_units = max_units;
    meta->own_tunables = (struct hmm_tunables *)(void *)at;
    at += spaced_bytes(sizeof *meta->own_tunables) + page_bytes;
    size_t objects = hmm_round_up(object_bytes(max_units), page_bytes) + page_bytes / 2;
    meta->objects = (struct hmm_strip){.start = at, .end_bytes = objects};
    at += objects;
    meta->strips[HMM_STRIP_CHUNK] =
        (struct hmm_strip){.start = at, .end_bytes = strip_bytes(HMM_STRIP_CHUNK, max_units)};
    at += page_bytes / 2 + spaced_bytes(strip_bytes(HMM_STRIP_CHUNK, max_units));
    for (unsigned i = 0; i < HMM_META_STRIPS; i++) {
        if (i == HMM_STRIP_CHUNK)
            continue;
        meta->strips[i] = (struct hmm_strip){.start = at, .end_bytes = strip_bytes(i, max_units)};
        at += spaced_bytes(strip_bytes(i, max_units));
    }
}

bool hmm_meta_init(struct hmm_meta *meta, const struct hmm_tunables *tunables, size_t max_units,
                   void *memory)
{
    size_t total = hmm_meta_bytes(max_units);
    void *reserved = NULL;
    if (memory == NULL) {
        memory = reserved = hmm_port_reserve(NULL, total);
        if (memory == NULL)
            return false;
        hmm_port_mark_metadata(memory, total);
    }
    lay_out(meta, max_units, (char *)hmm_round_up((uintptr_t)memory, hmm_port_page_bytes()));
    if (objects_cover(&meta->objects, hmm_port_page_bytes()) &&
        hmm_meta_set_tunables(meta, tunables))
        return true;
    if (reserved != NULL)
        hmm_port_release(reserved, total);
    return false;
}

static void seal(struct hmm_meta *meta, bool sealed)
{
    hmm_port_seal(meta->own_tunables, hmm_port_page_bytes(), sealed);
}

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

bool hmm_meta_set_tunables(struct hmm_meta *meta, const struct hmm_tunables *tunables)
{
    const struct hmm_tunables *defaults = hmm_tunables_defaults();
    if (meta->tunables == NULL && same_values(tunables, defaults)) {
        meta->tunables = defaults; /* among the program's constants */
        return true;
    }
    if (!hmm_port_commit(meta->own_tunables, hmm_port_page_bytes()))
        return false;
    seal(meta, false);
    *meta->own_tunables = *tunables;
    seal(meta, true);
    meta->tunables = meta->own_tunables;
    return true;
}

bool hmm_meta_cover(struct hmm_meta *meta, size_t n_units)
{
    if (n_units > meta->max_units)
        return false;
    size_t ahead =
        hmm_min(hmm_round_up(n_units + n_units / 4, HMM_COMMIT_STEP_UNITS), meta->max_units);
    for (unsigned i = 0; i < HMM_META_STRIPS; i++) {
        struct hmm_strip *strip = &meta->strips[i];
        if (strip_bytes(i, n_units) <= strip->committed_bytes)
            continue;
        if (!strip_cover(strip, strip_bytes(i, ahead)) &&
            !strip_cover(strip, strip_bytes(i, n_units)))
            return false;
    }
    return true;
}

void *hmm_meta_object(struct hmm_meta *meta, size_t bytes)
{
    struct hmm_strip *objects = &meta->objects;
    bytes = hmm_round_up(bytes, HMM_META_LINE_BYTES);
    hmm_lock_take(&meta->lock);
    /* line 0 is nobody's */
    bool fits = bytes < objects->end_bytes - meta->objects_used_bytes;
    size_t used = meta->objects_used_bytes + bytes;
    if (fits && used > objects->committed_bytes) {
        size_t ahead = hmm_round_up(used, HMM_OBJECT_STEP_BYTES);
        fits = objects_cover(objects, hmm_min(ahead, objects->end_bytes)) ||
               objects_cover(objects, used);
    }
    if (fits)
        meta->objects_used_bytes = used;
    hmm_lock_give(&meta->lock);
    return fits ? objects->start + objects->end_bytes - used : NULL;
}
