/* subject.h - the heap under test: the core with a heap of its own, or the linked library's malloc
 * family.
 */
#ifndef HMM_TESTS_SUBJECT_H
#define HMM_TESTS_SUBJECT_H

#ifdef MODEL_API

#include "hmm.h"

#include <malloc.h>

struct subject;
static inline bool subject_start(bool map)
{
    return !map;
}
static inline struct subject *subject_enter(void)
{
    return NULL;
}
static inline void subject_leave(struct subject *s)
{
    (void)s;
}
static inline void *subject_alloc(struct subject *s, size_t bytes)
{
    (void)s;
    return malloc(bytes);
}
static inline void *subject_calloc(struct subject *s, size_t bytes)
{
    (void)s;
    return calloc(1, bytes);
}
static inline void *subject_aligned(struct subject *s, size_t align, size_t bytes)
{
    void *block = NULL;
    (void)s;
    if (bytes % 2 == 0)
        return memalign(align, bytes);
    if (align < sizeof(void *))
        align = sizeof(void *);
    return posix_memalign(&block, align, bytes) == 0 ? block : NULL;
}
static inline void *subject_realloc(struct subject *s, void *block, size_t bytes)
{
    (void)s;
    return realloc(block, bytes);
}
static inline void subject_free(struct subject *s, void *block)
{
    (void)s;
    free(block);
}
static inline size_t subject_usable(void *block)
{
    return malloc_usable_size(block);
}
static inline void subject_trim(struct subject *s)
{
    (void)s;
    malloc_trim(0);
}
static inline const char *subject_check(void)
{
    return HmmCheck();
}

#else

#include "heap/check.h"
#include "heap/heap.h"
#include "heap/walk.h"
#include "memory/pages.h"
#include "memory/pieces.h"

static struct hmm_heap subject_heap;
struct subject {
    struct hmm_thread self;
};

static inline bool subject_start(bool map)
{
    struct hmm_tunables tunables = *hmm_tunables_defaults();
    tunables.map = map;
    tunables.map_threshold = 8 << 20;
    return hmm_heap_init(&subject_heap, &tunables);
}
static inline struct subject *subject_enter(void)
{
    return calloc(1, sizeof(struct subject));
}
static inline void subject_leave(struct subject *s)
{
    hmm_heap_thread_exit(&subject_heap, &s->self);
    free(s);
}
static inline void *subject_alloc(struct subject *s, size_t bytes)
{
    return hmm_heap_alloc(&subject_heap, &s->self, bytes == 0 ? 1 : bytes, NULL);
}
static inline void *subject_calloc(struct subject *s, size_t bytes)
{
    bool zero = false;
    void *block = hmm_heap_alloc(&subject_heap, &s->self, bytes == 0 ? 1 : bytes, &zero);
    return block == NULL || zero ? block : memset(block, 0, bytes);
}
static inline void *subject_aligned(struct subject *s, size_t align, size_t bytes)
{
    return hmm_heap_alloc_aligned(&subject_heap, &s->self, align < 16 ? 16 : align, bytes);
}
static inline void subject_free(struct subject *s, void *block)
{
    hmm_heap_free(&subject_heap, &s->self, block, "HmmFree");
}
static inline size_t subject_usable(const void *block)
{
    return hmm_heap_usable(&subject_heap, block, "HmmUsableSize");
}
static inline void *subject_realloc(struct subject *s, void *block, size_t bytes)
{
    size_t usable_bytes = subject_usable(block);
    void *same = hmm_heap_resize(&subject_heap, &s->self, block, usable_bytes, bytes);
    if (same != NULL)
        return same;
    void *moved = subject_alloc(s, bytes);
    if (moved == NULL)
        return NULL;
    memcpy(moved, block, hmm_min(bytes, usable_bytes));
    subject_free(s, block);
    return moved;
}
static inline void subject_trim(struct subject *s)
{
    hmm_heap_trim(&subject_heap, &s->self, 0);
}
static inline const char *subject_check(void)
{
    return hmm_heap_check(&subject_heap);
}

#endif
#endif
