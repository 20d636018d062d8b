// SPDX-License-Identifier: Apache-2.0
// ref: rows of `ref`, and of `ref_move`, which is written with each move in its transaction and
// never changed. Any thread.
#include "base/clock.h"
#include "base/vec.h"
#include "core/event.h"
#include "core/repo_internal.h"
#include "core/repo_sql.h"

typedef struct ref_call {
    ctx *c;
    str repo_name;
    ref_kind kind;
    str name;
    int64_t number;
    version *out;
    bool *found;
    VEC(ref) list;
} ref_call;

// What it points at now; a zero id when it is not there.
static bool now_at(db_tx *tx, const ctx *c, id repo_id, ref_kind kind, str name, id *at,
                   err *e) {
    db_rows *row;
    int found = db_get(tx, &Q_ref_get, &row, e, DB_I64(c->ws), DB_ID(repo_id), DB_I64(kind),
                       DB_TEXT(name));
    *at = found > 0 ? db_id(row, 0) : (id){0};
    return found >= 0;
}

// The number of a version that may be deleted since; "" for none.
static bool number_text(db_tx *tx, const ctx *c, id version_id, str *out, err *e) {
    db_rows *row;
    *out = STR("");
    if (id_is_zero(version_id)) return true;
    int found = db_get(tx, &Q_version_by_id, &row, e, DB_I64(c->ws), DB_ID(version_id));
    if (found > 0) *out = arena_printf(c->a, "%lld", (long long)db_i64(row, 4));
    return found >= 0;
}

static bool note_move(db_tx *tx, const ctx *c, const repo *r, ref_kind kind, str name, id from,
                      id to, err *e) {
    str from_text, to_text;
    id move = id_new();
    if (!number_text(tx, c, from, &from_text, e) || !number_text(tx, c, to, &to_text, e))
        return false;
    kv p[] = {{STR("repo"), r->name},
              {STR("ref"), name},
              {STR("from"), from_text},
              {STR("to"), to_text}};
    return db_push(tx, &Q_ref_moved, e, DB_I64(c->ws), DB_ID(r->id), DB_I64(kind),
                   DB_TEXT(name), DB_ID(move), id_is_zero(to) ? DB_NULL : DB_ID(to),
                   id_is_zero(from) ? DB_NULL : DB_ID(from),
                   DB_TEXT(c->user.p ? c->user : STR("")), DB_I64(c->proven), DB_TEXT(STR("")),
                   DB_I64(clock_now_us())) &&
           event_add(tx, c, EVENT_ref_moved, EVENT_NO_PROJECT,
                     arena_printf(c->a, "%.*s@%.*s", STR_F(r->name), STR_F(name)),
                     repo_payload(c, p, 4), e);
}

static bool set(db_tx *tx, void *arg, err *e) {
    ref_call *k = arg;
    const ctx *c = k->c;
    version to;
    id from;
    if (!version_read(tx, c, k->repo_name, k->number, &to, e) ||
        !now_at(tx, c, to.repo, k->kind, k->name, &from, e))
        return false;
    repo r = {.id = to.repo, .name = to.repo_name};
    return id_eq(from, to.id) ||
           (db_push(tx, &Q_ref_put, e, DB_I64(c->ws), DB_ID(r.id), DB_I64(k->kind),
                    DB_TEXT(k->name), DB_ID(to.id), DB_I64(clock_now_us())) &&
            note_move(tx, c, &r, k->kind, k->name, from, to.id, e));
}

bool ref_set(ctx *c, str repo_name, ref_kind kind, str name, int64_t number, err *e) {
    ref_call k = {.c = c, .repo_name = repo_name, .kind = kind, .name = name, .number = number};
    return db_write(core_db(c->core), set, &k, e);
}

static bool drop(db_tx *tx, const ctx *c, const repo *r, ref_kind kind, str name, id from,
                 err *e) {
    return db_push(tx, &Q_ref_delete, e, DB_I64(c->ws), DB_ID(r->id), DB_I64(kind),
                   DB_TEXT(name)) &&
           note_move(tx, c, r, kind, name, from, (id){0}, e);
}

static bool delete_ref(db_tx *tx, void *arg, err *e) {
    ref_call *k = arg;
    repo r;
    id from;
    return repo_read(tx, k->c, k->repo_name, &r, e) &&
           now_at(tx, k->c, r.id, k->kind, k->name, &from, e) &&
           (id_is_zero(from) || drop(tx, k->c, &r, k->kind, k->name, from, e));
}

bool ref_delete(ctx *c, str repo_name, ref_kind kind, str name, err *e) {
    ref_call k = {.c = c, .repo_name = repo_name, .kind = kind, .name = name};
    return db_write(core_db(c->core), delete_ref, &k, e);
}

bool ref_drop_all(db_tx *tx, const ctx *c, const version *v, err *e) {
    repo r = {.id = v->repo, .name = v->repo_name};
    for (size_t i = 0; i < v->n_aliases; i++)
        if (!drop(tx, c, &r, REF_ALIAS, v->aliases[i], v->id, e)) return false;
    return true;
}

static bool get(db_tx *tx, void *arg, err *e) {
    ref_call *k = arg;
    repo r;
    id at;
    db_rows *row;
    if (!repo_read(tx, k->c, k->repo_name, &r, e) ||
        !now_at(tx, k->c, r.id, k->kind, k->name, &at, e))
        return false;
    *k->found = !id_is_zero(at);
    if (!*k->found) return true;
    if (db_get(tx, &Q_version_by_id, &row, e, DB_I64(k->c->ws), DB_ID(at)) <= 0) return false;
    *k->out = version_of_row(row, k->c->a);
    return version_fill(tx, k->c, k->out, e);
}

bool ref_version(ctx *c, str repo_name, ref_kind kind, str name, version *out, bool *found,
                 err *e) {
    ref_call k = {
        .c = c, .repo_name = repo_name, .kind = kind, .name = name, .out = out, .found = found};
    return db_read(core_db(c->core), get, &k, e);
}

static bool list(db_tx *tx, void *arg, err *e) {
    ref_call *k = arg;
    repo r;
    k->list.n = 0;
    if (!repo_read(tx, k->c, k->repo_name, &r, e)) return false;
    db_rows *rows =
        db_select(tx, &Q_ref_list, e, DB_I64(k->c->ws), DB_ID(r.id), DB_I64(k->kind));
    if (!rows) return false;
    while (db_next(rows, e))
        vec_push(k->c->a, &k->list,
                 (ref){arena_str(k->c->a, db_text(rows, 0)), db_i64(rows, 1)});
    db_end(rows);
    return e->code == ERR_NONE;
}

bool ref_list(ctx *c, str repo_name, ref_kind kind, ref **out, size_t *n, err *e) {
    ref_call k = {.c = c, .repo_name = repo_name, .kind = kind};
    if (!db_read(core_db(c->core), list, &k, e)) return false;
    *out = k.list.p;
    *n = k.list.n;
    return true;
}
