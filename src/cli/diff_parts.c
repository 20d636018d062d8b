// SPDX-License-Identifier: Apache-2.0
// diff_parts: all parts of a difference but tensors, for people.
#include "cli/diff_show.h"

void diff_show_heading(cli_session *s, const char *part, str about) {
    if (!s->o->stat.n && s->t.lines) out_add(&s->t, STR("\n"));
    out_printf(&s->t, "%s%-12s%s", out_begin(&s->t, OUT_BOLD), part, out_end(&s->t));
    out_add(&s->t, about);
    out_add(&s->t, STR("\n"));
}

static void put_in(cli_session *s, out_style style, str text) {
    out_add(&s->t, str_of(out_begin(&s->t, style)));
    out_safe(&s->t, text);
    out_add(&s->t, str_of(out_end(&s->t)));
}

static void say_more(cli_session *s, const json_value *list) {
    int64_t more = cli_int(list, "total", 0) - (int64_t)json_get(list, "items")->n;
    if (more > 0)
        out_printf(&s->t, "  %lld more (--json shows more of them)\n", (long long)more);
}

// ---- rows -----------------------------------------------------------------------------------

static str value_text(cli_session *s, const json_value *row, const char *side) {
    const json_value *v = json_get(row, side);
    if (!v) return STR("-");
    switch (v->type) {
    case JSON_NULL: return STR("null");
    case JSON_ARRAY: return STR("[]");
    case JSON_OBJECT: return STR("{}");
    case JSON_INT:
    case JSON_DOUBLE: return out_number(s->a, v);
    default: return cli_value_text(v);
    }
}

static out_style style_of(const json_value *row) {
    return !json_get(row, "was") ? OUT_GREEN : !json_get(row, "is") ? OUT_RED : OUT_PLAIN;
}

static str difference(cli_session *s, const json_value *row) {
    const json_value *was = json_get(row, "was"), *by = json_get(row, "delta");
    return by ? out_change(s->a, was->f, by->f) : (str){0};
}

// The file that the rows below are of.
static void put_in_line(cli_session *s, str file) {
    if (!file.n) return;
    put_in(s, OUT_CYAN, file);
    out_add(&s->t, STR("\n"));
}

static out_table *table_of(cli_session *s, const json_value *row) {
    static const out_column columns[] = {
        {STR_K(""), 0, 0}, {STR_K("was"), 0, 0}, {STR_K("is"), 0, 0}, {STR_K(""), 0, 1}};
    put_in_line(s, cli_text(row, "in"));
    return out_table_new(&s->t, columns, 4, false);
}

void diff_show_rows(cli_session *s, const json_value *rows) {
    const json_value *before = NULL;
    out_table *t = NULL;
    for (const json_value *r = json_get(rows, "items")->child; r; before = r, r = r->next) {
        if (!before || !str_eq(cli_text(before, "in"), cli_text(r, "in"))) {
            if (t) out_table_end(t);
            t = table_of(s, r);
        }
        out_style style = style_of(r);
        out_row(t, (out_cell[]){{cli_text(r, "key"), style},
                                {value_text(s, r, "was"), style},
                                {value_text(s, r, "is"), style},
                                {difference(s, r), OUT_DIM}});
    }
    if (t) out_table_end(t);
    say_more(s, rows);
}

static void part_of_rows(cli_session *s, const json_value *diff, const char *name) {
    const json_value *rows = json_get(diff, name);
    int64_t total = rows ? cli_int(rows, "total", 0) : 0;
    if (!total) return;
    diff_show_heading(
        s, name, arena_printf(s->a, "%lld differ%s", (long long)total, total == 1 ? "s" : ""));
    if (!s->o->stat.n) diff_show_rows(s, rows);
}

// ---- files ----------------------------------------------------------------------------------

static const char *executable_text(const json_value *f) {
    if (!json_get(f, "executable")) return "";
    return cli_true(f, "executable") ? ", now executable" : ", no longer executable";
}

static void put_file(cli_session *s, const json_value *f) {
    str what = cli_text(f, "what");
    const char *mark = str_is(what, "added")     ? "+"
                       : str_is(what, "removed") ? "-"
                       : str_is(what, "renamed") ? ">"
                                                 : "~";
    out_style style = *mark == '+' ? OUT_GREEN : *mark == '-' ? OUT_RED : OUT_PLAIN;
    str was = out_bytes(s->a, cli_int(f, "was_size", 0));
    str is = out_bytes(s->a, cli_int(f, "is_size", 0));
    out_printf(&s->t, "  %s%s ", out_begin(&s->t, style), mark);
    if (*mark == '>') {
        out_safe(&s->t, cli_text(f, "before"));
        out_add(&s->t, STR(" -> "));
    }
    out_safe(&s->t, cli_text(f, "path"));
    out_printf(&s->t, "%s  ", out_end(&s->t));
    bool same = str_eq(cli_text(f, "was_digest"), cli_text(f, "is_digest"));
    if (*mark == '~' && !same) out_printf(&s->t, "%.*s -> ", STR_F(was));
    out_printf(&s->t, "%.*s%s\n", STR_F(*mark == '-' ? was : is), executable_text(f));
}

static str counted(cli_session *s, const json_value *of, const char *const *names, size_t n) {
    str out = {0};
    for (size_t i = 0; i < n; i++) {
        int64_t count = cli_int(of, names[i], 0);
        if (count)
            out = arena_printf(s->a, "%.*s%s%lld %s", STR_F(out), out.n ? ", " : "",
                               (long long)count, names[i]);
    }
    return out;
}

static void part_of_files(cli_session *s, const json_value *files) {
    static const char *const names[] = {"added", "removed", "changed", "renamed"};
    if (!files || !cli_int(files, "total", 0)) return;
    diff_show_heading(s, "files", counted(s, files, names, 4));
    if (s->o->stat.n) return;
    for (const json_value *f = json_get(files, "items")->child; f; f = f->next)
        put_file(s, f);
    say_more(s, files);
}

// ---- texts ----------------------------------------------------------------------------------

static void put_text(cli_session *s, const json_value *t) {
    str rest = cli_text(t, "unified"), line;
    out_printf(&s->t, "%s", out_begin(&s->t, OUT_BOLD));
    out_safe(&s->t, cli_text(t, "path"));
    out_printf(&s->t, "%s  +%lld -%lld\n", out_end(&s->t), (long long)cli_int(t, "added", 0),
               (long long)cli_int(t, "removed", 0));
    while (rest.n && str_split(&rest, '\n', &line)) {
        char mark = line.n ? line.p[0] : ' ';
        out_style style = mark == '+'   ? OUT_GREEN
                          : mark == '-' ? OUT_RED
                          : mark == '@' ? OUT_CYAN
                                        : OUT_PLAIN;
        put_in(s, style, line);
        out_add(&s->t, STR("\n"));
    }
    if (cli_true(t, "cut")) out_add(&s->t, STR("  (and more: it is cut here)\n"));
}

static void put_texts(cli_session *s, const json_value *texts) {
    for (const json_value *t = json_get(texts, "items")->child; t; t = t->next)
        put_text(s, t);
    say_more(s, texts);
}

static void part_of_texts(cli_session *s, const json_value *texts) {
    if (!texts || !cli_int(texts, "total", 0)) return;
    diff_show_heading(
        s, "text", arena_printf(s->a, "%lld changed", (long long)cli_int(texts, "total", 0)));
    if (!s->o->stat.n) put_texts(s, texts);
}

// ---- tokenizer ------------------------------------------------------------------------------

static str tokenizer_about(cli_session *s, const json_value *t) {
    static const char *const names[] = {"added", "removed", "moved"};
    str counts = counted(s, t, names, 3), out = {0};
    int64_t merges = cli_int(t, "merges_added", 0) + cli_int(t, "merges_removed", 0);
    int64_t values = cli_int(json_get(t, "values"), "total", 0);
    int64_t templates = cli_int(json_get(t, "templates"), "total", 0);
    if (counts.n)
        out = arena_printf(s->a, "%.*s -> %.*s tokens: %.*s", STR_F(cli_text(t, "was_size")),
                           STR_F(cli_text(t, "is_size")), STR_F(counts));
    int64_t scores = cli_int(json_get(t, "scores"), "total", 0);
    const char *const others[] = {"scores differ", "merges differ", "values differ",
                                  "chat templates changed"};
    int64_t n[] = {scores, merges, values, templates};
    for (int i = 0; i < 4; i++)
        if (n[i])
            out = arena_printf(s->a, "%.*s%s%lld %s", STR_F(out), out.n ? ", " : "",
                               (long long)n[i], others[i]);
    if (cli_true(t, "merges_reordered"))
        out =
            arena_printf(s->a, "%.*s%smerges in another order", STR_F(out), out.n ? ", " : "");
    return out;
}

// A table for each tokenizer.
static void put_tokens(cli_session *s, const json_value *t) {
    static const out_column columns[] = {
        {STR_K("token"), 0, 0}, {STR_K("was"), OUT_RIGHT, 0}, {STR_K("is"), OUT_RIGHT, 0}};
    const json_value *before = NULL;
    out_table *b = NULL;
    for (const json_value *k = json_get(t, "tokens")->child; k; before = k, k = k->next) {
        if (!before || !str_eq(cli_text(before, "in"), cli_text(k, "in"))) {
            if (b) out_table_end(b);
            put_in_line(s, cli_text(k, "in"));
            b = out_table_new(&s->t, columns, 3, false);
        }
        out_style style = style_of(k);
        out_row(b, (out_cell[]){{cli_text(k, "token"), style},
                                {value_text(s, k, "was"), style},
                                {value_text(s, k, "is"), style}});
    }
    if (b) out_table_end(b);
}

static void part_of_tokenizer(cli_session *s, const json_value *t) {
    str about = t ? tokenizer_about(s, t) : (str){0};
    if (!about.n) return;
    diff_show_heading(s, "tokenizer", about);
    if (s->o->stat.n) return;
    put_tokens(s, t);
    diff_show_rows(s, json_get(t, "scores"));
    if (cli_int(json_get(t, "values"), "total", 0)) diff_show_rows(s, json_get(t, "values"));
    put_texts(s, json_get(t, "templates"));
}

// ---- all of them ----------------------------------------------------------------------------

void diff_show_parts(cli_session *s, const json_value *diff) {
    static const char *const of_rows[] = {"parameters", "metrics", "evaluations", "tags",
                                          "data",       "code",    "environment"};
    part_of_files(s, json_get(diff, "files"));
    part_of_rows(s, diff, "config");
    part_of_tokenizer(s, json_get(diff, "tokenizer"));
    part_of_texts(s, json_get(diff, "text"));
    for (size_t i = 0; i < sizeof of_rows / sizeof *of_rows; i++)
        part_of_rows(s, diff, of_rows[i]);
}

void diff_show_notes(cli_session *s, const json_value *diff, const json_value *of) {
    for (const json_value *n = json_get(of, "notes")->child; n; n = n->next) {
        str side =
            cli_text(json_get(diff, str_is(cli_text(n, "side"), "to") ? "to" : "from"), "name");
        str path = cli_text(n, "path");
        cli_warn(path.n ? arena_printf(s->a, "not compared: %.*s of %.*s: %.*s", STR_F(path),
                                       STR_F(side), STR_F(cli_text(n, "why")))
                        : arena_printf(s->a, "files are not compared: %.*s",
                                       STR_F(cli_text(n, "why"))));
    }
}
