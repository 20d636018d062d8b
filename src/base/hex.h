// SPDX-License-Identifier: Apache-2.0
// Hexadecimal digits, for ids and digests.
#ifndef STEMMA_BASE_HEX_H
#define STEMMA_BASE_HEX_H

#include "base/str.h"

// 2 * n lower-case digits, no NUL.
static inline void hex_put(char *out, const uint8_t *p, size_t n) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digits[p[i] >> 4];
        out[2 * i + 1] = digits[p[i] & 15];
    }
}

// The value of a hex digit of either case, -1 for anything else.
static inline int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// Exactly 2 * n digits; `out` is left alone when they are not.
static inline bool hex_get(str s, uint8_t *out, size_t n) {
    if (s.n != 2 * n) return false;
    for (size_t i = 0; i < s.n; i++) {
        if (hex_digit(s.p[i]) < 0) return false;
    }
    for (size_t i = 0; i < n; i++) {
        out[i] = (uint8_t)(hex_digit(s.p[2 * i]) << 4 | hex_digit(s.p[2 * i + 1]));
    }
    return true;
}

#endif
