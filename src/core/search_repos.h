// SPDX-License-Identifier: Apache-2.0
// Searches of repos and versions: small sets, evaluated one by one, in the terms of search.h.
// Which names or runs are asked for is seen by the comparisons (= and IN, joined by AND): then
// only theirs are read.
#ifndef STEMMA_CORE_SEARCH_REPOS_H
#define STEMMA_CORE_SEARCH_REPOS_H

#include "core/repo.h"
#include "core/search.h"

typedef struct search_repos_query {
    const search_node *where;
    const search_sort *sort; // ties: name ASC; of versions then number DESC
    size_t n_sort;           // 0: by name; versions: updated DESC
    str after;
    size_t max;
} search_repos_query;
bool search_repos(ctx *c, const search_repos_query *q, repo **out, size_t *n, str *next,
                  err *e);
// Of versions only the ids: version_of_ids reads them.
bool search_versions(ctx *c, const search_repos_query *q, id **ids, size_t *n, str *next,
                     err *e);

#endif
