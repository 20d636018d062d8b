// SPDX-License-Identifier: Apache-2.0
// openapi: the page that describes this dialect (OpenAPI 3.1), made from the route table, the
// message tables and the shapes of replies. Any thread.
#include "api/native/native.h"
#include "api/native/native_internal.h"
#include "base/vec.h"

typedef struct page {
    json_writer *w;
    arena *a;
    VEC(const shape *) shapes; // those that were named, in that order
} page;

// ---- schemas of messages --------------------------------------------------------------------

static void put_message(page *p, const msg_type *t);

static void put_type(json_writer *w, const char *type) {
    json_m_string(w, "type", str_of(type));
}

static void put_names(json_writer *w, const msg_name *names) {
    put_type(w, "string");
    json_m_array(w, "enum");
    for (; names->name; names++)
        json_string(w, str_of(names->name));
    json_array_end(w);
}

static const char special_numbers[] =
    "\"oneOf\":[{\"type\":\"number\"},{\"enum\":[\"NaN\",\"Infinity\",\"-Infinity\"]}]";

static void put_text(json_writer *w, const msg_field *f) {
    if (f->flags & MSG_NUMBER_OK)
        json_put(w, STR("\"type\":[\"string\",\"number\"]"));
    else
        put_type(w, "string");
}

static void put_list_of(page *p, const msg_field *f) {
    put_type(p->w, "array");
    if (f->max) json_m_i64(p->w, "maxItems", f->max);
    json_m_object(p->w, "items");
    if (f->kind == MSG_LIST)
        put_message(p, f->sub);
    else
        put_text(p->w, f);
    json_object_end(p->w);
}

// The members of a field's schema.
static void put_msg_field(page *p, const msg_field *f) {
    json_writer *w = p->w;
    switch ((msg_kind)f->kind) {
    case MSG_STRING:
        put_text(w, f);
        if (f->max && !(f->flags & MSG_TRUNCATE)) json_m_i64(w, "maxLength", f->max);
        break;
    case MSG_INT64:
    case MSG_INT32: put_type(w, "integer"); break;
    case MSG_DOUBLE: json_put(w, STR(special_numbers)); break;
    case MSG_BOOL: put_type(w, "boolean"); break;
    case MSG_ENUM: put_names(w, f->names); break;
    case MSG_MESSAGE: put_message(p, f->sub); break;
    case MSG_STRINGS:
    case MSG_LIST: put_list_of(p, f); break;
    case MSG_RAW: break; // any JSON
    }
    if (f->doc) json_m_string(w, "description", str_of(f->doc));
}

static void put_message(page *p, const msg_type *t) {
    json_writer *w = p->w;
    put_type(w, "object");
    json_m_object(w, "properties");
    for (size_t i = 0; i < t->n; i++) {
        json_key(w, str_of(t->fields[i].name));
        json_object(w);
        put_msg_field(p, &t->fields[i]);
        json_object_end(w);
    }
    json_object_end(w);
    json_m_array(w, "required");
    for (size_t i = 0; i < t->n; i++) {
        if (t->fields[i].flags & MSG_REQUIRED) json_string(w, str_of(t->fields[i].name));
    }
    json_array_end(w);
}

// ---- schemas of replies ---------------------------------------------------------------------

static void put_ref(page *p, const shape *s) {
    bool known = false;
    for (size_t i = 0; i < p->shapes.n; i++)
        known |= p->shapes.p[i] == s;
    if (!known) vec_push(p->a, &p->shapes, s);
    json_m_string(p->w, "$ref", arena_printf(p->a, "#/components/schemas/%s", s->name));
}

static void put_values(page *p, const shape_field *f) {
    put_type(p->w, "object");
    json_m_object(p->w, "additionalProperties");
    if (f->sub)
        put_ref(p, f->sub);
    else
        put_type(p->w, "string");
    json_object_end(p->w);
}

static void put_one(page *p, const shape_field *f) {
    switch ((shape_kind)f->kind) {
    case SHAPE_TEXT: put_type(p->w, "string"); break;
    case SHAPE_INT: put_type(p->w, "integer"); break;
    case SHAPE_NUMBER: json_put(p->w, STR(special_numbers)); break;
    case SHAPE_BOOL: put_type(p->w, "boolean"); break;
    case SHAPE_ID:
        put_type(p->w, "string");
        json_m_string(p->w, "pattern", STR("^[0-9a-f]{32}$"));
        break;
    case SHAPE_ENUM: put_names(p->w, f->names); break;
    case SHAPE_OBJECT: put_ref(p, f->sub); break;
    case SHAPE_MAP: put_values(p, f); break;
    case SHAPE_ANY: break;
    }
}

static void put_shape_field(page *p, const shape_field *f) {
    json_key(p->w, str_of(f->name));
    json_object(p->w);
    if (f->flags & SHAPE_LIST) {
        put_type(p->w, "array");
        json_m_object(p->w, "items");
        put_one(p, f);
        json_object_end(p->w);
    } else {
        put_one(p, f);
    }
    if (f->doc) json_m_string(p->w, "description", str_of(f->doc));
    json_object_end(p->w);
}

// Replies hold nothing that their shape does not name: clients can be generated from it.
static void put_shape(page *p, const shape *s) {
    json_writer *w = p->w;
    json_key(w, str_of(s->name));
    json_object(w);
    put_type(w, "object");
    json_m_bool(w, "additionalProperties", false);
    json_m_object(w, "properties");
    for (size_t i = 0; i < s->n; i++)
        put_shape_field(p, &s->fields[i]);
    json_object_end(w);
    json_m_array(w, "required");
    for (size_t i = 0; i < s->n; i++) {
        if (!(s->fields[i].flags & SHAPE_OPTIONAL)) json_string(w, str_of(s->fields[i].name));
    }
    json_array_end(w);
    json_object_end(w);
}

SHAPE(static, problem_shape, "Problem", FIELD("type", SHAPE_TEXT, 0, "urn:stemma:error:CODE"),
      FIELD("title", SHAPE_TEXT, 0, "what the code means"),
      FIELD("status", SHAPE_INT, 0, "the HTTP status"),
      FIELD("detail", SHAPE_TEXT, 0, "what went wrong, and what to do"),
      FIELD("code", SHAPE_TEXT, 0, "see the reference page's table of errors"),
      FIELD("retry", SHAPE_BOOL, 0, "may the same request succeed later?"),
      FIELD("points_stored", SHAPE_INT, SHAPE_OPTIONAL, "ingest: points that are stored"),
      FIELD("parts_stored", SHAPE_INT, SHAPE_OPTIONAL,
            "ingest: so many lines or frames are stored"),
      FIELD("wrong_part", SHAPE_INT, SHAPE_OPTIONAL,
            "ingest: the line or frame that was refused, from 1"),
      FIELD("at", SHAPE_INT, SHAPE_OPTIONAL, "the byte of a search's text that this is about"));

// ---- operations -----------------------------------------------------------------------------

static void put_parameter(page *p, const char *where, str name, bool required) {
    json_m_string(p->w, "name", name);
    json_m_string(p->w, "in", str_of(where));
    json_m_bool(p->w, "required", required);
}

// OpenAPI has no word for it.
static void put_rest(page *p) {
    json_m_string(p->w, "description", STR("slashes in it stand for themselves"));
    json_m_bool(p->w, "x-rest", true);
}

// The parameters of a path such as "runs/{run}/files/{path...}".
static void put_path_parameters(page *p, str pattern) {
    for (size_t at; (at = str_find(pattern, '{', 0)) != SIZE_MAX;) {
        pattern = str_from(pattern, at + 1);
        str name = str_upto(pattern, str_find(pattern, '}', 0));
        bool rest = str_ends(name, STR("..."));
        if (rest) name.n -= 3;
        json_object(p->w);
        put_parameter(p, "path", name, true);
        if (rest) put_rest(p);
        json_put(p->w, STR("\"schema\":{\"type\":\"string\"}"));
        json_object_end(p->w);
    }
}

static void put_query_parameters(page *p, const msg_type *t) {
    for (size_t i = 0; t && i < t->n; i++) {
        const msg_field *f = &t->fields[i];
        json_object(p->w);
        put_parameter(p, "query", str_of(f->name), f->flags & MSG_REQUIRED);
        json_m_object(p->w, "schema");
        put_msg_field(p, f);
        json_object_end(p->w);
        json_object_end(p->w);
    }
}

// Rows that create take a key that makes repeats harmless.
static void put_key_parameter(page *p) {
    json_object(p->w);
    put_parameter(p, "header", STR("Idempotency-Key"), false);
    json_m_string(p->w, "description",
                  STR("new for each thing that is created; a repeat with the same key creates"
                      " nothing and gets the same reply"));
    json_put(p->w, STR("\"schema\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":255}"));
    json_object_end(p->w);
}

static bool is_json(str type) {
    return str_is(type, "application/json") || str_ends(type, STR("+json"));
}

// Content types with spaces between; those that are JSON are of shape s (NULL: any object).
static void put_content(page *p, const char *types, const shape *s) {
    str rest = str_of(types);
    json_m_object(p->w, "content");
    for (str type; str_split(&rest, ' ', &type);) {
        json_key(p->w, type);
        json_object(p->w);
        if (is_json(type)) {
            json_m_object(p->w, "schema");
            if (s)
                put_ref(p, s);
            else
                put_type(p->w, "object");
            json_object_end(p->w);
        }
        json_object_end(p->w);
    }
    json_object_end(p->w);
}

static void put_request_body(page *p, const http_route *r, bool by_query) {
    bool is_rpc = r->handler == native_handle;
    const rpc *row = is_rpc ? r->data : NULL;
    const native_stream *s = is_rpc ? NULL : r->data;
    if (by_query || (row ? !row->msg : !s || !s->takes)) return;
    json_m_object(p->w, "requestBody");
    if (s) {
        put_content(p, s->takes, NULL);
    } else {
        json_m_object(p->w, "content");
        json_m_object(p->w, "application/json");
        json_m_object(p->w, "schema");
        put_message(p, row->msg);
        json_object_end(p->w);
        json_object_end(p->w);
        json_object_end(p->w);
    }
    json_object_end(p->w);
}

static void put_responses(page *p, const http_route *r) {
    bool is_rpc = r->handler == native_handle;
    const rpc *row = is_rpc ? r->data : NULL;
    const native_stream *s = is_rpc ? NULL : r->data;
    json_m_object(p->w, "responses");
    json_key(p->w, arena_printf(p->a, "%d", row && row->status ? row->status : 200));
    json_object(p->w);
    json_m_string(p->w, "description", STR("done"));
    if (row)
        put_content(p, row->gives ? row->gives : "application/json", row->reply);
    else if (s && s->gives)
        put_content(p, s->gives, s->reply);
    json_object_end(p->w);
    json_key(p->w, STR("default"));
    json_object(p->w);
    json_m_string(p->w, "description", STR("an error"));
    put_content(p, "application/problem+json", &problem_shape);
    json_object_end(p->w);
    json_object_end(p->w);
}

// "get_runs_run_points" for GET runs/{run}/points: what generated clients call it.
static str operation_id(arena *a, const http_route *r, const char *method) {
    buf b = BUF_MAX(256);
    buf_str(&b, str_of(method));
    for (const char *c = r->pattern; *c; c++) {
        if (c == r->pattern || *c == '/' || (*c == '.' && c[1] != '.' && c[-1] != '.'))
            buf_byte(&b, '_');
        if (!strchr("/{}.", *c)) buf_byte(&b, *c);
    }
    str out = arena_str(a, buf_view(&b));
    buf_free(&b);
    return out;
}

static void put_operation(page *p, const http_route *r, const char *method) {
    bool is_rpc = r->handler == native_handle, by_query = r->methods & HTTP_GET;
    const msg_type *t = is_rpc    ? ((const rpc *)r->data)->msg
                        : r->data ? ((const native_stream *)r->data)->query
                                  : NULL;
    json_key(p->w, str_of(method));
    json_object(p->w);
    json_m_string(p->w, "operationId", operation_id(p->a, r, method));
    json_m_string(p->w, "summary", str_of(r->doc));
    json_m_string(p->w, "x-permission", str_of(http_perm_name(r->perm)));
    if (r->perm == PERM_PUBLIC) json_put(p->w, STR("\"security\":[]"));
    json_m_array(p->w, "parameters");
    put_path_parameters(p, str_of(r->pattern));
    if (by_query || !is_rpc) put_query_parameters(p, t);
    if (is_rpc && ((const rpc *)r->data)->creates) put_key_parameter(p);
    json_array_end(p->w);
    put_request_body(p, r, by_query);
    put_responses(p, r);
    json_object_end(p->w);
}

static void put_row(page *p, const http_route *r) {
    static const struct {
        unsigned bit;
        const char *name;
    } methods[] = {{HTTP_GET, "get"},
                   {HTTP_POST, "post"},
                   {HTTP_PUT, "put"},
                   {HTTP_PATCH, "patch"},
                   {HTTP_DELETE, "delete"}};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        if (r->methods & methods[i].bit) put_operation(p, r, methods[i].name);
    }
}

static bool same_path(const http_route *x, const http_route *y) {
    return !strcmp(x->pattern, y->pattern);
}

// Rows of one path stand together on the page.
static void put_paths(page *p, const http_dialect *d) {
    json_m_object(p->w, "paths");
    for (size_t i = 0; i < d->n; i++) {
        bool seen = false;
        for (size_t j = 0; j < i; j++)
            seen |= same_path(&d->routes[i], &d->routes[j]);
        if (seen) continue;
        str path = str_of(d->routes[i].pattern);
        if (str_ends(path, STR("...}")))
            path = arena_printf(p->a, "%.*s}", (int)path.n - 4, path.p);
        json_key(p->w, arena_printf(p->a, NATIVE_PREFIX "%.*s", STR_F(path)));
        json_object(p->w);
        for (size_t j = i; j < d->n; j++) {
            if (same_path(&d->routes[i], &d->routes[j])) put_row(p, &d->routes[j]);
        }
        json_object_end(p->w);
    }
    json_object_end(p->w);
}

static const char conventions[] =
    "In requests null is the same as leaving a member out, and members that are not named here "
    "are ignored. In query strings a list is the parameter repeated. Lists answer with `items` "
    "and, unless they are at their end, `next`, which is the next page's `after`.";

static const char security_schemes[] =
    "\"securitySchemes\":{\"bearer\":{\"type\":\"http\",\"scheme\":\"bearer\",\"description\":"
    "\"the server's token; none where it was started without\"},\"basic\":{\"type\":\"http\","
    "\"scheme\":\"basic\",\"description\":\"any user, the token as the password\"}}";

const native_stream native_openapi_io = {.gives = "application/json"};

void native_openapi_write(json_writer *w, arena *a) {
    page p = {.w = w, .a = a};
    json_object(p.w);
    json_m_string(p.w, "openapi", STR("3.1.0"));
    json_m_object(p.w, "info");
    json_m_string(p.w, "title", STR("Stemma"));
    json_m_string(p.w, "version", STR(STEMMA_VERSION));
    json_m_string(p.w, "description", STR(conventions));
    json_object_end(p.w);
    json_put(p.w, STR("\"security\":[{\"bearer\":[]},{\"basic\":[]}]"));
    put_paths(&p, &native_dialect);
    json_m_object(p.w, "components");
    json_put(p.w, STR(security_schemes));
    json_m_object(p.w, "schemas");
    for (size_t i = 0; i < p.shapes.n; i++) // grows: a shape names others
        put_shape(&p, p.shapes.p[i]);
    json_object_end(p.w);
    json_object_end(p.w);
    json_object_end(p.w);
}

void native_openapi(http_req *r) {
    native_openapi_write(http_json(r, 200, "application/json"), http_arena(r));
    http_json_end(r);
}
