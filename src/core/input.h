// SPDX-License-Identifier: Apache-2.0
// input: what runs read and wrote, as edges. A data-set input is an external version: (project,
// name, digest) is its identity; the first one to log it decides its source, schema and
// profile.
#ifndef STEMMA_CORE_INPUT_H
#define STEMMA_CORE_INPUT_H

#include "core/core.h"

typedef struct dataset {
    id id;
    str name, digest, source_type, source;
    str schema, profile; // p NULL: absent
} dataset;

typedef struct dataset_input {
    dataset dataset;
    kv *tags;
    size_t n_tags;
} dataset_input;

typedef struct model_link {
    id model;
    int64_t step; // of an output
} model_link;

typedef struct run_links {
    dataset_input *datasets;
    size_t n_datasets;
    model_link *inputs, *outputs;
    size_t n_inputs, n_outputs;
} run_links;

// The run must be active. Logging the same data set twice changes nothing (its tags stay as
// they were first).
bool input_log(ctx *c, id run_id, const dataset_input *datasets, size_t n,
               const model_link *models, size_t n_models, err *e);
bool output_log(ctx *c, id run_id, const model_link *models, size_t n, err *e);
bool input_of_run(ctx *c, id run_id, run_links *out, err *e);

typedef struct dataset_summary {
    int64_t project;
    str name, digest, context; // context: the tag mlflow.data.context, p NULL when absent
} dataset_summary;
// Distinct, at most max, over the given projects.
bool dataset_summaries(ctx *c, const int64_t *projects, size_t n_projects, size_t max,
                       dataset_summary **out, size_t *n, err *e);

#endif
