/* override_cxx.c - C++: all forms of operator new and delete, by their Itanium ABI names.
 *
 * libhmm stays C and does not link libstdc++: what a failing new needs from it - the new_handler
 * and bad_alloc - is found through weak references, or by dlsym when C++ came later by dlopen.
 *
 * Layer   hosted.
 */
#include "hosted/hosted.h"

#include <dlfcn.h>

typedef void (*handler_fn)(void);
extern handler_fn std_get_new_handler(void) __asm__("_ZSt15get_new_handlerv") __attribute__((weak));
extern void std_throw_bad_alloc(void) __asm__("_ZSt17__throw_bad_allocv") __attribute__((weak));

static HMM_COLD handler_fn new_handler(void)
{
    handler_fn (*get)(void) = std_get_new_handler;
    if (get == NULL)
        *(void **)&get = dlsym(RTLD_DEFAULT, "_ZSt15get_new_handlerv");
    return get != NULL ? get() : NULL;
}

static HMM_COLD void throw_bad_alloc(void)
{
    void (*throw_it)(void) = std_throw_bad_alloc;
    if (throw_it == NULL)
        *(void **)&throw_it = dlsym(RTLD_DEFAULT, "_ZSt17__throw_bad_allocv");
    if (throw_it != NULL)
        throw_it();
    hmm_fatal("operator new: out of memory, and no C++ library to throw bad_alloc", NULL, NULL);
}

static void *allocate(size_t alignment, size_t size)
{
    if (alignment > HMM_GRANULE_BYTES)
        return hmm_alloc_aligned(alignment, size);
    void *block;
    if (hmm_likely(hmm_hit_alloc(size, &block)))
        return block;
    return hmm_alloc_slow(size, NULL);
}

/* C++17 [new.delete.single]: call the handler until there is memory or there is no handler. */
static HMM_COLD void *retry(size_t alignment, size_t size, bool throws)
{
    for (;;) {
        handler_fn handler = new_handler();
        if (handler == NULL)
            break;
        handler();
        void *block = allocate(alignment, size);
        if (block != NULL)
            return block;
    }
    if (throws)
        throw_bad_alloc();
    return NULL;
}

static inline void *new_block(size_t alignment, size_t size, bool throws)
{
    void *block = allocate(alignment, size);
    return hmm_likely(block != NULL) ? block : retry(alignment, size, throws);
}

static HMM_INLINE void delete_sized(void *block, size_t alignment, size_t size)
{
    if (block == NULL)
        return;
    hmm_check_size(block, alignment, size, true, "HmmFree");
    hmm_free(block, "HmmFree");
}

#define NEW(mangled, params, alignment, throws)                                                    \
    HMM_EXPORTED void *mangled params                                                              \
    {                                                                                              \
        return new_block(alignment, size, throws);                                                 \
    }
#define DELETE(mangled, params, statement)                                                         \
    HMM_EXPORTED void mangled params                                                               \
    {                                                                                              \
        statement;                                                                                 \
    }
#define UNUSED __attribute__((unused))

NEW(_Znwm, (size_t size), 1, true)
NEW(_Znam, (size_t size), 1, true)
NEW(_ZnwmRKSt9nothrow_t, (size_t size, UNUSED const void *tag), 1, false)
NEW(_ZnamRKSt9nothrow_t, (size_t size, UNUSED const void *tag), 1, false)
NEW(_ZnwmSt11align_val_t, (size_t size, size_t alignment), alignment, true)
NEW(_ZnamSt11align_val_t, (size_t size, size_t alignment), alignment, true)
NEW(_ZnwmSt11align_val_tRKSt9nothrow_t, (size_t size, size_t alignment, UNUSED const void *tag),
    alignment, false)
NEW(_ZnamSt11align_val_tRKSt9nothrow_t, (size_t size, size_t alignment, UNUSED const void *tag),
    alignment, false)

DELETE(_ZdlPv, (void *block), hmm_free(block, "HmmFree"))
DELETE(_ZdaPv, (void *block), hmm_free(block, "HmmFree"))
DELETE(_ZdlPvRKSt9nothrow_t, (void *block, UNUSED const void *tag), hmm_free(block, "HmmFree"))
DELETE(_ZdaPvRKSt9nothrow_t, (void *block, UNUSED const void *tag), hmm_free(block, "HmmFree"))
DELETE(_ZdlPvm, (void *block, size_t size), delete_sized(block, 1, size))
DELETE(_ZdaPvm, (void *block, size_t size), delete_sized(block, 1, size))
DELETE(_ZdlPvSt11align_val_t, (void *block, UNUSED size_t alignment), hmm_free(block, "HmmFree"))
DELETE(_ZdaPvSt11align_val_t, (void *block, UNUSED size_t alignment), hmm_free(block, "HmmFree"))
DELETE(_ZdlPvSt11align_val_tRKSt9nothrow_t,
       (void *block, UNUSED size_t alignment, UNUSED const void *tag), hmm_free(block, "HmmFree"))
DELETE(_ZdaPvSt11align_val_tRKSt9nothrow_t,
       (void *block, UNUSED size_t alignment, UNUSED const void *tag), hmm_free(block, "HmmFree"))
DELETE(_ZdlPvmSt11align_val_t, (void *block, size_t size, size_t alignment),
       delete_sized(block, alignment, size))
DELETE(_ZdaPvmSt11align_val_t, (void *block, size_t size, size_t alignment),
       delete_sized(block, alignment, size))
