// SPDX-License-Identifier: Apache-2.0
// native: Stemma's own dialect under /api/v1: what the command line, the pages and scripts use.
#ifndef STEMMA_API_NATIVE_H
#define STEMMA_API_NATIVE_H

#include "base/json.h"
#include "net/http.h"

// The OpenAPI page of the dialect, as /api/v1/openapi.json answers it.
void native_openapi_write(json_writer *w, arena *a);

extern const http_dialect native_dialect;

#endif
