// SPDX-License-Identifier: Apache-2.0
// runs show: one run for people. One thread.
#include "cli/fields.h"

static void heading(cli_session *s, const char *text) {
    out_add(&s->t, STR("\n"));
    out_in(&s->t, OUT_BOLD, text);
    out_add(&s->t, STR("\n"));
}

static void put_attributes(cli_session *s, const json_value *run) {
    static const char *const names[] = {"id",   "name",  "project", "status",   "reason",
                                        "user", "start", "end",     "duration", "artifact_uri"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        out_cell c = cli_field_cell(s, run, str_of(names[i]), !strcmp(names[i], "id"));
        cli_line(s, !strcmp(names[i], "artifact_uri") ? "files" : names[i], c.text, c.style);
    }
    if (cli_true(run, "deleted")) cli_line(s, "deleted", STR("in the bin"), OUT_YELLOW);
}

static void put_pairs(cli_session *s, const char *title, const json_value *object) {
    static const out_column columns[] = {{STR_K("key"), 0, 0}, {STR_K("value"), 0, 0}};
    if (!object || !object->child) return;
    heading(s, title);
    out_table *b = out_table_new(&s->t, columns, 2, false);
    for (const json_value *v = object->child; v; v = v->next)
        out_row(b, (out_cell[]){{v->key, OUT_PLAIN}, {cli_value_text(v), OUT_PLAIN}});
    out_table_end(b);
}

static out_cell part(cli_session *s, const json_value *metric, const char *name,
                     const char *field) {
    const json_value *v = json_get(metric, name);
    if (v && v->type == JSON_OBJECT) v = json_get(v, field);
    return (out_cell){out_number(s->a, v), OUT_PLAIN};
}

static void put_metrics(cli_session *s, const json_value *metrics) {
    static const out_column columns[] = {
        {STR_K("metric"), 0, 0},       {STR_K("last"), OUT_RIGHT, 0},
        {STR_K("step"), OUT_RIGHT, 1}, {STR_K("min"), OUT_RIGHT, 2},
        {STR_K("max"), OUT_RIGHT, 3},  {STR_K("first"), OUT_RIGHT, 4}};
    if (!metrics || !metrics->child) return;
    heading(s, "Metrics");
    out_table *b = out_table_new(&s->t, columns, 6, false);
    for (const json_value *m = metrics->child; m; m = m->next)
        out_row(b, (out_cell[]){{m->key, OUT_PLAIN},
                                part(s, m, "last", "value"),
                                part(s, m, "last", "step"),
                                part(s, m, "min", "value"),
                                part(s, m, "max", "value"),
                                part(s, m, "first", "value")});
    out_table_end(b);
}

static void put_datasets(cli_session *s, const json_value *list) {
    static const out_column columns[] = {
        {STR_K("data set"), 0, 0}, {STR_K("digest"), 0, 1}, {STR_K("source"), 0, 2}};
    if (!list || !list->child) return;
    heading(s, "Data sets");
    out_table *b = out_table_new(&s->t, columns, 3, false);
    for (const json_value *d = list->child; d; d = d->next)
        out_row(b, (out_cell[]){{cli_text(d, "name"), OUT_PLAIN},
                                {cli_text(d, "digest"), OUT_PLAIN},
                                {cli_text(d, "source"), OUT_PLAIN}});
    out_table_end(b);
}

static void put_models(cli_session *s, const char *title, const json_value *list) {
    if (!list || !list->child) return;
    heading(s, title);
    for (const json_value *m = list->child; m; m = m->next) {
        out_safe(&s->t, cli_text(m, "model"));
        out_add(&s->t, STR("\n"));
    }
}

static bool show(cli_session *s) {
    str run_id, text;
    if (!cli_run_named(s, s->o->words[0], &run_id)) return false;
    const json_value *run =
        cli_call(s->c, "GET", cli_run_path(s->a, run_id, ""), (str){0}, &text, &s->e);
    if (!run) return false;
    if (s->o->json.n) {
        cli_put_json(s, text);
        return true;
    }
    put_attributes(s, run);
    put_pairs(s, "Configuration", json_get(run, "config"));
    put_metrics(s, json_get(run, "metrics"));
    put_pairs(s, "Tags", json_get(run, "tags"));
    put_datasets(s, json_get(run, "datasets"));
    put_models(s, "Models used", json_get(run, "models_in"));
    put_models(s, "Models made", json_get(run, "models_out"));
    return true;
}

int cmd_runs_show(const cli_options *o, arena *a) {
    return cli_talk(o, a, show);
}
