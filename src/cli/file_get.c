// SPDX-License-Identifier: Apache-2.0
// file_get: one file's download: what an earlier one left is gone on with by a range, a broken
// one is tried again from where it stopped, and what came is held against the digest that the
// server names as ETag. One thread.
#include "cli/files.h"

#define TRIES    5
#define PAUSE_US 500000

struct get {
    cli_session *s;
    sink *to;
    str name;
    http_exchange *x;
    char digest[SHA256_HEX]; // of the file that is being written
    sink_file f;             // f.fd < 0: not begun
    bool ranged;             // this request asked for a range
    bool again;              // there was something to go on with: ask for a range
    out_progress progress;
    err e;
};

// The digest in `"<64 hex>"`, or empty.
static str etag_of(const http_exchange *x) {
    str tag = http_exchange_field(x, "etag");
    sha256 parsed;
    if (tag.n < 2 || tag.p[0] != '"') return (str){0};
    tag = str_n(tag.p + 1, tag.n - 2);
    return sha256_parse(tag, &parsed) ? tag : (str){0};
}

static void set_digest(struct get *g, str digest) {
    snprintf(g->digest, sizeof g->digest, "%.*s", STR_F(digest));
}

static void start_progress(struct get *g) {
    int64_t length;
    bool known = str_to_i64(http_exchange_field(g->x, "content-length"), &length);
    out_progress_start(&g->progress, "get", g->name, known ? length + (int64_t)g->f.size : -1);
    g->progress.done = (int64_t)g->f.size;
}

// The first bytes of a reply: from the beginning, or of the range.
static bool begin_reply(struct get *g) {
    if (g->x->status == 206) {
        start_progress(g);
        return true;
    }
    str tag = etag_of(g->x);
    if (g->f.fd >= 0 && str_is(tag, g->digest) && tag.n) { // the same file, from its beginning
        start_progress(g);
        return sink_restart(&g->f, &g->e);
    }
    sink_leave(&g->f, false);
    if (!sink_begin(g->to, g->name, tag, &g->f, &g->e)) return false;
    set_digest(g, tag);
    if (g->f.size && tag.n) {
        g->again = true; // an earlier download left some of it
        return false;
    }
    start_progress(g);
    return true;
}

static bool on_bytes(void *arg, const void *p, size_t n) {
    struct get *g = arg;
    if (!g->progress.what && !begin_reply(g)) return false;
    out_progress_add(&g->progress, (int64_t)n);
    return sink_write(&g->f, p, n, &g->e);
}

// One request; true when the file is whole.
static bool try_once(struct get *g, str path, err *e) {
    arena *a = g->s->a;
    http_exchange x = {.method = "GET", .path = path, .write = on_bytes, .arg = g};
    g->x = &x;
    g->again = false;
    g->e = (err){0};
    g->progress = (out_progress){0};
    g->ranged = g->f.fd >= 0 && g->f.size && *g->digest;
    if (g->ranged)
        x.headers = arena_printf(a, "Range: bytes=%llu-\nIf-Range: \"%s\"\n",
                                 (unsigned long long)g->f.size, g->digest);
    bool ok = cli_exchange(g->s->c, &x, e);
    if (g->progress.what) out_progress_end(&g->progress);
    if (g->e.code != ERR_NONE) *e = g->e;
    if (!ok) return g->ranged && x.status == 416; // all of it was there
    return g->progress.what || begin_reply(g);    // an empty file has no bytes
}

static bool may_try(const struct get *g, const err *e) {
    return g->e.code == ERR_NONE && (e->code == ERR_UNAVAILABLE || e->code == ERR_DEADLINE);
}

static bool get_whole(struct get *g, str path) {
    uint64_t best = 0;
    for (int tries = 0; tries < TRIES;) {
        g->s->e = (err){0};
        if (try_once(g, path, &g->s->e)) return true;
        if (g->again) continue;
        if (!may_try(g, &g->s->e)) return false;
        bool moved = g->f.fd >= 0 && g->f.size > best;
        tries = moved ? 1 : tries + 1;
        if (moved) best = g->f.size;
        cli_wait(PAUSE_US);
    }
    return false;
}

bool cli_get_file(cli_session *s, str from, const sha256 *want, sink *to, str name) {
    struct get g = {.s = s, .to = to, .name = name, .f = {.fd = -1}};
    sha256 told;
    if (!get_whole(&g, from)) {
        sink_leave(&g.f, *g.digest);
        return false;
    }
    s->e = (err){0};
    if (!want && *g.digest && sha256_parse(str_of(g.digest), &told)) want = &told;
    return sink_commit(&g.f, want, &s->e);
}
