/* names.c - shared: what is looked for of the C++ library, by its names.
 *
 * Named, but in no memory: so nothing is bound when a process starts, and yet a program that is
 * linked with this library and has C++'s in itself (-static-libstdc++) exports them. Not in builds
 * with AddressSanitizer, which has some of them itself; CMake chooses this file.
 *
 * Layer   process.
 */

#define NAMED(name) __asm__(".weak " name "\n.reloc 0, BFD_RELOC_NONE, " name)
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
