// SPDX-License-Identifier: Apache-2.0
// rule: what a repo calls a good version: set, list, show, remove, check. One thread.
#include "cli/rules.h"

static str rule_path(cli_session *s, str repo, str name, const char *rest) {
    str path = cli_repo_path(s->a, repo, "/rules");
    return arena_printf(s->a, "%.*s/%.*s%s", STR_F(path), STR_F(http_client_escape(s->a, name)),
                        rest);
}

// The repo that the first word names.
static bool repo_word(cli_session *s, str *repo) {
    str ref;
    return cli_split_ref(s, s->o->words[0], repo, &ref) &&
           (!ref.p ||
            err_set(&s->e, ERR_INVALID, "rules are of a repo: say %.*s", STR_F(*repo)));
}

static void put_rule(cli_session *s, const json_value *r) {
    cli_line(s, "rule", cli_text(r, "name"), OUT_BOLD);
    cli_line(s, "where", cli_text(r, "where"), OUT_PLAIN);
    cli_line(s, "best", cli_goals_text(s, r), OUT_PLAIN);
    cli_line(s, "user", cli_text(r, "user"), OUT_PLAIN);
    cli_line(s, "changed", cli_time_cell(s, cli_int(r, "changed_us", INT64_MIN), false),
             OUT_PLAIN);
    cli_line(s, "why", cli_text(r, "reason"), OUT_PLAIN);
}

static bool show_reply(cli_session *s, const char *method, str path, str body) {
    str text;
    const json_value *r = cli_call(s->c, method, path, body, &text, &s->e);
    if (!r) return false;
    if (s->o->json.n)
        cli_put_json(s, text);
    else
        put_rule(s, r);
    return true;
}

static bool set(cli_session *s) {
    str repo, terms;
    if (!repo_word(s, &repo) || !cli_terms_json(s, &terms)) return false;
    s->expression = s->o->where;
    str body = arena_printf(s->a, "{%.*s%s\"reason\":%.*s}", STR_F(terms), terms.n ? "," : "",
                            STR_F(cli_json_text(s->a, s->o->message)));
    return show_reply(s, "PUT", rule_path(s, repo, s->o->words[1], ""), body);
}

static bool show(cli_session *s) {
    str repo;
    return repo_word(s, &repo) &&
           show_reply(s, "GET", rule_path(s, repo, s->o->words[1], ""), (str){0});
}

static bool remove_rule(cli_session *s) {
    str repo, text;
    if (!repo_word(s, &repo)) return false;
    str body =
        arena_printf(s->a, "{\"reason\":%.*s}", STR_F(cli_json_text(s->a, s->o->message)));
    if (!cli_call(s->c, "DELETE", rule_path(s, repo, s->o->words[1], ""), body, &text, &s->e))
        return false;
    if (s->o->json.n) {
        cli_put_json(s, text);
        return true;
    }
    out_add(&s->t, STR("removed "));
    out_safe(&s->t, s->o->words[1]);
    out_add(&s->t, STR("\n"));
    return true;
}

// ---- list -----------------------------------------------------------------------------------

static bool put_row(void *arg, const json_value *r) {
    cli_listing *l = arg;
    out_row(l->table, (out_cell[]){{cli_text(r, "name"), OUT_PLAIN},
                                   {cli_text(r, "where"), OUT_PLAIN},
                                   {cli_goals_text(l->s, r), OUT_PLAIN},
                                   {cli_text(r, "user"), OUT_PLAIN}});
    return true;
}

static bool list(cli_session *s) {
    static const out_column columns[] = {{STR_K("rule"), 0, 0},
                                         {STR_K("where"), 0, 1},
                                         {STR_K("best"), 0, 0},
                                         {STR_K("user"), 0, 2}};
    str repo;
    if (!repo_word(s, &repo)) return false;
    return cli_show_table(s, cli_repo_path(s->a, repo, "/rules"), columns, 4, put_row);
}

// ---- check ----------------------------------------------------------------------------------

static bool check(cli_session *s) {
    str text;
    const json_value *found = cli_resolve(s, s->o->words[0], NULL);
    if (!found) return false;
    const json_value *v = json_get(found, "version");
    str repo = cli_text(v, "repo"), number = cli_text(v, "number");
    str rest = arena_printf(s->a, "/versions/%.*s", STR_F(number));
    const json_value *r =
        cli_call(s->c, "GET", rule_path(s, repo, s->o->words[1], arena_cstr(s->a, rest)),
                 (str){0}, &text, &s->e);
    if (!r) return false;
    if (!str_is(cli_text(r, "verdict"), "holds")) s->code = CLI_FAILED;
    if (s->o->json.n) {
        cli_put_json(s, text);
        return true;
    }
    out_safe(&s->t, arena_printf(s->a, "%.*s@%.*s: %.*s", STR_F(repo), STR_F(number),
                                 STR_F(cli_verdict_text(s, r))));
    out_add(&s->t, STR("\n"));
    return true;
}

int cmd_rule_set(const cli_options *o, arena *a) {
    return cli_talk(o, a, set);
}

int cmd_rule_show(const cli_options *o, arena *a) {
    return cli_talk(o, a, show);
}

int cmd_rule_remove(const cli_options *o, arena *a) {
    return cli_talk(o, a, remove_rule);
}

int cmd_rule_list(const cli_options *o, arena *a) {
    return cli_talk(o, a, list);
}

int cmd_rule_check(const cli_options *o, arena *a) {
    return cli_talk(o, a, check);
}
