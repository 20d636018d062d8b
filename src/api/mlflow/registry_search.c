// SPDX-License-Identifier: Apache-2.0
// registry_search: registered models, or versions, that match a filter, in an order, a page at
// a time. Any thread.
#include "api/mlflow/filter.h"
#include "api/mlflow/registry_internal.h"
#include "core/search_repos.h"

#define MODELS_AT_ONCE   100
#define MODELS_AT_MOST   1000
#define VERSIONS_AT_MOST 200000
#define ORDERS_AT_MOST   100

struct search {
    uint64_t has;
    str filter, page_token;
    int64_t max_results;
    msg_list order_by;
};
static const msg_field search_fields[] = {
    MSG_FIELD(struct search, filter, MSG_STRING, 0),
    MSG_FIELD(struct search, max_results, MSG_INT64, 0),
    MSG_FIELD(struct search, order_by, MSG_STRINGS, 0, .max = ORDERS_AT_MOST),
    MSG_FIELD(struct search, page_token, MSG_STRING, 0),
};
static const msg_type search_msg = MSG_TYPE(struct search, search_fields);

static int64_t max_of(const struct search *q, int64_t at_once) {
    return msg_has(&search_msg, q, "max_results") ? q->max_results : at_once;
}

static bool read_query(arena *a, filter_entity entity, const struct search *q, int64_t max,
                       search_repos_query *out, err *e) {
    search_node *where;
    search_sort *sort;
    if (!filter_parse(a, entity, q->filter, &where, e) ||
        !filter_order(a, entity, q->order_by.p, q->order_by.n, &sort, e))
        return false;
    *out = (search_repos_query){.where = filter_without_prompts(a, where),
                                .sort = sort,
                                .n_sort = q->order_by.n,
                                .after = q->page_token,
                                .max = (size_t)max};
    return true;
}

static void end_page(json_writer *w, size_t n, str next) {
    if (n) json_array_end(w);
    if (next.n) json_m_string(w, "next_page_token", next);
    json_object_end(w);
}

// ---- registered models ----------------------------------------------------------------------

static bool search_models_registered(call *k, void *msg, err *e) {
    search_repos_query q;
    repo *found;
    size_t n;
    str next;
    int64_t max = max_of(msg, MODELS_AT_ONCE);
    if (max < 1 || max > MODELS_AT_MOST) return mlflow_bad_max_results(max, MODELS_AT_MOST, e);
    if (!read_query(k->c.a, FILTER_REGISTERED_MODELS, msg, max, &q, e) ||
        !search_repos(&k->c, &q, &found, &n, &next, e))
        return false;
    json_writer *w = rpc_reply(k);
    json_object(w);
    if (n) json_m_array(w, "registered_models");
    for (size_t i = 0; i < n; i++)
        if (!registry_put_model(w, &k->c, &found[i], e)) return false;
    end_page(w, n, next);
    return true;
}
const rpc mlflow_registered_search = {.msg = &search_msg, .fn = search_models_registered};

// ---- versions -------------------------------------------------------------------------------

static bool put_version(void *arg, const version *v, err *e) {
    (void)e;
    registry_put_version(arg, v);
    return true;
}

static bool search_model_versions(call *k, void *msg, err *e) {
    search_repos_query q;
    id *ids;
    size_t n;
    str next;
    int64_t max = max_of(msg, VERSIONS_AT_MOST);
    if (max < 1)
        return mlflow_invalid(
            e,
            "Invalid value for max_results. It must be a positive integer, but "
            "got %lld",
            (long long)max);
    if (max > VERSIONS_AT_MOST) return mlflow_bad_max_results(max, VERSIONS_AT_MOST, e);
    if (!read_query(k->c.a, FILTER_MODEL_VERSIONS, msg, max, &q, e) ||
        !search_versions(&k->c, &q, &ids, &n, &next, e))
        return false;
    json_writer *w = rpc_reply(k);
    json_object(w);
    if (n) json_m_array(w, "model_versions");
    if (!version_of_ids(&k->c, ids, n, put_version, w, e)) return false;
    end_page(w, n, next);
    return true;
}
const rpc mlflow_versions_search = {.msg = &search_msg, .fn = search_model_versions};
