// SPDX-License-Identifier: Apache-2.0
// suggested: see suggested.h. One thread.
#include "cli/suggested.h"

#include "core/ref.h"

enum { SHOWN = 3 }; // reasons; --json has more

bool suggested_ask(cli_session *s, str in, int64_t number, suggested *out) {
    str rest = arena_printf(s->a, "/versions/%lld/suggested", (long long)number);
    str path = cli_repo_path(s->a, in, arena_cstr(s->a, rest));
    *out = (suggested){.repo = in, .number = number};
    out->about = cli_call(s->c, "GET", path, (str){0}, &out->text, &s->e);
    return out->about != NULL;
}

// ---- in words -------------------------------------------------------------------------------

// "bot@3 (v1.2.0)": what it was compared with.
static str other(arena *a, const suggested *g) {
    str tag = cli_text(g->about, "against_tag");
    return arena_printf(a, "%.*s@%lld%s%.*s%s", STR_F(g->repo),
                        (long long)cli_int(g->about, "against", 0), tag.n ? " (" : "",
                        STR_F(tag), tag.n ? ")" : "");
}

// "minor against bot@3 (v1.2.0)"
static str step(arena *a, const suggested *g) {
    str name = cli_text(g->about, "step");
    if (!cli_int(g->about, "against", 0)) return name;
    return arena_printf(a, "%.*s against %.*s", STR_F(name), STR_F(other(a, g)));
}

typedef VEC(str) reasons;

// Those that decide, which come first; *more: how many are left out.
static reasons deciding(arena *a, const suggested *g, size_t *more) {
    const json_value *list = json_get(g->about, "reasons");
    str decided = cli_text(g->about, "step");
    reasons out = {0};
    *more = 0;
    for (const json_value *r = list ? list->child : NULL; r; r = r->next) {
        str fact = cli_text(r, "fact"), text = cli_text(r, "text");
        if (!str_eq(cli_text(r, "step"), decided)) continue;
        if (out.n == SHOWN)
            ++*more;
        else
            vec_push(a, &out, arena_printf(a, "%.*s: %.*s", STR_F(fact), STR_F(text)));
    }
    return out;
}

static bool is_same(const suggested *g) {
    return str_is(cli_text(g->about, "step"), "same");
}

void suggested_show(cli_session *s, const suggested *g) {
    size_t more;
    arena *a = s->a;
    str name = cli_text(g->about, "version");
    reasons why = deciding(a, g, &more);
    if (is_same(g) && cli_int(g->about, "against", 0) != g->number)
        cli_line(s, "equals", other(a, g), OUT_PLAIN);
    if (!name.n) return;
    cli_line(s, "suggested", arena_printf(a, "%.*s, %.*s", STR_F(name), STR_F(step(a, g))),
             OUT_PLAIN);
    for (size_t i = 0; i < why.n; i++)
        cli_line(s, "because", why.p[i], OUT_PLAIN);
    if (more) cli_line(s, "because", arena_printf(a, "... %zu more", more), OUT_PLAIN);
}

// ---- sealing --------------------------------------------------------------------------------

static str reason(arena *a, const suggested *g) {
    size_t more;
    reasons why = deciding(a, g, &more);
    str out = step(a, g);
    for (size_t i = 0; i < why.n; i++)
        out = arena_printf(a, "%.*s; %.*s", STR_F(out), STR_F(why.p[i]));
    return str_upto_code_points(out, REF_REASON_MAX); // paths of files are long at times
}

bool suggested_seal(cli_session *s, suggested *g, bool message) {
    arena *a = s->a;
    str name = cli_text(g->about, "version");
    if (is_same(g) && cli_text(g->about, "against_tag").n) return true;
    if (!name.n)
        return err_set(&s->e, ERR_STATE,
                       "%.*s@%lld has the content of %.*s, which has no semantic tag: seal "
                       "that one",
                       STR_F(g->repo), (long long)g->number, STR_F(other(a, g)));
    str why = message && s->o->message.n ? s->o->message : reason(a, g);
    str body = arena_printf(a, "{\"kind\":\"tag\",\"version\":%lld,\"reason\":%.*s}",
                            (long long)g->number, STR_F(cli_json_text(a, why)));
    g->move =
        cli_call(s->c, "PUT", cli_ref_path(a, g->repo, name, ""), body, &g->move_text, &s->e);
    return g->move != NULL;
}

void suggested_show_seal(cli_session *s, const suggested *g) {
    if (g->move) {
        cli_say_move(s, "", g->repo, g->move);
        return;
    }
    str tag = cli_text(g->about, "against_tag");
    if (!is_same(g) || !tag.n) return;
    out_safe(&s->t, arena_printf(s->a, "%.*s@%lld is %.*s already", STR_F(g->repo),
                                 (long long)g->number, STR_F(tag)));
    out_add(&s->t, STR("\n"));
}

str suggested_json(arena *a, const suggested *g) {
    return g->move ? cli_json_with(a, g->text, "move", g->move_text) : g->text;
}
