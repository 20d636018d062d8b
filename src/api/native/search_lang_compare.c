// SPDX-License-Identifier: Apache-2.0
// One comparison of the search language: what may be compared with what, and the leaves of
// core's tree that say so.
#include "api/native/search_lang_internal.h"
#include "base/num.h"
#include "base/vec.h"

#include <math.h>

search_node *lang_node(const lang *p, search_op op, search_node *left, search_node *right) {
    search_node *n = ARENA_NEW(p->l->a, search_node);
    *n = (search_node){.op = op, .left = left, .right = right};
    return n;
}

static search_node *leaf(const lang *p, const lang_field *f, search_op op) {
    search_node *n = lang_node(p, op, NULL, NULL);
    n->field = f->field;
    return n;
}

static search_node *number_leaf(const lang *p, const lang_field *f, search_op op, double v) {
    search_node *n = leaf(p, f, op);
    n->number = v;
    return n;
}

// ---- single values -------------------------------------------------------------------------
// What a field of this class wants, for messages.
static const char *wanted(lang_class c) {
    switch (c) {
    case LANG_NUMBERS: return "a number";
    case LANG_TEXTS: return "a text in quotes";
    case LANG_EITHER: return "a number, or a text in quotes,";
    case LANG_ID: return "the id of a run";
    case LANG_STATUS: return "running, scheduled, finished, failed, killed or crashed";
    case LANG_TIME: return "a time such as \"2026-11-01\", \"1 week ago\" or yesterday";
    case LANG_DURATION: return "seconds, or a duration such as 5m or \"1h30m\",";
    default: return "the number or the name of a project";
    }
}

static bool upper_status(str word, str *out) {
    static const char *const names[] = {"RUNNING", "SCHEDULED", "FINISHED",
                                        "FAILED",  "KILLED",    "CRASHED"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        *out = str_of(names[i]);
        if (str_eq_nocase(word, *out)) return true;
    }
    return false;
}

static str lower(const lang *p, str s) {
    char *out = arena_bytes(p->l->a, s.n);
    for (size_t i = 0; i < s.n; i++) {
        out[i] = s.p[i] >= 'A' && s.p[i] <= 'Z' ? (char)(s.p[i] | 0x20) : s.p[i];
    }
    return str_n(out, s.n);
}

static bool read_project(const lang *p, const lang_token *t, double *out, err *e) {
    int64_t number;
    const search_lang *l = p->l;
    if (t->kind == LANG_WORD && str_to_i64(t->text, &number)) {
        *out = (double)number;
        return true;
    }
    if (!l->project) return lang_fail(p, t, "the number of a project", e);
    if (!l->project(l->arg, t->text, &number, e)) {
        e->place = (uint32_t)t->at + 1;
        return false;
    }
    *out = (double)number;
    return true;
}

// One value as what the field compares with: number or text (p NULL: it is a number). The token
// behind it is the present one then. Times and durations have readers of their own.
static bool read_value(lang *p, const lang_field *f, double *number, str *text, err *e) {
    lang_token t = p->token;
    bool word = t.kind == LANG_WORD, quoted = t.kind == LANG_TEXT, ok = word || quoted;
    bool is_number = word && num_parse_f64(t.text, number);
    *text = (str){0};
    switch (ok ? f->class : LANG_TEXTS) {
    case LANG_NUMBERS: ok = is_number; break;
    case LANG_EITHER:
        ok = is_number || quoted;
        if (!is_number) *text = t.text;
        break;
    case LANG_ID: *text = lower(p, t.text); break;
    case LANG_STATUS: ok = upper_status(t.text, text); break;
    case LANG_PROJECT:
        if (!read_project(p, &t, number, e)) return false;
        break;
    default: ok = quoted; *text = t.text;
    }
    if (!ok) return lang_fail(p, &t, wanted(f->class), e);
    if (quoted && f->class != LANG_PROJECT && !text->p) *text = STR("");
    return lang_next(p, e);
}

// ---- values of several words: 1 week ago ---------------------------------------------------
typedef struct measure {
    when_span span;
    double seconds;
} measure;

static bool measure_of(const lang *p, lang_class c, str text, measure *out) {
    double number;
    bool is_number = num_parse_f64(text, &number) && fabs(number) < 9e15;
    if (c == LANG_DURATION) {
        if (is_number) out->seconds = number;
        return is_number || when_duration(text, &out->seconds);
    }
    if (when_read(text, p->l->now_us, &out->span)) return true;
    if (is_number) out->span = (when_span){(int64_t)number, (int64_t)number + 1};
    return is_number;
}

// A quoted text, or as many bare words as make sense together.
static bool read_measure(lang *p, const lang_field *f, measure *out, err *e) {
    lang_token first = p->token;
    measure m;
    if (first.kind == LANG_TEXT) {
        if (!measure_of(p, f->class, first.text, out))
            return lang_fail(p, &first, wanted(f->class), e);
        return lang_next(p, e);
    }
    lang best = *p;
    bool found = false;
    for (int i = 0; i < 4 && p->token.kind == LANG_WORD; i++) {
        str text = str_n(p->text.p + first.at, p->token.end - first.at);
        bool fits = measure_of(p, f->class, text, &m);
        if (!lang_next(p, e)) return false;
        if (!fits) continue;
        *out = m;
        best = *p;
        found = true;
    }
    *p = best;
    return found || lang_fail(p, &first, wanted(f->class), e);
}

static search_node *time_leaf(const lang *p, const lang_field *f, search_op op, when_span s) {
    double from = (double)s.from_ms, to = (double)s.to_ms;
    switch (op) {
    case SEARCH_LT: return number_leaf(p, f, SEARCH_LT, from);
    case SEARCH_LE: return number_leaf(p, f, SEARCH_LT, to);
    case SEARCH_GT: return number_leaf(p, f, SEARCH_GE, to);
    case SEARCH_GE: return number_leaf(p, f, SEARCH_GE, from);
    case SEARCH_EQ:
        return lang_node(p, SEARCH_AND, number_leaf(p, f, SEARCH_GE, from),
                         number_leaf(p, f, SEARCH_LT, to));
    default:
        return lang_node(p, SEARCH_OR, number_leaf(p, f, SEARCH_LT, from),
                         number_leaf(p, f, SEARCH_GE, to));
    }
}

// ---- comparisons ---------------------------------------------------------------------------
static bool is_measured(lang_class c) {
    return c == LANG_TIME || c == LANG_DURATION;
}

static bool takes_patterns(lang_class c) {
    return c == LANG_TEXTS || c == LANG_EITHER || c == LANG_ID;
}

static bool refuse_op(const lang *p, const lang_token *op, const char *why, err *e) {
    return err_set_at(e, ERR_INVALID, op->at, "%.*s does not go with this field: %s",
                      STR_F(lang_shown(p, op)), why);
}

static search_node *compare_order(lang *p, lang_field *f, const lang_token *op, err *e) {
    bool order = op->op != SEARCH_EQ && op->op != SEARCH_NE;
    if (order && (f->class == LANG_STATUS || f->class == LANG_PROJECT)) {
        refuse_op(p, op, "it takes =, != and in", e);
        return NULL;
    }
    measure m = {0};
    double number = 0;
    str text;
    if (is_measured(f->class)) {
        if (!read_measure(p, f, &m, e)) return NULL;
        return f->class == LANG_TIME ? time_leaf(p, f, op->op, m.span)
                                     : number_leaf(p, f, op->op, m.seconds);
    }
    if (!read_value(p, f, &number, &text, e)) return NULL;
    if (f->class == LANG_EITHER && !text.p) f->field.which = SEARCH_AS_NUMBER;
    search_node *n = number_leaf(p, f, op->op, number);
    n->text = text;
    return n;
}

// The pattern is compiled here too, so that what is wrong with it has its place.
static search_node *compare_pattern(lang *p, const lang_field *f, const lang_token *t,
                                    search_op op, bool negated, err *e) {
    lang_token value = p->token;
    err why = {0};
    if (!takes_patterns(f->class)) {
        refuse_op(p, t, "it is no text", e);
        return NULL;
    }
    if (value.kind != LANG_TEXT) {
        lang_fail(p, &value, "a pattern in quotes", e);
        return NULL;
    }
    if (op == SEARCH_MATCH && !search_regex_new(p->l->a, value.text, &why)) {
        err_set_at(e, ERR_INVALID, value.at, "%s", why.msg);
        return NULL;
    }
    if (!lang_next(p, e)) return NULL;
    search_node *n = leaf(p, f, op);
    n->text = value.text;
    return negated ? lang_node(p, SEARCH_NOT, n, NULL) : n;
}

static str number_text(const lang *p, double v) {
    char room[NUM_MAX];
    return arena_str(p->l->a, str_n(room, num_f64(room, v)));
}

// "(" value { "," value } ")"; all numbers or all texts.
static bool read_list(lang *p, lang_field *f, search_node *n, err *e) {
    VEC(str) list = {0};
    bool numbers = false;
    do {
        double number = 0;
        str text;
        lang_token t;
        if (!lang_next(p, e)) return false; // past ( or ,
        t = p->token;
        if (list.n == SEARCH_LANG_LIST)
            return err_set_at(e, ERR_INVALID, t.at, "a list has %d values at most",
                              SEARCH_LANG_LIST);
        if (!read_value(p, f, &number, &text, e)) return false;
        if (!list.n) numbers = !text.p;
        if (numbers != !text.p)
            return lang_fail(p, &t, numbers ? "a number as before" : "a text as before", e);
        vec_push(p->l->a, &list, numbers ? number_text(p, number) : text);
    } while (lang_is_mark(p, ','));
    if (!lang_is_mark(p, ')')) return lang_fail(p, &p->token, "',' or ')'", e);
    if (f->class == LANG_EITHER && numbers) f->field.which = SEARCH_AS_NUMBER;
    n->field = f->field;
    n->list = list.p;
    n->n_list = list.n;
    return lang_next(p, e);
}

static search_node *compare_list(lang *p, lang_field *f, const lang_token *t, bool negated,
                                 err *e) {
    if (is_measured(f->class)) {
        refuse_op(p, t, "it takes = != < <= > and >=", e);
        return NULL;
    }
    if (!lang_is_mark(p, '(')) {
        lang_fail(p, &p->token, "'(' and a list", e);
        return NULL;
    }
    search_node *n = leaf(p, f, negated ? SEARCH_NOT_IN : SEARCH_IN);
    return read_list(p, f, n, e) ? n : NULL;
}

static search_node *compare_null(lang *p, const lang_field *f, err *e) {
    bool negated = lang_is(p, "not");
    if (negated && !lang_next(p, e)) return NULL;
    if (!lang_is(p, "null")) {
        lang_fail(p, &p->token, negated ? "null" : "null or not null", e);
        return NULL;
    }
    if (!lang_next(p, e)) return NULL;
    return leaf(p, f, negated ? SEARCH_NOT_NULL : SEARCH_IS_NULL);
}

search_node *lang_compare(lang *p, err *e) {
    lang_field f;
    if (!lang_read_field(p, &f, e)) return NULL;
    if (++p->comparisons > SEARCH_LANG_COMPARISONS) {
        err_set_at(e, ERR_INVALID, f.at, "a search has %d comparisons at most",
                   SEARCH_LANG_COMPARISONS);
        return NULL;
    }
    bool negated = lang_is(p, "not");
    if (negated && !lang_next(p, e)) return NULL;
    lang_token t = p->token;
    bool is_in = lang_is(p, "in"), is_null = !negated && lang_is(p, "is"),
         is_like = lang_is(p, "like"), is_ilike = lang_is(p, "ilike"),
         is_op = t.kind == LANG_OP && !negated;
    if (!is_in && !is_null && !is_like && !is_ilike && !is_op) {
        lang_fail(p, &t, negated ? "in, like or ilike" : "an operator", e);
        return NULL;
    }
    if (!lang_next(p, e)) return NULL;
    if (is_in) return compare_list(p, &f, &t, negated, e);
    if (is_null) return compare_null(p, &f, e);
    if (is_op && t.op != SEARCH_MATCH) return compare_order(p, &f, &t, e);
    search_op op = is_op ? SEARCH_MATCH : is_like ? SEARCH_LIKE : SEARCH_ILIKE;
    return compare_pattern(p, &f, &t, op, negated || t.negated, e);
}
