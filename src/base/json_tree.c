// SPDX-License-Identifier: Apache-2.0
// json tree: the values of a reader as linked nodes in the arena, for documents that are looked
// at out of order. Built without recursion; the reader's limit on depth is the limit of the
// stack of open containers.
#include "base/json.h"

static json_value *node_new(json_reader *r, json_type type, bool in_object) {
    json_value *v = ARENA_NEW(r->a, json_value);
    v->type = type;
    if (in_object) v->key = r->key;
    if (type == JSON_STRING || type == JSON_INT || type == JSON_DOUBLE) v->text = r->text;
    if (type == JSON_INT || type == JSON_DOUBLE) v->f = r->f;
    if (type == JSON_INT) v->i = r->i;
    return v;
}

json_value *json_parse(arena *a, str text, unsigned flags, str *error) {
    json_reader r;
    json_reader_init(&r, a, text, flags);
    json_value top = {0};
    struct {
        json_value *v, **tail; // where its next element is hung in
    } open[JSON_DEPTH + 1] = {{&top, &top.child}};
    size_t depth = 0;
    for (;;) {
        json_type type = json_next(&r);
        if (type == JSON_ERROR) break;
        if (type == JSON_END) {
            if (!depth--) return top.child;
            continue;
        }
        json_value *v = node_new(&r, type, open[depth].v->type == JSON_OBJECT);
        *open[depth].tail = v;
        open[depth].tail = &v->next;
        open[depth].v->n++;
        if (type == JSON_ARRAY || type == JSON_OBJECT) {
            depth++;
            open[depth].v = v;
            open[depth].tail = &v->child;
        }
    }
    if (error) *error = arena_printf(a, "%s at byte %zu", r.error, r.at);
    return NULL;
}

json_value *json_get(const json_value *object, const char *key) {
    if (!object || object->type != JSON_OBJECT) return NULL;
    str wanted = str_of(key);
    json_value *found = NULL;
    for (json_value *v = object->child; v; v = v->next) {
        if (str_eq(v->key, wanted)) found = v;
    }
    return found;
}
