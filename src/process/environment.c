/* environment.c - a variable of the environment, also before libc is set up.
 *
 * The heap may start long before libc does: in a function of .preinit_array, in an IFUNC resolver,
 * in a sanitizer's runtime. glibc's `environ` is not set by then. The dynamic loader tells where
 * the kernel has put it, and so do programs that are linked statically.
 *
 * Layer   process, beside process.
 * Source  the initial stack: System V ABI, "Process Initialization".
 */
#include "process/environment.h"

#include <sys/auxv.h>
#include <unistd.h>

/* glibc's: where the kernel has put argc, argv[0..argc), NULL, and after them the environment.
 * Weak: musl has none, and sets `environ` before anything else. */
extern void *__libc_stack_end __attribute__((weak));

static char **find_environment(void)
{
    if (environ != NULL)
        return environ;
    if (&__libc_stack_end == NULL || __libc_stack_end == NULL)
        return NULL;
    size_t n_args = *(const size_t *)__libc_stack_end;
    char **args = (char **)__libc_stack_end + 1;
    return args[n_args] == NULL ? args + n_args + 1 : NULL;
}

/* What `entry`, "NAME=VALUE", says of this name. Without libc's strncmp: it would be the only call
 * of a program that allocates nothing, and a page of libc's to be mapped. */
static const char *value_of(const char *entry, const char *name)
{
    while (*name != '\0' && *entry == *name) {
        entry++;
        name++;
    }
    return *name == '\0' && *entry == '=' ? entry + 1 : NULL;
}

const char *hmm_environment_get(const char *name)
{
    for (char **at = find_environment(); at != NULL && *at != NULL; at++) {
        const char *value = value_of(*at, name);
        if (value != NULL)
            return getauxval(AT_SECURE) == 0 ? value : NULL;
    }
    return NULL;
}
