/* hold.c - between a fork's two handlers the heap holds still: no arena's slabs change, though
 * other threads want to take and give blocks all the time; and afterwards they go on.
 *
 *   stress_hold [HOLDS]
 */
#include "heap/check.h"
#include "heap/fork.h"
#include "heap/heap.h"
#include "heap/walk.h"
#include "memory/pages.h"
#include "memory/pieces.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { THREADS = 4, BLOCKS = 500, HOLD_US = 1500 };

static struct hmm_heap heap;
static _Atomic(bool) stop;
static _Atomic(unsigned) n_rounds;

static void *work(void *arg)
{
    struct hmm_thread self = {0};
    static _Thread_local void *blocks[BLOCKS];
    size_t bytes = 64 + (size_t)(uintptr_t)arg * 400;
    while (!atomic_load(&stop)) {
        for (int i = 0; i < BLOCKS; i++)
            blocks[i] = hmm_heap_alloc(&heap, &self, bytes, NULL);
        for (int i = 0; i < BLOCKS; i++)
            hmm_heap_free(&heap, &self, blocks[i], "free");
        atomic_fetch_add(&n_rounds, 1);
    }
    hmm_heap_thread_exit(&heap, &self);
    return NULL;
}

/* Of what the arenas' locks guard: which slots are free, by slab. */
static uint64_t fingerprint(void)
{
    uint64_t sum = 0;
    for (struct hmm_arena *a = hmm_arenas_all(&heap.arenas); a != NULL; a = a->next) {
        sum = sum * 31 + a->free_bytes * 7 + a->slab_bytes;
        for (unsigned c = 1; c < HMM_CLASSES; c++) {
            const struct hmm_magazine *mag = a->magazines[c];
            for (const struct hmm_slab *s = mag != NULL ? mag->bin.current : NULL; s; s = s->next)
                sum = sum * 31 + s->n_free * 7 + s->words[0];
        }
    }
    return sum;
}

int main(int argc, char **argv)
{
    int holds = argc > 1 ? atoi(argv[1]) : 100;
    int changed = 0, stuck = 0;
    pthread_t threads[THREADS];
    if (!hmm_heap_init(&heap, hmm_tunables_defaults()))
        return 2;
    for (uintptr_t i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, work, (void *)i);
    for (int n = 0; n < holds; n++) {
        hmm_heap_fork_prepare(&heap);
        uint64_t before = fingerprint();
        usleep(HOLD_US);
        changed += fingerprint() != before;
        hmm_heap_fork_parent(&heap);
        unsigned seen = atomic_load(&n_rounds);
        for (int i = 0; i < 10000 && atomic_load(&n_rounds) == seen; i++)
            usleep(1000);
        stuck += atomic_load(&n_rounds) == seen;
    }
    atomic_store(&stop, true);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    const char *wrong = hmm_heap_check(&heap);
    printf("%d holds: changed in %d, stuck after %d; heap: %s\n", holds, changed, stuck,
           wrong != NULL ? wrong : "ok");
    return changed != 0 || stuck != 0 || wrong != NULL;
}
