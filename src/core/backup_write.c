// SPDX-License-Identifier: Apache-2.0
// backup_write: see backup.h. Any thread; a backup at a time in each, as many as the disk
// bears.
//
// The order that makes it one moment: the hold is committed, then the snapshot is taken, then
// the objects that this snapshot's catalogue names are read. Whatever gc does after the hold
// removes none of them (store.h, store_hold).
#include "base/clock.h"
#include "base/metrics.h"
#include "core/backup.h"
#include "core/backup_internal.h"
#include "core/core_internal.h"
#include "core/schema.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define HOLD_US       (60 * 60 * INT64_C(1000000))
#define HOLD_AGAIN_US (60 * INT64_C(1000000))
#define PIECE         ((size_t)1 << 20)
#define STRETCH       ((uint64_t)64 << 20) // an object every so many bytes is in the index

// ---- rows to frames -------------------------------------------------------------------------

row_frames row_frames_new(archive_out *out) {
    return (row_frames){.out = out, .block = BUF_MAX(ARCHIVE_FRAME_MAX)};
}

void row_frames_free(row_frames *f) {
    buf_free(&f->block);
}

bool row_frames_flush(row_frames *f, err *e) {
    bool ok = !f->block.n || archive_frame(f->out, ARCHIVE_ROWS, buf_view(&f->block), e);
    buf_clear(&f->block);
    return ok;
}

bool row_frames_table(row_frames *f, const table *t, err *e) {
    if (!row_frames_flush(f, e)) return false;
    buf b = BUF_MAX(1u << 16);
    archive_text_put(&b, t->name);
    buf_uvar(&b, t->n);
    for (size_t i = 0; i < t->n; i++) {
        archive_text_put(&b, t->columns[i].name);
        buf_byte(&b, (char)t->columns[i].type);
    }
    bool ok = archive_frame(f->out, ARCHIVE_TABLE, buf_view(&b), e);
    buf_free(&b);
    f->t = t;
    f->tables++;
    return ok;
}

bool row_frames_row(void *arg, const table *t, const db_rows *row, err *e) {
    row_frames *f = arg;
    table_row_put(&f->block, t, row);
    if (f->block.full)
        return err_set(e, ERR_TOO_LARGE,
                       "a row of the table %.*s is longer than a backup can hold",
                       STR_F(t->name));
    f->rows++;
    return f->block.n < TABLE_BLOCK || row_frames_flush(f, e);
}

bool archive_put_fd(void *arg, const void *p, size_t n, err *e) {
    int fd = *(int *)arg;
    for (const char *at = p; n;) {
        ssize_t done = write(fd, at, n);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return err_errno(e, "writing records aside failed");
        at += done;
        n -= (size_t)done;
    }
    return true;
}

// ---- the snapshot ---------------------------------------------------------------------------

typedef struct object_row {
    sha256 digest;
    uint64_t size;
} object_row;
_Static_assert(sizeof(object_row) == 40, "written to the scratch file as it is");
#define MADE ((uint64_t)1 << 63) // of size: it is made of chunks, which are objects

// Where a table's frames begin in the scratch file.
typedef struct noted {
    const table *t;
    uint64_t at, rows;
} noted;
#define NOTED_MAX 256

typedef struct backup {
    core *c;
    archive_out *out;
    backup_report *r;
    str hold;
    int64_t hold_until;
    int records, objects; // scratch files
    noted noted[NOTED_MAX];
    size_t n_noted;
    buf index;
} backup;

// Tables that belong to a server at work, not to what it keeps.
static bool passes(const table *t) {
    return !str_is(t->name, "lease") && !str_is(t->name, "object_hold");
}

typedef struct snapshot {
    backup *b;
    archive_out *out; // to the scratch file
    row_frames frames;
    buf objects;
} snapshot;

static bool flush_objects(snapshot *s, err *e) {
    bool ok = archive_put_fd(&s->b->objects, s->objects.p, s->objects.n, e);
    buf_clear(&s->objects);
    return ok;
}

static bool see_object(void *arg, const table *t, const db_rows *row, err *e) {
    snapshot *s = arg;
    object_row o = {.size = (uint64_t)db_i64(row, 1)};
    (void)t;
    if (store_is_made(db_i64(row, 2))) o.size |= MADE;
    if (!sha256_copy(db_blob(row, 0), &o.digest))
        return err_set(e, ERR_CORRUPT, "a row of the table object is damaged");
    buf_add(&s->objects, &o, sizeof o);
    return s->objects.n < PIECE || flush_objects(s, e);
}

static bool dump_table(snapshot *s, db_tx *tx, const table *t, err *e) {
    uint64_t at = archive_out_at(s->out), before = s->frames.rows;
    if (str_is(t->name, "object")) return table_each(tx, t, see_object, s, e);
    if (!row_frames_table(&s->frames, t, e) ||
        !table_each(tx, t, row_frames_row, &s->frames, e) || !row_frames_flush(&s->frames, e))
        return false;
    BUG_ON(s->b->n_noted == NOTED_MAX);
    s->b->noted[s->b->n_noted++] = (noted){t, at, s->frames.rows - before};
    return true;
}

static bool dump_fn(db_tx *tx, void *arg, err *e) {
    backup *b = arg;
    const table_set *set = table_set_at(0);
    if (ftruncate(b->records, 0) || ftruncate(b->objects, 0) ||
        lseek(b->records, 0, SEEK_SET) || lseek(b->objects, 0, SEEK_SET))
        return err_errno(e, "emptying a scratch file failed");
    b->n_noted = 0;
    snapshot s = {.b = b, .objects = BUF_MAX(2 * PIECE)};
    s.out = archive_out_new(archive_put_fd, &b->records);
    s.frames = row_frames_new(s.out);
    bool ok = true;
    for (size_t i = 0; ok && i < set->n; i++)
        ok = !passes(&set->tables[i]) || dump_table(&s, tx, &set->tables[i], e);
    ok = ok && flush_objects(&s, e);
    b->r->tables = s.frames.tables;
    b->r->rows = s.frames.rows;
    row_frames_free(&s.frames);
    archive_out_free(s.out);
    buf_free(&s.objects);
    return ok;
}

// ---- sending --------------------------------------------------------------------------------

static bool hold(backup *b, err *e) {
    int64_t now = clock_mono_us();
    if (now < b->hold_until) return true;
    b->hold_until = now + HOLD_AGAIN_US;
    return store_hold(b->c->store, b->hold, HOLD_US, e);
}

static ssize_t read_at(int fd, void *p, size_t n, off_t at, err *e) {
    ssize_t got;
    do
        got = pread(fd, p, n, at);
    while (got < 0 && errno == EINTR);
    if (got < 0) err_errno(e, "reading a scratch file failed");
    return got;
}

static bool send_records(backup *b, char *piece, err *e) {
    uint64_t from = archive_out_at(b->out);
    ssize_t n;
    for (off_t at = 0; (n = read_at(b->records, piece, PIECE, at, e)) > 0; at += n) {
        if (!hold(b, e) || !archive_copy(b->out, str_n(piece, (size_t)n), e)) return false;
    }
    for (size_t i = 0; i < b->n_noted; i++) {
        buf_byte(&b->index, ARCHIVE_TABLE);
        archive_text_put(&b->index, b->noted[i].t->name);
        buf_uvar(&b->index, from + b->noted[i].at);
        buf_uvar(&b->index, b->noted[i].rows);
    }
    return n == 0;
}

static bool send_lost(backup *b, sha256 digest, const err *why, err *e) {
    buf f = BUF_MAX(2048);
    buf_add(&f, digest.b, sizeof digest.b);
    buf_str(&f, str_of(why->msg));
    bool ok = archive_frame(b->out, ARCHIVE_LOST, buf_view(&f), e);
    buf_free(&f);
    b->r->lost++;
    return ok;
}

// False with *why when the object can not be read, with *e when the backup can not go on.
static bool send_bytes(backup *b, store_object *o, char *piece, err *why, err *e) {
    uint64_t size = store_object_size(o);
    for (uint64_t at = 0; at < size;) {
        ssize_t n = store_object_read(o, at, piece, PIECE, why);
        if (n == 0) err_set(why, ERR_CORRUPT, "it is shorter than it was");
        if (n <= 0) return false;
        if (!hold(b, e) || !archive_frame(b->out, ARCHIVE_DATA, str_n(piece, (size_t)n), e))
            return false;
        at += (uint64_t)n;
    }
    return true;
}

static bool send_object(backup *b, const object_row *row, char *piece, err *e) {
    err why = {0};
    store_object *o = store_get(b->c->store, row->digest, &why);
    bool whole = false;
    e->code = ERR_NONE;
    if (o) {
        buf f = BUF_MAX(64);
        buf_add(&f, row->digest.b, sizeof row->digest.b);
        buf_u64(&f, row->size);
        whole = archive_frame(b->out, ARCHIVE_OBJECT, buf_view(&f), e) &&
                send_bytes(b, o, piece, &why, e);
        buf_free(&f);
        store_object_close(o);
    }
    if (e->code != ERR_NONE) return false;
    if (!whole) return send_lost(b, row->digest, &why, e);
    b->r->objects++;
    b->r->object_bytes += row->size;
    return true;
}

// What it is made of was sent before. Its bytes are not read.
static bool send_made(backup *b, const object_row *row, err *e) {
    err why = {0};
    sha256 root;
    bool found;
    if (!store_recipe_root(b->c->store, row->digest, &root, &found, e)) return false;
    if (!found) {
        err_set(&why, ERR_CORRUPT, "it has no recipe");
        return send_lost(b, row->digest, &why, e);
    }
    buf f = BUF_MAX(128);
    buf_add(&f, row->digest.b, sizeof row->digest.b);
    buf_u64(&f, row->size & ~MADE);
    buf_add(&f, root.b, sizeof root.b);
    bool ok = archive_frame(b->out, ARCHIVE_MADE, buf_view(&f), e);
    buf_free(&f);
    b->r->objects += ok;
    return ok;
}

static void note_object(backup *b, const object_row *row, uint64_t here) {
    buf_byte(&b->index, ARCHIVE_OBJECT);
    buf_add(&b->index, row->digest.b, sizeof row->digest.b);
    buf_uvar(&b->index, here);
}

// Those that have bytes, or those that are made of them.
static bool send_objects(backup *b, char *piece, bool made, err *e) {
    object_row rows[512];
    uint64_t last = 0;
    ssize_t n;
    for (off_t at = 0; (n = read_at(b->objects, rows, sizeof rows, at, e)) > 0; at += n) {
        for (size_t i = 0; i < (size_t)n / sizeof *rows; i++) {
            uint64_t here = archive_out_at(b->out);
            if (!!(rows[i].size & MADE) != made) continue;
            if (!made && (!last || here - last >= STRETCH)) {
                note_object(b, &rows[i], here);
                last = here;
            }
            if (!hold(b, e) ||
                !(made ? send_made(b, &rows[i], e) : send_object(b, &rows[i], piece, e)))
                return false;
        }
    }
    return n == 0;
}

static bool send_about(backup *b, const char *version, err *e) {
    buf f = BUF_MAX(4096);
    char schema[16];
    snprintf(schema, sizeof schema, "%d", table_set_at(0)->schema);
    const char *engine = db_engine_of(b->c->db) == DB_SQLITE ? "sqlite" : "postgresql";
    const char *const all[] = {"version", version, "schema", schema, "engine", engine};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        archive_text_put(&f, str_of(all[i]));
    bool ok = archive_header(b->out, ARCHIVE_BACKUP, clock_now_us(), e) &&
              archive_frame(b->out, ARCHIVE_INFO, buf_view(&f), e);
    buf_free(&f);
    return ok;
}

static bool send_all(backup *b, const char *version, err *e) {
    char *piece = mem_alloc(PIECE);
    archive_count n = {.rows = b->r->rows};
    bool ok = send_about(b, version, e) && send_records(b, piece, e) &&
              send_objects(b, piece, false, e) && send_objects(b, piece, true, e);
    uint64_t index_at = archive_out_at(b->out);
    n.objects = b->r->objects;
    n.bytes = b->r->object_bytes;
    ok = ok && archive_frame(b->out, ARCHIVE_INDEX, buf_view(&b->index), e) &&
         archive_end(b->out, index_at, &n, e);
    b->r->bytes = archive_out_at(b->out);
    free(piece);
    return ok;
}

static bool open_scratch(backup *b, err *e) {
    return (b->records = store_scratch(b->c->store, e)) >= 0 &&
           (b->objects = store_scratch(b->c->store, e)) >= 0;
}

bool backup_write(core *c, const char *version, archive_put put, void *arg, backup_report *r,
                  err *e) {
    char name[ID_HEX + 8], hex[ID_HEX];
    id_hex(id_new(), hex);
    snprintf(name, sizeof name, "backup %s", hex);
    *r = (backup_report){0};
    backup b = {.c = c,
                .r = r,
                .hold = str_of(name),
                .records = -1,
                .objects = -1,
                .index = BUF_MAX(ARCHIVE_FRAME_MAX),
                .out = archive_out_new(put, arg)};
    bool ok = open_scratch(&b, e) && hold(&b, e) && db_snapshot(c->db, dump_fn, &b, e) &&
              send_all(&b, version, e);
    METRIC_ADD(backups_total, ok);
    if (b.hold_until) store_hold_drop(c->store, b.hold);
    if (b.records >= 0) close(b.records);
    if (b.objects >= 0) close(b.objects);
    buf_free(&b.index);
    archive_out_free(b.out);
    return ok;
}
