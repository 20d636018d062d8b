// SPDX-License-Identifier: Apache-2.0
// workspace: list, create, delete. One thread.
#include "cli/fields.h"

static bool put_workspace(void *arg, const json_value *w) {
    cli_listing *l = arg;
    str made = cli_time_cell(l->s, cli_int(w, "created_us", INT64_MIN), l->s->o->csv.n > 0);
    out_row(l->table, (out_cell[]){{cli_text(w, "name"), OUT_PLAIN},
                                   {made, OUT_PLAIN},
                                   {cli_text(w, "description"), OUT_PLAIN}});
    return true;
}

static bool list(cli_session *s) {
    static const out_column columns[] = {
        {STR_K("name"), 0, 0}, {STR_K("created"), OUT_WHOLE, 1}, {STR_K("description"), 0, 2}};
    return cli_show_table(s, STR("/workspaces"), columns, 3, put_workspace);
}

// A request about the workspace that the first word names; `done` is said of it.
static bool change(cli_session *s, const char *method, str path, str body, const char *done) {
    str text;
    if (!cli_call(s->c, method, path, body, &text, &s->e)) return false;
    if (s->o->json.n) {
        cli_put_json(s, text);
        return true;
    }
    out_printf(&s->t, "%s ", done);
    out_safe(&s->t, s->o->words[0]);
    out_add(&s->t, STR("\n"));
    return true;
}

static bool create(cli_session *s) {
    str body = arena_printf(s->a, "{\"name\":%.*s,\"description\":%.*s}",
                            STR_F(cli_json_text(s->a, s->o->words[0])),
                            STR_F(cli_json_text(s->a, s->o->message)));
    return change(s, "POST", STR("/workspaces"), body, "created");
}

static bool delete (cli_session *s) {
    str path =
        arena_printf(s->a, "/workspaces/%.*s", STR_F(http_client_escape(s->a, s->o->words[0])));
    return change(s, "DELETE", path, (str){0}, "deleted");
}

int cmd_workspace_list(const cli_options *o, arena *a) {
    return cli_talk(o, a, list);
}

int cmd_workspace_create(const cli_options *o, arena *a) {
    return cli_talk(o, a, create);
}

int cmd_workspace_delete(const cli_options *o, arena *a) {
    return cli_talk(o, a, delete);
}
