// SPDX-License-Identifier: Apache-2.0
// Reading versions: one, or a page of some. Each comes with its tags and refs. Any thread.
#include "base/clock.h"
#include "base/vec.h"
#include "core/ref.h"
#include "core/repo_internal.h"
#include "core/repo_sql.h"
#include "core/run_internal.h"

version version_of_row(db_rows *row, arena *a) {
    version v = {.id = db_id(row, 0),
                 .repo = db_id(row, 1),
                 .repo_name = arena_str(a, db_text(row, 2)),
                 .repo_kind = (repo_kind)db_i64(row, 3),
                 .number = db_i64(row, 4),
                 .has_content = !db_is_null(row, 5),
                 .source = arena_str(a, db_text(row, 9)),
                 .run = db_id(row, 10),
                 .run_link = arena_str(a, db_text(row, 11)),
                 .model = db_id(row, 12),
                 .description = arena_str(a, db_text(row, 13)),
                 .user = arena_str(a, db_text(row, 14)),
                 .stage = arena_str(a, db_text(row, 15)),
                 .created_us = db_i64(row, 16),
                 .updated_us = db_i64(row, 17),
                 .location = arena_str(a, db_text(row, 18)),
                 .mark_sum = db_i64(row, 19),
                 .deleted = db_i64(row, 20) != 0};
    v.content.files = (uint64_t)db_i64(row, 7);
    v.content.bytes = (uint64_t)db_i64(row, 8);
    sha256_copy(db_blob(row, 5), &v.content.digest);
    sha256_copy(db_blob(row, 6), &v.content.tree);
    return v;
}

static bool read_refs(db_tx *tx, const ctx *c, version *v, err *e) {
    VEC(str) of[2] = {{0}, {0}}; // aliases, sealed ones
    db_rows *rows = db_select(tx, &Q_version_refs, e, DB_I64(c->ws), DB_ID(v->id));
    if (!rows) return false;
    while (db_next(rows, e))
        vec_push(c->a, &of[db_i64(rows, 0) == REF_TAG], arena_str(c->a, db_text(rows, 1)));
    db_end(rows);
    v->aliases = of[0].p;
    v->n_aliases = of[0].n;
    v->sealed = of[1].p;
    v->n_sealed = of[1].n;
    return e->code == ERR_NONE;
}

static bool read_marks(db_tx *tx, const ctx *c, version *v, err *e) {
    VEC(version_mark) marks = {0};
    if (!v->mark_sum) return true;
    db_rows *rows = db_select(tx, &Q_version_marks, e, DB_I64(c->ws), DB_ID(v->id));
    if (!rows) return false;
    while (db_next(rows, e))
        vec_push(c->a, &marks,
                 (version_mark){.kind = (mark_kind)db_i64(rows, 0),
                                .user = arena_str(c->a, db_text(rows, 1)),
                                .proven = db_i64(rows, 2) != 0,
                                .reason = arena_str(c->a, db_text(rows, 3)),
                                .time_us = db_i64(rows, 4)});
    db_end(rows);
    v->marks = marks.p;
    v->n_marks = marks.n;
    return e->code == ERR_NONE;
}

bool version_fill(db_tx *tx, const ctx *c, version *v, err *e) {
    return attr_read(tx, c, v->id, ATTR_TAG, c->a, &v->tags, &v->n_tags, e) &&
           read_refs(tx, c, v, e) && read_marks(tx, c, v, e);
}

static bool take_row(db_tx *tx, const ctx *c, int found, db_rows *row, version *out, err *e) {
    if (found <= 0) return false;
    *out = version_of_row(row, c->a);
    return version_fill(tx, c, out, e);
}

// A number that is not there: never given, or deleted by whom and why.
static bool none_such(db_tx *tx, const ctx *c, const repo *r, int64_t number, err *e) {
    db_rows *row;
    int found = db_get(tx, &Q_version_tombstone, &row, e, DB_I64(c->ws), DB_ID(r->id),
                       DB_I64(number), DB_I64(MARK_DELETED));
    if (found < 0) return false;
    if (!found)
        return err_set(e, ERR_NOT_FOUND, "'%.*s' has no version %lld", STR_F(r->name),
                       (long long)number);
    str when = clock_rfc3339(c->a, db_i64(row, 0)), who = db_text(row, 1);
    str why = db_text(row, 2);
    return err_set(e, ERR_NOT_FOUND, "version %lld of '%.*s' was deleted at %.*s%s%.*s%s%.*s",
                   (long long)number, STR_F(r->name), STR_F(when), who.n ? " by " : "",
                   STR_F(who), why.n ? ": " : "", STR_F(why));
}

bool version_read_of(db_tx *tx, const ctx *c, const repo *r, int64_t number, version *out,
                     err *e) {
    db_rows *row;
    int found =
        db_get(tx, &Q_version_get, &row, e, DB_I64(c->ws), DB_ID(r->id), DB_I64(number));
    if (!found) return none_such(tx, c, r, number, e);
    if (found > 0) *out = version_of_row(row, c->a);
    return found > 0;
}

bool version_read_bare(db_tx *tx, const ctx *c, str repo_name, int64_t number, version *out,
                       err *e) {
    repo r;
    return repo_read(tx, c, repo_name, &r, e) && version_read_of(tx, c, &r, number, out, e);
}

bool version_read(db_tx *tx, const ctx *c, str repo_name, int64_t number, version *out,
                  err *e) {
    return version_read_bare(tx, c, repo_name, number, out, e) && version_fill(tx, c, out, e);
}

// ---- read -----------------------------------------------------------------------------------

static bool get(db_tx *tx, void *arg, err *e) {
    repo_call *k = arg;
    return version_read(tx, k->c, k->name, k->number, k->version, e);
}

bool version_get(ctx *c, str repo_name, int64_t number, version *out, err *e) {
    repo_call k = {.c = c, .name = repo_name, .number = number, .version = out};
    return db_read(core_db(c->core), get, &k, e);
}

// ---- lists ----------------------------------------------------------------------------------

typedef struct page_call {
    ctx *c;
    str name;
    id id, after; // id: of a version or a run
    int64_t before;
    bool tombstones;
    const str *stages;
    size_t n_stages, max, n;
    version *out;
} page_call;

static bool by_id(db_tx *tx, void *arg, err *e) {
    page_call *k = arg;
    db_rows *row;
    int found = db_get(tx, &Q_version_by_id, &row, e, DB_I64(k->c->ws), DB_ID(k->id));
    if (!found) return err_set(e, ERR_NOT_FOUND, "There is no such version.");
    return take_row(tx, k->c, found, row, k->out, e);
}

bool version_by_id(ctx *c, id version_id, version *out, err *e) {
    page_call k = {.c = c, .id = version_id, .out = out};
    return db_read(core_db(c->core), by_id, &k, e);
}

static bool take_rows(db_tx *tx, page_call *p, db_rows *rows, err *e) {
    VEC(version) v = {0};
    if (!rows) return false;
    while (db_next(rows, e))
        vec_push(p->c->a, &v, version_of_row(rows, p->c->a));
    db_end(rows);
    for (size_t i = 0; i < v.n && e->code == ERR_NONE; i++)
        version_fill(tx, p->c, &v.p[i], e);
    p->out = v.p;
    p->n = v.n;
    return e->code == ERR_NONE;
}

static bool page(db_tx *tx, void *arg, err *e) {
    page_call *p = arg;
    repo r;
    return repo_read(tx, p->c, p->name, &r, e) &&
           take_rows(tx, p,
                     db_select(tx, &Q_version_page, e, DB_I64(p->c->ws), DB_ID(r.id),
                               DB_I64(p->before), DB_I64(p->max),
                               DB_I64(p->tombstones ? INT64_MAX : 0)),
                     e);
}

static bool of_run(db_tx *tx, void *arg, err *e) {
    page_call *p = arg;
    return take_rows(tx, p,
                     db_select(tx, &Q_version_of_run, e, DB_I64(p->c->ws), DB_ID(p->id),
                               DB_ID(p->after), DB_I64(p->max)),
                     e);
}

static bool each(db_tx *tx, void *arg, err *e) {
    page_call *p = arg;
    return take_rows(
        tx, p,
        db_select(tx, &Q_version_each, e, DB_I64(p->c->ws), DB_ID(p->after), DB_I64(p->max)),
        e);
}

static bool latest(db_tx *tx, void *arg, err *e) {
    page_call *p = arg;
    repo r;
    db_rows *row;
    if (!repo_read(tx, p->c, p->name, &r, e)) return false;
    p->out = ARENA_ARRAY(p->c->a, version, p->n_stages);
    p->n = 0;
    for (size_t i = 0; i < p->n_stages; i++) {
        int found = db_get(tx, &Q_version_latest, &row, e, DB_I64(p->c->ws), DB_ID(r.id),
                           DB_TEXT(p->stages[i]));
        if (found < 0 || (found && !take_row(tx, p->c, found, row, &p->out[p->n], e)))
            return false;
        p->n += found > 0;
    }
    return true;
}

static bool read_page(page_call *p, db_fn fn, version **out, size_t *n, err *e) {
    if (!db_read(core_db(p->c->core), fn, p, e)) return false;
    *out = p->out;
    *n = p->n;
    return true;
}

bool version_page(ctx *c, str repo_name, int64_t before, size_t max, bool tombstones,
                  version **out, size_t *n, err *e) {
    page_call p = {
        .c = c, .name = repo_name, .before = before, .max = max, .tombstones = tombstones};
    return read_page(&p, page, out, n, e);
}

bool version_latest(ctx *c, str repo_name, const str *stages, size_t n_stages, version **out,
                    size_t *n, err *e) {
    page_call p = {.c = c, .name = repo_name, .stages = stages, .n_stages = n_stages};
    return read_page(&p, latest, out, n, e);
}

bool version_of_run(ctx *c, id run_id, id after, size_t max, version **out, size_t *n, err *e) {
    page_call p = {.c = c, .id = run_id, .after = after, .max = max};
    return read_page(&p, of_run, out, n, e);
}

bool version_each(ctx *c, id after, size_t max, version **out, size_t *n, err *e) {
    page_call p = {.c = c, .after = after, .max = max};
    return read_page(&p, each, out, n, e);
}

// ---- by their ids ---------------------------------------------------------------------------

typedef struct ids_call {
    ctx c; // with the arena of the step
    const id *ids;
    size_t n_ids, n;
    version *out;
} ids_call;

static bool of_ids(db_tx *tx, void *arg, err *e) {
    ids_call *k = arg;
    k->out = ARENA_ARRAY(k->c.a, version, k->n_ids);
    k->n = 0;
    for (size_t i = 0; i < k->n_ids; i++) {
        db_rows *row;
        int found = db_get(tx, &Q_version_by_id, &row, e, DB_I64(k->c.ws), DB_ID(k->ids[i]));
        if (found < 0 || (found && !take_row(tx, &k->c, found, row, &k->out[k->n], e)))
            return false;
        k->n += found > 0;
    }
    return true;
}

bool version_of_ids(ctx *c, const id *ids, size_t n,
                    bool (*emit)(void *arg, const version *v, err *e), void *arg, err *e) {
    enum { STEP = 100 };
    ids_call k = {.c = *c};
    k.c.a = arena_new();
    bool ok = true;
    for (size_t at = 0; ok && at < n; at += STEP) {
        arena_reset(k.c.a);
        k.ids = ids + at;
        k.n_ids = n - at < STEP ? n - at : STEP;
        ok = db_read(core_db(c->core), of_ids, &k, e);
        for (size_t i = 0; ok && i < k.n; i++)
            ok = emit(arg, &k.out[i], e);
    }
    arena_free(k.c.a);
    return ok;
}

bool version_uses(db_tx *tx, sha256 digest, bool *yes, err *e) {
    db_rows *row;
    int found = db_get(tx, &Q_version_uses, &row, e, DB_ID(digest));
    *yes = found > 0;
    return found >= 0;
}
