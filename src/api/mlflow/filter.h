// SPDX-License-Identifier: Apache-2.0
// filter: MLflow's search language (reference: mlflow.utils.search_utils and
// search_logged_model_utils of the Python package, 3.17), translated into core's syntax tree. A
// filter is comparisons joined by AND:
//
//   identifier (= | != | < | <= | > | >= | LIKE | ILIKE) value      identifier [NOT] IN (value,
//   ...) identifier IS [NOT] NULL
//
// An identifier is `key` (an attribute) or `entity.key`, cut at the first dot; key and entity
// may stand in backticks, the key in quotes too. Which entities, keys and operators there are
// is a table an entity (filter.c). Everything is allocated in the caller's arena; texts point
// into the given one where they can. Errors are ERR_INVALID with the reference server's
// sentence. Cost is linear in the text. No state; any thread.
#ifndef STEMMA_API_MLFLOW_FILTER_H
#define STEMMA_API_MLFLOW_FILTER_H

#include "core/search.h"

typedef enum filter_entity {
    FILTER_RUNS,
    FILTER_EXPERIMENTS,
    FILTER_MODELS,
    FILTER_REGISTERED_MODELS,
    FILTER_MODEL_VERSIONS
} filter_entity;

// *out is NULL for an empty filter: everything.
bool filter_parse(arena *a, filter_entity entity, str text, search_node **out, err *e);

// The filter of runs with the status that MLflow does not know (run.h: RUN_CRASHED) counted as
// the one that it is shown as.
search_node *filter_crashed(arena *a, search_node *where);

// A filter of registered models or versions finds no prompts unless it asks for them by their
// tag.
search_node *filter_without_prompts(arena *a, search_node *where);

// order_by of all but logged models: "identifier [ASC|DESC]" each. A field twice is refused but
// for experiments.
bool filter_order(arena *a, filter_entity entity, const str *items, size_t n, search_sort **out,
                  err *e);

// order_by of logged models.
typedef struct filter_model_order {
    str field_name; // an attribute or metrics.<key>
    bool ascending;
    str dataset_name, dataset_digest; // p NULL or empty: any
} filter_model_order;
bool filter_order_models(arena *a, const filter_model_order *items, size_t n, search_sort **out,
                         err *e);

#endif
