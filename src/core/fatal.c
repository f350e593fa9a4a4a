/* fatal.c - one message by one write, then abort.
 *
 * Layer   core, lowest.
 */
#include "core/fatal.h"

#include "base/check.h"
#include "port/port.h"

_Noreturn void hmm_fatal(const char *what, const void *block, const struct hmm_text *detail)
{
    char chars[384];
    struct hmm_text text = {.chars = chars, .capacity_bytes = sizeof chars - 1};
    hmm_text_str(&text, "hmm: ");
    hmm_text_str(&text, what);
    hmm_text_str(&text, " ");
    hmm_text_hex(&text, (uintptr_t)block);
    for (size_t i = 0; detail != NULL && i < detail->n_chars; i++)
        hmm_text_str(&text, (char[2]){detail->chars[i], '\0'});
    chars[text.n_chars++] = '\n';
    hmm_port_write(2, chars, text.n_chars);
    hmm_port_abort();
}

_Noreturn void hmm_check_failed(const char *what, const char *file, int line)
{
    char chars[256];
    struct hmm_text text = {.chars = chars, .capacity_bytes = sizeof chars - 1};
    hmm_text_str(&text, "hmm: internal check failed: ");
    hmm_text_str(&text, what);
    hmm_text_str(&text, " at ");
    hmm_text_str(&text, file);
    hmm_text_str(&text, ":");
    hmm_text_dec(&text, (uint64_t)line);
    chars[text.n_chars++] = '\n';
    hmm_port_write(2, chars, text.n_chars);
    hmm_port_abort();
}
