// SPDX-License-Identifier: Apache-2.0
// points: frames read; see points.h. Pure; any thread.
#include "api/native/points.h"

#include "base/buf.h"
#include "base/digest.h"

enum { FLAG_WIDE = 1 };

typedef struct reader {
    arena *a;
    cur c;
    str *keys;
    size_t n_keys, n_series;
    uint32_t *run_of; // of each series
    series_columns *series;
} reader;

static bool bad(err *e, const char *what) {
    return err_set(e, ERR_MALFORMED, "the frame can not be read: %s", what);
}

bool points_frame_length(const uint8_t head[POINTS_FRAME_HEAD], size_t *length, err *e) {
    cur c = cur_of(str_n(head, POINTS_FRAME_HEAD));
    *length = cur_u32(&c);
    if (*length > POINTS_FRAME_BYTES) {
        return err_set(e, ERR_TOO_LARGE, "the frame has %zu bytes, and at most %u are taken",
                       *length, POINTS_FRAME_BYTES);
    }
    return *length || bad(e, "it is empty");
}

bool points_check_key(str key, err *e) {
    if (!key.n) return err_set(e, ERR_INVALID, "a series has a name: 'key' is empty");
    return core_check_text(key, POINTS_KEY_MAX, "key", e);
}

// ---- tables ---------------------------------------------------------------------------------

// A count of things that take at least `least` bytes each.
static bool count(reader *r, size_t least, size_t *n) {
    uint64_t v = cur_uvar(&r->c);
    *n = (size_t)v;
    return !r->c.bad && v && v <= cur_left(&r->c) / least;
}

static bool read_runs(reader *r, points_frame *out, err *e) {
    if (!count(r, sizeof out->runs->run.b, &out->n)) return bad(e, "its table of runs");
    if (out->n > POINTS_RUNS_MAX) {
        return err_set(e, ERR_TOO_LARGE, "the frame names %zu runs, and at most %d are taken",
                       out->n, POINTS_RUNS_MAX);
    }
    out->runs = ARENA_ARRAY(r->a, points_run, out->n);
    for (size_t i = 0; i < out->n; i++) {
        str b = cur_take(&r->c, sizeof out->runs->run.b);
        memcpy(out->runs[i].run.b, b.p, sizeof out->runs[i].run.b);
    }
    return true;
}

static bool read_keys(reader *r, err *e) {
    if (!count(r, 2, &r->n_keys)) return bad(e, "its table of keys");
    r->keys = ARENA_ARRAY(r->a, str, r->n_keys);
    for (size_t i = 0; i < r->n_keys; i++) {
        r->keys[i] = cur_take(&r->c, cur_uvar(&r->c));
        if (r->c.bad) return bad(e, "its table of keys");
        if (!points_check_key(r->keys[i], e)) return false;
    }
    return true;
}

static bool read_one(reader *r, points_frame *out, size_t i, uint64_t *bytes, err *e) {
    series_columns *s = &r->series[i];
    uint64_t of_run = cur_uvar(&r->c), key = cur_uvar(&r->c);
    unsigned flags = cur_u8(&r->c);
    s->n = cur_uvar(&r->c);
    uint64_t n = cur_uvar(&r->c), width = flags & FLAG_WIDE ? 8 : 4;
    if (r->c.bad || of_run >= out->n || key >= r->n_keys || flags > FLAG_WIDE)
        return bad(e, "its table of series");
    if (!s->n || n > POINTS_FRAME_BYTES || s->n > n / width)
        return bad(e, "a series has another length than its points need");
    s->key = r->keys[key];
    s->wide = flags & FLAG_WIDE;
    s->columns = str_n(NULL, n);
    r->run_of[i] = (uint32_t)of_run;
    out->runs[of_run].n++;
    out->runs[of_run].points += s->n;
    out->points += s->n;
    *bytes += n;
    return true;
}

static bool read_series(reader *r, points_frame *out, err *e) {
    uint64_t bytes = 0;
    if (!count(r, 15, &r->n_series)) return bad(e, "its table of series");
    if (r->n_series > POINTS_SERIES_MAX) {
        return err_set(e, ERR_TOO_LARGE, "the frame has %zu series, and at most %u are taken",
                       r->n_series, POINTS_SERIES_MAX);
    }
    r->series = ARENA_ARRAY(r->a, series_columns, r->n_series);
    r->run_of = ARENA_ARRAY(r->a, uint32_t, r->n_series);
    for (size_t i = 0; i < r->n_series; i++) {
        if (!read_one(r, out, i, &bytes, e)) return false;
    }
    if (out->points > POINTS_FRAME_MAX) {
        return err_set(e, ERR_TOO_LARGE, "the frame has %llu points, and at most %u are taken",
                       (unsigned long long)out->points, POINTS_FRAME_MAX);
    }
    if (bytes != cur_left(&r->c)) return bad(e, "its columns are not as long as it says");
    for (size_t i = 0; i < r->n_series; i++)
        r->series[i].columns = cur_take(&r->c, r->series[i].columns.n);
    return true;
}

// Series of one run come to stand together, in their order.
static bool by_run(reader *r, points_frame *out, err *e) {
    series_columns *sorted = ARENA_ARRAY(r->a, series_columns, r->n_series);
    size_t at = 0;
    for (size_t i = 0; i < out->n; i++) {
        if (!out->runs[i].n) return bad(e, "it names a run that has no series in it");
        out->runs[i].series = sorted + at;
        at += out->runs[i].n;
        out->runs[i].n = 0;
    }
    for (size_t i = 0; i < r->n_series; i++) {
        points_run *p = &out->runs[r->run_of[i]];
        p->series[p->n++] = r->series[i];
    }
    return true;
}

bool points_frame_read(arena *a, const uint8_t head[POINTS_FRAME_HEAD], str payload,
                       points_frame *out, err *e) {
    cur h = cur_of(str_n(head + 4, 4));
    reader r = {.a = a, .c = cur_of(payload)};
    *out = (points_frame){0};
    if (cur_u32(&h) != crc32c(0, payload.p, payload.n))
        return bad(e, "it does not match its checksum");
    return read_runs(&r, out, e) && read_keys(&r, e) && read_series(&r, out, e) &&
           by_run(&r, out, e);
}
