// SPDX-License-Identifier: Apache-2.0
// repos: list, show, create, rename, tag, delete. One thread.
#include "cli/repos.h"

static str time_of(cli_session *s, const json_value *of, const char *key) {
    return cli_time_cell(s, cli_int(of, key, INT64_MIN), s->o->csv.n > 0);
}

static bool put_repo(void *arg, const json_value *r) {
    cli_listing *l = arg;
    out_row(l->table, (out_cell[]){{cli_text(r, "name"), OUT_PLAIN},
                                   {cli_text(r, "kind"), OUT_PLAIN},
                                   {time_of(l->s, r, "updated_us"), OUT_PLAIN},
                                   {cli_text(r, "user"), OUT_PLAIN},
                                   {cli_text(r, "description"), OUT_PLAIN}});
    return true;
}

static bool list(cli_session *s) {
    static const out_column columns[] = {{STR_K("name"), 0, 0},
                                         {STR_K("kind"), OUT_WHOLE, 1},
                                         {STR_K("changed"), OUT_WHOLE, 2},
                                         {STR_K("user"), 0, 3},
                                         {STR_K("description"), 0, 4}};
    str path = STR("/repos");
    if (s->o->kind.n)
        path =
            arena_printf(s->a, "/repos?kind=%.*s", STR_F(http_client_escape(s->a, s->o->kind)));
    return cli_show_table(s, path, columns, 5, put_repo);
}

static void put_whole(cli_session *s, const json_value *r) {
    cli_line(s, "name", cli_text(r, "name"), OUT_PLAIN);
    cli_line(s, "kind", cli_text(r, "kind"), OUT_PLAIN);
    cli_line(s, "about", cli_text(r, "description"), OUT_PLAIN);
    cli_line(s, "user", cli_text(r, "user"), OUT_PLAIN);
    cli_line(s, "created", time_of(s, r, "created_us"), OUT_PLAIN);
    cli_line(s, "changed", time_of(s, r, "updated_us"), OUT_PLAIN);
    cli_put_tags(s, json_get(r, "tags"));
}

// A request whose reply is a repo; `done` is what is said of it, NULL: all of it.
static bool change(cli_session *s, const char *method, str path, str body, const char *done) {
    str text;
    const json_value *r = cli_call(s->c, method, path, body, &text, &s->e);
    if (!r) return false;
    if (s->o->json.n) {
        cli_put_json(s, text);
    } else if (!done) {
        put_whole(s, r);
    } else {
        out_printf(&s->t, "%s ", done);
        out_safe(&s->t, cli_text(r, "name"));
        out_add(&s->t, STR("\n"));
    }
    return true;
}

static str path_of(cli_session *s) {
    return cli_repo_path(s->a, s->o->words[0], "");
}

// The first word may say the workspace too.
static bool take_repo(cli_session *s) {
    return cli_take_workspace(s, &s->o->words[0]);
}

static bool show(cli_session *s) {
    return take_repo(s) && change(s, "GET", path_of(s), (str){0}, NULL);
}

static bool create(cli_session *s) {
    if (!take_repo(s)) return false;
    str tags, kind = s->o->kind.n ? s->o->kind : STR("model");
    if (!cli_tags_json(s, s->o->words + 1, s->o->n_words - 1, &tags)) return false;
    str body = arena_printf(s->a, "{\"name\":%.*s,\"kind\":%.*s,\"tags\":%.*s}",
                            STR_F(cli_json_text(s->a, s->o->words[0])),
                            STR_F(cli_json_text(s->a, kind)), STR_F(tags));
    return change(s, "POST", STR("/repos"), body, "created");
}

static bool rename_it(cli_session *s) {
    if (!take_repo(s) || (s->workspace.n && !cli_take_workspace(s, &s->o->words[1])))
        return false;
    str body =
        arena_printf(s->a, "{\"name\":%.*s}", STR_F(cli_json_text(s->a, s->o->words[1])));
    return change(s, "PATCH", path_of(s), body, "renamed to");
}

static bool tag(cli_session *s) {
    str body;
    return take_repo(s) && cli_tag_body(s, &body) &&
           change(s, "PATCH", path_of(s), body, "tagged");
}

static bool delete (cli_session *s) {
    if (!take_repo(s) || !cli_has_reason(s)) return false;
    str text, what = arena_printf(s->a, "repo %.*s with its versions", STR_F(s->o->words[0]));
    if (!cli_confirm(s, "delete", what) ||
        !cli_call(s->c, "DELETE", path_of(s), cli_reason_json(s), &text, &s->e))
        return false;
    if (s->o->json.n) {
        cli_put_json(s, text);
        return true;
    }
    out_add(&s->t, STR("deleted "));
    out_safe(&s->t, s->o->words[0]);
    out_add(&s->t, STR("\n"));
    return true;
}

int cmd_repos_list(const cli_options *o, arena *a) {
    return cli_talk(o, a, list);
}

int cmd_repos_show(const cli_options *o, arena *a) {
    return cli_talk(o, a, show);
}

int cmd_repos_create(const cli_options *o, arena *a) {
    return cli_talk(o, a, create);
}

int cmd_repos_rename(const cli_options *o, arena *a) {
    return cli_talk(o, a, rename_it);
}

int cmd_repos_tag(const cli_options *o, arena *a) {
    return cli_talk(o, a, tag);
}

int cmd_repos_delete(const cli_options *o, arena *a) {
    return cli_talk(o, a, delete);
}
