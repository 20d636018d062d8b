// SPDX-License-Identifier: Apache-2.0
// pickles: see pickles.h. One thread.
#include "cli/pickles.h"

#define NAMED_MAX  5  // imports that a warning names
#define LISTED_MAX 50 // and that show lists of a file; --json has all
#define WARNED_MAX 20 // files that are warned of, each; the others are counted

typedef struct pickles {
    cli_session *s;
    int64_t n;
    buf json;
} pickles;

static bool is_harmless(const json_value *of) {
    return str_is(cli_text(of, "verdict"), "harmless");
}

static size_t count(const json_value *imports, bool harmless) {
    size_t n = 0;
    for (const json_value *i = imports->child; i; i = i->next)
        n += is_harmless(i) == harmless;
    return n;
}

static void each(pickles *p, str repo, int64_t number,
                 bool (*fn)(void *arg, const json_value *item)) {
    cli_session *s = p->s;
    cli_list l = {.method = "GET",
                  .path =
                      arena_printf(s->a, "%.*s/versions/%lld/pickles",
                                   STR_F(cli_repo_path(s->a, repo, "")), (long long)number)};
    if (cli_each(s, &l, fn, p) && s->e.code == ERR_NONE) return;
    cli_warn(arena_printf(s->a, "warning: what its pickles would import is not known: %s",
                          s->e.msg));
    s->e = (err){0};
}

// ---- show -----------------------------------------------------------------------------------

static out_style style_of(const json_value *of) {
    str verdict = cli_text(of, "verdict");
    return str_is(verdict, "dangerous") ? OUT_RED
           : str_is(verdict, "unknown") ? OUT_YELLOW
                                        : OUT_PLAIN;
}

static void put_verdict(cli_session *s, const json_value *of) {
    out_add(&s->t, STR("  "));
    out_in(&s->t, style_of(of), arena_cstr(s->a, cli_text(of, "verdict")));
}

static void put_imports(cli_session *s, const json_value *imports) {
    size_t n = 0, known = count(imports, true), others = count(imports, false);
    for (const json_value *i = imports->child; i && n < LISTED_MAX; i = i->next) {
        if (is_harmless(i)) continue;
        out_add(&s->t, STR("            imports "));
        out_safe(&s->t, cli_text(i, "name"));
        put_verdict(s, i);
        out_add(&s->t, STR("\n"));
        n++;
    }
    if (others > n) out_printf(&s->t, "            and %zu more\n", others - n);
    if (known) out_printf(&s->t, "            imports %zu known to be harmless\n", known);
}

static bool show(void *arg, const json_value *item) {
    pickles *p = arg;
    cli_session *s = p->s;
    str problem = cli_text(item, "problem");
    out_printf(&s->t, "%s%-10s%s", out_begin(&s->t, OUT_DIM), p->n++ ? "" : "pickles",
               out_end(&s->t));
    out_safe(&s->t, cli_text(item, "path"));
    put_verdict(s, item);
    if (problem.n) {
        out_add(&s->t, STR("  not read to its end: "));
        out_safe(&s->t, problem);
    }
    out_add(&s->t, STR("\n"));
    put_imports(s, json_get(item, "imports"));
    return true;
}

void cli_pickles_show(cli_session *s, str repo, int64_t number) {
    pickles p = {.s = s};
    each(&p, repo, number, show);
}

// ---- JSON -----------------------------------------------------------------------------------

static void put_member(json_writer *w, const json_value *of, const char *name) {
    str value = cli_text(of, name);
    if (!value.n) return;
    json_key(w, str_of(name));
    json_string(w, value);
}

static bool put_json(void *arg, const json_value *item) {
    pickles *p = arg;
    json_writer w = json_writer_new(&p->json);
    if (p->n++) buf_byte(&p->json, ',');
    json_object(&w);
    put_member(&w, item, "path");
    put_member(&w, item, "verdict");
    put_member(&w, item, "problem");
    json_m_array(&w, "imports");
    for (const json_value *i = json_get(item, "imports")->child; i; i = i->next) {
        json_object(&w);
        put_member(&w, i, "name");
        put_member(&w, i, "verdict");
        json_object_end(&w);
    }
    json_array_end(&w);
    json_object_end(&w);
    return true;
}

str cli_pickles_json(cli_session *s, str repo, int64_t number) {
    pickles p = {.s = s, .json = BUF_MAX(SIZE_MAX)};
    buf_byte(&p.json, '[');
    each(&p, repo, number, put_json);
    buf_byte(&p.json, ']');
    str out = arena_str(s->a, buf_view(&p.json));
    buf_free(&p.json);
    return out;
}

// ---- warnings -------------------------------------------------------------------------------

// "os.system, mine.Model and 3 more"
static str names(arena *a, const json_value *imports) {
    size_t n = 0, others = count(imports, false);
    str out = {0};
    for (const json_value *i = imports->child; i && n < NAMED_MAX; i = i->next) {
        if (is_harmless(i)) continue;
        out = arena_printf(a, "%.*s%s%.*s", STR_F(out), n++ ? ", " : "",
                           STR_F(cli_text(i, "name")));
    }
    return others > n ? arena_printf(a, "%.*s and %zu more", STR_F(out), others - n) : out;
}

static bool warn(void *arg, const json_value *item) {
    pickles *p = arg;
    arena *a = p->s->a;
    str path = cli_text(item, "path"), problem = cli_text(item, "problem");
    str found = names(a, json_get(item, "imports"));
    if (is_harmless(item) || p->n++ >= WARNED_MAX) return true;
    if (found.n)
        cli_warn(arena_printf(
            a, "warning: whoever loads %.*s runs %.*s: %s", STR_F(path), STR_F(found),
            str_is(cli_text(item, "verdict"), "dangerous") ? "dangerous, load it nowhere"
                                                           : "not known to be harmless"));
    if (problem.n)
        cli_warn(arena_printf(a, "warning: what loading %.*s would run is not all known: %.*s",
                              STR_F(path), STR_F(problem)));
    return true;
}

void cli_pickles_warn(cli_session *s, str repo, int64_t number) {
    pickles p = {.s = s};
    each(&p, repo, number, warn);
    if (p.n > WARNED_MAX)
        cli_warn(arena_printf(s->a,
                              "warning: %lld more files are not known to be harmless: 'stemma "
                              "show %.*s@%lld' names them",
                              (long long)(p.n - WARNED_MAX), STR_F(repo), (long long)number));
}
