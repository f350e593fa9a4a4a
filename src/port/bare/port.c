/* port.c - bare: no operating system. All memory is a caller's buffer, always committed.
 *
 * Layer   port.
 */
#include "port/port.h"

#include <string.h>

enum { BARE_PAGE_BYTES = 4096 };

size_t hmm_port_page_bytes(void)
{
    return BARE_PAGE_BYTES;
}

uintptr_t hmm_port_top(void)
{
    return UINTPTR_MAX;
}

uint64_t hmm_port_random(void)
{
    return 0;
}

uintptr_t hmm_port_brk(uintptr_t want)
{
    (void)want;
    return 0;
}

bool hmm_port_map_at(void *addr, size_t bytes)
{
    (void)addr, (void)bytes;
    return false;
}

bool hmm_port_purge(void *addr, size_t bytes)
{
    memset(addr, 0, bytes);
    return true;
}

size_t hmm_port_purge_ranges(const struct hmm_range *ranges, size_t n)
{
    for (size_t i = 0; i < n; i++)
        memset(ranges[i].start, 0, ranges[i].bytes);
    return n;
}

void hmm_port_seal(void *addr, size_t bytes)
{
    (void)addr, (void)bytes;
}

bool hmm_port_unseal(void *addr, size_t bytes)
{
    (void)addr, (void)bytes;
    return true;
}

bool hmm_port_release(void *addr, size_t bytes)
{
    (void)addr, (void)bytes;
    return false;
}

void *hmm_port_map(size_t bytes, size_t align_bytes)
{
    (void)bytes, (void)align_bytes;
    return NULL;
}

void *hmm_port_remap(void *addr, size_t old_bytes, size_t new_bytes)
{
    (void)addr, (void)old_bytes, (void)new_bytes;
    return NULL;
}

bool hmm_port_move(void *from, void *to, size_t bytes)
{
    (void)from, (void)to, (void)bytes;
    return false;
}

size_t hmm_port_huge_bytes(void)
{
    return 0;
}

bool hmm_port_collapse(void *addr, size_t bytes)
{
    (void)addr;
    (void)bytes;
    return false;
}

bool hmm_port_huge(void *addr, size_t bytes)
{
    (void)addr;
    (void)bytes;
    return false;
}

bool hmm_port_huge_is_asked(void)
{
    return false;
}

size_t hmm_port_resident(const void *addr, size_t bytes)
{
    (void)addr, (void)bytes;
    return 0;
}

void hmm_port_populate(void *addr, size_t bytes)
{
    (void)addr, (void)bytes;
}

void hmm_port_no_huge(void *addr, size_t bytes)
{
    (void)addr, (void)bytes;
}

void hmm_port_set_policy(enum hmm_port_policy policy)
{
    (void)policy;
}

bool hmm_port_note_filter(void)
{
    return false;
}

void hmm_port_forget_filter(void) {}

uint64_t hmm_port_clock_ns(void)
{
    return 0;
}

uint64_t hmm_port_clock_latest_ns(void)
{
    return 0;
}

uint64_t hmm_port_clock_exact_ns(void)
{
    return hmm_port_clock_ns();
}

unsigned hmm_port_cpu(void)
{
    return 0;
}

void hmm_port_wait(_Atomic(uint32_t) *word, uint32_t seen)
{
    (void)word, (void)seen;
}

void hmm_port_wake(_Atomic(uint32_t) *word)
{
    (void)word;
}

void hmm_port_set_enomem(void) {}

size_t hmm_port_calls(void)
{
    return 0;
}
