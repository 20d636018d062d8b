// SPDX-License-Identifier: Apache-2.0
// repos: see repos.h. One thread.
#include "cli/repos.h"

#include "core/workspace.h"

str cli_repo_path(arena *a, str repo, const char *rest) {
    return arena_printf(a, "/repos/%.*s%s", STR_F(http_client_escape(a, repo)), rest);
}

str cli_ref_path(arena *a, str repo, str ref, const char *rest) {
    str path = cli_repo_path(a, repo, "/refs");
    return arena_printf(a, "%.*s/%.*s%s", STR_F(path), STR_F(http_client_escape(a, ref)), rest);
}

str cli_version_link(cli_session *s, const json_value *version) {
    str path = cli_repo_path(s->a, cli_text(version, "repo"), "/versions");
    return cli_page_link(s->c, s->a,
                         arena_printf(s->a, "%.*s/%lld", STR_F(str_from(path, 1)),
                                      (long long)cli_int(version, "number", 0)));
}

// A command works in one workspace.
static bool same_workspace(cli_session *s, str name) {
    str other = s->workspace.n                ? s->workspace
                : cli_said(s->o, "workspace") ? s->o->workspace
                                              : name;
    return str_eq(name, other) ||
           err_set(&s->e, ERR_INVALID,
                   "'%.*s' and '%.*s' are two workspaces: a command works in one",
                   STR_F(str_upto_code_points(other, WORKSPACE_NAME_MAX)),
                   STR_F(str_upto_code_points(name, WORKSPACE_NAME_MAX)));
}

bool cli_take_workspace(cli_session *s, str *address) {
    str before = str_upto(*address, str_find(*address, '@', 0));
    size_t slash = str_find(before, '/', 0);
    str name = str_upto(*address, slash);
    if (slash == SIZE_MAX || str_find_str(before, STR("://"), 0) != SIZE_MAX) return true;
    if (!name.n || slash + 1 == address->n)
        return err_set(&s->e, ERR_INVALID, "'%.*s' is not written WORKSPACE/REPO",
                       STR_F(str_upto_code_points(*address, 300)));
    if (!same_workspace(s, name)) return false;
    *address = str_from(*address, slash + 1);
    s->workspace = name;
    return cli_use_workspace(s->c, name, &s->e);
}

const json_value *cli_resolve(cli_session *s, str address, str *text) {
    if (!cli_take_workspace(s, &address)) return NULL;
    str path =
        arena_printf(s->a, "/resolve?address=%.*s", STR_F(http_client_escape(s->a, address)));
    return cli_call(s->c, "GET", path, (str){0}, text, &s->e);
}

bool cli_split_ref(cli_session *s, str text, str *repo, str *ref) {
    if (!cli_take_workspace(s, &text)) return false;
    size_t at = str_find(text, '@', 0);
    *repo = str_upto(text, at);
    *ref = at == SIZE_MAX ? (str){0} : str_from(text, at + 1);
    if (!repo->n || (ref->p && (!ref->n || str_find(*ref, '@', 0) != SIZE_MAX)))
        return err_set(&s->e, ERR_INVALID, "'%.*s' is not written REPO or REPO@REF",
                       STR_F(str_upto_code_points(text, 300)));
    return true;
}

bool cli_has_reason(cli_session *s) {
    return str_trim(s->o->message).n ||
           err_set(&s->e, ERR_INVALID, "say why with -m: what is deleted does not come back");
}

str cli_reason_json(cli_session *s) {
    return arena_printf(s->a, "{\"reason\":%.*s}", STR_F(cli_json_text(s->a, s->o->message)));
}

str cli_version_cell(cli_session *s, const json_value *of, const char *key) {
    str number = cli_text(of, key);
    return number.n ? arena_printf(s->a, "v%.*s", STR_F(number)) : (str){0};
}

void cli_version_of(cli_session *s, const json_value *found, str *path, str *name) {
    const json_value *v = json_get(found, "version");
    str repo = cli_text(v, "repo");
    *name =
        arena_printf(s->a, "%.*s@%.*s", STR_F(repo), STR_F(cli_version_cell(s, v, "number")));
    *path = arena_printf(s->a, "%.*s/versions/%lld", STR_F(cli_repo_path(s->a, repo, "")),
                         (long long)cli_int(v, "number", 0));
}

bool cli_version_named(cli_session *s, str address, str *path, str *name) {
    const json_value *found = cli_resolve(s, address, NULL);
    if (found) cli_version_of(s, found, path, name);
    return found != NULL;
}

static void say_move(cli_session *s, str repo, str name, const json_value *move) {
    str from = cli_version_cell(s, move, "from"), to = cli_version_cell(s, move, "to");
    out_safe(&s->t, repo);
    out_add(&s->t, STR("@"));
    out_safe(&s->t, name);
    out_printf(&s->t, "  %.*s%s%.*s\n", STR_F(from), from.n ? " -> " : "", STR_F(to));
}

static void say_stands(cli_session *s, str repo, str name, const json_value *move) {
    out_safe(&s->t, arena_printf(s->a, "%.*s@%.*s", STR_F(repo), STR_F(name)));
    out_printf(&s->t, " is at %.*s already\n", STR_F(cli_version_cell(s, move, "to")));
}

void cli_say_move(cli_session *s, const char *what, str repo, const json_value *move) {
    str name = cli_text(move, "ref");
    const json_value *pins = json_get(move, "pins");
    out_printf(&s->t, "%s", what);
    if (json_get(move, "moved") && !cli_true(move, "moved"))
        say_stands(s, repo, name, move);
    else
        say_move(s, repo, name, move);
    for (const json_value *p = pins ? pins->child : NULL; p; p = p->next) {
        out_add(&s->t, STR("    "));
        say_move(s, cli_text(p, "repo"), name, p);
    }
}

bool cli_expected_json(cli_session *s, str *out) {
    int64_t number;
    str text = s->o->expect;
    *out = (str){0};
    if (!text.n) return true;
    if (text.p[0] == 'v') text = str_from(text, 1);
    if (!cli_number(text, &number))
        return err_set(&s->e, ERR_INVALID,
                       "--expect takes the number of a version, or 0: it must not be there");
    *out = arena_printf(s->a, ",\"expected\":%lld", (long long)number);
    return true;
}
