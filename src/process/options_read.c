/* options_read.c - where the options come from: the build, the program, the environment.
 *
 * Each may set any option; the environment has the last word, the build the first. In setuid
 * programs the environment is not looked at: it is another user's.
 *
 * Layer   process, above alone.
 */
#include "process/options_read.h"

#include "port/port.h"
#include "process/alone.h"
#include "process/environment.h"
#include "process/options.h"

#include "hmm.h"

#ifndef HMM_DEFAULT_OPTIONS /* cmake -DHMM_DEFAULT_OPTIONS="name=value,..." */
#define HMM_DEFAULT_OPTIONS ""
#endif

/* The program's, where it has one: hmm.h. */
extern const char *hmm_options __attribute__((weak));

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
