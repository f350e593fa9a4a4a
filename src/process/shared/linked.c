/* linked.c - shared: nothing. The names are looked for when they are needed.
 *
 * Layer   process, beside names.
 */
#include "process/linked.h"

const void *hmm_linked_cxx(const char *name)
{
    (void)name;
    return NULL;
}

bool hmm_linked_to_fork(void)
{
    return false;
}
