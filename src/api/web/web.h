// SPDX-License-Identifier: Apache-2.0
// web: the web interface, as it was bundled into this program. It holds no data: what it shows
// it asks of /api/v1.
#ifndef STEMMA_API_WEB_H
#define STEMMA_API_WEB_H

#include "net/http.h"

extern const http_dialect web_dialect;

#endif
