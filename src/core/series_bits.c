// SPDX-License-Identifier: Apache-2.0
// Columns of up to 64 integers: frame of reference (Goldstein et al., 1998) over the values,
// over what a line leaves of them, or over their differences, and then bit packing: value i
// stands at bit i * width, least bit first, so that 64 values take width * 8 bytes and any one
// can be read alone (but for differences). All arithmetic wraps: every int64 comes back. Pure;
// any thread.
#include "core/series_internal.h"

#include "base/word.h"

static inline unsigned width_of(uint64_t range) {
    return range ? 64 - (unsigned)__builtin_clzll(range) : 0;
}

// ---- choosing ------------------------------------------------------------------------------

static col plan_for(const int64_t *v, size_t n) {
    int64_t min = v[0], max = v[0];
    for (size_t i = 1; i < n; i++) {
        min = v[i] < min ? v[i] : min;
        max = v[i] > max ? v[i] : max;
    }
    return (col){min, 0, COL_FOR, (uint8_t)width_of((uint64_t)max - (uint64_t)min)};
}

static col plan_line(const int64_t *v, size_t n, int64_t slope, size_t at) {
    int64_t r[MINI];
    for (size_t i = 0; i < n; i++)
        r[i] = wrap_sub(v[i], line_at(slope, at + i));
    col c = plan_for(r, n);
    c.mode = COL_LINE;
    return c;
}

static col plan_delta(const int64_t *v, size_t n) {
    int64_t d[MINI];
    for (size_t i = 1; i < n; i++)
        d[i - 1] = wrap_sub(v[i], v[i - 1]);
    col c = plan_for(d, n - 1);
    return (col){v[0], c.base, COL_DELTA, c.width};
}

col col_plan(const int64_t *v, size_t n, int64_t slope, size_t at) {
    col best = plan_for(v, n);
    if (best.width && slope) {
        col line = plan_line(v, n, slope, at);
        if (line.width < best.width) best = line;
    }
    if (best.width > 1 && n > 2) { // differences cost the reading of one alone: not for a bit
        col delta = plan_delta(v, n);
        if (delta.width + 1 < best.width) best = delta;
    }
    return best;
}

// ---- writing -------------------------------------------------------------------------------

static void pack(const uint64_t *x, size_t n, unsigned w, uint8_t *out) {
    uint64_t acc = 0;
    unsigned have = 0;
    for (size_t i = 0; i < n; i++) {
        acc |= x[i] << have;
        have += w;
        if (have >= 64) {
            word_store(out, acc);
            out += 8;
            have -= 64;
            acc = have ? x[i] >> (w - have) : 0;
        }
    }
    for (; have; have = have > 8 ? have - 8 : 0, acc >>= 8)
        *out++ = (uint8_t)acc;
}

void col_write(const col *c, const int64_t *v, size_t n, int64_t slope, size_t at,
               uint8_t *out) {
    uint64_t x[MINI];
    if (!c->width) return;
    x[0] = 0;
    for (size_t i = 0; i < n; i++) {
        if (c->mode == COL_FOR)
            x[i] = (uint64_t)wrap_sub(v[i], c->base);
        else if (c->mode == COL_LINE)
            x[i] = (uint64_t)wrap_sub(wrap_sub(v[i], line_at(slope, at + i)), c->base);
        else if (i)
            x[i] = (uint64_t)wrap_sub(wrap_sub(v[i], v[i - 1]), c->delta);
    }
    pack(x, n, c->width, out);
}

// ---- reading -------------------------------------------------------------------------------

static inline uint64_t mask_of(unsigned w) {
    return w >= 64 ? UINT64_MAX : ((uint64_t)1 << w) - 1;
}

// p may be read 16 bytes past what is packed.
static inline uint64_t unpack_one(const uint8_t *p, unsigned w, size_t i) {
    size_t bit = i * w;
    const uint8_t *q = p + (bit >> 3);
    unsigned shift = bit & 7;
    uint64_t x = word_load(q) >> shift;
    if (shift + w > 64) x |= (uint64_t)q[8] << (64 - shift);
    return x & mask_of(w);
}

static void unpack(const uint8_t *p, const uint8_t *end, size_t n, unsigned w, uint64_t *x) {
    uint8_t padded[MINI * 8 + 16];
    size_t bytes = (n * w + 7) / 8;
    if ((size_t)(end - p) < bytes + 16) {
        memcpy(padded, p, bytes);
        p = padded;
    }
    if (w <= 56) {
        uint64_t mask = mask_of(w);
        for (size_t i = 0, bit = 0; i < n; i++, bit += w)
            x[i] = word_load(p + (bit >> 3)) >> (bit & 7) & mask;
        return;
    }
    for (size_t i = 0; i < n; i++)
        x[i] = unpack_one(p, w, i);
}

void col_read(const col *c, const uint8_t *p, const uint8_t *end, size_t n, int64_t slope,
              size_t at, int64_t *out) {
    uint64_t x[MINI];
    if (c->width)
        unpack(p, end, n, c->width, x);
    else
        memset(x, 0, n * sizeof *x);
    uint64_t base = (uint64_t)c->base, delta = (uint64_t)c->delta;
    switch (c->mode) {
    case COL_FOR:
        for (size_t i = 0; i < n; i++)
            out[i] = (int64_t)(base + x[i]);
        break;
    case COL_LINE:
        for (size_t i = 0; i < n; i++)
            out[i] = (int64_t)(base + (uint64_t)line_at(slope, at + i) + x[i]);
        break;
    default:
        out[0] = c->base;
        for (size_t i = 1; i < n; i++)
            out[i] = (int64_t)((uint64_t)out[i - 1] + delta + x[i]);
        break;
    }
}

int64_t col_get(const col *c, const uint8_t *p, const uint8_t *end, size_t n, int64_t slope,
                size_t at, size_t i) {
    uint64_t x = 0;
    if (c->mode == COL_DELTA || (c->width && (size_t)(end - p) < col_bytes(c, n) + 16)) {
        int64_t all[MINI];
        col_read(c, p, end, n, slope, at, all);
        return all[i];
    }
    if (c->width) x = unpack_one(p, c->width, i);
    if (c->mode == COL_LINE) x += (uint64_t)line_at(slope, at + i);
    return (int64_t)((uint64_t)c->base + x);
}

// ---- values --------------------------------------------------------------------------------

static const double ten_to[16] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                  1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
#define DEC_LIMIT 1125899906842624.0 // 2^50: far from where doubles skip integers
#define ROUNDER   6755399441055744.0 // 1.5 * 2^52: adding and taking it away rounds to an integer

// As rank_of(), for floats.
static inline bool f32_code(int64_t rank, int64_t *code) {
    if (rank == RANK_NAN) {
        *code = RANK_NAN;
        return true;
    }
    double v = rank_value(rank);
    float f = (float)v;
    int32_t b;
    if ((double)f != v) return false;
    memcpy(&b, &f, sizeof b);
    *code = b >= 0 ? b : (int64_t)(b ^ INT32_MAX) - 1;
    return true;
}

static inline int64_t f32_rank(int64_t code) {
    int32_t b = code >= 0 ? (int32_t)code : (int32_t)(code + 1) ^ INT32_MAX;
    float f;
    if (code == RANK_NAN) return RANK_NAN;
    memcpy(&f, &b, sizeof f);
    return rank_of((double)f);
}

static bool plan_f32(const int64_t *val, size_t n, int64_t *code) {
    for (size_t i = 0; i < n; i++) {
        if (!f32_code(val[i], &code[i])) return false;
    }
    return true;
}

// Is v * 10^e an integer that divides back to v? (Both operands of the division are exact, so
// it rounds as the reading of the decimal would. After ALP: Afroozeh, Kuffo, Boncz, 2023.)
static inline bool dec_code(double v, unsigned e, int64_t *code) {
    double x = v * ten_to[e];
    if (!(x < DEC_LIMIT && x > -DEC_LIMIT)) return false;
    *code = (int64_t)(x + ROUNDER - ROUNDER);
    return rank_of((double)*code / ten_to[e]) == rank_of(v);
}

static bool plan_dec(const int64_t *val, size_t n, int64_t *code, unsigned *exponent) {
    unsigned e = 0;
    for (size_t i = 0; i < n; i++) {
        if (val[i] == RANK_NAN) return false;
        for (double v = rank_value(val[i]); !dec_code(v, e, &code[i]);) {
            if (++e == 16) return false;
        }
    }
    for (size_t i = 0; e && i < n; i++) { // those before the exponent grew
        if (!dec_code(rank_value(val[i]), e, &code[i])) return false;
    }
    *exponent = e;
    return true;
}

col val_plan(const int64_t *val, size_t n, int type, int64_t *code, uint8_t *kind) {
    int64_t other[MINI];
    unsigned e;
    *kind = VAL_RANK;
    memcpy(code, val, n * sizeof *code);
    col best = col_plan(code, n, 0, 0);
    if (type != SERIES_F64 || !best.width) return best;
    if (plan_f32(val, n, other)) {
        col c = col_plan(other, n, 0, 0);
        if (c.width < best.width) {
            best = c;
            *kind = VAL_F32;
            memcpy(code, other, n * sizeof *code);
        }
    }
    if (best.width > 8 && plan_dec(val, n, other, &e)) {
        col c = col_plan(other, n, 0, 0);
        if (c.width < best.width) {
            best = c;
            *kind = (uint8_t)(VAL_DEC + e);
            memcpy(code, other, n * sizeof *code);
        }
    }
    return best;
}

void val_decode(int64_t *v, size_t n, uint8_t kind) {
    if (kind == VAL_RANK) return;
    if (kind == VAL_F32) {
        for (size_t i = 0; i < n; i++)
            v[i] = f32_rank(v[i]);
        return;
    }
    double scale = ten_to[(kind - VAL_DEC) & 15];
    for (size_t i = 0; i < n; i++)
        v[i] = rank_of((double)v[i] / scale);
}
