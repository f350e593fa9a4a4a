/* options_env.c - where the options come from: the build, the program, the environment.
 *
 * Each may set any option; the environment has the last word, the build the first. In setuid
 * programs the environment is not looked at: it is another user's.
 *
 * The heap may start long before libc does: in a function of .preinit_array, in an IFUNC resolver,
 * in a sanitizer's runtime. glibc's `environ` is not set by then. The dynamic loader tells where
 * the kernel has put it, and so do programs that are linked statically.
 *
 * Layer   hosted.
 * Source  the initial stack: System V ABI, "Process Initialization".
 */
#include "hosted/hosted.h"
#include "hosted/options.h"

#include "hmm.h"

#include <sys/auxv.h>
#include <unistd.h>

#ifndef HMM_DEFAULT_OPTIONS /* cmake -DHMM_DEFAULT_OPTIONS="name=value,..." */
#define HMM_DEFAULT_OPTIONS ""
#endif

/* The program's, where it has one: hmm.h. */
extern const char *hmm_options __attribute__((weak));

/* glibc's: where the kernel has put argc, argv[0..argc), NULL, and behind them the environment.
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

static const char too_early[] = "hmm: hmm_options in the program: ignored, as memory is allocated "
                                "before the program is relocated\n";

static void tell_of_option(const char *chars, size_t n_chars)
{
    hmm_port_write(2, chars, n_chars);
}

/* Before the program is relocated its pointers lack what is added to them: an IFUNC resolver may
 * have called malloc. Those are low, where neither libraries nor relocated programs lie. */
static bool is_relocated(const char *text)
{
    return (uintptr_t)text > hmm_port_top() >> 4 || hmm_in_program((uintptr_t)text);
}

void hmm_options_read(struct hmm_tunables *tunables)
{
    hmm_options_set(tunables, "built-in options", HMM_DEFAULT_OPTIONS, tell_of_option);
    if (&hmm_options != NULL && hmm_options != NULL) {
        if (is_relocated(hmm_options))
            hmm_options_set(tunables, "hmm_options in the program", hmm_options, tell_of_option);
        else
            tell_of_option(too_early, sizeof too_early - 1);
    }
    hmm_options_set(tunables, "HMM_OPTIONS", hmm_environment_get("HMM_OPTIONS"), tell_of_option);
}
