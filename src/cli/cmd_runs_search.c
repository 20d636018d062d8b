// SPDX-License-Identifier: Apache-2.0
// runs list, runs search: runs as a table, CSV or JSON. Only the columns that are shown are
// asked for. One thread.
#include "cli/fields.h"

#define PAGE 500

static const struct {
    const char *name;
    uint8_t flags, rank;
} usual[] = {{"id", OUT_ID, 0},       {"name", 0, 0},
             {"project", 0, 4},       {"status", OUT_WHOLE, 2},
             {"start", OUT_WHOLE, 5}, {"duration", OUT_RIGHT, 6},
             {"user", 0, 7}};

struct listing {
    cli_session *s;
    cli_fields fields;
    out_column *columns;
    out_cell *cells;
    out_table *table;
};

static bool one_project(str projects) {
    return projects.n && str_find(projects, '\n', 0) == SIZE_MAX;
}

// The usual columns with the fields that the list is sorted by, or --columns, or both.
static void choose_fields(struct listing *l) {
    cli_session *s = l->s;
    str asked = s->o->columns, rest = s->o->sort;
    bool also = str_starts(asked, STR("+"));
    if (also) asked = str_from(asked, 1);
    for (size_t i = 0; (also || !asked.n) && i < sizeof usual / sizeof *usual; i++) {
        if (str_is(str_of(usual[i].name), "project") && one_project(s->o->project)) continue;
        vec_push(s->a, &l->fields, str_of(usual[i].name));
    }
    size_t n_usual = l->fields.n;
    if (asked.n) cli_fields_add(s->a, &l->fields, asked);
    for (str one; s->o->sort.n && !asked.n && str_split(&rest, '\n', &one);) {
        str name = cli_field_name(one);
        bool there = false;
        for (size_t i = 0; i < l->fields.n; i++)
            there |= str_eq(l->fields.p[i], name);
        if (!there) vec_push(s->a, &l->fields, name);
    }
    l->columns = ARENA_ARRAY(s->a, out_column, l->fields.n);
    for (size_t i = 0; i < l->fields.n; i++) {
        out_column *c = &l->columns[i];
        c->title = l->fields.p[i];
        c->rank = i >= n_usual && i ? 1 : 0;
        if (cli_field_is_number(c->title)) c->flags = OUT_RIGHT;
        for (size_t u = 0; u < sizeof usual / sizeof *usual; u++) {
            if (!str_is(c->title, usual[u].name)) continue;
            c->flags = usual[u].flags;
            if (i < n_usual) c->rank = usual[u].rank;
        }
    }
    l->cells = ARENA_ARRAY(s->a, out_cell, l->fields.n);
}

static bool put_run(void *arg, const json_value *run) {
    struct listing *l = arg;
    for (size_t i = 0; i < l->fields.n; i++)
        l->cells[i] = cli_field_cell(l->s, run, l->fields.p[i], l->s->o->csv.n > 0);
    out_row(l->table, l->cells);
    return true;
}

// What the server must send: of a table only the fields that are shown.
static str columns_json(struct listing *l) {
    str lines = {0};
    if (l->s->o->json.n && !l->s->o->columns.n) return (str){0};
    for (size_t i = 0; i < l->fields.n; i++) {
        lines = arena_printf(l->s->a, "%.*s%s%.*s", STR_F(lines), i ? "\n" : "",
                             STR_F(l->fields.p[i]));
    }
    return arena_printf(l->s->a, ",\"columns\":%.*s", STR_F(cli_lines_json(l->s->a, lines)));
}

// The members of the request that say which runs.
static str which_json(cli_session *s) {
    return arena_printf(s->a, "\"projects\":%.*s,\"where\":%.*s,\"view\":%.*s,",
                        STR_F(cli_lines_json(s->a, s->o->project)),
                        STR_F(cli_json_text(s->a, s->expression)),
                        STR_F(cli_json_text(s->a, s->o->view)));
}

static bool count(cli_session *s) {
    str body = arena_printf(s->a, "{%.*s\"columns\":[\"id\"],\"limit\":1,\"count\":true}",
                            STR_F(which_json(s)));
    const json_value *page = cli_call(s->c, "POST", STR("/runs/search"), body, NULL, &s->e);
    if (!page) return false;
    long long n = (long long)cli_int(page, "total", 0);
    out_printf(&s->t, s->o->json.n ? "{\"total\":%lld}\n" : "%lld\n", n);
    return true;
}

static bool search(cli_session *s) {
    struct listing l = {.s = s};
    s->expression = s->o->n_words ? s->o->words[0] : s->o->where;
    if (s->o->count.n) return count(s);
    choose_fields(&l);
    cli_list list = {.method = "POST",
                     .path = STR("/runs/search"),
                     .limit = cli_limit(s->o),
                     .page = PAGE,
                     .after = s->o->after};
    list.body = arena_printf(s->a, "%.*s\"sort\":%.*s%.*s,", STR_F(which_json(s)),
                             STR_F(cli_lines_json(s->a, s->o->sort)), STR_F(columns_json(&l)));
    l.table = out_table_new(&s->t, l.columns, l.fields.n, s->o->csv.n > 0);
    bool ok = cli_show_list(s, &list, put_run, &l);
    if (ok && !s->o->json.n) {
        out_table_end(l.table);
        cli_say_more(s, &list);
    }
    return ok;
}

int cmd_runs_search(const cli_options *o, arena *a) {
    return cli_talk(o, a, search);
}

int cmd_runs_list(const cli_options *o, arena *a) {
    return cli_talk(o, a, search);
}
