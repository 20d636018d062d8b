// SPDX-License-Identifier: Apache-2.0
// version: rows of `version`; tags are rows of `attr` with the version as owner. A number is
// taken from the repo's row in the transaction that publishes, so none is given twice. Reading
// is version_read.c's, what may change version_edit.c's, deletion version_mark.c's. Any thread.
#include "base/clock.h"
#include "core/event.h"
#include "core/release_internal.h"
#include "core/repo_internal.h"
#include "core/repo_sql.h"
#include "core/run_internal.h"

str version_text(const ctx *c, const version *v) {
    return arena_printf(c->a, "%.*s/%lld", STR_F(v->repo_name), (long long)v->number);
}

bool version_event(db_tx *tx, const ctx *c, event_kind kind, const version *v, const kv *more,
                   size_t n, err *e) {
    kv *p = ARENA_ARRAY(c->a, kv, n + 2);
    p[0] = (kv){STR("repo"), v->repo_name};
    p[1] = (kv){STR("number"), arena_printf(c->a, "%lld", (long long)v->number)};
    if (n) memcpy(p + 2, more, n * sizeof *more);
    return event_add(tx, c, kind, EVENT_NO_PROJECT, version_text(c, v),
                     event_payload(c->a, p, n + 2), e);
}

str version_path(arena *a, id version_id) {
    return arena_printf(a, VERSION_FILES "/%s", id_str(a, version_id).p);
}

// ---- publish --------------------------------------------------------------------------------

typedef struct publish_call {
    ctx *c;
    str name;
    const version_new *n;
    id id;
    version *out;
    protect_facts facts;
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

static bool insert_row(db_tx *tx, const ctx *c, const version *v, err *e) {
    bool sealed = v->has_content;
    return db_do(tx, &Q_version_insert, e, DB_I64(c->ws), DB_ID(v->id), DB_ID(v->repo),
                 DB_I64(v->number), sealed ? DB_ID(v->content.digest) : DB_NULL,
                 sealed ? DB_ID(v->content.tree) : DB_NULL, DB_I64(v->content.files),
                 DB_I64(v->content.bytes), DB_TEXT(v->source), DB_TEXT(v->location),
                 id_is_zero(v->run) ? DB_NULL : DB_ID(v->run), DB_TEXT(v->run_link),
                 id_is_zero(v->model) ? DB_NULL : DB_ID(v->model), DB_TEXT(v->description),
                 DB_TEXT(v->user), DB_TEXT(v->stage), DB_I64(v->created_us),
                 DB_I64(v->updated_us)) >= 0;
}

static bool publish_event(db_tx *tx, const ctx *c, const version *v, err *e) {
    char hex[SHA256_HEX] = "";
    kv p[2];
    size_t n = 0;
    if (v->has_content) {
        sha256_hex(v->content.digest, hex);
        p[n++] = (kv){STR("content"), str_of(hex)};
    }
    if (v->description.n)
        p[n++] = (kv){STR("message"), str_upto_code_points(v->description, REF_REASON_MAX)};
    return version_event(tx, c, EVENT_version_created, v, p, n, e);
}

bool version_insert(db_tx *tx, const ctx *c, const version *v, err *e) {
    if (v->has_content && !store_keep_tx(core_store(c->core), tx, v->content.digest, e))
        return false;
    if (!insert_row(tx, c, v, e)) return false;
    for (size_t i = 0; i < v->n_tags; i++)
        if (!repo_tag(tx, c, v->id, v->tags[i].key, v->tags[i].value, e)) return false;
    return publish_event(tx, c, v, e);
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
                 .source = str_or_empty(n->source),
                 .location = str_or_empty(n->location),
                 .run = n->run,
                 .run_link = str_or_empty(n->run_link),
                 .model = n->model,
                 .description = str_or_empty(n->description),
                 .user = str_or_empty(c->user),
                 .stage = STR(""),
                 .created_us = clock_now_us(),
                 .n_tags = n->n_tags};
    if (n->content) v.content = *n->content;
    v.updated_us = v.created_us;
    v.tags = ARENA_ARRAY(c->a, kv, n->n_tags + 1);
    if (n->n_tags) memcpy(v.tags, n->tags, n->n_tags * sizeof *n->tags);
    if (!release_check_parents(tx, c, &r, n->parents, n->n_parents, e) ||
        !protect_allows(tx, c, &v, PROTECT_PUBLISHING, &k->facts, e))
        return false;
    if (!take_number(tx, c, &r, v.created_us, &v.number, e) || !version_insert(tx, c, &v, e) ||
        !version_put_parents(tx, c, v.id, n->parents, n->n_parents, e))
        return false;
    *k->out = v;
    return version_fill(tx, c, k->out, e);
}

bool version_create(ctx *c, str repo_name, const version_new *n, version *out, err *e) {
    publish_call k = {.c = c, .name = repo_name, .n = n, .id = id_new(), .out = out};
    return protect_write(c, repo_name, publish, &k, &k.facts, e);
}
