// SPDX-License-Identifier: Apache-2.0
// projects: list, show, create, rename, tag, delete, restore. One thread.
#include "cli/fields.h"

static str time_of(cli_session *s, const json_value *p, const char *key) {
    return cli_time_cell(s, cli_int(p, key, 0) * 1000, s->o->csv.n > 0);
}

static bool put_project(void *arg, const json_value *p) {
    cli_listing *l = arg;
    const json_value *activity = json_get(p, "activity");
    out_row(l->table,
            (out_cell[]){
                {cli_text(p, "number"), OUT_PLAIN},
                {cli_text(p, "name"), OUT_PLAIN},
                {cli_text(activity, "runs"), OUT_PLAIN},
                {cli_text(activity, "running"), OUT_PLAIN},
                {cli_time_cell(l->s, cli_int(activity, "changed_us", 0), l->s->o->csv.n > 0),
                 OUT_PLAIN},
                {time_of(l->s, p, "created_ms"), OUT_PLAIN},
                {cli_true(p, "deleted") ? STR("deleted") : (str){0}, OUT_YELLOW}});
    return true;
}

static bool list(cli_session *s) {
    static const out_column columns[] = {
        {STR_K("number"), OUT_RIGHT, 0},  {STR_K("name"), 0, 0},
        {STR_K("runs"), OUT_RIGHT, 3},    {STR_K("running"), OUT_RIGHT, 4},
        {STR_K("changed"), OUT_WHOLE, 5}, {STR_K("created"), OUT_WHOLE, 2},
        {STR_K("state"), OUT_WHOLE, 1}};
    bool active = str_is(s->o->view, "active"); // then the state says nothing
    str path = arena_printf(s->a, "/projects?with=activity&view=%.*s",
                            STR_F(http_client_escape(s->a, s->o->view)));
    return cli_show_table(s, path, columns, active ? 6 : 7, put_project);
}

static void put_whole(cli_session *s, const json_value *p) {
    cli_line(s, "number", cli_text(p, "number"), OUT_PLAIN);
    cli_line(s, "name", cli_text(p, "name"), OUT_PLAIN);
    cli_line(s, "created", time_of(s, p, "created_ms"), OUT_PLAIN);
    cli_line(s, "changed", time_of(s, p, "updated_ms"), OUT_PLAIN);
    cli_line(s, "files", cli_text(p, "artifact_location"), OUT_PLAIN);
    if (cli_true(p, "deleted")) cli_line(s, "state", STR("in the bin"), OUT_PLAIN);
    cli_put_tags(s, json_get(p, "tags"));
}

// A request whose reply is a project; `done` is what is said of it, NULL: all of it.
static bool change(cli_session *s, const char *method, str path, str body, const char *done) {
    str text;
    const json_value *p = cli_call(s->c, method, path, body, &text, &s->e);
    if (!p) return false;
    if (s->o->json.n) {
        cli_put_json(s, text);
    } else if (!done) {
        put_whole(s, p);
    } else {
        out_printf(&s->t, "%s ", done);
        out_safe(&s->t, cli_text(p, "number"));
        out_add(&s->t, STR(" "));
        out_safe(&s->t, cli_text(p, "name"));
        out_add(&s->t, STR("\n"));
    }
    return true;
}

static bool show(cli_session *s) {
    return change(s, "GET", cli_project_path(s->a, s->o->words[0], ""), (str){0}, NULL);
}

static bool create(cli_session *s) {
    str tags;
    if (!cli_tags_json(s, s->o->words + 1, s->o->n_words - 1, &tags)) return false;
    str body = arena_printf(s->a, "{\"name\":%.*s,\"tags\":%.*s}",
                            STR_F(cli_json_text(s->a, s->o->words[0])), STR_F(tags));
    return change(s, "POST", STR("/projects"), body, "created");
}

static bool rename_it(cli_session *s) {
    str body =
        arena_printf(s->a, "{\"name\":%.*s}", STR_F(cli_json_text(s->a, s->o->words[1])));
    return change(s, "PATCH", cli_project_path(s->a, s->o->words[0], ""), body, "renamed");
}

static bool tag(cli_session *s) {
    str body;
    return cli_tag_body(s, &body) &&
           change(s, "PATCH", cli_project_path(s->a, s->o->words[0], ""), body, "tagged");
}

static bool delete (cli_session *s) {
    str what = arena_printf(s->a, "project %.*s with its runs", STR_F(s->o->words[0]));
    return cli_confirm(s, "delete", what) &&
           change(s, "DELETE", cli_project_path(s->a, s->o->words[0], ""), (str){0}, "deleted");
}

static bool restore(cli_session *s) {
    return change(s, "POST", cli_project_path(s->a, s->o->words[0], "/restore"), (str){0},
                  "restored");
}

int cmd_projects_list(const cli_options *o, arena *a) {
    return cli_talk(o, a, list);
}

int cmd_projects_show(const cli_options *o, arena *a) {
    return cli_talk(o, a, show);
}

int cmd_projects_create(const cli_options *o, arena *a) {
    return cli_talk(o, a, create);
}

int cmd_projects_rename(const cli_options *o, arena *a) {
    return cli_talk(o, a, rename_it);
}

int cmd_projects_tag(const cli_options *o, arena *a) {
    return cli_talk(o, a, tag);
}

int cmd_projects_delete(const cli_options *o, arena *a) {
    return cli_talk(o, a, delete);
}

int cmd_projects_restore(const cli_options *o, arena *a) {
    return cli_talk(o, a, restore);
}
