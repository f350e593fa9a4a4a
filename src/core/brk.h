/* brk.h - the program break, real or simulated: one interface, three providers.
 *
 *   SYS  the kernel's program break, moved by brk(). When it is blocked (a limit, a mapping in the
 *        way) the heap goes on in MAP.
 *   MAP  reserved ranges inside the heap's window, committed as the simulated break moves.
 *   BUF  a caller's buffer; the break is a variable.
 *
 * Whatever the provider, memory comes at increasing addresses within one window
 * [base, base + window_bytes); where the next piece does not touch the last one, what lies between
 * is not ours.
 *
 * Layer   core, above meta, below pages. All calls under lock `grow`.
 */
#ifndef HMM_CORE_BRK_H
#define HMM_CORE_BRK_H

#include "base/base.h"

enum hmm_brk_kind { HMM_BRK_SYS, HMM_BRK_MAP, HMM_BRK_BUF };

struct hmm_brk {
    enum hmm_brk_kind kind; /* lock:grow */
    uintptr_t base;         /* const: address of unit 0 */
    size_t window_bytes;    /* const: the heap stays below base + window_bytes */
    uintptr_t top;          /* lock:grow, end of the memory we were given last */
    uintptr_t range_start;  /* lock:grow, MAP: current reserved range */
    uintptr_t range_end;    /* lock:grow */
    size_t align_bytes;     /* const: unit or OS page, whichever is larger */
    size_t n_grown;         /* lock:grow, statistics */
    size_t n_lowered;       /* lock:grow */
    size_t lowered_bytes;   /* lock:grow */
    size_t n_failed;        /* lock:grow */
    size_t fail_after;      /* lock:grow, tests: growths that succeed before all fail; SIZE_MAX */
};

/* Find the base. False: no memory can be had this way at all.
 * SYS falls back to MAP by itself when there is no break. */
bool hmm_brk_init(struct hmm_brk *brk, enum hmm_brk_kind kind, size_t window_bytes);
void hmm_brk_init_buffer(struct hmm_brk *brk, void *buffer, size_t bytes);

/* Get `bytes` more (a multiple of align_bytes), contiguous and zero.
 *   returns  their address: the old top, or above it when something is in the way; 0: none
 */
uintptr_t hmm_brk_grow(struct hmm_brk *brk, size_t bytes);

/* Give back [new_top, top). False: not possible (foreign memory above); nothing changed. */
bool hmm_brk_lower(struct hmm_brk *brk, uintptr_t new_top);

/* The program moves the break itself (its own brk or sbrk). 0 or the resulting break; refused when
 * that would cut the heap. */
bool hmm_brk_move_foreign(struct hmm_brk *brk, uintptr_t want);

#endif
