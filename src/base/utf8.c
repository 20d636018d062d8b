// SPDX-License-Identifier: Apache-2.0
// UTF-8 checking (RFC 3629, section 4: the table of well-formed byte sequences). ASCII runs are
// skipped eight bytes at a time; what is left is decided by the lead byte and the range that it
// allows the second. No state; any thread.
#include "base/utf8_internal.h"

#include <stdint.h>
#include <string.h>

#define HIGH_BITS 0x8080808080808080ull

const char *utf8_ascii_end(const char *p, const char *end) {
    while (end - p >= 8) {
        uint64_t w;
        memcpy(&w, p, 8);
        if (w & HIGH_BITS) break;
        p += 8;
    }
    while (p < end && !(*p & 0x80))
        p++;
    return p;
}

static inline bool is_tail(unsigned char c) {
    return (c & 0xc0) == 0x80;
}

size_t utf8_len(const char *s, const char *end) {
    const unsigned char *p = (const unsigned char *)s;
    size_t left = (size_t)(end - s);
    unsigned char c = p[0];
    if (c < 0x80) return 1;
    if (c < 0xc2 || c > 0xf4) return 0;
    if (c < 0xe0) return left >= 2 && is_tail(p[1]) ? 2 : 0;
    // The second byte's range shuts out over-long forms, surrogates and what is above U+10FFFF.
    unsigned char low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
    unsigned char high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
    size_t n = c < 0xf0 ? 3 : 4;
    if (left < n || p[1] < low || p[1] > high || !is_tail(p[2])) return 0;
    return n == 3 || is_tail(p[3]) ? n : 0;
}

bool utf8_valid(const char *p, const char *end) {
    for (;;) {
        p = utf8_ascii_end(p, end);
        while (p < end && (*p & 0x80)) { // runs of other scripts stay in this loop
            size_t n = utf8_len(p, end);
            if (!n) return false;
            p += n;
        }
        if (p >= end) return true;
    }
}

size_t utf8_put(char out[4], unsigned cp) {
    if (cp < 0x80) {
        out[0] = (char)cp;
        return 1;
    }
    if (cp < 0x800) {
        out[0] = (char)(0xc0 | cp >> 6);
        out[1] = (char)(0x80 | (cp & 0x3f));
        return 2;
    }
    if (cp < 0x10000) {
        out[0] = (char)(0xe0 | cp >> 12);
        out[1] = (char)(0x80 | (cp >> 6 & 0x3f));
        out[2] = (char)(0x80 | (cp & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | cp >> 18);
    out[1] = (char)(0x80 | (cp >> 12 & 0x3f));
    out[2] = (char)(0x80 | (cp >> 6 & 0x3f));
    out[3] = (char)(0x80 | (cp & 0x3f));
    return 4;
}
