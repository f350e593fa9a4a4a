/* replaced.c - which functions of a family has the program replaced by its own?
 *
 * libhmm calls what may be replaced by its name, so that the linker or the dynamic linker decides;
 * here it is known how they have decided. That is so from the program's start on.
 *
 * Layer   hosted.
 */
#include "hosted/replaced.h"

#include "hosted/hosted.h"

#include <dlfcn.h>
#include <link.h>
#include <stdlib.h>

/* A program that is not position-independent and takes a function's address gives all others the
 * address of its own stub, which leads to the function. The symbol there is an undefined one. */
static HMM_COLD bool is_stub(hmm_function function)
{
    enum { SYMBOL = 1 }; /* glibc: RTLD_DL_SYMENT */
    int (*find)(const void *address, Dl_info *info, void **entry, int which);
    Dl_info info;
    void *entry = NULL;
    /* glibc's. Elsewhere stubs count as replacements: correct, but slower and less checked. */
    *(void **)&find = dlsym(RTLD_DEFAULT, "dladdr1");
    if (find == NULL || find(*(void **)&function, &info, &entry, SYMBOL) == 0 || entry == NULL)
        return false;
    return ((const ElfW(Sym) *)entry)->st_shndx == SHN_UNDEF;
}

bool hmm_is_replaced(hmm_function called, hmm_function own)
{
    return called != own && !is_stub(called);
}

static bool gives_our_blocks(void)
{
    void *block = malloc(HMM_GRANULE_BYTES);
    size_t bytes;
    bool ours = hmm_hit_usable(block, &bytes);
    free(block);
    return ours;
}

HMM_COLD void *hmm_replaced_aligned(size_t alignment, size_t size)
{
    if (size > PTRDIFF_MAX - alignment)
        return NULL;
    void *block = malloc(hmm_round_up(size == 0 ? 1 : size, alignment));
    if ((uintptr_t)block % alignment == 0)
        return block;
    free(block);
    return gives_our_blocks() ? hmm_alloc_aligned(alignment, size) : NULL;
}
