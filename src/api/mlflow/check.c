// SPDX-License-Identifier: Apache-2.0
// check: MLflow's rules on names, lengths, ids and locations, in the reference server's words
// (mlflow.utils.validation). Pure functions but for the pattern of names, compiled once. Any
// thread.
#define PCRE2_CODE_UNIT_WIDTH 8
#include "api/mlflow/mlflow_internal.h"

#include <pcre2.h>
#include <pthread.h>
#include <stdlib.h>

#define NAME_MAX_LENGTH     250
#define LOCATION_MAX_LENGTH 2048

// ---- ids ------------------------------------------------------------------------------------

bool mlflow_is_integer(str text) {
    if (text.n && (text.p[0] == '-' || text.p[0] == '+')) text = str_from(text, 1);
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9') return false;
    }
    return text.n > 0;
}

bool mlflow_experiment_id(str text, int64_t *number, err *e) {
    text = str_trim(text);
    if (!mlflow_is_integer(text)) {
        return mlflow_invalid(
            e, "Invalid experiment ID '%.*s'. Experiment ID must be a valid integer.",
            STR_F(str_upto_code_points(text, 100)));
    }
    if (str_to_i64(text, number) && *number >= 0) return true;
    return err_set(e, ERR_NOT_FOUND, "No Experiment with id=%.*s exists",
                   STR_F(str_upto(text, 100)));
}

static int compare_numbers(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

bool mlflow_experiment_ids(arena *a, msg_list texts, int64_t **numbers, size_t *n, err *e) {
    int64_t *all = ARENA_ARRAY(a, int64_t, texts.n);
    size_t count = 0;
    for (size_t i = 0; i < texts.n; i++) {
        err unknown = {0};
        if (mlflow_experiment_id(*MSG_AT(str, texts, i), &all[count], &unknown))
            count++;
        else if (unknown.code == ERR_INVALID)
            return err_set(e, unknown.code, "%s", unknown.msg);
    }
    qsort(all, count, sizeof *all, compare_numbers);
    *n = 0;
    for (size_t i = 0; i < count; i++) {
        if (!*n || all[*n - 1] != all[i]) all[(*n)++] = all[i];
    }
    *numbers = all;
    return true;
}

bool mlflow_run_id(str text, id *out, err *e) {
    return id_parse(text, out) ||
           err_set(e, ERR_NOT_FOUND, "Run with id=%.*s not found", STR_F(str_upto(text, 300)));
}

bool mlflow_model_id(str text, id *out, err *e) {
    str hex = str_starts(text, STR("m-")) ? str_from(text, 2) : (str){0};
    return id_parse(hex, out) ||
           err_set(e, ERR_NOT_FOUND, "Logged model with ID '%.*s' not found.",
                   STR_F(str_upto(text, 300)));
}

// ---- names ----------------------------------------------------------------------------------

static pcre2_code *name_pattern;
static pthread_once_t name_once = PTHREAD_ONCE_INIT;

// \w is Unicode's: letters, digits and the underscore of every script.
static void compile_name_pattern(void) {
    int code;
    PCRE2_SIZE at;
    name_pattern = pcre2_compile(
        (PCRE2_SPTR) "^[/\\w.\\- :]*$", PCRE2_ZERO_TERMINATED,
        PCRE2_UTF | PCRE2_UCP | PCRE2_DOLLAR_ENDONLY | PCRE2_NO_UTF_CHECK, &code, &at, NULL);
    BUG_ON(!name_pattern);
}

static bool plain_name_byte(unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '_' || c == '/' || c == '.' || c == '-' || c == ' ' || c == ':';
}

bool mlflow_name_characters(str name) {
    size_t i = 0;
    while (i < name.n && plain_name_byte((unsigned char)name.p[i]))
        i++;
    if (i == name.n) return true; // the usual case, without the pattern
    pthread_once(&name_once, compile_name_pattern);
    pcre2_match_data *m = pcre2_match_data_create(1, NULL);
    int found =
        pcre2_match(name_pattern, (PCRE2_SPTR)name.p, name.n, 0, PCRE2_NO_UTF_CHECK, m, NULL);
    pcre2_match_data_free(m);
    return found >= 0;
}

// posixpath.normpath: what the name would be as a path.
str mlflow_norm_path(arena *a, str name) {
    char *out = arena_bytes(a, name.n + 2);
    size_t n = 0, depth = 0; // depth: components that ".." may take back
    bool absolute = name.n && name.p[0] == '/';
    if (absolute) out[n++] = '/';
    if (name.n >= 2 && name.p[1] == '/' && absolute && (name.n == 2 || name.p[2] != '/'))
        out[n++] = '/';
    size_t root = n;
    for (str rest = name, part; str_split(&rest, '/', &part);) {
        if (!part.n || str_is(part, ".")) continue;
        if (str_is(part, "..") && depth) {
            while (n > root && out[n - 1] != '/')
                n--;
            if (n > root) n--;
            depth--;
            continue;
        }
        if (str_is(part, "..") && absolute) continue;
        if (n > root) out[n++] = '/';
        memcpy(out + n, part.p, part.n);
        n += part.n;
        if (!str_is(part, "..")) depth++;
    }
    if (!n) out[n++] = '.';
    return (str){out, n};
}

// Can the name mean another one when it is taken for a path? Quick for the usual names.
static bool is_own_path(str name, str *norm, arena *a) {
    bool usual = name.n && name.p[0] != '/' && name.p[0] != '.' && name.p[name.n - 1] != '/';
    for (size_t i = 0; usual && i + 1 < name.n; i++) {
        usual = name.p[i] != '/' || (name.p[i + 1] != '/' && name.p[i + 1] != '.');
    }
    if (usual) return true;
    *norm = mlflow_norm_path(a, name);
    return str_eq(*norm, name) && !str_is(*norm, ".") && !str_starts(*norm, STR("..")) &&
           !str_starts(*norm, STR("/"));
}

bool mlflow_check_own_path(arena *a, str name, str path, err *e) {
    str norm;
    return is_own_path(name, &norm, a) ||
           mlflow_invalid(e,
                          "Invalid value %.*s for parameter '%.*s' supplied: Names may be "
                          "treated as files "
                          "in certain cases, and must not resolve to other names when treated "
                          "as such. This "
                          "name would resolve to %.*s",
                          STR_F(mlflow_json_text(a, name)), STR_F(path),
                          STR_F(mlflow_repr(a, norm)));
}

bool mlflow_check_name(arena *a, str name, str path, str what, err *e) {
    if (!mlflow_name_characters(name)) {
        return mlflow_invalid(
            e,
            "Invalid value %.*s for parameter '%.*s' supplied: Names may only contain"
            " alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and"
            " slashes (/).",
            STR_F(mlflow_json_text(a, name)), STR_F(path));
    }
    if (!mlflow_check_own_path(a, name, path, e)) return false;
    if (name.n <= NAME_MAX_LENGTH || str_code_points(name) <= NAME_MAX_LENGTH) return true;
    return mlflow_invalid(e, "'%.*s' exceeds the maximum length of %d characters", STR_F(what),
                          NAME_MAX_LENGTH);
}

bool mlflow_check_length(str value, size_t max, const char *what, err *e) {
    return value.n <= max || str_code_points(value) <= max ||
           mlflow_invalid(e, "'%s' exceeds the maximum length of %zu characters", what, max);
}

bool mlflow_bad_max_results(int64_t max_results, int most, err *e) {
    if (max_results < 1) {
        return mlflow_invalid(e,
                              "Invalid value %lld for parameter 'max_results' supplied. It "
                              "must be a positive integer",
                              (long long)max_results);
    }
    return mlflow_invalid(
        e, "Invalid value %lld for parameter 'max_results' supplied. It must be at most %d",
        (long long)max_results, most);
}

str mlflow_truncate(str value, size_t max) {
    return value.n <= max ? value : str_upto_code_points(value, max);
}

// ---- locations ------------------------------------------------------------------------------

#define DECODE_TIMES 10

// Schemes whose last segment may carry ";params" (Python's urllib.parse.uses_params).
static bool has_params(str uri) {
    static const char *const schemes[] = {"",      "ftp",  "hdfs", "http", "https",
                                          "shttp", "sftp", "mms",  "tel"};
    str scheme = str_upto(uri, str_find(uri, ':', 0));
    if (scheme.n == uri.n) scheme = (str){0};
    str path = str_upto(uri, str_find(uri, '?', 0));
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        if (str_eq_nocase(scheme, str_of(schemes[i])))
            return str_find(path, ';', 0) != SIZE_MAX;
    }
    return false;
}

// "..", however often its escapes are escaped.
static bool climbs(arena *a, str query) {
    for (int i = 0; i < DECODE_TIMES; i++) {
        str decoded;
        if (str_find_str(query, STR(".."), 0) != SIZE_MAX) return true;
        if (!msg_unescape(a, query, false, &decoded) || str_eq(decoded, query)) return false;
        query = decoded;
    }
    return true;
}

// A query string or fragment may not climb: the path of each run is put in front of it.
bool mlflow_check_location(arena *a, str uri, err *e) {
    if (str_find(uri, '#', 0) != SIZE_MAX || has_params(uri)) {
        return mlflow_invalid(e, "'artifact_location' URL can't include fragments or params.");
    }
    if (climbs(a, str_from(uri, str_find(uri, '?', 0))))
        return mlflow_invalid(e, "Invalid query string");
    if (str_starts(uri, STR("runs:"))) {
        return mlflow_invalid(e, "Artifact location cannot be a runs:/ URI. Given: '%.*s'",
                              STR_F(str_upto(uri, 300)));
    }
    if (uri.n > LOCATION_MAX_LENGTH && str_code_points(uri) > LOCATION_MAX_LENGTH) {
        return mlflow_invalid(e,
                              "Invalid artifact path length. The length of the artifact path "
                              "cannot be greater than"
                              " %d characters.",
                              LOCATION_MAX_LENGTH);
    }
    return true;
}
