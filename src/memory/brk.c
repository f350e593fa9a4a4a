/* brk.c - the program break, real or simulated.
 *
 * Layer   memory, above meta. Start reading at hmm_brk_grow.
 * State   struct hmm_brk, guarded by lock `grow`.
 */
#include "memory/brk.h"

#include "base/tunables.h"
#include "port/port.h"

#include <string.h>

static const size_t gap_bytes = (size_t)HMM_GAP_MIB << 20;

static void init_common(struct hmm_brk *brk, enum hmm_brk_kind kind, uintptr_t base,
                        size_t reach_bytes)
{
    *brk = (struct hmm_brk){
        .kind = kind,
        .base = base,
        .top = base,
        .sys_top = base,
        .reach_bytes = hmm_min(reach_bytes, hmm_round_down(UINTPTR_MAX - base, HMM_UNIT_BYTES)),
        .align_bytes = hmm_max(HMM_UNIT_BYTES, hmm_port_page_bytes()),
        .fail_after = SIZE_MAX,
    };
}

/* The base of a heap that uses mappings instead of the break. If another heap has the break: well
 * above it. If there is no break, or no room above it: at a quarter of all addresses, where nobody
 * is. */
static uintptr_t mapped_base(uintptr_t now, size_t align_bytes)
{
    uintptr_t quarter = hmm_port_top() / 4;
    uintptr_t least = (uintptr_t)HMM_MAPPED_MIN_MIB << 20;
    uintptr_t distance = hmm_max(quarter >> HMM_MAPPED_DISTANCE_SHIFT, least);
    uintptr_t from = now != 0 ? now + distance : quarter;
    return hmm_round_up(from + (uintptr_t)(hmm_port_random() % (distance / 4)), align_bytes);
}

/* If a program is started through the dynamic linker, its break may lie among the libraries. */
static bool has_room(uintptr_t now)
{
    return now != 0 && now < hmm_port_top() - hmm_port_top() / HMM_BREAK_ROOM_DIVISOR;
}

void hmm_brk_init(struct hmm_brk *brk, enum hmm_brk_kind kind, size_t reach_bytes)
{
    size_t align_bytes = hmm_max(HMM_UNIT_BYTES, hmm_port_page_bytes());
    uintptr_t now = hmm_port_brk(0);
    if (!has_room(now))
        now = 0;
    if (kind == HMM_BRK_SYS && now != 0)
        init_common(brk, HMM_BRK_SYS, hmm_round_up(now, align_bytes), reach_bytes);
    else
        init_common(brk, HMM_BRK_MAP, mapped_base(now, align_bytes), reach_bytes);
}

void hmm_brk_init_buffer(struct hmm_brk *brk, void *buffer, size_t bytes)
{
    uintptr_t base = hmm_round_up((uintptr_t)buffer, HMM_UNIT_BYTES);
    uintptr_t end = hmm_round_down((uintptr_t)buffer + bytes, HMM_UNIT_BYTES);
    init_common(brk, HMM_BRK_BUF, base, end > base ? end - base : 0);
    brk->align_bytes = HMM_UNIT_BYTES;
}

static bool fits(const struct hmm_brk *brk, uintptr_t start, size_t bytes)
{
    uintptr_t end = brk->base + brk->reach_bytes;
    return start >= brk->base && start <= end && bytes <= end - start;
}

static uintptr_t sys_grow(struct hmm_brk *brk, size_t bytes)
{
    uintptr_t now = hmm_port_brk(0);
    if (now == 0 || (now < brk->sys_top && hmm_port_brk(brk->sys_top) != brk->sys_top))
        return 0; /* refused; or lowered by a bare system call, and it cannot be restored */
    uintptr_t start = now <= brk->sys_top ? brk->sys_top : hmm_round_up(now, brk->align_bytes);
    if (!fits(brk, start, bytes) || hmm_port_brk(start + bytes) != start + bytes)
        return 0; /* in one step: what the system does not give at once nobody expects to get */
    brk->joined = start == brk->sys_top && start != brk->base;
    brk->sys_top = start + bytes;
    return start;
}

/* Is there any place for so much? If the limit on address space is reached there is none, and no
 * place need be tried. */
static bool has_place(size_t bytes)
{
    void *at = hmm_port_map(bytes, 1);
    return at != NULL && hmm_port_release(at, bytes);
}

/* At a distance from the highest piece, as the break may come back; or anywhere above it. */
static uintptr_t map_above(const struct hmm_brk *brk, size_t bytes)
{
    uintptr_t at = hmm_round_up(brk->top + gap_bytes, gap_bytes);
    for (size_t gap = gap_bytes; fits(brk, at, bytes); at += hmm_round_up(gap, gap_bytes)) {
        gap += gap / HMM_GAP_DIVISOR;
        if (hmm_port_map_at((void *)at, bytes))
            return at;
    }
    at = (uintptr_t)hmm_port_map(bytes, brk->align_bytes);
    if (at >= brk->top && fits(brk, at, bytes))
        return at;
    if (at != 0)
        hmm_port_release((void *)at, bytes);
    return 0;
}

/* Memory above the highest piece. Directly above the break's own memory only if there is no other:
 * the break could not move any more. */
static uintptr_t map_grow(struct hmm_brk *brk, size_t bytes)
{
    uintptr_t top = brk->top;
    bool behind_break = brk->kind == HMM_BRK_SYS && top == brk->sys_top;
    bool fits_top = fits(brk, top, bytes);
    if (!behind_break && fits_top && hmm_port_map_at((void *)top, bytes)) {
        brk->joined = top != brk->base;
        return top;
    }
    brk->joined = false;
    uintptr_t at = has_place(bytes) ? map_above(brk, bytes) : 0;
    if (at == 0 && behind_break && fits_top && hmm_port_map_at((void *)top, bytes))
        at = top;
    return at;
}

static uintptr_t buf_grow(struct hmm_brk *brk, size_t bytes)
{
    if (!fits(brk, brk->top, bytes))
        return 0;
    memset((void *)brk->top, 0, bytes);
    brk->joined = true;
    return brk->top;
}

uintptr_t hmm_brk_grow(struct hmm_brk *brk, size_t bytes)
{
    uintptr_t start = 0;
    if (brk->n_grown < brk->fail_after) {
        if (brk->kind == HMM_BRK_SYS)
            start = sys_grow(brk, bytes);
        brk->sys_blocked = start == 0;
        if (start == 0)
            start = brk->kind == HMM_BRK_BUF ? buf_grow(brk, bytes) : map_grow(brk, bytes);
    }
    if (start == 0) {
        brk->n_failed++;
        return 0;
    }
    brk->top = hmm_max(brk->top, start + bytes);
    brk->n_grown++;
    return start;
}

bool hmm_brk_lower(struct hmm_brk *brk, uintptr_t from, uintptr_t new_top)
{
    size_t bytes = brk->top - from;
    bool of_break = brk->kind == HMM_BRK_SYS && brk->top == brk->sys_top;
    if (of_break && (hmm_port_brk(0) != brk->top || hmm_port_brk(from) != from))
        return false;
    if (!of_break && brk->kind != HMM_BRK_BUF && !hmm_port_release((void *)from, bytes))
        return false;
    if (of_break)
        brk->sys_top = from;
    brk->top = new_top;
    brk->n_lowered++;
    brk->lowered_bytes += bytes;
    return true;
}

bool hmm_brk_move_foreign(struct hmm_brk *brk, uintptr_t want)
{
    /* below its first unit the heap has nothing: that is the program's */
    bool has_some = brk->kind == HMM_BRK_SYS && brk->sys_top != brk->base;
    if (has_some && want < brk->sys_top)
        return false;
    return hmm_port_brk(want) == want;
}
