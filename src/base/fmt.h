/* fmt.h - text into a fixed buffer: no stdio, no locale, no allocation, safe in a signal handler.
 *
 * Layer   base.
 */
#ifndef HMM_BASE_FMT_H
#define HMM_BASE_FMT_H

#include "base/base.h"

struct hmm_text {
    char *chars;    /* chars[0..capacity_bytes), not terminated */
    size_t n_chars; /* written so far; what does not fit is dropped */
    size_t capacity_bytes;
};

void hmm_text_str(struct hmm_text *text, const char *str);
void hmm_text_dec(struct hmm_text *text, uint64_t n);
void hmm_text_hex(struct hmm_text *text, uint64_t n);
/* The same, padded with blanks on the left to `width` characters. */
void hmm_text_dec_wide(struct hmm_text *text, uint64_t n, unsigned width);

#endif
