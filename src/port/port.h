/* port.h - the seam to the machine: everything libhmm asks of an operating system.
 *
 * Layer   port: above base. linux/ and bare/ are two sets of files that keep this contract; the
 * build chooses a folder, no #if does. None of these functions allocates, and none sets errno.
 *
 * Memory is in one of two states, or not there at all:
 *   mapped      readable, writable, reads as zero until written
 *   purged      mapped, contents given back: reads as zero again
 * Addresses and sizes are multiples of hmm_port_page_bytes() wherever a mapping is meant.
 */
#ifndef HMM_PORT_PORT_H
#define HMM_PORT_PORT_H

#include "base/base.h"

/* Bytes of an OS page, a power of two; 4096 where there are no pages. */
size_t hmm_port_page_bytes(void);

/* An address near the upper end of those that a process may have. */
uintptr_t hmm_port_top(void);
/* Bits that nobody outside the process can guess; the same at each call. */
uint64_t hmm_port_random(void);

/* Set the program break to `want`, or read it with 0. Returns the break after the call: equal to
 * `want` exactly if it moved. 0: there is no break here. */
uintptr_t hmm_port_brk(uintptr_t want);

/* Map memory exactly at `addr`; false where anything is in the way, or none can be had. */
bool hmm_port_map_at(void *addr, size_t bytes);
/* mapped -> purged, exactly: false if the contents could not be dropped. */
bool hmm_port_purge(void *addr, size_t bytes);
/* Part of memory. */
struct hmm_range {
    char *start;
    size_t bytes;
};
/* The same for several parts. Returns how many, from the first on, have been purged: all, unless
 * the system refuses. */
size_t hmm_port_purge_ranges(const struct hmm_range *ranges, size_t n);
/* Make mapped memory readable only; best effort. */
void hmm_port_seal(void *addr, size_t bytes);
/* Make it writable again; its contents are lost. False: not possible. */
bool hmm_port_unseal(void *addr, size_t bytes);
/* mapped -> gone. False: the system refuses, as when it would have to split a mapping and the
 * process has too many; then it is as it was. */
bool hmm_port_release(void *addr, size_t bytes);

/* A mapping anywhere, aligned to `align_bytes`. NULL on failure. */
void *hmm_port_map(size_t bytes, size_t align_bytes);
/* Resize it, moved if need be, contents kept. NULL: not possible, the old one stays. */
void *hmm_port_remap(void *addr, size_t old_bytes, size_t new_bytes);

/* Move the pages of mapped [from, from + bytes) to `to`, which is mapped, too, and whose contents
 * are lost; `from` is purged. False: not possible, `from` is as it was, `to` purged. */
bool hmm_port_move(void *from, void *to, size_t bytes);

/* Bytes of a huge page; 0: there are none. */
size_t hmm_port_huge_bytes(void);
/* How many pages of the mapped `bytes` from `addr` on are in memory; of HMM_RESIDENT_BYTES at most.
 * 0 where that cannot be known. */
size_t hmm_port_resident(const void *addr, size_t bytes);
/* Give mapped memory its pages now; best effort. */
void hmm_port_populate(void *addr, size_t bytes);
/* Back mapped memory, of that size and alignment, a page of which has been touched, by one huge
 * page now; contents are kept.
 * False: not done. */
bool hmm_port_collapse(void *addr, size_t bytes);
/* The same for memory no page of which is there, whose first byte becomes 0. Cheaper. False: its
 * first page is there. Huge pages do not come by themselves afterwards where that memory and what
 * is around it had hmm_port_no_huge. */
bool hmm_port_huge(void *addr, size_t bytes);
/* Does the system give no huge page to memory that has not asked for it? Known after the first
 * hmm_port_huge. */
bool hmm_port_huge_is_asked(void);

/* Keep huge pages out of mapped memory; best effort. */
void hmm_port_no_huge(void *addr, size_t bytes);

/* Which of the system calls that a heap can do without are made. UNLESS_FILTERED, the default: all;
 * none once the process is known to be under a filter, which may end it for such a call. */
enum hmm_port_policy { HMM_CALLS_NEEDED, HMM_CALLS_UNLESS_FILTERED, HMM_CALLS_ALL };
void hmm_port_set_policy(enum hmm_port_policy policy);
/* The process is about to put itself under such a filter. Returns whether this is news; then it can
 * be forgotten, if there was no filter after all. */
bool hmm_port_note_filter(void);
void hmm_port_forget_filter(void);

/* Monotonic, coarse (some ms); slower than the wall's while others use the process's processor. The
 * clock may be the program's, and allocate: locks: none held */
uint64_t hmm_port_clock_ns(void);
/* What the former has returned last; takes no time, and may be some time ago. */
uint64_t hmm_port_clock_latest_ns(void);
/* Exact, for differences, by a system call; 0 where that is not made. */
uint64_t hmm_port_clock_exact_ns(void);
/* A small number that differs between CPUs, for spreading. */
unsigned hmm_port_cpu(void);

/* Block while *word == seen; may return early. Wake one that waits. */
void hmm_port_wait(_Atomic(uint32_t) *word, uint32_t seen);
void hmm_port_wake(_Atomic(uint32_t) *word);

/* Write all bytes to a file descriptor, by one call if the system takes them at once. */
void hmm_port_write(int fd, const char *bytes, size_t n_bytes);
_Noreturn void hmm_port_abort(void);

/* errno of the calling thread, for the hosted API. */
void hmm_port_set_enomem(void);

/* Kernel calls for memory and locks made through this seam since the start, for statistics. */
size_t hmm_port_calls(void);

#include "port_inline.h" /* hmm_port_pause, hmm_port_self: a file of the chosen folder */

#endif
