/* options.c - "name=value,name=value" as tunables: parse, check, tell what is wrong.
 *
 * Values are decimal, with k, m, g or t for powers of 1024; those of some options have names.
 * Blanks around an option are skipped. A bad option is reported with its value and the range, and
 * leaves the others as they are.
 *
 * Layer   process. Without libc's string functions: the dynamic linker would bind each of them
 *         whenever a program starts, and hardly any program has options.
 */
#include "process/options.h"

#include "base/fmt.h"

enum { OPTION_LINE_BYTES = 256, SHOWN_CHARS = 64, FAR = 64, MAX_NAME_CHARS = 32 };

struct option {
    const char *name;
    size_t offset_bytes; /* in struct hmm_tunables */
    uint64_t min, max;
    const char *unit; /* with | in it: the names of the values from min on */
};

/* "name=value", blanks cut off. */
struct setting {
    const char *text;
    size_t n_chars, name_chars;
};

/* Where lines about it go, and what they name as its origin. */
struct listener {
    const char *source;
    hmm_options_tell tell;
};

#define HMM_FIXED(name, value, unit, why)
#define HMM_TUNABLE(name, dflt, min, max, unit, why)                                               \
    {#name, offsetof(struct hmm_tunables, name), min, max, unit},
static const struct option known_options[] = {
#include "base/tunables.def"
};
#undef HMM_FIXED
#undef HMM_TUNABLE

enum { N_OPTIONS = sizeof known_options / sizeof known_options[0] };

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Characters of text[0..n_chars) before the first `end`; text may also end by 0. */
static size_t chars_before(const char *text, size_t n_chars, char end)
{
    size_t i = 0;
    while (i < n_chars && text[i] != '\0' && text[i] != end)
        i++;
    return i;
}

/* Does `name` begin with begin[0..n_chars)? */
static bool begins_with(const char *name, const char *begin, size_t n_chars)
{
    size_t i = 0;
    while (i < n_chars && name[i] != '\0' && name[i] == begin[i])
        i++;
    return i == n_chars;
}

/* Is `name` text[0..n_chars)? */
static bool is_name(const char *name, const char *text, size_t n_chars)
{
    return begins_with(name, text, n_chars) && name[n_chars] == '\0';
}

/* --- what is wrong ------------------------------------------------------------------------------
 */

/* So much of it as fits into a line; no control characters. */
static void show_setting(struct hmm_text *line, const struct setting *setting)
{
    size_t n = hmm_min(setting->n_chars, SHOWN_CHARS);
    for (size_t i = 0; i < n; i++) {
        char c = setting->text[i];
        bool control = (unsigned char)c < ' ' || c == 0x7f;
        hmm_text_str(line, (char[2]){control ? '?' : c, '\0'});
    }
    hmm_text_str(line, n < setting->n_chars ? "..." : "");
}

static uint64_t largest(const struct option *option)
{
    return option->max < SIZE_MAX ? option->max : SIZE_MAX;
}

/* The name of the next value in a unit like "auto|abort|ignore"; its length to *n_chars, 0: none.
 */
static const char *next_name(const char *name, size_t *n_chars)
{
    name += *n_chars + (name[*n_chars] == '|');
    *n_chars = chars_before(name, SIZE_MAX, '|');
    return name;
}

static bool is_named(const struct option *option)
{
    return option->unit[chars_before(option->unit, SIZE_MAX, '|')] == '|';
}

/* "(0..600000 ms)"; of flags "(0 or 1)"; of values with names "(auto, abort, ignore)". */
static void show_range(struct hmm_text *line, const struct option *option)
{
    bool flag = is_name(option->unit, "flag", 4);
    hmm_text_str(line, " (");
    if (is_named(option)) {
        for (const char *c = option->unit; *c != '\0'; c++)
            hmm_text_str(line, *c == '|' ? ", " : (char[2]){*c, '\0'});
    } else {
        hmm_text_dec(line, option->min);
        hmm_text_str(line, flag ? " or " : "..");
        hmm_text_dec(line, largest(option));
    }
    if (!is_named(option) && !flag && !is_name(option->unit, "ratio", 5)) {
        hmm_text_str(line, " ");
        hmm_text_str(line, option->unit);
    }
    hmm_text_str(line, ")");
}

/* Least number of characters to insert, delete or replace: Levenshtein, row by row. */
static size_t distance(const char *a, size_t n_a, const char *b, size_t n_b)
{
    size_t row[MAX_NAME_CHARS + 1];
    for (size_t j = 0; j <= n_b; j++)
        row[j] = j;
    for (size_t i = 1; i <= n_a; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= n_b; j++) {
            size_t replaced = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = hmm_min(replaced, hmm_min(row[j], row[j - 1]) + 1);
        }
    }
    return row[n_b];
}

/* The option whose name begins with that one, or differs from it by a third of its characters at
 * most; NULL: none. */
static const struct option *nearest(const struct setting *setting)
{
    const struct option *best = NULL;
    size_t least = FAR;
    size_t n = setting->name_chars;
    if (n == 0 || n > MAX_NAME_CHARS)
        return NULL;
    for (size_t i = 0; i < N_OPTIONS; i++) {
        const char *name = known_options[i].name;
        size_t n_name = chars_before(name, SIZE_MAX, '\0');
        bool begins = n >= 3 && n < n_name && begins_with(name, setting->text, n);
        size_t d = begins ? 1 : distance(setting->text, n, name, n_name);
        if (d < least && (begins || d * 3 <= n)) {
            least = d;
            best = &known_options[i];
        }
    }
    return best;
}

/* One line: "hmm: SOURCE: decay_ms=9999999: out of range (0..600000 ms)". */
static void complain(const struct listener *to, const struct setting *setting, const char *what,
                     const struct option *option)
{
    char chars[OPTION_LINE_BYTES];
    struct hmm_text line = {.chars = chars, .capacity_bytes = sizeof chars - 1};
    hmm_text_str(&line, "hmm: ");
    hmm_text_str(&line, to->source);
    hmm_text_str(&line, ": ");
    show_setting(&line, setting);
    hmm_text_str(&line, ": ");
    hmm_text_str(&line, what);
    if (option != NULL) {
        show_range(&line, option);
    } else {
        const struct option *near = nearest(setting);
        hmm_text_str(&line, near != NULL ? " (did you mean " : " (the list is in hmm-options(7)");
        hmm_text_str(&line, near != NULL ? near->name : "");
        hmm_text_str(&line, near != NULL ? "? The list is in hmm-options(7))" : ")");
    }
    chars[line.n_chars++] = '\n';
    to->tell(chars, line.n_chars);
}

/* --- parsing ------------------------------------------------------------------------------------
 */

enum number { NUMBER, NO_NUMBER, TOO_LARGE };

/* The value that text[0..n_chars) names. */
static enum number parse_name(const struct option *option, const char *text, size_t n_chars,
                              uint64_t *value)
{
    size_t name_chars = chars_before(option->unit, SIZE_MAX, '|');
    const char *name = option->unit;
    for (*value = option->min; *name != '\0'; ++*value, name = next_name(name, &name_chars))
        if (name_chars == n_chars && begins_with(name, text, n_chars))
            return NUMBER;
    return NO_NUMBER;
}

/* text[0..n_chars) as *value. */
static enum number parse_number(const char *text, size_t n_chars, uint64_t *value)
{
    static const char suffixes[] = "kmgt";
    uint64_t n = 0;
    bool fits = true;
    size_t i = 0;
    for (; i < n_chars && text[i] >= '0' && text[i] <= '9'; i++)
        fits = fits && !__builtin_mul_overflow(n, 10u, &n) &&
               !__builtin_add_overflow(n, (uint64_t)(text[i] - '0'), &n);
    if (i == 0)
        return NO_NUMBER;
    if (i < n_chars) {
        size_t suffix = chars_before(suffixes, sizeof suffixes - 1, (char)(text[i] | 0x20));
        if (suffixes[suffix] == '\0' || i + 1 != n_chars)
            return NO_NUMBER;
        unsigned shift = 10 * (unsigned)(suffix + 1);
        fits = fits && n <= UINT64_MAX >> shift;
        n <<= shift;
    }
    *value = n;
    return fits ? NUMBER : TOO_LARGE;
}

static enum number parse_value(const struct option *option, const char *text, size_t n_chars,
                               uint64_t *value)
{
    if (is_named(option) && parse_name(option, text, n_chars, value) == NUMBER)
        return NUMBER;
    return parse_number(text, n_chars, value);
}

static const struct option *find_option(const struct setting *setting)
{
    for (size_t i = 0; i < N_OPTIONS; i++)
        if (is_name(known_options[i].name, setting->text, setting->name_chars))
            return &known_options[i];
    return NULL;
}

/* False: it is bad, and has been told. */
static bool set_one(struct hmm_tunables *tunables, const struct setting *setting,
                    const struct listener *to)
{
    const struct option *option = find_option(setting);
    const char *what = NULL;
    uint64_t value = 0;
    if (option == NULL) {
        what = "unknown option";
    } else if (setting->name_chars + 1 >= setting->n_chars) {
        what = "no value";
    } else {
        enum number number = parse_value(option, setting->text + setting->name_chars + 1,
                                         setting->n_chars - setting->name_chars - 1, &value);
        if (number == NO_NUMBER)
            what = is_named(option) ? "no such value" : "not a number";
        else if (number == TOO_LARGE || value < option->min || value > largest(option))
            what = "out of range";
    }
    if (what != NULL)
        complain(to, setting, what, option);
    else
        *(size_t *)(void *)((char *)tunables + option->offset_bytes) = (size_t)value;
    return what == NULL;
}

size_t hmm_options_set(struct hmm_tunables *tunables, const char *source, const char *text,
                       hmm_options_tell tell)
{
    struct listener to = {source, tell};
    size_t n_bad = 0;
    while (text != NULL && *text != '\0') {
        size_t n_chars = chars_before(text, SIZE_MAX, ',');
        struct setting setting = {text, n_chars, 0};
        text += n_chars + (text[n_chars] == ',');
        while (setting.n_chars > 0 && is_blank(*setting.text))
            setting.text++, setting.n_chars--;
        while (setting.n_chars > 0 && is_blank(setting.text[setting.n_chars - 1]))
            setting.n_chars--;
        setting.name_chars = chars_before(setting.text, setting.n_chars, '=');
        if (setting.n_chars != 0)
            n_bad += !set_one(tunables, &setting, &to);
    }
    return n_bad;
}
