// SPDX-License-Identifier: Apache-2.0
// import: a data folder out of what `stemma export` wrote, into an empty place, with the same
// ids. Killed anywhere, run it again.
#include "cli/import_internal.h"
#include "cli/place.h"
#include "core/artifact.h"
#include "core/search.h"
#include "core/series.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

typedef unsigned long long ull;

enum { POINTS_AT_ONCE = 10000 };
#define PIECE ((size_t)1 << 20)

// ---- files of lines -------------------------------------------------------------------------

static bool at_line(const lines *l, const char *path, err *e) {
    err why = *e;
    return err_set(e, why.code, "%s, line %llu: %s", path, (ull)lines_number(l), why.msg);
}

static bool read_lines(importing *x, const import_reader *r, lines *l, err *e) {
    str line;
    int got;
    while ((got = lines_next(l, &line, e)) == 1) {
        arena_reset(x->line);
        if (!r->take(r->arg, line, e)) return false;
    }
    return got == 0 && (!r->end || r->end(r->arg, e));
}

bool import_read(importing *x, str name, const import_reader *r, err *e) {
    str path = arena_printf(x->a, "%.*s/%.*s" PORTABLE_SUFFIX, STR_F(x->dir), STR_F(name));
    lines *l = lines_open(path.p, e);
    if (!l) return e->code == ERR_NOT_FOUND;
    bool ok = read_lines(x, r, l, e) || at_line(l, path.p, e);
    lines_close(l);
    return ok;
}

// ---- rows -----------------------------------------------------------------------------------

typedef struct row_reading {
    importing *x;
    const portable_file *f;
    buf block; // rows that are inserted together
} row_reading;

static bool flush_rows(void *arg, err *e) {
    row_reading *q = arg;
    uint64_t n = 0;
    bool ok =
        !q->block.n || table_insert_block(q->x->d.db, q->f->t, buf_view(&q->block), &n, e);
    q->x->rows += n;
    buf_clear(&q->block);
    return ok;
}

static bool take_row(void *arg, str line, err *e) {
    row_reading *q = arg;
    if (!portable_get(q->x->line, q->f, line, &q->block, e)) return false;
    if (q->block.full) return err_set(e, ERR_TOO_LARGE, "the line is too long");
    return q->block.n < TABLE_BLOCK || flush_rows(q, e);
}

static bool import_rows(importing *x, const portable_file *f, err *e) {
    row_reading q = {.x = x, .f = f, .block = BUF_MAX(LINES_MAX)};
    bool ok = import_read(x, f->name, &(import_reader){take_row, flush_rows, &q}, e);
    buf_free(&q.block);
    return ok;
}

static bool import_tables(importing *x, err *e) {
    size_t n;
    portable_file *files = portable_files(x->a, &n);
    for (size_t i = 0; i < n; i++) {
        if (!import_rows(x, &files[i], e)) return false;
    }
    return true;
}

// ---- points ---------------------------------------------------------------------------------

// Points of one run that are appended together.
typedef struct gathering {
    importing *x;
    arena *a;
    int64_t ws;
    id run;
    point points[POINTS_AT_ONCE];
    size_t n;
    str record;
} gathering;

static bool append_fn(db_tx *tx, void *arg, err *e) {
    gathering *g = arg;
    return series_append(tx, g->x->d.core, g->ws, g->run, g->record, e);
}

static bool append_points(void *arg, err *e) {
    gathering *g = arg;
    if (!g->n) return true;
    g->record = series_record(g->a, g->points, g->n);
    if (!db_append(g->x->d.db, append_fn, g, e)) return false;
    g->x->points += g->n;
    g->n = 0;
    arena_reset(g->a);
    return true;
}

bool import_text(arena *a, const json_value *v, const char *name, bool must, str *out) {
    const json_value *m = json_get(v, name);
    if (!m) return !must;
    *out = arena_str(a, m->text);
    return m->type == JSON_STRING;
}

static bool get_id(arena *a, const json_value *v, const char *name, bool must, id *out) {
    str hex = {0};
    if (!import_text(a, v, name, must, &hex)) return false;
    return hex.n ? id_parse(hex, out) : !must;
}

bool import_i64(const json_value *v, const char *name, int64_t *out) {
    const json_value *m = json_get(v, name);
    if (m) *out = m->i;
    return m && m->type == JSON_INT;
}

static bool get_value(const json_value *v, double *out) {
    const json_value *m = json_get(v, "value");
    if (!m) return false;
    *out = m->f;
    if (m->type != JSON_STRING) return m->type == JSON_INT || m->type == JSON_DOUBLE;
    *out = str_is(m->text, "Infinity")    ? (double)INFINITY
           : str_is(m->text, "-Infinity") ? -(double)INFINITY
                                          : (double)NAN;
    return str_is(m->text, "NaN") || *out == *out;
}

static bool take_point(void *arg, str line, err *e) {
    gathering *g = arg;
    int64_t ws;
    id run_id = {{0}};
    point p = {.step = 0};
    const json_value *v = json_parse(g->x->line, line, 0, NULL);
    bool ok = v && v->type == JSON_OBJECT && import_i64(v, "ws", &ws) &&
              get_id(g->x->line, v, "run", true, &run_id);
    if (ok && g->n && (!id_eq(run_id, g->run) || ws != g->ws) && !append_points(g, e))
        return false;
    ok = ok && import_text(g->a, v, "key", true, &p.key) &&
         get_id(g->x->line, v, "model", false, &p.model) &&
         import_text(g->a, v, "dataset_name", false, &p.dataset_name) &&
         import_text(g->a, v, "dataset_digest", false, &p.dataset_digest) &&
         import_i64(v, "step", &p.step) && import_i64(v, "time_ms", &p.time_ms) &&
         get_value(v, &p.value);
    if (!ok) return err_set(e, ERR_INVALID, "it is not a point as 'stemma export' writes it");
    g->ws = ws;
    g->run = run_id;
    g->points[g->n++] = p;
    return g->n < POINTS_AT_ONCE || append_points(g, e);
}

static bool import_points(importing *x, err *e) {
    gathering *g = mem_alloc(sizeof *g);
    g->x = x;
    g->a = arena_new();
    const import_reader r = {take_point, append_points, g};
    bool ok = import_read(x, STR(PORTABLE_POINTS), &r, e);
    arena_free(g->a);
    free(g);
    return ok;
}

// ---- files ----------------------------------------------------------------------------------

static bool upload(importing *x, int fd, sha256 *digest, err *e) {
    char *piece = mem_alloc(PIECE);
    uint64_t size;
    store_upload *u = store_begin(x->d.store, e);
    ssize_t n = 0;
    bool ok = u != NULL;
    while (ok && (n = read(fd, piece, PIECE)) > 0)
        ok = store_write(u, piece, (size_t)n, e);
    if (ok && n < 0) ok = err_errno(e, "reading a file failed");
    free(piece);
    if (!ok) {
        store_abort(u);
        return false;
    }
    return store_finish(u, digest, &size, e);
}

bool import_file(importing *x, str path, sha256 want, int64_t size, err *e) {
    sha256 got;
    int fd = open(path.p, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) return err_errno(e, "opening %s failed", path.p);
    bool ok = upload(x, fd, &got, e);
    close(fd);
    if (!ok) return false;
    if (!sha256_eq(got, want))
        return err_set(e, ERR_CORRUPT, "%s does not have the digest that stands in the export",
                       path.p);
    x->files++;
    x->file_bytes += (uint64_t)size;
    return true;
}

// Paths were checked when they were stored; here somebody may have written the file.
static bool safe(arena *a, str path, str *out, err *e) {
    return (artifact_path(a, path, out, e) && str_eq(path, *out)) ||
           err_set(e, ERR_INVALID, "'%.*s' can not be the path of a file", STR_F(path));
}

static bool take_file(void *arg, str line, err *e) {
    importing *x = arg;
    arena *a = x->line;
    str parent = {0}, name = {0}, hex = {0}, path;
    int64_t ws = 0, size = 0;
    sha256 digest;
    const json_value *v = json_parse(a, line, 0, NULL);
    bool ok = v && v->type == JSON_OBJECT && import_i64(v, "ws", &ws) &&
              import_i64(v, "size", &size) && import_text(a, v, "parent", true, &parent) &&
              import_text(a, v, "name", true, &name) &&
              import_text(a, v, "digest", false, &hex) &&
              (!hex.n || sha256_parse(hex, &digest));
    if (!ok) return err_set(e, ERR_INVALID, "it is not a file as 'stemma export' writes it");
    if (!hex.n) return true; // a folder
    path = parent.n ? arena_printf(a, "%.*s/%.*s", STR_F(parent), STR_F(name)) : name;
    return safe(a, path, &path, e) &&
           import_file(x,
                       arena_printf(a, "%.*s/files/%lld/%.*s", STR_F(x->dir), (long long)ws,
                                    STR_F(path)),
                       digest, size, e);
}

static bool import_files(importing *x, err *e) {
    return import_read(x, STR("artifacts"), &(import_reader){take_file, NULL, x}, e);
}

// ---- all ------------------------------------------------------------------------------------

static bool read_about(importing *x, err *e) {
    char text[1000];
    str path = arena_printf(x->a, "%.*s/export.json", STR_F(x->dir));
    int fd = open(path.p, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_set(e, ERR_NOT_FOUND, "'%.*s' is not an export: it has no export.json",
                       STR_F(x->dir));
    ssize_t n = read(fd, text, sizeof text);
    close(fd);
    const json_value *v = json_parse(x->a, str_n(text, n > 0 ? (size_t)n : 0), 0, NULL);
    const json_value *format = v ? json_get(v, "stemma_export") : NULL;
    if (!format || format->type != JSON_INT)
        return err_set(e, ERR_INVALID, "%s is damaged", path.p);
    if (format->i > PORTABLE_FORMAT)
        return err_set(e, ERR_STATE, "the export was made by a newer stemma: use that one");
    return true;
}

static bool empty_database(importing *x, bool again, err *e) {
    const table_set *set = table_set_at(0);
    int schema = db_schema_number(x->d.db, e);
    if (schema < 0) return false;
    if (schema > 0 && !again)
        return err_set(e, ERR_STATE, "the database is not empty: import into an empty one");
    if (!core_migrate(x->d.db, STEMMA_VERSION, e)) return false;
    for (size_t i = 0; schema > 0 && i < set->n; i++) {
        if (!str_is(set->tables[i].name, "object") && !table_wipe(x->d.db, &set->tables[i], e))
            return false;
    }
    return true;
}

static bool import_all(importing *x, bool again, err *e) {
    uint64_t runs;
    const cli_options *o = x->o;
    x->d.db = db_open(&(db_config){.url = cli_db_url(o, x->a)}, e);
    if (!x->d.db || !empty_database(x, again, e) || !import_tables(x, e)) return false;
    x->d.store = cli_open_store(o, x->a, x->d.db, e);
    core_config c = {.db = x->d.db, .store = x->d.store, .artifact_root = o->artifact_root};
    if (x->d.store) x->d.core = core_open(&c, STEMMA_VERSION, e);
    return x->d.core && import_files(x, e) && import_contents(x, e) && import_points(x, e) &&
           series_pack_all(x->d.core, e) && search_rebuild(x->d.core, &runs, e);
}

int cmd_import(const cli_options *o, arena *a) {
    err e = {0};
    bool again;
    importing x = {.o = o, .a = a, .dir = o->words[0]};
    if (!cli_given(o, "data")) {
        err_set(&e, ERR_INVALID,
                "'stemma import' needs --data DIR: a folder that is new or empty");
        return cli_fail(&e);
    }
    x.line = arena_new();
    bool ok = read_about(&x, &e) &&
              place_begin(a, o->data, "import", o->db, false, &again, &e) &&
              import_all(&x, again, &e);
    cli_close(&x.d);
    ok = ok && (!o->db.n || place_set_records(a, o->data, true, &e)) &&
         place_end(a, o->data, &e);
    arena_free(x.line);
    if (!ok) return cli_fail(&e);
    printf(o->json.n ? "{\"rows\":%llu,\"points\":%llu,\"files\":%llu,\"bytes\":%llu}\n"
                     : "imported %llu rows, %llu points and %llu files with %llu bytes\n",
           (ull)x.rows, (ull)x.points, (ull)x.files, (ull)x.file_bytes);
    return CLI_OK;
}
