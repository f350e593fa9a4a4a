/* bytes.h - the three functions of libc that every compiler asks for, also where there is no libc.
 *
 * Layer   base.
 */
#ifndef HMM_BASE_BYTES_H
#define HMM_BASE_BYTES_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t n_bytes);
void *memmove(void *to, const void *from, size_t n_bytes);
void *memset(void *at, int byte, size_t n_bytes);

#endif
