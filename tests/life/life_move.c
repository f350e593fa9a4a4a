/* life_move.c - a large block that must move to grow takes its pages along, a new one gets those of
 * free memory that fits nothing: few page faults, little memory, right contents; and the kernel's
 * mappings stay few, however often that happens.
 */
#include "expect.h"
#include "rss.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

enum { MIB = 1 << 20 };

static long mappings(void)
{
    FILE *file = fopen("/proc/self/maps", "r");
    long n = 0;
    for (int c; file != NULL && (c = fgetc(file)) != EOF;)
        n += c == '\n';
    if (file != NULL)
        fclose(file);
    return n;
}

static void fill(char *block, size_t from, size_t to)
{
    for (size_t at = from; at < to; at += 512)
        *(uint64_t *)(void *)(block + at) = at * 2654435761u;
}

static long wrong(const char *block, size_t bytes)
{
    long n = 0;
    for (size_t at = 0; at < bytes; at += 512)
        n += *(const uint64_t *)(const void *)(block + at) != at * 2654435761u;
    return n;
}

static int is_supported(void)
{
    char *from = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return mremap(from, 4096, 4096, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL) != MAP_FAILED;
}

/* Each step needs a new place: a block lies behind the last one. */
static void grow_once(void)
{
    void *behind[32];
    int n = 0;
    size_t bytes = MIB;
    char *block = malloc(bytes);
    fill(block, 0, bytes);
    long before = faults();
    long n_moved = 0;
    long peak = 0;
    while (bytes < (size_t)96 * MIB) {
        behind[n++] = malloc(bytes); /* untouched, and longer than any hole */
        char *grown = realloc(block, bytes + bytes / 2);
        n_moved += grown != block;
        block = grown;
        fill(block, bytes, bytes + bytes / 2);
        bytes += bytes / 2;
        peak = rss_kib() > peak ? rss_kib() : peak;
    }
    long pages = (long)(bytes / 4096);
    expect(n_moved >= 10, "moves", n_moved);
    expect(wrong(block, bytes) == 0, "wrong words after them", wrong(block, bytes));
    expect(faults() - before < pages + pages / 4, "page faults; its pages and a few",
           faults() - before);
    expect(peak < (long)(bytes / 1024) * 5 / 4, "peak KiB; its size and a little", peak);
    free(block);
    while (n > 0)
        free(behind[--n]);
}

static char *blocks[4000];
static size_t bytes_of[4000];

/* Blocks of many lengths grow among others, again and again; returns the moves. */
static long grow_often(size_t n_blocks, long n_steps, int touched)
{
    uint64_t seed = 1;
    long n_moved = 0;
    for (long i = 0; i < n_steps; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        size_t k = (seed >> 33) % n_blocks;
        size_t bytes = bytes_of[k] + 65536 + (seed >> 40) % 400000;
        if (bytes > (size_t)2 * MIB) {
            free(blocks[k]);
            blocks[k] = NULL;
            bytes_of[k] = 0;
            continue;
        }
        char *grown = realloc(blocks[k], bytes);
        n_moved += grown != blocks[k] && bytes_of[k] >= 262144;
        if (touched)
            fill(grown, bytes_of[k] / 512 * 512, bytes);
        else
            grown[0] = 1; /* a mapping in which nothing is leaves no borders when it moves */
        blocks[k] = grown;
        bytes_of[k] = bytes;
    }
    return n_moved;
}

static void free_all(size_t n_blocks)
{
    for (size_t k = 0; k < n_blocks; k++) {
        free(blocks[k]);
        blocks[k] = NULL;
        bytes_of[k] = 0;
    }
}

static void grow_and_fork(void)
{
    long n_moved = grow_often(64, 8000, 1);
    expect(n_moved > 1000, "moves among others", n_moved);
    pid_t child = fork();
    long n_wrong = 0;
    for (size_t k = 0; k < 64; k++)
        n_wrong += blocks[k] != NULL ? wrong(blocks[k], bytes_of[k]) : 0;
    free_all(64);
    if (child == 0)
        _exit(n_wrong != 0);
    int status = -1;
    waitpid(child, &status, 0);
    expect(n_wrong == 0, "wrong words", n_wrong);
    expect(status == 0, "the child's status", status);
}

/* Borders between mappings accumulate up to their limit. */
static void grow_many(void)
{
    long n_moved = grow_often(4000, 20000, 0);
    expect(n_moved > 4000, "moves of blocks hardly touched", n_moved);
    expect(mappings() > 2000 && mappings() < 4096 + 200, "mappings then", mappings());
    free_all(4000);
}

/* Free memory that fits nothing: the next blocks get its pages, where else it would go to make room
 * for new ones. */
static void fill_holes(void)
{
    enum { N = 64 };
    static char *held[N];
    for (int i = 0; i < N; i++) {
        held[i] = malloc(2 * MIB);
        fill(held[i], 0, 2 * MIB);
    }
    for (int i = 0; i < N; i += 2)
        free(held[i]);
    long peak = rss_kib();
    long before = faults();
    for (int i = 0; i < N / 4; i++) {
        held[2 * i] = malloc(3 * MIB); /* longer than a hole */
        fill(held[2 * i], 0, 3 * MIB);
    }
    long pages = N / 4 * 3 * MIB / 4096;
    expect(faults() - before < pages / 4, "page faults of new blocks beside holes",
           faults() - before);
    expect(rss_kib() < peak + 4096, "KiB beyond the peak", rss_kib() - peak);
    long n_wrong = 0;
    for (int i = 1; i < N; i += 2)
        n_wrong += wrong(held[i], 2 * MIB);
    for (int i = 0; i < N / 4; i++)
        n_wrong += wrong(held[2 * i], 3 * MIB);
    expect(n_wrong == 0, "wrong words in all of them", n_wrong);
    for (int i = 0; i < N; i++)
        if (i % 2 == 1 || i < N / 2)
            free(held[i]);
}

/* A block that the program has split into several mappings moves; so does one when the process can
 * have no more mappings: then by a copy. In a child, which may use them up. */
static void move_when_hard(int no_more)
{
    enum { MAX_MAPPINGS = 70000 };
    const size_t bytes = (size_t)8 * MIB;
    pid_t child = fork();
    if (child == 0) {
        void *volatile room = malloc(8 * bytes); /* the break can't move then */
        free(room);
        char *block = malloc(bytes);
        fill(block, 0, bytes);
        if (malloc(bytes) == NULL)
            _exit(1);
        madvise(block - (uintptr_t)block % 4096 + bytes / 2, MIB, MADV_DONTDUMP);
        for (long i = 0; no_more && i < MAX_MAPPINGS; i++) {
            char *pair =
                mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            if (pair == MAP_FAILED || mprotect(pair, 4096, PROT_READ) != 0)
                break;
        }
        char *grown = realloc(block, 2 * bytes);
        _exit(grown == NULL || grown == block || wrong(grown, bytes) != 0);
    }
    int status = -1;
    waitpid(child, &status, 0);
    expect(status == 0,
           no_more ? "moved without a mapping left, status" : "split and moved, status", status);
}

/* A block grows among others, and all are freed, again and again. Where its new place has old
 * contents it is copied: both places are in memory then, and other free memory goes before. The old
 * place's becomes that of the rest of the new one. In a child, whose heap has not been larger yet.
 */
static void grow_again(void)
{
    enum { CYCLES = 8, MAX = 64 * MIB, MAX_KIB = 88000, MAX_FAULTS = 70000 };
    pid_t child = fork();
    int status = -1;
    if (child != 0) {
        waitpid(child, &status, 0);
        expect(status == 0, "a block that grows again and again, status", status);
        return;
    }
    long before = rss_kib();
    for (int cycle = 0; cycle < CYCLES; cycle++) {
        void *others[64];
        int n = 0;
        char *block = NULL;
        for (size_t bytes = 16; bytes < MAX; bytes += bytes / 2) {
            block = realloc(block, bytes);
            memset(block + bytes / 2, 1, bytes - bytes / 2);
            others[n++] = malloc(bytes / 8 + 1);
        }
        while (n > 0)
            free(others[--n]);
        free(block);
    }
    long peak = status_kib("VmHWM:") - before;
    expect(peak < MAX_KIB, "KiB while a block grows to 50,000 again and again", peak);
    expect(faults() < MAX_FAULTS, "page faults then", faults());
    fflush(stdout);
    _exit(failures != 0);
}

int main(void)
{
    if (!is_supported() || sysconf(_SC_PAGESIZE) != 4096) {
        puts("another size of pages, or Linux before 5.7: nothing to see");
        return 0;
    }
    grow_again();
    move_when_hard(0);
    move_when_hard(1);
    fill_holes();
    grow_once();
    grow_and_fork();
    grow_many();
    return failures != 0;
}
