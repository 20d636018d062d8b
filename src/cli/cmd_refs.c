// SPDX-License-Identifier: Apache-2.0
// refs: the refs of a repo; alias and tag, which set one; rollback. One thread.
#include "cli/suggested.h"

static bool put_ref(void *arg, const json_value *r) {
    cli_listing *l = arg;
    str when = cli_time_cell(l->s, cli_int(r, "moved_us", INT64_MIN), l->s->o->csv.n > 0);
    out_row(l->table, (out_cell[]){{cli_text(r, "name"), OUT_PLAIN},
                                   {cli_text(r, "kind"), OUT_PLAIN},
                                   {cli_version_cell(l->s, r, "version"), OUT_PLAIN},
                                   {when, OUT_PLAIN},
                                   {cli_text(r, "user"), OUT_PLAIN},
                                   {cli_text(r, "reason"), OUT_PLAIN}});
    return true;
}

static bool refs(cli_session *s) {
    static const out_column columns[] = {{STR_K("ref"), 0, 0},
                                         {STR_K("kind"), OUT_WHOLE, 1},
                                         {STR_K("version"), OUT_RIGHT, 0},
                                         {STR_K("moved"), OUT_WHOLE, 2},
                                         {STR_K("user"), 0, 3},
                                         {STR_K("reason"), 0, 4}};
    str repo, ref;
    if (!cli_split_ref(s, s->o->words[0], &repo, &ref)) return false;
    return cli_show_table(s, cli_repo_path(s->a, repo, "/refs"), columns, 6, put_ref);
}

// ---- moves ----------------------------------------------------------------------------------

static bool send_move(cli_session *s, const char *method, str path, str body, str repo,
                      const char *what) {
    str text;
    const json_value *move = cli_call(s->c, method, path, body, &text, &s->e);
    if (!move) return false;
    if (s->o->json.n)
        cli_put_json(s, text);
    else
        cli_say_move(s, what, repo, move);
    return true;
}

static bool set(cli_session *s, const char *kind) {
    str expected;
    if (!cli_expected_json(s, &expected)) return false;
    const json_value *found = cli_resolve(s, s->o->words[0], NULL);
    if (!found) return false;
    const json_value *v = json_get(found, "version");
    str repo = cli_text(v, "repo");
    str body = arena_printf(s->a, "{\"kind\":\"%s\",\"version\":%lld,\"reason\":%.*s%.*s}",
                            kind, (long long)cli_int(v, "number", 0),
                            STR_F(cli_json_text(s->a, s->o->message)), STR_F(expected));
    return send_move(s, "PUT", cli_ref_path(s->a, repo, s->o->words[1], ""), body, repo, "");
}

static bool alias(cli_session *s) {
    return set(s, "alias");
}

static bool seal_suggested(cli_session *s) {
    suggested g;
    const json_value *found = cli_resolve(s, s->o->words[0], NULL);
    const json_value *v = found ? json_get(found, "version") : NULL;
    if (!v || !suggested_ask(s, cli_text(v, "repo"), cli_int(v, "number", 0), &g) ||
        !suggested_seal(s, &g, true))
        return false;
    if (s->o->json.n)
        cli_put_json(s, suggested_json(s->a, &g));
    else
        suggested_show_seal(s, &g);
    return true;
}

static bool tag(cli_session *s) {
    bool named = s->o->n_words == 2, suggest = s->o->suggested.n > 0;
    if (named == suggest)
        return err_set(&s->e, ERR_INVALID,
                       "say under which name, or --suggested: the semantic version that is "
                       "suggested");
    return suggest ? seal_suggested(s) : set(s, "tag");
}

static bool rollback(cli_session *s) {
    str repo, ref, expected;
    bool dry = s->o->dry_run.n > 0;
    if (!cli_expected_json(s, &expected) || !cli_split_ref(s, s->o->words[0], &repo, &ref))
        return false;
    if (!ref.p)
        return err_set(&s->e, ERR_INVALID, "which alias? Say REPO@REF, such as %.*s@prod",
                       STR_F(repo));
    str body =
        arena_printf(s->a, "{\"dry_run\":%s,\"reason\":%.*s%.*s}", dry ? "true" : "false",
                     STR_F(cli_json_text(s->a, s->o->message)), STR_F(expected));
    return send_move(s, "POST", cli_ref_path(s->a, repo, ref, "/rollback"), body, repo,
                     dry ? "would move " : "");
}

int cmd_refs(const cli_options *o, arena *a) {
    return cli_talk(o, a, refs);
}

int cmd_alias(const cli_options *o, arena *a) {
    return cli_talk(o, a, alias);
}

int cmd_tag(const cli_options *o, arena *a) {
    return cli_talk(o, a, tag);
}

int cmd_rollback(const cli_options *o, arena *a) {
    return cli_talk(o, a, rollback);
}
