// SPDX-License-Identifier: Apache-2.0
// artifacts: up and down move one long file through the artifact proxy; files puts many short
// ones, each of its own bytes, and reads all of them back.
#include "load/load.h"

#include <stdio.h>
#include <stdlib.h>

#define PREFIX "/api/2.0/mlflow-artifacts/artifacts/"
#define SPAN   (1u << 20) // a long file repeats these bytes; not compressible within

static char *make_span(uint64_t seed) {
    char *p = mem_alloc(SPAN);
    for (size_t i = 0; i < SPAN / 8; i++) {
        uint64_t x = mix64(seed << 32 | i);
        memcpy(p + 8 * i, &x, 8);
    }
    return p;
}

typedef struct transfer {
    const load_options *o;
    char *span;
    int64_t times; // atomic: begun
    bool check, up;
    uint64_t bytes;
} transfer;

static bool transfer_next(void *arg, slot *s) {
    transfer *t = arg;
    char path[1024];
    int64_t i = __atomic_fetch_add(&t->times, 1, __ATOMIC_RELAXED);
    if (i >= (t->o->count ? t->o->count : 1)) return false;
    int n = snprintf(path, sizeof path, PREFIX "%s", t->o->path);
    if (!t->up) return request(s, t->o, "GET", str_n(path, (size_t)n), (str){0}), true;
    request_head(s, t->o, "PUT", str_n(path, (size_t)n), (uint64_t)t->o->size,
                 "application/octet-stream");
    s->body = t->span;
    s->body_n = (uint64_t)t->o->size;
    s->body_span = SPAN;
    return true;
}

static void transfer_piece(void *arg, slot *s, const char *p, size_t n) {
    transfer *t = arg;
    if (!t->check) return;
    for (uint64_t at = s->in.n; n;) {
        size_t offset = (size_t)(at % SPAN), part = SPAN - offset < n ? SPAN - offset : n;
        if (memcmp(p, t->span + offset, part))
            return load_fail(s->load, "other bytes than sent near %llu",
                             (unsigned long long)at);
        p += part;
        n -= part;
        at += part;
    }
}

static bool transfer_done(void *arg, slot *s) {
    transfer *t = arg;
    if (s->status != 200) return false;
    t->bytes += t->up ? s->body_n : s->got;
    if (t->up || !t->o->size || !t->check || s->got == (uint64_t)t->o->size) return true;
    load_fail(s->load, "%llu bytes came", (unsigned long long)s->got);
    return false;
}

static int move_file(const load_options *o, arena *a, report *r, bool up) {
    load_options one = *o;
    one.conns = one.threads = 1;
    transfer t = {.o = &one, .span = make_span((uint64_t)o->seed), .check = o->check, .up = up};
    load *l = arena_alloc(a, sizeof *l);
    *l = (load){.o = &one,
                .conns = 1,
                .keep = 4096,
                .arg = &t,
                .next = transfer_next,
                .done = transfer_done,
                .piece = up ? NULL : transfer_piece};
    bool ok = load_run(l, NULL, 0);
    report_i64(r, "bytes", (int64_t)t.bytes);
    report_f64(r, "mb_per_s", (double)t.bytes / (double)l->wall_us);
    report_load(r, l);
    load_close(l);
    free(t.span);
    return ok ? 0 : failed(r, l->error);
}

int cmd_up(const load_options *o, arena *a, report *r) {
    return move_file(o, a, r, true);
}

int cmd_down(const load_options *o, arena *a, report *r) {
    return move_file(o, a, r, false);
}

// ---- many ----------------------------------------------------------------------------------
typedef struct many {
    const load_options *o;
    int64_t next, until_us; // next: atomic
    int64_t acked;
    bool reading;
} many;

typedef struct one_file {
    int64_t i;
    char *bytes;
} one_file;

static void file_bytes(const load_options *o, int64_t i, char *p) {
    for (size_t at = 0; at < (size_t)o->size; at += 8) {
        uint64_t x = mix64((uint64_t)o->seed << 40 ^ (uint64_t)i << 20 ^ at);
        size_t n = (size_t)o->size - at < 8 ? (size_t)o->size - at : 8;
        memcpy(p + at, &x, n);
    }
}

static bool file_next(void *arg, slot *s) {
    many *m = arg;
    one_file *f = s->state;
    char path[1024];
    int64_t last = m->reading ? m->acked : m->o->count;
    if (last ? m->next >= last : clock_mono_us() >= m->until_us) return false;
    f->i = __atomic_fetch_add(&m->next, 1, __ATOMIC_RELAXED);
    if (last && f->i >= last) return false;
    if (!f->bytes) f->bytes = mem_alloc((size_t)m->o->size);
    file_bytes(m->o, f->i, f->bytes);
    int n = snprintf(path, sizeof path, PREFIX "%s/%04d/f%08d", m->o->path, (int)(f->i / 1000),
                     (int)f->i);
    if (m->reading) return request(s, m->o, "GET", str_n(path, (size_t)n), (str){0}), true;
    request_head(s, m->o, "PUT", str_n(path, (size_t)n), (uint64_t)m->o->size,
                 "application/octet-stream");
    s->body = f->bytes;
    s->body_n = s->body_span = (size_t)m->o->size;
    return true;
}

static bool file_done(void *arg, slot *s) {
    many *m = arg;
    one_file *f = s->state;
    if (s->status != 200) return false;
    if (!m->reading) return __atomic_fetch_add(&m->acked, 1, __ATOMIC_RELAXED), true;
    if (str_eq(buf_view(&s->kept), str_n(f->bytes, (size_t)m->o->size))) return true;
    load_fail(s->load, "file %lld holds other bytes than were sent", (long long)f->i);
    return false;
}

static bool pass(many *m, arena *a, load *l, bool reading) {
    one_file *files = ARENA_ARRAY(a, one_file, (size_t)m->o->conns);
    m->next = 0;
    m->reading = reading;
    m->until_us = clock_mono_us() + m->o->seconds * 1000000;
    *l = (load){.o = m->o,
                .conns = (size_t)m->o->conns,
                .keep = (size_t)m->o->size + 4096,
                .arg = m,
                .next = file_next,
                .done = file_done};
    bool ok = load_run(l, files, sizeof *files);
    for (size_t i = 0; i < l->conns; i++)
        free(files[i].bytes);
    return ok;
}

int cmd_files(const load_options *o, arena *a, report *r) {
    many m = {.o = o};
    load *l = arena_alloc(a, sizeof *l);
    bool ok = pass(&m, a, l, false);
    report_i64(r, "files", m.acked);
    report_f64(r, "files_per_s", (double)m.acked / ((double)l->wall_us / 1e6));
    report_load(r, l);
    load_close(l);
    if (ok && !o->skip_readback) {
        ok = pass(&m, a, l, true);
        report_i64(r, "files_read_back", (int64_t)l->replies);
        report_f64(r, "read_back_s", (double)l->wall_us / 1e6);
        load_close(l);
    }
    return ok ? 0 : failed(r, l->error);
}
