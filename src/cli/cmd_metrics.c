// SPDX-License-Identifier: Apache-2.0
// metrics: the series of a run with their summaries, and the points of some. One key's points
// as CSV or JSON lines are passed on as the server streams them. One thread.
#include "cli/fields.h"

#define POINTS_PAGE 1000

struct listing {
    cli_session *s;
    out_table *table;
    bool exact, with_key;
    str key;
};

static out_cell number(const struct listing *l, const json_value *v) {
    return (out_cell){l->exact ? cli_value_text(v) : out_number(l->s->a, v), OUT_PLAIN};
}

// ---- the series -----------------------------------------------------------------------------

static bool put_series(void *arg, const json_value *m) {
    struct listing *l = arg;
    const json_value *first = json_get(m, "first"), *last = json_get(m, "last");
    out_row(l->table, (out_cell[]){{cli_text(m, "key"), OUT_PLAIN},
                                   number(l, json_get(last, "value")),
                                   number(l, json_get(last, "step")),
                                   number(l, json_get(m, "min")),
                                   number(l, json_get(m, "max")),
                                   number(l, json_get(first, "value")),
                                   number(l, json_get(m, "at_most"))});
    return true;
}

static bool list_series(cli_session *s, str run_id) {
    static const out_column columns[] = {
        {STR_K("key"), 0, 0},           {STR_K("last"), OUT_RIGHT, 0},
        {STR_K("step"), OUT_RIGHT, 1},  {STR_K("min"), OUT_RIGHT, 2},
        {STR_K("max"), OUT_RIGHT, 3},   {STR_K("first"), OUT_RIGHT, 5},
        {STR_K("points"), OUT_RIGHT, 4}};
    struct listing l = {.s = s, .exact = s->o->csv.n > 0};
    cli_list pages = {.method = "GET",
                      .path = cli_run_path(s->a, run_id, "/series"),
                      .limit = cli_limit(s->o)};
    l.table = out_table_new(&s->t, columns, 7, l.exact);
    bool ok = cli_show_list(s, &pages, put_series, &l);
    if (ok && !s->o->json.n) {
        out_table_end(l.table);
        cli_say_more(s, &pages);
    }
    return ok;
}

// ---- points ---------------------------------------------------------------------------------

// Which points, and how they are shown.
struct wish {
    str run, by;
    const str *keys;
    size_t n;
};

static str points_path(cli_session *s, const struct wish *w, str key) {
    return arena_printf(s->a, "/runs/%.*s/points?order=%.*s&key=%.*s", STR_F(w->run),
                        STR_F(w->by), STR_F(http_client_escape(s->a, key)));
}

static bool put_point(void *arg, const json_value *p) {
    struct listing *l = arg;
    str time = cli_time_cell(l->s, cli_int(p, "time_ms", 0) * 1000, l->exact);
    out_cell cells[] = {{l->key, OUT_PLAIN},
                        number(l, json_get(p, "step")),
                        {l->exact ? cli_text(p, "time_ms") : time, OUT_PLAIN},
                        number(l, json_get(p, "value"))};
    out_row(l->table, l->with_key ? cells : cells + 1);
    return true;
}

static bool list_points(cli_session *s, const struct wish *w) {
    static const out_column columns[] = {{STR_K("key"), 0, 0},
                                         {STR_K("step"), OUT_RIGHT, 0},
                                         {STR_K("time"), OUT_WHOLE, 1},
                                         {STR_K("value"), OUT_RIGHT, 0}};
    static const out_column exact[] = {{STR_K("key"), 0, 0},
                                       {STR_K("step"), 0, 0},
                                       {STR_K("time_ms"), 0, 0},
                                       {STR_K("value"), 0, 0}};
    struct listing l = {.s = s, .exact = s->o->csv.n > 0, .with_key = w->n > 1};
    size_t skip = l.with_key ? 0 : 1;
    bool ok = true;
    cli_list pages = {.method = "GET"};
    l.table = out_table_new(&s->t, (l.exact ? exact : columns) + skip, 4 - skip, l.exact);
    for (size_t i = 0; ok && i < w->n; i++) {
        pages = (cli_list){.method = "GET", .page = POINTS_PAGE, .limit = cli_limit(s->o)};
        if (l.exact && !cli_given(s->o, "limit")) pages.limit = 0;
        pages.path = points_path(s, w, w->keys[i]);
        l.key = w->keys[i];
        ok = cli_show_list(s, &pages, put_point, &l);
    }
    if (ok && !s->o->json.n) {
        out_table_end(l.table);
        cli_say_more(s, &pages);
    }
    return ok;
}

// Numbers only: nothing in it needs to be made harmless.
static bool stream_points(cli_session *s, const struct wish *w) {
    http_exchange x = {.method = "GET", .write = cli_write_out, .arg = s};
    x.accept = s->o->csv.n ? "text/csv" : "application/x-ndjson";
    x.path = arena_printf(s->a, "/api/v1%.*s", STR_F(points_path(s, w, w->keys[0])));
    if (cli_given(s->o, "limit") && cli_limit(s->o))
        x.path =
            arena_printf(s->a, "%.*s&limit=%lld", STR_F(x.path), (long long)cli_limit(s->o));
    bool ok = cli_exchange(s->c, &x, &s->e);
    if (!ok && s->t.gone) s->e.code = ERR_NONE; // 'stemma ... | head' has what it wanted
    return ok || s->t.gone;
}

static bool metrics(cli_session *s) {
    struct wish w = {.keys = s->o->words + 1, .n = s->o->n_words - 1};
    bool lines = s->o->jsonl.n > 0, csv = s->o->csv.n > 0;
    if (!cli_series_order(s, &w.by) || !cli_run_named(s, s->o->words[0], &w.run)) return false;
    if (!w.n && lines) return err_set(&s->e, ERR_INVALID, "--jsonl shows the points of a KEY");
    if (!w.n) return list_series(s, w.run);
    if (w.n > 1 && (lines || s->o->json.n))
        return err_set(&s->e, ERR_INVALID, "--json and --jsonl show one key at a time");
    return w.n == 1 && (csv || lines) ? stream_points(s, &w) : list_points(s, &w);
}

int cmd_metrics(const cli_options *o, arena *a) {
    return cli_talk(o, a, metrics);
}
