// SPDX-License-Identifier: Apache-2.0
// CRC32C (Castagnoli polynomial 0x1EDC6F41, reflected 0x82F63B78; RFC 3720, B.4). Two ways to
// the same value:
// - SSE4.2's crc32 instruction: it takes three cycles and one can start each cycle, so long
// inputs are read as three
//   lanes at once and put together by moving a lane's CRC past the bytes of the lanes behind
//   it. Moving a CRC past n zero bytes is linear over GF(2): four tables of 256 entries per
//   lane length (as Mark Adler's crc32c.c explains).
// - tables, eight bytes at a time ("slicing-by-8", Kounavis and Berry, 2005) on CPUs without
// it. The tables are made once a process; any thread.
#include "base/digest_internal.h"

#include <pthread.h>

#define POLYNOMIAL 0x82f63b78u

static uint32_t table[8][256]; // table[k][b]: byte b, then k zero bytes
static uint32_t (*update)(uint32_t crc, const uint8_t *p, size_t n);
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void table_make(void) {
    for (uint32_t b = 0; b < 256; b++) {
        uint32_t c = b;
        for (int k = 0; k < 8; k++)
            c = c & 1 ? c >> 1 ^ POLYNOMIAL : c >> 1;
        table[0][b] = c;
    }
    for (int k = 1; k < 8; k++) {
        for (uint32_t b = 0; b < 256; b++) {
            uint32_t c = table[k - 1][b];
            table[k][b] = c >> 8 ^ table[0][c & 0xff];
        }
    }
}

static uint64_t load_le(const uint8_t *p) {
    uint64_t v = 0;
    for (int i = 0; i < 8; i++)
        v |= (uint64_t)p[i] << (8 * i);
    return v;
}

static uint32_t by_table(uint32_t crc, const uint8_t *p, size_t n) {
    for (; n >= 8; p += 8, n -= 8) {
        uint64_t v = load_le(p) ^ crc;
        crc = 0;
        for (int k = 0; k < 8; k++)
            crc ^= table[7 - k][v >> (8 * k) & 0xff];
    }
    for (; n; p++, n--)
        crc = crc >> 8 ^ table[0][(crc ^ *p) & 0xff];
    return crc;
}

#ifdef __x86_64__
#include <nmmintrin.h>

enum { LONG_LANE = 4096, SHORT_LANE = 256 };

static uint32_t shift_long[4][256], shift_short[4][256];

static inline uint32_t shift(uint32_t (*t)[256], uint32_t crc) {
    return t[0][crc & 0xff] ^ t[1][crc >> 8 & 0xff] ^ t[2][crc >> 16 & 0xff] ^ t[3][crc >> 24];
}

// t: moving a CRC past `n` zero bytes. Each of the 32 bits is moved by itself, then bytes are
// sums of bits.
static void shift_make(uint32_t (*t)[256], size_t n) {
    static const uint8_t zeros[LONG_LANE];
    uint32_t bit[32];
    for (int i = 0; i < 32; i++)
        bit[i] = by_table(1u << i, zeros, n);
    for (int k = 0; k < 4; k++) {
        for (uint32_t b = 0; b < 256; b++) {
            t[k][b] = 0;
            for (int i = 0; i < 8; i++) {
                if (b >> i & 1) t[k][b] ^= bit[8 * k + i];
            }
        }
    }
}

__attribute__((target("sse4.2"))) static inline uint64_t add8(uint64_t crc, const uint8_t *p) {
    uint64_t v;
    memcpy(&v, p, 8);
    return _mm_crc32_u64(crc, v);
}

// Three lanes of `lane` bytes, as many times as they fit; moves *p and *n.
__attribute__((target("sse4.2"))) static inline uint32_t
by_lanes(uint32_t crc, const uint8_t **at, size_t *n, size_t lane, uint32_t (*t)[256]) {
    const uint8_t *p = *at;
    for (; *n >= 3 * lane; *n -= 3 * lane, p += 2 * lane) {
        uint64_t a = crc, b = 0, c = 0;
        for (const uint8_t *end = p + lane; p < end; p += 8) {
            a = add8(a, p);
            b = add8(b, p + lane);
            c = add8(c, p + 2 * lane);
        }
        crc = shift(t, (uint32_t)a) ^ (uint32_t)b;
        crc = shift(t, crc) ^ (uint32_t)c;
    }
    *at = p;
    return crc;
}

__attribute__((target("sse4.2"))) static uint32_t by_instruction(uint32_t crc, const uint8_t *p,
                                                                 size_t n) {
    crc = by_lanes(crc, &p, &n, LONG_LANE, shift_long);
    crc = by_lanes(crc, &p, &n, SHORT_LANE, shift_short);
    uint64_t c = crc;
    for (; n >= 8; p += 8, n -= 8)
        c = add8(c, p);
    crc = (uint32_t)c;
    for (; n; p++, n--)
        crc = _mm_crc32_u8(crc, *p);
    return crc;
}

static void choose(void) {
    table_make();
    shift_make(shift_long, LONG_LANE);
    shift_make(shift_short, SHORT_LANE);
    update = __builtin_cpu_supports("sse4.2") ? by_instruction : by_table;
}
#else
static void choose(void) {
    table_make();
    update = by_table;
}
#endif

uint32_t crc32c(uint32_t crc, const void *p, size_t n) {
    pthread_once(&once, choose);
    return ~update(~crc, p, n);
}

uint32_t crc32c_by_table(uint32_t crc, const void *p, size_t n) {
    pthread_once(&once, choose);
    return ~by_table(~crc, p, n);
}
