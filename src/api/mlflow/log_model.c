// SPDX-License-Identifier: Apache-2.0
// log-model: what clients before MLflow 3 note about a model: one more entry in a JSON list
// that a tag of the run holds. Any thread.
#include "api/mlflow/mlflow_internal.h"

#define HISTORY_TAG "mlflow.log-model.history"
#define HISTORY_MAX (1 << 20) // bytes

struct log_model {
    uint64_t has;
    str run_id, model_json;
};
static const msg_field log_model_fields[] = {
    MSG_FIELD(struct log_model, run_id, MSG_STRING, MSG_REQUIRED, .also = "run_uuid"),
    MSG_FIELD(struct log_model, model_json, MSG_STRING, MSG_REQUIRED, .max = 1000000),
};
static const msg_type log_model_msg = MSG_TYPE(struct log_model, log_model_fields);

static bool malformed(str text, err *e) {
    return mlflow_invalid(e, "Malformed model info. \n %.*s \n is not a valid JSON.",
                          STR_F(str_upto_code_points(text, 300)));
}

// ---- the entry -----------------------------------------------------------------------------

// What the reference keeps of a model, as JSON; NULL is what must be there, but may be absent.
typedef struct entry {
    str artifact_path, flavors, run_id, utc_time_created, model_uuid;
} entry;

static str *member_of(entry *n, str key) {
    if (str_is(key, "artifact_path")) return &n->artifact_path;
    if (str_is(key, "flavors")) return &n->flavors;
    if (str_is(key, "run_id")) return &n->run_id;
    if (str_is(key, "utc_time_created")) return &n->utc_time_created;
    return str_is(key, "model_uuid") ? &n->model_uuid : NULL;
}

static str raw_value(json_reader *r, json_type type) {
    return json_raw(r, type, json_offset(r));
}

// The members of the object just entered, but for "config".
static void put_flavor(json_writer *w, json_reader *r) {
    json_object(w);
    for (json_type type; (type = json_next(r)) > JSON_END;) {
        str key = r->key, value = raw_value(r, type);
        if (str_is(key, "config")) continue;
        json_key(w, key);
        json_put(w, value);
    }
    json_object_end(w);
}

// The object just entered, each flavour without its configuration, which may be long.
static str flavors_of(arena *a, json_reader *r) {
    buf b = BUF_MAX(2u << 20);
    json_writer w = json_writer_new(&b);
    json_object(&w);
    for (json_type type; (type = json_next(r)) > JSON_END;) {
        json_key(&w, r->key);
        if (type == JSON_OBJECT)
            put_flavor(&w, r);
        else
            json_put(&w, raw_value(r, type));
    }
    json_object_end(&w);
    str out = b.full ? (str){0} : arena_str(a, buf_view(&b));
    buf_free(&b);
    return out;
}

static bool read_entry(arena *a, str text, entry *n, err *e) {
    json_reader r;
    json_reader_init(&r, a, text, JSON_NAN);
    *n = (entry){0};
    if (json_next(&r) != JSON_OBJECT) return malformed(text, e);
    for (json_type type; (type = json_next(&r)) > JSON_END;) {
        str *member = member_of(n, r.key);
        bool flavors = member == &n->flavors && type == JSON_OBJECT;
        str value = flavors ? flavors_of(a, &r) : raw_value(&r, type);
        if (member) *member = value;
    }
    return (!r.error && json_next(&r) == JSON_END) || malformed(text, e);
}

static bool check_entry(arena *a, const entry *n, err *e) {
    const struct {
        const char *name;
        str value;
    } needed[] = {{"artifact_path", n->artifact_path},
                  {"flavors", n->flavors},
                  {"run_id", n->run_id},
                  {"utc_time_created", n->utc_time_created}};
    str missing = {0};
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        if (needed[i].value.n) continue;
        missing = arena_printf(a, "%.*s%s'%s'", STR_F(missing), missing.n ? ", " : "",
                               needed[i].name);
    }
    return !missing.n ||
           mlflow_invalid(e, "Model json is missing mandatory fields: {%.*s}", STR_F(missing));
}

static str entry_text(arena *a, const entry *n) {
    str uuid = n->model_uuid.n ? n->model_uuid : STR("null");
    return arena_printf(
        a,
        "{\"run_id\": %.*s, \"artifact_path\": %.*s, \"utc_time_created\": %.*s,"
        " \"model_uuid\": %.*s, \"flavors\": %.*s}",
        STR_F(n->run_id), STR_F(n->artifact_path), STR_F(n->utc_time_created), STR_F(uuid),
        STR_F(n->flavors));
}

// ---- the list ------------------------------------------------------------------------------

// One more at its end; what is no list (a user may have set the tag) is replaced. Every reply
// with the run holds it.
static bool append_to_list(void *arg, str old, arena *a, str *value, err *e) {
    str item = *(str *)arg, list = str_trim(old);
    if (list.n < 2 || list.p[0] != '[' || list.p[list.n - 1] != ']') list = STR("[]");
    list = str_trim(str_upto(list, list.n - 1));
    if (list.n + item.n > HISTORY_MAX)
        return err_set(e, ERR_INVALID, "the run's list of logged models is full (%d MiB)",
                       HISTORY_MAX >> 20);
    *value = arena_printf(a, "%.*s%s%.*s]", STR_F(list), list.n > 1 ? ", " : "", STR_F(item));
    return true;
}

static bool log_model(call *k, void *msg, err *e) {
    struct log_model *q = msg;
    entry n;
    id run_id;
    if (!read_entry(k->c.a, q->model_json, &n, e) || !check_entry(k->c.a, &n, e) ||
        !mlflow_run_id(q->run_id, &run_id, e)) {
        return false;
    }
    str item = entry_text(k->c.a, &n);
    return run_edit_tag(&k->c, run_id, STR(HISTORY_TAG), append_to_list, &item, e);
}
const rpc mlflow_log_model = {.msg = &log_model_msg, .fn = log_model};
