// SPDX-License-Identifier: Apache-2.0
// Reading a block. block_open checks the CRC, then that every column lies within the bytes, so
// that nothing behind it can read out of bounds, whatever the block says. Pure; any thread.
#include "base/digest.h"
#include "base/log.h"
#include "base/metrics.h"
#include "core/series_internal.h"

static bool read_header(block *b, cur *c) {
    b->type = cur_u8(c);
    b->flags = cur_u8(c);
    uint64_t n = cur_uvar(c), repeats = cur_uvar(c), nan = cur_uvar(c);
    b->stride = (int64_t)cur_uvar(c);
    b->slope[0] = cur_ivar(c);
    b->slope[1] = cur_ivar(c);
    if (c->bad || n < 1 || n > BLOCK_MAX || repeats >= n || nan > n || b->stride < 0)
        return false;
    if (b->type != SERIES_F64 && b->type != SERIES_I64) return false;
    b->n = (uint32_t)n;
    b->distinct = (uint32_t)(n - repeats);
    b->nan = (uint32_t)nan;
    b->minis = (b->n + MINI - 1) / MINI;
    return true;
}

static bool read_column(cur *c, col *k, int64_t *base, int64_t *delta) {
    uint64_t x = cur_uvar(c);
    if (x / COL_MODES > 64) return false;
    k->mode = (uint8_t)(x % COL_MODES);
    k->width = (uint8_t)(x / COL_MODES);
    k->base = *base = wrap_add(*base, cur_ivar(c));
    k->delta = 0;
    if (k->mode == COL_DELTA) k->delta = *delta = wrap_add(*delta, cur_ivar(c));
    return true;
}

static bool read_directory(block *b, cur *c) {
    int64_t base[3] = {0}, delta[3] = {0};
    for (size_t m = 0; m < b->minis; m++) {
        mini *k = &b->mini[m];
        size_t n = block_mini_n(b, m);
        k->kind = cur_u8(c);
        for (int i = 0; i < 3; i++) {
            if (!read_column(c, &k->c[i], &base[i], &delta[i])) return false;
        }
        k->argmin = cur_u8(c);
        k->argmax = cur_u8(c);
        if (k->kind >= VAL_KINDS || (b->type == SERIES_I64 && k->kind != VAL_RANK))
            return false;
        if (k->kind == VAL_F32 && k->c[2].width > 33) return false;
        if ((k->argmin == 0xff) != (k->argmax == 0xff)) return false;
        if (k->argmin != 0xff && (k->argmin >= n || k->argmax >= n)) return false;
    }
    return !c->bad;
}

static bool read_groups(block *b, cur *c) {
    for (size_t g = 0; b->minis > 1 && g * 64 < b->minis; g++) {
        size_t n = b->minis - g * 64 < 64 ? b->minis - g * 64 : 64;
        b->argmin[g] = cur_u8(c);
        b->argmax[g] = cur_u8(c);
        if ((b->argmin[g] == 0xff) != (b->argmax[g] == 0xff)) return false;
        if (b->argmin[g] == 0xff) continue;
        if (b->argmin[g] >= n || b->argmax[g] >= n) return false;
        if (b->mini[g * 64 + b->argmin[g]].argmin == 0xff) return false;
        if (b->mini[g * 64 + b->argmax[g]].argmax == 0xff) return false;
    }
    return !c->bad;
}

// Columns follow one another without gaps up to the last byte.
static bool place_columns(block *b, const cur *c) {
    size_t at = (size_t)(c->p - (const uint8_t *)b->data.p);
    for (size_t m = 0; m < b->minis; m++) {
        for (int i = 0; i < 3; i++) {
            b->mini[m].at[i] = (uint32_t)at;
            at += col_bytes(&b->mini[m].c[i], block_mini_n(b, m));
        }
        if (at > b->data.n) return false;
    }
    return at == b->data.n;
}

static const char *parse(block *b, str data) {
    cur c = cur_of(data);
    b->data = data;
    if (data.n > 1 << 20 || cur_u8(&c) != 1) return "a block is of an unknown version";
    uint32_t crc = cur_u32(&c);
    if (c.bad || crc != crc32c(0, c.p, cur_left(&c)))
        return "a block does not match its checksum";
    if (!read_header(b, &c)) return "a block's header is damaged";
    if (!read_directory(b, &c) || !read_groups(b, &c)) return "a block's directory is damaged";
    return place_columns(b, &c) ? NULL : "a block's columns are damaged";
}

bool series_corrupt(const char *what, err *e) {
    METRIC_ADD(corrupt_total, 1);
    log_msg(LOG_ERROR, "series.corrupt", "%s", what);
    return err_set(e, ERR_CORRUPT, "%s", what);
}

bool block_open(block *b, str data, err *e) {
    const char *bad = parse(b, data);
    return !bad || series_corrupt(bad, e);
}

// ---- decoding ------------------------------------------------------------------------------

static void read_mini_column(const block *b, size_t m, int which, int64_t *out) {
    const mini *k = &b->mini[m];
    const uint8_t *p = (const uint8_t *)b->data.p;
    col_read(&k->c[which], p + k->at[which], p + b->data.n, block_mini_n(b, m),
             which < 2 ? b->slope[which] : 0, m * MINI, out);
    if (which == 2) val_decode(out, block_mini_n(b, m), k->kind);
}

static int64_t get(const block *b, size_t m, int which, size_t i) {
    const mini *k = &b->mini[m];
    const uint8_t *p = (const uint8_t *)b->data.p;
    int64_t v = col_get(&k->c[which], p + k->at[which], p + b->data.n, block_mini_n(b, m),
                        which < 2 ? b->slope[which] : 0, m * MINI, i);
    if (which == 2) val_decode(&v, 1, k->kind);
    return v;
}

size_t block_mini(const block *b, size_t m, spt *out) {
    int64_t v[3][MINI];
    size_t n = block_mini_n(b, m);
    for (int i = 0; i < 3; i++)
        read_mini_column(b, m, i, v[i]);
    for (size_t i = 0; i < n; i++)
        out[i] = (spt){v[0][i], v[1][i], v[2][i]};
    return n;
}

void block_all(const block *b, spt *out) {
    for (size_t m = 0; m < b->minis; m++)
        out += block_mini(b, m, out);
}

spt block_at(const block *b, size_t i) {
    size_t m = i / MINI, k = i % MINI;
    return (spt){get(b, m, 0, k), get(b, m, 1, k), get(b, m, 2, k)};
}

// Which column holds the places of an order.
static int column_of(series_order by) {
    return by == SERIES_BY_TIME ? 1 : 0;
}

int64_t block_place(const block *b, series_order by, size_t i) {
    return get(b, i / MINI, column_of(by), i % MINI);
}

void block_steps(const block *b, int64_t *out) {
    for (size_t m = 0; m < b->minis; m++)
        read_mini_column(b, m, 0, out + m * MINI);
}

// How many miniblocks begin before a place.
static size_t minis_before(const block *b, series_order by, int64_t place) {
    size_t lo = 0, hi = b->minis;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (get(b, mid, column_of(by), 0) < place)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

size_t block_lower_mini(const block *b, series_order by, int64_t place) {
    size_t at = minis_before(b, by, place) * MINI;
    return at < b->n ? at : b->n;
}

size_t block_lower(const block *b, series_order by, int64_t place) {
    size_t m = minis_before(b, by, place);
    if (!m) return 0;
    int64_t s[MINI];
    size_t n = block_mini_n(b, m - 1), i = 0;
    read_mini_column(b, m - 1, column_of(by), s);
    while (i < n && s[i] < place)
        i++;
    return (m - 1) * MINI + i;
}

// ---- levels --------------------------------------------------------------------------------

typedef struct range {
    int64_t min, max;
    bool any;
} range;

static void range_join(range *r, int64_t min, int64_t max) {
    if (!r->any || min < r->min) r->min = min;
    if (!r->any || max > r->max) r->max = max;
    r->any = true;
}

static void add_values(const block *b, size_t m, size_t from, size_t to, range *r) {
    int64_t v[MINI];
    read_mini_column(b, m, 2, v);
    for (size_t i = from; i < to; i++) {
        if (b->type == SERIES_F64 && v[i] == RANK_NAN) continue;
        range_join(r, v[i], v[i]);
    }
}

static void add_mini(const block *b, size_t m, range *r) {
    const mini *k = &b->mini[m];
    if (k->argmin != 0xff) range_join(r, get(b, m, 2, k->argmin), get(b, m, 2, k->argmax));
}

static void add_group(const block *b, size_t g, range *r) {
    if (b->argmin[g] == 0xff) return;
    size_t low = g * 64 + b->argmin[g], high = g * 64 + b->argmax[g];
    range_join(r, get(b, low, 2, b->mini[low].argmin), get(b, high, 2, b->mini[high].argmax));
}

bool block_range(const block *b, size_t from, size_t to, int64_t *min, int64_t *max) {
    range r = {0};
    for (size_t i = from; i < to;) {
        size_t m = i / MINI, end = m * MINI + block_mini_n(b, m);
        size_t group = m / 64, group_end = (group + 1) * 64 * MINI;
        if (group_end > b->n) group_end = b->n;
        if (b->minis > 1 && i == group * 64 * MINI && group_end <= to) {
            add_group(b, group, &r);
            i = group_end;
        } else if (i == m * MINI && end <= to) {
            add_mini(b, m, &r);
            i = end;
        } else {
            if (end > to) end = to;
            add_values(b, m, i - m * MINI, end - m * MINI, &r);
            i = end;
        }
    }
    *min = r.min;
    *max = r.max;
    return r.any;
}

uint64_t block_nans(const block *b, size_t from, size_t to) {
    uint64_t n = 0;
    if (!b->nan || (from == 0 && to == b->n)) return b->nan;
    for (size_t m = from / MINI; m * MINI < to; m++) {
        int64_t v[MINI];
        read_mini_column(b, m, 2, v);
        for (size_t i = 0; i < block_mini_n(b, m); i++) {
            size_t at = m * MINI + i;
            n += at >= from && at < to && v[i] == RANK_NAN;
        }
    }
    return n;
}

void block_sum(const block *b, ssum *s) {
    *s = (ssum){.count = b->n, .first = block_at(b, 0), .last = block_at(b, b->n - 1)};
    s->ranged = block_range(b, 0, b->n, &s->min, &s->max);
}
