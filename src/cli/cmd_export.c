// SPDX-License-Identifier: Apache-2.0
// export: everything as lines of JSON and plain files, for people and other tools. Written into
// a folder beside the wanted one, which gets the name when all is there. One snapshot of the
// records; a hold keeps the content.
#include "cli/export_internal.h"
#include "cli/tree.h"
#include "core/event.h"
#include "core/series_dump.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

typedef unsigned long long ull;

#define HOLD_US      (24 * 3600 * INT64_C(1000000))
#define EXPORT_LEVEL 3
#define TRIES        5

// ---- a file of lines ------------------------------------------------------------------------

bool export_open(exporting *x, str name, err *e) {
    str path = arena_printf(x->a, "%s/%.*s" PORTABLE_SUFFIX, x->dir, STR_F(name));
    x->fd = open(path.p, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ZSTD_CCtx_reset(x->zstd, ZSTD_reset_session_only);
    buf_clear(&x->lines);
    return x->fd >= 0 || err_errno(e, "making %s failed", path.p);
}

static bool write_all(int fd, const char *p, size_t n, err *e) {
    while (n) {
        ssize_t done = write(fd, p, n);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return err_errno(e, "writing the export failed");
        p += done;
        n -= (size_t)done;
    }
    return true;
}

static bool pack_lines(exporting *x, bool last, err *e) {
    ZSTD_inBuffer in = {x->lines.p, x->lines.n, 0};
    size_t left;
    do {
        ZSTD_outBuffer out = {x->packed, EXPORT_PIECE, 0};
        left = ZSTD_compressStream2(x->zstd, &out, &in, last ? ZSTD_e_end : ZSTD_e_continue);
        if (ZSTD_isError(left))
            return err_set(e, ERR_INTERNAL, "zstd: %s", ZSTD_getErrorName(left));
        if (!write_all(x->fd, x->packed, out.pos, e)) return false;
    } while (in.pos < in.size || (last && left));
    buf_clear(&x->lines);
    return true;
}

bool export_end_line(exporting *x, err *e) {
    buf_byte(&x->lines, '\n');
    if (x->lines.full) return err_set(e, ERR_TOO_LARGE, "a row is too long to be exported");
    return x->lines.n < EXPORT_PIECE || pack_lines(x, false, e);
}

bool export_close(exporting *x, bool ok, err *e) {
    ok = ok && pack_lines(x, true, e);
    close(x->fd);
    return ok;
}

// ---- rows -----------------------------------------------------------------------------------

static bool put_row(void *arg, const table *t, const db_rows *row, err *e) {
    exporting *x = arg;
    (void)t;
    if (!portable_has(x->file, row)) return true;
    json_writer w = json_writer_new(&x->lines);
    portable_put(&w, x->file, row);
    x->rows++;
    return export_end_line(x, e);
}

static bool export_rows(exporting *x, db_tx *tx, const portable_file *f, err *e) {
    x->file = f;
    if (!export_open(x, f->name, e)) return false;
    return export_close(x, table_each(tx, f->t, put_row, x, e), e);
}

// ---- points ---------------------------------------------------------------------------------

typedef struct pointing {
    exporting *x;
    db_tx *tx;
    int64_t ws;
} pointing;

static bool put_points(void *arg, id run_id, const series_label *s, const series_value *p,
                       size_t n, err *e) {
    pointing *q = arg;
    for (size_t i = 0; i < n; i++) {
        json_writer w = json_writer_new(&q->x->lines);
        json_object(&w);
        json_m_i64(&w, "ws", q->ws);
        json_key(&w, STR("run"));
        portable_put_hex(&w, str_n(run_id.b, sizeof run_id.b));
        json_m_string(&w, "key", s->key);
        if (!id_is_zero(s->model)) {
            json_key(&w, STR("model"));
            portable_put_hex(&w, str_n(s->model.b, sizeof s->model.b));
        }
        if (s->dataset_name.n) json_m_string(&w, "dataset_name", s->dataset_name);
        if (s->dataset_digest.n) json_m_string(&w, "dataset_digest", s->dataset_digest);
        json_m_i64(&w, "step", p[i].step);
        json_m_i64(&w, "time_ms", p[i].time_ms);
        json_m_f64(&w, "value", p[i].value);
        json_object_end(&w);
        q->x->points++;
        if (!export_end_line(q->x, e)) return false;
    }
    return true;
}

static bool put_run_points(void *arg, const table *t, const db_rows *row, err *e) {
    pointing *q = arg;
    (void)t;
    q->ws = db_i64(row, 0);
    return series_dump(q->tx, q->ws, db_id(row, 1), put_points, q, e);
}

static bool export_points(exporting *x, db_tx *tx, err *e) {
    pointing q = {.x = x, .tx = tx};
    if (!export_open(x, STR(PORTABLE_POINTS), e)) return false;
    return export_close(
        x, table_each(tx, table_named(table_set_at(0), STR("run")), put_run_points, &q, e), e);
}

// ---- files ----------------------------------------------------------------------------------

static bool copy_bytes(exporting *x, store_object *o, int fd, err *e) {
    uint64_t size = store_object_size(o);
    for (uint64_t at = 0; at < size;) {
        ssize_t n = store_object_read(o, at, x->piece, EXPORT_PIECE, e);
        if (n <= 0 || !write_all(fd, x->piece, (size_t)n, e)) return false;
        at += (uint64_t)n;
    }
    x->files++;
    x->file_bytes += size;
    return true;
}

bool export_object(exporting *x, sha256 digest, const char *path, err *e) {
    store_object *o = store_get(x->d->store, digest, e);
    if (!o) return false;
    int fd = tree_make_parent(path, e)
                 ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)
                 : -1;
    bool ok = fd >= 0 ? copy_bytes(x, o, fd, e)
                      : e->code == ERR_NONE && err_errno(e, "making %s failed", path);
    if (fd >= 0) close(fd);
    store_object_close(o);
    return ok;
}

static bool put_file(void *arg, const table *t, const db_rows *row, err *e) {
    exporting *x = arg;
    arena *a = arena_new();
    str parent = db_text(row, 1), name = db_text(row, 2), digest = db_blob(row, 3);
    sha256 d;
    (void)t;
    str path = arena_printf(a, "%s/files/%lld/%.*s%s%.*s", x->dir, (long long)db_i64(row, 0),
                            STR_F(parent), parent.n ? "/" : "", STR_F(name));
    bool is_file = sha256_copy(digest, &d);
    bool ok = is_file ? export_object(x, d, path.p, e) : tree_make(path.p, e);
    arena_free(a);
    return ok;
}

// ---- all ------------------------------------------------------------------------------------

static bool export_fn(db_tx *tx, void *arg, err *e) {
    exporting *x = arg;
    const table_set *set = table_set_at(0);
    size_t n;
    db_rows *row;
    x->rows = x->points = x->files = x->file_bytes = 0;
    int pending = db_get(tx, &table_named(set, STR("point_log"))->first, &row, e, DB_I64(1));
    x->pending = pending > 0;
    if (pending < 0) return false;
    if (pending) return true;
    portable_file *files = portable_files(x->a, &n);
    for (size_t i = 0; i < n; i++) {
        if (!export_rows(x, tx, &files[i], e)) return false;
    }
    e->code = ERR_NONE;
    return export_points(x, tx, e) && export_contents(x, tx, e) &&
           table_each(tx, table_named(set, STR("artifact")), put_file, x, e);
}

static bool settle(core *c, err *e) {
    return event_seal_all(c, e) && series_pack_all(c, e);
}

static bool write_about(exporting *x, err *e) {
    str path = arena_printf(x->a, "%s/export.json", x->dir);
    str text = arena_printf(x->a, "{\"stemma_export\":%d,\"schema\":%d}\n", PORTABLE_FORMAT,
                            table_set_at(0)->schema);
    int fd = open(path.p, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) return err_errno(e, "making %s failed", path.p);
    bool ok = write_all(fd, text.p, text.n, e);
    close(fd);
    return ok;
}

static bool export_all(exporting *x, err *e) {
    str hold = STR("export");
    bool ok = store_hold(x->d->store, hold, HOLD_US, e);
    x->pending = true;
    for (int i = 0; ok && x->pending && i < TRIES; i++)
        ok = settle(x->d->core, e) && db_snapshot(x->d->db, export_fn, x, e);
    store_hold_drop(x->d->store, hold);
    if (ok && x->pending)
        ok = err_set(e, ERR_CONFLICT,
                     "points are being logged all the time: stop the servers, or restore a "
                     "backup elsewhere and export that");
    return ok && write_about(x, e);
}

// One sync for all files, before the folder gets its name.
static bool sync_all(const char *dir, err *e) {
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && syncfs(fd) == 0;
    if (!ok) err_errno(e, "syncing the export failed");
    if (fd >= 0) close(fd);
    return ok;
}

static bool export_to(exporting *x, const char *dir, err *e) {
    x->dir = arena_printf(x->a, "%s.%s.part", dir, id_str(x->a, id_new()).p).p;
    x->zstd = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(x->zstd, ZSTD_c_compressionLevel, EXPORT_LEVEL);
    x->lines = BUF_MAX((size_t)256 << 20);
    x->packed = mem_alloc(EXPORT_PIECE);
    x->piece = mem_alloc(EXPORT_PIECE);
    bool ok = tree_make(x->dir, e) && export_all(x, e) && sync_all(x->dir, e);
    if (ok && rename(x->dir, dir))
        ok = errno == ENOTEMPTY || errno == EEXIST
                 ? err_set(e, ERR_STATE, "'%s' is not empty: export into a new folder", dir)
                 : err_errno(e, "naming the export '%s' failed", dir);
    if (!ok) tree_remove(x->dir);
    ZSTD_freeCCtx(x->zstd);
    buf_free(&x->lines);
    free(x->packed);
    free(x->piece);
    return ok;
}

int cmd_export(const cli_options *o, arena *a) {
    err e = {0};
    cli_data d;
    exporting x = {.d = &d, .a = a};
    str dir = o->words[0];
    while (dir.n > 1 && dir.p[dir.n - 1] == '/')
        dir.n--;
    if (!cli_data_there(o, a, &e) || !cli_open(o, a, false, &d, &e)) return cli_fail(&e);
    bool ok = export_to(&x, arena_cstr(a, dir), &e);
    cli_close(&d);
    if (!ok) return cli_fail(&e);
    printf(o->json.n ? "{\"rows\":%llu,\"points\":%llu,\"files\":%llu,\"bytes\":%llu}\n"
                     : "exported %llu rows, %llu points and %llu files with %llu bytes\n",
           (ull)x.rows, (ull)x.points, (ull)x.files, (ull)x.file_bytes);
    return CLI_OK;
}
