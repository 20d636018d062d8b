// SPDX-License-Identifier: Apache-2.0
// lineage_find: what a text names (lineage.h). Any thread.
#include "base/clock.h"
#include "core/address.h"
#include "core/lineage_internal.h"

#define DATASETS_MAX 100 // of one name

typedef struct find_call {
    ctx *c;
    str name, digest; // digest p NULL: of any
    id id;
    VEC(lineage_root) found;
} find_call;

static bool one(find_call *k, lineage_kind kind, id node) {
    vec_push(k->c->a, &k->found, (lineage_root){.kind = kind, .id = node});
    return true;
}

// ---- data sets ------------------------------------------------------------------------------

static bool read_named(db_tx *tx, void *arg, err *e) {
    find_call *k = arg;
    str last = STR("\xf4\x8f\xbf\xbf"); // U+10FFFF
    str low = str_or_empty(k->digest), high = k->digest.p ? k->digest : last;
    k->found.n = 0;
    db_rows *rows =
        db_select(tx, &Q_lineage_datasets_named, e, DB_I64(k->c->ws), DB_TEXT(k->name),
                  DB_TEXT(low), DB_TEXT(high), DB_I64(DATASETS_MAX));
    if (!rows) return false;
    while (db_next(rows, e))
        one(k, LINEAGE_DATASET, db_id(rows, 0));
    db_end(rows);
    return e->code == ERR_NONE;
}

// A name may have an '@' in it.
static bool find_data(find_call *k, str text, err *e) {
    size_t at = str_behind_last(text, '@');
    k->name = text;
    if (!db_read(core_db(k->c->core), read_named, k, e)) return false;
    if (!k->found.n && at) {
        k->name = str_upto(text, at - 1);
        k->digest = str_from(text, at);
        if (!db_read(core_db(k->c->core), read_named, k, e)) return false;
    }
    return k->found.n || err_set(e, ERR_NOT_FOUND,
                                 "no run used a data set '%.*s'; one is named as it was "
                                 "logged: data:NAME or data:NAME@DIGEST",
                                 STR_F(str_upto_code_points(text, 200)));
}

// ---- ids ------------------------------------------------------------------------------------

// Is a row of this kind there?
static bool is_kind(db_tx *tx, find_call *k, lineage_kind kind, const db_query *q, err *e) {
    db_arg args[SEARCH_IN_WIDTH + 1] = {DB_I64(k->c->ws)};
    db_rows *row;
    for (size_t i = 1; i <= SEARCH_IN_WIDTH; i++)
        args[i] = DB_ID(k->id);
    return db_one(tx, q, &row, args, SEARCH_IN_WIDTH + 1, e) > 0 && one(k, kind, k->id);
}

static bool read_id(db_tx *tx, void *arg, err *e) {
    find_call *k = arg;
    k->found.n = 0;
    return is_kind(tx, k, LINEAGE_RUN, &Q_lineage_run_rows, e) ||
           is_kind(tx, k, LINEAGE_MODEL, &Q_lineage_model_rows, e) ||
           is_kind(tx, k, LINEAGE_DATASET, &Q_lineage_dataset_rows, e) ||
           is_kind(tx, k, LINEAGE_VERSION, &Q_lineage_version_rows, e) ||
           (e->code == ERR_NONE &&
            err_set(e, ERR_NOT_FOUND, "no run, logged model, data set or version has this id"));
}

// ---- versions -------------------------------------------------------------------------------

// A deleted one, by its number; else the error stays.
static bool find_tombstone(find_call *k, str text, err *e) {
    address at;
    err unread = {0};
    version *v;
    size_t n;
    if (e->code != ERR_NOT_FOUND || !address_parse(text, clock_now_us(), &at, &unread) ||
        at.kind != ADDRESS_NUMBER || at.workspace.p || at.number == INT64_MAX ||
        !version_page(k->c, at.repo, at.number + 1, 1, true, &v, &n, &unread) || !n ||
        v->number != at.number)
        return false;
    *e = (err){0};
    return one(k, LINEAGE_VERSION, v->id);
}

bool lineage_find(ctx *c, str text, lineage_root **roots, size_t *n, err *e) {
    find_call k = {.c = c};
    address_found f;
    bool ok;
    if (str_starts(text, STR("data:")) && !str_starts(text, STR("data://"))) {
        ok = find_data(&k, str_from(text, 5), e);
    } else if (str_find_str(text, STR("://"), 0) != SIZE_MAX) {
        vec_push(c->a, &k.found, (lineage_root){.kind = LINEAGE_ELSEWHERE, .address = text});
        ok = true;
    } else if (id_parse(text, &k.id)) {
        ok = db_read(core_db(c->core), read_id, &k, e);
    } else {
        ok = address_resolve(c, text, &f, e) ? one(&k, LINEAGE_VERSION, f.version.id)
                                             : find_tombstone(&k, text, e);
    }
    *roots = k.found.p;
    *n = k.found.n;
    return ok;
}
