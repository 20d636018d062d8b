// SPDX-License-Identifier: Apache-2.0
// show: the version that an address means, for people, with what is known of it besides: the
// suggested semantic version, its pickles, its evaluations. One thread.
#include "cli/pickles.h"
#include "cli/suggested.h"

enum { EVALUATIONS_SHOWN = 20, SCORES_SHOWN = 20 };

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
    if (str_is(by, "latest")) return STR("the latest version");
    if (str_is(by, "stage")) return STR("the newest version in this stage");
    if (!move) return (str){0};
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
    cli_line(s, "page", cli_version_link(s, v), OUT_PLAIN);
    cli_put_tags(s, json_get(v, "tags"));
    cli_pickles_show(s, cli_text(v, "repo"), cli_int(v, "number", 0));
}

// ---- evaluations ----------------------------------------------------------------------------

static const json_value *evaluations(cli_session *s, const json_value *found, int64_t limit,
                                     str *text) {
    const json_value *v = json_get(found, "version");
    str path = arena_printf(s->a, "%.*s/versions/%lld/evaluations?limit=%lld",
                            STR_F(cli_repo_path(s->a, cli_text(v, "repo"), "")),
                            (long long)cli_int(v, "number", 0), (long long)limit);
    return cli_call(s->c, "GET", path, (str){0}, text, &s->e);
}

// "on exam@2, by ann 3 days ago"; of one that was withdrawn also why.
static str about(cli_session *s, const json_value *x) {
    const json_value *data = json_get(x, "data"), *gone = json_get(x, "withdrawn");
    str user = cli_text(x, "user"), note = cli_text(x, "note"), out = {0};
    if (gone) out = arena_printf(s->a, "withdrawn: %.*s, ", STR_F(cli_text(gone, "reason")));
    if (data)
        out = arena_printf(s->a, "%.*son %.*s@%.*s, ", STR_F(out),
                           STR_F(cli_text(data, "repo")), STR_F(cli_text(data, "number")));
    return arena_printf(s->a, "%.*s%s%.*s%s%.*s%s%.*s", STR_F(out), user.n ? "by " : "",
                        STR_F(user), user.n ? " " : "",
                        STR_F(cli_time_cell(s, cli_int(x, "time_us", INT64_MIN), false)),
                        note.n ? ": " : "", STR_F(note));
}

static void put_evaluation(cli_session *s, out_table *t, const json_value *x) {
    out_style style = json_get(x, "withdrawn") ? OUT_DIM : OUT_PLAIN;
    const json_value *scores = json_get(x, "scores");
    size_t n = 0;
    for (const json_value *v = scores->child; v; v = v->next, n++) {
        bool last = n == SCORES_SHOWN && scores->n > n + 1;
        str name = last ? arena_printf(s->a, "(%zu more)", scores->n - n) : cli_text(v, "name");
        str value = last ? (str){0} : out_number(s->a, json_get(v, "value"));
        out_row(t, (out_cell[]){{n ? (str){0} : cli_text(x, "number"), style},
                                {n ? (str){0} : cli_text(x, "suite"), style},
                                {name, style},
                                {value, style},
                                {n ? (str){0} : about(s, x), style}});
        if (last) break;
    }
}

static void put_evaluations(cli_session *s, const json_value *reply) {
    static const out_column columns[] = {{STR_K("evaluation"), OUT_RIGHT, 0},
                                         {STR_K("suite"), 0, 0},
                                         {STR_K("score"), 0, 0},
                                         {STR_K("value"), OUT_RIGHT, 0},
                                         {STR_K("about"), 0, 1}};
    const json_value *items = json_get(reply, "items");
    if (!items->child) return;
    out_add(&s->t, STR("\n"));
    out_table *t = out_table_new(&s->t, columns, 5, false);
    for (const json_value *x = items->child; x; x = x->next)
        put_evaluation(s, t, x);
    out_table_end(t);
    if (json_get(reply, "next")) out_add(&s->t, STR("Older ones: see --json\n"));
}

// ---- the command ----------------------------------------------------------------------------

// The server's object with what it tells besides; evaluations as the API lists them.
static void show_json(cli_session *s, str text, const json_value *v, const suggested *g,
                      str evaluations) {
    str pickles = cli_pickles_json(s, cli_text(v, "repo"), cli_int(v, "number", 0));
    str out = cli_json_with(s->a, text, "suggested", suggested_json(s->a, g));
    out = cli_json_with(s->a, out, "pickles", pickles);
    cli_put_json(s, cli_json_with(s->a, out, "evaluations", evaluations));
}

static bool show(cli_session *s) {
    str text, list;
    suggested g;
    const json_value *found = cli_resolve(s, s->o->words[0], &text), *v, *reply;
    if (!found) return false;
    v = json_get(found, "version");
    if (!suggested_ask(s, cli_text(v, "repo"), cli_int(v, "number", 0), &g)) return false;
    reply = evaluations(s, found, s->o->json.n ? 1000 : EVALUATIONS_SHOWN, &list);
    if (!reply) return false;
    if (s->o->json.n) {
        show_json(s, text, v, &g, list);
        return true;
    }
    put_version(s, found, &g);
    put_evaluations(s, reply);
    return true;
}

int cmd_show(const cli_options *o, arena *a) {
    return cli_talk(o, a, show);
}
