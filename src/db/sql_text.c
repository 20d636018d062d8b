// SPDX-License-Identifier: Apache-2.0
// sql_text: from the SQL that both engines share to the words of one of them: type and clause
// tokens in braces, and placeholders. Pure functions, any thread.
#include "db/db_internal.h"

#include <ctype.h>

enum { SQL_MAX = 256 << 10 }; // of one statement

static const char *token_text(const sql_tokens *t, str name) {
    const struct {
        const char *name, *text;
    } all[] = {{"i64", t->i64},     {"text", t->text}, {"blob", t->blob},
               {"table", t->table}, {"big", t->big},   {"clustered", t->clustered},
               {"share", t->share}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (str_is(name, all[i].name)) return all[i].text;
    }
    return NULL;
}

// The end of the quoted text or identifier that starts at `at`. A doubled quote is two texts in
// a row.
static size_t skip_quoted(str sql, size_t at) {
    size_t end = str_find(sql, sql.p[at], at + 1);
    return end == SIZE_MAX ? sql.n : end + 1;
}

// Copies the token at `at`; gives what stands behind it, 0 when there is no such token.
static size_t put_token(const sql_tokens *t, str sql, size_t at, buf *out) {
    size_t end = str_find(sql, '}', at);
    if (end == SIZE_MAX) return 0;
    const char *text = token_text(t, str_upto(str_from(sql, at + 1), end - at - 1));
    if (!text) return 0;
    buf_str(out, str_of(text));
    return end + 1;
}

static size_t put_placeholder(const sql_tokens *t, str sql, size_t at, buf *out,
                              size_t *params) {
    size_t number = 0, p = at + 1;
    buf_byte(out, t->placeholder);
    for (; p < sql.n && isdigit((unsigned char)sql.p[p]) && number < DB_ARGS_MAX; p++) {
        number = number * 10 + (size_t)(sql.p[p] - '0');
        buf_byte(out, sql.p[p]);
    }
    if (number > *params) *params = number;
    return p;
}

static size_t put_next(const sql_tokens *t, str sql, size_t at, buf *out, size_t *params) {
    char c = sql.p[at];
    if (c == '{') return put_token(t, sql, at, out);
    if (c == '$') return put_placeholder(t, sql, at, out, params);
    size_t end = c == '\'' || c == '"' ? skip_quoted(sql, at) : at + 1;
    buf_add(out, sql.p + at, end - at);
    return end;
}

char *sql_expand(const sql_tokens *t, arena *a, str sql, size_t *params, err *e) {
    buf out = BUF_MAX(SQL_MAX);
    char *text = NULL;
    *params = 0;
    for (size_t at = 0; at < sql.n;) {
        size_t next = put_next(t, sql, at, &out, params);
        if (!next) {
            err_set(e, ERR_INTERNAL, "unknown token in the SQL \"%.*s\"",
                    STR_F(str_from(sql, at)));
            goto end;
        }
        at = next;
    }
    if (out.full || *params > DB_ARGS_MAX) {
        err_set(e, ERR_INTERNAL, "the SQL \"%.100s\" is too long or has too many parameters",
                sql.p);
        goto end;
    }
    text = arena_cstr(a, buf_view(&out));
end:
    buf_free(&out);
    return text;
}

static bool is_word(char c) {
    return isalnum((unsigned char)c) || c == '_';
}

bool sql_is(const char *sql, const char *verb) {
    size_t n = strlen(verb);
    sql += strspn(sql, " \n");
    return str_eq_nocase(str_n(sql, strnlen(sql, n)), str_of(verb)) && !is_word(sql[n]);
}

size_t sql_find(const char *sql, const char *word) {
    str s = str_of(sql);
    size_t n = strlen(word);
    int depth = 0;
    for (size_t at = 0; at < s.n; at++) {
        char c = s.p[at];
        if (c == '\'' || c == '"')
            at = skip_quoted(s, at) - 1;
        else if (c == '(')
            depth++;
        else if (c == ')')
            depth--;
        else if (!depth && is_word(c) && (!at || !is_word(s.p[at - 1])) && s.n - at >= n &&
                 !is_word(s.p[at + n]) && str_eq_nocase(str_n(s.p + at, n), str_of(word)))
            return at;
    }
    return SIZE_MAX;
}
