// SPDX-License-Identifier: Apache-2.0
// runs compare: runs as columns, what they hold as rows; only rows that differ unless --all.
// Metrics show their difference to the first run. One thread.
#include "base/map.h"
#include "cli/fields.h"

#include <math.h>

#define RUNS_MAX 20
#define NAME_TAG "mlflow.runName" // of every run; the name has a row

struct compare {
    cli_session *s;
    const json_value *runs[RUNS_MAX];
    size_t n;
    bool exact;
    out_table *table;
    out_cell *cells;
};

static bool load(struct compare *c, str *texts) {
    cli_session *s = c->s;
    for (c->n = 0; c->n < s->o->n_words; c->n++) {
        str run_id;
        if (!cli_run_named(s, s->o->words[c->n], &run_id)) return false;
        c->runs[c->n] = cli_call(s->c, "GET", cli_run_path(s->a, run_id, ""), (str){0},
                                 &texts[c->n], &s->e);
        if (!c->runs[c->n]) return false;
    }
    return true;
}

static void put_row(struct compare *c, str title) {
    bool differ = false;
    for (size_t i = 2; i <= c->n; i++)
        differ |= !str_eq(c->cells[i].text, c->cells[1].text);
    if (!differ && !c->s->o->all.n) return;
    c->cells[0] = (out_cell){title, OUT_DIM};
    out_row(c->table, c->cells);
}

// ---- metrics --------------------------------------------------------------------------------

static const json_value *last_value(const json_value *run, str key) {
    const json_value *all = json_get(run, "metrics");
    for (const json_value *m = all ? all->child : NULL; m; m = m->next) {
        const json_value *last = str_eq(m->key, key) ? json_get(m, "last") : NULL;
        if (last) return json_get(last, "value");
    }
    return NULL;
}

static bool is_finite(const json_value *v) {
    return v && (v->type == JSON_INT || v->type == JSON_DOUBLE) && isfinite(v->f);
}

// "0.91 (+0.02, +2.2%)": beside the value what it differs from the first run's.
static str with_difference(struct compare *c, const json_value *v, const json_value *first) {
    str text = out_number(c->s->a, v);
    if (v == first || !is_finite(v) || !is_finite(first) || v->f == first->f) return text;
    return arena_printf(c->s->a, "%.*s (%.*s)", STR_F(text),
                        STR_F(out_difference(c->s->a, first->f, v->f)));
}

static void metric_row(struct compare *c, str key) {
    const json_value *first = last_value(c->runs[0], key);
    bool same = true;
    for (size_t i = 0; i < c->n; i++) {
        const json_value *v = last_value(c->runs[i], key);
        str text = c->exact ? cli_value_text(v) : with_difference(c, v, first);
        c->cells[i + 1] = (out_cell){text, OUT_PLAIN};
        same &= str_eq(cli_value_text(v), cli_value_text(first));
    }
    if (!same || c->s->o->all.n) put_row(c, arena_printf(c->s->a, "metrics.%.*s", STR_F(key)));
}

// ---- the others -----------------------------------------------------------------------------

static void text_row(struct compare *c, const char *object, str key) {
    for (size_t i = 0; i < c->n; i++) {
        const json_value *o = json_get(c->runs[i], object), *found = NULL;
        for (const json_value *v = o ? o->child : NULL; v; v = v->next)
            found = str_eq(v->key, key) ? v : found;
        c->cells[i + 1] = (out_cell){cli_value_text(found), OUT_PLAIN};
    }
    put_row(c, arena_printf(c->s->a, "%s.%.*s", object, STR_F(key)));
}

static void rows_of(struct compare *c, const char *object) {
    map seen = map_new(c->s->a);
    for (size_t i = 0; i < c->n; i++) {
        const json_value *o = json_get(c->runs[i], object);
        for (const json_value *v = o ? o->child : NULL; v; v = v->next) {
            bool added;
            *map_at(&seen, v->key, &added) = c;
            if (!added || str_is(v->key, NAME_TAG)) continue;
            if (!strcmp(object, "metrics"))
                metric_row(c, v->key);
            else
                text_row(c, object, v->key);
        }
    }
}

static void attribute_rows(struct compare *c) {
    static const char *const names[] = {"name", "project", "status",
                                        "user", "start",   "duration"};
    for (size_t r = 0; r < sizeof names / sizeof *names; r++) {
        for (size_t i = 0; i < c->n; i++)
            c->cells[i + 1] = cli_field_cell(c->s, c->runs[i], str_of(names[r]), c->exact);
        put_row(c, str_of(names[r]));
    }
}

static void put_json(struct compare *c, const str *texts) {
    out_add(&c->s->t, STR("{\"items\":["));
    for (size_t i = 0; i < c->n; i++) {
        if (i) out_add(&c->s->t, STR(","));
        out_json(&c->s->t, texts[i]);
    }
    out_add(&c->s->t, STR("]}\n"));
}

static bool compare(cli_session *s) {
    struct compare c = {.s = s, .exact = s->o->csv.n > 0};
    str texts[RUNS_MAX];
    out_column columns[RUNS_MAX + 1] = {{STR(""), 0, 0}};
    out_cell cells[RUNS_MAX + 1];
    if (!load(&c, texts)) return false;
    if (s->o->json.n) {
        put_json(&c, texts);
        return true;
    }
    str ids[RUNS_MAX];
    for (size_t i = 0; i < c.n; i++)
        ids[i] = cli_text(c.runs[i], "id");
    bool narrow = s->t.width && s->t.width < OUT_WIDE && !c.exact;
    size_t digits = narrow ? out_telling(s->a, ids, c.n, OUT_ID_LEAST) : SIZE_MAX;
    for (size_t i = 0; i < c.n; i++) {
        columns[i + 1].title = str_upto(ids[i], digits);
        columns[i + 1].rank = i ? 1 : 0;
    }
    c.cells = cells;
    c.table = out_table_new(&s->t, columns, c.n + 1, c.exact);
    attribute_rows(&c);
    rows_of(&c, "config");
    rows_of(&c, "metrics");
    rows_of(&c, "tags");
    out_table_end(c.table);
    size_t left_out = out_table_left_out(c.table);
    if (left_out)
        out_printf(&s->t, "%zu more runs: the terminal is too narrow (--csv shows all)\n",
                   left_out);
    return true;
}

int cmd_runs_compare(const cli_options *o, arena *a) {
    return cli_talk(o, a, compare);
}
