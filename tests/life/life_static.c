/* life_static.c - linked with libhmm.a and -static: every call is libhmm's, libc's malloc.o stays
 * out.
 */
#include "hmm.h"

#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *work(void *arg)
{
    for (int i = 0; i < 2000; i++)
        free(memset(malloc((size_t)i * 5), 1, (size_t)i * 5));
    return arg;
}

int main(void)
{
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, work, NULL);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    void *block = malloc(1000);
    if (HmmUsableSize(block) < 1000) /* aborts if it is another heap's */
        return 1;
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n); /* libc allocates from libhmm */
    fprintf(f, "%d %s", 5, "hello");
    fclose(f);
    if (strcmp(text, "5 hello") != 0 || HmmUsableSize(text) == 0)
        return 2;
    free(text);
    free(block);
    HmmFree(NULL);
    puts(HmmCheck() == NULL ? "ok" : "heap check failed");
    return HmmCheck() != NULL;
}
