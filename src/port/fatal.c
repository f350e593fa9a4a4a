/* fatal.c - one message by one write, then abort.
 *
 * Layer   port, above the systems'.
 */
#include "port/fatal.h"

#include "base/check.h"
#include "port/port.h"

enum { MESSAGE_BYTES = 96 };

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

_Noreturn void hmm_fatal_misuse(const char *who, const char *what, const void *block,
                                const struct hmm_text *detail)
{
    char chars[MESSAGE_BYTES];
    struct hmm_text message = {.chars = chars, .capacity_bytes = sizeof chars - 1};
    hmm_text_str(&message, who);
    hmm_text_str(&message, ": ");
    hmm_text_str(&message, what);
    chars[message.n_chars] = '\0';
    hmm_fatal(chars, block, detail);
}

_Noreturn void hmm_misuse_two_owners(const void *block)
{
    hmm_fatal_misuse("HmmAlloc", "double free detected (freed twice at once) of", block, NULL);
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
