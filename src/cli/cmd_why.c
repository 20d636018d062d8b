// SPDX-License-Identifier: Apache-2.0
// why: what explains that a metric of one version differs from another's; evidence first, and
// what was only different at the end. One thread.
#include "cli/repos.h"

// "config.lr" of a name, as people read it.
static str name_of(cli_session *s, const json_value *x) {
    static const struct {
        const char *source, *shown;
    } shown[] = {{"config", "config."},
                 {"tag", "tags."},
                 {"version-tag", "version tag "},
                 {"data", "data "},
                 {"parent", "parent, "}};
    str source = cli_text(x, "source");
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
        if (str_is(source, shown[i].source))
            return arena_printf(s->a, "%s%.*s", shown[i].shown, STR_F(cli_text(x, "key")));
    return cli_text(x, "key");
}

static str value_of(const json_value *x, const char *key) {
    return json_get(x, key) ? cli_text(x, key) : STR("(none)");
}

static bool has_evidence(const json_value *x, const char *evidence) {
    return str_is(cli_text(x, "evidence"), evidence);
}

// ---- one key --------------------------------------------------------------------------------

static void put_title(cli_session *s, const json_value *x) {
    out_printf(&s->t, "  %s", out_begin(&s->t, OUT_BOLD));
    out_safe(&s->t, name_of(s, x));
    out_printf(&s->t, "%s  ", out_end(&s->t));
    out_safe(&s->t, value_of(x, "a"));
    out_add(&s->t, STR(" -> "));
    out_safe(&s->t, value_of(x, "b"));
    out_add(&s->t, STR("\n"));
}

static void put_with(cli_session *s, const json_value *x) {
    const json_value *with = json_get(x, "with");
    if (!with->child) return;
    out_add(&s->t, STR("    always changes together with "));
    for (const json_value *w = with->child; w; w = w->next) {
        out_safe(&s->t, name_of(s, w));
        if (w->next) out_add(&s->t, STR(", "));
    }
    out_add(&s->t, STR(": they can not be told apart\n"));
}

static void put_pairs(cli_session *s, const json_value *x) {
    int64_t told = 0, all = cli_int(x, "experiments", 0);
    for (const json_value *p = json_get(x, "pairs")->child; p; p = p->next, told++) {
        out_printf(&s->t, "    only this changed from v%lld to v%lld: ",
                   (long long)cli_int(p, "from", 0), (long long)cli_int(p, "to", 0));
        out_safe(&s->t, value_of(p, "from_value"));
        out_add(&s->t, STR(" -> "));
        out_safe(&s->t, value_of(p, "to_value"));
        out_printf(&s->t, ", the metric %.*s -> %.*s\n",
                   STR_F(out_number(s->a, json_get(p, "before"))),
                   STR_F(out_number(s->a, json_get(p, "after"))));
    }
    if (all > told)
        out_printf(&s->t, "    and %lld more such pairs of versions\n",
                   (long long)(all - told));
}

static void put_statistics(cli_session *s, const json_value *x) {
    const json_value *rho = json_get(x, "rho");
    out_printf(&s->t, "    over %lld versions with %lld values: ",
               (long long)cli_int(x, "versions", 0), (long long)cli_int(x, "values", 0));
    if (rho)
        out_printf(&s->t, "rank correlation %.*s", STR_F(out_number(s->a, rho)));
    else
        out_printf(&s->t, "its groups hold %.*s of the variance",
                   STR_F(out_number(s->a, json_get(x, "share"))));
    out_printf(&s->t, ", p %s%.*s\n", cli_true(x, "exact") ? "= " : "about ",
               STR_F(out_number(s->a, json_get(x, "p"))));
}

static void put_key(cli_session *s, const json_value *x) {
    put_title(s, x);
    put_pairs(s, x);
    put_statistics(s, x);
    put_with(s, x);
}

// ---- the answer -----------------------------------------------------------------------------

static void put_part(cli_session *s, const json_value *keys, const char *evidence,
                     const char *title) {
    bool any = false;
    for (const json_value *x = keys->child; x; x = x->next) {
        if (!has_evidence(x, evidence)) continue;
        if (!any) out_printf(&s->t, "\n%s\n", title);
        any = true;
        put_key(s, x);
    }
}

static void put_rest(cli_session *s, const json_value *keys) {
    bool any = false;
    for (const json_value *x = keys->child; x; x = x->next) {
        if (!has_evidence(x, "none")) continue;
        if (!any) out_add(&s->t, STR("\nDifferent too, without evidence that it matters:\n"));
        any = true;
        put_title(s, x);
        put_pairs(s, x);
        put_with(s, x);
    }
}

static void put_answer(cli_session *s, const json_value *reply) {
    const json_value *keys = json_get(reply, "keys");
    str repo = cli_text(reply, "repo"), noise = out_number(s->a, json_get(reply, "noise"));
    str a = out_number(s->a, json_get(reply, "a_value"));
    str b = out_number(s->a, json_get(reply, "b_value"));
    out_safe(&s->t, arena_printf(s->a, "%.*s  %.*s@%.*s %.*s -> %.*s@%.*s %.*s",
                                 STR_F(cli_text(reply, "metric")), STR_F(repo),
                                 STR_F(cli_text(reply, "a")), STR_F(a.n ? a : STR("has none")),
                                 STR_F(repo), STR_F(cli_text(reply, "b")),
                                 STR_F(b.n ? b : STR("has none"))));
    out_add(&s->t, STR("\n"));
    out_printf(&s->t, "Evidence, no proof: %lld versions of %.*s have the metric%s%.*s.\n",
               (long long)cli_int(reply, "versions", 0),
               STR_F(out_escape(s->a, repo, s->t.utf8)),
               noise.n ? "; versions without any difference differ by "
                       : "; no two are alike, so experiments can not be told from noise",
               STR_F(noise));
    put_part(s, keys, "experiment", "Experiments, of which only this differs:");
    put_part(s, keys, "associated", "Goes with the metric over the history:");
    put_rest(s, keys);
    if (!keys->child) out_add(&s->t, STR("\nNothing that was logged differs.\n"));
    if (cli_true(reply, "cut"))
        cli_warn(STR("older versions, or some keys, were not looked at"));
}

static bool why(cli_session *s) {
    const cli_options *o = s->o;
    str text, a = o->words[0], b = o->vs;
    if (!b.n)
        return err_set(&s->e, ERR_INVALID, "compared with which version? Say --vs ADDRESS");
    if (!cli_take_workspace(s, &a) || !cli_take_workspace(s, &b)) return false;
    str path = arena_printf(s->a, "/why?a=%.*s&b=%.*s", STR_F(http_client_escape(s->a, a)),
                            STR_F(http_client_escape(s->a, b)));
    if (o->metric.n)
        path = arena_printf(s->a, "%.*s&metric=%.*s", STR_F(path),
                            STR_F(http_client_escape(s->a, o->metric)));
    const json_value *reply = cli_call(s->c, "GET", path, (str){0}, &text, &s->e);
    if (!reply) return false;
    if (o->json.n)
        cli_put_json(s, text);
    else
        put_answer(s, reply);
    return true;
}

int cmd_why(const cli_options *o, arena *a) {
    return cli_talk(o, a, why);
}
