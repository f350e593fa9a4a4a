/* fmt.c - text into a fixed buffer.
 *
 * Layer   base.
 */
#include "base/fmt.h"

void hmm_text_str(struct hmm_text *text, const char *str)
{
    while (*str != '\0' && text->n_chars < text->capacity_bytes)
        text->chars[text->n_chars++] = *str++;
}

static void number(struct hmm_text *text, uint64_t n, unsigned base, unsigned width)
{
    char digits[24];
    unsigned n_digits = 0;
    do {
        digits[n_digits++] = "0123456789abcdef"[n % base];
        n /= base;
    } while (n != 0);
    for (unsigned i = n_digits; i < width; i++)
        hmm_text_str(text, " ");
    while (n_digits > 0 && text->n_chars < text->capacity_bytes)
        text->chars[text->n_chars++] = digits[--n_digits];
}

void hmm_text_dec(struct hmm_text *text, uint64_t n)
{
    number(text, n, 10, 0);
}

void hmm_text_dec_wide(struct hmm_text *text, uint64_t n, unsigned width)
{
    number(text, n, 10, width);
}

void hmm_text_hex(struct hmm_text *text, uint64_t n)
{
    hmm_text_str(text, "0x");
    number(text, n, 16, 0);
}
