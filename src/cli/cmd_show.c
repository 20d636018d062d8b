// SPDX-License-Identifier: Apache-2.0
// show: the version that an address means, for people. One thread.
#include "cli/pickles.h"
#include "cli/suggested.h"

static str texts(cli_session *s, const json_value *list) {
    str out = {0};
    for (const json_value *v = list ? list->child : NULL; v; v = v->next)
        out = arena_printf(s->a, "%.*s%s%.*s", STR_F(out), out.n ? ", " : "",
                           STR_F(cli_value_text(v)));
    return out;
}

// "the alias prod, set by ann 3 days ago: why"
static str how(cli_session *s, const json_value *found) {
    const json_value *move = json_get(found, "move");
    str by = cli_text(found, "by");
    if (!move) return str_is(by, "latest") ? STR("the latest version") : (str){0};
    str user = cli_text(move, "user"), why = cli_text(move, "reason");
    str when = cli_time_cell(s, cli_int(move, "time_us", INT64_MIN), false);
    return arena_printf(s->a, "the %.*s %.*s, set%s%.*s %.*s%s%.*s", STR_F(by),
                        STR_F(cli_text(move, "ref")), user.n ? " by " : "", STR_F(user),
                        STR_F(when), why.n ? ": " : "", STR_F(why));
}

// Each mark a line: what the reader has to know before anything else.
static void put_marks(cli_session *s, const json_value *marks) {
    for (const json_value *m = marks ? marks->child : NULL; m; m = m->next) {
        str user = cli_text(m, "user");
        str text = arena_printf(s->a, "%.*s%s%.*s", STR_F(cli_text(m, "reason")),
                                user.n ? " - " : "", STR_F(user));
        cli_line(s, arena_cstr(s->a, cli_text(m, "mark")), text, OUT_RED);
    }
}

static void put_parents(cli_session *s, const json_value *parents) {
    for (const json_value *p = parents ? parents->child : NULL; p; p = p->next) {
        str where = cli_text(p, "address");
        if (!where.n)
            where = arena_printf(s->a, "%.*s@%.*s", STR_F(cli_text(p, "repo")),
                                 STR_F(cli_text(p, "number")));
        cli_line(
            s, "parent",
            arena_printf(s->a, "%.*s of %.*s", STR_F(cli_text(p, "relation")), STR_F(where)),
            OUT_PLAIN);
    }
}

static void put_version(cli_session *s, const json_value *found, const suggested *g) {
    const json_value *v = json_get(found, "version");
    str name = arena_printf(s->a, "%.*s@%.*s", STR_F(cli_text(v, "repo")),
                            STR_F(cli_text(v, "number")));
    cli_line(s, "version", name, OUT_BOLD);
    cli_line(s, "named by", how(s, found), OUT_PLAIN);
    put_marks(s, json_get(v, "marks"));
    cli_line(s, "content", cli_text(v, "content"), OUT_PLAIN);
    cli_line(s, "files", cli_text(v, "files"), OUT_PLAIN);
    cli_line(s, "size", out_bytes(s->a, cli_int(v, "bytes", 0)), OUT_PLAIN);
    cli_line(s, "source", cli_text(v, "source"), OUT_PLAIN);
    cli_line(s, "run", cli_text(v, "run"), OUT_PLAIN);
    cli_line(s, "user", cli_text(v, "user"), OUT_PLAIN);
    cli_line(s, "created", cli_time_cell(s, cli_int(v, "created_us", INT64_MIN), false),
             OUT_PLAIN);
    cli_line(s, "stage", cli_text(v, "stage"), OUT_PLAIN);
    cli_line(s, "aliases", texts(s, json_get(v, "aliases")), OUT_PLAIN);
    cli_line(s, "sealed", texts(s, json_get(v, "sealed")), OUT_PLAIN);
    suggested_show(s, g);
    put_parents(s, json_get(v, "parents"));
    cli_line(s, "about", cli_text(v, "description"), OUT_PLAIN);
    cli_put_tags(s, json_get(v, "tags"));
    cli_pickles_show(s, cli_text(v, "repo"), cli_int(v, "number", 0));
}

// The server's object with what it tells besides.
static void show_json(cli_session *s, str text, const json_value *v, const suggested *g) {
    str pickles = cli_pickles_json(s, cli_text(v, "repo"), cli_int(v, "number", 0));
    str out = cli_json_with(s->a, text, "suggested", suggested_json(s->a, g));
    cli_put_json(s, cli_json_with(s->a, out, "pickles", pickles));
}

static bool show(cli_session *s) {
    str text;
    suggested g;
    const json_value *found = cli_resolve(s, s->o->words[0], &text);
    const json_value *v = found ? json_get(found, "version") : NULL;
    if (!v || !suggested_ask(s, cli_text(v, "repo"), cli_int(v, "number", 0), &g)) return false;
    if (s->o->json.n)
        show_json(s, text, v, &g);
    else
        put_version(s, found, &g);
    return true;
}

int cmd_show(const cli_options *o, arena *a) {
    return cli_talk(o, a, show);
}
