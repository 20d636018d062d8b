// SPDX-License-Identifier: Apache-2.0
// user: add, list, enable, disable, role; whoami. One thread.
#include "cli/fields.h"

static str user_path(cli_session *s, const char *rest) {
    return arena_printf(s->a, "/users/%.*s%s", STR_F(http_client_escape(s->a, s->o->words[0])),
                        rest);
}

// ---- list -----------------------------------------------------------------------------------

static bool put_user(void *arg, const json_value *u) {
    cli_listing *l = arg;
    bool enabled = cli_true(u, "enabled");
    str made = cli_time_cell(l->s, cli_int(u, "created_us", INT64_MIN), l->s->o->csv.n > 0);
    out_row(l->table,
            (out_cell[]){{cli_text(u, "name"), OUT_PLAIN},
                         {cli_text(u, "role"), OUT_PLAIN},
                         {enabled ? STR("yes") : STR("no"), enabled ? OUT_PLAIN : OUT_RED},
                         {made, OUT_PLAIN}});
    return true;
}

static bool list(cli_session *s) {
    static const out_column columns[] = {{STR_K("name"), 0, 0},
                                         {STR_K("role"), OUT_WHOLE, 0},
                                         {STR_K("enabled"), OUT_WHOLE, 1},
                                         {STR_K("created"), OUT_WHOLE, 2}};
    return cli_show_table(s, STR("/users"), columns, 4, put_user);
}

// ---- change ---------------------------------------------------------------------------------

// The secret alone is on standard output, so that a script can take it.
static bool add(cli_session *s) {
    str text, role = s->o->role.n ? s->o->role : STR("none");
    str body =
        arena_printf(s->a, "{\"name\":%.*s,\"role\":%.*s,\"token\":true,\"label\":%.*s}",
                     STR_F(cli_json_text(s->a, s->o->words[0])),
                     STR_F(cli_json_text(s->a, role)), STR_F(cli_json_text(s->a, s->o->label)));
    const json_value *made = cli_call(s->c, "POST", STR("/users"), body, &text, &s->e);
    if (!made) return false;
    if (s->o->json.n) {
        cli_put_json(s, text);
        return true;
    }
    cli_warn(arena_printf(s->a,
                          "made the user %.*s (role: %.*s). This is the token, told this once:",
                          STR_F(s->o->words[0]), STR_F(role)));
    out_safe(&s->t, cli_text(made, "secret"));
    out_add(&s->t, STR("\n"));
    return true;
}

// A request whose reply is the user.
static bool change(cli_session *s, const char *method, str path, str body) {
    str text;
    const json_value *u = cli_call(s->c, method, path, body, &text, &s->e);
    if (!u) return false;
    if (s->o->json.n) {
        cli_put_json(s, text);
        return true;
    }
    cli_line(s, "name", cli_text(u, "name"), OUT_PLAIN);
    cli_line(s, "role", cli_text(u, "role"), OUT_PLAIN);
    cli_line(s, "enabled", cli_true(u, "enabled") ? STR("yes") : STR("no"), OUT_PLAIN);
    return true;
}

static bool enable(cli_session *s) {
    return change(s, "PATCH", user_path(s, ""), STR("{\"enabled\":true}"));
}

static bool disable(cli_session *s) {
    return change(s, "PATCH", user_path(s, ""), STR("{\"enabled\":false}"));
}

static bool role(cli_session *s) {
    str body =
        arena_printf(s->a, "{\"role\":%.*s}", STR_F(cli_json_text(s->a, s->o->words[1])));
    return change(s, "PUT", user_path(s, "/role"), body);
}

// ---- who asks -------------------------------------------------------------------------------

static bool whoami(cli_session *s) {
    str text;
    const json_value *who = cli_call(s->c, "GET", STR("/whoami"), (str){0}, &text, &s->e);
    if (!who) return false;
    if (s->o->json.n) {
        cli_put_json(s, text);
        return true;
    }
    str user = cli_text(who, "user");
    cli_line(s, "user", user.n ? user : STR("(nobody)"), OUT_PLAIN);
    cli_line(s, "workspace", cli_text(who, "workspace"), OUT_PLAIN);
    cli_line(s, "role", cli_text(who, "role"), OUT_PLAIN);
    cli_line(s, "operates", cli_true(who, "operates") ? STR("yes") : STR("no"), OUT_PLAIN);
    return true;
}

int cmd_user_list(const cli_options *o, arena *a) {
    return cli_talk(o, a, list);
}

int cmd_user_add(const cli_options *o, arena *a) {
    return cli_talk(o, a, add);
}

int cmd_user_enable(const cli_options *o, arena *a) {
    return cli_talk(o, a, enable);
}

int cmd_user_disable(const cli_options *o, arena *a) {
    return cli_talk(o, a, disable);
}

int cmd_user_role(const cli_options *o, arena *a) {
    return cli_talk(o, a, role);
}

int cmd_whoami(const cli_options *o, arena *a) {
    return cli_talk(o, a, whoami);
}
