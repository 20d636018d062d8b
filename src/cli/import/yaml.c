// SPDX-License-Identifier: Apache-2.0
// yaml: see yaml.h.
#include "cli/import/yaml.h"

#include "base/vec.h"

#include <yaml.h>

#define EVENTS_MAX 100000

typedef struct reader {
    arena *a;
    VEC(kv) out;
    int depth;      // mappings entered
    int sequences;  // within sequences nothing is taken
    str outer, key; // the key of the mapping that we are in; the key before a value
    bool has_key;
} reader;

static bool is_null(const yaml_event_t *ev) {
    const char *s = (const char *)ev->data.scalar.value;
    return ev->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           (!*s || !strcmp(s, "~") || !strcmp(s, "null") || !strcmp(s, "Null") ||
            !strcmp(s, "NULL"));
}

static void scalar(reader *r, const yaml_event_t *ev) {
    str s = arena_str(r->a, str_n(ev->data.scalar.value, ev->data.scalar.length));
    if (r->sequences || r->depth < 1 || r->depth > 2) return;
    if (!r->has_key) {
        r->key = r->depth == 2 ? arena_printf(r->a, "%.*s.%.*s", STR_F(r->outer), STR_F(s)) : s;
        r->has_key = true;
        return;
    }
    vec_push(r->a, &r->out, (kv){r->key, is_null(ev) ? (str){0} : s});
    r->has_key = false;
}

// False: something that MLflow does not write.
static bool event(reader *r, const yaml_event_t *ev) {
    switch (ev->type) {
    case YAML_SCALAR_EVENT: scalar(r, ev); return true;
    case YAML_MAPPING_START_EVENT:
        if (!r->sequences && ++r->depth == 2) r->outer = r->key;
        if (!r->sequences) r->has_key = false;
        return r->depth <= 2;
    case YAML_MAPPING_END_EVENT:
        if (!r->sequences) r->depth--;
        r->has_key = false;
        return true;
    case YAML_SEQUENCE_START_EVENT: r->sequences++; return true;
    case YAML_SEQUENCE_END_EVENT:
        r->sequences--;
        r->has_key = false;
        return true;
    case YAML_ALIAS_EVENT: return false;
    default: return true;
    }
}

bool yaml_read(arena *a, str text, yaml_map *out, err *e) {
    yaml_parser_t parser;
    yaml_event_t ev;
    reader r = {.a = a};
    bool ok = true, end = false;
    BUG_ON(!yaml_parser_initialize(&parser));
    yaml_parser_set_input_string(&parser, (const unsigned char *)(text.n ? text.p : ""),
                                 text.n);
    for (int i = 0; ok && !end; i++) {
        if (i == EVENTS_MAX || !yaml_parser_parse(&parser, &ev)) {
            ok = err_set(e, ERR_MALFORMED, "no YAML at line %zu: %s",
                         parser.problem_mark.line + 1,
                         parser.problem ? parser.problem : "too long");
            break;
        }
        end = ev.type == YAML_STREAM_END_EVENT;
        ok = event(&r, &ev) || err_set(e, ERR_MALFORMED, "not what MLflow writes, at line %zu",
                                       ev.start_mark.line + 1);
        yaml_event_delete(&ev);
    }
    yaml_parser_delete(&parser);
    *out = (yaml_map){r.out.p, r.out.n};
    return ok;
}

str yaml_get(const yaml_map *m, const char *key) {
    for (size_t i = m->n; i > 0; i--) {
        if (str_is(m->p[i - 1].key, key)) return m->p[i - 1].value;
    }
    return (str){0};
}

int64_t yaml_i64(const yaml_map *m, const char *key, int64_t otherwise) {
    int64_t v = otherwise;
    str_to_i64(yaml_get(m, key), &v);
    return v;
}
