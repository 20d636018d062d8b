// SPDX-License-Identifier: Apache-2.0
// user: rows of `user_account` and `role`. Every change is one transaction with its event. Any
// thread.
#include "base/clock.h"
#include "base/vec.h"
#include "core/user_internal.h"
#include "core/user_sql.h"

const char user_schema[] = USER_DDL;

const char *user_role_name(user_role r) {
#define NAME(name, text, doc) [USER_##name] = text,
    static const char *const names[] = {[USER_NONE] = "none", USER_ROLES(NAME)};
#undef NAME
    return r < USER_ROLE_COUNT_ ? names[r] : "none";
}

static user_account user_of_row(db_rows *row, arena *a) {
    return (user_account){.id = db_id(row, 0),
                          .name = arena_str(a, db_text(row, 1)),
                          .enabled = db_i64(row, 2) != 0,
                          .created_us = db_i64(row, 3),
                          .role = (user_role)db_i64(row, 4)};
}

bool user_read(db_tx *tx, const ctx *c, str name, user_account *out, err *e) {
    db_rows *row;
    int found = db_get(tx, &Q_user_by_name, &row, e, DB_I64(c->ws), DB_TEXT(name));
    if (found > 0) *out = user_of_row(row, c->a);
    return found > 0 || (!found && err_set(e, ERR_NOT_FOUND, "there is no user '%.*s'",
                                           STR_F(str_upto_code_points(name, USER_NAME_MAX))));
}

// What Basic authentication, a log line and an address can all carry.
static bool check_name(str name, err *e) {
    bool ok = name.n > 0 && name.n <= USER_NAME_MAX && !core_is_dots(name);
    for (size_t i = 0; ok && i < name.n; i++) {
        char c = name.p[i];
        ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             (c && strchr("._@+-", c));
    }
    return ok || err_set(e, ERR_INVALID,
                         "the name of a user is 1 to %d of the characters a-z, A-Z, 0-9, '.', "
                         "'_', '@', '+' and '-', and neither '.' nor '..'",
                         USER_NAME_MAX);
}

typedef struct user_call {
    ctx *c;
    str name;
    bool enabled;
    user_role role;
    user_account *out;
} user_call;

// ---- create ---------------------------------------------------------------------------------

typedef struct create_call {
    ctx *c;
    const user_new *n;
    user_fresh first;
    user_account *out;
} create_call;

static bool put_role(db_tx *tx, const ctx *c, const user_account *u, user_role role, err *e) {
    kv payload = {STR("role"), str_of(user_role_name(role))};
    bool put = role ? db_push(tx, &Q_role_set, e, DB_I64(c->ws), DB_ID(u->id), DB_I64(role))
                    : db_push(tx, &Q_role_delete, e, DB_I64(c->ws), DB_ID(u->id));
    return put && event_add(tx, c, EVENT_role_set, EVENT_NO_PROJECT, u->name,
                            event_payload(c->a, &payload, 1), e);
}

static bool create(db_tx *tx, void *arg, err *e) {
    create_call *k = arg;
    const ctx *c = k->c;
    db_rows *row;
    user_account *u = k->out;
    int found = db_get(tx, &Q_user_by_name, &row, e, DB_I64(c->ws), DB_TEXT(k->n->name));
    if (found > 0)
        return err_set(e, ERR_EXISTS, "there is a user '%.*s' already", STR_F(k->n->name));
    return found == 0 &&
           db_do(tx, &Q_user_insert, e, DB_ID(u->id), DB_TEXT(u->name),
                 DB_I64(u->created_us)) >= 0 &&
           event_add_server(tx, c, EVENT_user_created, u->name, (str){0}, e) &&
           (!u->role || put_role(tx, c, u, u->role, e)) &&
           (!k->n->token || user_fresh_put(tx, c, u, &k->first, e));
}

bool user_create(ctx *c, const user_new *n, user_account *out, str *secret, err *e) {
    *out = (user_account){.id = id_new(),
                          .name = n->name,
                          .enabled = true,
                          .role = n->role,
                          .created_us = clock_now_us()};
    create_call k = {.c = c, .n = n, .out = out};
    if (!check_name(n->name, e) || !user_check_label(n->label, e)) return false;
    if (n->token) k.first = user_fresh_make(c->a, n->label, 0);
    if (!db_write(core_db(c->core), create, &k, e)) return false;
    user_forget(c->core);
    *secret = k.first.secret;
    return true;
}

// ---- read -----------------------------------------------------------------------------------

static bool get(db_tx *tx, void *arg, err *e) {
    user_call *k = arg;
    return user_read(tx, k->c, k->name, k->out, e);
}

bool user_get(ctx *c, str name, user_account *out, err *e) {
    user_call k = {.c = c, .name = name, .out = out};
    return db_read(core_db(c->core), get, &k, e);
}

typedef struct page_call {
    ctx *c;
    str after;
    size_t max, n;
    user_account *out;
} page_call;

static bool page(db_tx *tx, void *arg, err *e) {
    page_call *p = arg;
    VEC(user_account) v = {0};
    db_rows *rows = db_select(tx, &Q_user_page, e, DB_I64(p->c->ws),
                              DB_TEXT(str_or_empty(p->after)), DB_I64(p->max));
    if (!rows) return false;
    while (db_next(rows, e))
        vec_push(p->c->a, &v, user_of_row(rows, p->c->a));
    db_end(rows);
    p->out = v.p;
    p->n = v.n;
    return e->code == ERR_NONE;
}

bool user_page(ctx *c, str after, size_t max, user_account **out, size_t *n, err *e) {
    page_call p = {.c = c, .after = after, .max = max};
    if (!db_read(core_db(c->core), page, &p, e)) return false;
    *out = p.out;
    *n = p.n;
    return true;
}

// ---- change ---------------------------------------------------------------------------------

static bool enable(db_tx *tx, void *arg, err *e) {
    user_call *k = arg;
    user_account u;
    if (!user_read(tx, k->c, k->name, &u, e)) return false;
    if (u.enabled == k->enabled) return true;
    event_kind kind = k->enabled ? EVENT_user_enabled : EVENT_user_disabled;
    return db_push(tx, &Q_user_set_enabled, e, DB_ID(u.id), DB_I64(k->enabled)) &&
           event_add_server(tx, k->c, kind, u.name, (str){0}, e);
}

static bool set_role(db_tx *tx, void *arg, err *e) {
    user_call *k = arg;
    user_account u;
    return user_read(tx, k->c, k->name, &u, e) &&
           (u.role == k->role || put_role(tx, k->c, &u, k->role, e));
}

static bool change(user_call *k, db_fn fn, err *e) {
    if (!db_write(core_db(k->c->core), fn, k, e)) return false;
    user_forget(k->c->core);
    return true;
}

bool user_enable(ctx *c, str name, bool enabled, err *e) {
    user_call k = {.c = c, .name = name, .enabled = enabled};
    return change(&k, enable, e);
}

bool user_set_role(ctx *c, str name, user_role role, err *e) {
    user_call k = {.c = c, .name = name, .role = role};
    return change(&k, set_role, e);
}
