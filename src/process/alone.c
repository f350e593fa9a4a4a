/* alone.c - does the program break belong to this heap, or may another one move it?
 *
 * Two heaps that move one break without a common lock give out the same memory. libc's own heap
 * lives on where this library was loaded late (dlopen) or into a namespace of its own (dlmopen),
 * and a second copy of this library may. Then this heap takes mappings.
 *
 * Layer   process, beside process.
 * Source  glibc lets only the libc of the first namespace move the break (misc/sbrk.c, since 2.35).
 */
#include "process/alone.h"

#include <link.h>
#include <stdlib.h>
#include <sys/auxv.h>

void *malloc(size_t size) __attribute__((weak)); /* as it is defined */
extern struct r_debug hmm_loader_list __asm__("_r_debug") __attribute__((weak));
extern ElfW(Dyn) hmm_own_dynamic[] __asm__("_DYNAMIC") __attribute__((weak, visibility("hidden")));

/* The ELF header of the library, or program, that this is linked into: the linker's. */
extern const ElfW(Ehdr) hmm_own_header __asm__("__ehdr_start")
    __attribute__((visibility("hidden")));

/* Is this copy among the objects of the first namespace? So is what has no loader. */
static bool in_first_namespace(void)
{
    if (&hmm_loader_list == NULL || hmm_own_dynamic == NULL || hmm_loader_list.r_map == NULL)
        return true;
    for (const struct link_map *map = hmm_loader_list.r_map; map != NULL; map = map->l_next)
        if (map->l_ld == hmm_own_dynamic)
            return true;
    return false;
}

static bool is_loaded_from(const ElfW(Phdr) * headers, size_t n_headers, uintptr_t bias,
                           uintptr_t address)
{
    for (size_t i = 0; i < n_headers; i++)
        if (headers[i].p_type == PT_LOAD &&
            address - (bias + headers[i].p_vaddr) < headers[i].p_memsz)
            return true;
    return false;
}

bool hmm_in_program(uintptr_t address)
{
    const ElfW(Phdr) *headers = (const ElfW(Phdr) *)getauxval(AT_PHDR);
    size_t n_headers = getauxval(AT_PHNUM);
    uintptr_t bias = 0;
    for (size_t i = 0; i < n_headers; i++)
        if (headers[i].p_type == PT_PHDR)
            bias = (uintptr_t)headers - headers[i].p_vaddr;
    return is_loaded_from(headers, n_headers, bias, address);
}

/* Does it lie where this function does? A library's first segment begins at address 0 of its own.
 */
static bool in_own_library(uintptr_t address)
{
    uintptr_t bias = (uintptr_t)&hmm_own_header;
    return is_loaded_from((const ElfW(Phdr) *)(bias + hmm_own_header.e_phoff),
                          hmm_own_header.e_phnum, bias, address);
}

/* A program's malloc is its own, or leads to ours: the linker may put a stub for it there. */
static bool libc_heap_is_replaced(void)
{
    return in_own_library((uintptr_t)&malloc) || hmm_in_program((uintptr_t)&malloc);
}

bool hmm_break_is_ours(void)
{
    return libc_heap_is_replaced() && in_first_namespace();
}
