// SPDX-License-Identifier: Apache-2.0
// Fields of the search language: which there are, and how one is read. A field is one word, or
// a word that ends with a dot, the quoted key that touches it, and perhaps ".min" that touches
// that.
#include "api/native/search_lang_internal.h"

#define KEY_MAX 1000 // bytes

static const struct {
    const char *name;
    search_attribute which;
    lang_class class;
} attributes[] = {
    {"id", SEARCH_ID, LANG_ID},
    {"name", SEARCH_NAME, LANG_TEXTS},
    {"status", SEARCH_STATUS, LANG_STATUS},
    {"user", SEARCH_USER, LANG_TEXTS},
    {"reason", SEARCH_REASON, LANG_TEXTS},
    {"start", SEARCH_START, LANG_TIME},
    {"end", SEARCH_END, LANG_TIME},
    {"created", SEARCH_CREATED, LANG_TIME},
    {"project", SEARCH_NUMBER, LANG_PROJECT},
    {"duration", SEARCH_DURATION, LANG_DURATION},
};

static const struct {
    const char *name;
    search_domain domain;
    lang_class class;
} domains[] = {
    {"metrics", SEARCH_METRIC, LANG_NUMBERS}, {"metric", SEARCH_METRIC, LANG_NUMBERS},
    {"config", SEARCH_PARAM, LANG_EITHER},    {"params", SEARCH_PARAM, LANG_EITHER},
    {"param", SEARCH_PARAM, LANG_EITHER},     {"tags", SEARCH_TAG, LANG_EITHER},
    {"tag", SEARCH_TAG, LANG_EITHER},         {"dataset", SEARCH_DATASET, LANG_TEXTS},
    {"datasets", SEARCH_DATASET, LANG_TEXTS}, {"evals", SEARCH_EVALUATION, LANG_NUMBERS},
};

const char *search_lang_attribute(size_t i) {
    return i < sizeof attributes / sizeof *attributes ? attributes[i].name : NULL;
}

static bool unknown(const lang *p, const lang_token *t, err *e) {
    return err_set_at(e, ERR_INVALID, t->at,
                      "there is no field %.*s: there are metrics.KEY, config.KEY, tags.KEY, "
                      "(of versions, in rules) evals.SUITE.NAME, dataset.name, id, name, "
                      "status, user, reason, start, end, created, "
                      "duration, project",
                      STR_F(lang_shown(p, t)));
}

static bool find_attribute(const lang *p, lang_field *f, const lang_token *t, err *e) {
    for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++) {
        if (!str_is(t->text, attributes[i].name)) continue;
        f->field.domain = SEARCH_ATTRIBUTE;
        f->field.which = (int)attributes[i].which;
        f->class = attributes[i].class;
        return true;
    }
    return unknown(p, t, e);
}

static bool find_domain(const lang *p, lang_field *f, const lang_token *t, str head, err *e) {
    for (size_t i = 0; i < sizeof domains / sizeof *domains; i++) {
        if (!str_is(head, domains[i].name)) continue;
        f->field.domain = domains[i].domain;
        f->class = domains[i].class;
        return true;
    }
    return unknown(p, t, e);
}

// ".min" -> SEARCH_MIN
static bool which_of(str suffix, int *which) {
    static const char *const names[] = {[SEARCH_LAST] = ".last",
                                        [SEARCH_FIRST] = ".first",
                                        [SEARCH_MIN] = ".min",
                                        [SEARCH_MAX] = ".max"};
    for (int i = SEARCH_LAST; i <= SEARCH_MAX; i++) {
        if (!str_is(suffix, names[i])) continue;
        *which = i;
        return true;
    }
    return false;
}

// The key of a bare word; of metrics, without what names the value.
static void bare_key(lang_field *f, str key) {
    f->field.key = key;
    if (f->field.domain != SEARCH_METRIC) return;
    size_t dot = key.n;
    while (dot && key.p[dot - 1] != '.') {
        dot--;
    }
    if (dot > 1 && which_of(str_from(key, dot - 1), &f->field.which))
        f->field.key = str_upto(key, dot - 1);
}

// The token behind "metrics." must touch it.
static bool quoted_key(lang *p, lang_field *f, err *e) {
    lang_token t = p->token;
    if (t.at != f->end || (t.kind != LANG_TEXT && t.kind != LANG_TICKS))
        return err_set_at(e, ERR_INVALID, f->end, "a key is expected behind the dot");
    f->field.key = t.text;
    f->end = t.end;
    if (!lang_next(p, e)) return false;
    t = p->token;
    if (t.at != f->end || t.kind != LANG_WORD) return true;
    if (f->field.domain != SEARCH_METRIC || !which_of(t.text, &f->field.which))
        return lang_fail(p, &t, "an operator (or, of a metric, .last .first .min .max)", e);
    f->end = t.end;
    return lang_next(p, e);
}

static bool dataset_field(lang_field *f, err *e) {
    static const char *const names[] = {[SEARCH_DS_NAME] = "name",
                                        [SEARCH_DS_DIGEST] = "digest",
                                        [SEARCH_DS_CONTEXT] = "context"};
    for (int i = SEARCH_DS_NAME; i <= SEARCH_DS_CONTEXT; i++) {
        f->field.which = i;
        if (str_is(f->field.key, names[i])) break;
        if (i == SEARCH_DS_CONTEXT)
            return err_set_at(e, ERR_INVALID, f->at,
                              "of data sets there are dataset.name, dataset.digest and "
                              "dataset.context");
    }
    f->field.key = (str){0};
    return true;
}

// Behind the suite's name, which has no dot, stands that of the score.
static bool is_score(const lang_field *f, err *e) {
    size_t dot = str_find(f->field.key, '.', 0);
    return (dot && dot != SIZE_MAX && dot + 1 < f->field.key.n) ||
           err_set_at(e, ERR_INVALID, f->at, "evaluations are named evals.SUITE.NAME");
}

static bool check_key(const lang_field *f, err *e) {
    if (!f->field.key.n)
        return err_set_at(e, ERR_INVALID, f->at, "a key is expected behind the dot");
    return f->field.key.n <= KEY_MAX ||
           err_set_at(e, ERR_INVALID, f->at, "a key has %d bytes at most", KEY_MAX);
}

bool lang_read_field(lang *p, lang_field *f, err *e) {
    lang_token t = p->token;
    *f = (lang_field){.at = t.at, .end = t.end};
    if (t.kind != LANG_WORD) return lang_fail(p, &t, "a field", e);
    size_t dot = str_find(t.text, '.', 0);
    if (!lang_next(p, e)) return false;
    if (dot == SIZE_MAX) return find_attribute(p, f, &t, e);
    if (!find_domain(p, f, &t, str_upto(t.text, dot), e)) return false;
    str rest = str_from(t.text, dot + 1);
    bool is_suite = f->field.domain == SEARCH_EVALUATION && str_ends(rest, STR("."));
    if (rest.n && !is_suite)
        bare_key(f, rest);
    else if (!quoted_key(p, f, e))
        return false;
    if (is_suite)
        f->field.key = arena_printf(p->l->a, "%.*s%.*s", STR_F(rest), STR_F(f->field.key));
    return check_key(f, e) && (f->field.domain != SEARCH_DATASET || dataset_field(f, e)) &&
           (f->field.domain != SEARCH_EVALUATION || is_score(f, e));
}
