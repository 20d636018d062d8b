// SPDX-License-Identifier: Apache-2.0
// evaluate: adds what was measured of a version, or withdraws it. One thread.
#include "cli/repos.h"
#include "cli/scores.h"

#define BODY_MAX (8u << 20) // what is too much is for the server to say

static bool take_scores(cli_session *s, scores *out) {
    const cli_options *o = s->o;
    size_t left_out = 0;
    if (!scores_of_texts(s->a, o->score, out, &s->e)) return false;
    if (o->from.n && !scores_of_file(s->a, arena_cstr(s->a, o->from), out, &left_out, &s->e))
        return false;
    if (left_out)
        cli_warn(arena_printf(s->a, "%zu values of %.*s are no numbers, and were left out",
                              left_out, STR_F(o->from)));
    return out->n || err_set(&s->e, ERR_INVALID,
                             "which scores? Say --score NAME=VALUE, or --from FILE.json");
}

static str body_of(cli_session *s, str run_id, str data, const scores *v) {
    const cli_options *o = s->o;
    buf b = BUF_MAX(BODY_MAX);
    json_writer w = json_writer_new(&b);
    json_object(&w);
    json_m_string(&w, "suite", o->suite);
    if (run_id.n) json_m_string(&w, "run", run_id);
    if (data.n) json_m_string(&w, "data", data);
    if (o->message.n) json_m_string(&w, "note", o->message);
    json_m_array(&w, "scores");
    for (size_t i = 0; i < v->n; i++) {
        json_object(&w);
        json_m_string(&w, "name", v->p[i].name);
        json_m_f64(&w, "value", v->p[i].value);
        json_object_end(&w);
    }
    json_array_end(&w);
    json_object_end(&w);
    str body = arena_str(s->a, buf_view(&b));
    if (b.full) err_set(&s->e, ERR_TOO_LARGE, "these are too many scores for one evaluation");
    buf_free(&b);
    return body;
}

// Sends it and says "bot@v3: evaluation 2 <did>".
static bool send(cli_session *s, str path, str body, str name, const char *did) {
    str text;
    if (s->e.code != ERR_NONE) return false;
    const json_value *reply = cli_call(s->c, "POST", path, body, &text, &s->e);
    if (!reply) return false;
    if (s->o->json.n) {
        cli_put_json(s, text);
        return true;
    }
    out_safe(&s->t, name);
    out_printf(&s->t, ": evaluation %lld, ", (long long)cli_int(reply, "number", 0));
    out_safe(&s->t, cli_text(reply, "suite"));
    out_printf(&s->t, ", %s\n", did);
    return true;
}

static bool add(cli_session *s, str path, str name, str data) {
    scores v = {0};
    str run_id = {0};
    if (s->o->n_words > 1)
        return err_set(&s->e, ERR_INVALID,
                       "a number names an evaluation to --withdraw; scores are added with "
                       "--score");
    if (!s->o->suite.n)
        return err_set(&s->e, ERR_INVALID, "what was measured? Say --suite NAME");
    if (!take_scores(s, &v) || (s->o->run.n && !cli_run_named(s, s->o->run, &run_id)))
        return false;
    str did = arena_printf(s->a, "%zu score%s", v.n, v.n == 1 ? "" : "s");
    return send(s, arena_printf(s->a, "%.*s/evaluations", STR_F(path)),
                body_of(s, run_id, data, &v), name, did.p);
}

static bool withdraw(cli_session *s, str path, str name) {
    int64_t number;
    if (s->o->n_words < 2 || !cli_number(s->o->words[1], &number))
        return err_set(&s->e, ERR_INVALID,
                       "which evaluation? Say its number, as 'stemma show %.*s' lists them",
                       STR_F(s->o->words[0]));
    return send(
        s, arena_printf(s->a, "%.*s/evaluations/%lld/withdraw", STR_F(path), (long long)number),
        arena_printf(s->a, "{\"reason\":%.*s}", STR_F(cli_json_text(s->a, s->o->message))),
        name, "withdrawn");
}

static bool evaluate(cli_session *s) {
    str path, name, data = s->o->on;
    return cli_take_workspace(s, &data) && cli_version_named(s, s->o->words[0], &path, &name) &&
           (s->o->withdraw.n ? withdraw(s, path, name) : add(s, path, name, data));
}

int cmd_evaluate(const cli_options *o, arena *a) {
    return cli_talk(o, a, evaluate);
}
