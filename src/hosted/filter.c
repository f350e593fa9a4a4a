/* filter.c - prctl and syscall as the program calls them: is it about to put itself under a filter
 * of system calls (seccomp)?
 *
 * Such a filter may end the process for any call that it does not expect, as madvise. From then on
 * the heap makes those only that it cannot do without; before, nobody could have told. Filters that
 * were there before the program are found out by port/linux/filter.c.
 *
 * Layer   hosted.
 */
#include "hosted/hosted.h"

#include "port/linux/syscall.h"

#include <errno.h>
#include <stdarg.h>
#include <sys/prctl.h>

enum { SECCOMP_MODES = 2 }; /* operations 0 and 1 of seccomp(2): SET_MODE_STRICT, SET_MODE_FILTER */

/* As libc's: -1 and errno. */
static long to_libc(long result)
{
    if ((unsigned long)result <= -4096ul)
        return result;
    errno = (int)-result;
    return -1;
}

/* Make a call that puts the process under a filter, if it succeeds. */
static long filtering_call(long n, const unsigned long *args)
{
    bool is_first = hmm_port_note_filter();
    long result = raw_syscall(n, (long)args[0], (long)args[1], (long)args[2], (long)args[3],
                              (long)args[4], (long)args[5]);
    if (result < 0 && is_first)
        hmm_port_forget_filter();
    return result;
}

static bool installs_filter(long n, const unsigned long *args)
{
    return (n == SYS_prctl && args[0] == PR_SET_SECCOMP) ||
           (n == SYS_seccomp && args[0] < SECCOMP_MODES);
}

HMM_EXPORTED int prctl(int option, ...)
{
    unsigned long args[6] = {(unsigned long)option};
    va_list rest;
    va_start(rest, option);
    for (unsigned i = 1; i < 5; i++)
        args[i] = va_arg(rest, unsigned long);
    va_end(rest);
    long result = installs_filter(SYS_prctl, args)
                      ? filtering_call(SYS_prctl, args)
                      : raw_syscall(SYS_prctl, (long)args[0], (long)args[1], (long)args[2],
                                    (long)args[3], (long)args[4], 0);
    return (int)to_libc(result);
}

#ifdef HMM_RAW_SYSCALLS /* elsewhere raw_syscall is libc's syscall */
HMM_EXPORTED long syscall(long number, ...)
{
    unsigned long args[6];
    va_list rest;
    va_start(rest, number);
    for (unsigned i = 0; i < 6; i++)
        args[i] = va_arg(rest, unsigned long);
    va_end(rest);
    if (hmm_unlikely(installs_filter(number, args)))
        return to_libc(filtering_call(number, args));
    return to_libc(raw_syscall(number, (long)args[0], (long)args[1], (long)args[2], (long)args[3],
                               (long)args[4], (long)args[5]));
}
#endif
