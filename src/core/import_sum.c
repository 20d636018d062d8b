// SPDX-License-Identifier: Apache-2.0
// import_sum: canonical rows and their hashes. Each text with its length in front, integers
// little-endian. Stored marks are sums of these, so a change here makes the next import compare
// everything anew. Pure functions.
#include "base/buf.h"
#include "base/num.h"
#include "core/import.h"

#include <xxhash.h>

#define ROW_MAX (64u << 20)

static void add_text(buf *b, str s) {
    buf_u32(b, (uint32_t)s.n);
    buf_str(b, s);
}

// An absent text is another row than an empty one.
static void add_maybe(buf *b, str s) {
    buf_byte(b, s.p ? 1 : 0);
    add_text(b, s);
}

static void add_i64(buf *b, int64_t v) {
    buf_u64(b, (uint64_t)v);
}

static void add_id(buf *b, id i) {
    buf_add(b, i.b, sizeof i.b);
}

// Counts the row that stands in b, and begins anew.
static uint64_t count(import_sums *s, import_kind kind, buf *b) {
    uint64_t h = XXH3_64bits(b->p, b->n);
    s->of[kind].n++;
    s->of[kind].sum += h;
    buf_clear(b);
    return h ^ (uint64_t)kind; // the same row as another kind is another mark
}

// Pairs of one owner; `owner`: the bytes by which its rows begin.
static uint64_t count_pairs(import_sums *s, import_kind kind, buf *b, str owner, const kv *p,
                            size_t n) {
    uint64_t mark = 0;
    for (size_t i = 0; i < n; i++) {
        buf_str(b, owner);
        add_text(b, p[i].key);
        add_text(b, p[i].value);
        mark += count(s, kind, b);
    }
    return mark;
}

static str bytes_of(const id *i) {
    return str_n(i->b, sizeof i->b);
}

void import_sums_add(import_sums *to, const import_sums *more) {
    for (size_t i = 0; i < IMPORT_KIND_COUNT; i++) {
        to->of[i].n += more->of[i].n;
        to->of[i].sum += more->of[i].sum;
    }
}

void import_sum_project(import_sums *s, const project *p, bool shared) {
    buf b = BUF_MAX(ROW_MAX);
    add_i64(&b, p->number);
    add_text(&b, p->name);
    add_i64(&b, p->life);
    if (!shared) {
        add_text(&b, p->artifact_location);
        add_i64(&b, p->created_ms);
        add_i64(&b, p->updated_ms);
    }
    count(s, IMPORT_projects, &b);
    buf owner = BUF_MAX(ROW_MAX);
    add_i64(&owner, p->number);
    count_pairs(s, IMPORT_project_tags, &b, buf_view(&owner), p->tags, p->n_tags);
    buf_free(&owner);
    buf_free(&b);
}

static uint64_t count_input(import_sums *s, buf *b, id run_id, const dataset_input *d) {
    const dataset *x = &d->dataset;
    add_id(b, run_id);
    add_text(b, x->name);
    add_text(b, x->digest);
    add_text(b, x->source_type);
    add_text(b, x->source);
    add_maybe(b, x->schema);
    add_maybe(b, x->profile);
    uint64_t mark = count(s, IMPORT_inputs, b);
    buf owner = BUF_MAX(ROW_MAX);
    add_id(&owner, run_id);
    add_text(&owner, x->name);
    add_text(&owner, x->digest);
    mark += count_pairs(s, IMPORT_input_tags, b, buf_view(&owner), d->tags, d->n_tags);
    buf_free(&owner);
    return mark;
}

static uint64_t count_links(import_sums *s, buf *b, id run_id, bool made, const model_link *l,
                            size_t n) {
    uint64_t mark = 0;
    for (size_t i = 0; i < n; i++) {
        add_id(b, run_id);
        buf_byte(b, made);
        add_id(b, l[i].model);
        add_i64(b, made ? l[i].step : 0);
        mark += count(s, IMPORT_links, b);
    }
    return mark;
}

uint64_t import_sum_run(import_sums *s, const import_run *r) {
    buf b = BUF_MAX(ROW_MAX);
    const run *x = &r->row;
    add_id(&b, x->id);
    add_i64(&b, x->project);
    add_text(&b, x->name);
    add_text(&b, x->user);
    add_text(&b, x->artifact_uri);
    add_i64(&b, x->status);
    add_i64(&b, x->life);
    add_i64(&b, x->has_start ? x->start_ms : INT64_MIN);
    add_i64(&b, x->has_end ? x->end_ms : INT64_MIN);
    uint64_t mark = count(s, IMPORT_runs, &b);
    mark += count_pairs(s, IMPORT_params, &b, bytes_of(&x->id), r->params, r->n_params);
    mark += count_pairs(s, IMPORT_tags, &b, bytes_of(&x->id), r->tags, r->n_tags);
    for (size_t i = 0; i < r->links.n_datasets; i++)
        mark += count_input(s, &b, x->id, &r->links.datasets[i]);
    mark += count_links(s, &b, x->id, false, r->links.inputs, r->links.n_inputs);
    mark += count_links(s, &b, x->id, true, r->links.outputs, r->links.n_outputs);
    buf_free(&b);
    return mark;
}

uint64_t import_sum_model(import_sums *s, const import_model *m) {
    buf b = BUF_MAX(ROW_MAX);
    const model *x = &m->m;
    add_id(&b, x->id);
    add_i64(&b, x->project);
    add_text(&b, x->name);
    add_text(&b, x->type);
    add_text(&b, x->status_message);
    add_text(&b, x->artifact_uri);
    add_i64(&b, x->status);
    add_id(&b, x->source_run);
    add_i64(&b, x->created_ms);
    add_i64(&b, x->updated_ms);
    add_i64(&b, m->life);
    uint64_t mark = count(s, IMPORT_models, &b);
    mark += count_pairs(s, IMPORT_model_params, &b, bytes_of(&x->id), x->params, x->n_params);
    mark += count_pairs(s, IMPORT_model_tags, &b, bytes_of(&x->id), x->tags, x->n_tags);
    buf_free(&b);
    return mark;
}

static uint64_t count_version(import_sums *s, buf *b, str name, const version *v) {
    buf owner = BUF_MAX(ROW_MAX);
    add_text(&owner, name);
    add_i64(&owner, v->number);
    buf_str(b, buf_view(&owner));
    add_text(b, v->source);
    add_text(b, v->run_link);
    add_text(b, v->description);
    add_text(b, v->user);
    add_text(b, v->stage);
    add_id(b, v->run);
    add_id(b, v->model);
    add_i64(b, v->created_us);
    add_i64(b, v->updated_us);
    buf_byte(b, v->has_content);
    if (v->has_content) buf_add(b, v->content.digest.b, sizeof v->content.digest.b);
    uint64_t mark = count(s, IMPORT_versions, b);
    mark += count_pairs(s, IMPORT_version_tags, b, buf_view(&owner), v->tags, v->n_tags);
    for (size_t i = 0; i < v->n_aliases; i++) {
        add_text(b, name);
        add_text(b, v->aliases[i]);
        add_i64(b, v->number);
        mark += count(s, IMPORT_aliases, b);
    }
    buf_free(&owner);
    return mark;
}

uint64_t import_sum_repo(import_sums *s, const import_repo *r) {
    buf b = BUF_MAX(ROW_MAX);
    const repo *x = &r->row;
    add_text(&b, x->name);
    add_i64(&b, x->kind);
    add_text(&b, x->description);
    add_i64(&b, x->created_us);
    add_i64(&b, x->updated_us);
    uint64_t mark = count(s, IMPORT_repos, &b);
    buf owner = BUF_MAX(ROW_MAX);
    add_text(&owner, x->name);
    mark += count_pairs(s, IMPORT_repo_tags, &b, buf_view(&owner), x->tags, x->n_tags);
    buf_free(&owner);
    for (size_t i = 0; i < r->n_versions; i++)
        mark += count_version(s, &b, x->name, &r->versions[i]);
    buf_free(&b);
    return mark;
}

// ---- points ---------------------------------------------------------------------------------

import_point_base import_point_base_of(id run_id, str key) {
    import_point_base b = {.key = XXH3_64bits(key.n ? key.p : "", key.n)};
    memcpy(b.run, run_id.b, sizeof b.run);
    return b;
}

void import_sum_point(import_sum *s, const import_point_base *b, int64_t step, int64_t time_ms,
                      double value) {
    // num_order knows one NaN.
    int64_t row[6] = {(int64_t)b->run[0], (int64_t)b->run[1], (int64_t)b->key, step, time_ms,
                      num_order(value)};
    s->n++;
    s->sum += XXH3_64bits(row, sizeof row);
}

void import_sum_model_point(import_sum *s, id run_id, const point *p) {
    buf b = BUF_MAX(ROW_MAX);
    add_id(&b, p->model);
    add_id(&b, run_id);
    add_text(&b, p->key);
    add_text(&b, p->dataset_name);
    add_text(&b, p->dataset_digest);
    add_i64(&b, p->step);
    add_i64(&b, p->time_ms);
    add_i64(&b, num_order(p->value));
    s->n++;
    s->sum += XXH3_64bits(b.p, b.n);
    buf_free(&b);
}

void import_sum_file(import_sums *s, str path, uint64_t size, sha256 digest) {
    buf b = BUF_MAX(ROW_MAX);
    add_text(&b, path);
    buf_u64(&b, size);
    buf_add(&b, digest.b, sizeof digest.b);
    count(s, IMPORT_files, &b);
    buf_free(&b);
}
