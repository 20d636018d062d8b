// SPDX-License-Identifier: Apache-2.0
// address_resolve: from an address to a version, in one snapshot. What is not found is told
// with what there is. Any thread.
#include "core/address.h"

#include "base/clock.h"
#include "core/core_sql.h"
#include "core/ref_internal.h"
#include "core/repo_internal.h"
#include "core/repo_sql.h"

#include <ctype.h>

enum { REFS_READ = 200, REFS_SHOWN = 5 };

typedef struct resolve_call {
    ctx *c;
    address_found *out;
    bool unknown_ref; // now; then what there is is told
} resolve_call;

static bool check_workspace(db_tx *tx, const ctx *c, str name, err *e) {
    db_rows *row;
    if (!name.p) return true;
    if (db_get(tx, &Q_workspace_get, &row, e, DB_I64(c->ws)) <= 0) return false;
    return str_eq(db_text(row, 0), name) ||
           err_set(e, ERR_NOT_FOUND, "there is no workspace '%.*s' here; this one is '%.*s'",
                   STR_F(name), STR_F(db_text(row, 0)));
}

static str time_text(arena *a, const address *q) {
    return q->has_time ? arena_printf(a, " at %.*s", STR_F(clock_rfc3339(a, q->at_us)))
                       : STR("");
}

static bool none_yet(db_tx *tx, const ctx *c, const repo *r, const address *q, err *e) {
    db_rows *row;
    if (q->has_time)
        return err_set(e, ERR_NOT_FOUND, "'%.*s' had no version%.*s", STR_F(r->name),
                       STR_F(time_text(c->a, q)));
    int any = db_get(tx, &Q_version_page, &row, e, DB_I64(c->ws), DB_ID(r->id),
                     DB_I64(INT64_MAX), DB_I64(1), DB_I64(INT64_MAX));
    return any >= 0 && err_set(e, ERR_NOT_FOUND, "'%.*s' has no version%s", STR_F(r->name),
                               any ? " that is not deleted" : " yet");
}

static bool latest(db_tx *tx, const ctx *c, const repo *r, const address *q, int64_t *number,
                   err *e) {
    db_rows *row;
    int found = db_get(tx, &Q_version_latest_at, &row, e, DB_I64(c->ws), DB_ID(r->id),
                       DB_I64(q->has_time ? q->at_us : INT64_MAX));
    if (found > 0) *number = db_i64(row, 0);
    return found > 0 || (!found && none_yet(tx, c, r, q, e));
}

static bool by_ref(db_tx *tx, resolve_call *k, const repo *r, const address *q, int64_t *number,
                   err *e) {
    const ctx *c = k->c;
    db_rows *row;
    int found = db_get(tx, &Q_ref_move_at, &row, e, DB_I64(c->ws), DB_ID(r->id),
                       DB_TEXT(q->ref), DB_I64(q->has_time ? q->at_us : INT64_MAX));
    if (found < 0) return false;
    if (found) k->out->move = ref_move_of_row(row, c->a);
    *number = k->out->move.to;
    if (*number) return true;
    k->unknown_ref = !q->has_time;
    return err_set(e, ERR_NOT_FOUND,
                   "'%.*s' had no ref '%.*s'%.*s; its history tells its moves", STR_F(r->name),
                   STR_F(q->ref), STR_F(time_text(c->a, q)));
}

// "production" is "Production", as it is to MLflow's clients.
static str stage_text(arena *a, str name) {
    char *p = arena_bytes(a, name.n + 1);
    for (size_t i = 0; i < name.n; i++)
        p[i] = (char)(i ? tolower((unsigned char)name.p[i]) : toupper((unsigned char)*name.p));
    return str_n(p, name.n);
}

// Leaves the error as it is when there is none.
static bool by_stage(db_tx *tx, resolve_call *k, const repo *r, str name, int64_t *number,
                     err *e) {
    db_rows *row;
    err own = {0};
    int found = db_get(tx, &Q_version_latest, &row, &own, DB_I64(k->c->ws), DB_ID(r->id),
                       DB_TEXT(stage_text(k->c->a, name)));
    if (found < 0) *e = own;
    if (found <= 0) return false;
    *e = own;
    *number = version_of_row(row, k->c->a).number;
    k->out->by_stage = true;
    return true;
}

static bool by_digest(db_tx *tx, const ctx *c, const repo *r, const address *q, int64_t *number,
                      err *e) {
    db_rows *row;
    int found = db_get(tx, &Q_version_of_content, &row, e, DB_I64(c->ws), DB_ID(r->id),
                       DB_ID(q->low), DB_ID(q->high));
    if (!found)
        return err_set(e, ERR_NOT_FOUND, "no version of '%.*s' has this content",
                       STR_F(r->name));
    if (found < 0) return false;
    sha256 greatest;
    sha256_copy(db_blob(row, 0), &greatest);
    *number = db_i64(row, 1);
    found = db_get(tx, &Q_version_of_less_content, &row, e, DB_I64(c->ws), DB_ID(r->id),
                   DB_ID(q->low), DB_ID(greatest));
    return !found || (found > 0 && err_set(e, ERR_INVALID,
                                           "several contents of '%.*s' begin so: give more "
                                           "digits",
                                           STR_F(r->name)));
}

// One beyond all is told as it was written.
static bool by_number(const repo *r, const address *q, int64_t *number, err *e) {
    *number = q->number;
    return q->number < INT64_MAX ||
           err_set(e, ERR_NOT_FOUND, "'%.*s' has no version %.*s", STR_F(r->name),
                   STR_F(str_upto_code_points(q->ref, 100)));
}

static bool find_number(db_tx *tx, resolve_call *k, const repo *r, int64_t *number, err *e) {
    const address *q = &k->out->address;
    switch (q->kind) {
    case ADDRESS_NUMBER: return by_number(r, q, number, e);
    case ADDRESS_REF:
        return by_ref(tx, k, r, q, number, e) ||
               (k->unknown_ref && by_stage(tx, k, r, q->ref, number, e));
    case ADDRESS_DIGEST: return by_digest(tx, k->c, r, q, number, e);
    case ADDRESS_LATEST: break;
    }
    return latest(tx, k->c, r, q, number, e);
}

static bool resolve(db_tx *tx, void *arg, err *e) {
    resolve_call *k = arg;
    const address *q = &k->out->address;
    repo r;
    int64_t number = 0;
    k->unknown_ref = k->out->by_stage = false;
    return check_workspace(tx, k->c, q->workspace, e) && repo_read(tx, k->c, q->repo, &r, e) &&
           find_number(tx, k, &r, &number, e) &&
           version_read(tx, k->c, r.name, number, &k->out->version, e);
}

// ---- what was meant -------------------------------------------------------------------------

// The newest refs, newest first, at most REFS_SHOWN; returns how many.
static size_t newest(const ref *refs, size_t n, const ref **out) {
    size_t shown = 0;
    for (size_t i = 0; i < n; i++) {
        size_t at = shown < REFS_SHOWN ? shown++ : REFS_SHOWN;
        for (; at && out[at - 1]->moved_us < refs[i].moved_us; at--)
            if (at < REFS_SHOWN) out[at] = out[at - 1];
        if (at < REFS_SHOWN) out[at] = &refs[i];
    }
    return shown;
}

static const ref *nearest(const ref *refs, size_t n, str name) {
    const ref *best = NULL;
    size_t least = name.n / 3 + 1;
    for (size_t i = 0; i < n; i++) {
        size_t d = str_distance(name, refs[i].name);
        if (d > least || (best && d == least)) continue;
        best = &refs[i];
        least = d;
    }
    return best;
}

// Adds to the error which refs there are.
static bool tell_refs(ctx *c, const address *q, err *e) {
    const ref *shown[REFS_SHOWN];
    ref *refs;
    size_t n;
    err unread = {0};
    if (!ref_list(c, q->repo, 0, NULL, REFS_READ, &refs, &n, &unread)) return false;
    const ref *near = nearest(refs, n, q->ref);
    str hint = near ? arena_printf(c->a, " Did you mean '%.*s'?", STR_F(near->name)) : STR("");
    str list = STR("");
    size_t n_shown = newest(refs, n, shown);
    for (size_t i = 0; i < n_shown; i++)
        list = arena_printf(c->a, "%.*s%s%.*s", STR_F(list), i ? ", " : " Its newest are: ",
                            STR_F(str_upto_code_points(shown[i]->name, 60)));
    return err_set(e, ERR_NOT_FOUND, "'%.*s' has no ref '%.*s'.%.*s%.*s", STR_F(q->repo),
                   STR_F(q->ref), STR_F(hint), STR_F(n ? list : STR(" It has none.")));
}

bool address_resolve(ctx *c, str text, address_found *out, err *e) {
    resolve_call k = {.c = c, .out = out};
    *out = (address_found){0};
    if (!address_parse(text, clock_now_us(), &out->address, e)) return false;
    if (db_read(core_db(c->core), resolve, &k, e)) return true;
    return k.unknown_ref && e->code == ERR_NOT_FOUND && tell_refs(c, &out->address, e);
}
