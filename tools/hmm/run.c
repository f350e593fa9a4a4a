/* run.c - hmm run [options] [--] PROGRAM ARGS: run a program on libhmm's heap.
 */
#include "tool.h"

#include "process/options.h"
#include "process/summary.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char help[] =
    "usage: hmm run [options] [--] PROGRAM [ARGS]\n"
    "\n"
    "Run PROGRAM with libhmm's heap in place of libc's. The exit status is PROGRAM's; signals "
    "sent\n"
    "to hmm reach PROGRAM.\n"
    "\n"
    "  --summary        print on stderr, at the end, what the heap did (counting is slower)\n"
    "  --libc           keep libc's heap; with --summary, print time and memory only\n"
    "  --set NAME=VALUE set an option of the heap, see hmm-options(7); may be repeated\n"
    "  --lib PATH       use this libhmm.so\n"
    "  --help           this text\n"
    "\n"
    "Exit status 127: PROGRAM not found; 126: it can't be run this way; 2: wrong usage, a bad\n"
    "option of the heap included.\n";

struct run_options {
    bool summary;
    bool libc;
    const char *library;
    char *set; /* "name=value,..." or NULL */
};

static char *join(const char *a, const char *separator, const char *b)
{
    char *joined = NULL;
    if (a == NULL || *a == '\0')
        joined = strdup(b);
    else if (asprintf(&joined, "%s%s%s", a, separator, b) < 0)
        joined = NULL;
    if (joined == NULL)
        tool_fail(TOOL_CANNOT_RUN, "out of memory");
    return joined;
}

static void print_error(const char *chars, size_t n_chars)
{
    fwrite(chars, 1, n_chars, stderr);
}

static int parse(int argc, char **argv, struct run_options *o)
{
    static const struct option longs[] = {
        {"summary", no_argument, NULL, 's'},   {"libc", no_argument, NULL, 'c'},
        {"set", required_argument, NULL, 'o'}, {"lib", required_argument, NULL, 'l'},
        {"help", no_argument, NULL, 'h'},      {NULL, 0, NULL, 0},
    };
    struct hmm_tunables unused;
    size_t n_bad = 0;
    int c;
    opterr = 0;
    while ((c = getopt_long(argc, argv, "+h", longs, NULL)) != -1) {
        switch (c) {
        case 's':
            o->summary = true;
            break;
        case 'c':
            o->libc = true;
            break;
        case 'o':
            n_bad += hmm_options_set(&unused, "--set", optarg, print_error);
            o->set = join(o->set, ",", optarg);
            break;
        case 'l':
            o->library = optarg;
            break;
        case 'h':
            fputs(help, stdout);
            exit(0);
        default:
            tool_fail(TOOL_USAGE, "run: bad option %s (try hmm run --help)", argv[optind - 1]);
        }
    }
    if (n_bad != 0)
        exit(TOOL_USAGE);
    if (optind >= argc)
        tool_fail(TOOL_USAGE, "run: no program given (try hmm run --help)");
    return optind;
}

/* The counts' file: anonymous, reached by the program through /proc. NULL if there is none. */
static struct hmm_summary *open_summary(char path[64])
{
    int fd = memfd_create("hmm-summary", MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, sizeof(struct hmm_summary)) != 0)
        tool_fail(TOOL_CANNOT_RUN, "can't make the summary's memory: %s", strerror(errno));
    void *at = mmap(NULL, sizeof(struct hmm_summary), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED)
        tool_fail(TOOL_CANNOT_RUN, "can't map the summary's memory: %s", strerror(errno));
    snprintf(path, 64, "/proc/%d/fd/%d", (int)getpid(), fd);
    return at;
}

static void set_environment(const struct run_options *o, const char *summary_path)
{
    const char *library = tool_library(o->library);
    if (strpbrk(library, ": ") != NULL)
        tool_fail(TOOL_CANNOT_RUN, "%s: LD_PRELOAD can't name a path with a colon or a blank",
                  library);
    setenv("LD_PRELOAD", join(library, ":", getenv("LD_PRELOAD") ? getenv("LD_PRELOAD") : ""), 1);
    char *options = getenv("HMM_OPTIONS");
    if (o->set != NULL)
        options = join(options, ",", o->set);
    if (summary_path != NULL) {
        options = join(options, ",", "count=1");
        setenv("HMM_SUMMARY", summary_path, 1);
    }
    if (options != NULL)
        setenv("HMM_OPTIONS", options, 1);
}

static void print_count(const char *name, uint64_t n)
{
    fprintf(stderr, "  %-22s %14llu\n", name, (unsigned long long)n);
}

static void print_summary(const struct hmm_summary *s, pid_t program, const struct rusage *use,
                          double seconds)
{
    fprintf(stderr, "hmm: summary of process %d\n", (int)program);
    fprintf(stderr, "  %-22s %14.3f\n", "elapsed s", seconds);
    fprintf(stderr, "  %-22s %14.3f\n", "user s",
            (double)use->ru_utime.tv_sec + (double)use->ru_utime.tv_usec / 1e6);
    fprintf(stderr, "  %-22s %14.3f\n", "system s",
            (double)use->ru_stime.tv_sec + (double)use->ru_stime.tv_usec / 1e6);
    print_count("peak RSS KiB", (uint64_t)use->ru_maxrss);
    if (s == NULL)
        return;
    if (s->runs == 0) {
        fprintf(stderr, "  libhmm was not loaded into it: no figures of the heap\n");
        return;
    }
    if (s->counts.n_allocs == 0) {
        fprintf(stderr, "  no call of the heap: it allocates nothing, or has a heap of its own\n");
        return;
    }
    if (s->runs > 1)
        fprintf(stderr, "  the last of %u programs that it became by exec:\n", s->runs);
    print_count("allocations", s->counts.n_allocs);
    print_count("frees", s->counts.n_frees);
    print_count("reallocs", s->counts.n_reallocs);
    print_count("live bytes at the end", s->counts.live_bytes);
    print_count("peak live bytes", s->counts.peak_live_bytes);
    print_count("peak heap bytes", s->counts.peak_heap_bytes);
    print_count("break raised", s->counts.n_raised);
    print_count("break lowered", s->counts.n_lowered);
    print_count("bytes returned", s->counts.returned_bytes);
    print_count("kernel calls", s->counts.n_kernel_calls);
}

/* End as the program ended. */
static int end_like(int status)
{
    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    int signal_number = WTERMSIG(status);
    struct rlimit no_core = {0, 0}; /* the program's core is enough */
    setrlimit(RLIMIT_CORE, &no_core);
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, signal_number);
    signal(signal_number, SIG_DFL);
    raise(signal_number);
    sigprocmask(SIG_UNBLOCK, &one, NULL);
    return 128 + signal_number;
}

static void exec_program(char **argv, const char *path, const struct run_options *o,
                         struct hmm_summary *summary, const char *summary_path)
{
    if (summary != NULL) {
        summary->magic = HMM_SUMMARY_MAGIC;
        summary->pid = getpid();
    }
    if (!o->libc)
        set_environment(o, summary != NULL ? summary_path : NULL);
    execvp(path, argv); /* a path; a script that names no interpreter is run by /bin/sh */
    tool_fail(TOOL_CANNOT_RUN, "%s: %s", path, strerror(errno));
}

int tool_run(int argc, char **argv)
{
    struct run_options o = {0};
    int first = parse(argc, argv, &o);
    const char *path = tool_find_program(argv[first]);
    if (!o.libc)
        tool_check_program(path);
    char summary_path[64];
    struct hmm_summary *summary = o.summary && !o.libc ? open_summary(summary_path) : NULL;
    if (!o.summary)
        exec_program(argv + first, path, &o, NULL, NULL);

    struct timespec start;
    struct timespec end;
    struct rusage use;
    clock_gettime(CLOCK_MONOTONIC, &start);
    pid_t program = tool_relay_fork();
    if (program == 0)
        exec_program(argv + first, path, &o, summary, summary_path);
    int status = tool_relay(program, &use);
    clock_gettime(CLOCK_MONOTONIC, &end);
    print_summary(summary, program, &use,
                  (double)(end.tv_sec - start.tv_sec) +
                      (double)(end.tv_nsec - start.tv_nsec) / 1e9);
    return end_like(status);
}
