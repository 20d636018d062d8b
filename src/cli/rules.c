// SPDX-License-Identifier: Apache-2.0
// rules: see rules.h. One thread.
#include "cli/rules.h"

// ---- terms ----------------------------------------------------------------------------------

typedef struct goals {
    str fields[2];
    const char *goals[2];
    size_t n; // fields so far
    bool then;
} goals;

static bool add_goal(cli_session *s, goals *g, const char *goal, str *given) {
    str field;
    if (g->n != (g->then ? 1u : 0u))
        return err_set(&s->e, ERR_INVALID,
                       "say one --max or --min, and behind --then another: --max metrics.acc "
                       "--then --min metrics.latency");
    str_split(given, '\n', &field);
    g->goals[g->n] = goal;
    g->fields[g->n++] = field;
    return true;
}

// --max, --min and --then in the order in which they were given.
static bool read_goals(cli_session *s, goals *g) {
    str rest = s->o->order, max = s->o->max, min = s->o->min;
    *g = (goals){0};
    for (str name; str_split(&rest, '\n', &name);) {
        if (str_is(name, "max") && !add_goal(s, g, "max", &max)) return false;
        if (str_is(name, "min") && !add_goal(s, g, "min", &min)) return false;
        if (str_is(name, "then")) g->then = true;
    }
    return (g->then ? g->n == 2 : g->n < 2) ||
           err_set(&s->e, ERR_INVALID, "--then stands between --max or --min and another");
}

bool cli_terms_json(cli_session *s, str *out) {
    static const char *const names[] = {"objective", "tie"}, *const of[] = {"goal", "tie_goal"};
    goals g;
    if (!read_goals(s, &g)) return false;
    *out = STR("");
    if (s->o->where.n)
        *out = arena_printf(s->a, "\"where\":%.*s", STR_F(cli_json_text(s->a, s->o->where)));
    for (size_t i = 0; i < g.n; i++)
        *out = arena_printf(s->a, "%.*s%s\"%s\":%.*s,\"%s\":\"%s\"", STR_F(*out),
                            out->n ? "," : "", names[i],
                            STR_F(cli_json_text(s->a, g.fields[i])), of[i], g.goals[i]);
    return true;
}

// ---- shown ----------------------------------------------------------------------------------

str cli_goals_text(cli_session *s, const json_value *of) {
    str tie = cli_text(of, "tie"), goal = cli_text(of, "goal");
    return arena_printf(s->a, "%.*s%s%.*s%s%.*s%s%.*s", STR_F(goal), goal.n ? " " : "",
                        STR_F(cli_text(of, "objective")), tie.n ? ", then " : "",
                        STR_F(cli_text(of, "tie_goal")), tie.n ? " " : "", STR_F(tie));
}

static str failures_text(cli_session *s, const json_value *list) {
    str out = STR("");
    for (const json_value *f = list ? list->child : NULL; f; f = f->next)
        out = arena_printf(s->a, "%.*s%s%.*s: it has %.*s", STR_F(out), out.n ? "; " : "fails ",
                           STR_F(cli_text(f, "constraint")), STR_F(cli_text(f, "found")));
    return out;
}

str cli_verdict_text(cli_session *s, const json_value *v) {
    static const struct {
        const char *verdict, *text;
    } words[] = {{"holds", "holds"},
                 {"deleted", "deleted"},
                 {"bad", "marked bad"},
                 {"yanked", "yanked"},
                 {"no-run", "no run tells of it"},
                 {"no-value", "has no such value, or NaN"},
                 {"older", "equal in all, and older"}};
    str verdict = cli_text(v, "verdict"), by = out_number(s->a, json_get(v, "behind"));
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (str_is(verdict, words[i].verdict)) return str_of(words[i].text);
    if (str_is(verdict, "fails")) return failures_text(s, json_get(v, "failures"));
    if (str_is(verdict, "worse")) return arena_printf(s->a, "worse by %.*s", STR_F(by));
    if (!by.n) return STR("equal, and it has nothing that decides between equals");
    return arena_printf(s->a, "equal, but worse by %.*s in what decides then", STR_F(by));
}
