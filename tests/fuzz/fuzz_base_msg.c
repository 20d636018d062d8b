// SPDX-License-Identifier: Apache-2.0
// The table decoder. The first byte says whether the rest is JSON or a query string. What is
// taken from JSON is held against the tree of the same text: the same members there, with the
// same values; all texts are valid and within their limits; what is refused names a problem.
#include "base/err.h"
#include "base/msg_internal.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct item {
    uint64_t has;
    str key;
    double value;
    int64_t timestamp, step;
    msg_list items;
};
static const msg_type item_msg;
static const msg_field item_fields[] = {
    MSG_FIELD(struct item, key, MSG_STRING, MSG_REQUIRED, .max = 8),
    MSG_FIELD(struct item, value, MSG_DOUBLE, MSG_REQUIRED),
    MSG_FIELD(struct item, timestamp, MSG_INT64, 0),
    MSG_FIELD(struct item, step, MSG_INT32, 0),
    MSG_FIELD(struct item, items, MSG_LIST, 0, .max = 5, .sub = &item_msg),
};
static const msg_type item_msg = MSG_TYPE(struct item, item_fields);

static const msg_name kinds[] = {{"ONE", 1}, {"TWO", 2}, {NULL, 0}};

struct body {
    uint64_t has;
    str run_id, name;
    bool is_dir;
    int64_t kind;
    struct item item;
    msg_list ids, items;
    str raw;
};
static const msg_field body_fields[] = {
    MSG_FIELD(struct body, run_id, MSG_STRING, 0, .also = "run_uuid"),
    MSG_FIELD(struct body, name, MSG_STRING, MSG_NUMBER_OK | MSG_TRUNCATE, .max = 4),
    MSG_FIELD(struct body, is_dir, MSG_BOOL, 0),
    MSG_FIELD(struct body, kind, MSG_ENUM, 0, .names = kinds),
    MSG_FIELD(struct body, item, MSG_MESSAGE, 0, .sub = &item_msg),
    MSG_FIELD(struct body, ids, MSG_STRINGS, MSG_NUMBER_OK, .max = 3),
    MSG_FIELD(struct body, items, MSG_LIST, 0, .sub = &item_msg),
    MSG_FIELD(struct body, raw, MSG_RAW, 0),
};
static const msg_type body_msg = MSG_TYPE(struct body, body_fields);

static void same_message(const msg_type *t, const char *m, const json_value *v);

static void same_strings(const msg_list *l, const json_value *v) {
    size_t i = 0;
    for (const json_value *c = v->child; c; c = c->next)
        BUG_ON(!str_eq(*MSG_AT(str, *l, i++), c->text));
    BUG_ON(i != l->n);
}

static void same_list(const msg_field *f, const msg_list *l, const json_value *v) {
    size_t i = 0;
    for (const json_value *c = v->child; c; c = c->next) {
        same_message(f->sub, (const char *)l->p + i++ * f->sub->size, c);
    }
    BUG_ON(i != l->n);
}

static void same_string(const msg_field *f, str s, const json_value *v) {
    BUG_ON(!str_is_text(s));
    BUG_ON(f->max && str_code_points(s) > f->max);
    BUG_ON(f->flags & MSG_TRUNCATE ? !str_starts(v->text, s) : !str_eq(v->text, s));
}

static void same_value(const msg_field *f, const void *p, const json_value *v) {
    const msg_list *l = p;
    switch ((msg_kind)f->kind) {
    case MSG_STRING: same_string(f, *(const str *)p, v); break;
    case MSG_INT32:
    case MSG_INT64: BUG_ON(v->type == JSON_INT && *(const int64_t *)p != v->i); break;
    case MSG_DOUBLE: BUG_ON(v->type == JSON_INT && *(const double *)p != v->f); break;
    case MSG_BOOL: BUG_ON(*(const bool *)p != (v->type == JSON_TRUE)); break;
    case MSG_ENUM: BUG_ON(!msg_enum_has(f, *(const int64_t *)p)); break;
    case MSG_MESSAGE: same_message(f->sub, p, v); break;
    case MSG_STRINGS: same_strings(l, v); break;
    case MSG_LIST: same_list(f, l, v); break;
    case MSG_RAW: BUG_ON(!((const str *)p)->n); break;
    }
    BUG_ON((f->kind == MSG_STRINGS || f->kind == MSG_LIST) && f->max && l->n > f->max);
}

static void same_message(const msg_type *t, const char *m, const json_value *v) {
    uint64_t has;
    memcpy(&has, m, sizeof has);
    for (size_t i = 0; i < t->n; i++) {
        const msg_field *f = &t->fields[i];
        const json_value *last = NULL;
        for (const json_value *c = v->child; c; c = c->next) {
            if (msg_find(t, c->key, SIZE_MAX) == f) last = c;
        }
        bool there = last && last->type != JSON_NULL;
        BUG_ON((has >> i & 1) != there);
        BUG_ON(!there && f->flags & MSG_REQUIRED);
        if (there) same_value(f, m + f->offset, last);
    }
}

static void check_problem(const msg_problem *p) {
    BUG_ON(p->kind == MSG_OK);
    BUG_ON(!str_is_text(p->path));
    BUG_ON(p->kind == MSG_TOO_LONG && p->length <= p->field->max);
    BUG_ON((p->kind == MSG_MISSING || p->kind == MSG_BAD_ENUM) && !p->field);
    BUG_ON(p->kind == MSG_BAD_JSON && !p->value.n);
}

static void one_json(arena *a, str text) {
    struct body m;
    msg_problem p;
    json_value *v = json_parse(a, text, JSON_NAN, NULL);
    bool ok = msg_decode_json(&body_msg, a, text, &m, &p);
    if (!ok) {
        check_problem(&p);
        BUG_ON(p.kind == MSG_BAD_JSON && v && v->type != JSON_STRING);
        return;
    }
    if (v && v->type == JSON_STRING) v = json_parse(a, v->text, JSON_NAN, NULL);
    if (v)
        same_message(&body_msg, (const char *)&m, v);
    else
        BUG_ON(m.has);
}

static void one_query(arena *a, str text) {
    struct body m;
    msg_problem p;
    if (!msg_decode_query(&body_msg, a, text, &m, &p)) {
        check_problem(&p);
        return;
    }
    BUG_ON(!str_is_text(m.run_id) || !str_is_text(m.name) || !str_is_text(m.raw));
    BUG_ON(str_code_points(m.name) > 4 || m.ids.n > 3 || m.items.n);
    for (size_t i = 0; i < m.ids.n; i++)
        BUG_ON(!str_is_text(*MSG_AT(str, m.ids, i)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (!size || size > 1 << 16) return 0;
    arena *a = arena_new();
    str text = str_n(data + 1, size - 1);
    if (*data == '?')
        one_query(a, text);
    else
        one_json(a, text);
    arena_free(a);
    return 0;
}
