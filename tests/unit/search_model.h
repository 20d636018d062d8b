// SPDX-License-Identifier: Apache-2.0
// For the tests of search: what runs hold, kept in plain memory beside the database, and the
// search evaluated over it in the most obvious way. It shares no code with core's but LIKE and
// regular expressions, which have tests of their own.
#ifndef STEMMA_TESTS_SEARCH_MODEL_H
#define STEMMA_TESTS_SEARCH_MODEL_H

#include "core_help.h"

#include "base/num.h"

#include <math.h>

enum { MODEL_KEYS = 5, MODEL_RUNS = 4000, MODEL_SETS = 4 };

typedef struct model_metric {
    bool there;
    double first, last, min, max; // min, max: NaN when nothing else was logged
} model_metric;

typedef struct model_run {
    run r;
    str params[MODEL_KEYS], tags[MODEL_KEYS]; // p NULL: missing
    model_metric metrics[MODEL_KEYS];
    int64_t step;
    struct {
        str name, digest, context; // context p NULL: none
    } sets[MODEL_SETS];
    size_t n_sets;
} model_run;

typedef struct model_world {
    model_run runs[MODEL_RUNS];
    size_t n;
} model_world;

static inline str model_key(int i) {
    static const str keys[] = {STR_K("k0"), STR_K("k1"), STR_K("k2"), STR_K("k3"), STR_K("k4")};
    return keys[i];
}

static inline int model_index(str key) {
    return str_starts(key, STR("k")) ? key.p[1] - '0' : MODEL_KEYS - 1;
}

// ---- values --------------------------------------------------------------------------------
typedef struct model_value {
    enum { MODEL_NONE, MODEL_NUMBER, MODEL_TEXT } type;
    double d;
    str s;
} model_value;

static inline model_value model_text(str s) {
    return (model_value){s.p ? MODEL_TEXT : MODEL_NONE, 0, s};
}
static inline model_value model_number(bool has, double d) {
    return (model_value){has ? MODEL_NUMBER : MODEL_NONE, d, {0}};
}

static inline model_value model_attribute(const model_run *m, int which, arena *a) {
    static const char *const states[] = {"",       "RUNNING", "SCHEDULED", "FINISHED",
                                         "FAILED", "KILLED",  "CRASHED"};
    switch (which) {
    case SEARCH_ID: return model_text(id_str(a, m->r.id));
    case SEARCH_NAME: return model_text(m->r.name);
    case SEARCH_STATUS: return model_text(str_of(states[m->r.status]));
    case SEARCH_ARTIFACT_URI: return model_text(m->r.artifact_uri);
    case SEARCH_USER: return model_text(m->r.user);
    case SEARCH_REASON: return model_text(m->r.reason);
    case SEARCH_NUMBER: return model_number(true, (double)m->r.project);
    case SEARCH_START: return model_number(m->r.has_start, (double)m->r.start_ms);
    default: return model_number(m->r.has_end, (double)m->r.end_ms);
    }
}

static inline model_value model_read(const search_field *f, str s) {
    double d = 0;
    if (f->which == SEARCH_AS_TEXT) return model_text(s);
    bool has = s.p && num_parse_f64(s, &d);
    return model_number(has, d);
}

static inline model_value model_of(const model_run *m, const search_field *f, arena *a) {
    int k = model_index(f->key);
    const model_metric *x = &m->metrics[k];
    switch (f->domain) {
    case SEARCH_ATTRIBUTE: return model_attribute(m, f->which, a);
    case SEARCH_PARAM: return model_read(f, m->params[k]);
    case SEARCH_TAG: return model_read(f, m->tags[k]);
    default:
        return model_number(x->there, f->which == SEARCH_LAST    ? x->last
                                      : f->which == SEARCH_FIRST ? x->first
                                      : f->which == SEARCH_MIN   ? x->min
                                                                 : x->max);
    }
}

// ---- comparisons: 1, 0, or -1 for unknown --------------------------------------------------
static inline int model_ordered(search_op op, int cmp) {
    switch (op) {
    case SEARCH_EQ: return cmp == 0;
    case SEARCH_NE: return cmp != 0;
    case SEARCH_LT: return cmp < 0;
    case SEARCH_LE: return cmp <= 0;
    case SEARCH_GT: return cmp > 0;
    default: return cmp >= 0;
    }
}

static inline int model_compare(const search_node *n, model_value v, arena *a) {
    err e = {0};
    if (n->op == SEARCH_IS_NULL) return v.type == MODEL_NONE;
    if (n->op == SEARCH_NOT_NULL) return v.type != MODEL_NONE;
    if (v.type == MODEL_NONE || (v.type == MODEL_NUMBER && isnan(v.d))) return -1;
    if (n->op == SEARCH_LIKE || n->op == SEARCH_ILIKE)
        return search_like(v.s, n->text, n->op == SEARCH_ILIKE);
    if (n->op == SEARCH_MATCH)
        return search_regex_match(search_regex_new(a, n->text, &e), v.s, &e);
    if (n->op == SEARCH_IN || n->op == SEARCH_NOT_IN) {
        bool in = false;
        for (size_t i = 0; i < n->n_list; i++) {
            in |= v.type == MODEL_TEXT ? str_eq(v.s, n->list[i])
                                       : v.d == atof(arena_cstr(a, n->list[i]));
        }
        return in == (n->op == SEARCH_IN);
    }
    if (v.type == MODEL_TEXT) return model_ordered(n->op, str_cmp(v.s, n->text));
    return isnan(n->number) ? 0 : model_ordered(n->op, (v.d > n->number) - (v.d < n->number));
}

static inline int model_datasets(const model_run *m, const search_node *n, arena *a) {
    int any = -1;
    for (size_t i = 0; i < m->n_sets; i++) {
        str s = n->field.which == SEARCH_DS_NAME     ? m->sets[i].name
                : n->field.which == SEARCH_DS_DIGEST ? m->sets[i].digest
                                                     : m->sets[i].context;
        if (!s.p) continue;
        int t = model_compare(n, model_text(s), a);
        any = t > any ? t : any;
    }
    if (n->op == SEARCH_IS_NULL) return any == -1;
    if (n->op == SEARCH_NOT_NULL) return any != -1;
    return any;
}

static inline int model_eval(const model_run *m, const search_node *n, arena *a) {
    if (n->op == SEARCH_NOT) {
        int t = model_eval(m, n->left, a);
        return t < 0 ? t : !t;
    }
    if (n->op != SEARCH_AND && n->op != SEARCH_OR)
        return n->field.domain == SEARCH_DATASET
                   ? model_datasets(m, n, a)
                   : model_compare(n, model_of(m, &n->field, a), a);
    int l = model_eval(m, n->left, a), r = model_eval(m, n->right, a),
        decides = n->op == SEARCH_OR;
    if (l == decides || r == decides) return decides;
    return l < 0 || r < 0 ? -1 : !decides;
}

// ---- order ---------------------------------------------------------------------------------
static inline int model_rank(model_value v) {
    return v.type == MODEL_NONE ? 2 : v.type == MODEL_NUMBER && isnan(v.d);
}

static inline int model_cmp_values(model_value a, model_value b, bool descending) {
    if (model_rank(a) != model_rank(b)) return model_rank(a) - model_rank(b);
    if (model_rank(a)) return 0;
    // Texts sort by their first 512 bytes.
    int cmp = a.type == MODEL_TEXT ? str_cmp(str_upto(a.s, 512), str_upto(b.s, 512))
                                   : (a.d > b.d) - (a.d < b.d);
    return descending ? -cmp : cmp;
}

static inline int model_cmp(const model_run *x, const model_run *y, const search_query *q,
                            arena *a) {
    static const search_field start = {.domain = SEARCH_ATTRIBUTE, .which = SEARCH_START};
    for (size_t i = 0; i < q->n_sort; i++) {
        const search_field *f = &q->sort[i].field;
        int cmp = model_cmp_values(model_of(x, f, a), model_of(y, f, a), q->sort[i].descending);
        if (cmp) return cmp;
    }
    int cmp = model_cmp_values(model_of(x, &start, a), model_of(y, &start, a), true);
    return cmp ? cmp : id_cmp(x->r.id, y->r.id);
}

static inline bool model_shows(const model_run *m, const search_query *q, arena *a) {
    bool here = false;
    for (size_t i = 0; i < q->n_projects; i++) {
        here |= q->projects[i] == m->r.project;
    }
    bool in_view =
        q->view == VIEW_ALL || (m->r.life == LIFE_ACTIVE) == (q->view == VIEW_ACTIVE);
    return here && in_view && (!q->where || model_eval(m, q->where, a) == 1);
}

// All of the query's runs, in order.
static inline const model_run **model_search(const model_world *w, const search_query *q,
                                             arena *a, size_t *n) {
    const model_run **out = ARENA_ARRAY(a, const model_run *, w->n);
    *n = 0;
    for (size_t i = 0; i < w->n; i++) {
        if (!model_shows(&w->runs[i], q, a)) continue;
        size_t at = (*n)++;
        for (; at && model_cmp(out[at - 1], &w->runs[i], q, a) > 0; at--) {
            out[at] = out[at - 1];
        }
        out[at] = &w->runs[i];
    }
    return out;
}

#endif
