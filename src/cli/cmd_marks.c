// SPDX-License-Identifier: Apache-2.0
// marks: what takes something back: mark and unmark a version, delete one, remove a ref. All
// say why. One thread.
#include "cli/repos.h"

// Sends it and says "<did> bot@v3<rest>".
static bool send(cli_session *s, const char *method, str path, str body, str done) {
    str text;
    if (!cli_call(s->c, method, path, body, &text, &s->e)) return false;
    if (s->o->json.n) {
        cli_put_json(s, text);
        return true;
    }
    out_safe(&s->t, done);
    out_add(&s->t, STR("\n"));
    return true;
}

// Of a mark that the version has; empty without it.
static str reason_of(const json_value *version, str mark) {
    for (const json_value *m = json_get(version, "marks")->child; m; m = m->next)
        if (str_eq(cli_text(m, "mark"), mark)) return cli_text(m, "reason");
    return (str){0};
}

static bool set_mark(cli_session *s, bool set) {
    str path, name, mark = s->o->words[1];
    const json_value *found = cli_resolve(s, s->o->words[0], NULL);
    if (!found) return false;
    cli_version_of(s, found, &path, &name);
    str was = set ? reason_of(json_get(found, "version"), mark) : STR("");
    str body = arena_printf(s->a, "{\"mark\":%.*s,\"set\":%s,\"reason\":%.*s}",
                            STR_F(cli_json_text(s->a, mark)), set ? "true" : "false",
                            STR_F(cli_json_text(s->a, s->o->message)));
    str done = arena_printf(s->a, "%.*s is %s%.*s%s%.*s", STR_F(name), set ? "" : "no longer ",
                            STR_F(mark), was.n ? "; the reason was: " : "", STR_F(was));
    return send(s, "POST", arena_printf(s->a, "%.*s/mark", STR_F(path)), body, done);
}

static bool mark(cli_session *s) {
    return set_mark(s, true);
}

static bool unmark(cli_session *s) {
    return set_mark(s, false);
}

// ", with its aliases prod, candidate"; nothing without one.
static str with_aliases(cli_session *s, const json_value *version) {
    str out = {0};
    for (const json_value *v = json_get(version, "aliases")->child; v; v = v->next)
        out = arena_printf(s->a, "%.*s%s%.*s", STR_F(out), out.n ? ", " : ", with its aliases ",
                           STR_F(v->text));
    return out;
}

static bool delete (cli_session *s) {
    str path, what;
    const json_value *found = NULL;
    if (!cli_has_reason(s) || !(found = cli_resolve(s, s->o->words[0], NULL))) return false;
    cli_version_of(s, found, &path, &what);
    str all = with_aliases(s, json_get(found, "version"));
    return cli_confirm(s, "delete", arena_printf(s->a, "%.*s%.*s", STR_F(what), STR_F(all))) &&
           send(s, "DELETE", path, cli_reason_json(s),
                arena_printf(s->a, "deleted %.*s", STR_F(what)));
}

static bool unref(cli_session *s) {
    str repo, ref, expected;
    if (!cli_split_ref(s, s->o->words[0], &repo, &ref) || !cli_expected_json(s, &expected))
        return false;
    if (!ref.p)
        return err_set(&s->e, ERR_INVALID, "which ref? Say REPO@REF, such as %.*s@prod",
                       STR_F(repo));
    str body = arena_printf(s->a, "{\"reason\":%.*s%.*s}",
                            STR_F(cli_json_text(s->a, s->o->message)), STR_F(expected));
    return send(s, "DELETE", cli_ref_path(s->a, repo, ref, ""), body,
                arena_printf(s->a, "removed %.*s@%.*s", STR_F(repo), STR_F(ref)));
}

int cmd_mark(const cli_options *o, arena *a) {
    return cli_talk(o, a, mark);
}

int cmd_unmark(const cli_options *o, arena *a) {
    return cli_talk(o, a, unmark);
}

int cmd_delete(const cli_options *o, arena *a) {
    return cli_talk(o, a, delete);
}

int cmd_unref(const cli_options *o, arena *a) {
    return cli_talk(o, a, unref);
}
