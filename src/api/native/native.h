// SPDX-License-Identifier: Apache-2.0
// native: Stemma's own dialect under /api/v1: what the command line, the pages and scripts use.
#ifndef STEMMA_API_NATIVE_H
#define STEMMA_API_NATIVE_H

#include "base/json.h"
#include "core/core.h"
#include "net/http.h"

// The OpenAPI page of the dialect, as /api/v1/openapi.json answers it.
void native_openapi_write(json_writer *w, arena *a);

// core_config.compile_rule: the language of rules is that of this dialect's searches.
bool native_compile_rule(ctx *c, const struct rule *r, struct rule_terms *out, err *e);

extern const http_dialect native_dialect;

#endif
