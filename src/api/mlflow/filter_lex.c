// SPDX-License-Identifier: Apache-2.0
// Cuts a filter into items. It follows the SQL reader that the reference uses (sqlparse) in
// what belongs together, because users see the items in messages. One pass; a quote, comment or
// parenthesis that never closes is searched for once only, so that hostile texts cost no more
// than others.
#include "api/mlflow/filter_internal.h"

typedef struct lexer {
    arena *a;
    str s;
    size_t at;
    bool open[256]; // this opening character has no partner behind here
} lexer;

static bool is_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}
static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
static bool is_word(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           (unsigned char)c >= 0x80;
}
static bool is_compare(char c) {
    return c == '<' || c == '>' || c == '=' || c == '~' || c == '!';
}
static bool is_arithmetic(char c) {
    return c && strchr("+-/*%@&|^", c);
}
static char peek(const lexer *l, size_t at) {
    return at < l->s.n ? l->s.p[at] : 0;
}

static size_t skip_space(const lexer *l, size_t at) {
    while (at < l->s.n && is_space(l->s.p[at])) {
        at++;
    }
    return at;
}

// Where what begins with a quote at `at` ends, or 0. A doubled quote does not end it, nor (but
// in backticks) one behind a backslash.
static size_t quote_end(lexer *l, size_t at) {
    char q = l->s.p[at];
    if (l->open[(unsigned char)q]) return 0;
    for (size_t i = at + 1; i < l->s.n; i++) {
        char c = l->s.p[i];
        if (c == '\\' && q != '`' && peek(l, i + 1) == q)
            i++;
        else if (c == q && peek(l, i + 1) == q && i + 1 < l->s.n)
            i++;
        else if (c == q)
            return i + 1;
    }
    // "''" pairs may have eaten the end: 'a'' is a string and a stray quote.
    l->open[(unsigned char)q] = true;
    return 0;
}

static size_t list_end(lexer *l, size_t at) {
    if (l->open['(']) return 0;
    size_t depth = 0;
    for (size_t i = at; i < l->s.n;) {
        char c = l->s.p[i];
        size_t end = c == '\'' || c == '"' || c == '`' ? quote_end(l, i) : 0;
        if (end) {
            i = end;
            continue;
        }
        depth += c == '(';
        if (c == ')' && --depth == 0) return i + 1;
        i++;
    }
    l->open['('] = true;
    return 0;
}

static size_t comment_end(lexer *l, size_t at) {
    str s = l->s;
    if (str_starts(str_from(s, at), STR("/*"))) {
        size_t end = l->open['*'] ? SIZE_MAX : str_find_str(s, STR("*/"), at + 2);
        l->open['*'] |= end == SIZE_MAX;
        return end == SIZE_MAX ? 0 : end + 2;
    }
    if (s.p[at] != '#' && !str_starts(str_from(s, at), STR("--"))) return 0;
    size_t end = str_find(s, '\n', at);
    return end == SIZE_MAX ? s.n : end;
}

// [-]digits[.digits][e[+-]digits], not followed by a word character; 0 when it is none.
static size_t number_end(const lexer *l, size_t at, bool *is_int) {
    size_t i = at + (peek(l, at) == '-'), digits = 0;
    *is_int = true;
    for (; is_digit(peek(l, i)); i++) {
        digits++;
    }
    if (peek(l, i) == '.') {
        *is_int = false;
        for (i++; is_digit(peek(l, i)); i++) {
            digits++;
        }
    }
    if (!digits) return 0;
    if (peek(l, i) == 'e' || peek(l, i) == 'E') {
        size_t x = i + 1;
        if (peek(l, x) == '-' || peek(l, x) == '+') x++;
        if (is_digit(peek(l, x))) {
            *is_int = false;
            for (i = x; is_digit(peek(l, i));) {
                i++;
            }
        }
    }
    return is_word(peek(l, i)) ? 0 : i;
}

// One part of an identifier; behind a dot also what needs no letter.
static size_t part_end(lexer *l, size_t at, bool behind_dot) {
    char c = peek(l, at);
    if (c == '`' || c == '"' || (behind_dot && c == '\'')) return quote_end(l, at);
    if (behind_dot && c == '*') return at + 1;
    if (behind_dot && c == '[') {
        size_t end = l->open['['] ? SIZE_MAX : str_find(l->s, ']', at);
        l->open['['] |= end == SIZE_MAX;
        return end == SIZE_MAX ? 0 : end + 1;
    }
    if (!is_word(c)) return 0;
    while (is_word(peek(l, at)) || (at && peek(l, at) == '#')) {
        at++;
    }
    return at;
}

static size_t identifier_end(lexer *l, size_t at) {
    size_t end = part_end(l, at, false);
    while (end) {
        size_t dot = skip_space(l, end);
        if (peek(l, dot) != '.') return end;
        size_t next = part_end(l, skip_space(l, dot + 1), true);
        if (!next) return dot + 1; // an empty key
        end = next;
    }
    return 0;
}

// An identifier with arithmetic or a call behind it ends here, else 0.
static size_t operation_end(lexer *l, size_t end) {
    if (peek(l, end) == '(') return list_end(l, end);
    size_t op = skip_space(l, end);
    if (!is_arithmetic(peek(l, op)) || comment_end(l, op)) return 0;
    bool is_int;
    size_t operand = skip_space(l, op + 1), stop = number_end(l, operand, &is_int);
    return stop ? stop : identifier_end(l, operand);
}

static filter_item keyword_or(str text) {
    static const char *const words[] = {"AND",  "OR",   "NOT",   "IN",   "IS",
                                        "NULL", "LIKE", "ILIKE", "RLIKE"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (str_eq_nocase(text, str_of(words[i]))) return (filter_item){FILTER_KEYWORD, text};
    }
    return (filter_item){FILTER_IDENTIFIER, text};
}

static size_t compare_end(const lexer *l, size_t at) {
    size_t i = at;
    while (is_compare(peek(l, i))) {
        i++;
    }
    return i;
}

static filter_item item_to(const lexer *l, filter_kind kind, size_t end) {
    return (filter_item){kind, str_n(l->s.p + l->at, end - l->at)};
}

// The item that begins at l->at, which is no space.
static filter_item next_item(lexer *l) {
    char c = l->s.p[l->at];
    bool is_int = false;
    size_t end = comment_end(l, l->at);
    if (end) return item_to(l, FILTER_OTHER, end);
    if ((end = number_end(l, l->at, &is_int)))
        return item_to(l, is_int ? FILTER_INTEGER : FILTER_FLOAT, end);
    if (c == '\'' && (end = quote_end(l, l->at))) return item_to(l, FILTER_STRING, end);
    if (c == '(' && (end = list_end(l, l->at))) return item_to(l, FILTER_LIST, end);
    if (c == ';') return item_to(l, FILTER_SEMICOLON, l->at + 1);
    if ((end = identifier_end(l, l->at))) {
        filter_item word = keyword_or(item_to(l, FILTER_IDENTIFIER, end).text);
        size_t more = word.kind == FILTER_IDENTIFIER ? operation_end(l, end) : 0;
        return more ? item_to(l, FILTER_OPERATION, more) : word;
    }
    end = compare_end(l, l->at);
    if (end > l->at && !(c == '!' && end == l->at + 1)) return item_to(l, FILTER_COMPARE, end);
    for (end = l->at + 1; ((unsigned char)peek(l, end) & 0xC0) == 0x80;) {
        end++;
    }
    return item_to(l, FILTER_OTHER, end);
}

filter_items filter_lex(arena *a, str text) {
    filter_items items = {0};
    lexer l = {.a = a, .s = text};
    while ((l.at = skip_space(&l, l.at)) < text.n) {
        filter_item i = next_item(&l);
        vec_push(a, &items, i);
        l.at += i.text.n;
    }
    return items;
}

bool filter_is(const filter_item *i, const char *keyword) {
    return i->kind == FILTER_KEYWORD && str_eq_nocase(i->text, str_of(keyword));
}
