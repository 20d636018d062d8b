// SPDX-License-Identifier: Apache-2.0
// protect: what a repo asks for before a ref moves or a version is published: set, list,
// remove; how a version stands; and approve. One thread.
#include "cli/repos.h"

// "REPO[@REF]" of the first word: the path of its protections, and the ref as a JSON member.
static bool target(cli_session *s, str *path, str *member) {
    str repo, ref;
    if (!cli_split_ref(s, s->o->words[0], &repo, &ref)) return false;
    *path = cli_repo_path(s->a, repo, "/protections");
    *member =
        ref.p ? arena_printf(s->a, "\"ref\":%.*s", STR_F(cli_json_text(s->a, ref))) : (str){0};
    return true;
}

// "config, card" of a list of texts.
static str joined(cli_session *s, const json_value *list) {
    str out = {0};
    for (const json_value *v = list ? list->child : NULL; v; v = v->next)
        out = arena_printf(s->a, "%.*s%s%.*s", STR_F(out), out.n ? ", " : "", STR_F(v->text));
    return out;
}

// ---- protections ----------------------------------------------------------------------------

static bool put_list(cli_session *s, const json_value *reply) {
    static const out_column columns[] = {{STR_K("ref"), 0, 0},
                                         {STR_K("requires"), 0, 0},
                                         {STR_K("rule"), 0, 0},
                                         {STR_K("approvals"), OUT_RIGHT, 0},
                                         {STR_K("set by"), 0, 1}};
    out_table *t = out_table_new(&s->t, columns, 5, false);
    for (const json_value *p = json_get(reply, "items")->child; p; p = p->next) {
        str name = cli_text(p, "ref");
        out_row(
            t, (out_cell[]){{name.n ? name : STR("(publishing)"), name.n ? OUT_PLAIN : OUT_DIM},
                            {joined(s, json_get(p, "require")), OUT_PLAIN},
                            {cli_text(p, "rule"), OUT_PLAIN},
                            {cli_text(p, "approvals"), OUT_PLAIN},
                            {cli_text(p, "user"), OUT_PLAIN}});
    }
    out_table_end(t);
    return true;
}

static bool call(cli_session *s, const char *method, str path, str body) {
    str text;
    const json_value *reply = cli_call(s->c, method, path, body, &text, &s->e);
    if (!reply) return false;
    if (!s->o->json.n) return put_list(s, reply);
    cli_put_json(s, text);
    return true;
}

static bool list(cli_session *s) {
    str path, member;
    return target(s, &path, &member) && call(s, "GET", path, (str){0});
}

static bool set(cli_session *s) {
    str path, member, lines = {0}, parts = s->o->require;
    int64_t approvals;
    if (!target(s, &path, &member)) return false;
    if (!cli_number(s->o->approvals, &approvals))
        return err_set(&s->e, ERR_INVALID, "--approvals takes a number");
    for (str part; str_split(&parts, ',', &part);)
        if (str_trim(part).n)
            lines = arena_printf(s->a, "%.*s%s%.*s", STR_F(lines), lines.n ? "\n" : "",
                                 STR_F(str_trim(part)));
    str body =
        arena_printf(s->a, "{%.*s%s\"require\":%.*s,\"rule\":%.*s,\"approvals\":%lld}",
                     STR_F(member), member.n ? "," : "", STR_F(cli_lines_json(s->a, lines)),
                     STR_F(cli_json_text(s->a, s->o->rule)), (long long)approvals);
    return call(s, "PUT", path, body);
}

static bool take_away(cli_session *s) {
    str path, member;
    return target(s, &path, &member) &&
           call(s, "DELETE", path, arena_printf(s->a, "{%.*s}", STR_F(member)));
}

// ---- a version before a ref -----------------------------------------------------------------

static void put_readiness(cli_session *s, const json_value *r) {
    str lacks = joined(s, json_get(r, "lacks"));
    bool ready = cli_true(r, "ready");
    str needed = cli_text(r, "approvals_needed");
    cli_line(s, "ready", ready ? STR("yes") : STR("no"), ready ? OUT_GREEN : OUT_RED);
    cli_line(s, "has", joined(s, json_get(r, "has")), OUT_PLAIN);
    cli_line(s, "lacks", lacks, OUT_RED);
    cli_line(s, "rule", cli_text(r, "rule"), OUT_PLAIN);
    cli_line(s, "fails", cli_text(r, "rule_fails"), OUT_RED);
    size_t n = 0;
    for (const json_value *v = json_get(r, "approvals")->child; v; v = v->next, n++)
        cli_line(s, "approved",
                 arena_printf(s->a, "%.*s  %.*s", STR_F(cli_text(v, "user")),
                              STR_F(cli_text(v, "reason"))),
                 OUT_PLAIN);
    if (!str_eq(needed, STR("0")))
        cli_line(s, "approvals", arena_printf(s->a, "%zu of %.*s", n, STR_F(needed)),
                 OUT_PLAIN);
}

// Of the version that the first word means and the ref that the second names.
static bool of_version(cli_session *s, const char *method, const char *rest, str body) {
    str text, path, name;
    if (!cli_version_named(s, s->o->words[0], &path, &name)) return false;
    path = arena_printf(s->a, "%.*s%s", STR_F(path), rest);
    const json_value *reply = cli_call(s->c, method, path, body, &text, &s->e);
    if (!reply) return false;
    if (s->o->json.n)
        cli_put_json(s, text);
    else
        put_readiness(s, reply);
    return true;
}

static bool check(cli_session *s) {
    str rest = STR("/readiness");
    if (s->o->n_words > 1)
        rest = arena_printf(s->a, "/readiness?ref=%.*s",
                            STR_F(http_client_escape(s->a, s->o->words[1])));
    return of_version(s, "GET", arena_cstr(s->a, rest), (str){0});
}

static bool approve(cli_session *s) {
    str body = arena_printf(s->a, "{\"ref\":%.*s,\"reason\":%.*s,\"withdraw\":%s}",
                            STR_F(cli_json_text(s->a, s->o->words[1])),
                            STR_F(cli_json_text(s->a, s->o->message)),
                            s->o->withdraw.n ? "true" : "false");
    return of_version(s, "POST", "/approve", body);
}

int cmd_protect_list(const cli_options *o, arena *a) {
    return cli_talk(o, a, list);
}

int cmd_protect_set(const cli_options *o, arena *a) {
    return cli_talk(o, a, set);
}

int cmd_protect_remove(const cli_options *o, arena *a) {
    return cli_talk(o, a, take_away);
}

int cmd_protect_check(const cli_options *o, arena *a) {
    return cli_talk(o, a, check);
}

int cmd_approve(const cli_options *o, arena *a) {
    return cli_talk(o, a, approve);
}
