/* brk.c - the program break, real or simulated.
 *
 * Layer   core, above meta, below pages. Start reading at hmm_brk_grow.
 * State   struct hmm_brk, guarded by lock `grow`.
 */
#include "core/brk.h"

#include "base/tunables.h"
#include "port/port.h"

#include <string.h>

static const size_t range_bytes = (size_t)HMM_BRK_RANGE_MIB << 20;
static const size_t part_bytes = (size_t)HMM_BRK_PART_MIB << 20;

static void init_common(struct hmm_brk *brk, enum hmm_brk_kind kind, uintptr_t base,
                        size_t window_bytes)
{
    *brk = (struct hmm_brk){
        .kind = kind,
        .base = base,
        .top = base,
        .window_bytes = hmm_min(window_bytes, hmm_round_down(UINTPTR_MAX - base, HMM_UNIT_BYTES)),
        .align_bytes = hmm_max(HMM_UNIT_BYTES, hmm_port_page_bytes()),
        .fail_after = SIZE_MAX,
    };
}

bool hmm_brk_init(struct hmm_brk *brk, enum hmm_brk_kind kind, size_t window_bytes)
{
    size_t align_bytes = hmm_max(HMM_UNIT_BYTES, hmm_port_page_bytes());
    if (kind == HMM_BRK_SYS) {
        uintptr_t now = hmm_port_brk(0);
        if (now != 0) {
            init_common(brk, HMM_BRK_SYS, hmm_round_up(now, align_bytes), window_bytes);
            return true;
        }
    }
    /* Address space only: halve until the system grants it. */
    for (size_t bytes = window_bytes; bytes >= align_bytes * 2; bytes /= 2) {
        void *range = hmm_port_reserve(NULL, bytes);
        if (range == NULL)
            continue;
        uintptr_t base = hmm_round_up((uintptr_t)range, align_bytes);
        init_common(brk, HMM_BRK_MAP, base, window_bytes);
        brk->range_start = base;
        brk->range_end = hmm_round_down((uintptr_t)range + bytes, align_bytes);
        return true;
    }
    return false;
}

void hmm_brk_init_buffer(struct hmm_brk *brk, void *buffer, size_t bytes)
{
    uintptr_t base = hmm_round_up((uintptr_t)buffer, HMM_UNIT_BYTES);
    uintptr_t end = hmm_round_down((uintptr_t)buffer + bytes, HMM_UNIT_BYTES);
    init_common(brk, HMM_BRK_BUF, base, end > base ? end - base : 0);
    brk->align_bytes = HMM_UNIT_BYTES;
}

static uintptr_t window_end(const struct hmm_brk *brk)
{
    return brk->base + brk->window_bytes;
}

static bool fits(const struct hmm_brk *brk, uintptr_t start, size_t bytes)
{
    return start >= brk->base && start <= window_end(brk) && bytes <= window_end(brk) - start;
}

/* Move the kernel's break from `start` up by `bytes`, in parts if it must be. */
static bool sys_extend(uintptr_t from, uintptr_t start, size_t bytes)
{
    if (hmm_port_brk(start + bytes) == start + bytes)
        return true;
    for (size_t done = 0; bytes > part_bytes && done < bytes;) {
        done = hmm_min(done + part_bytes, bytes);
        if (hmm_port_brk(start + done) != start + done)
            break;
        if (done == bytes)
            return true;
    }
    hmm_port_brk(from);
    return false;
}

static uintptr_t sys_grow(struct hmm_brk *brk, size_t bytes)
{
    uintptr_t now = hmm_port_brk(0);
    if (now < brk->top && hmm_port_brk(brk->top) != brk->top)
        return 0; /* somebody lowered it by a bare system call and it cannot be restored */
    uintptr_t start = now <= brk->top ? brk->top : hmm_round_up(now, brk->align_bytes);
    if (!fits(brk, start, bytes) || !sys_extend(hmm_max(now, brk->top), start, bytes))
        return 0;
    return start;
}

/* A further range inside the window: probe upwards from the top for a free place. */
static bool map_reserve(struct hmm_brk *brk, size_t bytes)
{
    uintptr_t at = hmm_round_up(brk->top, part_bytes);
    for (size_t gap = part_bytes; fits(brk, at, bytes); at += gap, gap *= 2) {
        for (size_t size = hmm_max(bytes, range_bytes); size >= bytes; size /= 2) {
            size = hmm_round_up(size, brk->align_bytes);
            if (!fits(brk, at, size) || hmm_port_reserve((void *)at, size) == NULL)
                continue;
            if (brk->range_end > brk->top) /* the unused rest of the last range */
                hmm_port_release((void *)brk->top, brk->range_end - brk->top);
            brk->range_start = at;
            brk->range_end = at + size;
            return true;
        }
    }
    return false;
}

static uintptr_t map_grow(struct hmm_brk *brk, size_t bytes)
{
    bool in_range = brk->top >= brk->range_start && brk->top <= brk->range_end;
    uintptr_t start = in_range ? brk->top : brk->range_start;
    if (brk->range_end == 0 || bytes > brk->range_end - start) {
        if (!map_reserve(brk, bytes))
            return 0;
        start = brk->range_start;
    }
    return hmm_port_commit((void *)start, bytes) ? start : 0;
}

static uintptr_t buf_grow(struct hmm_brk *brk, size_t bytes)
{
    if (!fits(brk, brk->top, bytes))
        return 0;
    memset((void *)brk->top, 0, bytes);
    return brk->top;
}

uintptr_t hmm_brk_grow(struct hmm_brk *brk, size_t bytes)
{
    uintptr_t start = 0;
    if (brk->n_grown >= brk->fail_after) {
        brk->n_failed++;
        return 0;
    }
    if (brk->kind == HMM_BRK_SYS) {
        start = sys_grow(brk, bytes);
        if (start == 0 && (start = map_grow(brk, bytes)) != 0)
            brk->kind = HMM_BRK_MAP;
    } else {
        start = brk->kind == HMM_BRK_MAP ? map_grow(brk, bytes) : buf_grow(brk, bytes);
    }
    if (start == 0) {
        brk->n_failed++;
        return 0;
    }
    brk->top = start + bytes;
    brk->n_grown++;
    return start;
}

bool hmm_brk_lower(struct hmm_brk *brk, uintptr_t new_top)
{
    size_t bytes = brk->top - new_top;
    if (brk->kind == HMM_BRK_SYS) {
        if (hmm_port_brk(0) != brk->top || hmm_port_brk(new_top) != new_top)
            return false;
    } else if (brk->kind == HMM_BRK_MAP) {
        if (new_top < brk->range_start)
            return false;
        hmm_port_decommit((void *)new_top, bytes);
    }
    brk->top = new_top;
    brk->n_lowered++;
    brk->lowered_bytes += bytes;
    return true;
}

bool hmm_brk_move_foreign(struct hmm_brk *brk, uintptr_t want)
{
    if (brk->kind == HMM_BRK_SYS && want < brk->top)
        return false;
    return hmm_port_brk(want) == want;
}
