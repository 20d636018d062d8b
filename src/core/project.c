// SPDX-License-Identifier: Apache-2.0
// project: rows of `project` and `project_tag`. Every change is one transaction with its event.
// Any thread.
#include "core/project.h"

#include "base/clock.h"
#include "base/vec.h"
#include "core/core_internal.h"
#include "core/event.h"
#include "core/project_internal.h"
#include "core/project_sql.h"

#define RUNS_AT_ONCE 1000

// Copies what the row holds; tags stay empty.
static project project_of_row(db_rows *row, arena *a) {
    return (project){.number = db_i64(row, 0),
                     .name = arena_str(a, db_text(row, 1)),
                     .artifact_location = arena_str(a, db_text(row, 2)),
                     .life = (lifecycle)db_i64(row, 3),
                     .created_ms = db_i64(row, 4),
                     .updated_ms = db_i64(row, 5)};
}

bool project_read(db_tx *tx, const ctx *c, int64_t number, project *out, err *e) {
    db_rows *row = NULL;
    int found = db_get(tx, &Q_project_get, &row, e, DB_I64(c->ws), DB_I64(number));
    if (found < 0) return false;
    if (!found)
        return err_set(e, ERR_NOT_FOUND, "No Experiment with id=%lld exists",
                       (long long)number);
    *out = project_of_row(row, c->a);
    return true;
}

bool project_read_active(db_tx *tx, const ctx *c, int64_t number, project *out, err *e) {
    if (!project_read(tx, c, number, out, e)) return false;
    if (out->life == LIFE_ACTIVE) return true;
    return err_set(
        e, ERR_STATE,
        "The experiment %lld must be in the 'active' state. Current state is deleted.",
        (long long)number);
}

static bool read_tags(db_tx *tx, const ctx *c, project *p, err *e) {
    db_rows *rows = db_select(tx, &Q_project_tags, e, DB_I64(c->ws), DB_I64(p->number));
    return core_read_kv(rows, c->a, &p->tags, &p->n_tags, e);
}

static str number_text(const ctx *c, int64_t number) {
    return arena_printf(c->a, "%lld", (long long)number);
}

// ---- create ---------------------------------------------------------------------------------

typedef struct create_call {
    ctx *c;
    str name, location;
    const kv *tags;
    size_t n;
    int64_t number;
} create_call;

static bool name_is_free(db_tx *tx, const ctx *c, str name, int64_t but, err *e) {
    db_rows *row = NULL;
    int found = db_get(tx, &Q_project_by_name, &row, e, DB_I64(c->ws), DB_TEXT(name));
    if (found < 0) return false;
    if (!found || db_i64(row, 0) == but) return true;
    const char *state = db_i64(row, 3) == LIFE_DELETED
                            ? " in deleted state. Restore it, or take another name"
                            : "";
    return err_set(e, ERR_EXISTS, "Experiment(name=%.*s) already exists%s.", STR_F(name),
                   state);
}

static bool create(db_tx *tx, void *arg, err *e) {
    create_call *p = arg;
    ctx *c = p->c;
    db_rows *row = NULL;
    if (!name_is_free(tx, c, p->name, -1, e)) return false;
    if (db_get(tx, &Q_project_counter, &row, e, DB_I64(c->ws)) <= 0) return false;
    p->number = db_i64(row, 0);
    str location = p->location;
    if (!location.n && !workspace_root(tx, c, &location, e)) return false;
    if (!p->location.n) location = core_uri_join(c->a, location, number_text(c, p->number));
    if (db_do(tx, &Q_project_insert, e, DB_I64(c->ws), DB_I64(p->number), DB_TEXT(p->name),
              DB_TEXT(location), DB_I64(clock_now_us() / 1000)) < 0) {
        return false;
    }
    for (size_t i = 0; i < p->n; i++) {
        if (!db_push(tx, &Q_project_tag_set, e, DB_I64(c->ws), DB_I64(p->number),
                     DB_TEXT(p->tags[i].key), DB_TEXT(p->tags[i].value))) {
            return false;
        }
    }
    return event_add(tx, c, EVENT_project_created, p->number, number_text(c, p->number),
                     (str){0}, e);
}

bool project_create(ctx *c, str name, str artifact_location, const kv *tags, size_t n,
                    int64_t *number, err *e) {
    create_call p = {.c = c, .name = name, .location = artifact_location, .tags = tags, .n = n};
    if (!db_write(core_db(c->core), create, &p, e)) return false;
    *number = p.number;
    return true;
}

// ---- read -----------------------------------------------------------------------------------

typedef struct get_call {
    ctx *c;
    int64_t number;
    str name; // p set: by name
    project *out;
} get_call;

static bool get(db_tx *tx, void *arg, err *e) {
    get_call *g = arg;
    if (g->name.p) {
        db_rows *row = NULL;
        int found = db_get(tx, &Q_project_by_name, &row, e, DB_I64(g->c->ws), DB_TEXT(g->name));
        if (found < 0) return false;
        if (!found) {
            return err_set(e, ERR_NOT_FOUND, "Could not find experiment with name '%.*s'",
                           STR_F(g->name));
        }
        *g->out = project_of_row(row, g->c->a);
    } else if (!project_read(tx, g->c, g->number, g->out, e)) {
        return false;
    }
    return read_tags(tx, g->c, g->out, e);
}

bool project_get(ctx *c, int64_t number, project *out, err *e) {
    get_call g = {.c = c, .number = number, .out = out};
    return db_read(core_db(c->core), get, &g, e);
}

static bool get_name(db_tx *tx, void *arg, err *e) {
    get_call *g = arg;
    db_rows *row = NULL;
    int found = db_get(tx, &Q_project_get, &row, e, DB_I64(g->c->ws), DB_I64(g->number));
    g->name = found > 0 ? arena_str(g->c->a, db_text(row, 1)) : STR("");
    return found >= 0;
}

bool project_name(ctx *c, int64_t number, str *out, err *e) {
    get_call g = {.c = c, .number = number};
    bool ok = db_read(core_db(c->core), get_name, &g, e);
    *out = g.name;
    return ok;
}

bool project_by_name(ctx *c, str name, project *out, err *e) {
    get_call g = {.c = c, .name = name, .out = out};
    return db_read(core_db(c->core), get, &g, e);
}

typedef struct page_call {
    ctx *c;
    view view;
    int64_t after;
    size_t max, n;
    project *out;
} page_call;

static bool page(db_tx *tx, void *arg, err *e) {
    page_call *p = arg;
    VEC(project) v = {0};
    int64_t least = p->view == VIEW_DELETED ? LIFE_DELETED : LIFE_ACTIVE;
    int64_t most = p->view == VIEW_ACTIVE ? LIFE_ACTIVE : LIFE_DELETED;
    db_rows *rows = db_select(tx, &Q_project_page, e, DB_I64(p->c->ws), DB_I64(p->after),
                              DB_I64(least), DB_I64(most), DB_I64(p->max));
    if (!rows) return false;
    while (db_next(rows, e))
        vec_push(p->c->a, &v, project_of_row(rows, p->c->a));
    db_end(rows);
    for (size_t i = 0; i < v.n && e->code == ERR_NONE; i++)
        read_tags(tx, p->c, &v.p[i], e);
    p->out = v.p;
    p->n = v.n;
    return e->code == ERR_NONE;
}

bool project_page(ctx *c, view v, int64_t after, size_t max, project **out, size_t *n, err *e) {
    page_call p = {.c = c, .view = v, .after = after, .max = max};
    if (!db_read(core_db(c->core), page, &p, e)) return false;
    *out = p.out;
    *n = p.n;
    return true;
}

// ---- change ---------------------------------------------------------------------------------

typedef struct update_call {
    ctx *c;
    int64_t number;
    const project_change *change;
} update_call;

static bool rename_to(db_tx *tx, const ctx *c, const project *p, str name, err *e) {
    if (p->life != LIFE_ACTIVE)
        return err_set(e, ERR_STATE, "Cannot rename a non-active experiment.");
    return name_is_free(tx, c, name, p->number, e) &&
           db_do(tx, &Q_project_set_name, e, DB_I64(c->ws), DB_I64(p->number), DB_TEXT(name),
                 DB_I64(clock_now_us() / 1000)) >= 0 &&
           event_add(tx, c, EVENT_project_renamed, p->number, number_text(c, p->number),
                     (str){0}, e);
}

static bool change_tag(db_tx *tx, const ctx *c, int64_t number, const kv *t, err *e) {
    if (t->value.p)
        return db_do(tx, &Q_project_tag_set, e, DB_I64(c->ws), DB_I64(number), DB_TEXT(t->key),
                     DB_TEXT(t->value)) >= 0;
    int64_t n =
        db_do(tx, &Q_project_tag_delete, e, DB_I64(c->ws), DB_I64(number), DB_TEXT(t->key));
    if (n == 0)
        return err_set(e, ERR_NOT_FOUND, "No tag with name: %.*s in experiment with id %lld",
                       STR_F(t->key), (long long)number);
    return n > 0;
}

static bool update(db_tx *tx, void *arg, err *e) {
    update_call *k = arg;
    const ctx *c = k->c;
    const project_change *x = k->change;
    project p;
    if (!project_read(tx, c, k->number, &p, e) ||
        (x->name.p && !rename_to(tx, c, &p, x->name, e)) ||
        (x->n_tags && !project_read_active(tx, c, k->number, &p, e)))
        return false;
    for (size_t i = 0; i < x->n_tags; i++)
        if (!change_tag(tx, c, k->number, &x->tags[i], e)) return false;
    return true;
}

bool project_update(ctx *c, int64_t number, const project_change *change, err *e) {
    update_call k = {.c = c, .number = number, .change = change};
    return db_write(core_db(c->core), update, &k, e);
}

bool project_rename(ctx *c, int64_t number, str name, err *e) {
    return project_update(c, number, &(project_change){.name = str_or_empty(name)}, e);
}

bool project_set_tag(ctx *c, int64_t number, str key, str value, err *e) {
    kv tag = {key, str_or_empty(value)};
    return project_update(c, number, &(project_change){.tags = &tag, .n_tags = 1}, e);
}

bool project_delete_tag(ctx *c, int64_t number, str key, err *e) {
    kv tag = {.key = key};
    return project_update(c, number, &(project_change){.tags = &tag, .n_tags = 1}, e);
}

// ---- the bin --------------------------------------------------------------------------------

typedef struct change_call {
    ctx *c;
    int64_t number;
    lifecycle to;
} change_call;

// One page of the project's runs follows it: active ones into the bin, or all out of it. False
// at an error.
static bool move_runs(db_tx *tx, const change_call *m, id *after, size_t *n, err *e) {
    arena *a = db_tx_arena(tx);
    VEC(id) ids = {0};
    db_rows *rows = db_select(tx, &Q_project_runs, e, DB_I64(m->c->ws), DB_I64(m->number),
                              DB_ID(*after), DB_I64(RUNS_AT_ONCE));
    if (!rows) return false;
    for (*n = 0; db_next(rows, e); ++*n) {
        *after = db_id(rows, 0);
        if (db_i64(rows, 1) != (int64_t)m->to) vec_push(a, &ids, *after);
    }
    db_end(rows);
    int64_t now = clock_now_us();
    for (size_t i = 0; i < ids.n && e->code == ERR_NONE; i++) {
        if (db_push(tx, &Q_project_run_set_life, e, DB_I64(m->c->ws), DB_ID(ids.p[i]),
                    DB_I64(m->to), DB_MAYBE_I64(m->to == LIFE_DELETED, now))) {
            search_mark(tx, m->c->core, m->c->ws, m->number, ids.p[i], e);
        }
    }
    return e->code == ERR_NONE;
}

static bool move_project(db_tx *tx, void *arg, err *e) {
    change_call *m = arg;
    project p;
    id after = {0};
    size_t n;
    if (!project_read(tx, m->c, m->number, &p, e)) return false;
    if (p.life == m->to) {
        return err_set(e, ERR_NOT_FOUND, "No Experiment with id=%lld exists",
                       (long long)m->number);
    }
    do {
        if (!move_runs(tx, m, &after, &n, e)) return false;
    } while (n == RUNS_AT_ONCE);
    event_kind kind = m->to == LIFE_DELETED ? EVENT_project_deleted : EVENT_project_restored;
    return db_do(tx, &Q_project_set_life, e, DB_I64(m->c->ws), DB_I64(m->number), DB_I64(m->to),
                 DB_I64(clock_now_us() / 1000)) >= 0 &&
           event_add(tx, m->c, kind, m->number, number_text(m->c, m->number), (str){0}, e);
}

bool project_delete(ctx *c, int64_t number, err *e) {
    change_call m = {.c = c, .number = number, .to = LIFE_DELETED};
    return db_write(core_db(c->core), move_project, &m, e);
}

bool project_restore(ctx *c, int64_t number, err *e) {
    change_call m = {.c = c, .number = number, .to = LIFE_ACTIVE};
    return db_write(core_db(c->core), move_project, &m, e);
}
