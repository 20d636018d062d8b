// SPDX-License-Identifier: Apache-2.0
// audit: who did what to a thing, when and why: the event log by thing, user, kind and time,
// with what each event tells. One thread.
#include "cli/repos.h"

// "bot@prod" says the ref, "bot/3" the number, and both the repo.
static bool says(str object, const json_value *m) {
    size_t at = str_find(object, '@', 0);
    return str_is(m->key, "repo") || str_is(m->key, "number") ||
           (str_is(m->key, "ref") && at != SIZE_MAX &&
            str_eq(str_from(object, at + 1), cli_value_text(m)));
}

// "from 2, to 3, reason: fewer refusals": the members that the object does not say already.
static str told(cli_session *s, str object, const json_value *payload) {
    str out = {0};
    if (!payload) return out;
    for (const json_value *m = payload->child; m; m = m->next) {
        str text = cli_value_text(m);
        if (says(object, m) || !text.n) continue;
        bool sentence = str_is(m->key, "reason") || str_is(m->key, "message");
        out = arena_printf(s->a, "%.*s%s%.*s%s%.*s", STR_F(out), out.n ? ", " : "",
                           STR_F(m->key), sentence ? ": " : " ", STR_F(text));
    }
    return out;
}

static bool put_event(void *arg, const json_value *v) {
    cli_listing *l = arg;
    cli_session *s = l->s;
    str time = cli_time_cell(s, cli_int(v, "time_us", 0), s->o->csv.n > 0);
    out_row(l->table,
            (out_cell[]){{cli_text(v, "number"), OUT_DIM},
                         {time, OUT_PLAIN},
                         {cli_text(v, "user"), cli_true(v, "proven") ? OUT_BOLD : OUT_PLAIN},
                         {cli_text(v, "kind"), OUT_PLAIN},
                         {cli_text(v, "object"), OUT_PLAIN},
                         {told(s, cli_text(v, "object"), json_get(v, "payload")), OUT_PLAIN}});
    return true;
}

static str with(cli_session *s, str path, const char *name, str value) {
    if (!value.n) return path;
    return arena_printf(s->a, "%.*s&%s=%.*s", STR_F(path), name,
                        STR_F(http_client_escape(s->a, value)));
}

// A run by any of its names; else a repo, or whatever the log calls a thing.
static bool subject(cli_session *s, str *out) {
    *out = s->o->n_words ? s->o->words[0] : (str){0};
    if (str_find(*out, '@', 0) != SIZE_MAX)
        return err_set(&s->e, ERR_INVALID,
                       "audit takes a repo without '@'; 'stemma history %.*s' shows one ref",
                       STR_F(str_upto_code_points(*out, 300)));
    if (!cli_take_workspace(s, out)) return false;
    return !cli_is_run_name(*out) || cli_run_named(s, *out, out);
}

static bool audit(cli_session *s) {
    static const out_column columns[] = {
        {STR_K("number"), OUT_RIGHT, 3}, {STR_K("time"), OUT_WHOLE, 0}, {STR_K("user"), 0, 1},
        {STR_K("event"), OUT_WHOLE, 0},  {STR_K("object"), 0, 0},       {STR_K("told"), 0, 2}};
    str of, kinds = s->o->kind;
    if (!subject(s, &of)) return false;
    str path = arena_printf(s->a, "/events?order=%s", s->o->oldest.n ? "oldest" : "newest");
    path = with(s, path, "subject", of);
    path = with(s, path, "user", s->o->user);
    path = with(s, path, "since", s->o->since);
    path = with(s, path, "until", s->o->until);
    for (str kind; str_split(&kinds, ',', &kind);)
        path = with(s, path, "kind", str_trim(kind));
    s->none = of.n ? arena_printf(s->a,
                                  "no such event is of '%.*s': events name a thing as it was "
                                  "called then",
                                  STR_F(of))
                   : STR("there are no such events");
    return cli_show_table(s, path, columns, 6, put_event);
}

int cmd_audit(const cli_options *o, arena *a) {
    return cli_talk(o, a, audit);
}
