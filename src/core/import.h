// SPDX-License-Identifier: Apache-2.0
// import: records of another tracker, put in as they are there: with their ids, numbers, times
// and states, deleted ones as deleted. Whoever imports reads the source and hands its records
// over in batches; each batch is one transaction, so a killed import leaves whole ones.
//
// Repeating. For every run, model and repo that came over, a row of import_item keeps what it
// was like (import_mark). So a later import can tell three things apart: nothing new at the
// source, new at the source (brought over), changed in Stemma since (left alone and told).
//
// Proof. Both sides are summed by the same canonical rows: a count and a sum of 64-bit hashes
// (XXH3) a kind, in any order.
#ifndef STEMMA_CORE_IMPORT_H
#define STEMMA_CORE_IMPORT_H

#include "core/core.h"
#include "core/input.h"
#include "core/model.h"
#include "core/project.h"
#include "core/repo.h"
#include "core/run.h"

extern const char import_schema[]; // tables import_project, import_item

// X(name, what a row of it is, for people)
#define IMPORT_KINDS(X)                                                                        \
    X(projects, "experiments")                                                                 \
    X(project_tags, "experiment tags")                                                         \
    X(runs, "runs")                                                                            \
    X(params, "parameters")                                                                    \
    X(tags, "tags")                                                                            \
    X(points, "points")                                                                        \
    X(inputs, "data set inputs")                                                               \
    X(input_tags, "data set input tags")                                                       \
    X(links, "models read and made by runs")                                                   \
    X(models, "logged models")                                                                 \
    X(model_params, "model parameters")                                                        \
    X(model_tags, "model tags")                                                                \
    X(model_points, "points of models")                                                        \
    X(files, "artifact files")                                                                 \
    X(repos, "registered models")                                                              \
    X(repo_tags, "registered model tags")                                                      \
    X(versions, "model versions")                                                              \
    X(version_tags, "model version tags")                                                      \
    X(aliases, "aliases")
#define IMPORT_KIND_ENUM(name, words) IMPORT_##name,
typedef enum import_kind { IMPORT_KINDS(IMPORT_KIND_ENUM) IMPORT_KIND_COUNT } import_kind;
#undef IMPORT_KIND_ENUM

typedef struct import_sum {
    uint64_t n, sum; // rows; the sum of their hashes, modulo 2^64
} import_sum;
typedef struct import_sums {
    import_sum of[IMPORT_KIND_COUNT];
} import_sums;
void import_sums_add(import_sums *to, const import_sums *more);

typedef struct import_run {
    run row;            // all of it counts
    int64_t deleted_ms; // 0: not known
    const kv *params, *tags;
    size_t n_params, n_tags;
    run_links links;
} import_run;

typedef struct import_model {
    model m;
    lifecycle life;
} import_model;

typedef struct import_repo {
    repo row;          // all but its id counts
    version *versions; // in the rising order of numbers; of their refs the aliases
    size_t n_versions;
    int64_t next_number; // of the version to come
    bool partial;        // the source could not read all of it
} import_repo;
version *import_version_of(const import_repo *r, int64_t number); // NULL: there is none

// ---- sums -----------------------------------------------------------------------------------
// `shared`: the project was there before, with runs of its own; only what both sides must agree
// on counts.
void import_sum_project(import_sums *s, const project *p, bool shared);
// The return value is what import_mark.rows keeps.
uint64_t import_sum_run(import_sums *s, const import_run *r);
uint64_t import_sum_model(import_sums *s, const import_model *m);
uint64_t import_sum_repo(import_sums *s, const import_repo *r);
typedef struct import_point_base { // what the points of one run and key have in common
    uint64_t run[2], key;
} import_point_base;
import_point_base import_point_base_of(id run, str key);
void import_sum_point(import_sum *s, const import_point_base *b, int64_t step, int64_t time_ms,
                      double value);
void import_sum_model_point(import_sum *s, id run, const point *p);
void import_sum_file(import_sums *s, str path, uint64_t size, sha256 digest);

// ---- projects -------------------------------------------------------------------------------
typedef enum import_place {
    IMPORT_IS_NEW,  // number and name are free
    IMPORT_IS_SAME, // the same number and name are there, so it is taken for the same
    IMPORT_IS_OURS, // came over before
    IMPORT_CLASHES, // the number or the name belongs to another project
} import_place;
typedef struct import_where {
    import_place place;
    int64_t number; // of the project here
    str name;       // its name here
    bool shared;    // it has runs that did not come from this source, so it stays as it is
    str clash;      // a sentence
} import_where;
// `source` names the tracker; numbers of its projects are remembered under this name.
bool import_find_project(ctx *c, str source, const project *p, import_where *out, err *e);
// Puts the project at where->number (IMPORT_CLASHES: under a new number and a free name made of
// its own) and tells which it was.
bool import_put_project(ctx *c, str source, const project *p, import_where *where, err *e);

// ---- runs and models ------------------------------------------------------------------------
typedef struct import_mark {
    bool there;    // the object is here
    bool known;    // and came by an import
    bool whole;    // which reached its end; else what follows is nothing
    uint64_t rows; // of a repo that is not whole: versions from this number on are made here
    import_sum points;
} import_mark;
bool import_mark_of_run(ctx *c, id run, import_mark *out, err *e);
bool import_mark_of_model(ctx *c, id model, import_mark *out, err *e);

// One step of one run. Its row, attributes and links become what `run` says (NULL: they stay);
// records (series_record) are appended; the mark is kept.
typedef struct import_part {
    id id;
    int64_t project; // of the run
    const import_run *run;
    const str *records;
    size_t n_records;
    uint64_t n_points;
    import_mark mark;
} import_part;
// All in one transaction, with one event a project that names the source. May be repeated.
bool import_put_runs(ctx *c, str source, const import_part *parts, size_t n, err *e);
bool import_put_models(ctx *c, str source, const import_model *models, size_t n, err *e);

// ---- repos ----------------------------------------------------------------------------------
bool import_mark_of_repo(ctx *c, str name, import_mark *out, err *e);
// The repo, its versions and aliases become what r says: versions that are not there are
// published with their own numbers and times, what may change of the others is changed. Its
// mark is whole once all is there, so a call that was killed is made again. ERR_INVALID for a
// name that no repo can have; what a ref or its protection refuses is refused here too.
bool import_put_repo(ctx *c, str source, const import_repo *r, err *e);

// ---- reading back ---------------------------------------------------------------------------
// ERR_NOT_FOUND. In the ctx's arena.
bool import_get_run(ctx *c, id run, import_run *out, err *e);
bool import_get_model(ctx *c, id model, import_model *out, err *e);
bool import_get_repo(ctx *c, str name, import_repo *out, err *e);
// Every point that the run shows.
bool import_sum_points(ctx *c, id run, import_sum *out, err *e);
bool import_sum_model_points(ctx *c, id model, import_sum *out, err *e);

#endif
