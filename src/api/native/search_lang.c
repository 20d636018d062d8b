// SPDX-License-Identifier: Apache-2.0
// The grammar of the search language (search_lang.h) above comparisons: and, or, not,
// parentheses; sort keys. Chains of "and" and "or" become balanced trees, so that core's depth
// is theirs only where the text itself nests.
#include "api/native/search_lang_internal.h"
#include "base/vec.h"

static lang begin(const search_lang *l, str text) {
    return (lang){.l = l, .text = text};
}

// ---- where ---------------------------------------------------------------------------------
static search_node *parse_or(lang *p, err *e);
static search_node *parse_factor(lang *p, err *e);

static search_node *parse_inner(lang *p, err *e) {
    search_node *n;
    if (lang_is(p, "not")) {
        if (!lang_next(p, e) || !(n = parse_factor(p, e))) return NULL;
        return lang_node(p, SEARCH_NOT, n, NULL);
    }
    if (!lang_is_mark(p, '(')) return lang_compare(p, e);
    lang_token open = p->token;
    if (!lang_next(p, e) || !(n = parse_or(p, e))) return NULL;
    if (!lang_is_mark(p, ')')) {
        if (p->token.kind == LANG_END)
            err_set_at(e, ERR_INVALID, open.at, "this '(' is not closed");
        else
            lang_fail(p, &p->token, "and, or or ')'", e);
        return NULL;
    }
    return lang_next(p, e) ? n : NULL;
}

static search_node *parse_factor(lang *p, err *e) {
    lang_token t = p->token;
    if (++p->depth > SEARCH_LANG_DEPTH) {
        err_set_at(e, ERR_INVALID, t.at, "a search is nested %d deep at most",
                   SEARCH_LANG_DEPTH);
        return NULL;
    }
    search_node *n = parse_inner(p, e);
    p->depth--;
    return n;
}

static search_node *join(const lang *p, search_op op, search_node **n, size_t count) {
    if (count == 1) return n[0];
    return lang_node(p, op, join(p, op, n, count / 2),
                     join(p, op, n + count / 2, count - count / 2));
}

// A chain of what `part` parses.
static search_node *parse_chain(lang *p, search_op op, const char *word,
                                search_node *(*part)(lang *p, err *e), err *e) {
    VEC(search_node *) parts = {0};
    for (;;) {
        search_node *n = part(p, e);
        if (!n) return NULL;
        vec_push(p->l->a, &parts, n);
        if (!lang_is(p, word)) return join(p, op, parts.p, parts.n);
        if (!lang_next(p, e)) return NULL;
    }
}

static search_node *parse_and(lang *p, err *e) {
    return parse_chain(p, SEARCH_AND, "and", parse_factor, e);
}

static search_node *parse_or(lang *p, err *e) {
    return parse_chain(p, SEARCH_OR, "or", parse_and, e);
}

bool search_lang_where(const search_lang *l, str text, search_node **out, err *e) {
    lang p = begin(l, text);
    *out = NULL;
    if (!lang_next(&p, e)) return false;
    if (p.token.kind == LANG_END) return true;
    if (!(*out = parse_or(&p, e))) return false;
    return p.token.kind == LANG_END || lang_fail(&p, &p.token, "and, or or the end", e);
}

// Factors joined by "and"; *whole is false when something else follows.
static bool split(lang *p, search_lang_part **out, size_t *n, bool *whole, err *e) {
    VEC(search_lang_part) parts = {0};
    for (;;) {
        size_t at = p->token.at;
        search_node *node = parse_factor(p, e);
        if (!node) return false;
        str words = str_trim(str_n(p->text.p + at, p->token.at - at));
        vec_push(p->l->a, &parts, (search_lang_part){words, node});
        if (!lang_is(p, "and")) break;
        if (!lang_next(p, e)) return false;
    }
    *out = parts.p;
    *n = parts.n;
    *whole = p->token.kind == LANG_END;
    return true;
}

bool search_lang_parts(const search_lang *l, str text, search_lang_part **out, size_t *n,
                       err *e) {
    lang p = begin(l, text);
    bool whole;
    *n = 0;
    if (!lang_next(&p, e)) return false;
    if (p.token.kind == LANG_END) return true;
    if (!split(&p, out, n, &whole, e)) return false;
    if (whole) return true;
    *n = 1;
    (*out)->text = str_trim(text);
    return search_lang_where(l, text, &(*out)->node, e);
}

// ---- fields and sort keys ------------------------------------------------------------------
bool search_lang_field(const search_lang *l, str text, search_field *out, err *e) {
    lang p = begin(l, text);
    lang_field f;
    if (!lang_next(&p, e) || !lang_read_field(&p, &f, e)) return false;
    *out = f.field;
    return p.token.kind == LANG_END || lang_fail(&p, &p.token, "the end of the field", e);
}

static bool read_sort(const search_lang *l, str text, search_sort out[2], size_t *n, err *e) {
    lang p = begin(l, text);
    lang_field f;
    if (!lang_next(&p, e) || !lang_read_field(&p, &f, e)) return false;
    bool descending = lang_is(&p, "desc");
    if ((descending || lang_is(&p, "asc")) && !lang_next(&p, e)) return false;
    if (p.token.kind != LANG_END) return lang_fail(&p, &p.token, "asc, desc or the end", e);
    if (f.field.domain == SEARCH_DATASET)
        return err_set_at(e, ERR_INVALID, f.at, "runs can not be sorted by their data sets");
    *n = 0;
    if (f.class == LANG_EITHER) { // what is no number is missing, so it comes behind
        out[*n] = (search_sort){f.field, descending};
        out[(*n)++].field.which = SEARCH_AS_NUMBER;
    }
    out[(*n)++] = (search_sort){f.field, descending};
    return true;
}

bool search_lang_sort(const search_lang *l, const str *items, size_t n, search_sort **out,
                      size_t *n_out, size_t *wrong, err *e) {
    *out = ARENA_ARRAY(l->a, search_sort, 2 * n);
    *n_out = 0;
    for (size_t i = 0; i < n; i++) {
        size_t more;
        *wrong = i;
        if (!read_sort(l, items[i], *out + *n_out, &more, e)) return false;
        *n_out += more;
    }
    return true;
}
