// SPDX-License-Identifier: Apache-2.0
// history: the moves of a ref, or of all refs of a repo; and what 'stemma log REPO' shows: its
// versions and moves in one list. Newest first. One thread.
#include "cli/repos.h"

#include <stdlib.h>

static bool put_move(void *arg, const json_value *m) {
    cli_listing *l = arg;
    str when = cli_time_cell(l->s, cli_int(m, "time_us", INT64_MIN), l->s->o->csv.n > 0);
    out_row(l->table, (out_cell[]){{when, OUT_PLAIN},
                                   {cli_text(m, "ref"), OUT_PLAIN},
                                   {cli_version_cell(l->s, m, "from"), OUT_PLAIN},
                                   {cli_version_cell(l->s, m, "to"), OUT_PLAIN},
                                   {cli_text(m, "user"), OUT_PLAIN},
                                   {cli_text(m, "reason"), OUT_PLAIN}});
    return true;
}

static bool history(cli_session *s) {
    static const out_column columns[] = {
        {STR_K("time"), OUT_WHOLE, 0}, {STR_K("ref"), 0, 0},  {STR_K("from"), OUT_RIGHT, 1},
        {STR_K("to"), OUT_RIGHT, 0},   {STR_K("user"), 0, 2}, {STR_K("reason"), 0, 3}};
    str repo, ref;
    if (!cli_split_ref(s, s->o->words[0], &repo, &ref)) return false;
    return cli_show_table(s,
                          ref.p ? cli_ref_path(s->a, repo, ref, "/history")
                                : cli_repo_path(s->a, repo, "/moves"),
                          columns, 6, put_move);
}

int cmd_history(const cli_options *o, arena *a) {
    return cli_talk(o, a, history);
}

// ---- versions and moves together ------------------------------------------------------------

typedef struct entry {
    int64_t time_us;
    size_t place; // in the order of coming: of the same time, the first stays first
    str ref, from, to, user, why;
} entry; // of a version: ref is empty, `to` is its number

struct gathering {
    cli_session *s;
    VEC(entry) all;
};

static str kept(struct gathering *g, str text) {
    return arena_str(g->s->a, text);
}

static bool add_version(void *arg, const json_value *v) {
    struct gathering *g = arg;
    str why = cli_text(v, "description");
    for (const json_value *m = json_get(v, "marks")->child; m; m = m->next)
        why = arena_printf(g->s->a, "%.*s%s[%.*s: %.*s]", STR_F(why), why.n ? " " : "",
                           STR_F(cli_text(m, "mark")), STR_F(cli_text(m, "reason")));
    vec_push(g->s->a, &g->all,
             (entry){.time_us = cli_int(v, "created_us", 0),
                     .place = g->all.n,
                     .to = kept(g, cli_text(v, "number")),
                     .user = kept(g, cli_text(v, "user")),
                     .why = kept(g, why)});
    return true;
}

static bool add_move(void *arg, const json_value *m) {
    struct gathering *g = arg;
    vec_push(g->s->a, &g->all,
             (entry){.time_us = cli_int(m, "time_us", 0),
                     .place = g->all.n,
                     .ref = kept(g, cli_text(m, "ref")),
                     .from = kept(g, cli_text(m, "from")),
                     .to = kept(g, cli_text(m, "to")),
                     .user = kept(g, cli_text(m, "user")),
                     .why = kept(g, cli_text(m, "reason"))});
    return true;
}

static int newer_first(const void *x, const void *y) {
    const entry *a = x, *b = y;
    if (a->time_us != b->time_us) return a->time_us < b->time_us ? 1 : -1;
    return a->place < b->place ? -1 : 1;
}

static str what_of(cli_session *s, const entry *e) {
    if (!e->ref.n) return arena_printf(s->a, "v%.*s published", STR_F(e->to));
    if (!e->to.n) return arena_printf(s->a, "%.*s removed", STR_F(e->ref));
    return arena_printf(s->a, "%.*s %s%.*s%sv%.*s", STR_F(e->ref), e->from.n ? "v" : "",
                        STR_F(e->from), e->from.n ? " -> " : "-> ", STR_F(e->to));
}

static void put_table(cli_session *s, const entry *e, size_t n) {
    static const out_column columns[] = {{STR_K("time"), OUT_WHOLE, 0},
                                         {STR_K("what"), 0, 0},
                                         {STR_K("user"), 0, 1},
                                         {STR_K("why"), 0, 2}};
    out_table *t = out_table_new(&s->t, columns, 4, false);
    for (size_t i = 0; i < n; i++)
        out_row(t, (out_cell[]){{cli_time_cell(s, e[i].time_us, false), OUT_PLAIN},
                                {what_of(s, &e[i]), OUT_PLAIN},
                                {e[i].user, OUT_PLAIN},
                                {e[i].why, OUT_PLAIN}});
    out_table_end(t);
}

static void put_number(json_writer *w, const char *name, str number) {
    int64_t n;
    if (!str_to_i64(number, &n)) return;
    json_key(w, str_of(name));
    json_i64(w, n);
}

static void put_json(cli_session *s, const entry *e, size_t n) {
    buf b = BUF_MAX(SIZE_MAX / 2);
    json_writer w = json_writer_new(&b);
    json_object(&w);
    json_m_array(&w, "items");
    for (size_t i = 0; i < n; i++) {
        json_object(&w);
        json_m_i64(&w, "time_us", e[i].time_us);
        if (e[i].ref.n) json_m_string(&w, "ref", e[i].ref);
        if (e[i].ref.n) put_number(&w, "from", e[i].from);
        put_number(&w, e[i].ref.n ? "to" : "version", e[i].to);
        json_m_string(&w, "user", e[i].user);
        json_m_string(&w, "why", e[i].why);
        json_object_end(&w);
    }
    json_array_end(&w);
    json_object_end(&w);
    cli_put_json(s, buf_view(&b));
    buf_free(&b);
}

// The newest of both are among the newest of each.
static bool log_repo(cli_session *s) {
    struct gathering g = {.s = s};
    str repo, ref;
    int64_t limit = cli_limit(s->o);
    if (!cli_split_ref(s, s->o->words[0], &repo, &ref)) return false;
    cli_list moves = {
        .method = "GET", .path = cli_repo_path(s->a, repo, "/moves"), .limit = limit};
    cli_list versions = {.method = "GET",
                         .path = cli_repo_path(s->a, repo, "/versions?deleted=true"),
                         .limit = limit};
    if (!cli_each(s, &moves, add_move, &g) || !cli_each(s, &versions, add_version, &g))
        return false;
    if (g.all.n) qsort(g.all.p, g.all.n, sizeof *g.all.p, newer_first);
    size_t n = limit && (size_t)limit < g.all.n ? (size_t)limit : g.all.n;
    if (s->o->json.n)
        put_json(s, g.all.p, n);
    else
        put_table(s, g.all.p, n);
    return true;
}

int cmd_log_repo(const cli_options *o, arena *a) {
    return cli_talk(o, a, log_repo);
}
