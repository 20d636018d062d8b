// SPDX-License-Identifier: Apache-2.0
// gc_keep: writes the undo file of a gc, see gc_internal.h: an archive of purpose ARCHIVE_UNDO
// with, for each run, logged model or project, a frame OWNER, its rows, and a frame OWNER_END.
// The file of a killed gc ends anywhere; an owner without its end was not removed yet. The
// thread of the gc.
#include "core/gc_internal.h"

#include "base/clock.h"
#include "core/artifact.h"
#include "core/backup_internal.h"
#include "core/core_internal.h"
#include "core/gc_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct undo_out {
    core *core;
    int dir, fd;
    char name[UNDO_NAME];
    archive_out *out;
    row_frames frames;
    archive_count n;
    uint64_t items;
};

static void undo_free(undo_out *u) {
    row_frames_free(&u->frames);
    archive_out_free(u->out);
    if (u->fd >= 0) close(u->fd);
    if (u->dir >= 0) close(u->dir);
    free(u);
}

// Locked. An undo may find it before that, and takes it for that of a killed gc: then another.
static bool make_file(undo_out *u, err *e) {
    char hex[ID_HEX];
    do {
        if (u->fd >= 0) close(u->fd);
        id_hex(id_new(), hex);
        snprintf(u->name, sizeof u->name, "%s" UNDO_SUFFIX, hex);
        u->fd = openat(u->dir, u->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (u->fd < 0) return err_errno(e, "making a file in the undo folder failed");
        if (undo_lock(u->fd, e)) return true;
    } while (e->code == ERR_NONE);
    return false;
}

static bool begin_file(undo_out *u, err *e) {
    char schema[16];
    if (!make_file(u, e)) return false;
    buf b = BUF_MAX(256);
    snprintf(schema, sizeof schema, "%d", table_set_at(0)->schema);
    archive_text_put(&b, STR("schema"));
    archive_text_put(&b, str_of(schema));
    bool ok = archive_header(u->out, ARCHIVE_UNDO, clock_now_us(), e) &&
              archive_frame(u->out, ARCHIVE_INFO, buf_view(&b), e);
    buf_free(&b);
    return ok && (fsync(u->dir) == 0 || err_errno(e, "syncing the undo folder failed"));
}

undo_out *undo_begin(core *c, err *e) {
    undo_out *u = mem_alloc(sizeof *u);
    u->core = c;
    u->fd = -1;
    u->dir = undo_open_dir(c, true, e);
    u->out = archive_out_new(archive_put_fd, &u->fd);
    u->frames = row_frames_new(u->out);
    if (u->dir >= 0 && begin_file(u, e)) return u;
    undo_free(u);
    return NULL;
}

// ---- an item --------------------------------------------------------------------------------

typedef struct keeping {
    undo_out *u;
    int64_t ws;
    const bin_item *item;
    bin_files *files;
} keeping;

static bool keep_artifact(void *arg, const table *t, const db_rows *row, err *e) {
    keeping *k = arg;
    bin_count(k->files, row);
    return row_frames_row(&k->u->frames, t, row, e);
}

static bool keep_artifacts(keeping *k, db_tx *tx, err *e) {
    if (!k->item->path.n) return true;
    return row_frames_table(&k->u->frames, table_named(table_set_at(0), STR("artifact")), e) &&
           bin_each_file(tx, k->ws, k->item, keep_artifact, k, e);
}

static bool keep_owned(keeping *k, db_tx *tx, err *e) {
    const table_set *set = table_set_at(0);
    row_frames *to = &k->u->frames;
    for (size_t i = 0; i < set->n; i++) {
        const table *t = &set->tables[i];
        if (!t->owned) continue;
        if (!row_frames_table(to, t, e) ||
            !table_each_owned(tx, t, k->ws, k->item->id, row_frames_row, to, e))
            return false;
    }
    return true;
}

// The project's own row stands first: what it clashes with is seen before the rest comes back.
static bool keep_project(keeping *k, db_tx *tx, err *e) {
    static const char *const facts[] = {"project", "project_tag", "dataset", "import_project"};
    row_frames *to = &k->u->frames;
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
        const table *t = table_named(table_set_at(0), str_of(facts[i]));
        if (!row_frames_table(to, t, e) ||
            !table_each_of_project(tx, t, k->ws, k->item->project, row_frames_row, to, e))
            return false;
    }
    return true;
}

static bool keep_fn(db_tx *tx, void *arg, err *e) {
    keeping *k = arg;
    const bin_item *i = k->item;
    buf b = BUF_MAX(1u << 16);
    *k->files = (bin_files){0};
    buf_byte(&b, (char)i->kind);
    buf_ivar(&b, k->ws);
    buf_add(&b, i->id.b, sizeof i->id.b);
    buf_ivar(&b, i->project);
    archive_text_put(&b, i->path);
    bool ok = row_frames_flush(&k->u->frames, e) &&
              archive_frame(k->u->out, ARCHIVE_OWNER, buf_view(&b), e);
    buf_free(&b);
    return ok && (i->kind == BIN_PROJECT ? keep_project : keep_owned)(k, tx, e) &&
           keep_artifacts(k, tx, e) && row_frames_flush(&k->u->frames, e) &&
           archive_frame(k->u->out, ARCHIVE_OWNER_END, (str){0}, e);
}

bool undo_item(undo_out *u, int64_t ws, const bin_item *i, bin_files *files, err *e) {
    keeping k = {u, ws, i, files};
    u->items++;
    return db_snapshot(u->core->db, keep_fn, &k, e);
}

bool undo_sync(undo_out *u, err *e) {
    return fdatasync(u->fd) == 0 || err_errno(e, "syncing what gc can undo failed");
}

bool undo_end(undo_out *u, bool ok, err *e) {
    if (ok && !u->items) {
        unlinkat(u->dir, u->name, 0);
    } else if (ok) {
        u->n.rows = u->frames.rows;
        ok = archive_end(u->out, 0, &u->n, e) && undo_sync(u, e);
    }
    undo_free(u);
    return ok;
}
