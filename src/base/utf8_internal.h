// SPDX-License-Identifier: Apache-2.0
// UTF-8 as the files of base check it: RFC 3629, so no over-long forms, no surrogates, nothing
// above U+10FFFF.
#ifndef STEMMA_BASE_UTF8_INTERNAL_H
#define STEMMA_BASE_UTF8_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

// Length of the valid sequence at p (1 to 4), 0 when what stands there is none. p < end.
size_t utf8_len(const char *p, const char *end);
bool utf8_valid(const char *p, const char *end);
// The first byte of [p, end) that is not ASCII, or end.
const char *utf8_ascii_end(const char *p, const char *end);
// Writes a code point; returns its bytes. cp is at most U+10FFFF and no surrogate.
size_t utf8_put(char out[4], unsigned cp);

#endif
