// SPDX-License-Identifier: Apache-2.0
// runs: create, read, change, delete, restore one run, and log to it. Any thread.
#include "api/native/runs.h"
#include "base/clock.h"

#define NAME_MAX_LENGTH   500
#define REASON_MAX_LENGTH 1000
#define PAIRS_MAX         1000
#define POINTS_MAX        20000

static const msg_field pair_fields[] = {
    MSG_FIELD(struct runs_pair, key, MSG_STRING, MSG_REQUIRED, .max = RUNS_KEY_MAX),
    MSG_FIELD(struct runs_pair, value, MSG_STRING, MSG_NUMBER_OK, .max = RUNS_VALUE_MAX,
              .doc = "a text; a number counts as its text"),
};
const msg_type runs_pair_msg = MSG_TYPE(struct runs_pair, pair_fields);

kv *runs_pairs(arena *a, msg_list pairs) {
    kv *out = ARENA_ARRAY(a, kv, pairs.n);
    for (size_t i = 0; i < pairs.n; i++) {
        const struct runs_pair *p = MSG_AT(struct runs_pair, pairs, i);
        out[i] = (kv){p->key, str_or_empty(p->value)};
    }
    return out;
}

kv *runs_changed_tags(arena *a, msg_list tags) {
    kv *out = runs_pairs(a, tags);
    for (size_t i = 0; i < tags.n; i++) {
        const struct runs_pair *p = MSG_AT(struct runs_pair, tags, i);
        if (!msg_has(&runs_pair_msg, p, "value")) out[i].value = (str){0};
    }
    return out;
}

// Of equal pairs one stays; a key with two values is refused.
static bool distinct(arena *a, kv *pairs, size_t *n, err *e) {
    map seen = map_new(a);
    size_t kept = 0;
    for (size_t i = 0; i < *n; i++) {
        kv **there = (kv **)map_at(&seen, pairs[i].key, NULL);
        if (!*there) {
            pairs[kept] = pairs[i];
            *there = &pairs[kept++];
        } else if (!str_eq((*there)->value, pairs[i].value)) {
            return err_set(e, ERR_INVALID, "'config' has two values for '%.*s'",
                           STR_F(pairs[i].key));
        }
    }
    *n = kept;
    return true;
}

// ---- create, read ---------------------------------------------------------------------------

struct create {
    uint64_t has;
    str project, name, user;
    int64_t start_ms;
    msg_list tags, config;
};
static const msg_field create_fields[] = {
    MSG_FIELD(struct create, project, MSG_STRING, MSG_REQUIRED | MSG_NUMBER_OK,
              .doc = "its number or name"),
    MSG_FIELD(struct create, name, MSG_STRING, 0, .max = NAME_MAX_LENGTH,
              .doc = "not unique; made up when it is left out"),
    MSG_FIELD(struct create, user, MSG_STRING, 0, .max = 256,
              .doc = "whose run it is; by default who calls"),
    MSG_FIELD(struct create, start_ms, MSG_INT64, 0, .doc = "when it began; by default now"),
    MSG_FIELD(struct create, tags, MSG_LIST, 0, .sub = &runs_pair_msg, .max = PAIRS_MAX),
    MSG_FIELD(struct create, config, MSG_LIST, 0, .sub = &runs_pair_msg, .max = PAIRS_MAX),
};
static const msg_type create_msg = MSG_TYPE(struct create, create_fields);

// The tag of the name is what MLflow's clients read it from.
static void take_name(call *k, const struct create *q, kv *tags, run_new *n) {
    str by_tag = {0};
    for (size_t i = 0; i < n->n_tags; i++) {
        if (str_is(tags[i].key, RUN_NAME_TAG)) by_tag = tags[i].value;
    }
    n->name = q->name.n ? q->name : by_tag.n ? by_tag : run_random_name(k->c.a);
    tags[n->n_tags++] = (kv){STR(RUN_NAME_TAG), n->name};
    n->tags = tags;
}

static bool create(call *k, void *msg, err *e) {
    struct create *q = msg;
    run_new n = {.user = q->user.n ? q->user : str_or_empty(k->c.user),
                 .has_start = true,
                 .start_ms = q->start_ms,
                 .n_tags = q->tags.n,
                 .n_params = q->config.n};
    run r;
    kv *tags = ARENA_ARRAY(k->c.a, kv, q->tags.n + 1), *given = runs_pairs(k->c.a, q->tags),
       *params = runs_pairs(k->c.a, q->config);
    if (q->tags.n) memcpy(tags, given, q->tags.n * sizeof *tags);
    take_name(k, q, tags, &n);
    if (!msg_has(&create_msg, q, "start_ms")) n.start_ms = clock_now_us() / 1000;
    n.params = params;
    return distinct(k->c.a, params, &n.n_params, e) &&
           native_project_named(k, q->project, &n.project, e) && run_create(&k->c, &n, &r, e) &&
           runs_reply(k, r.id, e);
}
static bool create_again(call *k, str run_id, err *e) {
    id i;
    return id_parse(run_id, &i) ? runs_reply(k, i, e)
                                : err_set(e, ERR_CORRUPT, "the run of this key is damaged");
}
const rpc native_runs_create = {.msg = &create_msg,
                                .fn = create,
                                .reply = &runs_run_shape,
                                .status = 201,
                                .creates = EVENT_run_created,
                                .again = create_again};

static bool get(call *k, void *msg, err *e) {
    id run_id;
    (void)msg;
    return native_path_run(k, &run_id, e) && runs_reply(k, run_id, e);
}
const rpc native_runs_get = {.fn = get, .reply = &runs_run_shape};

// ---- change ---------------------------------------------------------------------------------

struct change {
    uint64_t has;
    str name, project, reason;
    int64_t status, end_ms;
    msg_list tags;
};
static const msg_field change_fields[] = {
    MSG_FIELD(struct change, name, MSG_STRING, 0, .max = NAME_MAX_LENGTH),
    MSG_FIELD(struct change, status, MSG_ENUM, 0, .names = run_status_names,
              .doc =
                  "a final one ends the run now, if it has no end; running takes its end away"),
    MSG_FIELD(struct change, reason, MSG_STRING, 0, .max = REASON_MAX_LENGTH,
              .doc = "why it is in this state"),
    MSG_FIELD(struct change, end_ms, MSG_INT64, 0),
    MSG_FIELD(struct change, project, MSG_STRING, MSG_NUMBER_OK,
              .doc = "the number or name of the project it moves to"),
    MSG_FIELD(struct change, tags, MSG_LIST, 0, .sub = &runs_pair_msg, .max = PAIRS_MAX,
              .doc = "tags to set, or (without a value) to take away"),
};
static const msg_type change_msg = MSG_TYPE(struct change, change_fields);

static void take_end(const struct change *q, run_change *c) {
    bool sent = msg_has(&change_msg, q, "end_ms");
    c->has_end = sent || (c->has_status && c->status >= RUN_FINISHED);
    c->end_if_open = !sent;
    c->end_ms = sent ? q->end_ms : clock_now_us() / 1000;
    c->end_none = !sent && c->has_status && c->status < RUN_FINISHED;
}

static bool change(call *k, void *msg, err *e) {
    struct change *q = msg;
    id run_id;
    run r;
    run_change c = {.has_status = msg_has(&change_msg, q, "status"),
                    .status = (run_status)q->status,
                    .has_name = q->name.n > 0,
                    .name = q->name,
                    .reason = q->reason,
                    .has_project = q->project.n > 0,
                    .tags = runs_changed_tags(k->c.a, q->tags),
                    .n_tags = q->tags.n};
    take_end(q, &c);
    return native_path_run(k, &run_id, e) &&
           (!c.has_project || native_project_named(k, q->project, &c.project, e)) &&
           run_update(&k->c, run_id, &c, &r, e) && runs_reply(k, run_id, e);
}
const rpc native_runs_change = {.msg = &change_msg, .fn = change, .reply = &runs_run_shape};

static bool delete (call *k, void *msg, err *e) {
    id run_id;
    (void)msg;
    return native_path_run(k, &run_id, e) && run_delete(&k->c, run_id, e) &&
           runs_reply(k, run_id, e);
}
const rpc native_runs_delete = {.fn = delete, .reply = &runs_run_shape};

static bool restore(call *k, void *msg, err *e) {
    id run_id;
    (void)msg;
    return native_path_run(k, &run_id, e) && run_restore(&k->c, run_id, e) &&
           runs_reply(k, run_id, e);
}
const rpc native_runs_restore = {.fn = restore, .reply = &runs_run_shape};

// ---- log ------------------------------------------------------------------------------------

struct log_point {
    uint64_t has;
    str key;
    int64_t step, time_ms;
    double value;
};
static const msg_field point_fields[] = {
    MSG_FIELD(struct log_point, key, MSG_STRING, MSG_REQUIRED, .max = RUNS_KEY_MAX),
    MSG_FIELD(struct log_point, value, MSG_DOUBLE, MSG_REQUIRED),
    MSG_FIELD(struct log_point, step, MSG_INT64, 0, .doc = "0 by default"),
    MSG_FIELD(struct log_point, time_ms, MSG_INT64, 0, .doc = "now by default"),
};
static const msg_type point_msg = MSG_TYPE(struct log_point, point_fields);

struct log {
    uint64_t has;
    msg_list points, config, tags;
};
static const msg_field log_fields[] = {
    MSG_FIELD(struct log, points, MSG_LIST, 0, .sub = &point_msg, .max = POINTS_MAX),
    MSG_FIELD(struct log, config, MSG_LIST, 0, .sub = &runs_pair_msg, .max = PAIRS_MAX,
              .doc = "each key is set once; the same value again is fine"),
    MSG_FIELD(struct log, tags, MSG_LIST, 0, .sub = &runs_pair_msg, .max = PAIRS_MAX),
};
static const msg_type log_msg = MSG_TYPE(struct log, log_fields);

static point *log_points(arena *a, msg_list list) {
    point *out = ARENA_ARRAY(a, point, list.n);
    int64_t now_ms = clock_now_us() / 1000;
    for (size_t i = 0; i < list.n; i++) {
        const struct log_point *p = MSG_AT(struct log_point, list, i);
        bool timed = msg_has(&point_msg, p, "time_ms");
        out[i] = (point){.key = p->key,
                         .step = p->step,
                         .time_ms = timed ? p->time_ms : now_ms,
                         .value = p->value};
    }
    return out;
}

static bool log_batch(call *k, void *msg, err *e) {
    struct log *q = msg;
    id run_id;
    run_batch b = {.points = log_points(k->c.a, q->points),
                   .n_points = q->points.n,
                   .params = runs_pairs(k->c.a, q->config),
                   .n_params = q->config.n,
                   .tags = runs_pairs(k->c.a, q->tags),
                   .n_tags = q->tags.n};
    if (!native_path_run(k, &run_id, e)) return false;
    if (run_log(&k->c, run_id, &b, e)) return true;
    if (e->code != ERR_EXISTS || !b.n_conflicts) return false;
    const param_conflict *c = &b.conflicts[0];
    return err_set(e, ERR_EXISTS,
                   "config '%.*s' is '%.*s' and is set once: it can not become '%.*s'%s",
                   STR_F(c->key), STR_F(str_upto_code_points(c->old_value, 200)),
                   STR_F(str_upto_code_points(c->new_value, 200)),
                   b.n_conflicts > 1 ? " (nor some others)" : "");
}
const rpc native_runs_log = {.msg = &log_msg, .fn = log_batch};
