// SPDX-License-Identifier: Apache-2.0
// runs tag, move, delete, restore: one act on the runs that are named or match. The server does
// it a run at a time and tells which failed. One thread.
#include "cli/session.h"

#define CHUNK 500 // runs of a request

struct act {
    const char *name; // the API's
    const char *verb; // "delete", for the question
    const char *done; // "moved to the bin"
    const char *view; // which runs --where means
    bool asks;
    str more; // further members of the body: ",\"key\":..."
};

struct tally {
    int64_t done, failed;
    buf failures; // a JSON array's elements
};

static str ids_json(arena *a, const str *ids, size_t n) {
    buf b = BUF_MAX(SIZE_MAX / 2);
    json_writer w = json_writer_new(&b);
    json_array(&w);
    for (size_t i = 0; i < n; i++)
        json_string(&w, ids[i]);
    json_array_end(&w);
    str out = arena_str(a, buf_view(&b));
    buf_free(&b);
    return out;
}

static void note_failures(cli_session *s, const json_value *failed, struct tally *t) {
    for (const json_value *f = failed ? failed->child : NULL; f; f = f->next) {
        str run = cli_text(f, "run"), detail = cli_text(f, "detail");
        t->failed++;
        buf_printf(&t->failures, "%s{\"run\":%.*s,\"detail\":%.*s}", t->failures.n ? "," : "",
                   STR_F(cli_json_text(s->a, run)), STR_F(cli_json_text(s->a, detail)));
        if (s->o->json.n) continue;
        err e = {.code = ERR_STATE};
        err_set(&e, ERR_STATE, "%.*s: %.*s", STR_F(run), STR_F(detail));
        cli_fail(&e);
    }
}

static bool do_chunk(cli_session *s, const struct act *act, const str *ids, size_t n,
                     struct tally *t) {
    str body = arena_printf(s->a, "{\"act\":\"%s\",\"runs\":%.*s%.*s}", act->name,
                            STR_F(ids_json(s->a, ids, n)), STR_F(act->more));
    const json_value *v = cli_call(s->c, "POST", STR("/runs/bulk"), body, NULL, &s->e);
    if (!v) return false;
    t->done += cli_int(v, "done", 0);
    note_failures(s, json_get(v, "failed"), t);
    return true;
}

static bool do_all(cli_session *s, const struct act *act, const str *ids, size_t n,
                   struct tally *t) {
    for (size_t i = 0; i < n; i += CHUNK) {
        if (!do_chunk(s, act, ids + i, n - i < CHUNK ? n - i : CHUNK, t)) return false;
    }
    return true;
}

static void report(cli_session *s, const struct act *act, struct tally *t) {
    if (s->o->json.n) {
        out_printf(&s->t, "{\"done\":%lld,\"failed\":[", (long long)t->done);
        out_json(&s->t, buf_view(&t->failures));
        out_add(&s->t, STR("]}\n"));
    } else {
        out_printf(&s->t, "%lld run%s %s\n", (long long)t->done, t->done == 1 ? "" : "s",
                   act->done);
    }
    if (t->failed) s->code = CLI_FAILED;
    buf_free(&t->failures);
}

static bool act_on(cli_session *s, const struct act *acts, size_t n_acts) {
    str *ids;
    size_t n;
    struct tally t = {.failures = BUF_MAX(16u << 20)};
    if (!cli_select_runs(s, acts->view, &ids, &n)) return false;
    str what = n == 1 ? arena_printf(s->a, "run %.*s", STR_F(ids[0]))
                      : arena_printf(s->a, "%zu runs", n);
    bool asks = acts->asks || s->o->where.n;
    if (n && asks && !cli_confirm(s, acts->verb, what)) return false;
    for (size_t i = 0; n && i < n_acts; i++) {
        t.done = 0;
        if (!do_all(s, &acts[i], ids, n, &t)) {
            buf_free(&t.failures);
            return false;
        }
    }
    report(s, acts, &t);
    return true;
}

// ---- the acts -------------------------------------------------------------------------------

static bool delete (cli_session *s) {
    static const struct act act = {"delete", "delete", "moved to the bin", "active", true, {0}};
    return act_on(s, &act, 1);
}

static bool restore(cli_session *s) {
    static const struct act act = {"restore", "restore", "brought back from the bin",
                                   "deleted", false,     {0}};
    return act_on(s, &act, 1);
}

static bool move(cli_session *s) {
    struct act act = {"move", "move", "moved", "active", false, {0}};
    if (!s->o->to.n) return err_set(&s->e, ERR_INVALID, "where to? Say --to PROJECT");
    act.more = arena_printf(s->a, ",\"project\":%.*s", STR_F(cli_json_text(s->a, s->o->to)));
    return act_on(s, &act, 1);
}

static bool tag(cli_session *s) {
    VEC(struct act) acts = {0};
    for (size_t i = 0; i < s->o->n_words; i++) {
        str key, value;
        if (str_find(s->o->words[i], '=', 0) == SIZE_MAX) continue;
        if (!cli_key_value(s->o->words[i], &key, &value, &s->e)) return false;
        struct act a = {"tag", "tag", "tagged", "active", false, {0}};
        a.more =
            arena_printf(s->a, ",\"key\":%.*s,\"value\":%.*s", STR_F(cli_json_text(s->a, key)),
                         STR_F(cli_json_text(s->a, value)));
        vec_push(s->a, &acts, a);
    }
    str rest = s->o->remove;
    for (str key; s->o->remove.n && str_split(&rest, '\n', &key);) {
        struct act a = {"untag", "untag", "untagged", "active", false, {0}};
        a.more = arena_printf(s->a, ",\"key\":%.*s", STR_F(cli_json_text(s->a, key)));
        vec_push(s->a, &acts, a);
    }
    if (!acts.n)
        return err_set(&s->e, ERR_INVALID, "which tags? Say KEY=VALUE, or --remove KEY");
    return act_on(s, acts.p, acts.n);
}

int cmd_runs_delete(const cli_options *o, arena *a) {
    return cli_talk(o, a, delete);
}

int cmd_runs_restore(const cli_options *o, arena *a) {
    return cli_talk(o, a, restore);
}

int cmd_runs_move(const cli_options *o, arena *a) {
    return cli_talk(o, a, move);
}

int cmd_runs_tag(const cli_options *o, arena *a) {
    return cli_talk(o, a, tag);
}
