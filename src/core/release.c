// SPDX-License-Identifier: Apache-2.0
// release: see release.h. No state.
#include "core/release_internal.h"

#include "base/json.h"
#include "base/vec.h"
#include "core/repo_internal.h"
#include "core/repo_sql.h"

#include <stdlib.h>

// ---- publish --------------------------------------------------------------------------------

static int by_repo(const void *a, const void *b) {
    return str_cmp(((const version *)a)->repo_name, ((const version *)b)->repo_name);
}

static bool check_pins(const version *v, size_t n, err *e) {
    if (!n) return err_set(e, ERR_INVALID, "a release pins one version at least");
    for (size_t i = 0; i < n; i++) {
        if (v[i].repo_kind == REPO_RELEASE)
            return err_set(e, ERR_INVALID, "'%.*s' is a release: pin what it pins",
                           STR_F(v[i].repo_name));
        if (i && str_eq(v[i].repo_name, v[i - 1].repo_name))
            return err_set(e, ERR_INVALID, "'%.*s' is pinned twice", STR_F(v[i].repo_name));
    }
    return true;
}

// {"pins":[{"repo":"bot","content":"<SHA-256>"}, {"repo":"x","source":"s3://..."}]}
static bool file_of(arena *a, const version *v, size_t n, str *out, err *e) {
    buf b = BUF_MAX(1u << 20);
    json_writer w = json_writer_new(&b);
    json_object(&w);
    json_m_array(&w, "pins");
    for (size_t i = 0; i < n; i++) {
        json_object(&w);
        json_m_string(&w, "repo", v[i].repo_name);
        if (v[i].has_content)
            json_m_string(&w, "content", sha256_str(a, v[i].content.digest));
        else
            json_m_string(&w, "source", v[i].source);
        json_object_end(&w);
    }
    json_array_end(&w);
    json_object_end(&w);
    *out = arena_str(a, buf_view(&b));
    bool full = b.full;
    buf_free(&b);
    return !full ||
           err_set(e, ERR_TOO_LARGE, "the sources of what the release pins are too long");
}

bool release_create(ctx *c, str repo_name, const version *pins, size_t n, str description,
                    version *out, err *e) {
    version *v = ARENA_ARRAY(c->a, version, n);
    version_parent *parents = ARENA_ARRAY(c->a, version_parent, n);
    content sealed;
    if (n) memcpy(v, pins, n * sizeof *v);
    if (n) qsort(v, n, sizeof *v, by_repo);
    content_text file = {.path = STR(RELEASE_FILE)};
    if (!check_pins(v, n, e) || !file_of(c->a, v, n, &file.text, e)) return false;
    if (!content_seal_texts(c, REPO_RELEASE, &file, 1, &sealed, e)) return false;
    for (size_t i = 0; i < n; i++)
        parents[i] = (version_parent){.relation = RELATION_PINS, .version = v[i].id};
    version_new new = {
        .content = &sealed, .description = description, .parents = parents, .n_parents = n};
    return version_create(c, repo_name, &new, out, e);
}

static bool check_relations(const repo *r, const version_parent *p, size_t n, err *e) {
    size_t pins = 0;
    for (size_t i = 0; i < n; i++)
        pins += p[i].relation == RELATION_PINS;
    if (r->kind == REPO_RELEASE)
        return (n && pins == n) ||
               err_set(e, ERR_STATE,
                       "'%.*s' is for releases: publish one with 'stemma release'",
                       STR_F(r->name));
    return !pins || err_set(e, ERR_INVALID, "only a release pins versions; '%.*s' has others",
                            STR_F(r->name));
}

// They were looked up before this transaction: from now on the release holds them.
bool release_check_parents(db_tx *tx, const ctx *c, const repo *r, const version_parent *p,
                           size_t n, err *e) {
    if (!check_relations(r, p, n, e)) return false;
    for (size_t i = 0; r->kind == REPO_RELEASE && i < n; i++) {
        db_rows *row;
        int found = db_get(tx, &Q_version_by_id, &row, e, DB_I64(c->ws), DB_ID(p[i].version));
        if (!found)
            err_set(e, ERR_NOT_FOUND,
                    "a version that the release should pin was deleted meanwhile: look at "
                    "them, and release another");
        if (found <= 0) return false;
    }
    return true;
}

// ---- what a release holds -------------------------------------------------------------------

static bool refuse_pinned(db_rows *row, int found, str name, err *e) {
    return !found || (found > 0 &&
                      err_set(e, ERR_STATE,
                              "%.*s is pinned by the release %.*s@v%lld: delete "
                              "that first",
                              STR_F(name), STR_F(db_text(row, 0)), (long long)db_i64(row, 1)));
}

bool release_pins_none(db_tx *tx, const ctx *c, const version *v, err *e) {
    db_rows *row;
    int found = db_get(tx, &Q_release_of_version, &row, e, DB_I64(c->ws), DB_ID(v->id),
                       DB_I64(RELATION_PINS));
    return refuse_pinned(row, found, version_text(c, v), e);
}

bool release_pins_none_of(db_tx *tx, const ctx *c, const repo *r, err *e) {
    db_rows *row;
    int found = db_get(tx, &Q_release_of_repo, &row, e, DB_I64(c->ws), DB_ID(r->id),
                       DB_I64(RELATION_PINS));
    return refuse_pinned(row, found, arena_printf(c->a, "a version of '%.*s'", STR_F(r->name)),
                         e);
}

// ---- following ------------------------------------------------------------------------------

typedef struct pin {
    str repo_name;
    int64_t number;
    const char *is; // "bad"; NULL: good
} pin;

static const char *pin_is(int64_t marks, bool deleted) {
    if (deleted) return "deleted";
    if (marks & MARK_BAD) return "bad";
    return marks & MARK_YANKED ? "yanked" : NULL;
}

static bool read_pins(db_tx *tx, const ctx *c, id version_id, pin **out, size_t *n, err *e) {
    VEC(pin) v = {0};
    db_rows *rows = db_select(tx, &Q_release_pins, e, DB_I64(c->ws), DB_ID(version_id),
                              DB_I64(RELATION_PINS));
    if (!rows) return false;
    while (db_next(rows, e))
        vec_push(c->a, &v,
                 (pin){.repo_name = arena_str(c->a, db_text(rows, 0)),
                       .number = db_i64(rows, 1),
                       .is = pin_is(db_i64(rows, 2), db_i64(rows, 3) != 0)});
    db_end(rows);
    *out = v.p;
    *n = v.n;
    return e->code == ERR_NONE;
}

bool release_bad_pin(db_tx *tx, const ctx *c, id version_id, str *which, err *e) {
    pin *p;
    size_t n;
    *which = (str){0};
    if (!read_pins(tx, c, version_id, &p, &n, e)) return false;
    for (size_t i = 0; i < n && !which->n; i++)
        if (p[i].is)
            *which = arena_printf(c->a, "%.*s@v%lld, which is %s", STR_F(p[i].repo_name),
                                  (long long)p[i].number, p[i].is);
    return true;
}

bool release_follow(db_tx *tx, const ctx *c, const ref_change *m, id version_id,
                    const ref_how *how, ref_move *out, err *e) {
    pin *p;
    size_t n;
    if (m->kind != REF_ALIAS) return true;
    if (!read_pins(tx, c, version_id, &p, &n, e)) return false;
    out->pins = ARENA_ARRAY(c->a, ref_move, n);
    for (size_t i = 0; i < n; i++) {
        ref_change follow = {.repo = p[i].repo_name,
                             .kind = REF_ALIAS,
                             .name = m->name,
                             .number = p[i].number,
                             .expected = REF_ANY,
                             .any_name = m->any_name};
        follow.reason = str_upto_code_points(
            arena_printf(c->a, "release %.*s@v%lld%s%.*s", STR_F(m->repo), (long long)out->to,
                         m->reason.n ? ": " : "", STR_F(m->reason)),
            REF_REASON_MAX);
        ref_move *moved = &out->pins[out->n_pins];
        if (!ref_put_tx(tx, c, &follow, how, moved, e)) return false;
        moved->repo = p[i].repo_name;
        out->n_pins += moved->made;
    }
    return true;
}
