// SPDX-License-Identifier: Apache-2.0
// suggest: see suggest.h. Which version is compared with, and what follows from what differs
// (suggest_facts.c). No state.
#include "core/suggest_internal.h"

#include "core/ref.h"
#include "core/repo_internal.h"
#include "core/repo_sql.h"
#include "core/semver.h"

#include <stdarg.h>

enum { PAGE = 500 }; // tags of a transaction

static const suggest_step steps[] = {
#define STEP(name, text, step, doc) [SUGGEST_##name] = SUGGEST_##step,
    SUGGEST_FACTS(STEP)
#undef STEP
};

suggest_step suggest_step_of(suggest_fact fact) {
    return steps[fact];
}

void suggest_add(suggest_reasons *r, suggest_fact fact, const char *fmt, ...) {
    va_list args;
    if (steps[fact] > r->step) r->step = steps[fact];
    if (r->of[fact].n == SUGGEST_REASONS_MAX) return;
    va_start(args, fmt);
    str text = arena_vprintf(r->a, fmt, args);
    va_end(args);
    vec_push(r->a, &r->of[fact], text);
}

// ---- the repo's semantic tags ---------------------------------------------------------------

typedef struct tagged { // name.p NULL: none
    semver version;
    str name;
    int64_t number;
} tagged;

typedef struct tags_call {
    ctx *c;
    const version *v;
    arena *page;
    str after; // of the page to come; p NULL: there is none
    tagged highest, own;
} tags_call;

static void keep_higher(arena *a, tagged *to, tagged t) {
    if (to->name.p && semver_cmp(&t.version, &to->version) <= 0) return;
    *to = t;
    to->name = arena_str(a, t.name);
    semver_parse(to->name, &to->version); // its parts lie in the text
}

static void take_tag(tags_call *k, db_rows *row) {
    tagged t = {.name = db_text(row, 0), .number = db_i64(row, 1)};
    if (!semver_parse(t.name, &t.version) || t.version.pre.n) return;
    bool same = k->v->has_content && !db_is_null(row, 2) &&
                !memcmp(db_blob(row, 2).p, k->v->content.digest.b, sizeof(sha256));
    keep_higher(k->c->a, &k->highest, t);
    if (same || t.number == k->v->number) keep_higher(k->c->a, &k->own, t);
}

static bool read_tags(db_tx *tx, void *arg, err *e) {
    tags_call *k = arg;
    size_t n = 0;
    str last = {0};
    db_rows *rows = db_select(tx, &Q_ref_contents, e, DB_I64(k->c->ws), DB_ID(k->v->repo),
                              DB_I64(REF_TAG), DB_TEXT(k->after), DB_I64(PAGE));
    if (!rows) return false;
    for (; db_next(rows, e); n++) {
        take_tag(k, rows);
        last = arena_str(k->page, db_text(rows, 0));
    }
    db_end(rows);
    if (e->code == ERR_NONE) k->after = n == PAGE ? last : (str){0};
    return e->code == ERR_NONE;
}

static bool find_tags(tags_call *k, err *e) {
    bool ok = true;
    k->after = STR("");
    k->page = arena_new();
    while (ok && k->after.p)
        ok = db_read(core_db(k->c->core), read_tags, k, e);
    arena_free(k->page);
    return ok;
}

// ---- the answer -----------------------------------------------------------------------------

static void same_as(suggestion *out, int64_t number, str tag) {
    *out = (suggestion){.step = SUGGEST_SAME, .against = number, .against_tag = tag};
}

static bool same_content(const version *a, const version *b) {
    return a->has_content && b->has_content && sha256_eq(a->content.digest, b->content.digest);
}

// *there is false for the repo's first.
static bool find_other(tags_call *k, version *out, bool *there, err *e) {
    version *before;
    size_t n;
    *there = true;
    if (k->highest.name.p) return version_get(k->c, k->v->repo_name, k->highest.number, out, e);
    if (!version_page(k->c, k->v->repo_name, k->v->number, 1, false, &before, &n, e))
        return false;
    *there = n > 0;
    if (n) *out = before[0];
    return true;
}

static void flatten(const suggest_reasons *r, suggestion *out) {
    size_t n = 0;
    for (size_t f = 0; f < SUGGEST_FACTS_N; f++)
        n += r->of[f].n;
    out->reasons = ARENA_ARRAY(r->a, suggest_reason, n);
    for (size_t f = 0; f < SUGGEST_FACTS_N; f++)
        for (size_t i = 0; i < r->of[f].n; i++)
            out->reasons[out->n_reasons++] = (suggest_reason){(suggest_fact)f, r->of[f].p[i]};
}

static void name_next(tags_call *k, suggestion *out) {
    static const semver_part parts[] = {[SUGGEST_PATCH] = SEMVER_PATCH,
                                        [SUGGEST_MINOR] = SEMVER_MINOR,
                                        [SUGGEST_MAJOR] = SEMVER_MAJOR};
    if (!k->highest.name.p) semver_parse(STR(SUGGEST_FIRST_NAME), &k->highest.version);
    out->name = semver_next(k->c->a, &k->highest.version, parts[out->step]);
}

bool suggest_version(ctx *c, const version *v, suggestion *out, err *e) {
    tags_call k = {.c = c, .v = v};
    suggest_reasons reasons = {.a = c->a};
    version other;
    bool there;
    *out = (suggestion){0};
    if (!find_tags(&k, e)) return false;
    if (k.own.name.p) {
        same_as(out, k.own.number, k.own.name);
        return true;
    }
    if (!find_other(&k, &other, &there, e)) return false;
    if (!there) {
        *out = (suggestion){.step = SUGGEST_FIRST, .name = STR(SUGGEST_FIRST_NAME)};
        return true;
    }
    if (same_content(&other, v)) {
        same_as(out, other.number, (str){0});
        return true;
    }
    if (!suggest_compare(c, &other, v, &reasons, e)) return false;
    *out = (suggestion){
        .step = reasons.step, .against = other.number, .against_tag = k.highest.name};
    flatten(&reasons, out);
    name_next(&k, out);
    return true;
}
