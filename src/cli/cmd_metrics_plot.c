// SPDX-License-Identifier: Apache-2.0
// metrics plot: asks for a chart with as many parts as the drawing has columns, so that it
// costs the same for a thousand points and for a billion. One thread.
#include "cli/fields.h"
#include "cli/plot.h"

#include <math.h>

#define MARGIN     14 // the axis with its numbers
#define WIDTH_FILE 80 // where nothing says how wide
#define LINES_FILE 20
#define LEAST      10

struct wish {
    cli_session *s;
    str by; // "step" or "time"
    VEC(str) runs, keys;
};

static bool by_time(const struct wish *w) {
    return str_is(w->by, "time");
}

static bool sort_words(struct wish *w) {
    cli_session *s = w->s;
    for (size_t i = 0; i < s->o->n_words; i++) {
        str run_id, word = s->o->words[i];
        // The first word is a run; of the others those that look like one.
        if (i && !cli_is_run_name(word)) {
            vec_push(s->a, &w->keys, word);
            continue;
        }
        if (!cli_run_named(s, word, &run_id)) return false;
        vec_push(s->a, &w->runs, run_id);
    }
    return w->keys.n || err_set(&s->e, ERR_INVALID,
                                "which series? Name a key; 'stemma metrics RUN' lists them");
}

static str texts_json(arena *a, const str *texts, size_t n) {
    str out = STR("[");
    for (size_t i = 0; i < n; i++)
        out = arena_printf(a, "%.*s%s%.*s", STR_F(out), i ? "," : "",
                           STR_F(cli_json_text(a, texts[i])));
    return arena_printf(a, "%.*s]", STR_F(out));
}

static bool add_place(struct wish *w, str *body, const char *name, str text) {
    int64_t place;
    if (!text.n) return true;
    if (!str_to_i64(text, &place))
        return err_set(&w->s->e, ERR_INVALID, "--%s takes %s, a whole number, not '%.*s'", name,
                       by_time(w) ? "milliseconds since 1970" : "a step", STR_F(text));
    *body = arena_printf(w->s->a, "%.*s,\"%s\":%lld", STR_F(*body), name, (long long)place);
    return true;
}

// ---- the reply ------------------------------------------------------------------------------

static double number_of(const json_value *v) {
    double f = NAN;
    if (!v) return f;
    if (v->type == JSON_INT || v->type == JSON_DOUBLE) return v->f;
    num_parse_f64(v->text, &f);
    return f;
}

// The next element of each of a line's columns.
enum { FROM, TO, FIRST, LAST, MIN, MAX, N_COLUMNS };

static plot_line line_of(struct wish *w, const json_value *item) {
    const char *names[N_COLUMNS] = {"first_step", "last_step", "first", "last", "min", "max"};
    arena *a = w->s->a;
    if (by_time(w)) {
        names[FROM] = "first_time_ms";
        names[TO] = "last_time_ms";
    }
    const json_value *at[N_COLUMNS];
    size_t n = SIZE_MAX;
    for (size_t i = 0; i < N_COLUMNS; i++) {
        const json_value *column = json_get(item, names[i]);
        at[i] = column ? column->child : NULL;
        if (!column || column->n < n) n = column ? column->n : 0;
    }
    plot_bin *bins = ARENA_ARRAY(a, plot_bin, n);
    for (size_t k = 0; k < n; k++) {
        double v[N_COLUMNS];
        for (size_t i = 0; i < N_COLUMNS; i++) {
            v[i] = number_of(at[i]);
            at[i] = at[i]->next;
        }
        bins[k] = (plot_bin){v[FROM], v[TO], v[FIRST], v[LAST], v[MIN], v[MAX]};
    }
    str label = cli_text(item, "key");
    if (w->runs.n > 1) {
        size_t digits = out_telling(a, w->runs.p, w->runs.n, OUT_ID_LEAST);
        label = arena_printf(a, "%.*s  %.*s", STR_F(label),
                             STR_F(str_upto(cli_text(item, "run"), digits)));
    }
    return (plot_line){label, bins, n};
}

static void draw(struct wish *w, const plot *p, const json_value *chart) {
    VEC(plot_line) lines = {0};
    const json_value *items = json_get(chart, "items");
    for (const json_value *l = items ? items->child : NULL; l; l = l->next)
        vec_push(w->s->a, &lines, line_of(w, l));
    plot_draw(&w->s->t, p, lines.p, lines.n);
}

static plot size_of(const struct wish *w) {
    cli_session *s = w->s;
    int64_t height = 0;
    plot p = {.log_y = s->o->log_y.n > 0, .x_time = by_time(w)};
    cli_number(s->o->height, &height);
    p.width = (s->t.width ? s->t.width : WIDTH_FILE) - MARGIN - 1;
    if (p.width < LEAST) p.width = LEAST;
    p.height = s->t.height ? s->t.height - 6 : LINES_FILE;
    if (p.height > 30) p.height = 30;
    if (height) p.height = height < 200 ? (int)height : 200;
    if (p.height < 3) p.height = 3;
    return p;
}

static bool show(cli_session *s) {
    struct wish w = {.s = s};
    str text;
    if (!cli_series_order(s, &w.by) || !sort_words(&w)) return false;
    plot p = size_of(&w);
    str body = arena_printf(s->a, "{\"runs\":%.*s,\"keys\":%.*s,\"by\":\"%.*s\",\"buckets\":%d",
                            STR_F(texts_json(s->a, w.runs.p, w.runs.n)),
                            STR_F(texts_json(s->a, w.keys.p, w.keys.n)), STR_F(w.by),
                            plot_bins(&s->t, &p, w.runs.n * w.keys.n));
    if (!add_place(&w, &body, "start", s->o->start) || !add_place(&w, &body, "end", s->o->end))
        return false;
    body = arena_printf(s->a, "%.*s}", STR_F(body));
    const json_value *chart = cli_call(s->c, "POST", STR("/series/chart"), body, &text, &s->e);
    if (!chart) return false;
    if (s->o->json.n)
        cli_put_json(s, text);
    else
        draw(&w, &p, chart);
    return true;
}

int cmd_metrics_plot(const cli_options *o, arena *a) {
    return cli_talk(o, a, show);
}
