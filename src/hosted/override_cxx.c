/* override_cxx.c - C++: all forms of operator new and delete, by their Itanium ABI names.
 *
 * A program may replace any of them. A form that it does not replace calls the one that the
 * standard names, so all of them belong together:
 *
 *   new[] -> new                     delete[] -> delete
 *   new(nothrow) -> new              delete(nothrow), delete(size) -> delete
 *   new[](nothrow) -> new[]          delete[](nothrow), delete[](size) -> delete[]
 *
 * and in the same way among those with an alignment, which never lead to one without. Each is weak
 * and calls the others by name: the linker, or the dynamic linker, decides which one that is. Where
 * none is replaced, new(nothrow) need not throw and catch, and delete(size) checks the size.
 *
 * Layer   hosted.
 * Source  C++17 [new.delete.single], [new.delete.array].
 */
#include "hosted/cxx.h"
#include "hosted/hosted.h"
#include "hosted/replaced.h"

#define CALLER  __builtin_return_address(0) /* also where its function is inlined */
#define UNUSED  __attribute__((unused))
#define NOTHROW UNUSED const void *nothrow

/* Names with a size_t in them: m where that is an unsigned long, j where it is an unsigned int. */
#if SIZE_MAX <= UINT32_MAX
#define _Znwm                              _Znwj
#define _Znam                              _Znaj
#define _ZnwmRKSt9nothrow_t                _ZnwjRKSt9nothrow_t
#define _ZnamRKSt9nothrow_t                _ZnajRKSt9nothrow_t
#define _ZnwmSt11align_val_t               _ZnwjSt11align_val_t
#define _ZnamSt11align_val_t               _ZnajSt11align_val_t
#define _ZnwmSt11align_val_tRKSt9nothrow_t _ZnwjSt11align_val_tRKSt9nothrow_t
#define _ZnamSt11align_val_tRKSt9nothrow_t _ZnajSt11align_val_tRKSt9nothrow_t
#define _ZdlPvm                            _ZdlPvj
#define _ZdaPvm                            _ZdaPvj
#define _ZdlPvmSt11align_val_t             _ZdlPvjSt11align_val_t
#define _ZdaPvmSt11align_val_t             _ZdaPvjSt11align_val_t
#endif

/* --- is one of them replaced? -------------------------------------------------------------------
 */

static _Atomic(uint8_t) forms_state; /* enum hmm_replaced; atomic, relaxed: all find the same */

static enum hmm_replaced look_at_forms(void);

static bool any_replaced(void)
{
    enum hmm_replaced state =
        atomic_load_explicit(&forms_state, memory_order_relaxed); /* relaxed: as above */
    return (state == HMM_REPLACED_UNKNOWN ? look_at_forms() : state) != HMM_REPLACED_NONE;
}

/* Off the hit paths: may this thread make hits from now on in forms that lead to others? */
static inline void note_forms(void)
{
    if (hmm_self.forms_bytes != hmm_self.small_bytes && !any_replaced())
        hmm_self.forms_bytes = hmm_self.small_bytes;
}

/* --- allocate -----------------------------------------------------------------------------------
 */

static inline void *allocate(size_t size, size_t alignment)
{
    if (alignment > HMM_GRANULE_BYTES)
        return hmm_alloc_aligned(alignment, size);
    void *block;
    if (hmm_likely(hmm_hit_alloc(size, &block)))
        return block;
    return hmm_alloc_slow(size, NULL);
}

/* Call the handler until there is memory, or no handler. */
static HMM_NOINLINE void *allocate_or_throw(size_t size, size_t alignment, const void *caller)
{
    note_forms();
    for (;;) {
        void *block = allocate(size, alignment);
        if (hmm_likely(block != NULL))
            return block;
        hmm_cxx_handler handler = hmm_cxx_new_handler(caller);
        if (handler == NULL)
            hmm_cxx_throw_bad_alloc(caller);
        handler();
    }
}

/* --- those that others lead to ------------------------------------------------------------------
 */

static HMM_NOINLINE void *new_slow(size_t size, const void *caller)
{
    void *block;
    return hmm_hit_alloc_above(size, &block) ? block : allocate_or_throw(size, 1, caller);
}

HMM_REPLACEABLE void *_Znwm(size_t size)
{
    void *block;
    if (hmm_likely(hmm_hit_alloc(size, &block)))
        return block;
    return new_slow(size, CALLER);
}

HMM_REPLACEABLE void *_Znam(size_t size)
{
    void *block;
    if (hmm_likely(hmm_hit_alloc_to(hmm_self.forms_bytes, size, &block)))
        return block;
    return _Znwm(size);
}

static HMM_NOINLINE void *new_aligned_slow(size_t size, size_t alignment, const void *caller)
{
    void *block;
    return hmm_hit_alloc_aligned_above(hmm_self.small_bytes, alignment, size, &block)
               ? block
               : allocate_or_throw(size, alignment, caller);
}

HMM_REPLACEABLE void *_ZnwmSt11align_val_t(size_t size, size_t alignment)
{
    void *block;
    if (hmm_likely(hmm_hit_alloc_aligned(hmm_self.small_bytes, alignment, size, &block)))
        return block;
    return new_aligned_slow(size, alignment, CALLER);
}

HMM_REPLACEABLE void *_ZnamSt11align_val_t(size_t size, size_t alignment)
{
    void *block;
    if (hmm_likely(hmm_hit_alloc_aligned(hmm_self.forms_bytes, alignment, size, &block)))
        return block;
    return _ZnwmSt11align_val_t(size, alignment);
}

HMM_REPLACEABLE void _ZdlPv(void *block)
{
    hmm_free(block, "HmmFree");
}

HMM_REPLACEABLE void _ZdaPv(void *block)
{
    _ZdlPv(block);
}

HMM_REPLACEABLE void _ZdlPvSt11align_val_t(void *block, UNUSED size_t alignment)
{
    hmm_free(block, "HmmFree");
}

HMM_REPLACEABLE void _ZdaPvSt11align_val_t(void *block, size_t alignment)
{
    _ZdlPvSt11align_val_t(block, alignment);
}

/* --- new(nothrow) -------------------------------------------------------------------------------
 */

static HMM_NOINLINE void *allocate_or_null(hmm_cxx_new form, size_t size, size_t alignment,
                                           const void *caller)
{
    note_forms();
    if (!any_replaced()) {
        void *block = allocate(size, alignment);
        if (block != NULL || hmm_cxx_new_handler(caller) == NULL)
            return block;
    }
    return hmm_cxx_try(form, size, alignment, caller); /* a handler may throw, too */
}

static void *call_new(size_t size, UNUSED size_t alignment)
{
    return _Znwm(size);
}

static void *call_new_array(size_t size, UNUSED size_t alignment)
{
    return _Znam(size);
}

static HMM_INLINE void *new_nothrow(hmm_cxx_new form, size_t size)
{
    void *block;
    if (hmm_likely(hmm_hit_alloc_to(hmm_self.forms_bytes, size, &block)))
        return block;
    return allocate_or_null(form, size, 1, CALLER);
}

HMM_REPLACEABLE void *_ZnwmRKSt9nothrow_t(size_t size, NOTHROW)
{
    return new_nothrow(call_new, size);
}

HMM_REPLACEABLE void *_ZnamRKSt9nothrow_t(size_t size, NOTHROW)
{
    return new_nothrow(call_new_array, size);
}

static HMM_INLINE void *new_aligned_nothrow(hmm_cxx_new form, size_t size, size_t alignment)
{
    void *block;
    if (hmm_likely(hmm_hit_alloc_aligned(hmm_self.forms_bytes, alignment, size, &block)))
        return block;
    return allocate_or_null(form, size, alignment, CALLER);
}

HMM_REPLACEABLE void *_ZnwmSt11align_val_tRKSt9nothrow_t(size_t size, size_t alignment, NOTHROW)
{
    return new_aligned_nothrow(_ZnwmSt11align_val_t, size, alignment);
}

HMM_REPLACEABLE void *_ZnamSt11align_val_tRKSt9nothrow_t(size_t size, size_t alignment, NOTHROW)
{
    return new_aligned_nothrow(_ZnamSt11align_val_t, size, alignment);
}

/* --- delete(nothrow), delete(size) --------------------------------------------------------------
 * Where a form is replaced, a block may be of any size, or not one of this heap. */

static HMM_NOINLINE void check_size(const void *block, size_t size, size_t alignment,
                                    const void *caller)
{
    note_forms();
    if (hmm_unlikely(!hmm_has_class_of(block, hmm_round_up(size, alignment))) && block != NULL &&
        !any_replaced())
        hmm_check_size_at(block, alignment, size, true, "HmmFree", caller);
}

static HMM_NOINLINE void delete_sized(void *block, size_t size, const void *caller)
{
    if (hmm_hit_free_sized_above(hmm_self.forms_bytes, block, size))
        return;
    check_size(block, size, 1, caller);
    _ZdlPv(block);
}

static HMM_NOINLINE void delete_array_sized(void *block, size_t size, const void *caller)
{
    if (hmm_hit_free_sized_above(hmm_self.forms_bytes, block, size))
        return;
    check_size(block, size, 1, caller);
    _ZdaPv(block);
}

HMM_REPLACEABLE void _ZdlPvm(void *block, size_t size)
{
    if (hmm_unlikely(!hmm_hit_free_sized(&hmm_self.forms_bytes, block, size)))
        delete_sized(block, size, CALLER);
}

HMM_REPLACEABLE void _ZdaPvm(void *block, size_t size)
{
    if (hmm_unlikely(!hmm_hit_free_sized(&hmm_self.forms_bytes, block, size)))
        delete_array_sized(block, size, CALLER);
}

static HMM_NOINLINE void delete_aligned_sized(void *block, size_t size, size_t alignment,
                                              const void *caller)
{
    if (hmm_hit_free_sized_above(hmm_self.forms_bytes, block, hmm_round_up(size, alignment)))
        return;
    check_size(block, size, alignment, caller);
    _ZdlPvSt11align_val_t(block, alignment);
}

static HMM_NOINLINE void delete_array_aligned_sized(void *block, size_t size, size_t alignment,
                                                    const void *caller)
{
    if (hmm_hit_free_sized_above(hmm_self.forms_bytes, block, hmm_round_up(size, alignment)))
        return;
    check_size(block, size, alignment, caller);
    _ZdaPvSt11align_val_t(block, alignment);
}

HMM_REPLACEABLE void _ZdlPvmSt11align_val_t(void *block, size_t size, size_t alignment)
{
    size_t whole = hmm_round_up(size, alignment);
    if (hmm_unlikely(!hmm_hit_free_sized(&hmm_self.forms_bytes, block, whole)))
        delete_aligned_sized(block, size, alignment, CALLER);
}

HMM_REPLACEABLE void _ZdaPvmSt11align_val_t(void *block, size_t size, size_t alignment)
{
    size_t whole = hmm_round_up(size, alignment);
    if (hmm_unlikely(!hmm_hit_free_sized(&hmm_self.forms_bytes, block, whole)))
        delete_array_aligned_sized(block, size, alignment, CALLER);
}

HMM_REPLACEABLE void _ZdlPvRKSt9nothrow_t(void *block, NOTHROW)
{
    _ZdlPv(block);
}

HMM_REPLACEABLE void _ZdaPvRKSt9nothrow_t(void *block, NOTHROW)
{
    _ZdaPv(block);
}

HMM_REPLACEABLE void _ZdlPvSt11align_val_tRKSt9nothrow_t(void *block, size_t alignment, NOTHROW)
{
    _ZdlPvSt11align_val_t(block, alignment);
}

HMM_REPLACEABLE void _ZdaPvSt11align_val_tRKSt9nothrow_t(void *block, size_t alignment, NOTHROW)
{
    _ZdaPvSt11align_val_t(block, alignment);
}

/* --- once, at start -----------------------------------------------------------------------------
 * Of delete's forms those that others lead to; of new's all: whatever gives a block otherwise. */

#define FORMS(X)                                                                                   \
    X(_Znwm)                                                                                       \
    X(_Znam)                                                                                       \
    X(_ZnwmRKSt9nothrow_t)                                                                         \
    X(_ZnamRKSt9nothrow_t)                                                                         \
    X(_ZnwmSt11align_val_t)                                                                        \
    X(_ZnamSt11align_val_t)                                                                        \
    X(_ZnwmSt11align_val_tRKSt9nothrow_t)                                                          \
    X(_ZnamSt11align_val_tRKSt9nothrow_t)                                                          \
    X(_ZdlPv)                                                                                      \
    X(_ZdaPv)                                                                                      \
    X(_ZdlPvSt11align_val_t)                                                                       \
    X(_ZdaPvSt11align_val_t)

#define OWN_NAMED(name) static __typeof__(name) own##name __attribute__((alias(#name)));
#define OWN_FORM(name)  OWN_NAMED(name)
#define NAMED(name)     || hmm_is_replaced((hmm_function)name, (hmm_function)own##name)
#define FORM(name)      NAMED(name)
FORMS(OWN_FORM)

static HMM_COLD enum hmm_replaced look_at_forms(void)
{
    bool some = false FORMS(FORM);
    enum hmm_replaced state = some ? HMM_REPLACED_SOME : HMM_REPLACED_NONE;
    atomic_store_explicit(&forms_state, (uint8_t)state, memory_order_relaxed); /* relaxed: above */
    return state;
}

/* There is one thread then. */
__attribute__((constructor)) static void look_at_forms_at_start(void)
{
    look_at_forms();
}
