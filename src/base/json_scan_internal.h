// SPDX-License-Identifier: Apache-2.0
// Finding the bytes of a JSON string that need care: the reader and the writer run over the
// rest 16 bytes at a time (SSE2, which every x86-64 has) or eight at a time elsewhere. Never
// reads at or behind `end`.
#ifndef STEMMA_BASE_JSON_SCAN_INTERNAL_H
#define STEMMA_BASE_JSON_SCAN_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

static inline bool json_is_special(unsigned char c) {
    return c == '"' || c == '\\' || c < 0x20;
}

// The first quote, backslash or control character of [p, end), or end. Bytes that are not ASCII
// are gone past; *wide (never cleared) tells whether one was among them.
static inline const char *json_scan(const char *p, const char *end, bool *wide) {
#ifdef __SSE2__
    const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\');
    const __m128i control = _mm_set1_epi8(0x1f);
    for (; end - p >= 16; p += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
        __m128i hit = _mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, slash));
        hit = _mm_or_si128(hit, _mm_cmpeq_epi8(_mm_min_epu8(v, control), v));
        unsigned special = (unsigned)_mm_movemask_epi8(hit),
                 high = (unsigned)_mm_movemask_epi8(v);
        if (special) {
            *wide |= (high & (special ^ (special - 1))) != 0; // only up to the first hit
            return p + __builtin_ctz(special);
        }
        *wide |= high != 0;
    }
#else
    const uint64_t ones = 0x0101010101010101u, high_bits = 0x8080808080808080u;
    for (; end - p >= 8; p += 8) {
        uint64_t v;
        memcpy(&v, p, 8);
        uint64_t quote = v ^ ones * '"', slash = v ^ ones * '\\';
        // A byte's high bit is set where it is below 0x20, or zero after the xor; a borrow may
        // set it above a hit too.
        uint64_t hit =
            ((v - ones * 0x20) & ~v) | ((quote - ones) & ~quote) | ((slash - ones) & ~slash);
        if (hit & high_bits) break;
        *wide |= (v & high_bits) != 0;
    }
#endif
    for (; p < end && !json_is_special((unsigned char)*p); p++)
        *wide |= (*p & 0x80) != 0;
    return p;
}

#endif
