// SPDX-License-Identifier: Apache-2.0
// runs: /mlflow/runs/ create, get, update, delete, restore, search. What is logged to them is
// in log.c. Any thread.
#include "api/mlflow/filter.h"
#include "api/mlflow/mlflow_internal.h"

#include "base/clock.h"
#include "base/vec.h"

#define RUN_TAG_VALUE_MAX 8000
#define RUNS_DEFAULT_PAGE 1000
#define RUNS_AT_MOST      50000

struct tag {
    uint64_t has;
    str key, value;
};
// The reference takes any name here: it checks those of set-tag and log-batch only.
static const msg_field tag_fields[] = {
    MSG_FIELD(struct tag, key, MSG_STRING, MSG_REQUIRED, .max = 250),
    MSG_FIELD(struct tag, value, MSG_STRING, 0),
};
static const msg_type tag_msg = MSG_TYPE(struct tag, tag_fields);

static bool emit_run(void *arg, const run_view *v, err *e) {
    (void)e;
    mlflow_run(rpc_reply(arg), v, false);
    return true;
}

static bool emit_new_run(void *arg, const run_view *v, err *e) {
    (void)e;
    mlflow_run(rpc_reply(arg), v, true);
    return true;
}

// {"run": ...}
static bool reply_run(call *k, id run_id, bool is_new, err *e) {
    run r;
    if (!run_get(&k->c, run_id, &r, e)) return false;
    json_writer *w = rpc_reply(k);
    json_object(w);
    json_key(w, STR("run"));
    if (!search_views(&k->c, &run_id, 1, is_new ? emit_new_run : emit_run, k, e)) return false;
    json_object_end(w);
    return true;
}

// ---- create ---------------------------------------------------------------------------------

struct create {
    uint64_t has;
    str experiment_id, user_id, run_name;
    int64_t start_time;
    msg_list tags;
};
static const msg_field create_fields[] = {
    MSG_FIELD(struct create, experiment_id, MSG_STRING, MSG_NUMBER_OK),
    MSG_FIELD(struct create, user_id, MSG_STRING, 0, .max = 256),
    MSG_FIELD(struct create, run_name, MSG_STRING, 0),
    MSG_FIELD(struct create, start_time, MSG_INT64, 0),
    MSG_FIELD(struct create, tags, MSG_LIST, 0, .sub = &tag_msg, .max = 1000),
};
static const msg_type create_msg = MSG_TYPE(struct create, create_fields);

// The run's tags with the one of its name; the later of two with one key wins.
static bool collect_tags(call *k, const struct create *q, run_new *n, err *e) {
    arena *a = k->c.a;
    kv *tags = ARENA_ARRAY(a, kv, q->tags.n + 1);
    str tag_name = {0};
    for (size_t i = 0; i < q->tags.n; i++) {
        struct tag *t = MSG_AT(struct tag, q->tags, i);
        if (str_is(t->key, RUN_NAME_TAG)) tag_name = t->value;
        tags[i] = (kv){t->key, mlflow_truncate(t->value, RUN_TAG_VALUE_MAX)};
    }
    if (q->run_name.n && tag_name.n && !str_eq(q->run_name, tag_name)) {
        return mlflow_invalid(e,
                              "Both 'run_name' argument and 'mlflow.runName' tag are "
                              "specified, but with different"
                              " values (run_name='%.*s', mlflow.runName='%.*s').",
                              STR_F(str_upto(q->run_name, 200)),
                              STR_F(str_upto(tag_name, 200)));
    }
    n->name = mlflow_truncate(q->run_name.n ? q->run_name
                              : tag_name.n  ? tag_name
                                            : run_random_name(a),
                              RUN_TAG_VALUE_MAX);
    n->tags = tags;
    n->n_tags = q->tags.n;
    if (!tag_name.n) tags[n->n_tags++] = (kv){STR(RUN_NAME_TAG), n->name};
    return true;
}

static bool create(call *k, void *msg, err *e) {
    struct create *q = msg;
    run_new n = {.user = q->user_id.p ? q->user_id : STR(""),
                 .has_start = true,
                 .start_ms = q->start_time};
    run r;
    if (!msg_has(&create_msg, q, "start_time")) n.start_ms = clock_now_us() / 1000;
    if (q->experiment_id.n && !mlflow_experiment_id(q->experiment_id, &n.project, e))
        return false;
    return collect_tags(k, q, &n, e) && run_create(&k->c, &n, &r, e) &&
           reply_run(k, r.id, true, e);
}
const rpc mlflow_runs_create = {.msg = &create_msg, .fn = create};

// ---- one run --------------------------------------------------------------------------------

static const msg_name status_names[] = {
    {"RUNNING", RUN_RUNNING}, {"SCHEDULED", RUN_SCHEDULED}, {"FINISHED", RUN_FINISHED},
    {"FAILED", RUN_FAILED},   {"KILLED", RUN_KILLED},       {NULL, 0}};

struct one {
    uint64_t has;
    str run_id, run_name;
    int64_t status, end_time;
};
static const msg_field one_fields[] = {
    MSG_FIELD(struct one, run_id, MSG_STRING, MSG_REQUIRED, .also = "run_uuid")};
static const msg_type one_msg = MSG_TYPE(struct one, one_fields);

static bool get(call *k, void *msg, err *e) {
    id run_id;
    return mlflow_run_id(((struct one *)msg)->run_id, &run_id, e) &&
           reply_run(k, run_id, false, e);
}
const rpc mlflow_runs_get = {.msg = &one_msg, .fn = get};

static bool delete (call *k, void *msg, err *e) {
    id run_id;
    return mlflow_run_id(((struct one *)msg)->run_id, &run_id, e) &&
           run_delete(&k->c, run_id, e);
}
const rpc mlflow_runs_delete = {.msg = &one_msg, .fn = delete};

static bool restore(call *k, void *msg, err *e) {
    id run_id;
    return mlflow_run_id(((struct one *)msg)->run_id, &run_id, e) &&
           run_restore(&k->c, run_id, e);
}
const rpc mlflow_runs_restore = {.msg = &one_msg, .fn = restore};

static const msg_field update_fields[] = {
    MSG_FIELD(struct one, run_id, MSG_STRING, MSG_REQUIRED, .also = "run_uuid"),
    MSG_FIELD(struct one, status, MSG_ENUM, 0, .names = status_names),
    MSG_FIELD(struct one, end_time, MSG_INT64, 0),
    MSG_FIELD(struct one, run_name, MSG_STRING, 0),
};
static const msg_type update_msg = MSG_TYPE(struct one, update_fields);

static bool update(call *k, void *msg, err *e) {
    struct one *q = msg;
    id run_id;
    run r;
    run_change change = {.has_status = msg_has(&update_msg, q, "status"),
                         .status = (run_status)q->status,
                         .has_end = msg_has(&update_msg, q, "end_time"),
                         .end_ms = q->end_time,
                         .has_name = q->run_name.n > 0,
                         .name = mlflow_truncate(q->run_name, RUN_TAG_VALUE_MAX)};
    if (!mlflow_run_id(q->run_id, &run_id, e) || !run_update(&k->c, run_id, &change, &r, e))
        return false;
    json_writer *w = rpc_reply(k);
    json_object(w);
    json_key(w, STR("run_info"));
    mlflow_run_info(w, &r);
    json_object_end(w);
    return true;
}
const rpc mlflow_runs_update = {.msg = &update_msg, .fn = update};

// ---- search ---------------------------------------------------------------------------------

static const msg_name view_names[] = {
    {"ACTIVE_ONLY", VIEW_ACTIVE}, {"DELETED_ONLY", VIEW_DELETED}, {"ALL", VIEW_ALL}, {NULL, 0}};

struct search {
    uint64_t has;
    msg_list experiment_ids, order_by;
    str filter, page_token;
    int64_t run_view_type, max_results;
};
static const msg_field search_fields[] = {
    MSG_FIELD(struct search, experiment_ids, MSG_STRINGS, MSG_NUMBER_OK),
    MSG_FIELD(struct search, filter, MSG_STRING, 0),
    MSG_FIELD(struct search, run_view_type, MSG_ENUM, 0, .names = view_names),
    MSG_FIELD(struct search, max_results, MSG_INT32, 0),
    MSG_FIELD(struct search, order_by, MSG_STRINGS, 0, .max = 100),
    MSG_FIELD(struct search, page_token, MSG_STRING, 0),
};
static const msg_type search_msg = MSG_TYPE(struct search, search_fields);

// The reference's search tells data-set inputs and model outputs, but no model inputs.
static bool emit_found(void *arg, const run_view *v, err *e) {
    call *k = arg;
    run_view shown = *v;
    run_links links = v->links ? *v->links : (run_links){0};
    links.n_inputs = 0;
    shown.links = &links;
    mlflow_run(rpc_reply(k), &shown, false);
    return !http_gone(k->r) || err_set(e, ERR_CANCELLED, "the client went away");
}

static bool search(call *k, void *msg, err *e) {
    struct search *q = msg;
    search_query s = {.view = q->run_view_type ? (view)q->run_view_type : VIEW_ACTIVE,
                      .after = q->page_token};
    search_page page;
    int64_t *projects;
    if (!msg_has(&search_msg, q, "max_results")) q->max_results = RUNS_DEFAULT_PAGE;
    if (q->max_results < 1 || q->max_results > RUNS_AT_MOST)
        return mlflow_bad_max_results(q->max_results, RUNS_AT_MOST, e);
    s.max = (size_t)q->max_results;
    if (!mlflow_experiment_ids(k->c.a, q->experiment_ids, &projects, &s.n_projects, e))
        return false;
    s.projects = projects;
    search_node *where;
    search_sort *sort;
    if (!filter_parse(k->c.a, FILTER_RUNS, q->filter, &where, e) ||
        !filter_order(k->c.a, FILTER_RUNS, q->order_by.p, q->order_by.n, &sort, e)) {
        return false;
    }
    s.where = filter_crashed(k->c.a, where);
    s.sort = sort;
    s.n_sort = q->order_by.n;
    if (!search_runs(&k->c, &s, &page, e)) return false;
    json_writer *w = rpc_reply(k);
    json_object(w);
    if (page.n) {
        json_m_array(w, "runs");
        if (!search_views(&k->c, page.ids, page.n, emit_found, k, e)) return false;
        json_array_end(w);
    }
    if (page.next.n) json_m_string(w, "next_page_token", page.next);
    json_object_end(w);
    return true;
}
const rpc mlflow_runs_search = {.msg = &search_msg, .fn = search};
