// SPDX-License-Identifier: Apache-2.0
// call: words what is wrong with a native message, renders errors as RFC 9457 (problem
// details), and reads the parts of a path. Any thread; all state is the request's.
#include "api/native/native_internal.h"

#include <stdio.h>

const msg_name native_views[] = {
    {"active", VIEW_ACTIVE}, {"deleted", VIEW_DELETED}, {"all", VIEW_ALL}, {NULL, 0}};

// ---- errors ---------------------------------------------------------------------------------

void native_problem(http_req *r, const err *e, str more) {
    const err_info *about = err_about(e->code);
    buf b = BUF_MAX(16u << 10);
    json_writer w = json_writer_new(&b);
    char type[64];
    snprintf(type, sizeof type, "urn:stemma:error:%s", about->name);
    // Basic is taken too, but not offered: a browser would put its own dialog before the
    // page's.
    if (e->code == ERR_UNAUTHENTICATED)
        http_set_header(r, "WWW-Authenticate", STR("Bearer realm=\"stemma\""));
    json_object(&w);
    json_m_string(&w, "type", str_of(type));
    json_m_string(&w, "title", str_of(about->doc));
    json_m_i64(&w, "status", about->http);
    json_m_string(&w, "detail", str_of(e->msg));
    json_m_string(&w, "code", str_of(about->name));
    json_m_bool(&w, "retry", about->retry);
    if (e->place) json_m_i64(&w, "at", e->place - 1);
    if (more.n) json_put(&w, more);
    json_object_end(&w);
    http_reply(r, about->http, "application/problem+json", buf_view(&b));
    buf_free(&b);
}

void native_render_error(http_req *r, const err *e) {
    native_problem(r, e, (str){0});
}

// ---- what is wrong with a message -----------------------------------------------------------

static const char *kind_text(const msg_field *f) {
    switch ((msg_kind)f->kind) {
    case MSG_STRING: return "a string";
    case MSG_INT64: return "an integer";
    case MSG_INT32: return "an integer of 32 bits";
    case MSG_DOUBLE: return "a number";
    case MSG_BOOL: return "true or false";
    case MSG_MESSAGE: return "an object";
    case MSG_STRINGS: return "a list of strings";
    case MSG_LIST: return "a list of objects";
    default: return "another value";
    }
}

static str enum_text(arena *a, const msg_field *f) {
    str out = {0};
    for (const msg_name *n = f->names; n->name; n++)
        out = arena_printf(a, "%.*s%s%s", STR_F(out), out.n ? ", " : "", n->name);
    return out;
}

static bool describe(arena *a, const msg_problem *p, err *e) {
    str value = str_upto_code_points(p->value, 200);
    switch (p->kind) {
    case MSG_MISSING: return err_set(e, ERR_INVALID, "'%.*s' is required", STR_F(p->path));
    case MSG_TOO_LONG:
        return err_set(e, ERR_INVALID, "'%.*s' is too long: %zu, and at most %u are taken",
                       STR_F(p->path), p->length, p->field->max);
    case MSG_BAD_JSON:
        return err_set(e, ERR_MALFORMED, "the body is not valid JSON: %.*s", STR_F(value));
    case MSG_BAD_TEXT:
        return err_set(e, ERR_INVALID, "'%.*s' must be UTF-8 text without NUL characters",
                       STR_F(p->path));
    case MSG_BAD_ENUM:
        return err_set(e, ERR_INVALID, "'%.*s' is one of %.*s, not %.*s", STR_F(p->path),
                       STR_F(enum_text(a, p->field)), STR_F(value));
    default:
        if (!p->field) return err_set(e, ERR_INVALID, "the body must be a JSON object");
        return err_set(e, ERR_INVALID, "'%.*s' takes %s, not %.*s", STR_F(p->path),
                       kind_text(p->field), STR_F(value));
    }
}

// Browsers can not send application/json to another site without asking; a body without a type
// is refused for that reason too.
static bool check_content_type(http_req *r, err *e) {
    if (http_method_of(r) == HTTP_GET || !http_body(r).n) return true;
    return str_eq_nocase(http_media_type(r), STR("application/json")) ||
           err_set(e, ERR_INVALID, "the body must be sent with Content-Type: application/json");
}

bool native_query(http_req *r, const msg_type *t, void *out, err *e) {
    msg_problem p = {0};
    return msg_decode_query(t, http_arena(r), http_query(r), out, &p) ||
           describe(http_arena(r), &p, e);
}

void native_handle(http_req *r) {
    static const rpc_style style = {describe, check_content_type};
    rpc_handle(r, &style);
}

// ---- forms ----------------------------------------------------------------------------------

// Is `type` ("a/b") in a list of ranges? Their weights do not matter: ours stand in order.
static bool accepted(str list, str type) {
    for (str one; str_split(&list, ',', &one);) {
        one = str_trim(str_upto(one, str_find(one, ';', 0)));
        if (str_is(one, "*/*") || str_eq_nocase(one, type)) return true;
        if (str_ends(one, STR("/*")) && str_starts(type, str_upto(one, one.n - 1))) return true;
    }
    return false;
}

const char *native_accept(http_req *r, const char *types, err *e) {
    str list = http_header(r, "accept"), rest = str_of(types);
    for (str type; str_split(&rest, ' ', &type);) {
        if (!str_trim(list).n || accepted(list, type)) return arena_cstr(http_arena(r), type);
    }
    err_set(e, ERR_INVALID, "Accept names none of the forms that there are: %s", types);
    return NULL;
}

// ---- parts ----------------------------------------------------------------------------------

bool native_run_id(str text, id *out, err *e) {
    return id_parse(text, out) || err_set(e, ERR_NOT_FOUND, "there is no run '%.*s'",
                                          STR_F(str_upto_code_points(text, 100)));
}

bool native_path_run(call *k, id *out, err *e) {
    return native_run_id(http_param(k->r, "run"), out, e);
}

bool native_project_row(call *k, str text, project *out, err *e) {
    int64_t number;
    return str_to_i64(text, &number) && number >= 0 ? project_get(&k->c, number, out, e)
                                                    : project_by_name(&k->c, text, out, e);
}

bool native_project_named(call *k, str text, int64_t *out, err *e) {
    project p;
    if (!native_project_row(k, text, &p, e)) return false;
    *out = p.number;
    return true;
}

bool native_path_project(call *k, int64_t *out, err *e) {
    return native_project_named(k, http_param(k->r, "project"), out, e);
}

bool native_limit(bool sent, int64_t value, size_t *out, err *e) {
    *out = sent ? (size_t)value : NATIVE_PAGE;
    return !sent || (value >= 1 && value <= NATIVE_PAGE_MAX) ||
           err_set(e, ERR_INVALID, "'limit' is 1 to %d, not %lld", NATIVE_PAGE_MAX,
                   (long long)value);
}

static const msg_field page_fields[] = {
    MSG_FIELD(struct native_page, limit, MSG_INT32, 0,
              .doc = "items of a page, 100 by default"),
    MSG_FIELD(struct native_page, after, MSG_STRING, 0,
              .doc = "the cursor `next` of the page before"),
};
const msg_type native_page_msg = MSG_TYPE(struct native_page, page_fields);

bool native_page_limit(const struct native_page *q, size_t *out, err *e) {
    return native_limit(msg_has(&native_page_msg, q, "limit"), q->limit, out, e);
}

void native_m_id(json_writer *w, const char *name, id x) {
    char hex[ID_HEX];
    id_hex(x, hex);
    json_key(w, str_of(name));
    json_string(w, str_of(hex));
}

void native_m_tags(json_writer *w, const kv *tags, size_t n) {
    json_m_object(w, "tags");
    for (size_t i = 0; i < n; i++) {
        json_key(w, tags[i].key);
        json_string(w, tags[i].value);
    }
    json_object_end(w);
}

void native_list_end(json_writer *w, str next) {
    json_array_end(w);
    if (next.n) json_m_string(w, "next", next);
    json_object_end(w);
}
