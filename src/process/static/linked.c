/* linked.c - static: weak references, which the linker binds to what the program has.
 *
 * Layer   process.
 */
#include "process/linked.h"

#include <string.h>

/* --- C++ ----------------------------------------------------------------------------------------
 */

#define NAMES(X)                                                                                   \
    X(get_handler, "_ZSt15get_new_handlerv")                                                       \
    X(throw_bad_alloc, "_ZSt17__throw_bad_allocv")                                                 \
    X(allocate, "__cxa_allocate_exception")                                                        \
    X(throw_it, "__cxa_throw")                                                                     \
    X(begin_catch, "__cxa_begin_catch")                                                            \
    X(end_catch, "__cxa_end_catch")                                                                \
    X(type, "_ZTISt9bad_alloc")                                                                    \
    X(table, "_ZTVSt9bad_alloc")                                                                   \
    X(base_type, "_ZTISt9exception")                                                               \
    X(type_table, "_ZTVN10__cxxabiv120__si_class_type_infoE")

#define REFERENCE(id, name) extern const char weak_##id[] __asm__(name) __attribute__((weak));
#define BOUND(id, name)     {name, weak_##id},
NAMES(REFERENCE)

const void *hmm_linked_cxx(const char *name)
{
    static const struct {
        const char *name;
        const char *place;
    } names[] = {NAMES(BOUND)};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i].name, name) == 0)
            return names[i].place;
    return NULL;
}

/* --- fork ---------------------------------------------------------------------------------------
 */

extern void __libc_setup_tls(void) __attribute__((weak));  /* glibc, in static programs only */
extern void __fork_handler(int who) __attribute__((weak)); /* musl, in static programs only */

bool hmm_linked_to_fork(void)
{
    return __libc_setup_tls != NULL || __fork_handler != NULL;
}
