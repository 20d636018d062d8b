// SPDX-License-Identifier: Apache-2.0
// search: one syntax tree, which each dialect's grammar is translated into, and its evaluation
// over runs, projects and logged models.
//
// Runs: a column chunk is one small blob with one field of 4,096 runs of a project (by the
// run's slot); a query reads only the chunks of the fields that it names. Writers mark the runs
// they touch (search_mark); a search reads columns, marks and the present values of marked runs
// in one snapshot and lays one over the other, so what was acknowledged is found; a leased job
// folds quiet runs into the columns and clears a mark only if it is unchanged. New runs have no
// slot until they are folded. Keys that no query ever named have no columns; the first query
// that names one builds them.
//
// Logic is SQL's three-valued one: a missing key is unknown, != and NOT LIKE included; NaN
// matches no comparison.
#ifndef STEMMA_CORE_SEARCH_H
#define STEMMA_CORE_SEARCH_H

#include "core/core.h"
#include "core/model.h"
#include "core/project.h"
#include "core/run.h"

extern const char search_schema[];          // tables run_mark, column_key, column_chunk
extern const char search_activity_schema[]; // table project_moved, and an index of runs

// ---- the tree ------------------------------------------------------------------------------
typedef enum search_op {
    SEARCH_AND,
    SEARCH_OR,
    SEARCH_NOT, // inner nodes
    SEARCH_EQ,
    SEARCH_NE,
    SEARCH_LT,
    SEARCH_LE,
    SEARCH_GT,
    SEARCH_GE,
    SEARCH_LIKE,
    SEARCH_ILIKE, // % and _, no escape
    SEARCH_MATCH, // PCRE2; pattern of 1 kB at most, no recursion or call-outs
    SEARCH_IN,
    SEARCH_NOT_IN,
    SEARCH_IS_NULL,
    SEARCH_NOT_NULL,
} search_op;

typedef enum search_domain {
    SEARCH_ATTRIBUTE, // of the object itself, by search_attribute
    SEARCH_PARAM,
    SEARCH_TAG,        // by key and search_reading
    SEARCH_METRIC,     // number, by key and .which
    SEARCH_DATASET,    // text of any of the run's input data sets, by search_dataset_field
    SEARCH_EVALUATION, // number, by key SUITE.NAME: of versions, so of rules only (rule.h)
} search_domain;

typedef enum search_attribute { // texts, then numbers
    SEARCH_ID,
    SEARCH_NAME,
    SEARCH_STATUS,
    SEARCH_ARTIFACT_URI,
    SEARCH_USER,
    SEARCH_TYPE,
    SEARCH_SOURCE_RUN,
    SEARCH_START,
    SEARCH_END,
    SEARCH_CREATED,
    SEARCH_UPDATED,
    SEARCH_NUMBER,   // ms; NUMBER: that of the project or version
    SEARCH_REASON,   // text; of runs only, as is
    SEARCH_DURATION, // seconds to the end, or to now while it runs
    SEARCH_CHANGED,  // us; of projects only: when something of them last changed
} search_attribute;
// Parameters and tags are texts; read as numbers, a text that is none is missing.
typedef enum search_reading { SEARCH_AS_TEXT, SEARCH_AS_NUMBER } search_reading;
typedef enum search_dataset_field {
    SEARCH_DS_NAME,
    SEARCH_DS_DIGEST,
    SEARCH_DS_CONTEXT
} search_dataset_field;
typedef enum search_which {
    SEARCH_LAST,
    SEARCH_FIRST,
    SEARCH_MIN,
    SEARCH_MAX,
    SEARCH_ANY
} search_which;
// SEARCH_ANY: logged models only (any point logged with the model).

typedef struct search_field {
    search_domain domain;
    int which; // search_attribute, search_reading, search_dataset_field or search_which
    str key;   // params, tags, metrics
    str dataset_name,
        dataset_digest; // metrics of logged models: only points of this data set; p NULL: any
} search_field;

typedef struct search_node search_node;
struct search_node {
    search_op op;
    search_node *left, *right; // NOT uses left
    search_field field;
    str text;      // text comparisons
    double number; // numeric comparisons
    str *list;     // IN, NOT IN
    size_t n_list;
};

typedef struct search_sort {
    search_field field;
    bool descending;
} search_sort;

// LIKE as the reference does it: % any run of characters, _ one code point. ILIKE folds case
// (Unicode simple folding where PCRE2 has it).
bool search_like(str text, str pattern, bool fold);
// Compiled once a query; 50 ms of CPU for all of a query's matching, then ERR_DEADLINE, never
// "no match".
typedef struct search_regex search_regex;
search_regex *search_regex_new(arena *a, str pattern, err *e); // freed with the arena
int search_regex_match(search_regex *r, str text, err *e);     // 1, 0, or -1 and e

// ---- runs ----------------------------------------------------------------------------------
#define SEARCH_SKIP_MAX 1000000
typedef struct search_query {
    const int64_t *projects;
    size_t n_projects;  // none: no results
    bool every_project; // these are all there are: a cursor does not mind that there are more
                        // now
    view view;
    const search_node *where; // NULL: everything
    const search_sort *sort; // ties: start DESC, then id ASC. Missing last, NaN before missing,
                             // either direction
    size_t n_sort;
    str after; // cursor of the page before, or empty; ERR_INVALID when it is not one of this
               // query's
    size_t
        skip; // begins behind so many of the order (SEARCH_SKIP_MAX at most), without `after`
    size_t max;
    int64_t now_ms; // to which runs last that go on; 0: now. The same on every page of a list
} search_query;

typedef struct search_page {
    id *ids;
    size_t n;
    str next;       // cursor, empty when there is surely nothing behind
    uint64_t total; // runs that the query finds, on all pages
} search_page;

bool search_runs(ctx *c, const search_query *q, search_page *out, err *e);

// The whole of a page of runs, in one snapshot a step; `emit` is called for each in order,
// outside of transactions, with memory that lives until it returns.
typedef struct run_view {
    run run;
    kv *params, *tags;
    size_t n_params, n_tags;
    struct series_summary *metrics;
    size_t n_metrics;
    struct run_links *links;
} run_view;
bool search_views(ctx *c, const id *ids, size_t n,
                  bool (*emit)(void *arg, const run_view *v, err *e), void *arg, err *e);
// Of parameters, tags and metrics at least those of these keys (a few are sought one by one, of
// many all are read), and no links (NULL).
typedef struct search_keys {
    const str *params, *tags, *metrics; // each key once
    size_t n_params, n_tags, n_metrics;
} search_keys;
bool search_views_of(ctx *c, const id *ids, size_t n, const search_keys *only,
                     bool (*emit)(void *arg, const run_view *v, err *e), void *arg, err *e);

// ---- groups of runs, and what runs hold ----------------------------------------------------
// Runs by the values of some fields, and statistics of others over each group; computed from
// the columns. Texts longer than 512 bytes count by their first 512.
#define SEARCH_MAX_GROUPS 10000
#define SEARCH_MAX_BY     8
#define SEARCH_MAX_OF     32
typedef struct search_stats { // of the values that are not NaN
    uint64_t n;
    double mean, deviation; // of the sample; NaN below two values
    double min, max;
} search_stats;

typedef struct search_group {
    str *by; // as text, p NULL: missing
    uint64_t runs;
    search_stats *of;
} search_group;

typedef struct search_groups_query {
    search_query runs;           // projects, view, where
    const search_field *by, *of; // of: numbers
    size_t n_by, n_of;
    str prefix; // of the first by's text: only such runs
    bool cut; // past SEARCH_MAX_GROUPS: the first that were met, and *more; else ERR_TOO_LARGE
} search_groups_query;
// The largest first, then by their texts.
bool search_groups(ctx *c, const search_groups_query *q, search_group **out, size_t *n,
                   bool *more, err *e);

// The keys that runs of a project have, read from the facts of at most SEARCH_NAME_RUNS runs
// (the newest, and others spread over the project's life): costs at most that many runs' keys,
// whatever the project holds. In the order of names.
#define SEARCH_NAME_RUNS 1024
typedef struct search_name {
    str key;
    uint64_t runs; // of those looked at
} search_name;
typedef struct search_names_page {
    search_name *names;
    size_t n;
    uint64_t looked_at; // runs
    bool all;           // these are all of the project's
} search_names_page;
// domain: SEARCH_PARAM, SEARCH_TAG or SEARCH_METRIC.
bool search_names(ctx *c, int64_t project, search_domain domain, str prefix,
                  search_names_page *out, err *e);

// ---- projects and logged models: small sets, evaluated one by one --------------------------
typedef struct search_projects_query {
    view view;
    const search_node *where;
    const search_sort *sort; // default created DESC, number ASC; ties: number DESC
    size_t n_sort;
    str after;
    size_t max;
} search_projects_query;
bool search_projects(ctx *c, const search_projects_query *q, project **out, size_t *n,
                     str *next, err *e);

typedef struct search_activity {
    uint64_t runs, running; // of those that are not deleted
    int64_t changed_us;     // the last change of the project or a run of it, about
} search_activity;
// Of each project; counts: also how many runs.
bool search_activities(ctx *c, const project *p, size_t n, bool counts, search_activity *out,
                       err *e);

typedef struct search_models_query {
    const int64_t *projects;
    size_t n_projects;
    const search_node *where;
    const search_sort *sort; // nulls last both ways; then created DESC
    size_t n_sort;
    const str *dataset_names,
        *dataset_digests; // models with any metric on one of them; digests may have p NULL
    size_t n_datasets;
    str after;
    size_t max;
} search_models_query;
bool search_models(ctx *c, const search_models_query *q, model **out, size_t *n, str *next,
                   err *e);

// ---- which runs changed ---------------------------------------------------------------------
// Hints for who shows runs: between two looks at a project, which of its runs did anybody, on
// any server, change? A look costs what changed of late, and writers nothing. A run may be told
// again without a change; one that changed is told, or `all` is. The first look tells what
// changed within the last second or two.
#define SEARCH_MOVED_MAX 500
typedef struct search_seen search_seen;
typedef struct search_watch {
    int64_t ws, project;
    // of the last look
    id *moved; // in the look's arena, in their order
    size_t n;
    bool all; // more than SEARCH_MOVED_MAX, or they are not known
    // search_look's own
    search_seen *seen;
    size_t n_seen;
    int64_t looked_us, full_us;
} search_watch;
// The watches stand in the order of ws and project, each once.
bool search_look(core *c, arena *a, search_watch *w, size_t n, err *e);
void search_watch_end(search_watch *w);

// ---- writers and the folding job
// --------------------------------------------------------------------------------- In the same
// transaction as any change of a run that a search can see.
bool search_mark(db_tx *tx, core *c, int64_t ws, int64_t project, id run, err *e);
typedef struct search_folder search_folder;
search_folder *search_folder_start(core *c);
void search_folder_stop(search_folder *f);
bool search_fold_all(core *c, err *e);                // now, in this thread
bool search_rebuild(core *c, uint64_t *runs, err *e); // drops columns, marks every run, folds
bool search_check(core *c, void (*bad)(void *arg, const char *what), void *arg,
                  err *e); // columns against facts
// Before a run is removed for good, or leaves the project.
bool search_forget(db_tx *tx, int64_t ws, int64_t project, id run, err *e);
// One step of the removal of a project that has no runs any more, until *done.
bool search_forget_project(db_tx *tx, int64_t ws, int64_t project, bool *done, err *e);
// The slot that a run left in this project, while a mark remembers it: who comes back takes it.
bool search_slot_left(db_tx *tx, int64_t ws, int64_t project, id run, bool *has, int64_t *slot,
                      err *e);

#endif
