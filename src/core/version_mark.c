// SPDX-License-Identifier: Apache-2.0
// What is told of a version after it was published: marks, and its deletion, which is a mark
// that stays; and the parents that it was published with. Any thread.
#include "base/clock.h"
#include "base/vec.h"
#include "core/evaluation_internal.h"
#include "core/event.h"
#include "core/release_internal.h"
#include "core/repo_internal.h"
#include "core/repo_sql.h"

typedef struct mark_call {
    ctx *c;
    str repo_name, reason;
    int64_t number;
    mark_kind kind;
    bool set;
    version *out;
} mark_call;

static const char *mark_name(mark_kind kind) {
    return kind == MARK_BAD ? "bad" : "yanked";
}

static bool put_mark(db_tx *tx, const ctx *c, const version *v, mark_kind kind, str reason,
                     int64_t now, err *e) {
    return db_push(tx, &Q_version_mark_put, e, DB_I64(c->ws), DB_ID(v->id), DB_I64(kind),
                   DB_TEXT(str_or_empty(c->user)), DB_I64(c->proven),
                   DB_TEXT(str_or_empty(reason)), DB_I64(now));
}

static bool set_sum(db_tx *tx, const ctx *c, const version *v, int64_t sum, int64_t now,
                    err *e) {
    return db_push(tx, &Q_version_set_marks, e, DB_I64(c->ws), DB_ID(v->id), DB_I64(sum),
                   DB_I64(now));
}

// mark: NULL in the event of a deletion; was: the reason of the mark that this one replaces.
static bool add_event(db_tx *tx, const ctx *c, event_kind kind, const version *v, str reason,
                      const char *mark, str was, err *e) {
    kv p[] = {
        {STR("reason"), str_or_empty(reason)}, {STR("mark"), str_of(mark)}, {STR("was"), was}};
    return version_event(tx, c, kind, v, p, 1u + (mark != NULL) + (was.n > 0), e);
}

// ---- marks ----------------------------------------------------------------------------------

static str reason_of(const version *v, mark_kind kind) {
    for (size_t i = 0; i < v->n_marks; i++)
        if (v->marks[i].kind == kind) return v->marks[i].reason;
    return STR("");
}

static bool change_mark(db_tx *tx, const mark_call *k, const version *v, err *e) {
    const ctx *c = k->c;
    int64_t now = clock_now_us(), sum = v->mark_sum;
    if (!k->set && !(sum & k->kind)) return true;
    bool ok = k->set ? put_mark(tx, c, v, k->kind, k->reason, now, e)
                     : db_push(tx, &Q_version_mark_delete, e, DB_I64(c->ws), DB_ID(v->id),
                               DB_I64(k->kind));
    return ok && repo_await_holds(tx, c, v->repo, e) &&
           set_sum(tx, c, v, k->set ? sum | k->kind : sum & ~k->kind, now, e) &&
           add_event(tx, c, k->set ? EVENT_version_marked : EVENT_version_unmarked, v,
                     k->reason, mark_name(k->kind), k->set ? reason_of(v, k->kind) : STR(""),
                     e);
}

static bool set_mark(db_tx *tx, void *arg, err *e) {
    mark_call *k = arg;
    version v;
    return version_read(tx, k->c, k->repo_name, k->number, &v, e) &&
           change_mark(tx, k, &v, e) &&
           version_read(tx, k->c, k->repo_name, k->number, k->out, e);
}

bool version_set_mark(ctx *c, str repo_name, int64_t number, mark_kind kind, bool set,
                      str reason, version *out, err *e) {
    mark_call k = {.c = c,
                   .repo_name = repo_name,
                   .reason = reason,
                   .number = number,
                   .kind = kind,
                   .set = set,
                   .out = out};
    if (set && !str_trim(reason).n)
        return err_set(e, ERR_INVALID, "say why the version is marked %s", mark_name(kind));
    return core_check_text(reason, MARK_REASON_MAX, "the reason", e) &&
           repo_write(c, repo_name, set_mark, &k, e);
}

// ---- deletion -------------------------------------------------------------------------------

static bool delete_version(db_tx *tx, void *arg, err *e) {
    mark_call *k = arg;
    const ctx *c = k->c;
    version v;
    int64_t now = clock_now_us();
    str reason = k->reason.n ? k->reason : STR("its version was deleted");
    return version_read(tx, c, k->repo_name, k->number, &v, e) &&
           release_pins_none(tx, c, &v, e) && repo_touch(tx, c, v.repo, now, e) &&
           ref_drop_all(tx, c, &v, reason, e) &&
           put_mark(tx, c, &v, MARK_DELETED, k->reason, now, e) &&
           set_sum(tx, c, &v, v.mark_sum | MARK_DELETED, now, e) &&
           evaluation_drop(tx, c, v.id, e) &&
           db_push(tx, &Q_version_delete, e, DB_I64(c->ws), DB_ID(v.id), DB_I64(now)) &&
           add_event(tx, c, EVENT_version_deleted, &v, k->reason, NULL, STR(""), e);
}

bool version_delete(ctx *c, str repo_name, int64_t number, str reason, err *e) {
    mark_call k = {.c = c, .repo_name = repo_name, .number = number, .reason = reason};
    return core_check_text(reason, MARK_REASON_MAX, "the reason", e) &&
           repo_write(c, repo_name, delete_version, &k, e);
}

// ---- parents --------------------------------------------------------------------------------

bool version_put_parents(db_tx *tx, const ctx *c, id version_id, const version_parent *p,
                         size_t n, err *e) {
    if (n > VERSION_PARENTS_MAX)
        return err_set(e, ERR_INVALID, "a version has at most %d parents", VERSION_PARENTS_MAX);
    for (size_t i = 0; i < n; i++) {
        bool here = !id_is_zero(p[i].version);
        if (!db_push(tx, &Q_version_parent_add, e, DB_I64(c->ws), DB_ID(version_id), DB_I64(i),
                     DB_I64(p[i].relation), here ? DB_ID(p[i].version) : DB_NULL,
                     DB_TEXT(str_or_empty(p[i].address))))
            return false;
    }
    return true;
}

typedef struct parents_call {
    ctx *c;
    id version;
    VEC(version_parent) list;
} parents_call;

static bool read_parents(db_tx *tx, void *arg, err *e) {
    parents_call *k = arg;
    arena *a = k->c->a;
    k->list.n = 0;
    db_rows *rows = db_select(tx, &Q_version_parents, e, DB_I64(k->c->ws), DB_ID(k->version));
    if (!rows) return false;
    while (db_next(rows, e))
        vec_push(a, &k->list,
                 (version_parent){.relation = (version_relation)db_i64(rows, 0),
                                  .version = db_id(rows, 1),
                                  .repo_name = arena_str(a, db_text(rows, 2)),
                                  .number = db_i64(rows, 3),
                                  .address = arena_str(a, db_text(rows, 4))});
    db_end(rows);
    return e->code == ERR_NONE;
}

bool version_parents(ctx *c, id version_id, version_parent **out, size_t *n, err *e) {
    parents_call k = {.c = c, .version = version_id};
    if (!db_read(core_db(c->core), read_parents, &k, e)) return false;
    *out = k.list.p;
    *n = k.list.n;
    return true;
}
