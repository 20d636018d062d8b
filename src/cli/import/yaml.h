// SPDX-License-Identifier: Apache-2.0
// yaml: small YAML documents as MLflow writes them: a mapping of scalars, and mappings of
// scalars one level below ("tags" -> "tags.KEY"). Over libyaml's events, so nothing is
// expanded. Pure.
#ifndef STEMMA_CLI_IMPORT_YAML_H
#define STEMMA_CLI_IMPORT_YAML_H

#include "base/arena.h"
#include "base/err.h"
#include "core/core.h"

typedef struct yaml_map {
    kv *p; // a null's value has p NULL
    size_t n;
} yaml_map;

bool yaml_read(arena *a, str text, yaml_map *out, err *e); // ERR_MALFORMED
str yaml_get(const yaml_map *m, const char *key);          // p NULL: absent or null
int64_t yaml_i64(const yaml_map *m, const char *key, int64_t otherwise);

#endif
