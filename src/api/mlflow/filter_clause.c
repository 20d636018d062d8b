// SPDX-License-Identifier: Apache-2.0
// From items to clauses, and the small things that all entities' grammars share.
#include "api/mlflow/filter_internal.h"

static bool is_operand(const filter_item *i) {
    return i->kind == FILTER_IDENTIFIER || i->kind == FILTER_STRING ||
           i->kind == FILTER_INTEGER || i->kind == FILTER_FLOAT || i->kind == FILTER_LIST ||
           i->kind == FILTER_OPERATION || filter_is(i, "NULL");
}

static bool is_pattern_word(const filter_item *i) {
    return filter_is(i, "LIKE") || filter_is(i, "ILIKE") || filter_is(i, "RLIKE");
}

static str upper(arena *a, str s) {
    char *out = arena_bytes(a, s.n);
    for (size_t i = 0; i < s.n; i++) {
        out[i] = s.p[i] >= 'a' && s.p[i] <= 'z' ? (char)(s.p[i] - 32) : s.p[i];
    }
    return str_n(out, s.n);
}

// A clause that begins with the identifier at p[0] and an operator of several words, or IN; 0:
// none.
static size_t read_words(const filter_item *p, size_t n, filter_clause *out) {
    if (n >= 3 && filter_is(&p[1], "IN") && p[2].kind == FILTER_LIST) {
        out->op = STR("IN");
        out->value = p[2];
        return 3;
    }
    if (n >= 4 && filter_is(&p[1], "NOT") && filter_is(&p[2], "IN") &&
        p[3].kind == FILTER_LIST) {
        out->op = STR("NOT IN");
        out->value = p[3];
        return 4;
    }
    if (n >= 3 && filter_is(&p[1], "IS") && filter_is(&p[2], "NULL")) {
        out->op = STR("IS NULL");
        return 3;
    }
    if (n >= 4 && filter_is(&p[1], "IS") && filter_is(&p[2], "NOT") &&
        filter_is(&p[3], "NULL")) {
        out->op = STR("IS NOT NULL");
        return 4;
    }
    return 0;
}

// The clause at p[0]: how many items it takes, 0 when it is none.
static size_t read_clause(arena *a, const filter_item *p, size_t n, filter_clause *out) {
    *out = (filter_clause){.left = p[0]};
    if (!is_operand(&p[0])) return 0;
    size_t words = p[0].kind == FILTER_IDENTIFIER ? read_words(p, n, out) : 0;
    if (words) return words;
    if (n >= 3 && (p[1].kind == FILTER_COMPARE || is_pattern_word(&p[1])) &&
        is_operand(&p[2])) {
        out->op = upper(a, p[1].text);
        out->value = p[2];
        return 3;
    }
    if (n >= 4 && filter_is(&p[1], "NOT") && is_pattern_word(&p[2]) && is_operand(&p[3])) {
        str word = upper(a, p[2].text);
        out->op = arena_printf(a, "NOT %.*s", STR_F(word));
        out->value = p[3];
        return 4;
    }
    return 0;
}

void filter_split(arena *a, const filter_items *items, filter_clauses *clauses,
                  filter_items *invalid) {
    for (size_t i = 0; i < items->n;) {
        filter_clause c;
        size_t taken = read_clause(a, &items->p[i], items->n - i, &c);
        if (taken)
            vec_push(a, clauses, c);
        else if (!filter_is(&items->p[i], "AND"))
            vec_push(a, invalid, items->p[i]);
        i += taken ? taken : 1;
    }
}

// ---- lists ---------------------------------------------------------------------------------
// One Python string literal at the cursor, without its quotes; false when there is none.
static bool read_literal(arena *a, str *rest, str *out) {
    char q = rest->n ? rest->p[0] : 0;
    if (q != '\'' && q != '"') return false;
    char *text = arena_bytes(a, rest->n), *w = text;
    for (size_t i = 1; i < rest->n; i++) {
        char c = rest->p[i];
        if (c == q) {
            *out = str_n(text, (size_t)(w - text));
            *rest = str_from(*rest, i + 1);
            return true;
        }
        if (c == '\\' && i + 1 < rest->n) {
            const char *known = strchr("n\nt\tr\r", rest->p[i + 1]);
            bool plain = strchr("\\'\"", rest->p[i + 1]) != NULL;
            if (plain)
                c = rest->p[++i];
            else if (known && known[1] && strchr("ntr", *known))
                c = known[1], i++;
        }
        *w++ = c;
    }
    return false;
}

static str skip(str s) {
    while (s.n && strchr(" \t\n\r\f\v", s.p[0]) && s.p[0]) {
        s = str_from(s, 1);
    }
    return s;
}

bool filter_list(arena *a, str text, str **out, size_t *n, err *e) {
    VEC(str) v = {0};
    str rest = skip(str_n(text.p + 1, text.n - 2)), piece;
    for (; rest.n; rest = skip(str_from(rest, 1))) {
        str whole = STR("");
        size_t pieces = 0;
        for (; read_literal(a, &rest, &piece); rest = skip(rest), pieces++) {
            whole = pieces ? arena_printf(a, "%.*s%.*s", STR_F(whole), STR_F(piece)) : piece;
        }
        if (!pieces || (rest.n && rest.p[0] != ','))
            return err_set(e, ERR_INVALID,
                           "While parsing a list in the query, expected string value, "
                           "punctuation, or whitespace, but got "
                           "different type in list: %.*s",
                           STR_F(text));
        vec_push(a, &v, whole);
        if (!rest.n) break;
    }
    *out = v.p;
    *n = v.n;
    return v.n || err_set(e, ERR_INVALID,
                          "While parsing a list in the query, expected a non-empty list of "
                          "string values, but got empty "
                          "list");
}

// ---- whole filters and orders --------------------------------------------------------------
static bool has_second_statement(const filter_items *items) {
    for (size_t i = 0; i + 1 < items->n; i++) {
        if (items->p[i].kind == FILTER_SEMICOLON) return true;
    }
    return false;
}

static bool refuse_invalid(arena *a, const filter_items *invalid, const char *quote, err *e) {
    str list = STR("");
    for (size_t i = 0; i < invalid->n && list.n < sizeof e->msg; i++) {
        list = arena_printf(a, "%.*s%s%s%.*s%s", STR_F(list), i ? ", " : "", quote,
                            STR_F(invalid->p[i].text), quote);
    }
    return err_set(e, ERR_INVALID, "Invalid clause(s) in filter string: %.*s", STR_F(list));
}

bool filter_clauses_of(arena *a, str text, const char *quote, filter_clauses *clauses, err *e) {
    filter_items items = filter_lex(a, text), invalid = {0};
    *clauses = (filter_clauses){0};
    if (has_second_statement(&items))
        return err_set(
            e, ERR_INVALID,
            "Search filter contained multiple expression %.*s. Provide AND-ed expression list.",
            STR_F(filter_quoted(a, text)));
    filter_split(a, &items, clauses, &invalid);
    return !invalid.n || refuse_invalid(a, &invalid, quote, e);
}

bool filter_order_key(arena *a, str text, str *key, bool *descending, err *e) {
    filter_items items = filter_lex(a, text);
    bool shaped = (items.n == 1 || items.n == 2) && items.p[0].kind == FILTER_IDENTIFIER &&
                  (items.n == 1 || items.p[1].kind == FILTER_IDENTIFIER);
    if (!shaped)
        return err_set(e, ERR_INVALID, "Invalid order_by clause '%.*s'. Could not be parsed.",
                       STR_F(text));
    *key = items.p[0].text;
    *descending = items.n == 2 && str_eq_nocase(items.p[1].text, STR("desc"));
    return items.n == 1 || *descending || str_eq_nocase(items.p[1].text, STR("asc")) ||
           err_set(e, ERR_INVALID, "Invalid ordering key in order_by clause '%.*s'.",
                   STR_F(text));
}

static str python_list(arena *a, const str *items, size_t n) {
    str list = STR("[");
    for (size_t i = 0; i < n && list.n < sizeof((err *)0)->msg; i++) {
        list = arena_printf(a, "%.*s%s%.*s", STR_F(list), i ? ", " : "",
                            STR_F(filter_quoted(a, items[i])));
    }
    return arena_printf(a, "%.*s]", STR_F(list));
}

bool filter_order_repeats(arena *a, const str *items, size_t n, err *e) {
    return err_set(e, ERR_INVALID, "`order_by` contains duplicate fields: %.*s",
                   STR_F(python_list(a, items, n)));
}

// ---- trees and texts -----------------------------------------------------------------------
search_node *filter_join(arena *a, search_node **leaves, size_t n) {
    if (n <= 1) return n ? leaves[0] : NULL;
    search_node *node = ARENA_NEW(a, search_node);
    node->op = SEARCH_AND;
    node->left = filter_join(a, leaves, n / 2);
    node->right = filter_join(a, leaves + n / 2, n - n / 2);
    return node;
}

bool filter_op(str op, search_op *out) {
    static const struct {
        const char *text;
        search_op op;
    } ops[] = {{"=", SEARCH_EQ},
               {"!=", SEARCH_NE},
               {"<", SEARCH_LT},
               {"<=", SEARCH_LE},
               {">", SEARCH_GT},
               {">=", SEARCH_GE},
               {"LIKE", SEARCH_LIKE},
               {"ILIKE", SEARCH_ILIKE},
               {"IN", SEARCH_IN},
               {"NOT IN", SEARCH_NOT_IN},
               {"IS NULL", SEARCH_IS_NULL},
               {"IS NOT NULL", SEARCH_NOT_NULL}};
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        *out = ops[i].op;
        if (str_is(op, ops[i].text)) return true;
    }
    return false;
}

static str unwrap(str s, char c) {
    return s.n >= 2 && s.p[0] == c && s.p[s.n - 1] == c ? str_n(s.p + 1, s.n - 2) : s;
}

str filter_unquote(str s) {
    str inner = unwrap(s, '\'');
    return inner.n == s.n ? unwrap(s, '"') : inner;
}

str filter_unbacktick(str s) {
    return unwrap(s, '`');
}

bool filter_text(const filter_item *i, search_node *n, err *e) {
    n->text = filter_unquote(i->text);
    if (n->text.n != i->text.n) return true;
    return err_set(e, ERR_INVALID,
                   "Parameter value is either not quoted or unidentified quote types used for "
                   "string value %.*s. Use "
                   "either single or double quotes.",
                   STR_F(i->text));
}

str filter_quoted(arena *a, str s) {
    bool doubles = str_find(s, '\'', 0) != SIZE_MAX && str_find(s, '"', 0) == SIZE_MAX;
    const char *q = doubles ? "\"" : "'";
    return arena_printf(a, "%s%.*s%s", q, STR_F(s), q);
}
