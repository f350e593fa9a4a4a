/* deepbind.c - dlopen without RTLD_DEEPBIND.
 *
 * A library opened with that flag binds malloc and free to libc's although the rest of the process
 * uses ours, and hands blocks of one heap to the other: php's modules crash so under any preloaded
 * heap. The flag is dropped, unless the option `deepbind` keeps it.
 *
 * The real dlopen is jumped to, not called: it looks at its return address for the caller's
 * RUNPATH.
 *
 * Layer   hosted.
 */
#include "hosted/hosted.h"

#include <dlfcn.h>

#ifndef RTLD_DEEPBIND /* musl has none */
#define RTLD_DEEPBIND 0
#endif

typedef void *(*dlopen_fn)(const char *, int);

static _Atomic(dlopen_fn) real_dlopen; /* atomic, relaxed: every thread finds the same */

static HMM_NOINLINE dlopen_fn find_real(void)
{
    dlopen_fn real;
    *(void **)&real = dlsym(RTLD_NEXT, "dlopen");
    atomic_store_explicit(&real_dlopen, real, memory_order_relaxed); /* relaxed: as above */
    return real;
}

HMM_EXPORTED void *dlopen(const char *file, int mode)
{
    dlopen_fn real =
        atomic_load_explicit(&real_dlopen, memory_order_relaxed); /* relaxed: as above */
    if (hmm_unlikely(real == NULL) && (real = find_real()) == NULL)
        return NULL;
    if (!hmm_process_is_ready() || !hmm_meta_tunables(&hmm_process_heap.meta)->deepbind)
        mode &= ~RTLD_DEEPBIND;
    return real(file, mode);
}
