/* override_info.c - mallinfo, malloc_info, malloc_stats, malloc_trim, mallopt: glibc's, with real
 * figures and effects.
 *
 * Layer   hosted.
 */
#include "base/fmt.h"
#include "heap/walk.h"
#include "hosted/glibc_malloc.h"
#include "hosted/hosted.h"
#include "process/start.h"

#include "hmm.h"

#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <stdio.h>

/* What needs no look at each slab. */
static struct hmm_figures figures(void)
{
    struct hmm_figures f = {0};
    if (hmm_process_is_ready())
        hmm_walk_figures(&hmm_process_heap, &f, false);
    return f;
}

static size_t bytes_of(size_t n_units)
{
    return n_units << HMM_UNIT_SHIFT;
}

HMM_REPLACEABLE struct mallinfo2 mallinfo2(void)
{
    struct hmm_figures f = figures();
    size_t heap_bytes = bytes_of(f.n_units - f.foreign_units);
    size_t live_bytes = f.live_bytes - f.mapped_bytes;
    return (struct mallinfo2){
        .arena = heap_bytes,
        .ordblks = f.n_free_runs,
        .hblks = f.mapped_blocks,
        .hblkhd = f.mapped_bytes,
        .usmblks = f.peak_bytes,
        .fsmblks = bytes_of(f.used_units) - live_bytes, /* free slots of slabs */
        .uordblks = live_bytes,
        .fordblks = heap_bytes - live_bytes,
        .keepcost = bytes_of(f.top_units),
    };
}

static int clamp(size_t n)
{
    return n > INT_MAX ? INT_MAX : (int)n;
}

HMM_REPLACEABLE struct mallinfo mallinfo(void)
{
    struct mallinfo2 m = mallinfo2();
    return (struct mallinfo){
        .arena = clamp(m.arena),
        .ordblks = clamp(m.ordblks),
        .smblks = clamp(m.smblks),
        .hblks = clamp(m.hblks),
        .hblkhd = clamp(m.hblkhd),
        .usmblks = clamp(m.usmblks),
        .fsmblks = clamp(m.fsmblks),
        .uordblks = clamp(m.uordblks),
        .fordblks = clamp(m.fordblks),
        .keepcost = clamp(m.keepcost),
    };
}

static void say_locks(struct hmm_text *text)
{
    struct hmm_lock_figures locks[HMM_LOCK_KINDS];
    hmm_walk_locks(&hmm_process_heap, locks);
    for (size_t i = 0; i < HMM_LOCK_KINDS; i++) {
        hmm_text_str(text, "hmm: lock ");
        hmm_text_str(text, locks[i].name);
        hmm_text_str(text, " = ");
        hmm_text_dec(text, locks[i].n_taken);
        hmm_text_str(text, " taken, ");
        hmm_text_dec(text, locks[i].n_waited);
        hmm_text_str(text, " waited for\n");
    }
}

/* One line "name value" each, on stderr, without stdio: also safe in a signal handler. */
HMM_REPLACEABLE void malloc_stats(void)
{
    struct HmmStats s;
    HmmGetStats(&s);
    const struct {
        const char *name;
        size_t value;
    } lines[] = {
        {"heap bytes", s.heap_bytes},           {"used bytes", s.used_bytes},
        {"live bytes", s.live_bytes},           {"live blocks", s.live_blocks},
        {"free bytes", s.free_bytes},           {"free runs", s.free_runs},
        {"dirty bytes", s.dirty_bytes},         {"mapped bytes", s.mapped_bytes},
        {"mapped blocks", s.mapped_blocks},     {"metadata bytes", s.metadata_bytes},
        {"peak used bytes", s.peak_used_bytes}, {"break raised", s.break_raised},
        {"break lowered", s.break_lowered},     {"purged bytes", s.purged_bytes},
        {"kernel calls", s.kernel_calls},       {"arenas", s.arenas},
        {"peak heap bytes", s.peak_heap_bytes},
    };
    char chars[2048];
    struct hmm_text text = {.chars = chars, .capacity_bytes = sizeof chars};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        hmm_text_str(&text, "hmm: ");
        hmm_text_str(&text, lines[i].name);
        hmm_text_str(&text, " = ");
        hmm_text_dec(&text, lines[i].value);
        hmm_text_str(&text, "\n");
    }
    if (hmm_process_is_ready())
        say_locks(&text);
    hmm_port_write(2, chars, text.n_chars);
}

/* glibc's XML form, version 1: what its readers look for, in one heap. */
HMM_REPLACEABLE int malloc_info(int options, FILE *stream)
{
    if (options != 0)
        return EINVAL;
    struct hmm_figures f = figures();
    size_t heap_bytes = bytes_of(f.n_units - f.foreign_units);
    size_t peak_heap_bytes = bytes_of(f.peak_heap_units);
    size_t free_bytes = bytes_of(f.free_units);
    size_t rest = bytes_of(f.used_units) - (f.live_bytes - f.mapped_bytes);
    int n =
        fprintf(stream,
                "<malloc version=\"1\">\n<heap nr=\"0\">\n<sizes>\n</sizes>\n"
                "<total type=\"fast\" count=\"0\" size=\"%zu\"/>\n"
                "<total type=\"rest\" count=\"%zu\" size=\"%zu\"/>\n"
                "<system type=\"current\" size=\"%zu\"/>\n<system type=\"max\" size=\"%zu\"/>\n"
                "<aspace type=\"total\" size=\"%zu\"/>\n<aspace type=\"mprotect\" size=\"%zu\"/>\n"
                "</heap>\n"
                "<total type=\"fast\" count=\"0\" size=\"%zu\"/>\n"
                "<total type=\"rest\" count=\"%zu\" size=\"%zu\"/>\n"
                "<total type=\"mmap\" count=\"%zu\" size=\"%zu\"/>\n"
                "<system type=\"current\" size=\"%zu\"/>\n<system type=\"max\" size=\"%zu\"/>\n"
                "<aspace type=\"total\" size=\"%zu\"/>\n<aspace type=\"mprotect\" size=\"%zu\"/>\n"
                "</malloc>\n",
                rest, f.n_free_runs, free_bytes, heap_bytes, peak_heap_bytes, heap_bytes,
                heap_bytes, rest, f.n_free_runs, free_bytes, f.mapped_blocks, f.mapped_bytes,
                heap_bytes, peak_heap_bytes, heap_bytes, heap_bytes);
    return n < 0 ? -1 : 0;
}

HMM_REPLACEABLE int malloc_trim(size_t pad)
{
    return HmmTrim(pad) != 0;
}

/* Negative: never trim. Else so much free memory stays, at the break and below it. */
static void set_trim_threshold(struct hmm_tunables *t, int value)
{
    size_t bytes = value < 0 ? SIZE_MAX >> 1 : (size_t)value;
    t->lower_min = hmm_max(bytes, HMM_UNIT_BYTES);
    t->dirty_min = hmm_max(bytes, hmm_tunables_defaults()->dirty_min);
    t->keep = value < 0;
}

/* False: no such parameter, or a value that it may not have. */
static bool set_parameter(struct hmm_tunables *t, int parameter, int value)
{
    size_t n = value < 0 ? 0 : (size_t)value;
    switch (parameter) {
    case M_MMAP_THRESHOLD:
        t->map_threshold = hmm_max(n, HMM_SLAB_MAX_BYTES + 1);
        return value >= 0 && n <= GLIBC_MMAP_THRESHOLD_MAX_BYTES;
    case M_MMAP_MAX:
        t->map_max = n;
        return true;
    case M_TRIM_THRESHOLD:
        set_trim_threshold(t, value);
        return true;
    case M_TOP_PAD:
        t->grow_min = hmm_max(n, HMM_UNIT_BYTES);
        t->grow_max = hmm_max(t->grow_max, t->grow_min);
        return value >= 0;
    case M_MXFAST: /* nothing to change: small blocks are always fast; */
        return value >= 0 && n <= GLIBC_MAX_FAST_BYTES;
    case M_ARENA_MAX: /* there is one heap, so never more; */
    case M_ARENA_TEST:
    case M_CHECK_ACTION: /* checks are always on */
        return true;
    case M_PERTURB: /* blocks are left as they are */
        return value == 0;
    default:
        return false;
    }
}

/* 1: done; 0: refused, nothing has changed. */
HMM_REPLACEABLE int mallopt(int parameter, int value)
{
    return hmm_process_start() && hmm_process_tune(set_parameter, parameter, value);
}
