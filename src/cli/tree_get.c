// SPDX-License-Identifier: Apache-2.0
// tree_get: a folder's files as one tar stream, each held against the digest that the listing
// named. What the listing does not name is not written. One thread.
#include "base/map.h"
#include "cli/files.h"
#include "cli/untar.h"

struct tree {
    sink *to;
    map files; // path -> cli_file
    untar *u;
    cli_file *at; // being written; NULL: passed over
    sink_file f;
    out_progress progress;
    err e;
};

static bool begin(void *arg, str path, uint64_t size, bool is_folder, err *e) {
    struct tree *t = arg;
    if (!sink_path_ok(path, e)) return false;
    if (is_folder) return sink_make_folder(t->to, path, e);
    t->at = map_get(&t->files, path);
    if (t->at && (t->at->done || t->at->size != size)) t->at = NULL;
    return !t->at || (sink_begin(t->to, path, (str){0}, &t->f, e));
}

static bool bytes(void *arg, const void *p, size_t n, err *e) {
    struct tree *t = arg;
    return !t->at || sink_write(&t->f, p, n, e);
}

static bool end(void *arg, err *e) {
    struct tree *t = arg;
    cli_file *f = t->at;
    t->at = NULL;
    if (!f) return true;
    f->done = sink_commit(&t->f, f->has_digest ? &f->digest : NULL, e);
    return f->done;
}

static bool on_bytes(void *arg, const void *p, size_t n) {
    struct tree *t = arg;
    out_progress_add(&t->progress, (int64_t)n);
    return untar_feed(t->u, p, n, &t->e);
}

bool cli_get_archive(cli_session *s, str run, str path, sink *to, cli_file *files, size_t n) {
    struct tree t = {.to = to, .files = map_new(s->a), .f = {.fd = -1}};
    untar_receiver r = {begin, bytes, end, &t};
    int64_t total = 0;
    for (size_t i = 0; i < n; i++) {
        *map_at(&t.files, files[i].path, NULL) = &files[i];
        total += (int64_t)files[i].size;
    }
    http_exchange x = {.method = "GET", .write = on_bytes, .arg = &t};
    x.path = arena_printf(s->a, "/api/v1/runs/%.*s/tar?path=%.*s", STR_F(run),
                          STR_F(http_client_escape(s->a, path)));
    t.u = untar_new(&r);
    out_progress_start(&t.progress, "get", path.n ? path : STR("all files"), total);
    bool ok = cli_exchange(s->c, &x, &s->e) && untar_finish(t.u, &s->e);
    out_progress_end(&t.progress);
    if (t.e.code != ERR_NONE) s->e = t.e;
    sink_leave(&t.f, false);
    untar_free(t.u);
    return ok;
}
