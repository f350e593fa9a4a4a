/* port.c - linux: the contract of port.h by kernel calls.
 *
 * Layer   port.
 */
#include "port/port.h"

#include "base/check.h"
#include "base/tunables.h"
#include "filter.h"
#include "syscall.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/uio.h>

#ifndef FUTEX_WAIT_PRIVATE /* <linux/futex.h>, which not every libc brings along */
#define FUTEX_WAIT_PRIVATE 128
#define FUTEX_WAKE_PRIVATE 129
#endif
#ifndef MADV_POPULATE_WRITE /* Linux 5.14 */
#define MADV_POPULATE_WRITE 23
#endif
#ifndef SYS_process_madvise /* Linux 5.10 */
#define SYS_process_madvise 440
#endif
#ifndef PIDFD_SELF_THREAD_GROUP /* Linux 6.15 */
#define PIDFD_SELF_THREAD_GROUP (-10001)
#endif
#ifndef MREMAP_DONTUNMAP /* Linux 5.7 */
#define MREMAP_DONTUNMAP 4
#endif
#ifdef SYS_mmap2 /* 32-bit machines: counts in pages where a file's part begins, here always 0 */
#define SYS_anonymous SYS_mmap2
#else
#define SYS_anonymous SYS_mmap
#endif
#ifndef SYS_futex /* 32-bit machines that never had 32-bit times; none is given here */
#define SYS_futex SYS_futex_time64
#endif
#ifndef MADV_COLLAPSE /* Linux 6.1; older headers */
#define MADV_COLLAPSE 25
#endif

/* glibc's own idea of the break, which its sbrk() trusts without asking the kernel. Weak: musl has
 * none. */
extern void *__curbrk __attribute__((weak));

static bool failed(long result)
{
    return (unsigned long)result > -4096ul;
}

size_t hmm_port_page_bytes(void)
{
    static _Atomic(size_t) page_bytes; /* atomic, relaxed: every thread computes the same value */
    size_t bytes = atomic_load_explicit(&page_bytes, memory_order_relaxed);
    if (bytes == 0) {
        bytes = getauxval(AT_PAGESZ);
#ifdef HMM_TEST_PAGE_BYTES /* tests: behave as on a system with larger pages */
        bytes = HMM_TEST_PAGE_BYTES;
#endif
        if (bytes == 0)
            bytes = 4096;
        atomic_store_explicit(&page_bytes, bytes, memory_order_relaxed);
    }
    return bytes;
}

/* The 16 bytes that the kernel puts on the first stack for each process. */
static const uint64_t *start_random(void)
{
    return (const uint64_t *)getauxval(AT_RANDOM); /* NOLINT: an address, as the kernel says it */
}

uintptr_t hmm_port_top(void)
{
    const uint64_t *on_stack = start_random();
    return (uintptr_t)(on_stack != NULL ? on_stack : __builtin_frame_address(0));
}

/* Mixed, since libc makes its own secrets of the same bytes. Source of the factor and the shifts:
 * splitmix64, Steele and others, "Fast splittable pseudorandom number generators" (2014). */
uint64_t hmm_port_random(void)
{
    uint64_t words[2] = {hmm_port_top(), 0};
    if (start_random() != NULL)
        memcpy(words, start_random(), sizeof words);
    uint64_t x = words[0] + (words[1] << 32 | words[1] >> 32);
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

static _Atomic(uintptr_t) highest_brk; /* atomic, relaxed: only grows, races lose nothing */

uintptr_t hmm_port_brk(uintptr_t want)
{
    long result = kernel_call(SYS_brk, (long)want, 0, 0, 0, 0, 0);
    if (failed(result)) /* the kernel never says so, but a filter may */
        return 0;
    uintptr_t got = (uintptr_t)result;
    if (got > atomic_load_explicit(&highest_brk, memory_order_relaxed)) /* relaxed: as above */
        atomic_store_explicit(&highest_brk, got, memory_order_relaxed); /* relaxed: as above */
    if (&__curbrk != NULL)
        __curbrk = (void *)got;
    return got;
}

bool hmm_port_map_at(void *addr, size_t bytes)
{
    long at = kernel_call(SYS_anonymous, (long)addr, (long)bytes, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (failed(at))
        return false;
    if ((void *)at == addr)
        return true;
    kernel_call(SYS_munmap, at, (long)bytes, 0, 0, 0, 0); /* before 4.17 it is taken as a wish */
    return false;
}

static bool drop(void *addr, size_t bytes)
{
    return !failed(
        optional_call(OPTIONAL_PURGE, SYS_madvise, (long)addr, (long)bytes, MADV_DONTNEED, 0, 0));
}

/* New pages in the place of the old ones. */
static bool replace(void *addr, size_t bytes)
{
    return !failed(kernel_call(SYS_anonymous, (long)addr, (long)bytes, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
}

/* Some emulators of Linux (qemu-user 7.2: below the break) say that contents are dropped, and keep
 * them. So each kind of memory is tried once. jemalloc looks for the same. */
enum { PURGE_UNKNOWN, PURGE_DROPS, PURGE_KEEPS };
/* atomic, relaxed: every thread finds the same. By kind: mapped, below the break */
static _Atomic(int) purge_kinds[2];

static _Atomic(int) *purge_kind(const void *addr)
{
    uintptr_t brk =
        atomic_load_explicit(&highest_brk, memory_order_relaxed); /* relaxed: as above */
    return &purge_kinds[(uintptr_t)addr < brk];
}

bool hmm_port_purge(void *addr, size_t bytes)
{
    if (hmm_unlikely(!optional_allowed(OPTIONAL_PURGE)))
        return replace(addr, bytes);
    _Atomic(int) *kind = purge_kind(addr);
    int known = atomic_load_explicit(kind, memory_order_relaxed); /* relaxed: as above */
    if (hmm_likely(known == PURGE_DROPS))
        return drop(addr, bytes);
    volatile char *first = addr;
    if (known == PURGE_UNKNOWN) {
        char before = *first;
        *first = 1;
        if (!drop(addr, bytes)) { /* locked in memory, say: what is there must stay */
            *first = before;
            return false;
        }
        known = *first == 0 ? PURGE_DROPS : PURGE_KEEPS;
        atomic_store_explicit(kind, known, memory_order_relaxed); /* relaxed: as above */
    }
    return known == PURGE_DROPS || replace(addr, bytes);
}

/* Those at the front that one call purges, which flushes addresses once: a quarter of the time of a
 * call for each. Linux since 6.15 knows a process by itself. */
static size_t purge_front(const struct hmm_range *ranges, size_t n)
{
    struct iovec parts[HMM_PURGE_RANGES];
    static _Atomic(bool) unknown; /* atomic, relaxed: every thread finds the same */
    if (n > HMM_PURGE_RANGES)
        n = HMM_PURGE_RANGES;
    for (size_t i = 0; i < n; i++) {
        parts[i] = (struct iovec){ranges[i].start, ranges[i].bytes};
        if (atomic_load_explicit(purge_kind(ranges[i].start), memory_order_relaxed) !=
                PURGE_DROPS ||
            atomic_load_explicit(&unknown, memory_order_relaxed)) /* relaxed: as above */
            return 0;
    }
    long done = optional_call(OPTIONAL_PURGE_RANGES, SYS_process_madvise, PIDFD_SELF_THREAD_GROUP,
                              (long)parts, (long)n, MADV_DONTNEED, 0);
    if (done == -EBADF)
        atomic_store_explicit(&unknown, true, memory_order_relaxed); /* relaxed: as above */
    size_t n_done = 0;
    for (size_t left = failed(done) ? 0 : (size_t)done; n_done < n && left >= ranges[n_done].bytes;
         n_done++)
        left -= ranges[n_done].bytes;
    return n_done;
}

size_t hmm_port_purge_ranges(const struct hmm_range *ranges, size_t n)
{
    size_t n_done = 0;
    while (n_done < n) {
        size_t n_front = n - n_done > 1 ? purge_front(&ranges[n_done], n - n_done) : 0;
        if (n_front == 0 && !hmm_port_purge(ranges[n_done].start, ranges[n_done].bytes))
            break;
        n_done += n_front + (n_front == 0);
    }
    return n_done;
}

void hmm_port_seal(void *addr, size_t bytes)
{
    optional_call(OPTIONAL_SEAL, SYS_mprotect, (long)addr, (long)bytes, PROT_READ, 0, 0);
}

/* Not by mprotect: a filter may have come since the memory was sealed. */
bool hmm_port_unseal(void *addr, size_t bytes)
{
    return replace(addr, bytes);
}

bool hmm_port_release(void *addr, size_t bytes)
{
    return !failed(kernel_call(SYS_munmap, (long)addr, (long)bytes, 0, 0, 0, 0));
}

static uintptr_t map_anywhere(size_t bytes)
{
    long result = kernel_call(SYS_anonymous, 0, (long)bytes, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return failed(result) ? 0 : (uintptr_t)result;
}

void *hmm_port_map(size_t bytes, size_t align_bytes)
{
    align_bytes = hmm_max(align_bytes, hmm_port_page_bytes());
    uintptr_t got = map_anywhere(bytes);
    if (got == 0 || got % align_bytes == 0)
        return (void *)got;
    hmm_port_release((void *)got,
                     bytes); /* once more, with room to align, and the rest given back */
    if (bytes > PTRDIFF_MAX - align_bytes || (got = map_anywhere(bytes + align_bytes)) == 0)
        return NULL;
    uintptr_t start = hmm_round_up(got, align_bytes);
    if (start != got)
        hmm_port_release((void *)got, start - got);
    hmm_port_release((void *)(start + bytes), align_bytes - (start - got));
    return (void *)start;
}

void *hmm_port_remap(void *addr, size_t old_bytes, size_t new_bytes)
{
    long at = optional_call(OPTIONAL_MOVE, SYS_mremap, (long)addr, (long)old_bytes, (long)new_bytes,
                            MREMAP_MAYMOVE, 0);
    return failed(at) ? NULL : (void *)at;
}

/* Contents of `from` have moved away: it is to be memory still. To some emulators (qemu-user 7.2)
 * it is none then, which calls tell that are to write there. So that is tried once. */
static void stay_mapped(void *from, size_t bytes)
{
    enum { UNKNOWN, STAYS, GOES };
    static _Atomic(int) what; /* atomic, relaxed: every thread finds the same */
    int known = atomic_load_explicit(&what, memory_order_relaxed); /* relaxed: as above */
    if (known == UNKNOWN) {
        known = optional_call(OPTIONAL_LOOK, SYS_getrandom, (long)from, 1, 0, 0, 0) == -EFAULT
                    ? GOES
                    : STAYS;
        atomic_store_explicit(&what, known, memory_order_relaxed); /* relaxed: as above */
        if (known == STAYS) {
            *(volatile char *)from = 0; /* should it not be possible to drop it */
            drop(from, bytes);
        }
    }
    if (known == GOES)
        HMM_CHECK(replace(from, bytes));
}

/* A range of one mapping with the contents of `from`, which stays and is empty; NULL: not possible,
 * nothing done. Of several mappings Linux moves one after the other since 6.17, and may stop
 * between two: but not where the kernel chooses the place, which is one for all of them. */
static void *take_contents(void *from, size_t bytes)
{
    long at = optional_call(OPTIONAL_MOVE, SYS_mremap, (long)from, (long)bytes, (long)bytes,
                            MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0);
    if (failed(at))
        return NULL;
    stay_mapped(from, bytes);
    return (void *)at;
}

/* In two steps, since a call that names the place unmaps what is there before it can fail: then
 * somebody else may map something there, which nobody could tell from what was ours. The first step
 * has no place to lose, the second nothing to fail for: the same length, and one mapping. */
bool hmm_port_move(void *from, void *to, size_t bytes)
{
    void *contents = take_contents(from, bytes);
    if (contents == NULL)
        return false;
    long at = kernel_call(SYS_mremap, (long)contents, (long)bytes, (long)bytes,
                          MREMAP_MAYMOVE | MREMAP_FIXED, (long)to, 0);
    if (!failed(at))
        return true;
    memcpy(from, contents, bytes);
    hmm_port_release(contents, bytes);
    if (!hmm_port_map_at(to, bytes)) /* it has not been unmapped */
        HMM_CHECK(drop(to, bytes) || replace(to, bytes));
    return false;
}

size_t hmm_port_huge_bytes(void)
{
    return hmm_port_page_bytes() == 4096 ? (size_t)2 << 20 : 0;
}

/* How does the system give huge pages? Atomic, relaxed: set once. */
enum { HUGE_UNKNOWN, HUGE_ALWAYS, HUGE_ASKED };
static _Atomic(int) huge_kind;

bool hmm_port_huge_is_asked(void)
{
    return atomic_load_explicit(&huge_kind, memory_order_relaxed) ==
           HUGE_ASKED; /* relaxed: as above */
}

/* Let it have huge pages for a moment, or no more: not later, when part of it has gone back. */
static void allow_huge(void *addr, size_t bytes, bool allow)
{
    if (!hmm_port_huge_is_asked())
        return;
    if (allow)
        optional_call(OPTIONAL_HUGE, SYS_madvise, (long)addr, (long)bytes, MADV_HUGEPAGE, 0, 0);
    else
        hmm_port_no_huge(addr, bytes);
}

static bool collapse(void *addr, size_t bytes)
{
    return !failed(optional_call(OPTIONAL_COLLAPSE, SYS_madvise, (long)addr, (long)bytes,
                                 MADV_COLLAPSE, 0, 0));
}

bool hmm_port_collapse(void *addr, size_t bytes)
{
    allow_huge(addr, bytes, true);
    bool done = collapse(addr, bytes);
    allow_huge(addr, bytes, false);
    return done;
}

bool hmm_port_huge(void *addr, size_t bytes)
{
    allow_huge(addr, bytes, true);
    *(volatile char *)addr = 0; /* a page fault that brings a huge page */
    size_t page_bytes = hmm_port_page_bytes();
    bool came = hmm_port_resident((char *)addr + bytes - page_bytes, page_bytes) != 0;
    bool done = came || collapse(addr, bytes);
    allow_huge(addr, bytes, false);
    int unknown = HUGE_UNKNOWN;
    /* relaxed: as above */
    atomic_compare_exchange_strong_explicit(&huge_kind, &unknown, came ? HUGE_ALWAYS : HUGE_ASKED,
                                            memory_order_relaxed, memory_order_relaxed);
    return done;
}

enum { LEAST_PAGE_BYTES = 4096 };

size_t hmm_port_resident(const void *addr, size_t bytes)
{
    unsigned char in_memory[HMM_RESIDENT_BYTES / LEAST_PAGE_BYTES];
    size_t page_bytes = hmm_port_page_bytes();
    bytes = hmm_min(bytes, HMM_RESIDENT_BYTES);
    if (failed(optional_call(OPTIONAL_RESIDENT, SYS_mincore, (long)addr, (long)bytes,
                             (long)in_memory, 0, 0)))
        return 0;
    size_t n = 0;
    for (size_t i = 0; i < bytes / page_bytes; i++)
        n += in_memory[i] & 1;
    return n;
}

void hmm_port_populate(void *addr, size_t bytes)
{
    optional_call(OPTIONAL_POPULATE, SYS_madvise, (long)addr, (long)bytes, MADV_POPULATE_WRITE, 0,
                  0);
}

void hmm_port_no_huge(void *addr, size_t bytes)
{
    optional_call(OPTIONAL_NO_HUGE, SYS_madvise, (long)addr, (long)bytes, MADV_NOHUGEPAGE, 0, 0);
}

unsigned hmm_port_cpu(void)
{
    if (!optional_allowed(OPTIONAL_CPU)) /* mostly no system call, but not everywhere */
        return 0;
    int saved = errno;
    int cpu = sched_getcpu();
    errno = saved;
    return cpu < 0 ? 0 : (unsigned)cpu;
}

void hmm_port_wait(_Atomic(uint32_t) *word, uint32_t seen)
{
    kernel_call(SYS_futex, (long)word, FUTEX_WAIT_PRIVATE, (long)seen, 0, 0, 0);
}

void hmm_port_wake(_Atomic(uint32_t) *word)
{
    kernel_call(SYS_futex, (long)word, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0);
}

void hmm_port_set_enomem(void)
{
    errno = ENOMEM;
}

size_t hmm_port_calls(void)
{
    return atomic_load_explicit(&hmm_port_n_calls, memory_order_relaxed);
}
