// SPDX-License-Identifier: Apache-2.0
// diff_tensors: lines about tensors as they come from the server, and what people see of them:
// a bar a layer, the most changed first, then the tensors that changed most.
#include "cli/diff_show.h"

#include <math.h>
#include <stdlib.h>

enum { LAYERS_SHOWN = 40, TENSORS_SHOWN = 20, BAR = 24 };

// ---- lines ----------------------------------------------------------------------------------

static bool take_progress(diff_tensor_lines *l, str line) {
    if (!str_starts(line, STR("{\"progress\":"))) return false;
    const json_value *v = json_parse(l->s->a, line, 0, NULL);
    const json_value *p = v ? json_get(v, "progress") : NULL;
    if (!l->progress.what)
        out_progress_start(&l->progress, "comparing", STR("tensors"), cli_int(p, "bytes", -1));
    out_progress_add(&l->progress, cli_int(p, "bytes_read", 0) - l->progress.done);
    return true;
}

static bool take_line(diff_tensor_lines *l, str line) {
    cli_session *s = l->s;
    str tensor = STR("{\"tensor\":"), summary = STR("{\"summary\":");
    if (l->json && str_starts(line, tensor)) {
        if (l->n++) out_add(&s->t, STR(","));
        out_json(&s->t, str_upto(str_from(line, tensor.n), line.n - tensor.n - 1));
        return !s->t.gone;
    }
    if (take_progress(l, line)) return true;
    str kept = arena_str(s->a, line);
    const json_value *v = json_parse(s->a, kept, 0, NULL), *found;
    if (v && (found = json_get(v, "tensor")) != NULL) {
        vec_push(s->a, &l->tensors, found);
    } else if (v && (found = json_get(v, "summary")) != NULL) {
        l->summary = found;
        if (str_starts(kept, summary))
            l->summary_json = str_upto(str_from(kept, summary.n), kept.n - summary.n - 1);
    }
    return v != NULL;
}

bool diff_tensors_take(void *lines, const void *p, size_t n) {
    diff_tensor_lines *l = lines;
    str rest = str_n(p, n);
    for (size_t end; (end = str_find(rest, '\n', 0)) != SIZE_MAX;
         rest = str_from(rest, end + 1)) {
        buf_str(&l->part, str_upto(rest, end));
        if (!take_line(l, buf_view(&l->part))) return false;
        buf_clear(&l->part);
    }
    buf_str(&l->part, rest);
    return true;
}

// ---- for people -----------------------------------------------------------------------------

static double change_of(const json_value *v) {
    const json_value *c = json_get(v, "change");
    if (!c) return -1;
    if (c->type == JSON_STRING) return str_is(c->text, "Infinity") ? INFINITY : -1;
    return c->f;
}

// Has it more elements that are no finite numbers than it had?
static bool grew(const json_value *v) {
    return cli_int(v, "nan_is", 0) > cli_int(v, "nan_was", 0) ||
           cli_int(v, "inf_is", 0) > cli_int(v, "inf_was", 0);
}

static int most_changed(const void *a, const void *b) {
    double x = change_of(*(const json_value *const *)a);
    double y = change_of(*(const json_value *const *)b);
    bool odd = grew(*(const json_value *const *)a);
    if (odd != grew(*(const json_value *const *)b)) return odd ? -1 : 1;
    if (x != y) return x > y ? -1 : 1;
    return str_cmp(cli_text(*(const json_value *const *)a, "name"),
                   cli_text(*(const json_value *const *)b, "name"));
}

static str bar(cli_session *s, double change, double most) {
    int n = change > 0 && most > 0 ? (int)ceil((change < most ? change / most : 1) * BAR) : 0;
    str out = {0};
    for (int i = 0; i < n; i++)
        out = arena_printf(s->a, "%.*s%s", STR_F(out), s->t.utf8 ? "\u2588" : "#");
    return out;
}

static str percent(cli_session *s, double change) {
    if (change < 0) return (str){0};
    if (isinf(change)) return STR("from zero");
    return arena_printf(s->a, "%.3g%%", change * 100);
}

// "4096 NaN (was 0), 1 infinite (was 2)"; empty when there were none and are none.
static str odd_text(cli_session *s, const json_value *v) {
    static const char *const of[][3] = {{"nan_is", "nan_was", "NaN"},
                                        {"inf_is", "inf_was", "infinite"}};
    str out = {0};
    for (int i = 0; i < 2; i++)
        if (json_get(v, of[i][0]))
            out = arena_printf(s->a, "%.*s%s%lld %s (was %lld)", STR_F(out), out.n ? ", " : "",
                               (long long)cli_int(v, of[i][0], 0), of[i][2],
                               (long long)cli_int(v, of[i][1], 0));
    return out;
}

static void put_layers(cli_session *s, const json_value *layers) {
    static const out_column columns[] = {{STR_K("layer"), 0, 0},
                                         {STR_K("change"), OUT_RIGHT, 0},
                                         {STR_K(""), 0, 1},
                                         {STR_K("tensors"), OUT_RIGHT, 2},
                                         {STR_K(""), 0, 0}};
    double most = 0;
    size_t n = 0;
    for (const json_value *l = layers->child; l; l = l->next)
        if (isfinite(change_of(l))) most = fmax(most, change_of(l));
    out_table *t = out_table_new(&s->t, columns, 5, false);
    for (const json_value *l = layers->child; l && n < LAYERS_SHOWN; l = l->next, n++) {
        double change = change_of(l);
        str of = arena_printf(s->a, "%.*s of %.*s", STR_F(cli_text(l, "differ")),
                              STR_F(cli_text(l, "tensors")));
        out_row(t, (out_cell[]){{cli_text(l, "name"), OUT_PLAIN},
                                {percent(s, change), OUT_PLAIN},
                                {bar(s, change, most), OUT_YELLOW},
                                {of, OUT_DIM},
                                {odd_text(s, l), grew(l) ? OUT_RED : OUT_DIM}});
    }
    out_table_end(t);
    if (layers->n > n) out_printf(&s->t, "  %zu more layers\n", layers->n - n);
}

static str type_and_shape(cli_session *s, const json_value *half) {
    str out = cli_text(half, "type");
    const json_value *shape = half ? json_get(half, "shape") : NULL;
    for (const json_value *d = shape ? shape->child : NULL; d; d = d->next)
        out = arena_printf(s->a, "%.*s%s%.*s", STR_F(out), d == shape->child ? " " : "x",
                           STR_F(d->text));
    return out;
}

// "99.5% of elements equal"; never 100% of what is not all of it.
static str share(cli_session *s, int64_t part, int64_t whole, const char *what,
                 const char *does) {
    double percent = (double)part * 100 / (double)whole;
    if (part < whole && percent >= 99.95)
        return arena_printf(s->a, "all but %lld of %lld %s %s", (long long)(whole - part),
                            (long long)whole, what, does);
    return arena_printf(s->a, "%.3g%% of %s %s", percent, what, does);
}

static str about_elements(cli_session *s, const json_value *t, int64_t elements) {
    str odd = odd_text(s, t);
    str equal = share(s, cli_int(t, "equal", 0), elements, "elements", "equal");
    return odd.n ? arena_printf(s->a, "%.*s, %.*s", STR_F(odd), STR_F(equal)) : equal;
}

static str about_tensor(cli_session *s, const json_value *t) {
    str what = cli_text(t, "what");
    const json_value *was = json_get(t, "was"), *is = json_get(t, "is");
    if (str_is(what, "added"))
        return arena_printf(s->a, "added, %.*s", STR_F(type_and_shape(s, is)));
    if (str_is(what, "removed"))
        return arena_printf(s->a, "removed, %.*s", STR_F(type_and_shape(s, was)));
    if (!str_is(what, "changed")) {
        str odd = odd_text(s, t);
        return arena_printf(s->a, "%.*s -> %.*s%s%.*s", STR_F(type_and_shape(s, was)),
                            STR_F(type_and_shape(s, is)), odd.n ? ", " : "", STR_F(odd));
    }
    int64_t elements = cli_int(t, "elements", 0), bytes = cli_int(was, "bytes", 0);
    if (elements) return about_elements(s, t, elements);
    return bytes ? share(s, cli_int(t, "bytes_differ", 0), bytes, "bytes", "differ") : (str){0};
}

static str number(cli_session *s, const json_value *t, const char *name) {
    return out_number(s->a, json_get(t, name));
}

static void put_tensors(cli_session *s, const diff_tensor_lines *l) {
    static const out_column columns[] = {{STR_K("tensor"), 0, 0},
                                         {STR_K("change"), OUT_RIGHT, 0},
                                         {STR_K("cosine"), OUT_RIGHT, 2},
                                         {STR_K("largest"), OUT_RIGHT, 1},
                                         {STR_K(""), 0, 1}};
    size_t n = l->tensors.n;
    if (!n) return;
    const json_value **sorted = ARENA_ARRAY(s->a, const json_value *, n);
    memcpy(sorted, l->tensors.p, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, most_changed);
    out_table *t = out_table_new(&s->t, columns, 5, false);
    for (size_t i = 0; i < n && i < TENSORS_SHOWN; i++)
        out_row(
            t, (out_cell[]){{cli_text(sorted[i], "name"), OUT_PLAIN},
                            {percent(s, change_of(sorted[i])), OUT_PLAIN},
                            {number(s, sorted[i], "cosine"), OUT_PLAIN},
                            {number(s, sorted[i], "largest"), OUT_PLAIN},
                            {about_tensor(s, sorted[i]), grew(sorted[i]) ? OUT_RED : OUT_DIM}});
    out_table_end(t);
    if (n > TENSORS_SHOWN)
        out_printf(&s->t, "  %zu more tensors (--json shows all)\n", n - TENSORS_SHOWN);
}

static str summary_about(cli_session *s, const json_value *sum) {
    static const char *const names[] = {"changed", "added", "removed", "reshaped", "retyped"};
    str out = {0};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        int64_t count = cli_int(sum, names[i], 0);
        if (count)
            out = arena_printf(s->a, "%.*s%s%lld %s", STR_F(out), out.n ? ", " : "",
                               (long long)count,
                               s->o->stat.n && !i ? "may be changed" : names[i]);
    }
    int64_t same = cli_int(sum, "same", 0);
    str odd = odd_text(s, sum);
    if (odd.n) out = arena_printf(s->a, "%.*s, %.*s", STR_F(out), STR_F(odd));
    if (same)
        out = arena_printf(s->a, "%.*s%s%lld the same", STR_F(out), out.n ? ", " : "",
                           (long long)same);
    return out;
}

void diff_show_tensors(cli_session *s, const diff_tensor_lines *lines) {
    const json_value *sum = lines->summary, *metadata = json_get(sum, "metadata");
    if (!cli_true(sum, "differs")) return;
    diff_show_heading(s, "tensors", summary_about(s, sum));
    if (s->o->stat.n) return;
    if (json_get(sum, "layers")->n) put_layers(s, json_get(sum, "layers"));
    put_tensors(s, lines);
    if (cli_int(metadata, "total", 0)) diff_show_rows(s, metadata);
}
