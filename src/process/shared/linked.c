/* linked.c - shared: nothing. The names are looked for when they are needed.
 *
 * Layer   process.
 */
#include "process/linked.h"

/* Named, but in no memory: so nothing is bound when a process starts, and yet a program that is
 * linked with this library and has C++'s in itself (-static-libstdc++) exports them. */
#define NAMED(name)                                                                                \
    __asm__(".pushsection .hmm_names, \"\", %progbits\n"                                           \
            ".weak " name "\n"                                                                     \
            ".dc.a " name "\n"                                                                     \
            ".popsection")
NAMED("_ZSt15get_new_handlerv");
NAMED("_ZSt17__throw_bad_allocv");
NAMED("__cxa_allocate_exception");
NAMED("__cxa_throw");
NAMED("__cxa_begin_catch");
NAMED("__cxa_end_catch");
NAMED("_ZTISt9bad_alloc");
NAMED("_ZTVSt9bad_alloc");
NAMED("_ZTISt9exception");
NAMED("_ZTVN10__cxxabiv120__si_class_type_infoE");

const void *hmm_linked_cxx(const char *name)
{
    (void)name;
    return NULL;
}

bool hmm_linked_to_fork(void)
{
    return false;
}
