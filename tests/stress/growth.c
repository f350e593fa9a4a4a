/* growth.c - threads fill a heap with small blocks, past the size from which new memory comes in
 * huge pages, while the kernel refuses each huge page: the heap learns so in the middle of the
 * others' growing. Then everything is freed. Again with a new heap, as often as asked.
 *
 *   stress_growth THREADS ROUNDS
 *
 * Exit status 77: system calls can't be refused here, nothing was tried.
 */
#include "stress/drop.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

enum { BLOCKS = 3000, BLOCK_BYTES = 900, MAX_THREADS = 16, COLLAPSE = 25 };

static struct hmm_heap heap;

/* From now on madvise(MADV_COLLAPSE) fails with EINVAL, as where there are no huge pages. */
static bool refuse_collapse(void)
{
    const uint32_t low_word = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0;
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_madvise, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2]) + low_word),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, COLLAPSE, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0 &&
           madvise(NULL, 0, COLLAPSE) != 0;
}

static void die(const char *what)
{
    fprintf(stderr, "growth: %s\n", what);
    abort();
}

static void *fill(void *arg)
{
    struct hmm_thread self = {0};
    void **blocks = calloc(BLOCKS, sizeof *blocks);
    (void)arg;
    for (int i = 0; i < BLOCKS; i++) {
        blocks[i] = hmm_heap_alloc(&heap, &self, BLOCK_BYTES, NULL);
        if (blocks[i] == NULL)
            die("no memory");
        *(void **)blocks[i] = blocks[i];
    }
    for (int i = 0; i < BLOCKS; i++) {
        if (*(void **)blocks[i] != blocks[i])
            die("contents have changed");
        hmm_heap_free(&heap, &self, blocks[i], "HmmFree");
    }
    hmm_heap_thread_exit(&heap, &self);
    free(blocks);
    return NULL;
}

static void one(unsigned n_threads)
{
    struct hmm_tunables tunables = *hmm_tunables_defaults();
    pthread_t threads[MAX_THREADS];
    memset(&heap, 0, sizeof heap);
    tunables.map = 1;
    tunables.heap_max = (uint64_t)256 << 20;
    tunables.huge_min = (uint64_t)2 << 20;
    tunables.grow_min = 65536; /* many steps, so that they fall into one another */
    tunables.grow_max = 65536;
    if (!hmm_heap_init(&heap, &tunables))
        die("no heap");
    for (unsigned i = 0; i < n_threads; i++)
        pthread_create(&threads[i], NULL, fill, NULL);
    for (unsigned i = 0; i < n_threads; i++)
        pthread_join(threads[i], NULL);
    const char *wrong = hmm_heap_check(&heap);
    if (wrong != NULL)
        die(wrong);
    drop_heap(&heap);
}

int main(int argc, char **argv)
{
    unsigned n_threads = argc > 1 ? (unsigned)atoi(argv[1]) : 4;
    int n_rounds = argc > 2 ? atoi(argv[2]) : 4;
    if (n_threads == 0 || n_threads > MAX_THREADS)
        return 2;
    if (!refuse_collapse()) {
        printf("skipped: system calls can't be refused here\n");
        return 77;
    }
    for (int i = 0; i < n_rounds; i++)
        one(n_threads);
    printf("%d heaps filled by %u threads without huge pages: ok\n", n_rounds, n_threads);
    return 0;
}
