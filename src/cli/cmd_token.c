// SPDX-License-Identifier: Apache-2.0
// token: add, list, revoke. One thread.
#include "cli/fields.h"

#include "base/clock.h"

static str tokens_path(cli_session *s, str rest) {
    return arena_printf(s->a, "/users/%.*s/tokens%.*s",
                        STR_F(http_client_escape(s->a, s->o->words[0])), STR_F(rest));
}

static str time_of(const cli_listing *l, const json_value *t, const char *key,
                   const char *none) {
    int64_t us = cli_int(t, key, INT64_MIN);
    return us == INT64_MIN ? str_of(none) : cli_time_cell(l->s, us, l->s->o->csv.n > 0);
}

static bool put_token(void *arg, const json_value *t) {
    cli_listing *l = arg;
    out_row(l->table, (out_cell[]){{cli_text(t, "id"), OUT_PLAIN},
                                   {cli_text(t, "label"), OUT_PLAIN},
                                   {time_of(l, t, "created_us", ""), OUT_PLAIN},
                                   {time_of(l, t, "expires_us", "never"), OUT_PLAIN},
                                   {time_of(l, t, "used_us", "never"), OUT_PLAIN}});
    return true;
}

static bool list(cli_session *s) {
    static const out_column columns[] = {{STR_K("id"), OUT_WHOLE, 0},
                                         {STR_K("label"), 0, 1},
                                         {STR_K("created"), OUT_WHOLE, 4},
                                         {STR_K("expires"), OUT_WHOLE, 2},
                                         {STR_K("used"), OUT_WHOLE, 3}};
    return cli_show_table(s, tokens_path(s, (str){0}), columns, 5, put_token);
}

// The secret alone is on standard output, so that a script can take it.
static bool add(cli_session *s) {
    str text, expires = {0};
    int64_t seconds = 0;
    if (cli_seconds(s->o->expires, &seconds) && seconds)
        expires = arena_printf(s->a, ",\"expires_us\":%lld",
                               (long long)(clock_now_us() + seconds * 1000000));
    str body = arena_printf(s->a, "{\"label\":%.*s%.*s}",
                            STR_F(cli_json_text(s->a, s->o->label)), STR_F(expires));
    const json_value *made =
        cli_call(s->c, "POST", tokens_path(s, (str){0}), body, &text, &s->e);
    if (!made) return false;
    if (s->o->json.n) {
        cli_put_json(s, text);
        return true;
    }
    cli_warn(arena_printf(s->a, "the token %.*s of %.*s, told this once:",
                          STR_F(cli_text(made, "id")), STR_F(s->o->words[0])));
    out_safe(&s->t, cli_text(made, "secret"));
    out_add(&s->t, STR("\n"));
    return true;
}

static bool revoke(cli_session *s) {
    str text;
    str rest = arena_printf(s->a, "/%.*s", STR_F(http_client_escape(s->a, s->o->words[1])));
    if (!cli_call(s->c, "DELETE", tokens_path(s, rest), (str){0}, &text, &s->e)) return false;
    if (s->o->json.n)
        cli_put_json(s, text);
    else
        out_printf(&s->t, "revoked\n");
    return true;
}

int cmd_token_list(const cli_options *o, arena *a) {
    return cli_talk(o, a, list);
}

int cmd_token_add(const cli_options *o, arena *a) {
    return cli_talk(o, a, add);
}

int cmd_token_revoke(const cli_options *o, arena *a) {
    return cli_talk(o, a, revoke);
}
