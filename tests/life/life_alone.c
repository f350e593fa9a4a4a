/* life_alone.c - a heap that is not the only one of its process leaves the program break alone: a
 * copy of the library in a namespace of its own (dlmopen), and one that is loaded late (dlopen)
 * beside libc's heap.
 */
#include "must.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { N_BLOCKS = 20000, ROUNDS = 10 };

static void *(*other_alloc)(size_t);
static void (*other_free)(void *);

static long churn(void *(*alloc)(size_t), void (*give)(void *))
{
    static __thread unsigned char *blocks[N_BLOCKS];
    long bad = 0;
    for (int r = 0; r < ROUNDS; r++) {
        for (int i = 0; i < N_BLOCKS; i++)
            blocks[i] = memset(alloc((size_t)(i * 77 + r) % 3000 + 1), i, 1);
        for (int i = 0; i < N_BLOCKS; i++)
            bad += blocks[i][0] != (unsigned char)i;
        for (int i = 0; i < N_BLOCKS; i++)
            give(blocks[i]);
    }
    return bad;
}

static void *churn_there(void *unused)
{
    (void)unused;
    return (void *)churn(other_alloc, other_free);
}

/* The other heap takes 20 MiB, and the break stays; then both grow at the same time. */
static void use(void *library)
{
    static void *blocks[N_BLOCKS];
    MUST(library != NULL);
    *(void **)&other_alloc = dlsym(library, "HmmAlloc");
    *(void **)&other_free = dlsym(library, "HmmFree");
    MUST(other_alloc != NULL && other_free != NULL);
    const char *(*check)(void);
    *(void **)&check = dlsym(library, "HmmCheck");
    long before = syscall(SYS_brk, 0);
    for (int i = 0; i < N_BLOCKS; i++)
        MUST((blocks[i] = other_alloc(1000)) != NULL);
    MUST(syscall(SYS_brk, 0) == before);
    for (int i = 0; i < N_BLOCKS; i++)
        other_free(blocks[i]);
    pthread_t thread;
    void *bad_there;
    MUST(pthread_create(&thread, NULL, churn_there, NULL) == 0);
    MUST(churn(malloc, free) == 0);
    MUST(pthread_join(thread, &bad_there) == 0 && bad_there == NULL);
    MUST(check() == NULL);
}

int main(int argc, char **argv)
{
    if (argc > 2) { /* late PATH */
        free(malloc(100));
        use(dlopen(argv[2], RTLD_NOW | RTLD_LOCAL));
        return 0;
    }
    const char *path = getenv("LD_PRELOAD");
    MUST(path != NULL);
    char *own = strdup(path);
    use(dlmopen(LM_ID_NEWLM, own, RTLD_NOW | RTLD_LOCAL));
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        unsetenv("LD_PRELOAD");
        execl("/proc/self/exe", argv[0], "late", own, NULL);
        _exit(99);
    }
    int status = -1;
    MUST(waitpid(pid, &status, 0) == pid);
    if (status != 0)
        printf("late: status 0x%x\n", status);
    puts(status == 0 ? "ok" : "failed");
    return status != 0;
}
