// SPDX-License-Identifier: Apache-2.0
// runs watch: asks for the run again and again until it ends. On a terminal the picture is
// drawn over itself; elsewhere each change is a line. A server that is away for a while is
// waited for. One thread.
#include "base/clock.h"
#include "cli/fields.h"

#define PATIENCE 10 // tries in a row that may fail

struct watch {
    cli_session *s;
    str path;
    arena *page; // of the reply shown
    int drawn;   // lines of the picture on the screen
    buf before;  // the values that the last line told
    int failed;
};

static bool has_ended(str status) {
    return !str_is(status, "running") && !str_is(status, "scheduled");
}

// ---- a picture ------------------------------------------------------------------------------

static void metric_rows(cli_session *s, const json_value *metrics, int most) {
    static const out_column columns[] = {{STR_K("metric"), 0, 0},
                                         {STR_K("last"), OUT_RIGHT, 0},
                                         {STR_K("step"), OUT_RIGHT, 1},
                                         {STR_K("min"), OUT_RIGHT, 2},
                                         {STR_K("max"), OUT_RIGHT, 3}};
    if (!metrics || !metrics->child) return;
    out_table *b = out_table_new(&s->t, columns, 5, false);
    for (const json_value *m = metrics->child; m && most > 0; m = m->next, most--) {
        const json_value *last = json_get(m, "last");
        out_row(b, (out_cell[]){{m->key, OUT_PLAIN},
                                {out_number(s->a, json_get(last, "value")), OUT_PLAIN},
                                {out_number(s->a, json_get(last, "step")), OUT_PLAIN},
                                {out_number(s->a, json_get(m, "min")), OUT_PLAIN},
                                {out_number(s->a, json_get(m, "max")), OUT_PLAIN}});
    }
    out_table_end(b);
}

// Its lines are counted by the output layer, which wraps none: each fits the width.
static void draw(struct watch *w, const json_value *run) {
    cli_session *s = w->s;
    str status = cli_text(run, "status");
    if (w->drawn) out_printf(&s->t, "\033[%dA\r\033[J", w->drawn);
    int before = s->t.lines;
    str name = out_fit(s->a, out_escape(s->a, cli_text(run, "name"), s->t.utf8), s->t.width / 2,
                       s->t.utf8);
    str duration = out_duration(s->a, cli_run_ms(run));
    out_printf(&s->t, "%s%.*s%s  %s%.*s%s  %.*s\n", out_begin(&s->t, OUT_BOLD), STR_F(name),
               out_end(&s->t), out_begin(&s->t, cli_status_style(status)), STR_F(status),
               out_end(&s->t), STR_F(duration));
    metric_rows(s, json_get(run, "metrics"), s->t.height - 3);
    w->drawn = s->t.lines - before;
}

// ---- lines ----------------------------------------------------------------------------------

static void tell(struct watch *w, const json_value *run) {
    cli_session *s = w->s;
    buf now = BUF_MAX(16u << 20);
    str status = cli_text(run, "status");
    const json_value *metrics = json_get(run, "metrics");
    buf_str(&now, status);
    for (const json_value *m = metrics ? metrics->child : NULL; m; m = m->next) {
        const json_value *last = json_get(m, "last");
        buf_printf(&now, "  %.*s=%.*s", STR_F(out_escape(s->a, m->key, s->t.utf8)),
                   STR_F(out_number(s->a, json_get(last, "value"))));
        buf_printf(&now, "@%.*s", STR_F(out_number(s->a, json_get(last, "step"))));
    }
    if (!str_eq(buf_view(&now), buf_view(&w->before))) {
        out_printf(&s->t, "%.19sZ  ", clock_rfc3339(s->a, clock_now_us()).p);
        out_add(&s->t, buf_view(&now));
        out_add(&s->t, STR("\n"));
    }
    buf_free(&w->before);
    w->before = now;
}

// ---- the loop -------------------------------------------------------------------------------

// The run, or NULL: with e when it is given up.
static const json_value *ask(struct watch *w, str *text) {
    cli_session *s = w->s;
    s->e = (err){0};
    const json_value *run = cli_call(s->c, "GET", w->path, (str){0}, text, &s->e);
    bool may_come = s->e.code == ERR_UNAVAILABLE || s->e.code == ERR_DEADLINE;
    if (run)
        w->failed = 0;
    else if (may_come && ++w->failed < PATIENCE)
        s->e.code = ERR_NONE;
    return run;
}

// The reply itself, whenever it is another one.
static void tell_json(struct watch *w, str text) {
    if (str_eq(text, buf_view(&w->before))) return;
    cli_put_json(w->s, text);
    buf_free(&w->before);
    w->before = BUF_MAX(text.n + 1);
    buf_str(&w->before, text);
}

static void show(struct watch *w, const json_value *run, str text) {
    if (w->s->o->json.n)
        tell_json(w, text);
    else if (w->s->t.terminal)
        draw(w, run);
    else
        tell(w, run);
}

static bool loop(struct watch *w, int64_t every_s) {
    cli_session *s = w->s;
    arena *own = s->a, *own_of_out = s->t.a;
    str status = {0};
    while (!cli_interrupted(NULL)) {
        str text;
        s->a = s->t.a = w->page; // what one picture needs is forgotten with it
        cli_use_arena(s->c, w->page);
        const json_value *run = ask(w, &text);
        if (run) show(w, run, text);
        if (run) status = arena_str(own, cli_text(run, "status"));
        cli_use_arena(s->c, own);
        s->a = own;
        s->t.a = own_of_out;
        arena_reset(w->page);
        if (s->e.code != ERR_NONE) return false;
        if (run && has_ended(status)) break;
        cli_wait(every_s * 1000000);
    }
    if (cli_interrupted(NULL))
        s->e = (err){0};
    else if (!str_is(status, "finished"))
        s->code = CLI_FAILED;
    return true;
}

static bool watch(cli_session *s) {
    struct watch w = {.s = s, .before = BUF_MAX(1)};
    str run_id;
    int64_t every = 1;
    if (!cli_run_named(s, s->o->words[0], &run_id)) return false;
    cli_seconds(s->o->every, &every);
    w.path = cli_run_path(s->a, run_id, "");
    w.page = arena_new();
    out_live(&s->t);
    cli_catch_interrupt();
    bool ok = loop(&w, every > 0 ? every : 1);
    arena_free(w.page);
    buf_free(&w.before);
    return ok;
}

int cmd_runs_watch(const cli_options *o, arena *a) {
    return cli_talk(o, a, watch);
}
