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
    case HMM_STRIP_UNIT:
        return n_units * sizeof(struct hmm_unit);
    case HMM_STRIP_BITS:
        return hmm_div_up(n_units, 64) * sizeof(struct hmm_unit_bits);
    default: {
        if (idx < HMM_STRIP_TREE) {
            unsigned shift = HMM_GRANULE_SHIFT + idx - HMM_STRIP_STATE;
            return n_units << (HMM_UNIT_SHIFT - shift);
        }
        unsigned level = idx - HMM_STRIP_TREE;
        if (level > 0 && n_units <= (size_t)1 << (HMM_TREE_ARITY_SHIFT * level))
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
    size_t total = spaced_bytes(object_bytes(max_units)) + 3 * hmm_port_page_bytes();
    for (unsigned i = 0; i < HMM_META_STRIPS; i++)
        total += spaced_bytes(strip_bytes(i, max_units));
    return total;
}

static bool strip_cover(struct hmm_strip *strip, size_t bytes)
{
    bytes = hmm_round_up(bytes, hmm_port_page_bytes());
    if (bytes <= strip->committed_bytes)
        return true;
    if (!hmm_port_commit(strip->start + strip->committed_bytes, bytes - strip->committed_bytes))
        return false;
    strip->committed_bytes = bytes;
    return true;
}

/* Lay strips and object area out from `at` on. False: no memory for the first page. */
static bool lay_out(struct hmm_meta *meta, size_t max_units, char *at)
{
    if (!hmm_port_commit(at, hmm_port_page_bytes()))
        return false;
    meta->max_units = max_units;
    meta->tunables = (struct hmm_tunables *)(void *)at;
    at += spaced_bytes(sizeof *meta->tunables);
    for (unsigned i = 0; i < HMM_META_STRIPS; i++) {
        meta->strips[i] = (struct hmm_strip){.start = at, .end_bytes = strip_bytes(i, max_units)};
        at += spaced_bytes(strip_bytes(i, max_units));
    }
    meta->objects = (struct hmm_strip){.start = at, .end_bytes = object_bytes(max_units)};
    meta->objects_used_bytes = HMM_META_LINE_BYTES; /* line 0 is nobody's */
    return true;
}

bool hmm_meta_init(struct hmm_meta *meta, size_t max_units, void *memory)
{
    size_t total = hmm_meta_bytes(max_units);
    void *reserved = NULL;
    if (memory == NULL) {
        memory = reserved = hmm_port_reserve(NULL, total);
        if (memory == NULL)
            return false;
        hmm_port_mark_metadata(memory, total);
    }
    char *at = (char *)hmm_round_up((uintptr_t)memory, hmm_port_page_bytes());
    if (lay_out(meta, max_units, at))
        return true;
    if (reserved != NULL)
        hmm_port_release(reserved, total);
    return false;
}

void hmm_meta_seal(struct hmm_meta *meta, bool sealed)
{
    hmm_port_seal(meta->tunables, hmm_port_page_bytes(), sealed);
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
    bytes = hmm_round_up(bytes, HMM_META_LINE_BYTES);
    hmm_lock_take(&meta->lock);
    size_t start = meta->objects_used_bytes;
    bool fits = bytes <= meta->objects.end_bytes - start;
    if (fits && start + bytes > meta->objects.committed_bytes) {
        size_t ahead = hmm_round_up(start + bytes, HMM_OBJECT_STEP_BYTES);
        fits = strip_cover(&meta->objects, hmm_min(ahead, meta->objects.end_bytes)) ||
               strip_cover(&meta->objects, start + bytes);
    }
    if (fits)
        meta->objects_used_bytes = start + bytes;
    hmm_lock_give(&meta->lock);
    return fits ? meta->objects.start + start : NULL;
}
