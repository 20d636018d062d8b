// SPDX-License-Identifier: Apache-2.0
// bundle: the files of the page, within the program. The table is made at build time
// (tools/web.sh, cmake/web.cmake) and always holds "index.html"; the others are "assets/NAME",
// named after their content.
#ifndef STEMMA_API_WEB_BUNDLE_H
#define STEMMA_API_WEB_BUNDLE_H

#include "base/str.h"

typedef struct web_file {
    const char *name, *type;
    const char *digest; // hex, of the content
    str plain, packed;  // packed: by gzip; empty where that gains nothing
} web_file;

extern const web_file web_files[];
extern const size_t web_n_files;

#endif
