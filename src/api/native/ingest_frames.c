// SPDX-License-Identifier: Apache-2.0
// Frames of application/vnd.stemma.points (points.h). Small frames are stored together. Any
// thread.
#include "api/native/ingest.h"

#include "api/native/points.h"
#include "base/clock.h"
#include "base/vec.h"

enum { BATCH_POINTS = 64 << 10, BATCH_BYTES = 1 << 20 };

typedef struct frames {
    ingest *g;
    VEC(run_entry) entries; // in the batch's arena
    VEC(uint64_t) part_of;
    uint64_t read, points, bytes; // frames in all; of the batch
    int64_t began_us;
    buf payload;
} frames;

static bool store_batch(frames *f, err *e) {
    bool ok = ingest_store(f->g, f->entries.p, f->entries.n, f->part_of.p, f->read, e);
    f->entries.p = NULL;
    f->part_of.p = NULL;
    f->entries.n = f->entries.cap = f->part_of.n = f->part_of.cap = 0;
    f->points = f->bytes = 0;
    if (ok) arena_reset(f->g->c.a);
    return ok;
}

static bool add(frames *f, const uint8_t *head, str payload, err *e) {
    arena *a = f->g->c.a;
    points_frame frame;
    if (!points_frame_read(a, head, payload, &frame, e)) return false;
    run_entry *x = ARENA_ARRAY(a, run_entry, frame.n);
    for (size_t i = 0; i < frame.n; i++) {
        const points_run *r = &frame.runs[i];
        x[i] = (run_entry){.run = r->run, .batch.n_points = r->points};
        if (!series_record_columns(a, r->series, r->n, &x[i].record, e)) return false;
    }
    if (!f->entries.n) f->began_us = clock_mono_us();
    for (size_t i = 0; i < frame.n; i++) {
        vec_push(a, &f->entries, x[i]);
        vec_push(a, &f->part_of, f->read + 1);
    }
    f->points += frame.points;
    f->bytes += payload.n;
    f->read++;
    return true;
}

static bool due(const frames *f) {
    return f->points >= BATCH_POINTS || f->bytes >= BATCH_BYTES ||
           clock_mono_us() - f->began_us > INGEST_WAIT_US;
}

static bool cut_short(err *e) {
    return err_set(e, ERR_MALFORMED, "the body ends within it");
}

// One frame; *end at the end of the body.
static bool next(frames *f, bool *end, err *e) {
    uint8_t head[POINTS_FRAME_HEAD];
    size_t got, n;
    if (!http_read_full(f->g->r, head, sizeof head, &got, e)) return false;
    *end = got == 0;
    if (*end) return true;
    f->g->wrong = f->read + 1;
    if (got < sizeof head) return cut_short(e);
    if (!points_frame_length(head, &n, e)) return false;
    buf_clear(&f->payload);
    char *p = buf_room(&f->payload, n);
    if (!http_read_full(f->g->r, p, n, &got, e)) return false;
    if (got < n) return cut_short(e);
    if (!add(f, head, str_n(p, n), e)) return false;
    f->g->wrong = 0;
    return true;
}

static bool check_magic(ingest *g, err *e) {
    char magic[sizeof POINTS_MAGIC - 1];
    size_t got;
    if (!http_read_full(g->r, magic, sizeof magic, &got, e)) return false;
    return (got == sizeof magic && !memcmp(magic, POINTS_MAGIC, sizeof magic)) ||
           err_set(e, ERR_MALFORMED,
                   "the body does not begin as " POINTS_TYPE " does (version 1)");
}

// What stands before a wrong frame is stored; its own error is the one to tell, unless that
// fails.
static bool store_before(frames *f, err *e) {
    err failed = {0};
    uint64_t wrong = f->g->wrong;
    f->g->wrong = 0;
    if (!store_batch(f, &failed))
        *e = failed;
    else
        f->g->wrong = wrong;
    return false;
}

bool ingest_frames(ingest *g, err *e) {
    frames f = {.g = g, .payload = BUF_MAX(POINTS_FRAME_BYTES)};
    bool ok = check_magic(g, e), end = false;
    while (ok && !end) {
        ok = next(&f, &end, e);
        if (!ok)
            store_before(&f, e);
        else if (end || due(&f))
            ok = store_batch(&f, e);
    }
    buf_free(&f.payload);
    return ok;
}
