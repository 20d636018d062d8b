// SPDX-License-Identifier: Apache-2.0
// gc_undo: brings back what the last gc freed.
//
//  U1  The last file, and those before it that have no end (their gc was killed, and the next
//      one went on with what it had begun), oldest first: the first file that names an owner
//      holds all of its rows, a later one perhaps what was left of them.
//  U2  An owner whose row is there is passed over: it was brought back already, or never
//      removed. Its row is inserted last, with its marks and event, in one transaction.
//  U3  A file is removed when all of it is back, so that being killed anywhere repeats it.
//  U4  Projects come first, those of all files, since runs and models need theirs. One whose
//      name or number is another's by now ends the undo with words, and the files stay.
//  U5  A file is undone under its lock. Its gc has that as long as it is at work, and would
//      remove rows that were passed over (U2) when the file is gone already (U3).
// The thread that calls.
#include "core/gc_files.h"
#include "core/gc_internal.h"

#include "base/vec.h"
#include "core/artifact.h"
#include "core/backup.h"
#include "core/core_internal.h"
#include "core/event.h"
#include "core/gc_sql.h"
#include "core/project_sql.h"
#include "core/search_internal.h"
#include "core/table.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

typedef struct owner {
    bin_kind kind;
    int64_t ws, project;
    id id;
    str path;
} owner;

// What a file holds, as far as it can be read.
typedef struct scanned {
    const bool *complete; // by the owners' order in the file
    size_t n;
    bool ended;
} scanned;

typedef struct undoing {
    core *c;
    gc_undone *out;
    str name;
    bool projects; // only they, or all others (U4)
    arena *a;      // of the owner at work
    const table_set *set;
    const table *t;
    scanned file;
    size_t at; // the owner's place in the file
    owner o;
    bool skip;
    str own_row; // of the table run, model or project
    // of the block being inserted
    str block;
    uint64_t n, missing;
} undoing;

// ---- which owners are complete --------------------------------------------------------------

static bool scan(archive_in *in, arena *a, scanned *out, err *e) {
    VEC(bool) v = {0};
    archive_got f;
    int64_t made;
    int got;
    *out = (scanned){0};
    if (!archive_open(in, ARCHIVE_UNDO, &made, e)) return true; // killed in its first bytes
    while ((got = archive_next(in, &f, e)) == 1 && !f.damaged) {
        if (f.kind == ARCHIVE_OWNER) vec_push(a, &v, false);
        if (f.kind == ARCHIVE_OWNER_END && v.n) v.p[v.n - 1] = true;
    }
    *out = (scanned){.complete = v.p, .n = v.n, .ended = got == 0};
    return true; // what can be read is brought back
}

static bool scan_file(int dir, str name, arena *a, scanned *out, err *e) {
    int fd;
    archive_in *in = undo_open_file(dir, name, &fd, e);
    bool ok = in && scan(in, a, out, e);
    archive_in_free(in);
    if (fd >= 0) close(fd);
    return ok;
}

// ---- rows -----------------------------------------------------------------------------------

static size_t column(const table *t, const char *name) {
    for (size_t i = 0; i < t->n; i++) {
        if (str_is(t->columns[i].name, name)) return i;
    }
    return SIZE_MAX;
}

static bool look_at_file(db_tx *tx, undoing *u, const db_arg *cells, err *e) {
    db_rows *row;
    const db_arg *digest = &cells[column(u->t, "digest")];
    if (digest->type == DB_A_NULL) return true;
    int found = db_get(tx, &Q_gc_object_there, &row, e, *digest);
    u->missing += found == 0;
    return found >= 0;
}

// What a row names elsewhere.
static bool look_at(db_tx *tx, undoing *u, const db_arg *cells, err *e) {
    if (str_is(u->t->name, "artifact")) return look_at_file(tx, u, cells, e);
    if (str_is(u->t->name, "point_log"))
        return series_relink_record(tx, u->o.ws, u->o.id, cells[column(u->t, "head")].s, e);
    if (!str_is(u->t->name, "series")) return true;
    str m = cells[column(u->t, "model")].s;
    id made = {{0}};
    if (m.n == sizeof made.b) memcpy(made.b, m.p, m.n);
    return series_relink(tx, u->o.ws, u->o.id, made, e);
}

static bool rows_fn(db_tx *tx, void *arg, err *e) {
    undoing *u = arg;
    cur c = cur_of(u->block);
    db_arg cells[TABLE_COLUMNS_MAX];
    u->n = u->missing = 0;
    while (cur_left(&c)) {
        if (!table_row_get(&c, u->t, cells))
            return err_set(e, ERR_CORRUPT, "a row in the undo file %s is damaged", u->name.p);
        if (!look_at(tx, u, cells, e) || !db_push_args(tx, &u->t->insert, cells, u->t->n, e))
            return false;
        u->n++;
    }
    return true;
}

// ---- owners ---------------------------------------------------------------------------------

static const table *own_table(const undoing *u) {
    static const char *const names[] = {
        [BIN_RUN] = "run", [BIN_MODEL] = "model", [BIN_PROJECT] = "project"};
    return table_named(u->set, str_of(names[u->o.kind]));
}

static bool own_cells(const undoing *u, db_arg *cells, err *e) {
    cur c = cur_of(u->own_row);
    return table_row_get(&c, own_table(u), cells) ||
           err_set(e, ERR_CORRUPT, "a row in the undo file %s is damaged", u->name.p);
}

// Is the project there already (U2), or is its name or number another's (U4)? An import takes
// numbers.
static bool find_place(db_tx *tx, const undoing *u, const db_arg *cells, bool *there, err *e) {
    const table *t = own_table(u);
    str name = cells[column(t, "name")].s, location = cells[column(t, "artifact_location")].s;
    long long number = (long long)u->o.project;
    db_rows *row;
    int found = db_get(tx, &Q_project_get, &row, e, DB_I64(u->o.ws), DB_I64(number));
    *there = found > 0;
    if (found < 0) return false;
    if (found && (db_i64(row, 4) != cells[column(t, "created_ms")].i ||
                  !str_eq(db_text(row, 2), location)))
        return err_set(e, ERR_EXISTS,
                       "project %lld '%.*s' cannot come back: '%.*s' has its number now",
                       number, STR_F(name), STR_F(db_text(row, 1)));
    if (found) return true;
    found = db_get(tx, &Q_project_by_name, &row, e, DB_I64(u->o.ws), DB_TEXT(name));
    if (found <= 0) return found == 0;
    return err_set(e, ERR_EXISTS,
                   "project %lld '%.*s' cannot come back: project %lld has its name now. "
                   "Rename that one and undo again",
                   number, STR_F(name), (long long)db_i64(row, 0));
}

static bool look_for_project(db_tx *tx, void *arg, err *e) {
    undoing *u = arg;
    db_arg cells[TABLE_COLUMNS_MAX];
    return own_cells(u, cells, e) && find_place(tx, u, cells, &u->skip, e);
}

static bool take_rows(undoing *u, str block, err *e) {
    if (u->skip || !u->t) return true;
    if (u->t == own_table(u)) {
        u->own_row = arena_str(u->a, block);
        return u->o.kind != BIN_PROJECT || db_read(u->c->db, look_for_project, u, e);
    }
    u->block = block;
    if (!db_append(u->c->db, rows_fn, u, e)) return false;
    u->out->rows += u->n;
    u->out->missing += u->missing;
    return true;
}

static bool there_fn(db_tx *tx, void *arg, err *e) {
    undoing *u = arg;
    db_rows *row;
    int found = db_get(tx, u->o.kind == BIN_RUN ? &Q_gc_run_there : &Q_gc_model_there, &row, e,
                       DB_I64(u->o.ws), DB_ID(u->o.id));
    u->skip = found > 0; // U2
    return found >= 0;
}

static bool read_owner(undoing *u, str payload, err *e) {
    cur c = cur_of(payload);
    u->o = (owner){.kind = cur_u8(&c), .ws = cur_ivar(&c)};
    str who = cur_take(&c, sizeof u->o.id.b);
    u->o.project = cur_ivar(&c);
    u->o.path = arena_str(u->a, archive_text_get(&c));
    if (c.bad || u->o.kind > BIN_PROJECT)
        return err_set(e, ERR_CORRUPT, "an entry of the undo file %s is damaged", u->name.p);
    memcpy(u->o.id.b, who.p, who.n);
    return true;
}

static bool begin_owner(undoing *u, str payload, err *e) {
    arena_reset(u->a);
    if (!read_owner(u, payload, e)) return false;
    u->own_row = (str){0};
    u->t = NULL;
    u->skip = u->at >= u->file.n || !u->file.complete[u->at] ||
              u->projects != (u->o.kind == BIN_PROJECT);
    u->at++;
    return u->skip || u->projects || db_read(u->c->db, there_fn, u, e);
}

// A run keeps its place in the search columns, for its traces may still be there; unless
// `rebuild` gave that place to another.
static bool keep_slot(db_tx *tx, const undoing *u, db_arg *slot, err *e) {
    db_rows *row;
    if (slot->type == DB_A_NULL) return true;
    int found = db_get(tx, &Q_gc_slot_free, &row, e, DB_I64(u->o.ws), DB_I64(u->o.project),
                       DB_I64(slot->i / SEARCH_CHUNK), DB_I64(slot->i % SEARCH_CHUNK), *slot);
    if (found == 0) *slot = DB_NULL;
    return found >= 0;
}

// What the row needs where it comes back to.
static bool make_place(db_tx *tx, undoing *u, db_arg *cells, err *e) {
    bool there;
    db_rows *row;
    if (u->projects) return find_place(tx, u, cells, &there, e);
    int found = db_get(tx, &Q_project_get, &row, e, DB_I64(u->o.ws), DB_I64(u->o.project));
    if (found <= 0)
        return found == 0 && err_set(e, ERR_NOT_FOUND,
                                     "what was freed cannot come back: its project %lld is "
                                     "gone for good",
                                     (long long)u->o.project);
    return u->o.kind != BIN_RUN || (keep_slot(tx, u, &cells[column(own_table(u), "slot")], e) &&
                                    search_mark(tx, u->c, u->o.ws, u->o.project, u->o.id, e));
}

static bool own_row_fn(db_tx *tx, void *arg, err *e) {
    undoing *u = arg;
    const table *t = own_table(u);
    db_arg cells[TABLE_COLUMNS_MAX];
    ctx k = {.core = u->c, .ws = u->o.ws, .user = STR("gc"), .proven = true};
    arena *a = db_tx_arena(tx);
    if (!own_cells(u, cells, e) || !make_place(tx, u, cells, e)) return false;
    str object =
        u->projects ? arena_printf(a, "%lld", (long long)u->o.project) : id_str(a, u->o.id);
    return (!u->o.path.n || artifact_folders(tx, &k, u->o.path, e)) &&
           db_push_args(tx, &t->insert, cells, t->n, e) &&
           event_add(tx, &k, EVENT_gc_undone, u->o.project, object, (str){0}, e);
}

static bool end_owner(undoing *u, err *e) {
    uint64_t *const counts[] = {&u->out->runs, &u->out->models, &u->out->projects};
    if (!core_goes_on(u->c, e)) return false;
    if (u->skip || !u->own_row.n) return true;
    if (!db_write(u->c->db, own_row_fn, u, e)) return false;
    ++*counts[u->o.kind];
    u->out->rows++;
    return true;
}

// ---- files ----------------------------------------------------------------------------------

static bool take_frame(undoing *u, const archive_got *f, err *e) {
    cur c = cur_of(f->payload);
    int64_t number;
    switch (f->kind) {
    case ARCHIVE_INFO:
        archive_text_get(&c);
        if (!str_to_i64(archive_text_get(&c), &number) || number > INT32_MAX ||
            !(u->set = table_set_at((int)number)))
            return err_set(e, ERR_STATE, "the undo file %s was made by a newer stemma",
                           u->name.p);
        return true;
    case ARCHIVE_OWNER: return begin_owner(u, f->payload, e);
    case ARCHIVE_TABLE: return (u->t = backup_table(u->set, f->payload, e)) != NULL;
    case ARCHIVE_ROWS: return take_rows(u, f->payload, e);
    case ARCHIVE_OWNER_END: return end_owner(u, e);
    default: return true;
    }
}

static bool undo_archive(undoing *u, archive_in *in, err *e) {
    archive_got f;
    int64_t made;
    err why = {0};
    if (!archive_open(in, ARCHIVE_UNDO, &made, e)) return false;
    while (archive_next(in, &f, &why) == 1 && !f.damaged) {
        if (!u->set && f.kind != ARCHIVE_INFO)
            return err_set(e, ERR_CORRUPT, "the undo file %s is damaged", u->name.p);
        if (!take_frame(u, &f, e)) return false;
    }
    return true;
}

static bool undo_file(core *c, int dir, str name, bool projects, gc_undone *out, err *e) {
    int fd;
    undoing u = {.c = c, .out = out, .name = name, .projects = projects, .a = arena_new()};
    arena *owners = arena_new();
    bool ok = scan_file(dir, name, owners, &u.file, e);
    archive_in *in = ok && u.file.n ? undo_open_file(dir, name, &fd, e) : NULL;
    if (ok && u.file.n) ok = in && undo_archive(&u, in, e);
    archive_in_free(in);
    if (in) close(fd);
    arena_free(owners);
    arena_free(u.a);
    return ok;
}

typedef struct locked {
    str name;
    int fd; // -1: not locked
} locked;

// U5
static bool lock_file(int dir, locked *f, err *e) {
    f->fd = openat(dir, f->name.p, O_RDWR | O_CLOEXEC);
    if (f->fd < 0) return err_errno(e, "opening the undo file %s failed", f->name.p);
    if (undo_lock(f->fd, e)) return true;
    return e->code == ERR_NONE &&
           err_set(e, ERR_CONFLICT,
                   "a gc is at work, or another undo: try again when it has ended");
}

// U1: the index of the first file of the last gc. It and those behind it are locked.
static bool first_of_last(int dir, arena *a, locked *files, size_t n, size_t *first, err *e) {
    *first = n - 1;
    if (!lock_file(dir, &files[*first], e)) return false;
    while (*first) {
        scanned file;
        locked *before = &files[*first - 1];
        if (!lock_file(dir, before, e) || !scan_file(dir, before->name, a, &file, e))
            return false;
        if (file.ended) break;
        --*first;
    }
    return true;
}

static bool undo_last(core *c, int dir, arena *a, locked *files, size_t n, gc_undone *out,
                      err *e) {
    size_t first;
    if (!first_of_last(dir, a, files, n, &first, e)) return false;
    for (size_t i = first; i < n; i++) { // U4
        if (!undo_file(c, dir, files[i].name, true, out, e)) return false;
    }
    for (size_t i = first; i < n; i++) {
        if (!undo_file(c, dir, files[i].name, false, out, e)) return false;
    }
    for (size_t i = first; i < n; i++) // U3
        unlinkat(dir, files[i].name.p, 0);
    return true;
}

static bool undo_in(core *c, int dir, arena *a, gc_undone *out, err *e) {
    str *names;
    size_t n;
    if (!undo_files(dir, a, &names, &n, e)) return false;
    if (!n) return err_set(e, ERR_NOT_FOUND, "there is nothing to undo");
    locked *files = arena_alloc(a, n * sizeof *files);
    for (size_t i = 0; i < n; i++)
        files[i] = (locked){names[i], -1};
    bool ok = undo_last(c, dir, a, files, n, out, e);
    for (size_t i = 0; i < n; i++) {
        if (files[i].fd >= 0) close(files[i].fd);
    }
    return ok;
}

bool gc_undo(core *c, gc_undone *out, err *e) {
    *out = (gc_undone){0};
    int dir = core_undo_dir(c).n ? undo_open_dir(c, false, e) : -1;
    if (dir < 0)
        return e->code != ERR_NONE ? false
                                   : err_set(e, ERR_NOT_FOUND, "there is nothing to undo");
    arena *a = arena_new();
    bool ok = undo_in(c, dir, a, out, e);
    close(dir);
    arena_free(a);
    return ok;
}
