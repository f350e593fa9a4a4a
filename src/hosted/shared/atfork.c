/* atfork.c - our fork handlers are the first to be registered, whoever registers one first.
 *
 * So they run last before a fork, and first after it: other handlers may allocate, and take locks
 * that other threads hold while they do. Programs register theirs by pthread_atfork, which glibc
 * links into each of them, and which calls __register_atfork. Our constructor is too late where the
 * program has a .preinit_array, and where another library's constructors come first.
 *
 * Layer   hosted. In the shared library only: libc has all of this in one piece in static programs.
 */
#include "hosted/hosted.h"
#include "process/fork.h"

#include <dlfcn.h>
#include <errno.h>

typedef void (*handler_fn)(void);
typedef int (*register_fn)(handler_fn, handler_fn, handler_fn, void *);

/* What pthread_atfork names as the library that registers. Weak: where the compiler's startup files
 * are linked, too, theirs holds. */
__attribute__((weak, visibility("hidden"))) void *__dso_handle = &__dso_handle;

/* Weak: should it be linked statically after all, libc's is meant. */
HMM_EXPORTED __attribute__((weak)) int __register_atfork(handler_fn prepare, handler_fn parent,
                                                         handler_fn child, void *dso_handle)
{
    register_fn real;
    *(void **)&real = dlsym(RTLD_NEXT, "__register_atfork");
    if (real == NULL)
        return ENOSYS;
    hmm_fork_register();
    hmm_fork_begin_registering();
    int result = real(prepare, parent, child, dso_handle);
    hmm_fork_end_registering();
    return result;
}
