/* cxx.c - new_handler, bad_alloc and catching, without linking C++.
 *
 * A name of the C++ library is looked for in three places, when it is needed:
 *   1. what the linker has bound: static programs
 *   2. the caller's object and its dependencies, unless that is the program
 *   3. the program, its libraries, and what was loaded with RTLD_GLOBAL since
 * Where there are two libraries, the caller's is the right one: each counts its own exceptions.
 *
 * Layer   hosted.
 * Source  Itanium C++ ABI: 1.6 personality routines, 2.4 throwing, 2.5 catching, 2.5.2 virtual
 *         tables, 2.9.5 type_info. libstdc++ and libc++ follow it.
 */
#include "hosted/cxx.h"

#include "hosted/hosted.h"
#include "process/alone.h"
#include "process/linked.h"

#include <dlfcn.h>
#include <setjmp.h>

/* A call whose exceptions are caught here: see below. */
struct attempt {
    jmp_buf back;
    void *(*begin_catch)(void *exception);
    void (*end_catch)(void);
    const void *caller;
};

static __thread struct attempt *innermost; /* owner; the one whose frame an exception meets first */

/* A function of the dynamic linker, by its name: to name it here would cost each start a lookup,
 * and bring a warning where dlopen is linked statically. False: static. */
static bool find_libdl(void *found, const char *name)
{
    *(void **)found = dlsym(RTLD_DEFAULT, name);
    return *(void **)found != NULL;
}

/* What `address` lies in. */
static bool find_object(const void *address, Dl_info *object)
{
    int (*look)(const void *address, Dl_info *object);
    return find_libdl(&look, "dladdr") && look(address, object) != 0;
}

/* In what `caller` lies in, and that one's dependencies. Not for the program: that is no library to
 * be opened, and everybody's names are looked for there anyway. */
static void *look_up_in_callers(const char *name, const void *caller)
{
    void *(*open)(const char *file, int mode);
    int (*close)(void *handle);
    Dl_info object;
    if (hmm_in_program((uintptr_t)caller) || !find_object(caller, &object) ||
        !find_libdl(&open, "dlopen") || !find_libdl(&close, "dlclose"))
        return NULL;
    void *handle = open(object.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
    if (handle == NULL)
        return NULL;
    void *found = dlsym(handle, name);
    close(handle);
    return found;
}

static HMM_COLD void *look_up(const char *name, const void *caller)
{
    if (innermost != NULL)
        caller = innermost->caller; /* that of hmm_cxx_try, which is the caller now */
    void *found = look_up_in_callers(name, caller);
    return found != NULL ? found : dlsym(RTLD_DEFAULT, name);
}

/* Into *found: a pointer to a function or object, by its mangled name. */
static HMM_COLD bool find(void *found, const char *name, const void *caller)
{
    const void *place = hmm_linked_cxx(name);
    if (place == NULL)
        place = look_up(name, caller);
    *(const void **)found = place;
    return place != NULL;
}

hmm_cxx_handler hmm_cxx_new_handler(const void *caller)
{
    hmm_cxx_handler (*get_handler)(void);
    return find(&get_handler, "_ZSt15get_new_handlerv", caller) ? get_handler() : NULL;
}

/* --- bad_alloc ----------------------------------------------------------------------------------
 * A static C++ library in the program holds what the program uses: who catches std::exception has
 * no bad_alloc. One is made then: a virtual table and a type of the same name, in the exception. */

enum { TABLE_HEAD = 2 }; /* words before the place that an object points to: offset, type */

struct bad_alloc {
    const void *const *virtuals;
    const void *table[TABLE_HEAD + 3];
    struct {
        const void *const *virtuals;
        const char *name;
        const void *base;
    } type;
};

static void destroy(void *unused)
{
    (void)unused;
}

static const char *what(const void *unused)
{
    (void)unused;
    return "std::bad_alloc";
}

static const void *make_bad_alloc(struct bad_alloc *made, const void *const *type_table,
                                  const void *base_type)
{
    void (*const destructor)(void *) = destroy;
    const char *(*const text)(const void *) = what;
    made->virtuals = made->table + TABLE_HEAD;
    made->table[0] = NULL;
    made->table[1] = &made->type;
    made->table[2] = made->table[3] = *(const void *const *)&destructor;
    made->table[4] = *(const void *const *)&text;
    made->type.virtuals = type_table + TABLE_HEAD;
    made->type.name = "St9bad_alloc";
    made->type.base = base_type;
    return &made->type;
}

static HMM_COLD void throw_made(const void *caller)
{
    struct bad_alloc *(*allocate)(size_t);
    void (*throw_it)(struct bad_alloc *, const void *type, void (*destructor)(void *));
    const void *type;
    const void *base_type;
    const void *const *table;
    const void *const *type_table;
    if (!find(&allocate, "__cxa_allocate_exception", caller) ||
        !find(&throw_it, "__cxa_throw", caller))
        return;
    struct bad_alloc *made = allocate(sizeof *made);
    if (find(&type, "_ZTISt9bad_alloc", caller) && find(&table, "_ZTVSt9bad_alloc", caller))
        made->virtuals = table + TABLE_HEAD;
    else if (find(&base_type, "_ZTISt9exception", caller) &&
             find(&type_table, "_ZTVN10__cxxabiv120__si_class_type_infoE", caller))
        type = make_bad_alloc(made, type_table, base_type);
    else
        return;
    throw_it(made, type, destroy);
}

#if SIZE_MAX > UINT32_MAX
#define OPERATOR_NEW "_Znwm"
#else
#define OPERATOR_NEW "_Znwj"
#endif

/* A caller that hides its C++ library may have an operator new of its own beside ours: that throws
 * by it, for a size that nobody has. */
static HMM_COLD void throw_by_callers_new(const void *caller)
{
    void *(*callers_new)(size_t);
    Dl_info its, ours;
    *(void **)&callers_new = look_up(OPERATOR_NEW, caller);
    if (callers_new == NULL || !find_object(*(void **)&callers_new, &its) ||
        !find_object((const void *)(uintptr_t)hmm_cxx_throw_bad_alloc, &ours) ||
        its.dli_fbase == ours.dli_fbase)
        return;
    (void)callers_new(PTRDIFF_MAX);
}

HMM_COLD _Noreturn void hmm_cxx_throw_bad_alloc(const void *caller)
{
    void (*throw_bad_alloc)(void);
    if (find(&throw_bad_alloc, "_ZSt17__throw_bad_allocv", caller))
        throw_bad_alloc();
    throw_made(caller);
    if (innermost != NULL) /* for new(nothrow): without a library there is nothing to unwind */
        longjmp(innermost->back, 1);
    throw_by_callers_new(caller);
    hmm_fatal("operator new: out of memory, and no C++ library to throw std::bad_alloc: called at",
              caller, NULL);
}

/* --- catching -----------------------------------------------------------------------------------
 * C has no catch. hmm_cxx_personality is called by the unwinder for the frame of call_and_catch, as
 * that of C++ is for frames with a catch; it ends the exception and jumps back to hmm_cxx_try. */

enum { SEARCH_PHASE = 1, HANDLER_FRAME = 4, FORCE_UNWIND = 8 }; /* _Unwind_Action */
enum { HANDLER_FOUND = 6, CONTINUE_UNWIND = 8 };                /* _Unwind_Reason_Code */

/* Who cannot end an exception does not catch it. */
static bool can_catch(struct attempt *attempt)
{
    return find(&attempt->begin_catch, "__cxa_begin_catch", attempt->caller) &&
           find(&attempt->end_catch, "__cxa_end_catch", attempt->caller);
}

__attribute__((used)) int hmm_cxx_personality(int version, int actions, uint64_t class,
                                              void *exception, void *context);

int hmm_cxx_personality(int version, int actions, uint64_t class, void *exception, void *context)
{
    (void)version;
    (void)class;
    (void)context;
    if ((actions & FORCE_UNWIND) != 0)
        return CONTINUE_UNWIND; /* a thread's end is no exception */
    if ((actions & SEARCH_PHASE) != 0)
        return can_catch(innermost) ? HANDLER_FOUND : CONTINUE_UNWIND;
    if ((actions & HANDLER_FRAME) == 0)
        return CONTINUE_UNWIND;
    innermost->begin_catch(exception);
    innermost->end_catch();
    longjmp(innermost->back, 1);
}

static HMM_COLD void *call_and_catch(hmm_cxx_new call, size_t size, size_t alignment)
{
    /* 0x1b: relative to its place, in 4 bytes (DW_EH_PE_pcrel | DW_EH_PE_sdata4) */
    __asm__ volatile(".cfi_personality 0x1b, hmm_cxx_personality");
    void *block = call(size, alignment);
    HMM_KEEP(block); /* not by a jump: the frame must be there */
    return block;
}

HMM_COLD void *hmm_cxx_try(hmm_cxx_new call, size_t size, size_t alignment, const void *caller)
{
    struct attempt attempt = {.caller = caller};
    struct attempt *outer = innermost;
    void *block = NULL;
    if (setjmp(attempt.back) == 0) {
        innermost = &attempt;
        block = call_and_catch(call, size, alignment);
    } else {
        block = NULL;
    }
    innermost = outer;
    return block;
}
