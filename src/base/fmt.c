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

static void digits_out(struct hmm_text *text, const char *digits, unsigned n_digits, unsigned width)
{
    for (unsigned i = n_digits; i < width; i++)
        hmm_text_str(text, " ");
    for (unsigned i = 0; i < n_digits && text->n_chars < text->capacity_bytes; i++)
        text->chars[text->n_chars++] = digits[i];
}

static uint64_t ten_times(uint64_t n)
{
    uint64_t eight = n << 3;
    HMM_KEEP(eight); /* or the compiler sees a product, and calls for one */
    return eight + (n << 1);
}

/* By subtraction: small machines have functions for multiplying and dividing 64 bits, and for
 * shifting them by variable amounts, which firmware may not have. */
static void decimal(struct hmm_text *text, uint64_t n, unsigned width)
{
    char digits[20];
    unsigned n_digits = 0;
    uint64_t power = 1;
    unsigned n_powers = 1;
    while (n_powers < sizeof digits && ten_times(power) <= n) {
        power = ten_times(power);
        n_powers++;
    }
    for (; n_powers > 0; n_powers--) {
        uint64_t unit = 1;
        for (unsigned i = 1; i < n_powers; i++)
            unit = ten_times(unit);
        char digit = '0';
        for (; n >= unit; n -= unit)
            digit++;
        digits[n_digits++] = digit;
    }
    digits_out(text, digits, n_digits, width);
}

void hmm_text_dec(struct hmm_text *text, uint64_t n)
{
    decimal(text, n, 0);
}

void hmm_text_dec_wide(struct hmm_text *text, uint64_t n, unsigned width)
{
    decimal(text, n, width);
}

void hmm_text_hex(struct hmm_text *text, uint64_t n)
{
    char digits[16];
    unsigned n_digits = 0;
    for (unsigned left = 16; left > 0; left--, n <<= 4)
        if (n >> 60 != 0 || n_digits != 0 || left == 1)
            digits[n_digits++] = "0123456789abcdef"[n >> 60];
    hmm_text_str(text, "0x");
    digits_out(text, digits, n_digits, 0);
}
