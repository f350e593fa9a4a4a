/* fork.c - who calls the heap's part of a fork, and when.
 *
 * The heap's locks are to be the last ones that a fork takes, since threads that hold any other may
 * allocate. In a static program libc itself calls us there, by the names that its own heap has.
 * Elsewhere there is pthread_atfork, whose handlers come too early:
 *
 *   streams   libc takes the lock of its list of streams after them. A thread in fflush(NULL) holds
 *             that and waits for one in getline, which waits for the heap. So our handler takes it
 *             first: it is recursive.
 *   handlers  glibc 2.36 and newer do not hold the list of handlers while they run one, and take it
 *             again afterwards. A thread that registers a handler holds it, and may allocate. So
 *             our handler takes a lock first that registering takes, too (hosted/shared/atfork.c).
 *
 * And handlers that were registered before ours run after it, with the heap held: they may
 * allocate, for the thread that forks passes the heap's locks (port/lock.h).
 *
 * In a process of one thread no lock of libc's is taken, as libc does not: its own thread may have
 * been interrupted while it held one.
 *
 * Layer   process, above linked and summary.
 */
#include "process/fork.h"

#include "heap/fork.h"
#include "process/linked.h"
#include "process/process.h"
#include "process/summary.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>

/* What a libc may have. */
extern char __libc_single_threaded __attribute__((weak));   /* glibc 2.32 */
extern void _IO_list_lock(void) __attribute__((weak));      /* glibc */
extern void _IO_list_unlock(void) __attribute__((weak));    /* glibc */
extern void _IO_list_resetlock(void) __attribute__((weak)); /* glibc */
extern const char *gnu_get_libc_version(void) __attribute__((weak));

static struct hmm_lock start_lock;
static uint32_t n_held; /* lock: start_lock: the heap holds still for so many forks: one, or one in
                           a handler that has interrupted another */
static struct hmm_lock registering; /* before the heap's: its holder may allocate */
static uint32_t n_streams; /* list of streams, held by the thread that forks: it took it so often */

void hmm_fork_lock_start(void)
{
    hmm_lock_take(&start_lock);
}

void hmm_fork_unlock_start(void)
{
    hmm_lock_give(&start_lock);
}

static void prepare(void)
{
    hmm_lock_take_for_fork(&start_lock);
    if (!hmm_process_is_ready())
        return; /* and if it starts, then by this thread, in a handler that runs after ours */
    hmm_heap_fork_prepare(&hmm_process_heap);
    n_held++;
}

static void parent(void)
{
    if (n_held != 0) {
        n_held--;
        hmm_heap_fork_parent(&hmm_process_heap);
    }
    hmm_lock_give(&start_lock);
}

static void child(void)
{
    if (n_held != 0) {
        n_held--;
        hmm_heap_fork_child(&hmm_process_heap);
    }
    hmm_lock_give_in_child(&start_lock);
}

/* --- libc calls us ------------------------------------------------------------------------------
 * In a process of one thread it does not: no lock is another's then, and no arena is left behind.
 */

__attribute__((used)) void __malloc_fork_lock_parent(void)
{
    prepare();
}

__attribute__((used)) void __malloc_fork_unlock_parent(void)
{
    parent();
}

__attribute__((used)) void __malloc_fork_unlock_child(void)
{
    child();
}

static void musl_fork(int who)
{
    if (who < 0)
        prepare();
    else if (who == 0)
        parent();
    else
        child();
}

/* Weak: a program with parts of musl's own heap calls that one's, and gets our handlers. */
extern void __malloc_atfork(int who) __attribute__((weak, alias("musl_fork")));

static bool libc_calls_us(void)
{
    return hmm_linked_to_fork() && __malloc_atfork == musl_fork;
}

/* --- handlers -----------------------------------------------------------------------------------
 */

void hmm_fork_begin_registering(void)
{
    hmm_lock_take(&registering);
}

void hmm_fork_end_registering(void)
{
    hmm_lock_give(&registering);
}

/* Before glibc 2.36 the thread that forks holds the list of handlers now: whoever registers one
 * waits for it, with our lock taken. */
static bool wants_registering(void)
{
    const char *version = gnu_get_libc_version != NULL ? gnu_get_libc_version() : "";
    if (version[0] != '2' || version[1] != '.' || version[2] < '3' || version[3] < '0')
        return false;
    return (version[2] - '0') * 10 + version[3] - '0' >= 36;
}

/* Is the calling thread the only one, for certain? Its directory has one link more than others. */
static bool is_alone(void)
{
    if (&__libc_single_threaded != NULL)
        return __libc_single_threaded;
    int saved = errno;
    struct stat tasks;
    bool alone = fstatat(AT_FDCWD, "/proc/self/task", &tasks, 0) == 0 && tasks.st_nlink == 3;
    errno = saved;
    return alone;
}

static void before_fork(void)
{
    if (_IO_list_lock != NULL && !is_alone()) {
        _IO_list_lock();
        n_streams++;
    }
    if (wants_registering())
        hmm_lock_take_for_fork(&registering);
    prepare();
}

static void after_fork_parent(void)
{
    parent();
    if (wants_registering())
        hmm_lock_give(&registering);
    if (n_streams == 0)
        return;
    n_streams--;
    _IO_list_unlock();
}

/* libc has made the list's lock new, unless it saw one thread only: once more does no harm. */
static void after_fork_child(void)
{
    hmm_summary_detach();
    child();
    hmm_lock_give_in_child(&registering); /* also where another thread holds it, in libc's lock */
    if (n_streams != 0)
        _IO_list_resetlock();
    n_streams = 0;
}

void hmm_fork_register(void)
{
    static _Atomic(uint32_t) done; /* a word: riscv64 exchanges bytes by a library's call only */
    /* relaxed: before there are threads, or again in vain */
    if (atomic_exchange_explicit(&done, 1, memory_order_relaxed) != 0)
        return;
    if (libc_calls_us())
        pthread_atfork(NULL, NULL, hmm_summary_detach);
    else
        pthread_atfork(before_fork, after_fork_parent, after_fork_child);
}
