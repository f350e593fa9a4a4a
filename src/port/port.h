/* port.h - the seam to the machine: everything libhmm asks of an operating system.
 *
 * Layer   port: above base. linux/ and bare/ are two sets of files that keep this contract; the
 * build chooses a folder, no #if does. None of these functions allocates, and none sets errno.
 *
 * Memory is in one of three states:
 *   reserved    address space only; touching it faults; costs nothing
 *   committed   readable, writable, reads as zero until written
 *   purged      committed, contents given back: reads as zero again
 * Addresses and sizes are multiples of hmm_port_page_bytes() wherever a mapping is meant.
 */
#ifndef HMM_PORT_PORT_H
#define HMM_PORT_PORT_H

#include "base/base.h"

/* Bytes of an OS page, a power of two; 4096 where there are no pages. */
size_t hmm_port_page_bytes(void);

/* Bytes of physical memory and of the address space a process may use (SIZE_MAX: no limit). */
size_t hmm_port_memory_bytes(void);
size_t hmm_port_address_limit_bytes(void);

/* Set the program break to `want`, or read it with 0. Returns the break after the call: equal to
 * `want` exactly if it moved. 0: there is no break here. */
uintptr_t hmm_port_brk(uintptr_t want);

/* Reserve address space. `hint`: NULL, or an address where the range should begin, exactly there or
 * not at all. NULL on failure. */
void *hmm_port_reserve(void *hint, size_t bytes);
/* reserved -> committed; false when the system refuses (the range stays reserved). */
bool hmm_port_commit(void *addr, size_t bytes);
/* committed -> purged, exactly: false if the contents could not be dropped. */
bool hmm_port_purge(void *addr, size_t bytes);
/* Make committed memory readable only, or writable again; best effort. */
void hmm_port_seal(void *addr, size_t bytes, bool sealed);
/* committed -> reserved, memory given back. */
void hmm_port_decommit(void *addr, size_t bytes);
/* reserved or committed -> gone. */
void hmm_port_release(void *addr, size_t bytes);

/* A committed mapping of its own, aligned to `align_bytes`. NULL on failure. */
void *hmm_port_map(size_t bytes, size_t align_bytes);
/* Resize it, moved if need be, contents kept. NULL: not possible, the old one stays. */
void *hmm_port_remap(void *addr, size_t old_bytes, size_t new_bytes);

/* Hang the pages of committed [from, from + bytes) in at `to`, committed as well, what is there now
 * being lost; `from` is purged. False: not possible, `from` is as it was, `to` purged. */
bool hmm_port_move(void *from, void *to, size_t bytes);

/* Bytes of a huge page; 0: there are none. */
size_t hmm_port_huge_bytes(void);
/* Give committed memory its pages now; best effort. */
void hmm_port_populate(void *addr, size_t bytes);
/* Back committed memory, of that size and alignment, a page of which has been touched, by one huge
 * page now; contents are kept.
 * False: not done. */
bool hmm_port_collapse(void *addr, size_t bytes);

/* Keep metadata out of core dumps and huge pages; best effort. */
void hmm_port_mark_metadata(void *addr, size_t bytes);

/* Monotonic, coarse (some ms); and exact, which takes longer. */
uint64_t hmm_port_clock_ns(void);
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

/* Kernel calls made through this seam since the start, for statistics. */
size_t hmm_port_calls(void);

#include "port_inline.h" /* hmm_port_pause, hmm_port_self: a file of the chosen folder */

#endif
