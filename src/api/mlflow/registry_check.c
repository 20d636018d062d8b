// SPDX-License-Identifier: Apache-2.0
// registry_check: MLflow's rules on names, version numbers, aliases, tags and stages of the
// registry, in the reference server's words (mlflow.utils.validation). Pure functions.
#include "api/mlflow/registry_internal.h"
#include "core/prompt.h"

#define TAG_VALUE_MAX 100000
#define ALIAS_MAX     255

bool registry_check_name(arena *a, str name, const char *field, err *e) {
    if (!str_trim(name).n)
        return mlflow_invalid(e, "Missing value for required parameter '%s'.", field);
    if (str_find(name, '/', 0) != SIZE_MAX || str_find(name, ':', 0) != SIZE_MAX)
        return mlflow_invalid(e, "Invalid model name '%.*s'. Names cannot contain '/' or ':'.",
                              STR_F(name));
    return mlflow_check_own_path(a, name, STR("name"), e) &&
           mlflow_check_length(name, REPO_NAME_MAX, field, e);
}

bool registry_number(str text, int64_t *number, err *e) {
    str digits = str_trim(text);
    if (!mlflow_is_integer(digits))
        return mlflow_invalid(e, "Parameter 'version' must be an integer, got '%.*s'.",
                              STR_F(str_upto_code_points(text, 300)));
    if (digits.p[0] == '+') digits = str_from(digits, 1);
    if (!str_to_i64(digits, number)) *number = -1; // beyond what any version has
    return true;
}

// ---- what is not there ----------------------------------------------------------------------

bool registry_of_model(bool ok, str name, err *e) {
    if (ok || e->code != ERR_NOT_FOUND) return ok;
    return err_set(e, ERR_NOT_FOUND, "Registered Model with name=%.*s not found", STR_F(name));
}

bool registry_of_version(bool ok, str name, int64_t number, err *e) {
    if (ok || e->code != ERR_NOT_FOUND) return ok;
    return err_set(e, ERR_NOT_FOUND, "Model Version (name=%.*s, version=%lld) not found",
                   STR_F(name), (long long)number);
}

// ---- aliases --------------------------------------------------------------------------------

bool registry_check_alias(str alias, err *e) {
    bool fits = mlflow_name_characters(alias);
    for (size_t i = 0; i < alias.n; i++)
        fits &= !strchr("/.: ", alias.p[i]);
    if (!fits)
        return mlflow_invalid(
            e,
            "Invalid alias name: '%.*s'. Names may only contain alphanumerics, "
            "underscores (_), and dashes (-).",
            STR_F(str_upto_code_points(alias, 300)));
    return mlflow_check_length(alias, ALIAS_MAX, "Registered model alias name", e);
}

static bool is_version_word(str alias) {
    if (alias.n < 2 || (alias.p[0] | 0x20) != 'v') return false;
    str digits = str_from(alias, 1);
    return digits.p[0] != '-' && mlflow_is_integer(digits);
}

bool registry_check_new_alias(str alias, err *e) {
    if (!registry_check_alias(alias, e)) return false;
    if (str_eq_nocase(alias, STR("latest")))
        return mlflow_invalid(e, "'latest' alias name (case insensitive) is reserved.");
    return !is_version_word(alias) ||
           mlflow_invalid(e, "Version alias name '%.*s' is reserved.", STR_F(alias));
}

// ---- tags -----------------------------------------------------------------------------------

bool registry_check_tag(arena *a, str key, str value, bool of_version, err *e) {
    if (!mlflow_check_name(a, key, STR("key"), STR("key"), e)) return false;
    if (of_version && str_is(key, PROMPT_TAG_TEXT) && str_code_points(value) > PROMPT_TEXT_MAX)
        return mlflow_invalid(e, "Prompt text exceeds max length of %d characters.",
                              PROMPT_TEXT_MAX);
    return mlflow_check_length(value, TAG_VALUE_MAX, "value", e);
}

struct tag {
    uint64_t has;
    str key, value;
};
static const msg_field tag_fields[] = {
    MSG_FIELD(struct tag, key, MSG_STRING, 0), // an empty one is no name
    MSG_FIELD(struct tag, value, MSG_STRING, 0),
};
const msg_type registry_tag_msg = MSG_TYPE(struct tag, tag_fields);

bool registry_tags(arena *a, msg_list tags, bool of_version, kv **out, err *e) {
    *out = ARENA_ARRAY(a, kv, tags.n);
    for (size_t i = 0; i < tags.n; i++) {
        struct tag *t = MSG_AT(struct tag, tags, i);
        if (!registry_check_tag(a, t->key, t->value, of_version, e)) return false;
        (*out)[i] = (kv){t->key, t->value.p ? t->value : STR("")};
    }
    return true;
}

// ---- stages ---------------------------------------------------------------------------------

const str registry_stages[REGISTRY_STAGES] = {STR_K(""), STR_K("Staging"), STR_K("Production"),
                                              STR_K("Archived")};

bool registry_stage(str text, str *stage, err *e) {
    for (size_t i = 0; i < REGISTRY_STAGES; i++) {
        *stage = registry_stages[i];
        if (str_eq_nocase(text, stage->n ? *stage : STR("None"))) return true;
    }
    return mlflow_invalid(
        e,
        "Invalid Model Version stage: %.*s. Value must be one of None, Staging, "
        "Production, Archived.",
        STR_F(str_upto_code_points(text, 300)));
}

bool registry_stage_is_active(str stage) {
    return str_is(stage, "Staging") || str_is(stage, "Production");
}
