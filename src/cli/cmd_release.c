// SPDX-License-Identifier: Apache-2.0
// release: versions of several repos published as one. One thread.
#include "cli/repos.h"

static bool release(cli_session *s) {
    str pins = {0}, text;
    for (size_t i = 0; i < s->o->n_words; i++)
        if (!cli_take_workspace(s, &s->o->words[i])) return false;
    for (size_t i = 1; i < s->o->n_words; i++)
        pins = arena_printf(s->a, "%.*s%s%.*s", STR_F(pins), i > 1 ? "," : "",
                            STR_F(cli_json_text(s->a, s->o->words[i])));
    str body = arena_printf(s->a, "{\"pins\":[%.*s],\"description\":%.*s}", STR_F(pins),
                            STR_F(cli_json_text(s->a, s->o->message)));
    const json_value *v = cli_call(
        s->c, "POST", cli_repo_path(s->a, s->o->words[0], "/releases"), body, &text, &s->e);
    if (!v) return false;
    if (s->o->json.n) {
        cli_put_json(s, text);
        return true;
    }
    out_safe(&s->t, s->o->words[0]);
    out_printf(&s->t, "@%.*s pins\n", STR_F(cli_version_cell(s, v, "number")));
    for (const json_value *p = json_get(v, "parents")->child; p; p = p->next) {
        out_add(&s->t, STR("    "));
        out_safe(&s->t, cli_text(p, "repo"));
        out_printf(&s->t, "@%.*s\n", STR_F(cli_version_cell(s, p, "number")));
    }
    return true;
}

int cmd_release(const cli_options *o, arena *a) {
    return cli_talk(o, a, release);
}
