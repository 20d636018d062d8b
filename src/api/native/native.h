// SPDX-License-Identifier: Apache-2.0
// native: Stemma's own dialect under /api/v1: what the command line, the pages and scripts use.
#ifndef STEMMA_API_NATIVE_H
#define STEMMA_API_NATIVE_H

#include "net/http.h"

extern const http_dialect native_dialect;

#endif
