/* break.c - brk and sbrk as the program calls them: its moves and the heap's take turns.
 *
 * What the program takes lies above the heap's last piece and is never touched; what the heap takes
 * later lies above that. The program may lower the break as far as its own memory reaches.
 *
 * Layer   hosted.
 */
#include "hosted/hosted.h"
#include "process/start.h"

#include <errno.h>

/* Move the break to `want`, or by so much. Returns where it was; 0: it did not move. */
static uintptr_t move_break(uintptr_t want, intptr_t increment)
{
    bool ready = hmm_process_start();
    if (ready)
        hmm_lock_take(&hmm_process_heap.pages.grow);
    uintptr_t now = hmm_port_brk(0);
    bool moved = true;
    if (want == 0) {
        want = now + (uintptr_t)increment;
        moved = increment > 0 ? want > now : want < now;
    }
    if (moved && ready)
        moved = hmm_brk_move_foreign(&hmm_process_heap.brk, want);
    else if (moved)
        moved = hmm_port_brk(want) == want;
    if (ready)
        hmm_lock_give(&hmm_process_heap.pages.grow);
    return moved ? now : 0;
}

HMM_EXPORTED int brk(void *address)
{
    if (address == NULL || move_break((uintptr_t)address, 0) != 0)
        return 0;
    errno = ENOMEM;
    return -1;
}

HMM_EXPORTED void *sbrk(intptr_t increment)
{
    uintptr_t was = increment == 0 ? hmm_port_brk(0) : move_break(0, increment);
    if (was != 0)
        return (void *)was;
    errno = ENOMEM;
    return (void *)-1;
}
