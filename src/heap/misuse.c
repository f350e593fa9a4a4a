/* misuse.c - report an invalid pointer or size, and abort.
 *
 * Layer   heap, above object. Runs once, on the way to abort; no lock is held.
 */
#include "heap/misuse.h"

#include "port/fatal.h"

enum { DETAIL_BYTES = 160, LINE_BYTES = 320 };

static const char wrong_size[] = "wrong size of";

static void say_block(struct hmm_text *text, const char *before, size_t bytes, const void *start)
{
    hmm_text_str(text, before);
    hmm_text_dec(text, bytes);
    hmm_text_str(text, " bytes at ");
    hmm_text_hex(text, (uintptr_t)start);
}

/* `block` lies in a slab, but no live block begins there. */
_Noreturn static void misuse_in_slab(struct hmm_heap *heap, const char *who, const void *block)
{
    char chars[DETAIL_BYTES];
    struct hmm_text detail = {.chars = chars, .capacity_bytes = sizeof chars};
    const struct hmm_slab *slab = hmm_slab_at(&heap->map, block);
    uint32_t slot = hmm_slab_slot(slab, block);
    const char *start = slab->start + (size_t)slot * slab->slot_bytes;
    bool live = slot < slab->n_slots && hmm_pagemap_is_live(&heap->map, slab->class_idx, start);
    if (slot >= slab->n_slots)
        hmm_fatal_misuse(who, "invalid pointer (behind the last block of its slab)", block, NULL);
    if (start == block) {
        say_block(&detail, " (a free block of ", slab->slot_bytes, start);
        hmm_text_str(&detail, ")");
        hmm_fatal_misuse(who, "double free of", block, &detail);
    }
    say_block(&detail, live ? " (inside a live block of " : " (inside a free block of ",
              slab->slot_bytes, start);
    hmm_text_str(&detail, ")");
    hmm_fatal_misuse(who, "invalid pointer (not the start of a block)", block, &detail);
}

/* First unit of the large block that unit `unit` lies in; HMM_RUN_NONE. */
static int64_t large_around(const struct hmm_heap *heap, size_t unit)
{
    for (size_t u = unit + 1; u-- > 0;) {
        uint32_t entry = hmm_pagemap_entry(&heap->map, u);
        if (entry == HMM_KIND_LARGE && u + hmm_unit(&heap->map, u)->n_units > unit)
            return (int64_t)u;
        if (entry != HMM_KIND_NONE)
            return HMM_RUN_NONE;
    }
    return HMM_RUN_NONE;
}

_Noreturn void hmm_misuse(struct hmm_heap *heap, const char *who, const void *block)
{
    size_t offset = (uintptr_t)block - heap->map.base;
    size_t unit = offset >> HMM_UNIT_SHIFT;
    if (unit >= hmm_pagemap_limit(&heap->map)) {
        if (hmm_mapped_was_freed(&heap->large.maps, block))
            hmm_fatal_misuse(who, "double free of", block, NULL);
        hmm_fatal_misuse(who, "invalid pointer (not from this heap)", block, NULL);
    }
    uint32_t entry = hmm_pagemap_entry(&heap->map, unit);
    if (hmm_entry_is_slab(entry))
        misuse_in_slab(heap, who, block);
    bool at_unit = offset % HMM_UNIT_BYTES == 0;
    if (entry == HMM_KIND_LARGE_CACHED && at_unit)
        hmm_fatal_misuse(who, "double free of", block, NULL);
    const struct hmm_piece *piece = hmm_pages_piece(&heap->pages, (uint32_t)unit);
    if (piece == NULL || piece->first > unit)
        hmm_fatal_misuse(who, "invalid pointer (between two pieces of this heap)", block, NULL);
    int64_t around = large_around(heap, unit);
    if (around != HMM_RUN_NONE) {
        char chars[DETAIL_BYTES];
        struct hmm_text detail = {.chars = chars, .capacity_bytes = sizeof chars};
        say_block(&detail, " (inside a live block of ",
                  (size_t)hmm_unit(&heap->map, (size_t)around)->n_units << HMM_UNIT_SHIFT,
                  hmm_pagemap_address(&heap->map, (size_t)around));
        hmm_text_str(&detail, ")");
        hmm_fatal_misuse(who, "invalid pointer (not the start of a block)", block, &detail);
    }
    hmm_fatal_misuse(who,
                     at_unit ? "double free or invalid pointer (free memory)"
                             : "invalid pointer (free memory)",
                     block, NULL);
}

static void say_sizes(struct hmm_text *text, size_t claimed_bytes, size_t usable_bytes)
{
    hmm_text_str(text, " (said to have ");
    hmm_text_dec(text, claimed_bytes);
    hmm_text_str(text, " bytes, in a block of ");
    hmm_text_dec(text, usable_bytes);
    hmm_text_str(text, " bytes)");
}

_Noreturn void hmm_misuse_size(const char *who, const void *block, size_t claimed_bytes,
                               size_t usable_bytes)
{
    char chars[DETAIL_BYTES];
    struct hmm_text detail = {.chars = chars, .capacity_bytes = sizeof chars};
    say_sizes(&detail, claimed_bytes, usable_bytes);
    hmm_fatal_misuse(who, wrong_size, block, &detail);
}

void hmm_report_size(const char *who, const void *block, size_t claimed_bytes, size_t usable_bytes,
                     const void *site, bool last)
{
    char chars[LINE_BYTES];
    struct hmm_text line = {.chars = chars, .capacity_bytes = sizeof chars};
    hmm_text_str(&line, "hmm: ");
    hmm_text_str(&line, who);
    hmm_text_str(&line, ": ");
    hmm_text_str(&line, wrong_size);
    hmm_text_str(&line, " ");
    hmm_text_hex(&line, (uintptr_t)block);
    say_sizes(&line, claimed_bytes, usable_bytes);
    hmm_text_str(&line, ", called from ");
    hmm_text_hex(&line, (uintptr_t)site);
    hmm_text_str(&line, last ? ", the last call site that is reported\n" : ", reported once\n");
    hmm_port_write(2, chars, line.n_chars);
}
