// SPDX-License-Identifier: Apache-2.0
// push: a folder as a new version of a repo. One thread.
#include "base/clock.h"
#include "cli/pairs.h"
#include "cli/pickles.h"
#include "cli/push.h"
#include "cli/suggested.h"
#include "core/artifact.h"
#include "core/prompt.h"
#include "store/pickle.h"

static bool put_tags(cli_session *s, json_writer *w) {
    kv *v;
    size_t n;
    if (!cli_pairs(s->a, "--tag", s->o->tag, &v, &n, &s->e)) return false;
    json_m_array(w, "tags");
    cli_put_pairs(w, v, n);
    json_array_end(w);
    return true;
}

static void put_base(cli_session *s, json_writer *w, str base) {
    json_m_array(w, "parents");
    json_object(w);
    json_m_string(w, "relation", s->o->relation);
    json_m_string(w, "address", base);
    json_object_end(w);
    json_array_end(w);
}

static bool publish(push *p, str repo, str base, str run, str *reply, const json_value **out) {
    cli_session *s = p->s;
    const cli_options *o = s->o;
    buf b = BUF_MAX(1u << 20);
    json_writer w = json_writer_new(&b);
    json_object(&w);
    json_m_string(&w, "tree", p->tree);
    json_m_string(&w, "kind", o->kind.n ? o->kind : STR("model"));
    json_m_string(&w, "source", p->scan.top);
    if (run.n) json_m_string(&w, "run", run);
    if (base.n) put_base(s, &w, base);
    if (!put_tags(s, &w)) {
        buf_free(&b);
        return false;
    }
    if (o->message.n) json_m_string(&w, "description", o->message);
    if (o->again.n) json_m_bool(&w, "again", true);
    json_object_end(&w);
    *out = cli_call(s->c, "POST", cli_repo_path(s->a, repo, "/versions"), buf_view(&b), reply,
                    &s->e);
    buf_free(&b);
    return *out != NULL;
}

static void show(push *p, const json_value *reply, const suggested *g) {
    cli_session *s = p->s;
    arena *a = s->a;
    bool made = cli_true(reply, "created");
    const json_value *v = json_get(reply, "version");
    out_safe(&s->t, cli_text(v, "repo"));
    out_printf(&s->t, "@%lld  %s\n", (long long)cli_int(v, "number", 0),
               made ? "new" : "nothing has changed");
    cli_line(s, "content", cli_text(v, "content"), OUT_PLAIN);
    cli_line(s, "files",
             arena_printf(a, "%zu, %.*s", p->scan.n, STR_F(out_bytes(a, (int64_t)p->bytes))),
             OUT_PLAIN);
    cli_line(s, "sent",
             arena_printf(a, "%llu, %.*s", (unsigned long long)p->objects,
                          STR_F(out_bytes(a, (int64_t)p->sent))),
             OUT_PLAIN);
    cli_line(s, "page", cli_version_link(s, v), OUT_PLAIN);
    if (!g->about) return;
    suggested_show(s, g);
    if (s->o->tag_suggested.n) suggested_show_seal(s, g);
}

// The server's object with what travelled, and what is suggested.
static void show_json(push *p, str reply, const suggested *g) {
    arena *a = p->s->a;
    str sent = arena_printf(a, "{\"objects\":%llu,\"bytes\":%llu}",
                            (unsigned long long)p->objects, (unsigned long long)p->sent);
    str out = cli_json_with(a, reply, "sent", sent);
    if (g->about) out = cli_json_with(a, out, "suggested", suggested_json(a, g));
    cli_put_json(p->s, out);
}

// What is suggested for a new version, and for an old one that shall be sealed. The version is
// published by now: that nothing can be suggested is an error only when it was to be sealed.
static bool suggest(cli_session *s, const json_value *reply, suggested *g) {
    const json_value *v = json_get(reply, "version");
    bool seal = s->o->tag_suggested.n > 0;
    if (!seal && !cli_true(reply, "created")) return true;
    if (suggested_ask(s, cli_text(v, "repo"), cli_int(v, "number", 0), g))
        return !seal || suggested_seal(s, g, false);
    if (seal) return false;
    cli_warn(arena_printf(s->a, "no semantic version is suggested: %s", s->e.msg));
    s->e = (err){0};
    return true;
}

// What its pickles would run, if the folder has any.
static void warn_of_pickles(push *p, const json_value *reply) {
    const json_value *v = json_get(reply, "version");
    bool any = false;
    for (size_t i = 0; i < p->scan.n && !any; i++)
        any = pickle_naming_of(p->scan.files[i].path) != PICKLE_NOT_NAMED;
    if (any)
        cli_pickles_warn(p->s, arena_str(p->s->a, cli_text(v, "repo")),
                         cli_int(v, "number", 0));
}

// The version that is there is not changed by what was said of it.
static void warn_of_not_recorded(cli_session *s, const json_value *reply) {
    const cli_options *o = s->o;
    const struct {
        const char *option;
        str given;
    } said[] = {{"--run", o->run}, {"--base", o->base}, {"--tag", o->tag}, {"-m", o->message}};
    str list = {0};
    for (size_t i = 0; i < sizeof said / sizeof *said; i++)
        if (said[i].given.n)
            list =
                arena_printf(s->a, "%.*s%s%s", STR_F(list), list.n ? ", " : "", said[i].option);
    if (list.n && !cli_true(reply, "created"))
        cli_warn(arena_printf(s->a, "not recorded: %.*s; --again publishes a new version",
                              STR_F(list)));
}

// MLflow's clients load no prompt out of what the server says is none.
static void warn_of_no_prompt(const json_value *reply) {
    const json_value *tags = json_get(json_get(reply, "version"), "tags");
    if (cli_true(reply, "created") && str_is(cli_text(tags, PROMPT_TAG_IS), "false"))
        cli_warn(
            STR("MLflow's clients can not load this version: no file at the top is the prompt. "
                "Name it prompt.txt, or messages.json for a chat; it is UTF-8 text without "
                "NUL characters, of 100,000 characters at most"));
}

// Is it a name by which MLflow's clients ask for a file, and get it? They and the server read
// escapes, and take no drive, query or fragment.
static bool mlflow_loads(str path) {
    static const char odd[] = "%#?\\:";
    size_t at = 0;
    while (at < path.n && !strchr(odd, path.p[at]))
        at++;
    if (at == path.n) return true;
    arena *a = arena_new();
    err refused;
    str same;
    bool ok = artifact_path(a, path, &same, &refused) && str_eq(same, path) &&
              str_find(path, '?', 0) == SIZE_MAX;
    arena_free(a);
    return ok;
}

static void warn_of_odd_names(push *p, const json_value *reply) {
    size_t n = 0;
    str first = {0};
    if (!cli_true(reply, "created")) return;
    for (size_t i = 0; i < p->scan.n; i++) {
        if (mlflow_loads(p->scan.files[i].path)) continue;
        if (!n++) first = p->scan.files[i].path;
    }
    if (n)
        cli_warn(arena_printf(p->s->a,
                              "MLflow's clients can not load this version: they take no name "
                              "such as '%.*s' (%zu of %zu files); 'stemma pull' does",
                              STR_F(first), n, p->scan.n));
}

// A kind that was given is held against the repo before anything travels.
static bool kind_fits(cli_session *s, str repo) {
    str text;
    if (!s->o->kind.n) return true;
    const json_value *r =
        cli_call(s->c, "GET", cli_repo_path(s->a, repo, ""), (str){0}, &text, &s->e);
    if (!r && s->e.code == ERR_NOT_FOUND) s->e = (err){0};
    if (!r) return s->e.code == ERR_NONE;
    return str_eq(cli_text(r, "kind"), s->o->kind) ||
           err_set(&s->e, ERR_STATE, "'%.*s' is a %.*s repo, not one of kind %.*s",
                   STR_F(str_upto_code_points(repo, 300)), STR_F(cli_text(r, "kind")),
                   STR_F(s->o->kind));
}

static bool push_folder(cli_session *s) {
    push p = {.s = s};
    const cli_options *o = s->o;
    str run = {0}, reply = {0}, repo = o->words[1], base = o->base;
    suggested g = {0};
    const json_value *v;
    int64_t began_us = clock_now_us();
    if (!cli_take_workspace(s, &repo) || !cli_take_workspace(s, &base)) return false;
    if (!kind_fits(s, repo) || (o->run.n && !cli_run_named(s, o->run, &run))) return false;
    if (!scan_folder(s->a, o->words[0], cli_warn, &p.scan, &s->e)) return false;
    if (o->strict_names.n && p.scan.collisions)
        return err_set(
            &s->e, ERR_INVALID,
            "names collide, and --strict-names was given: rename them, or leave some "
            "out by .stemmaignore");
    pushed_read(s->a, cli_client_place(s->c), &p.scan, &p.last);
    if (o->again.n) p.last.has_tree = false; // the server is asked about all of it
    if (!push_tree(&p)) return false;
    sha256 tree;
    if (sha256_parse(p.tree, &tree)) pushed_write(&p.last, &p.scan, tree, began_us);
    if (!publish(&p, repo, base, run, &reply, &v)) return false;
    bool ok = suggest(s, v, &g);
    if (o->json.n)
        show_json(&p, reply, &g);
    else
        show(&p, v, &g);
    warn_of_not_recorded(s, v);
    warn_of_pickles(&p, v);
    warn_of_no_prompt(v);
    warn_of_odd_names(&p, v);
    return ok;
}

int cmd_push(const cli_options *o, arena *a) {
    return cli_talk(o, a, push_folder);
}
