// SPDX-License-Identifier: Apache-2.0
// registry_aliases: /mlflow/registered-models/alias. Any thread.
#include "api/mlflow/registry_internal.h"

struct alias {
    uint64_t has;
    str name, alias, version;
};
static const msg_field set_fields[] = {
    MSG_FIELD(struct alias, name, MSG_STRING, MSG_REQUIRED),
    MSG_FIELD(struct alias, alias, MSG_STRING, MSG_REQUIRED),
    MSG_FIELD(struct alias, version, MSG_STRING, MSG_REQUIRED),
};
static const msg_type set_msg = MSG_TYPE(struct alias, set_fields);
static const msg_field alias_fields[] = {
    MSG_FIELD(struct alias, name, MSG_STRING, MSG_REQUIRED),
    MSG_FIELD(struct alias, alias, MSG_STRING, MSG_REQUIRED),
};
static const msg_type alias_msg = MSG_TYPE(struct alias, alias_fields);

static ref_change alias_change(const struct alias *q) {
    return (ref_change){.repo = q->name,
                        .kind = REF_ALIAS,
                        .name = q->alias,
                        .expected = REF_ANY,
                        .any_name = true};
}

static bool set(call *k, void *msg, err *e) {
    struct alias *q = msg;
    ref_change m = alias_change(q);
    return registry_check_name(k->c.a, q->name, "name", e) &&
           registry_check_new_alias(q->alias, e) && registry_number(q->version, &m.number, e) &&
           registry_of_version(ref_set(&k->c, &m, NULL, e), q->name, m.number, e);
}
const rpc mlflow_registered_set_alias = {.msg = &set_msg, .fn = set};

static bool delete (call *k, void *msg, err *e) {
    struct alias *q = msg;
    ref_change m = alias_change(q);
    return registry_check_name(k->c.a, q->name, "name", e) &&
           registry_check_alias(q->alias, e) &&
           registry_of_model(ref_delete(&k->c, &m, NULL, e), q->name, e);
}
const rpc mlflow_registered_delete_alias = {.msg = &alias_msg, .fn = delete};

static bool get(call *k, void *msg, err *e) {
    struct alias *q = msg;
    version v;
    return registry_check_name(k->c.a, q->name, "name", e) &&
           registry_by_alias(&k->c, q->name, q->alias, &v, e) && registry_reply_version(k, &v);
}
const rpc mlflow_registered_get_alias = {.msg = &alias_msg, .fn = get};
