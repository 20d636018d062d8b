// SPDX-License-Identifier: Apache-2.0
// workspace: rows of `workspace`. Every change is one transaction with its event, in the log of
// the default workspace. Any thread.
#include "core/workspace.h"

#include "base/clock.h"
#include "base/vec.h"
#include "core/core_internal.h"
#include "core/core_sql.h"
#include "core/event.h"
#include "core/workspace_internal.h"
#include "core/workspace_sql.h"

const char workspace_schema[] = WORKSPACE_DDL;

static workspace_row workspace_of_row(db_rows *row, arena *a) {
    return (workspace_row){.number = db_i64(row, 0),
                           .name = arena_str(a, db_text(row, 1)),
                           .description = arena_str(a, str_or_empty(db_text(row, 2))),
                           .created_us = db_i64(row, 3)};
}

static bool not_found(str name, err *e) {
    return err_set(e, ERR_NOT_FOUND, "Workspace '%.*s' not found",
                   STR_F(str_upto_code_points(name, WORKSPACE_NAME_MAX)));
}

static bool read_named(db_tx *tx, arena *a, str name, workspace_row *out, err *e) {
    db_rows *row;
    int found = db_get(tx, &Q_workspace_by_name, &row, e, DB_TEXT(name));
    if (found > 0) *out = workspace_of_row(row, a);
    return found > 0 || (!found && not_found(name, e));
}

// The rules of MLflow's server, which are those of Kubernetes' names.
static bool check_name(str name, err *e) {
    static const char *const reserved[] = {"workspaces", "api", "ajax-api", "static-files"};
    bool ok = name.n >= 2 && name.n <= WORKSPACE_NAME_MAX && name.p[0] != '-' &&
              name.p[name.n - 1] != '-';
    for (size_t i = 0; ok && i < name.n; i++) {
        char c = name.p[i];
        ok = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    }
    if (!ok)
        return err_set(e, ERR_INVALID,
                       "the name of a workspace is 2 to %d of the characters a-z, 0-9 and '-', "
                       "which is neither first nor last",
                       WORKSPACE_NAME_MAX);
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
        if (str_is(name, reserved[i]))
            return err_set(e, ERR_INVALID, "the name '%s' is reserved", reserved[i]);
    return true;
}

static bool not_default(str name, const char *what, err *e) {
    return !str_is(name, WORKSPACE_DEFAULT_NAME) ||
           err_set(e, ERR_INVALID, "The 'default' workspace is reserved and cannot be %s",
                   what);
}

typedef struct workspace_call {
    ctx *c;
    const id *of;
    str name, description;
    workspace_row *out;
} workspace_call;

// ---- create ---------------------------------------------------------------------------------

static bool put_default_project(db_tx *tx, const ctx *c, err *e) {
    str root;
    if (!workspace_root(tx, c, &root, e)) return false;
    str location = core_uri_join(c->a, root, STR("0"));
    return db_do(tx, &Q_project_ensure, e, DB_I64(c->ws), DB_TEXT(location),
                 DB_I64(clock_now_us() / 1000)) >= 0;
}

static bool create(db_tx *tx, void *arg, err *e) {
    workspace_call *k = arg;
    ctx at = *k->c;
    db_rows *row;
    int found = db_get(tx, &Q_workspace_by_name, &row, e, DB_TEXT(k->name));
    if (found > 0)
        return err_set(e, ERR_EXISTS, "Workspace '%.*s' already exists.", STR_F(k->name));
    if (found < 0 || db_get(tx, &Q_workspace_counter, &row, e, DB_I64(WORKSPACE_DEFAULT)) <= 0)
        return false;
    *k->out = (workspace_row){.number = db_i64(row, 0),
                              .name = k->name,
                              .description = k->description,
                              .created_us = clock_now_us()};
    at.ws = k->out->number;
    return db_do(tx, &Q_workspace_insert, e, DB_I64(at.ws), DB_TEXT(k->name),
                 DB_TEXT(k->description), DB_I64(k->out->created_us)) == 1 &&
           put_default_project(tx, &at, e) &&
           event_add_server(tx, k->c, EVENT_workspace_created, k->name, (str){0}, e);
}

static bool check_description(str description, err *e) {
    return core_check_text(description, WORKSPACE_DESCRIPTION_MAX, "description", e);
}

bool workspace_create(ctx *c, str name, str description, workspace_row *out, err *e) {
    workspace_call k = {
        .c = c, .name = name, .description = str_or_empty(description), .out = out};
    if (!not_default(name, "created", e) || !check_name(name, e) ||
        !check_description(k.description, e) || !db_write(core_db(c->core), create, &k, e))
        return false;
    workspace_forget(c->core);
    return true;
}

// ---- read -----------------------------------------------------------------------------------

static bool get(db_tx *tx, void *arg, err *e) {
    workspace_call *k = arg;
    db_rows *row;
    if (!read_named(tx, k->c->a, k->name, k->out, e)) return false;
    if (!k->of) return true;
    int found =
        db_get(tx, &Q_workspace_has_role, &row, e, DB_I64(k->out->number), DB_ID(*k->of));
    return found > 0 || (!found && not_found(k->name, e));
}

bool workspace_get(ctx *c, const id *of, str name, workspace_row *out, err *e) {
    workspace_call k = {.c = c, .of = of, .name = name, .out = out};
    return db_read(core_db(c->core), get, &k, e);
}

typedef struct page_call {
    ctx *c;
    const id *of;
    str after;
    size_t max, n;
    workspace_row *out;
} page_call;

static bool page(db_tx *tx, void *arg, err *e) {
    page_call *p = arg;
    VEC(workspace_row) v = {0};
    id of = p->of ? *p->of : (id){0};
    db_rows *rows = db_select(tx, &Q_workspace_page, e, DB_TEXT(str_or_empty(p->after)),
                              DB_I64(p->of ? 0 : 1), DB_ID(of), DB_I64(p->max));
    if (!rows) return false;
    while (db_next(rows, e))
        vec_push(p->c->a, &v, workspace_of_row(rows, p->c->a));
    db_end(rows);
    p->out = v.p;
    p->n = v.n;
    return e->code == ERR_NONE;
}

bool workspace_page(ctx *c, const id *of, str after, size_t max, workspace_row **out, size_t *n,
                    err *e) {
    page_call p = {.c = c, .of = of, .after = after, .max = max};
    if (!db_read(core_db(c->core), page, &p, e)) return false;
    *out = p.out;
    *n = p.n;
    return true;
}

static bool read_name(db_tx *tx, const ctx *c, str *name, err *e) {
    db_rows *row;
    int found = db_get(tx, &Q_workspace_get, &row, e, DB_I64(c->ws));
    if (found > 0) *name = arena_str(c->a, db_text(row, 0));
    return found > 0 ||
           (!found && err_set(e, ERR_NOT_FOUND, "the workspace was deleted meanwhile"));
}

bool workspace_lives(db_tx *tx, const ctx *c, err *e) {
    str name;
    return c->ws == WORKSPACE_DEFAULT || read_name(tx, c, &name, e);
}

bool workspace_root(db_tx *tx, const ctx *c, str *out, err *e) {
    str name;
    *out = core_artifact_root(c->core);
    if (c->ws == WORKSPACE_DEFAULT) return true;
    if (!read_name(tx, c, &name, e)) return false;
    *out = core_uri_join(c->a, *out, arena_printf(c->a, "workspaces/%.*s", STR_F(name)));
    return true;
}

// ---- change ---------------------------------------------------------------------------------

static bool describe(db_tx *tx, void *arg, err *e) {
    workspace_call *k = arg;
    if (!read_named(tx, k->c->a, k->name, k->out, e)) return false;
    k->out->description = k->description;
    return db_push(tx, &Q_workspace_set_description, e, DB_I64(k->out->number),
                   DB_TEXT(k->description));
}

bool workspace_describe(ctx *c, str name, str description, workspace_row *out, err *e) {
    workspace_call k = {
        .c = c, .name = name, .description = str_or_empty(description), .out = out};
    return check_description(k.description, e) && db_write(core_db(c->core), describe, &k, e);
}

static bool is_empty(db_tx *tx, const workspace_row *w, err *e) {
    static const struct {
        const db_query *q;
        const char *what;
    } things[] = {{&Q_workspace_has_run, "runs"},
                  {&Q_workspace_has_project, "projects"},
                  {&Q_workspace_has_model, "logged models"},
                  {&Q_workspace_has_repo, "models, data sets or prompts"},
                  {&Q_workspace_has_file, "files"}};
    for (size_t i = 0; i < sizeof things / sizeof *things; i++) {
        db_rows *row;
        int found = db_get(tx, things[i].q, &row, e, DB_I64(w->number));
        if (found < 0) return false;
        if (found)
            return err_set(e, ERR_STATE,
                           "the workspace '%.*s' is not empty: it has %s (what is in the bin "
                           "counts; 'stemma gc' frees it)",
                           STR_F(w->name), things[i].what);
    }
    return true;
}

// The Default project goes too: a run that is begun at the same moment reads its row, so one of
// the two transactions fails.
static bool delete_workspace(db_tx *tx, void *arg, err *e) {
    workspace_call *k = arg;
    arena *a = db_tx_arena(tx);
    workspace_row w;
    if (!read_named(tx, a, k->name, &w, e) || !is_empty(tx, &w, e)) return false;
    str freed = arena_printf(a, "#%lld", (long long)w.number);
    return db_push(tx, &Q_workspace_set_deleted, e, DB_I64(w.number), DB_TEXT(freed),
                   DB_I64(clock_now_us())) &&
           db_push(tx, &Q_workspace_drop_projects, e, DB_I64(w.number)) &&
           db_push(tx, &Q_workspace_drop_tags, e, DB_I64(w.number)) &&
           db_push(tx, &Q_workspace_drop_roles, e, DB_I64(w.number)) &&
           db_push(tx, &Q_workspace_drop_sent, e, DB_I64(w.number)) &&
           event_add_server(tx, k->c, EVENT_workspace_deleted, w.name, (str){0}, e);
}

bool workspace_delete(ctx *c, str name, err *e) {
    workspace_call k = {.c = c, .name = name};
    if (!not_default(name, "deleted", e) ||
        !db_write(core_db(c->core), delete_workspace, &k, e))
        return false;
    workspace_forget(c->core);
    return true;
}
