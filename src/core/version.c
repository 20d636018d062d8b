// SPDX-License-Identifier: Apache-2.0
// version: rows of `version`; tags are rows of `attr` with the version as owner. A number is
// taken from the repo's row in the transaction that publishes, so none is given twice. Any
// thread.
#include "base/clock.h"
#include "base/vec.h"
#include "core/event.h"
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
                 .updated_us = db_i64(row, 17)};
    v.content.files = (uint64_t)db_i64(row, 7);
    v.content.bytes = (uint64_t)db_i64(row, 8);
    sha256_copy(db_blob(row, 5), &v.content.digest);
    sha256_copy(db_blob(row, 6), &v.content.tree);
    return v;
}

static bool read_aliases(db_tx *tx, const ctx *c, version *v, err *e) {
    VEC(str) names = {0};
    db_rows *rows = db_select(tx, &Q_version_refs, e, DB_I64(c->ws), DB_ID(v->id));
    if (!rows) return false;
    while (db_next(rows, e))
        if (db_i64(rows, 0) == REF_ALIAS)
            vec_push(c->a, &names, arena_str(c->a, db_text(rows, 1)));
    db_end(rows);
    v->aliases = names.p;
    v->n_aliases = names.n;
    return e->code == ERR_NONE;
}

bool version_fill(db_tx *tx, const ctx *c, version *v, err *e) {
    return attr_read(tx, c, v->id, ATTR_TAG, c->a, &v->tags, &v->n_tags, e) &&
           read_aliases(tx, c, v, e);
}

static bool take_row(db_tx *tx, const ctx *c, int found, db_rows *row, version *out, err *e) {
    if (found <= 0) return false;
    *out = version_of_row(row, c->a);
    return version_fill(tx, c, out, e);
}

bool version_read(db_tx *tx, const ctx *c, str repo_name, int64_t number, version *out,
                  err *e) {
    repo r;
    db_rows *row;
    if (!repo_read(tx, c, repo_name, &r, e)) {
        if (e->code == ERR_NOT_FOUND)
            err_set(e, ERR_NOT_FOUND, "Model Version (name=%.*s, version=%lld) not found",
                    STR_F(repo_name), (long long)number);
        return false;
    }
    int found = db_get(tx, &Q_version_get, &row, e, DB_I64(c->ws), DB_ID(r.id), DB_I64(number));
    if (!found)
        return err_set(e, ERR_NOT_FOUND, "Model Version (name=%.*s, version=%lld) not found",
                       STR_F(repo_name), (long long)number);
    return take_row(tx, c, found, row, out, e);
}

str version_text(const ctx *c, const version *v) {
    return arena_printf(c->a, "%.*s/%lld", STR_F(v->repo_name), (long long)v->number);
}

str version_path(arena *a, id version_id) {
    return arena_printf(a, VERSION_FILES "/%s", id_str(a, version_id).p);
}

static bool touch(db_tx *tx, const ctx *c, id repo_id, int64_t now, err *e) {
    return db_push(tx, &Q_repo_touch, e, DB_I64(c->ws), DB_ID(repo_id), DB_I64(now));
}

// ---- publish --------------------------------------------------------------------------------

typedef struct publish_call {
    ctx *c;
    str name;
    const version_new *n;
    id id;
    version *out;
} publish_call;

// The number that is free, and from now on taken.
static bool take_number(db_tx *tx, const ctx *c, const repo *r, int64_t now, int64_t *number,
                        err *e) {
    db_rows *row;
    if (db_get(tx, &Q_repo_take_number, &row, e, DB_I64(c->ws), DB_ID(r->id), DB_I64(now)) <= 0)
        return false;
    *number = db_i64(row, 0) - 1;
    return true;
}

static bool insert(db_tx *tx, const ctx *c, const version *v, err *e) {
    bool sealed = v->has_content;
    return db_do(tx, &Q_version_insert, e, DB_I64(c->ws), DB_ID(v->id), DB_ID(v->repo),
                 DB_I64(v->number), sealed ? DB_ID(v->content.digest) : DB_NULL,
                 sealed ? DB_ID(v->content.tree) : DB_NULL, DB_I64(v->content.files),
                 DB_I64(v->content.bytes), DB_TEXT(v->source),
                 id_is_zero(v->run) ? DB_NULL : DB_ID(v->run), DB_TEXT(v->run_link),
                 id_is_zero(v->model) ? DB_NULL : DB_ID(v->model), DB_TEXT(v->description),
                 DB_TEXT(v->user), DB_TEXT(v->stage), DB_I64(v->created_us)) >= 0;
}

static str or_empty(str s) {
    return s.p ? s : STR("");
}

static bool publish_event(db_tx *tx, const ctx *c, const version *v, err *e) {
    char hex[SHA256_HEX] = "";
    if (v->has_content) sha256_hex(v->content.digest, hex);
    kv p[] = {{STR("repo"), v->repo_name},
              {STR("number"), arena_printf(c->a, "%lld", (long long)v->number)},
              {STR("content"), str_of(hex)}};
    return event_add(tx, c, EVENT_version_created, EVENT_NO_PROJECT, version_text(c, v),
                     repo_payload(c, p, v->has_content ? 3 : 2), e);
}

static bool publish(db_tx *tx, void *arg, err *e) {
    publish_call *k = arg;
    const ctx *c = k->c;
    const version_new *n = k->n;
    repo r;
    if (!repo_read(tx, c, k->name, &r, e)) return false;
    version v = {.id = k->id,
                 .repo = r.id,
                 .repo_name = r.name,
                 .repo_kind = r.kind,
                 .has_content = n->content != NULL,
                 .source = or_empty(n->source),
                 .run = n->run,
                 .run_link = or_empty(n->run_link),
                 .model = n->model,
                 .description = or_empty(n->description),
                 .user = or_empty(c->user),
                 .stage = STR(""),
                 .created_us = clock_now_us()};
    if (n->content) v.content = *n->content;
    v.updated_us = v.created_us;
    if (n->content && !store_keep_tx(core_store(c->core), tx, v.content.digest, e))
        return false;
    if (!take_number(tx, c, &r, v.created_us, &v.number, e) || !insert(tx, c, &v, e))
        return false;
    for (size_t i = 0; i < n->n_tags; i++)
        if (!repo_tag(tx, c, v.id, n->tags[i].key, n->tags[i].value, e)) return false;
    *k->out = v;
    return version_fill(tx, c, k->out, e) && publish_event(tx, c, &v, e);
}

bool version_create(ctx *c, str repo_name, const version_new *n, version *out, err *e) {
    publish_call k = {.c = c, .name = repo_name, .n = n, .id = id_new(), .out = out};
    return db_write(core_db(c->core), publish, &k, e);
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

typedef struct page_call {
    ctx *c;
    str name;
    id id; // of a version or a run
    int64_t before;
    size_t max, n;
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
                               DB_I64(p->before), DB_I64(p->max)),
                     e);
}

static bool of_run(db_tx *tx, void *arg, err *e) {
    page_call *p = arg;
    return take_rows(
        tx, p,
        db_select(tx, &Q_version_of_run, e, DB_I64(p->c->ws), DB_ID(p->id), DB_I64(p->max)), e);
}

static bool read_page(page_call *p, db_fn fn, version **out, size_t *n, err *e) {
    if (!db_read(core_db(p->c->core), fn, p, e)) return false;
    *out = p->out;
    *n = p->n;
    return true;
}

bool version_page(ctx *c, str repo_name, int64_t before, size_t max, version **out, size_t *n,
                  err *e) {
    page_call p = {.c = c, .name = repo_name, .before = before, .max = max};
    return read_page(&p, page, out, n, e);
}

bool version_of_run(ctx *c, id run_id, size_t max, version **out, size_t *n, err *e) {
    page_call p = {.c = c, .id = run_id, .max = max};
    return read_page(&p, of_run, out, n, e);
}

bool version_uses(db_tx *tx, sha256 digest, bool *yes, err *e) {
    db_rows *row;
    int found = db_get(tx, &Q_version_uses, &row, e, DB_ID(digest));
    *yes = found > 0;
    return found >= 0;
}

// ---- change ---------------------------------------------------------------------------------

static bool describe(db_tx *tx, void *arg, err *e) {
    repo_call *k = arg;
    const ctx *c = k->c;
    version *v = k->version;
    if (!version_read(tx, c, k->name, k->number, v, e)) return false;
    v->description = k->value;
    v->updated_us = clock_now_us();
    return db_push(tx, &Q_version_set_description, e, DB_I64(c->ws), DB_ID(v->id),
                   DB_TEXT(v->description), DB_I64(v->updated_us));
}

bool version_describe(ctx *c, str repo_name, int64_t number, str description, version *out,
                      err *e) {
    repo_call k = {
        .c = c, .name = repo_name, .number = number, .value = description, .version = out};
    return db_write(core_db(c->core), describe, &k, e);
}

static bool tag(db_tx *tx, void *arg, err *e) {
    repo_call *k = arg;
    version v;
    return version_read(tx, k->c, k->name, k->number, &v, e) &&
           repo_tag(tx, k->c, v.id, k->key, k->value, e);
}

bool version_set_tag(ctx *c, str repo_name, int64_t number, str key, str value, err *e) {
    repo_call k = {
        .c = c, .name = repo_name, .number = number, .key = key, .value = or_empty(value)};
    return db_write(core_db(c->core), tag, &k, e);
}

bool version_delete_tag(ctx *c, str repo_name, int64_t number, str key, err *e) {
    repo_call k = {.c = c, .name = repo_name, .number = number, .key = key};
    return db_write(core_db(c->core), tag, &k, e);
}

static bool delete_version(db_tx *tx, void *arg, err *e) {
    repo_call *k = arg;
    const ctx *c = k->c;
    version v;
    int64_t now = clock_now_us();
    if (!version_read(tx, c, k->name, k->number, &v, e)) return false;
    kv p[] = {{STR("repo"), v.repo_name},
              {STR("number"), arena_printf(c->a, "%lld", (long long)v.number)}};
    return ref_drop_all(tx, c, &v, e) &&
           db_push(tx, &Q_version_delete, e, DB_I64(c->ws), DB_ID(v.id), DB_I64(now)) &&
           touch(tx, c, v.repo, now, e) &&
           event_add(tx, c, EVENT_version_deleted, EVENT_NO_PROJECT, version_text(c, &v),
                     repo_payload(c, p, 2), e);
}

bool version_delete(ctx *c, str repo_name, int64_t number, err *e) {
    repo_call k = {.c = c, .name = repo_name, .number = number};
    return db_write(core_db(c->core), delete_version, &k, e);
}

// ---- stages ---------------------------------------------------------------------------------

typedef struct stage_call {
    ctx *c;
    str name;
    int64_t number, now;
    str stage, else_to;
    bool alone;
    version *out;
} stage_call;

static bool put_stage(db_tx *tx, const stage_call *k, version *v, str to, err *e) {
    const ctx *c = k->c;
    kv p[] = {{STR("repo"), v->repo_name},
              {STR("number"), arena_printf(c->a, "%lld", (long long)v->number)},
              {STR("from"), v->stage},
              {STR("to"), to}};
    v->stage = to;
    v->updated_us = k->now;
    return db_push(tx, &Q_version_set_stage, e, DB_I64(c->ws), DB_ID(v->id), DB_TEXT(to),
                   DB_I64(k->now)) &&
           event_add(tx, c, EVENT_version_staged, EVENT_NO_PROJECT, version_text(c, v),
                     repo_payload(c, p, 4), e);
}

// Whatever else is in the stage leaves it, a bounded number in one transaction.
static bool clear_stage(db_tx *tx, const stage_call *k, const version *but, err *e) {
    enum { AT_MOST = 10000 };
    const ctx *c = k->c;
    VEC(version) others = {0};
    db_rows *rows =
        db_select(tx, &Q_version_others_of_stage, e, DB_I64(c->ws), DB_ID(but->repo),
                  DB_TEXT(k->stage), DB_ID(but->id), DB_I64(AT_MOST));
    if (!rows) return false;
    while (db_next(rows, e))
        vec_push(c->a, &others,
                 (version){.id = db_id(rows, 0),
                           .number = db_i64(rows, 1),
                           .repo_name = but->repo_name,
                           .stage = k->stage});
    db_end(rows);
    for (size_t i = 0; i < others.n && e->code == ERR_NONE; i++)
        put_stage(tx, k, &others.p[i], k->else_to, e);
    return e->code == ERR_NONE;
}

static bool set_stage(db_tx *tx, void *arg, err *e) {
    stage_call *k = arg;
    k->now = clock_now_us();
    return version_read(tx, k->c, k->name, k->number, k->out, e) &&
           (!k->alone || clear_stage(tx, k, k->out, e)) &&
           put_stage(tx, k, k->out, k->stage, e) && touch(tx, k->c, k->out->repo, k->now, e);
}

bool version_set_stage(ctx *c, str repo_name, int64_t number, str stage, bool alone,
                       str else_to, version *out, err *e) {
    stage_call k = {.c = c,
                    .name = repo_name,
                    .number = number,
                    .stage = stage,
                    .alone = alone,
                    .else_to = else_to,
                    .out = out};
    return db_write(core_db(c->core), set_stage, &k, e);
}
