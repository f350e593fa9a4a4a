/* drop.h - a heap of the tests' own goes: its memory and its records, so that the next one finds
 * the same places free.
 */
#ifndef HMM_TESTS_DROP_H
#define HMM_TESTS_DROP_H

#include "memory/states.h"
#include "heap/check.h"
#include "heap/heap.h"
#include "heap/walk.h"
#include "memory/pages.h"
#include "memory/pieces.h"

static inline void drop_range(char *start, char *end)
{
    char *first = (char *)hmm_round_down((uintptr_t)start, hmm_port_page_bytes());
    char *behind = (char *)hmm_round_up((uintptr_t)end, hmm_port_page_bytes());
    if (behind > first)
        hmm_port_release(first, (size_t)(behind - first));
}

static inline void drop_heap(struct hmm_heap *heap)
{
    struct hmm_pages *pages = &heap->pages;
    for (const struct hmm_piece *p = pages->lowest; p != NULL; p = p->next)
        drop_range(hmm_pagemap_address(pages->map, p->first),
                   hmm_pagemap_address(pages->map, p->behind));
    hmm_states_release(pages, 0, pages->n_units);
    for (unsigned i = 0; i < HMM_STRIP_STATE; i++)
        if (heap->meta.strips[i].mapped_end > heap->meta.strips[i].start)
            drop_range(heap->meta.strips[i].start, heap->meta.strips[i].mapped_end);
    drop_range(heap->meta.chunks.mapped, (char *)(heap->meta.chunks.first + 1));
    drop_range(heap->meta.objects.first_mapped, heap->meta.objects.first_end);
    if (heap->meta.objects.more.mapped_end > heap->meta.objects.more.start)
        drop_range(heap->meta.objects.more.start, heap->meta.objects.more.mapped_end);
}

#endif
