/* main.c - hmm: look at heaps, run programs on libhmm.
 */
#include "tool.h"

#include "hmm.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Noreturn void tool_fail(int status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("hmm: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(status);
}

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} commands[] = {
    {"demo", tool_demo,
     "a small heap step by step: find, split, coalesce, the break; then your own calls"},
    {"run", tool_run, "run a program on libhmm's heap; with --summary, tell what the heap did"},
};

static void print_help(FILE *out)
{
    fputs("usage: hmm COMMAND [ARGS]\n\n", out);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].help);
    fputs("\nhmm COMMAND --help tells more; hmm --version the version.\n", out);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        print_help(stderr);
        return TOOL_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_help(stdout);
        return 0;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("hmm " HMM_VERSION);
        return 0;
    }
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    tool_fail(TOOL_USAGE, "no such command: %s (try hmm --help)", argv[1]);
}
