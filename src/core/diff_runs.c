// SPDX-License-Identifier: Apache-2.0
// diff_runs: what the runs of two sides say: lists of keys and values, each in the order of
// keys, that are merged into rows. What only one side's run could tell is not told: nothing is
// known of the other. Any thread.
#include "core/artifact.h"
#include "core/diff_internal.h"
#include "core/evaluation.h"
#include "core/input.h"
#include "core/model.h"
#include "core/prompt.h"
#include "core/series.h"

#include <stdio.h>
#include <stdlib.h>

enum { PACKAGES_MAX = 1 << 20 }; // bytes of a list of packages

typedef struct entry {
    str key;
    diff_value value;
} entry;
typedef VEC(entry) entries;

static bool both_runs(const diff_side *was, const diff_side *is) {
    return !id_is_zero(was->run) && !id_is_zero(is->run);
}

// Two lists in the order of keys.
static void merge(ctx *c, diff_rows *rows, str in, const entries *was, const entries *is) {
    static const diff_value none = {.type = DIFF_ABSENT};
    size_t i = 0, j = 0;
    while (i < was->n || j < is->n) {
        int order = i == was->n ? 1 : j == is->n ? -1 : str_cmp(was->p[i].key, is->p[j].key);
        str key = order <= 0 ? was->p[i].key : is->p[j].key;
        diff_row_add(c, rows, in, key, order <= 0 ? was->p[i].value : none,
                     order >= 0 ? is->p[j].value : none);
        i += order <= 0;
        j += order >= 0;
    }
}

static int by_key(const void *a, const void *b) {
    const entry *x = a, *y = b;
    int order = str_cmp(x->key, y->key);
    return order ? order : str_cmp(x->value.text, y->value.text);
}

static void sort(entries *v) {
    if (v->n) qsort(v->p, v->n, sizeof *v->p, by_key);
}

static void add(ctx *c, entries *v, str key, diff_value value) {
    vec_push(c->a, v, (entry){key, value});
}

static diff_value number(ctx *c, double v) {
    char text[NUM_MAX];
    return (diff_value){DIFF_NUMBER, arena_str(c->a, str_n(text, num_f64(text, v))), v};
}

static void add_kv(ctx *c, entries *v, const kv *p, size_t n) {
    for (size_t i = 0; i < n; i++)
        add(c, v, p[i].key, diff_of_text(str_or_empty(p[i].value)));
    sort(v);
}

// ---- parameters, metrics --------------------------------------------------------------------

static bool attrs(ctx *c, const diff_side *s, attr_kind kind, entries *out, err *e) {
    kv *p;
    size_t n;
    if (!run_attrs(c, s->run, kind, &p, &n, e)) return false;
    add_kv(c, out, p, n);
    return true;
}

bool diff_parameters(ctx *c, const diff_side *was, const diff_side *is, diff_rows *out,
                     err *e) {
    entries a = {0}, b = {0};
    if (!both_runs(was, is)) return true;
    if (!attrs(c, was, ATTR_PARAM, &a, e) || !attrs(c, is, ATTR_PARAM, &b, e)) return false;
    merge(c, out, (str){0}, &a, &b);
    return true;
}

static bool last_values(ctx *c, const diff_side *s, entries *out, err *e) {
    series_summary *p;
    size_t n;
    if (!series_summaries(c, s->run, &p, &n, e)) return false;
    for (size_t i = 0; i < n; i++)
        add(c, out, p[i].key, number(c, p[i].last.value));
    sort(out);
    return true;
}

bool diff_metrics(ctx *c, const diff_side *was, const diff_side *is, diff_rows *out, err *e) {
    entries a = {0}, b = {0};
    if (!both_runs(was, is)) return true;
    if (!last_values(c, was, &a, e) || !last_values(c, is, &b, e)) return false;
    merge(c, out, (str){0}, &a, &b);
    return true;
}

// ---- evaluations ----------------------------------------------------------------------------

static int by_key_and_step(const void *a, const void *b) {
    const model_point *x = a, *y = b;
    int order = str_cmp(x->key, y->key);
    if (!order) order = str_cmp(x->dataset_name, y->dataset_name);
    if (order || x->step == y->step) return order;
    return x->step < y->step ? -1 : 1;
}

// The last point of each metric, a data set apart.
static bool model_values(ctx *c, const diff_side *s, entries *out, err *e) {
    model_point *p;
    size_t n;
    if (id_is_zero(s->version.model)) return true;
    if (!model_points(c, s->version.model, &p, &n, e)) return false;
    if (n) qsort(p, n, sizeof *p, by_key_and_step);
    for (size_t i = 0; i < n; i++) {
        if (i + 1 < n && str_eq(p[i].key, p[i + 1].key) &&
            str_eq(p[i].dataset_name, p[i + 1].dataset_name))
            continue;
        str key = p[i].key;
        if (p[i].dataset_name.n)
            key = arena_printf(c->a, "%.*s (%.*s)", STR_F(key), STR_F(p[i].dataset_name));
        add(c, out, key, number(c, p[i].value));
    }
    sort(out);
    return true;
}

// What two versions have of scores, both in the order of suites and names.
static bool scores(ctx *c, const diff_side *was, const diff_side *is, diff_rows *out, err *e) {
    static const diff_value none = {.type = DIFF_ABSENT};
    evaluation_value *a, *b;
    size_t n, m, i = 0, j = 0;
    if (was->is_run || is->is_run) return true;
    if (!evaluation_values(c, was->version.id, &a, &n, e) ||
        !evaluation_values(c, is->version.id, &b, &m, e))
        return false;
    while (i < n || j < m) {
        int order = i == n ? 1 : j == m ? -1 : str_cmp(a[i].suite, b[j].suite);
        if (!order) order = str_cmp(a[i].name, b[j].name);
        const evaluation_value *x = order <= 0 ? &a[i] : &b[j];
        str in = arena_printf(c->a, "evals.%.*s", STR_F(x->suite));
        diff_row_add(c, out, in, x->name, order <= 0 ? number(c, a[i].value) : none,
                     order >= 0 ? number(c, b[j].value) : none);
        i += order <= 0;
        j += order >= 0;
    }
    return true;
}

bool diff_evaluations(ctx *c, const diff_side *was, const diff_side *is, diff_rows *out,
                      err *e) {
    entries a = {0}, b = {0};
    if (!scores(c, was, is, out, e) || !model_values(c, was, &a, e) ||
        !model_values(c, is, &b, e))
        return false;
    if (!id_is_zero(was->version.model) && !id_is_zero(is->version.model))
        merge(c, out, (str){0}, &a, &b);
    return true;
}

// ---- tags -----------------------------------------------------------------------------------

static bool is_of_prompt(str key) {
    return str_starts(key, STR(PROMPT_TAGS)) || str_starts(key, STR(PROMPT_TAGS_MORE));
}

static void tags_of_version(ctx *c, const version *v, bool without_prompt, entries *out) {
    for (size_t i = 0; i < v->n_tags; i++)
        if (!without_prompt || !is_of_prompt(v->tags[i].key))
            add(c, out, v->tags[i].key, diff_of_text(str_or_empty(v->tags[i].value)));
    sort(out);
}

bool diff_tags(ctx *c, const diff_side *was, const diff_side *is, diff_rows *out, err *e) {
    entries a = {0}, b = {0};
    (void)e;
    bool files = was->version.has_content && is->version.has_content;
    if (was->is_run || is->is_run) return true;
    tags_of_version(c, &was->version, files, &a);
    tags_of_version(c, &is->version, files, &b);
    merge(c, out, (str){0}, &a, &b);
    return true;
}

// ---- data -----------------------------------------------------------------------------------

static str context_of(const dataset_input *d) {
    for (size_t i = 0; i < d->n_tags; i++)
        if (str_is(d->tags[i].key, "mlflow.data.context")) return d->tags[i].value;
    return (str){0};
}

// By name and what it was used for; several digests of one name are one value.
static bool data_of(ctx *c, const diff_side *s, entries *out, err *e) {
    run_links l;
    entries all = {0};
    if (!input_of_run(c, s->run, &l, e)) return false;
    for (size_t i = 0; i < l.n_datasets; i++) {
        const dataset *d = &l.datasets[i].dataset;
        str used = context_of(&l.datasets[i]), key = d->name;
        if (used.n) key = arena_printf(c->a, "%.*s (%.*s)", STR_F(key), STR_F(used));
        add(c, &all, key, diff_of_text(str_or_empty(d->digest)));
    }
    sort(&all);
    for (size_t i = 0; i < all.n; i++) {
        entry *last = out->n ? &out->p[out->n - 1] : NULL;
        if (last && str_eq(last->key, all.p[i].key))
            last->value.text = arena_printf(c->a, "%.*s, %.*s", STR_F(last->value.text),
                                            STR_F(all.p[i].value.text));
        else
            vec_push(c->a, out, all.p[i]);
    }
    return true;
}

bool diff_data(ctx *c, const diff_side *was, const diff_side *is, diff_rows *out, err *e) {
    entries a = {0}, b = {0};
    if (!both_runs(was, is)) return true;
    if (!data_of(c, was, &a, e) || !data_of(c, is, &b, e)) return false;
    merge(c, out, (str){0}, &a, &b);
    return true;
}

// ---- code and environment -------------------------------------------------------------------

// What 'stemma run' and MLflow's clients record (docs/run.md).
static const char *const code_tags[] = {"mlflow.source.git.branch",
                                        "mlflow.source.git.commit",
                                        "mlflow.source.git.repoURL",
                                        "mlflow.source.name",
                                        "stemma.command",
                                        "stemma.git.uncommitted",
                                        "stemma.program"};
static const char *const environment_tags[] = {
    "stemma.cores",  "stemma.cpu",       "stemma.gpu",   "stemma.host",
    "stemma.kernel", "stemma.memory_mb", "stemma.python"};

static bool run_tags(ctx *c, const diff_side *s, const char *const *names, size_t n,
                     entries *out, err *e) {
    entries all = {0};
    if (!attrs(c, s, ATTR_TAG, &all, e)) return false;
    for (size_t i = 0; i < all.n; i++)
        for (size_t k = 0; k < n; k++)
            if (str_is(all.p[i].key, names[k])) vec_push(c->a, out, all.p[i]);
    return true;
}

#define TAGS_OF(c, s, names, out, e) run_tags(c, s, names, sizeof names / sizeof *names, out, e)

// A file that the run keeps; *found is false when it keeps none here.
static bool file_of(ctx *c, const diff_side *s, const char *path, artifact_entry *out,
                    bool *found, err *e) {
    run r;
    err none = {0};
    *found = false;
    if (!run_get(c, s->run, &r, e)) return false;
    if (!str_starts(r.artifact_uri, STR(ARTIFACT_SCHEME))) return true;
    str top = str_from(r.artifact_uri, sizeof ARTIFACT_SCHEME - 1);
    *found = artifact_get(c, arena_printf(c->a, "%.*s/%s", STR_F(top), path), out, &none) &&
             !out->is_dir;
    return *found || none.code == ERR_NONE || none.code == ERR_NOT_FOUND ||
           none.code == ERR_INVALID || err_set(e, none.code, "%s", none.msg);
}

#define PATCH "source/patch.diff"

static bool patch_of(ctx *c, const diff_side *s, diff_value *out, err *e) {
    artifact_entry f;
    bool found;
    if (!file_of(c, s, PATCH, &f, &found, e)) return false;
    *out = diff_of_text(found ? sha256_str(c->a, f.digest) : (str){0});
    return true;
}

bool diff_code(ctx *c, const diff_side *was, const diff_side *is, diff_rows *out, err *e) {
    entries a = {0}, b = {0};
    diff_value patch_was, patch_is;
    if (!both_runs(was, is)) return true;
    if (!TAGS_OF(c, was, code_tags, &a, e) || !TAGS_OF(c, is, code_tags, &b, e) ||
        !patch_of(c, was, &patch_was, e) || !patch_of(c, is, &patch_is, e))
        return false;
    merge(c, out, (str){0}, &a, &b);
    diff_row_add(c, out, (str){0}, STR(PATCH), patch_was, patch_is);
    return true;
}

#define PACKAGES "source/requirements.txt"

static bool packages_of(ctx *c, const diff_side *s, bool of_is, entries *out, bool *found,
                        diff_notes *notes, err *e) {
    artifact_entry f;
    str text, line;
    err why = {0};
    if (!file_of(c, s, PACKAGES, &f, found, e) || !*found) return e->code == ERR_NONE;
    tree_file file = {.size = f.size, .digest = f.digest};
    if (!diff_load(c, c->a, &file, PACKAGES_MAX, &text, &why)) {
        *found = false;
        diff_note_add(c, notes, of_is, STR(PACKAGES), why.msg);
        return diff_is_note(&why) || err_set(e, why.code, "%s", why.msg);
    }
    while (str_split(&text, '\n', &line)) {
        size_t at = str_find_str(line, STR("=="), 0);
        if (!str_is_text(line) || !str_trim(line).n || line.p[0] == '#') continue;
        add(c, out, str_trim(str_upto(line, at)),
            diff_of_text(at == SIZE_MAX ? STR("") : str_trim(str_from(line, at + 2))));
    }
    sort(out);
    return true;
}

bool diff_environment(ctx *c, const diff_side *was, const diff_side *is, diff_rows *out,
                      diff_notes *notes, err *e) {
    entries a = {0}, b = {0}, packages_was = {0}, packages_is = {0};
    bool has_was, has_is;
    if (!both_runs(was, is)) return true;
    if (!TAGS_OF(c, was, environment_tags, &a, e) || !TAGS_OF(c, is, environment_tags, &b, e) ||
        !packages_of(c, was, false, &packages_was, &has_was, notes, e) ||
        !packages_of(c, is, true, &packages_is, &has_is, notes, e))
        return false;
    merge(c, out, (str){0}, &a, &b);
    if (has_was && has_is) merge(c, out, STR(PACKAGES), &packages_was, &packages_is);
    return true;
}
