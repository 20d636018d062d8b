// SPDX-License-Identifier: Apache-2.0
// call: words what is wrong with a message as the reference server does, and renders errors in
// MLflow's shape. Any thread; all state is the request's.
#include "api/mlflow/mlflow_internal.h"

#include <stdio.h>

#define SEE_DOCS " See the API docs for more information about request parameters."

bool mlflow_invalid(err *e, const char *fmt, ...) {
    char msg[sizeof e->msg];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(msg, sizeof msg, fmt, ap);
    va_end(ap);
    return err_set(e, ERR_INVALID, "%s", msg);
}

bool mlflow_missing(err *e, const char *name) {
    return mlflow_invalid(e, "Missing value for required parameter '%s'." SEE_DOCS, name);
}

// ---- errors ---------------------------------------------------------------------------------

// How an error is named: MLflow's error_code, and the class and SQLSTATE that its error
// classification (3.17, mlflow.error_classification) derives from it, or NULL.
typedef struct error_name {
    const char *code, *kind, *sqlstate;
} error_name;

static error_name error_name_of(err_code code) {
    switch (code) {
    case ERR_EXISTS:
        return (error_name){"RESOURCE_ALREADY_EXISTS", "RESOURCE_ALREADY_EXISTS", "KAM00"};
    case ERR_UNAUTHENTICATED: return (error_name){"UNAUTHENTICATED", NULL, NULL};
    case ERR_FORBIDDEN: return (error_name){"PERMISSION_DENIED", "PERMISSION_DENIED", "KAM00"};
    case ERR_NOT_FOUND:
        return (error_name){"RESOURCE_DOES_NOT_EXIST", "RESOURCE_NOT_FOUND", "KAM00"};
    case ERR_NO_ENDPOINT:
        return (error_name){"ENDPOINT_NOT_FOUND", "RESOURCE_NOT_FOUND", "KAM00"};
    case ERR_CONFLICT: return (error_name){"RESOURCE_CONFLICT", NULL, NULL};
    case ERR_EXHAUSTED:
    case ERR_NO_SPACE: return (error_name){"RESOURCE_EXHAUSTED", NULL, NULL};
    case ERR_CANCELLED: return (error_name){"CANCELLED", NULL, NULL};
    case ERR_INTERNAL: return (error_name){"INTERNAL_ERROR", "CLIENT_INTERNAL_ERROR", "XXM00"};
    case ERR_CORRUPT: return (error_name){"DATA_LOSS", NULL, NULL};
    case ERR_UNIMPLEMENTED: return (error_name){"NOT_IMPLEMENTED", NULL, NULL};
    case ERR_TIMEOUT:
    case ERR_UNAVAILABLE:
        return (error_name){"TEMPORARILY_UNAVAILABLE", "CLIENT_INTERNAL_ERROR", "XXM00"};
    case ERR_DEADLINE: return (error_name){"DEADLINE_EXCEEDED", NULL, NULL};
    case ERR_METHOD:
    case ERR_MALFORMED: return (error_name){"BAD_REQUEST", "INVALID_PARAMETER_VALUE", "KAM00"};
    default: return (error_name){"INVALID_PARAMETER_VALUE", "INVALID_PARAMETER_VALUE", "KAM00"};
    }
}

void mlflow_render_error(http_req *r, const err *e) {
    if (e->code == ERR_UNAUTHENTICATED) {
        http_set_header(r, "WWW-Authenticate", STR("Basic realm=\"mlflow\""));
    }
    buf b = BUF_MAX(16u << 10);
    json_writer w = json_writer_new(&b);
    json_object(&w);
    error_name name = error_name_of(e->code);
    json_m_string(&w, "error_code", str_of(name.code));
    json_m_string(&w, "message", str_of(e->msg));
    if (name.kind) {
        json_m_string(&w, "sqlstate", str_of(name.sqlstate));
        json_m_string(&w, "error_class", str_of(name.kind));
    }
    json_object_end(&w);
    http_reply(r, err_about(e->code)->http, "application/json", buf_view(&b));
    buf_free(&b);
}

// ---- what is wrong with a message -----------------------------------------------------------

static const char *python_type(json_type t) {
    switch (t) {
    case JSON_NULL: return "NoneType";
    case JSON_FALSE:
    case JSON_TRUE: return "bool";
    case JSON_INT: return "int";
    case JSON_DOUBLE: return "float";
    case JSON_ARRAY: return "list";
    case JSON_OBJECT: return "dict";
    default: return "str";
    }
}

static bool describe(arena *a, const msg_problem *p, err *e) {
    str value = mlflow_compact_json(a, p->value);
    switch (p->kind) {
    case MSG_MISSING:
        return mlflow_invalid(e, "Missing value for required parameter '%.*s'." SEE_DOCS,
                              STR_F(p->path));
    case MSG_TOO_LONG:
        return mlflow_invalid(
            e, "'%s' exceeds the maximum length of %u %s", p->field->name, p->field->max,
            p->field->kind == MSG_LIST || p->field->kind == MSG_STRINGS ? "items"
                                                                        : "characters");
    case MSG_BAD_JSON:
        return mlflow_invalid(e, "The request body is not valid JSON: %.*s", STR_F(p->value));
    case MSG_BAD_TEXT:
        return mlflow_invalid(e,
                              "The value of '%.*s' must be UTF-8 text without NUL characters.",
                              STR_F(p->path));
    default:
        if (p->field && p->field->kind == MSG_BOOL && p->got == JSON_STRING) {
            value = str_from(str_upto(value, value.n - 1), 1); // without its quotes
            return mlflow_invalid(e, "Invalid boolean value: %.*s, must be 'true' or 'false'.",
                                  STR_F(value));
        }
        return mlflow_invalid(e,
                              "Invalid value %.*s for parameter '%.*s' supplied:  Hint: Value "
                              "was of type '%s'." SEE_DOCS,
                              STR_F(value), STR_F(p->path), python_type(p->got));
    }
}

// POST and PUT must say application/json: browsers can not send that to another site without
// asking.
static bool check_content_type(http_req *r, err *e) {
    http_method m = http_method_of(r);
    if (m != HTTP_POST && m != HTTP_PUT) return true;
    str type = http_media_type(r);
    if (!type.p) return mlflow_invalid(e, "Bad Request. Content-Type header is missing.");
    return str_eq_nocase(type, STR("application/json")) ||
           mlflow_invalid(e, "Bad Request. Content-Type must be one of ['application/json'].");
}

void mlflow_handle(http_req *r) {
    static const rpc_style style = {describe, check_content_type};
    rpc_handle(r, &style);
}
