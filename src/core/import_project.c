// SPDX-License-Identifier: Apache-2.0
// import_project: which project here a project of the source is. A number and a name decide
// together: both the same is the same project, one of them taken is a clash. Any thread.
#include "core/core_internal.h"
#include "core/event.h"
#include "core/import.h"
#include "core/import_sql.h"
#include "core/project_internal.h"
#include "core/project_sql.h"

// The file store of MLflow numbers experiments with 18 random digits: the counter stays small,
// since it can never reach those.
#define COUNTED_MAX INT64_C(1000000000)
#define NAMES_TRIED 1000

typedef struct call {
    ctx *c;
    str source;
    const project *p;
    import_where *out;
} call;

static bool at_number(db_tx *tx, const ctx *c, int64_t number, project *out, bool *there,
                      err *e) {
    *there = project_read(tx, c, number, out, e);
    if (*there) return true;
    if (e->code != ERR_NOT_FOUND) return false;
    e->code = ERR_NONE;
    return true;
}

static bool name_owner(db_tx *tx, const ctx *c, str name, int64_t *number, bool *there,
                       err *e) {
    db_rows *row = NULL;
    int found = db_get(tx, &Q_project_by_name, &row, e, DB_I64(c->ws), DB_TEXT(name));
    *there = found > 0;
    if (found > 0) *number = db_i64(row, 0);
    return found >= 0;
}

// Runs that are there already are somebody's own.
static bool has_runs(db_tx *tx, const ctx *c, int64_t number, bool *yes, err *e) {
    db_rows *row = NULL;
    int found = db_get(tx, &Q_import_project_any_run, &row, e, DB_I64(c->ws), DB_I64(number));
    *yes = found > 0;
    return found >= 0;
}

static bool find_ours(db_tx *tx, const call *k, bool *found, err *e) {
    db_rows *row = NULL;
    project there;
    bool is;
    int got = db_get(tx, &Q_import_project_get, &row, e, DB_I64(k->c->ws), DB_TEXT(k->source),
                     DB_I64(k->p->number));
    *found = false;
    if (got <= 0) return got == 0;
    import_where w = {
        .place = IMPORT_IS_OURS, .number = db_i64(row, 0), .shared = db_i64(row, 1) != 0};
    if (!at_number(tx, k->c, w.number, &there, &is, e)) return false;
    *found = is; // else it was freed here: it comes anew
    w.name = is ? there.name : (str){0};
    if (is) *k->out = w;
    return true;
}

static void clash(const call *k, const char *what, int64_t number, str name) {
    k->out->place = IMPORT_CLASHES;
    k->out->clash = arena_printf(
        k->c->a, "experiment %lld '%.*s': its %s belongs to project %lld '%.*s' here",
        (long long)k->p->number, STR_F(k->p->name), what, (long long)number, STR_F(name));
}

static bool find(db_tx *tx, void *arg, err *e) {
    call *k = arg;
    project there = {0};
    bool numbered, named, ours;
    int64_t owner = 0;
    if (!find_ours(tx, k, &ours, e)) return false;
    if (ours) return true;
    *k->out =
        (import_where){.place = IMPORT_IS_NEW, .number = k->p->number, .name = k->p->name};
    if (!at_number(tx, k->c, k->p->number, &there, &numbered, e) ||
        !name_owner(tx, k->c, k->p->name, &owner, &named, e)) {
        return false;
    }
    if (numbered && str_eq(there.name, k->p->name)) {
        k->out->place = IMPORT_IS_SAME;
        return has_runs(tx, k->c, there.number, &k->out->shared, e);
    }
    if (numbered)
        clash(k, "number", there.number, there.name);
    else if (named)
        clash(k, "name", owner, k->p->name);
    return true;
}

bool import_find_project(ctx *c, str source, const project *p, import_where *out, err *e) {
    call k = {.c = c, .source = source, .p = p, .out = out};
    return db_read(core_db(c->core), find, &k, e);
}

// ---- putting --------------------------------------------------------------------------------

// "name (imported)", "name (imported 2)" ... until one is free.
static bool free_name(db_tx *tx, const ctx *c, str name, str *out, err *e) {
    int64_t owner;
    bool taken = true;
    for (int i = 0; taken && i < NAMES_TRIED; i++) {
        *out = i == 0   ? name
               : i == 1 ? arena_printf(c->a, "%.*s (imported)", STR_F(name))
                        : arena_printf(c->a, "%.*s (imported %d)", STR_F(name), i);
        if (!name_owner(tx, c, *out, &owner, &taken, e)) return false;
    }
    return !taken || err_set(e, ERR_EXISTS, "no free name for '%.*s' was found", STR_F(name));
}

// A number of our own for a project that clashes.
static bool place_anew(db_tx *tx, const call *k, str *name, err *e) {
    db_rows *row = NULL;
    if (db_get(tx, &Q_project_counter, &row, e, DB_I64(k->c->ws)) <= 0) return false;
    k->out->number = db_i64(row, 0);
    return free_name(tx, k->c, k->p->name, name, e);
}

// A project that came before keeps a name that it got because of a clash; a new one of the
// source is taken over when it is free.
static bool name_of_ours(db_tx *tx, const call *k, str *name, err *e) {
    project there;
    int64_t owner = 0;
    bool taken;
    if (!project_read(tx, k->c, k->out->number, &there, e)) return false;
    if (!name_owner(tx, k->c, k->p->name, &owner, &taken, e)) return false;
    if (taken && owner != k->out->number) *name = there.name;
    return true;
}

static bool put_row(db_tx *tx, const call *k, str name, err *e) {
    const project *p = k->p;
    return db_push(tx, &Q_import_project_put, e, DB_I64(k->c->ws), DB_I64(k->out->number),
                   DB_TEXT(name), DB_TEXT(p->artifact_location), DB_I64(p->life),
                   DB_I64(p->created_ms), DB_I64(p->updated_ms)) &&
           db_push(tx, &Q_import_project_tags_clear, e, DB_I64(k->c->ws),
                   DB_I64(k->out->number));
}

static bool put_tags(db_tx *tx, const call *k, err *e) {
    for (size_t i = 0; i < k->p->n_tags; i++) {
        if (!db_push(tx, &Q_project_tag_set, e, DB_I64(k->c->ws), DB_I64(k->out->number),
                     DB_TEXT(k->p->tags[i].key), DB_TEXT(k->p->tags[i].value))) {
            return false;
        }
    }
    return true;
}

static bool put(db_tx *tx, void *arg, err *e) {
    call *k = arg;
    const ctx *c = k->c;
    str name = k->p->name;
    if (!find(tx, k, e)) return false;
    import_where *w = k->out;
    if (w->place == IMPORT_CLASHES && !place_anew(tx, k, &name, e)) return false;
    if (w->place == IMPORT_IS_OURS && !name_of_ours(tx, k, &name, e)) return false;
    if (w->number < COUNTED_MAX &&
        !db_push(tx, &Q_import_counter_past, e, DB_I64(c->ws), DB_I64(w->number))) {
        return false;
    }
    w->name = name;
    if (!w->shared && !put_row(tx, k, name, e)) return false;
    str object = arena_printf(c->a, "%lld", (long long)w->number);
    return put_tags(tx, k, e) &&
           db_push(tx, &Q_import_project_set, e, DB_I64(c->ws), DB_TEXT(k->source),
                   DB_I64(k->p->number), DB_I64(w->number), DB_I64(w->shared)) &&
           (w->place != IMPORT_IS_NEW ||
            event_add(tx, c, EVENT_project_created, w->number, object, (str){0}, e));
}

bool import_put_project(ctx *c, str source, const project *p, import_where *where, err *e) {
    call k = {.c = c, .source = source, .p = p, .out = where};
    return db_write(core_db(c->core), put, &k, e);
}
