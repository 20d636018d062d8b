// SPDX-License-Identifier: Apache-2.0
// best: the best version of a repo by a rule or by terms of the command line, why the others
// are not, and an alias moved there. One thread.
#include "cli/rules.h"

static const char *of_row(const json_value *v) {
    return str_is(cli_text(v, "verdict"), "holds") ? "the best" : NULL;
}

static void put_row(cli_session *s, out_table *t, const json_value *v) {
    const char *best = of_row(v);
    out_style style = best ? OUT_GREEN : OUT_PLAIN;
    out_row(t, (out_cell[]){{cli_version_cell(s, v, "version"), style},
                            {out_number(s->a, json_get(v, "value")), style},
                            {out_number(s->a, json_get(v, "tie")), style},
                            {best ? str_of(best) : cli_verdict_text(s, v), style}});
}

static void put_choice(cli_session *s, str repo, const json_value *reply) {
    static const out_column columns[] = {{STR_K("version"), OUT_RIGHT, 0},
                                         {STR_K("value"), OUT_RIGHT, 0},
                                         {STR_K("tie"), OUT_RIGHT, 1},
                                         {STR_K("why"), 0, 0}};
    const json_value *best = json_get(reply, "best"), *others = json_get(reply, "others");
    str name =
        best ? arena_printf(s->a, "%.*s@%.*s", STR_F(repo), STR_F(cli_text(best, "version")))
             : STR("none is good");
    cli_line(s, "best", name, OUT_BOLD);
    cli_line(s, "rule", cli_text(reply, "rule"), OUT_PLAIN);
    cli_line(s, "where", cli_text(reply, "where"), OUT_PLAIN);
    cli_line(s, "by", cli_goals_text(s, reply), OUT_PLAIN);
    out_add(&s->t, STR("\n"));
    out_table *t = out_table_new(&s->t, columns, 4, false);
    if (best) put_row(s, t, best);
    for (const json_value *v = others->child; v; v = v->next)
        put_row(s, t, v);
    out_table_end(t);
    if (cli_true(reply, "more")) cli_warn(STR("older versions were not looked at"));
}

// ---- the alias ------------------------------------------------------------------------------

// Where the alias points now; 0: it is not there.
static bool read_alias(cli_session *s, str repo, int64_t *number) {
    str path = cli_ref_path(s->a, repo, s->o->alias, "/history?limit=1");
    const json_value *reply = cli_call(s->c, "GET", path, (str){0}, NULL, &s->e);
    *number = 0;
    if (!reply && s->e.code == ERR_NOT_FOUND) { // it never was; of the repo the choice tells
        s->e = (err){0};
        return true;
    }
    if (!reply) return false;
    const json_value *move = json_get(reply, "items")->child;
    if (move) *number = cli_int(move, "to", 0);
    return true;
}

// "rule fast: why", of a choice without a rule its terms.
static str reason_of(cli_session *s, const json_value *reply) {
    str rule = cli_text(reply, "rule"), where = cli_text(reply, "where"), why = s->o->message;
    str by = rule.n ? arena_printf(s->a, "rule %.*s", STR_F(rule))
                    : arena_printf(s->a, "best by %.*s%s%.*s", STR_F(cli_goals_text(s, reply)),
                                   where.n ? " where " : "", STR_F(where));
    str whole = arena_printf(s->a, "%.*s%s%.*s", STR_F(by), why.n ? ": " : "", STR_F(why));
    return str_upto_code_points(whole, 2000);
}

// From where it was seen before the choice was made, so that nobody's move is undone.
static bool move_alias(cli_session *s, str repo, int64_t seen, const json_value *reply) {
    const json_value *best = json_get(reply, "best");
    str text;
    if (!best)
        return err_set(&s->e, ERR_NOT_FOUND, "no version is good: '%.*s' was not moved",
                       STR_F(s->o->alias));
    str body = arena_printf(s->a, "{\"version\":%.*s,\"expected\":%lld,\"reason\":%.*s}",
                            STR_F(cli_text(best, "version")), (long long)seen,
                            STR_F(cli_json_text(s->a, reason_of(s, reply))));
    const json_value *move =
        cli_call(s->c, "PUT", cli_ref_path(s->a, repo, s->o->alias, ""), body, &text, &s->e);
    if (!move) return false;
    if (!s->o->json.n) out_add(&s->t, STR("\n"));
    if (!s->o->json.n) cli_say_move(s, "", repo, move);
    return true;
}

// ---- the command ----------------------------------------------------------------------------

static bool body_of(cli_session *s, str *out) {
    str terms;
    if (!cli_terms_json(s, &terms)) return false;
    str rule = s->o->rule;
    if (rule.n)
        *out = arena_printf(s->a, "{\"rule\":%.*s%s%.*s}", STR_F(cli_json_text(s->a, rule)),
                            terms.n ? "," : "", STR_F(terms));
    else
        *out = arena_printf(s->a, "{%.*s}", STR_F(terms));
    s->expression = s->o->where;
    return true;
}

static bool best(cli_session *s) {
    str repo, ref, body, text;
    int64_t seen = 0;
    if (!cli_split_ref(s, s->o->words[0], &repo, &ref) || !body_of(s, &body)) return false;
    if (ref.p)
        return err_set(&s->e, ERR_INVALID,
                       "the best is chosen among a repo's versions: say %.*s", STR_F(repo));
    if (s->o->alias.n && !read_alias(s, repo, &seen)) return false;
    const json_value *reply =
        cli_call(s->c, "POST", cli_repo_path(s->a, repo, "/best"), body, &text, &s->e);
    if (!reply) return false;
    if (!json_get(reply, "best")) s->code = CLI_NOT_FOUND;
    if (s->o->json.n)
        cli_put_json(s, text);
    else
        put_choice(s, repo, reply);
    return !s->o->alias.n || move_alias(s, repo, seen, reply);
}

int cmd_best(const cli_options *o, arena *a) {
    return cli_talk(o, a, best);
}
