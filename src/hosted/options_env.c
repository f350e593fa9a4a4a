/* options_env.c - HMM_OPTIONS="name=value,name=value": the run-time tunables from the environment.
 *
 * Values are decimal, with k, m, g or t for powers of 1024; those of some have names. An unknown
 * name, a bad value or one out of range is told on stderr, and the default stays.
 *
 * Layer   hosted.
 */
#include "base/fmt.h"
#include "hosted/hosted.h"

#include <stdlib.h>
#include <string.h>

struct option {
    const char *name;
    size_t offset_bytes; /* in struct hmm_tunables */
    uint64_t min, max;
    const char *unit; /* with | in it: the names of the values */
};

#define HMM_FIXED(name, value, unit, why)
#define HMM_TUNABLE(name, dflt, min, max, unit, why)                                               \
    {#name, offsetof(struct hmm_tunables, name), min, max, unit},
static const struct option options[] = {
#include "base/tunables.def"
};
#undef HMM_FIXED
#undef HMM_TUNABLE

static void complain(const char *what, const char *text, size_t n_chars)
{
    char chars[256];
    struct hmm_text line = {.chars = chars, .capacity_bytes = sizeof chars};
    hmm_text_str(&line, "hmm: HMM_OPTIONS: ");
    hmm_text_str(&line, what);
    hmm_text_str(&line, ": ");
    for (size_t i = 0; i < n_chars; i++)
        hmm_text_str(&line, (char[2]){text[i], '\0'});
    hmm_text_str(&line, "\n");
    hmm_port_write(2, chars, line.n_chars);
}

/* Number text[0..n_chars) to *value; false if it is none. */
static bool parse_number(const char *text, size_t n_chars, uint64_t *value)
{
    static const char suffixes[] = "kmgt";
    uint64_t n = 0;
    size_t i = 0;
    for (; i < n_chars && text[i] >= '0' && text[i] <= '9'; i++)
        if (__builtin_mul_overflow(n, 10u, &n) ||
            __builtin_add_overflow(n, (uint64_t)(text[i] - '0'), &n))
            return false;
    if (i == 0)
        return false;
    if (i < n_chars) {
        const char *suffix = strchr(suffixes, text[i] | 0x20);
        unsigned shift = suffix != NULL ? 10 * (unsigned)(suffix - suffixes + 1) : 64;
        if (shift >= 64 || text[i] == '\0' || n > UINT64_MAX >> shift)
            return false;
        n <<= shift;
        i++;
    }
    *value = n;
    return i == n_chars;
}

/* The value that text[0..n_chars) names to *value; false if it names none. */
static bool parse_name(const struct option *o, const char *text, size_t n_chars, uint64_t *value)
{
    uint64_t n = o->min;
    if (strchr(o->unit, '|') == NULL)
        return false;
    for (const char *name = o->unit; *name != '\0'; n++) {
        size_t name_chars = strcspn(name, "|");
        if (name_chars == n_chars && memcmp(name, text, n_chars) == 0) {
            *value = n;
            return true;
        }
        name += name_chars + (name[name_chars] == '|');
    }
    return false;
}

static bool parse_value(const struct option *o, const char *text, size_t n_chars, uint64_t *value)
{
    return parse_name(o, text, n_chars, value) || parse_number(text, n_chars, value);
}

static void set_option(struct hmm_tunables *tunables, const char *text, size_t n_chars)
{
    const char *equals = memchr(text, '=', n_chars);
    size_t name_chars = equals != NULL ? (size_t)(equals - text) : n_chars;
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        const struct option *o = &options[i];
        uint64_t value;
        if (strlen(o->name) != name_chars || memcmp(o->name, text, name_chars) != 0)
            continue;
        if (equals == NULL || !parse_value(o, equals + 1, n_chars - name_chars - 1, &value) ||
            value < o->min || value > o->max || (size_t)value != value)
            complain("bad value", text, n_chars);
        else
            *(size_t *)(void *)((char *)tunables + o->offset_bytes) = (size_t)value;
        return;
    }
    complain("unknown option", text, n_chars);
}

void hmm_options_read(struct hmm_tunables *tunables)
{
    const char *text = secure_getenv("HMM_OPTIONS");
    while (text != NULL && *text != '\0') {
        size_t n_chars = strcspn(text, ",");
        if (n_chars != 0)
            set_option(tunables, text, n_chars);
        text += n_chars + (text[n_chars] == ',');
    }
}
