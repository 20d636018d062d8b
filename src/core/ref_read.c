// SPDX-License-Identifier: Apache-2.0
// Reading refs: where they point, their moves, and where they pointed at a time. Any thread.
#include "base/clock.h"
#include "base/vec.h"
#include "core/ref_internal.h"
#include "core/repo_internal.h"
#include "core/repo_sql.h"

ref_move ref_move_of_row(db_rows *row, arena *a) {
    return (ref_move){.id = db_id(row, 0),
                      .kind = (ref_kind)db_i64(row, 1),
                      .name = arena_str(a, db_text(row, 2)),
                      .to = db_i64(row, 4),
                      .from = db_i64(row, 6),
                      .user = arena_str(a, db_text(row, 7)),
                      .proven = db_i64(row, 8) != 0,
                      .reason = arena_str(a, db_text(row, 9)),
                      .time_us = db_i64(row, 10)};
}

bool ref_now_read(db_tx *tx, const ctx *c, id repo_id, str name, ref_now *out, err *e) {
    db_rows *row;
    *out = (ref_now){0};
    int found =
        db_get(tx, &Q_ref_last_move, &row, e, DB_I64(c->ws), DB_ID(repo_id), DB_TEXT(name));
    if (found <= 0) return !found;
    out->move = ref_move_of_row(row, c->a);
    out->version = db_id(row, 3);
    out->there = !db_is_null(row, 3);
    return true;
}

bool ref_ever_was(db_tx *tx, const ctx *c, const repo *r, str name, err *e) {
    ref_now now;
    return ref_now_read(tx, c, r->id, name, &now, e) &&
           (now.move.time_us ||
            err_set(e, ERR_NOT_FOUND, "'%.*s' never had a ref '%.*s'", STR_F(r->name),
                    STR_F(str_upto_code_points(name, REF_NAME_MAX))));
}

str ref_where(arena *a, const ref_now *now) {
    const ref_move *m = &now->move;
    if (!m->time_us) return STR("not there");
    str who = m->user.n ? m->user : STR("somebody"), why = STR("");
    if (m->reason.n)
        why = arena_printf(a, " (\"%.*s\")", STR_F(str_upto_code_points(m->reason, 200)));
    str when = clock_rfc3339(a, m->time_us);
    if (!now->there)
        return arena_printf(a, "not there: %.*s removed it at %.*s%.*s", STR_F(who),
                            STR_F(when), STR_F(why));
    return arena_printf(a, "at version %lld, where %.*s set it at %.*s%.*s", (long long)m->to,
                        STR_F(who), STR_F(when), STR_F(why));
}

typedef struct read_call {
    ctx *c;
    str repo_name, name;
    ref_kind kind;
    const ref *behind;
    const ref_move *behind_move;
    int64_t time_us;
    size_t max;
    version *version;
    ref_move *move;
    bool *found;
    VEC(ref) refs;
    VEC(ref_move) moves;
} read_call;

// ---- where it points ------------------------------------------------------------------------

static bool get(db_tx *tx, void *arg, err *e) {
    read_call *k = arg;
    const ctx *c = k->c;
    repo r;
    ref_now now;
    db_rows *row;
    if (!repo_read(tx, c, k->repo_name, &r, e) || !ref_now_read(tx, c, r.id, k->name, &now, e))
        return false;
    *k->found = now.there && now.move.kind == k->kind;
    if (!*k->found) return true;
    if (db_get(tx, &Q_version_by_id, &row, e, DB_I64(c->ws), DB_ID(now.version)) <= 0)
        return false;
    *k->version = version_of_row(row, c->a);
    return version_fill(tx, c, k->version, e);
}

bool ref_version(ctx *c, str repo_name, ref_kind kind, str name, version *out, bool *found,
                 err *e) {
    read_call k = {.c = c,
                   .repo_name = repo_name,
                   .kind = kind,
                   .name = name,
                   .version = out,
                   .found = found};
    return db_read(core_db(c->core), get, &k, e);
}

static ref ref_of_row(db_rows *row, arena *a) {
    return (ref){.kind = (ref_kind)db_i64(row, 0),
                 .name = arena_str(a, db_text(row, 1)),
                 .number = db_i64(row, 2),
                 .user = arena_str(a, db_text(row, 3)),
                 .proven = db_i64(row, 4) != 0,
                 .reason = arena_str(a, db_text(row, 5)),
                 .moved_us = db_i64(row, 6)};
}

static bool list(db_tx *tx, void *arg, err *e) {
    read_call *k = arg;
    const ctx *c = k->c;
    repo r;
    ref first = {.name = STR("")};
    const ref *behind = k->behind ? k->behind : &first;
    k->refs.n = 0;
    if (!repo_read(tx, c, k->repo_name, &r, e)) return false;
    db_rows *rows = db_select(tx, &Q_ref_page, e, DB_I64(c->ws), DB_ID(r.id), DB_I64(k->kind),
                              DB_I64(k->kind ? k->kind : INT32_MAX), DB_I64(behind->kind),
                              DB_TEXT(behind->name), DB_I64(k->max));
    if (!rows) return false;
    while (db_next(rows, e))
        vec_push(c->a, &k->refs, ref_of_row(rows, c->a));
    db_end(rows);
    return e->code == ERR_NONE;
}

bool ref_list(ctx *c, str repo_name, ref_kind kind, const ref *behind, size_t max, ref **out,
              size_t *n, err *e) {
    read_call k = {.c = c, .repo_name = repo_name, .kind = kind, .behind = behind, .max = max};
    if (!db_read(core_db(c->core), list, &k, e)) return false;
    *out = k.refs.p;
    *n = k.refs.n;
    return true;
}

// ---- its history ----------------------------------------------------------------------------

static bool history(db_tx *tx, void *arg, err *e) {
    read_call *k = arg;
    const ctx *c = k->c;
    repo r;
    ref_move newest = {.time_us = INT64_MAX};
    const ref_move *b = k->behind_move ? k->behind_move : &newest;
    k->moves.n = 0;
    if (!repo_read(tx, c, k->repo_name, &r, e)) return false;
    db_rows *rows =
        k->name.p
            ? db_select(tx, &Q_ref_moves_of_name, e, DB_I64(c->ws), DB_ID(r.id),
                        DB_TEXT(k->name), DB_I64(b->time_us), DB_ID(b->id), DB_I64(k->max))
            : db_select(tx, &Q_ref_moves_of_repo, e, DB_I64(c->ws), DB_ID(r.id),
                        DB_I64(b->time_us), DB_ID(b->id), DB_I64(k->max));
    if (!rows) return false;
    while (db_next(rows, e))
        vec_push(c->a, &k->moves, ref_move_of_row(rows, c->a));
    db_end(rows);
    return e->code == ERR_NONE &&
           (k->moves.n || !k->name.p || ref_ever_was(tx, c, &r, k->name, e));
}

bool ref_history(ctx *c, str repo_name, str name, const ref_move *behind, size_t max,
                 ref_move **out, size_t *n, err *e) {
    read_call k = {
        .c = c, .repo_name = repo_name, .name = name, .behind_move = behind, .max = max};
    if (!db_read(core_db(c->core), history, &k, e)) return false;
    *out = k.moves.p;
    *n = k.moves.n;
    return true;
}

static bool move_at(db_tx *tx, void *arg, err *e) {
    read_call *k = arg;
    repo r;
    db_rows *row;
    if (!repo_read(tx, k->c, k->repo_name, &r, e)) return false;
    int found = db_get(tx, &Q_ref_move_at, &row, e, DB_I64(k->c->ws), DB_ID(r.id),
                       DB_TEXT(k->name), DB_I64(k->time_us));
    *k->found = found > 0;
    if (found > 0) *k->move = ref_move_of_row(row, k->c->a);
    return found >= 0;
}

bool ref_move_at(ctx *c, str repo_name, str name, int64_t time_us, ref_move *out, bool *found,
                 err *e) {
    read_call k = {.c = c,
                   .repo_name = repo_name,
                   .name = name,
                   .time_us = time_us,
                   .move = out,
                   .found = found};
    return db_read(core_db(c->core), move_at, &k, e);
}
