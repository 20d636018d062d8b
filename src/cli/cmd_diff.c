// SPDX-License-Identifier: Apache-2.0
// diff: what changed between two versions, or two runs. The small parts come as one answer, the
// tensors as lines. As with git, nothing is said of what is the same. One thread.
#include "cli/diff_show.h"
#include "cli/repos.h"

enum { EXIT_DIFFERS = 1 };

#define TENSORS "tensors"

static bool asked(const cli_session *s, const char *part) {
    if (!s->o->part.n) return true;
    str rest = s->o->part, one;
    while (str_split(&rest, '\n', &one))
        if (str_is(one, part)) return true;
    return false;
}

// A run by its name, as 'stemma lineage' has it too; anything else as it is: an address.
static bool name_run(cli_session *s, str *side) {
    if (str_starts(*side, STR("run:"))) return cli_run_named(s, str_from(*side, 4), side);
    return !cli_is_run_name(*side) || cli_run_named(s, *side, side);
}

static bool sides_of(cli_session *s, str sides[2]) {
    for (size_t i = 0; i < 2; i++) {
        sides[i] = s->o->words[i];
        if (!cli_take_workspace(s, &sides[i])) return false;
    }
    return name_run(s, &sides[0]) && name_run(s, &sides[1]);
}

static str query_of(cli_session *s, const char *path, const str sides[2]) {
    return arena_printf(s->a, "%s?from=%.*s&to=%.*s", path,
                        STR_F(http_client_escape(s->a, sides[0])),
                        STR_F(http_client_escape(s->a, sides[1])));
}

// All small parts, or those that --part names. Of tensors alone only which versions they are.
static const json_value *ask(cli_session *s, const str sides[2], str *text) {
    str path = query_of(s, "/diff", sides), rest = s->o->part, one;
    bool any = false;
    while (s->o->part.n && str_split(&rest, '\n', &one)) {
        if (str_is(one, TENSORS)) continue;
        any = true;
        path = arena_printf(s->a, "%.*s&part=%.*s", STR_F(path),
                            STR_F(http_client_escape(s->a, one)));
    }
    if (s->o->part.n && !any) path = arena_printf(s->a, "%.*s&part=code", STR_F(path));
    path = arena_printf(s->a, "%.*s&limit=%d", STR_F(path), s->o->json.n ? 1000 : 100);
    return cli_call(s->c, "GET", path, (str){0}, text, &s->e);
}

static bool is_here(const json_value *side) {
    return json_get(side, "number") && !cli_true(side, "external");
}

static bool are_runs(const json_value *diff) {
    return !json_get(json_get(diff, "from"), "number") &&
           !json_get(json_get(diff, "to"), "number");
}

// Are there tensors to compare? Asked for by name they are asked of the server, which says why
// not.
static bool wants_tensors(cli_session *s, const json_value *diff) {
    bool here = is_here(json_get(diff, "from")) && is_here(json_get(diff, "to"));
    return asked(s, TENSORS) && (here || s->o->part.n);
}

static bool ask_tensors(cli_session *s, const str sides[2], diff_tensor_lines *lines) {
    str path = query_of(s, "/api/v1/diff/tensors", sides);
    if (s->o->stat.n) path = arena_printf(s->a, "%.*s&names_only=true", STR_F(path));
    http_exchange x = {.method = "GET", .path = path, .write = diff_tensors_take, .arg = lines};
    bool ok = cli_exchange(s->c, &x, &s->e);
    if (lines->progress.what) out_progress_end(&lines->progress);
    if (!ok) return false;
    return lines->summary ||
           err_set(&s->e, ERR_UNAVAILABLE, "the server's answer about tensors is not whole");
}

static bool show_json(cli_session *s, const str sides[2], const json_value *diff, str text,
                      diff_tensor_lines *lines) {
    out_add(&s->t, STR("{\"diff\":"));
    out_json(&s->t, text);
    if (wants_tensors(s, diff)) {
        lines->json = true;
        out_add(&s->t, STR(",\"tensors\":{\"items\":["));
        if (!ask_tensors(s, sides, lines)) return false;
        out_add(&s->t, STR("],\"summary\":"));
        out_json(&s->t, lines->summary_json);
        out_add(&s->t, STR("}"));
    }
    out_add(&s->t, STR("}\n"));
    return true;
}

static bool show(cli_session *s, const str sides[2], const json_value *diff,
                 diff_tensor_lines *lines) {
    bool tensors = wants_tensors(s, diff);
    if (tensors && !ask_tensors(s, sides, lines)) return false;
    diff_show_parts(s, diff);
    if (tensors) diff_show_tensors(s, lines);
    diff_show_notes(s, diff, diff);
    if (!s->o->part.n && are_runs(diff))
        cli_warn(STR("files and texts are not compared: both are runs; of versions they are"));
    if (tensors) diff_show_notes(s, diff, lines->summary);
    return true;
}

static bool diff(cli_session *s) {
    diff_tensor_lines lines = {.s = s, .part = BUF_MAX(SIZE_MAX / 2)};
    str sides[2], text;
    const json_value *d = NULL;
    bool ok = sides_of(s, sides) && (d = ask(s, sides, &text)) != NULL;
    ok =
        ok && (s->o->json.n ? show_json(s, sides, d, text, &lines) : show(s, sides, d, &lines));
    buf_free(&lines.part);
    if (!ok) return false;
    bool small = s->o->part.n == 0 || !str_is(s->o->part, TENSORS);
    bool differs = (small && cli_true(d, "differs")) ||
                   (lines.summary && cli_true(lines.summary, "differs"));
    if (differs && s->o->exit_code.n) s->code = EXIT_DIFFERS;
    return true;
}

int cmd_diff(const cli_options *o, arena *a) {
    return cli_talk(o, a, diff);
}
