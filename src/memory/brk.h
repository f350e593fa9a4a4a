/* brk.h - the program break, real or simulated: one interface, three providers.
 *
 *   SYS  the kernel's program break, moved by brk(). If the break cannot move (a limit, a filter, a
 *        mapping in its way), memory comes from mappings above it. The next growth tries the break
 *        again.
 *   MAP  mappings, each at the end of the last one where that is free.
 *   BUF  a caller's buffer; the break is a variable.
 *
 * Memory comes in pieces within [base, base + reach_bytes), nearly always at increasing addresses.
 * What lies between two pieces is not ours.
 *
 *   base          sys_top                                     top
 *   | the break's |  not ours (somebody's mapping)  | mapped  |   ...   base + reach_bytes
 *
 * An example: the break begins at 0x555555560000 and has given 1 MiB, up to 0x555555660000.
 * Somebody maps a page there, so brk() fails. The next MiB is mapped at the first multiple of 64
 * MiB (GAP_MIB) that is at least 64 MiB above top: 0x55555c000000. sys_top stays 0x555555660000,
 * and top becomes 0x55555c100000. Units 64 to 6823, from 0x100000 to 0x6aa0000 above the base, are
 * not ours.
 *
 * Layer   memory, above meta. All calls under lock `grow`.
 */
#ifndef HMM_MEMORY_BRK_H
#define HMM_MEMORY_BRK_H

#include "base/base.h"

enum hmm_brk_kind { HMM_BRK_SYS, HMM_BRK_MAP, HMM_BRK_BUF };

struct hmm_brk {
    enum hmm_brk_kind kind; /* const */
    uintptr_t base;         /* const: address of unit 0 */
    size_t reach_bytes;     /* const: the heap stays below base + reach_bytes */
    uintptr_t top;          /* lock:grow, end of the highest piece */
    uintptr_t sys_top;      /* lock:grow, SYS: end of what the break has given last */
    bool sys_blocked;       /* lock:grow, SYS: the break did not move when it was last asked */
    bool joined;            /* lock:grow, what came last continues the mapping that ended there */
    size_t align_bytes;     /* const: unit or OS page, whichever is larger */
    size_t n_grown;         /* lock:grow, statistics */
    size_t n_lowered;       /* lock:grow */
    size_t lowered_bytes;   /* lock:grow */
    size_t n_failed;        /* lock:grow */
    size_t fail_after;      /* lock:grow, tests: growths that succeed before all fail; SIZE_MAX */
};

/* Find the base. SYS becomes MAP if there is no break, or no room above it. */
void hmm_brk_init(struct hmm_brk *brk, enum hmm_brk_kind kind, size_t reach_bytes);
void hmm_brk_init_buffer(struct hmm_brk *brk, void *buffer, size_t bytes);

/* Where the next growth will most likely begin. */
static inline uintptr_t hmm_brk_next(const struct hmm_brk *brk)
{
    return brk->kind == HMM_BRK_SYS && !brk->sys_blocked ? brk->sys_top : brk->top;
}

/* Get `bytes` more (a multiple of align_bytes), contiguous and zero.
 *   returns  their address: hmm_brk_next, or elsewhere when something is in the way; 0: none
 */
uintptr_t hmm_brk_grow(struct hmm_brk *brk, size_t bytes);

/* Give back [from, top), of the highest piece; the highest memory then ends at `new_top`: `from`,
 * or the end of the piece before. False: not possible (foreign memory above); nothing changed. */
bool hmm_brk_lower(struct hmm_brk *brk, uintptr_t from, uintptr_t new_top);

/* Move the break for the program, which called brk or sbrk. False: the heap has memory above
 * `want`, or the kernel refused. */
bool hmm_brk_move_foreign(struct hmm_brk *brk, uintptr_t want);

#endif
