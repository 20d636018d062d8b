// SPDX-License-Identifier: Apache-2.0
// registry_uri: what models:/ uris mean: models:/<model id>, models:/<name>/<version>,
// models:/<name>/<stage>, models:/<name>/latest, models:/<name>@<alias>. Any thread.
#include "api/mlflow/registry_internal.h"

static bool is_digits(str s) {
    return s.n && s.p[0] != '-' && s.p[0] != '+' && mlflow_is_integer(s);
}

static bool parse_suffix(str name, str suffix, registry_uri *out) {
    if (!str_trim(suffix).n || str_find(suffix, '/', 0) != SIZE_MAX) return false;
    out->name = name;
    if (is_digits(suffix))
        out->version = suffix;
    else if (!str_eq_nocase(suffix, STR("latest")))
        out->stage = suffix;
    return true;
}

static bool parse_alias(str text, registry_uri *out) {
    size_t at = text.n;
    while (at && text.p[at - 1] != '@')
        at--;
    out->name = str_upto(text, at - 1);
    out->alias = str_from(text, at);
    return str_trim(out->alias).n > 0;
}

bool registry_uri_parse(str path, registry_uri *out) {
    *out = (registry_uri){0};
    if (path.n < 2 || path.p[0] != '/') return false;
    while (path.n && path.p[0] == '/')
        path = str_from(path, 1);
    size_t slash = str_find(path, '/', 0);
    str first = str_upto(path, slash);
    if (!str_trim(first).n) return false;
    if (slash != SIZE_MAX) return parse_suffix(first, str_from(path, slash + 1), out);
    if (str_find(first, '@', 0) != SIZE_MAX) return parse_alias(first, out);
    out->model_id = first;
    return true;
}

static bool newest(ctx *c, str name, version *out, bool *found, err *e) {
    version *page;
    size_t n;
    if (!registry_of_model(version_page(c, name, INT64_MAX, 1, false, &page, &n, e), name, e))
        return false;
    *found = n > 0;
    if (n) *out = page[0];
    return true;
}

bool registry_by_alias(ctx *c, str name, str alias, version *out, err *e) {
    bool found;
    if (!registry_check_alias(alias, e)) return false;
    if (str_eq_nocase(alias, STR("latest")))
        return newest(c, name, out, &found, e) &&
               (found || err_set(e, ERR_NOT_FOUND, "Latest version not found for model %.*s.",
                                 STR_F(name)));
    return registry_of_model(ref_version(c, name, REF_ALIAS, alias, out, &found, e), name, e) &&
           (found || mlflow_invalid(e, "Registered model alias %.*s not found.", STR_F(alias)));
}

static bool newest_of_stage(ctx *c, const registry_uri *u, version *out, err *e) {
    version *found;
    str stage;
    size_t n;
    if (!registry_stage(u->stage, &stage, e) ||
        !registry_of_model(version_latest(c, u->name, &stage, 1, &found, &n, e), u->name, e))
        return false;
    if (n) *out = found[0];
    return n || err_set(e, ERR_NOT_FOUND,
                        "No versions of model with name '%.*s' and stage '%.*s' found",
                        STR_F(u->name), STR_F(u->stage));
}

bool registry_uri_version(ctx *c, const registry_uri *u, version *out, err *e) {
    int64_t number;
    bool found;
    if (u->version.p)
        return registry_number(u->version, &number, e) &&
               registry_of_version(version_get(c, u->name, number, out, e), u->name, number, e);
    if (u->alias.p) return registry_by_alias(c, u->name, u->alias, out, e);
    if (u->stage.p) return newest_of_stage(c, u, out, e);
    return newest(c, u->name, out, &found, e) &&
           (found || err_set(e, ERR_NOT_FOUND, "No versions of model with name '%.*s' found",
                             STR_F(u->name)));
}
