// SPDX-License-Identifier: Apache-2.0
// protect: what a repo asks for before a ref moves or a version is published: set, list,
// remove; how a version stands; and approve. One thread.
#include "cli/repos.h"

#define NOTHING "none" // of --require and --rule: nothing is asked for

enum { BODY_MAX = 1 << 20 };

// "REPO[@REF]" of the first word: the path of its protections, and the ref (p NULL:
// publishing).
static bool target(cli_session *s, str *path, str *repo, str *ref) {
    if (!cli_split_ref(s, s->o->words[0], repo, ref)) return false;
    *path = cli_repo_path(s->a, *repo, "/protections");
    return true;
}

// "config, card" of a list of texts.
static str joined(cli_session *s, const json_value *list) {
    str out = {0};
    for (const json_value *v = list ? list->child : NULL; v; v = v->next)
        out = arena_printf(s->a, "%.*s%s%.*s", STR_F(out), out.n ? ", " : "", STR_F(v->text));
    return out;
}

// ---- protections ----------------------------------------------------------------------------

static bool put_list(cli_session *s, const json_value *reply) {
    static const out_column columns[] = {{STR_K("ref"), 0, 0},
                                         {STR_K("requires"), 0, 0},
                                         {STR_K("rule"), 0, 0},
                                         {STR_K("approvals"), OUT_RIGHT, 0},
                                         {STR_K("set by"), 0, 1}};
    out_table *t = out_table_new(&s->t, columns, 5, false);
    for (const json_value *p = json_get(reply, "items")->child; p; p = p->next) {
        str name = cli_text(p, "ref");
        out_row(
            t, (out_cell[]){{name.n ? name : STR("(publishing)"), name.n ? OUT_PLAIN : OUT_DIM},
                            {joined(s, json_get(p, "require")), OUT_PLAIN},
                            {cli_text(p, "rule"), OUT_PLAIN},
                            {cli_text(p, "approvals"), OUT_PLAIN},
                            {cli_text(p, "user"), OUT_PLAIN}});
    }
    out_table_end(t);
    return true;
}

static bool call(cli_session *s, const char *method, str path, str body) {
    str text;
    const json_value *reply = cli_call(s->c, method, path, body, &text, &s->e);
    if (!reply) return false;
    if (!s->o->json.n) return put_list(s, reply);
    cli_put_json(s, text);
    return true;
}

static bool list(cli_session *s) {
    str path, repo, ref;
    return target(s, &path, &repo, &ref) && call(s, "GET", path, (str){0});
}

// ---- what is asked for ----------------------------------------------------------------------

static void put_parts(json_writer *w, str parts) {
    json_m_array(w, "require");
    for (str part; str_split(&parts, ',', &part);) {
        part = str_trim(part);
        if (part.n && !str_is(part, NOTHING)) json_string(w, part);
    }
    json_array_end(w);
}

// Only of what was given: the rest stays as it is.
static void put_asked(json_writer *w, const cli_options *o) {
    int64_t approvals = 0;
    if (cli_given(o, "require")) put_parts(w, o->require);
    if (cli_given(o, "rule"))
        json_m_string(w, "rule", str_is(o->rule, NOTHING) ? STR("") : o->rule);
    if (cli_given(o, "approvals") && cli_number(o->approvals, &approvals))
        json_m_i64(w, "approvals", approvals);
}

// Of a ref, or of publishing; `asked` NULL: nothing else.
static str body_of(cli_session *s, str ref, const cli_options *asked) {
    buf b = BUF_MAX(BODY_MAX);
    json_writer w = json_writer_new(&b);
    json_object(&w);
    if (ref.p) json_m_string(&w, "ref", ref);
    if (asked) put_asked(&w, asked);
    json_object_end(&w);
    str body = arena_str(s->a, buf_view(&b));
    buf_free(&b);
    return body;
}

// "2 -> 3"; what it was already, or of what was not protected before, alone.
static void put_change(cli_session *s, const char *label, bool was_there, str was, str is) {
    if (!was.n) was = STR(NOTHING);
    if (!is.n) is = STR(NOTHING);
    bool changed = was_there && !str_eq(was, is);
    cli_line(s, label, changed ? arena_printf(s->a, "%.*s -> %.*s", STR_F(was), STR_F(is)) : is,
             changed ? OUT_BOLD : OUT_PLAIN);
}

static void put_set(cli_session *s, const json_value *reply, str repo, str ref) {
    const json_value *was = json_get(reply, "was"), *is = json_get(reply, "items")->child;
    while (is && !str_eq(cli_text(is, "ref"), ref))
        is = is->next;
    cli_line(s, "protected",
             ref.n ? arena_printf(s->a, "%.*s@%.*s", STR_F(repo), STR_F(ref))
                   : arena_printf(s->a, "publishing in %.*s", STR_F(repo)),
             OUT_PLAIN);
    put_change(s, "requires", was, joined(s, json_get(was, "require")),
               joined(s, json_get(is, "require")));
    if (!ref.n) return;
    put_change(s, "rule", was, cli_text(was, "rule"), cli_text(is, "rule"));
    put_change(s, "approvals", was, cli_text(was, "approvals"), cli_text(is, "approvals"));
}

static bool set(cli_session *s) {
    str path, repo, ref, text;
    if (!target(s, &path, &repo, &ref)) return false;
    const json_value *reply = cli_call(s->c, "PUT", path, body_of(s, ref, s->o), &text, &s->e);
    if (!reply) return false;
    if (s->o->json.n)
        cli_put_json(s, text);
    else
        put_set(s, reply, repo, ref);
    return true;
}

// ---- remove ---------------------------------------------------------------------------------

static bool take_away(cli_session *s) {
    str path, repo, ref;
    return target(s, &path, &repo, &ref) && call(s, "DELETE", path, body_of(s, ref, NULL));
}

// ---- a version before a ref -----------------------------------------------------------------

static void put_readiness(cli_session *s, const json_value *r) {
    str lacks = joined(s, json_get(r, "lacks"));
    bool ready = cli_true(r, "ready");
    str needed = cli_text(r, "approvals_needed");
    if (cli_true(r, "protected"))
        cli_line(s, "ready", ready ? STR("yes") : STR("no"), ready ? OUT_GREEN : OUT_RED);
    else
        cli_line(s, "ready", STR("not protected: nothing is asked for"), OUT_YELLOW);
    cli_line(s, "has", joined(s, json_get(r, "has")), OUT_PLAIN);
    cli_line(s, "lacks", lacks, OUT_RED);
    cli_line(s, "rule", cli_text(r, "rule"), OUT_PLAIN);
    cli_line(s, "fails", cli_text(r, "rule_fails"), OUT_RED);
    size_t n = 0;
    for (const json_value *v = json_get(r, "approvals")->child; v; v = v->next) {
        bool counts = cli_true(v, "counts");
        cli_line(s, "approved",
                 arena_printf(s->a, "%.*s  %.*s%s", STR_F(cli_text(v, "user")),
                              STR_F(cli_text(v, "reason")),
                              counts ? "" : "  (counts no more: disabled, or no writer now)"),
                 counts ? OUT_PLAIN : OUT_DIM);
        n += counts;
    }
    if (!str_eq(needed, STR("0")))
        cli_line(s, "approvals", arena_printf(s->a, "%zu of %.*s", n, STR_F(needed)),
                 OUT_PLAIN);
}

// Of the version that the first word means and the ref that the second names.
static bool of_version(cli_session *s, const char *method, const char *rest, str body,
                       bool *ready) {
    str text, path, name;
    if (!cli_version_named(s, s->o->words[0], &path, &name)) return false;
    path = arena_printf(s->a, "%.*s%s", STR_F(path), rest);
    const json_value *reply = cli_call(s->c, method, path, body, &text, &s->e);
    if (!reply) return false;
    *ready = cli_true(reply, "ready");
    if (s->o->json.n)
        cli_put_json(s, text);
    else
        put_readiness(s, reply);
    return true;
}

static bool check(cli_session *s) {
    bool ready;
    str rest = STR("/readiness");
    if (s->o->n_words > 1)
        rest = arena_printf(s->a, "/readiness?ref=%.*s",
                            STR_F(http_client_escape(s->a, s->o->words[1])));
    if (!of_version(s, "GET", arena_cstr(s->a, rest), (str){0}, &ready)) return false;
    if (!ready) s->code = CLI_FAILED;
    return true;
}

static bool approve(cli_session *s) {
    bool ready; // or not: it was approved
    if (s->o->user.n && !s->o->withdraw.n)
        return err_set(&s->e, ERR_INVALID,
                       "--user goes with --withdraw: people approve themselves");
    str body = arena_printf(
        s->a, "{\"ref\":%.*s,\"reason\":%.*s,\"withdraw\":%s,\"user\":%.*s}",
        STR_F(cli_json_text(s->a, s->o->words[1])), STR_F(cli_json_text(s->a, s->o->message)),
        s->o->withdraw.n ? "true" : "false", STR_F(cli_json_text(s->a, s->o->user)));
    return of_version(s, "POST", "/approve", body, &ready);
}

int cmd_protect_list(const cli_options *o, arena *a) {
    return cli_talk(o, a, list);
}

int cmd_protect_set(const cli_options *o, arena *a) {
    return cli_talk(o, a, set);
}

int cmd_protect_remove(const cli_options *o, arena *a) {
    return cli_talk(o, a, take_away);
}

int cmd_protect_check(const cli_options *o, arena *a) {
    return cli_talk(o, a, check);
}

int cmd_approve(const cli_options *o, arena *a) {
    return cli_talk(o, a, approve);
}
