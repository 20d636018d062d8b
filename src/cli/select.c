// SPDX-License-Identifier: Apache-2.0
// select: the runs that a command acts on: those named, or those that match --where; and the
// question before what is not undone at once. One thread.
#include "cli/session.h"

#include <unistd.h>

typedef VEC(str) ids;

struct found {
    arena *a;
    ids ids;
};

static bool add_found(void *arg, const json_value *run) {
    struct found *f = arg;
    vec_push(f->a, &f->ids, arena_str(f->a, cli_text(run, "id")));
    return true;
}

static bool matching(cli_session *s, const char *usual, ids *out) {
    struct found f = {.a = s->a};
    const char *given = cli_given(s->o, "view") ? NULL : usual;
    s->expression = s->o->where;
    cli_list l = {.method = "POST", .path = STR("/runs/search")};
    // Without --limit all that match are meant.
    l.limit = cli_given(s->o, "limit") ? cli_limit(s->o) : 0;
    l.body = arena_printf(
        s->a, "\"projects\":%.*s,\"where\":%.*s,\"view\":\"%.*s\",\"columns\":[\"name\"],",
        STR_F(cli_lines_json(s->a, s->o->project)), STR_F(cli_json_text(s->a, s->o->where)),
        STR_F(given ? str_of(given) : s->o->view));
    bool ok = cli_each(s, &l, add_found, &f);
    *out = f.ids;
    return ok;
}

bool cli_select_runs(cli_session *s, const char *usual, str **out, size_t *n) {
    ids found = {0};
    if (s->o->where.n && !matching(s, usual, &found)) return false;
    bool named = false;
    for (size_t i = 0; i < s->o->n_words; i++) {
        str run_id;
        if (str_find(s->o->words[i], '=', 0) != SIZE_MAX) continue;
        if (!cli_run_named(s, s->o->words[i], &run_id)) return false;
        vec_push(s->a, &found, run_id);
        named = true;
    }
    if (!named && !s->o->where.n)
        return err_set(&s->e, ERR_INVALID, "which runs? Name them, or say --where EXPRESSION");
    *out = found.p;
    *n = found.n;
    return true;
}

bool cli_confirm(cli_session *s, const char *act, str what) {
    char answer[16];
    if (s->o->yes.n) return true;
    if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) {
        return err_set(&s->e, ERR_INVALID, "this would %s %.*s: say --yes to do it", act,
                       STR_F(what));
    }
    fprintf(stderr, "%s %.*s? [y/N] ", act, STR_F(out_escape(s->a, what, s->t.utf8)));
    fflush(stderr);
    bool yes = fgets(answer, sizeof answer, stdin) && (*answer == 'y' || *answer == 'Y');
    if (!yes) fprintf(stderr, "nothing was done\n");
    return yes;
}
