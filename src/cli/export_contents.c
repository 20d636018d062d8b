// SPDX-License-Identifier: Apache-2.0
// export_contents: of each content that a version names, its files: a line each, and their
// bytes once by their digest, however many contents have them. One thread.
#include "cli/export_internal.h"
#include "core/content.h"

#include <unistd.h>

enum { CONTENTS_AT_ONCE = 200, FILES_AT_ONCE = 1000 };

// The oldest version that has a content tells of it.
static const db_query sql_contents = {
    "export.contents",
    "SELECT v.version, v.ws, v.content, v.tree, r.kind FROM version v"
    " JOIN repo r ON r.ws = v.ws AND r.repo = v.repo"
    " WHERE v.version > $1 AND v.content IS NOT NULL AND v.deleted_us = 0 AND NOT EXISTS"
    " (SELECT 1 FROM version o WHERE o.content = v.content AND o.deleted_us = 0"
    " AND o.version < v.version) ORDER BY v.version LIMIT $2",
    false};

typedef struct sealed {
    id version;
    int64_t ws, kind;
    sha256 content, tree;
} sealed;

static bool read_page(db_tx *tx, id after, sealed *out, size_t *n, err *e) {
    db_rows *rows = db_select(tx, &sql_contents, e, DB_ID(after), DB_I64(CONTENTS_AT_ONCE));
    *n = 0;
    if (!rows) return false;
    while (db_next(rows, e)) {
        sealed *s = &out[(*n)++];
        *s =
            (sealed){.version = db_id(rows, 0), .ws = db_i64(rows, 1), .kind = db_i64(rows, 4)};
        if (!sha256_copy(db_blob(rows, 2), &s->content) ||
            !sha256_copy(db_blob(rows, 3), &s->tree))
            err_set(e, ERR_CORRUPT, "the content of a version is damaged");
        if (e->code != ERR_NONE) break;
    }
    db_end(rows);
    return e->code == ERR_NONE;
}

static void put_digest(json_writer *w, const char *name, sha256 digest) {
    json_key(w, str_of(name));
    portable_put_hex(w, str_n((const char *)digest.b, sizeof digest.b));
}

static bool put_line(exporting *x, const sealed *s, const tree_file *f, err *e) {
    json_writer w = json_writer_new(&x->lines);
    json_object(&w);
    json_m_i64(&w, "ws", s->ws);
    put_digest(&w, "content", s->content);
    json_m_i64(&w, "kind", s->kind);
    json_m_string(&w, "path", f->path);
    put_digest(&w, "digest", f->digest);
    json_m_i64(&w, "size", (int64_t)f->size);
    if (f->executable) json_m_bool(&w, "executable", true);
    json_object_end(&w);
    x->rows++;
    return export_end_line(x, e);
}

static bool put_bytes(exporting *x, arena *a, const tree_file *f, err *e) {
    str path = portable_object_path(a, str_of(x->dir), f->digest);
    return !access(path.p, F_OK) || export_object(x, f->digest, path.p, e);
}

static bool put_content(exporting *x, const sealed *s, err *e) {
    ctx c = {.core = x->d->core, .a = arena_new(), .ws = s->ws};
    str after = {0};
    size_t n = FILES_AT_ONCE;
    bool ok = true;
    while (ok && n == FILES_AT_ONCE) {
        tree_file *files;
        ok = content_files(&c, s->tree, after, FILES_AT_ONCE, &files, &n, e);
        for (size_t i = 0; ok && i < n; i++)
            ok = put_line(x, s, &files[i], e) && put_bytes(x, c.a, &files[i], e);
        if (ok && n) after = files[n - 1].path;
    }
    arena_free(c.a);
    return ok;
}

static bool put_all(exporting *x, db_tx *tx, err *e) {
    sealed page[CONTENTS_AT_ONCE];
    size_t n = CONTENTS_AT_ONCE;
    id after = {{0}};
    while (n == CONTENTS_AT_ONCE) {
        if (!read_page(tx, after, page, &n, e)) return false;
        for (size_t i = 0; i < n; i++)
            if (!put_content(x, &page[i], e)) return false;
        if (n) after = page[n - 1].version;
    }
    return true;
}

bool export_contents(exporting *x, db_tx *tx, err *e) {
    return export_open(x, STR(PORTABLE_CONTENTS), e) && export_close(x, put_all(x, tx, e), e);
}
