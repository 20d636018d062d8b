// SPDX-License-Identifier: Apache-2.0
// jobs list, jobs show. One thread.
#include "cli/fields.h"

// "45% of 1.2 MB", "17 runs", or empty.
static str progress_of(cli_session *s, const json_value *j) {
    int64_t done = cli_int(j, "done", 0), total = cli_int(j, "total", 0);
    str unit = cli_text(j, "unit");
    if (total > 0)
        return arena_printf(s->a, "%d%% of %lld %.*s",
                            (int)((double)done / (double)total * 100), (long long)total,
                            STR_F(unit));
    if (!done) return (str){0};
    return arena_printf(s->a, "%lld %.*s", (long long)done, STR_F(unit));
}

static bool put_job(void *arg, const json_value *j) {
    cli_listing *l = arg;
    bool exact = l->s->o->csv.n > 0;
    str state = cli_text(j, "state");
    out_row(l->table,
            (out_cell[]){
                {cli_text(j, "id"), OUT_PLAIN},
                {cli_text(j, "kind"), OUT_PLAIN},
                {state, cli_status_style(state)},
                {progress_of(l->s, j), OUT_PLAIN},
                {cli_time_cell(l->s, cli_int(j, "updated_us", INT64_MIN), exact), OUT_PLAIN},
                {cli_text(j, "detail"), OUT_PLAIN}});
    return true;
}

static bool list(cli_session *s) {
    static const out_column columns[] = {
        {STR_K("id"), OUT_ID, 0},         {STR_K("kind"), OUT_WHOLE, 0},
        {STR_K("state"), OUT_WHOLE, 0},   {STR_K("progress"), 0, 2},
        {STR_K("changed"), OUT_WHOLE, 3}, {STR_K("detail"), 0, 1}};
    return cli_show_table(s, STR("/jobs"), columns, 6, put_job);
}

// A line a member: where an import reads from, what a check was asked.
static void put_argument(cli_session *s, const json_value *argument) {
    for (const json_value *v = argument ? argument->child : NULL; v; v = v->next)
        cli_line(s, arena_cstr(s->a, v->key), cli_value_text(v), OUT_PLAIN);
}

static bool show(cli_session *s) {
    str text;
    str path =
        arena_printf(s->a, "/jobs/%.*s", STR_F(http_client_escape(s->a, s->o->words[0])));
    const json_value *j = cli_call(s->c, "GET", path, (str){0}, &text, &s->e);
    if (!j) return false;
    if (s->o->json.n) {
        cli_put_json(s, text);
        return true;
    }
    cli_line(s, "id", cli_text(j, "id"), OUT_PLAIN);
    cli_line(s, "kind", cli_text(j, "kind"), OUT_PLAIN);
    cli_line(s, "state", cli_text(j, "state"), OUT_PLAIN);
    cli_line(s, "progress", progress_of(s, j), OUT_PLAIN);
    cli_line(s, "detail", cli_text(j, "detail"), OUT_PLAIN);
    put_argument(s, json_get(j, "argument"));
    cli_line(s, "user", cli_text(j, "user"), OUT_PLAIN);
    cli_line(s, "holder", cli_text(j, "holder"), OUT_PLAIN);
    cli_line(s, "begun", cli_time_cell(s, cli_int(j, "started_us", INT64_MIN), false),
             OUT_PLAIN);
    cli_line(s, "changed", cli_time_cell(s, cli_int(j, "updated_us", INT64_MIN), false),
             OUT_PLAIN);
    return true;
}

int cmd_jobs_list(const cli_options *o, arena *a) {
    return cli_talk(o, a, list);
}

int cmd_jobs_show(const cli_options *o, arena *a) {
    return cli_talk(o, a, show);
}
