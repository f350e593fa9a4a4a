/* break.c - brk and sbrk as the program calls them: its moves and the heap's take turns.
 *
 * What the program takes lies above the heap's last piece and is never touched; what the heap takes
 * later lies above that. The program may lower the break as far as its own memory reaches.
 *
 * Layer   hosted.
 */
#include "hosted/hosted.h"

#include <errno.h>

static bool move_break(uintptr_t want)
{
    if (!hmm_process_start())
        return hmm_port_brk(want) == want;
    hmm_lock_take(&hmm_process_heap.pages.grow);
    bool moved = hmm_brk_move_foreign(&hmm_process_heap.brk, want);
    hmm_lock_give(&hmm_process_heap.pages.grow);
    return moved;
}

HMM_EXPORTED int brk(void *address)
{
    if (move_break((uintptr_t)address))
        return 0;
    errno = ENOMEM;
    return -1;
}

HMM_EXPORTED void *sbrk(intptr_t increment)
{
    uintptr_t now = hmm_port_brk(0);
    if (increment == 0)
        return (void *)now;
    bool overflows =
        increment > 0 ? now + (uintptr_t)increment < now : now + (uintptr_t)increment > now;
    if (!overflows && move_break(now + (uintptr_t)increment))
        return (void *)now;
    errno = ENOMEM;
    return (void *)-1;
}
