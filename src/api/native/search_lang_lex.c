// SPDX-License-Identifier: Apache-2.0
// The tokens of the search language. A field is made of tokens that touch each other (see
// lang_read_field), so tokens know their bytes.
#include "api/native/search_lang_internal.h"

static bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

static bool ends_word(char c) {
    return is_space(c) || strchr("\"'`(),=!<>~", c); // 0 too: strchr finds the end
}

// A quote within is written twice.
static str unquoted(const lang *p, size_t from, size_t to, char quote) {
    str raw = {p->text.p + from, to - from};
    if (str_find(raw, quote, 0) == SIZE_MAX) return raw;
    char *out = arena_bytes(p->l->a, raw.n), *w = out;
    for (size_t i = 0; i < raw.n; i++) {
        *w++ = raw.p[i];
        if (raw.p[i] == quote) i++;
    }
    return str_n(out, (size_t)(w - out));
}

static bool read_quoted(lang *p, lang_token *t, err *e) {
    char quote = p->text.p[p->at];
    size_t i = p->at + 1;
    for (; i < p->text.n; i++) {
        if (p->text.p[i] != quote) continue;
        if (i + 1 == p->text.n || p->text.p[i + 1] != quote) break;
        i++;
    }
    if (i >= p->text.n)
        return err_set_at(e, ERR_INVALID, p->at, "the quote %c is not closed", quote);
    t->kind = quote == '`' ? LANG_TICKS : LANG_TEXT;
    t->text = unquoted(p, p->at + 1, i, quote);
    p->at = i + 1;
    return true;
}

static const struct {
    const char *text;
    search_op op;
    bool negated;
} ops[] = {
    // the longer first
    {"==", SEARCH_EQ, false},   {"!=", SEARCH_NE, false}, {"<>", SEARCH_NE, false},
    {"<=", SEARCH_LE, false},   {">=", SEARCH_GE, false}, {"!~", SEARCH_MATCH, true},
    {"=", SEARCH_EQ, false},    {"<", SEARCH_LT, false},  {">", SEARCH_GT, false},
    {"~", SEARCH_MATCH, false},
};

static bool read_op(lang *p, lang_token *t, err *e) {
    str rest = str_from(p->text, p->at);
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        str op = str_of(ops[i].text);
        if (!str_starts(rest, op)) continue;
        t->kind = LANG_OP;
        t->op = ops[i].op;
        t->negated = ops[i].negated;
        t->text = str_upto(rest, op.n);
        p->at += op.n;
        return true;
    }
    return err_set_at(e, ERR_INVALID, p->at,
                      "'%c' is no operator: there are = != < <= > >= ~ !~ like, ilike, in, is",
                      *rest.p);
}

static void read_word(lang *p, lang_token *t) {
    size_t from = p->at;
    while (p->at < p->text.n && !ends_word(p->text.p[p->at])) {
        p->at++;
    }
    t->kind = LANG_WORD;
    t->text = str_n(p->text.p + from, p->at - from);
}

static bool read_token(lang *p, lang_token *t, err *e) {
    char c = p->text.p[p->at];
    if (!c) return err_set_at(e, ERR_INVALID, p->at, "a NUL character is no text");
    if (c == '"' || c == '\'' || c == '`') return read_quoted(p, t, e);
    if (strchr("=!<>~", c)) return read_op(p, t, e);
    if (!strchr("(),", c)) {
        read_word(p, t);
        return true;
    }
    t->kind = LANG_MARK;
    t->text = str_n(p->text.p + p->at++, 1);
    return true;
}

bool lang_next(lang *p, err *e) {
    while (p->at < p->text.n && is_space(p->text.p[p->at])) {
        p->at++;
    }
    lang_token t = {.kind = LANG_END, .at = p->at};
    if (p->at < p->text.n && !read_token(p, &t, e)) return false;
    t.end = p->at;
    p->token = t;
    return true;
}

bool lang_is(const lang *p, const char *word) {
    return p->token.kind == LANG_WORD && str_eq_nocase(p->token.text, str_of(word));
}

bool lang_is_mark(const lang *p, char c) {
    return p->token.kind == LANG_MARK && *p->token.text.p == c;
}

str lang_shown(const lang *p, const lang_token *t) {
    if (t->kind == LANG_END) return STR("the end");
    str raw = str_n(p->text.p + t->at, t->end - t->at);
    return arena_printf(p->l->a, "'%.*s'", STR_F(str_upto_code_points(raw, 60)));
}

bool lang_fail(const lang *p, const lang_token *t, const char *expected, err *e) {
    return err_set_at(e, ERR_INVALID, t->at, "%s is expected, not %.*s", expected,
                      STR_F(lang_shown(p, t)));
}
