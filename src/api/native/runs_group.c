// SPDX-License-Identifier: Apache-2.0
// runs_group: runs by the values of fields, with statistics; and what fields and values there
// are, for whoever helps to write a search. Any thread.
#include "api/native/runs.h"

#include <math.h>

// ---- groups ---------------------------------------------------------------------------------

SHAPE(static, stats_shape, "FieldStatistics",
      FIELD("count", SHAPE_INT, 0, "runs of the group that have a value (NaN is none)"),
      FIELD("mean", SHAPE_NUMBER, SHAPE_OPTIONAL, "their mean"),
      FIELD("deviation", SHAPE_NUMBER, SHAPE_OPTIONAL, "of the sample; of two values or more"),
      FIELD("min", SHAPE_NUMBER, SHAPE_OPTIONAL, "the least"),
      FIELD("max", SHAPE_NUMBER, SHAPE_OPTIONAL, "the greatest"));

SHAPE(static, group_shape, "RunGroup",
      FIELD("by", SHAPE_MAP, 0,
            "the values that its runs share, as texts; one that they all "
            "lack is left out"),
      FIELD("count", SHAPE_INT, 0, "its runs"),
      FIELD("of", SHAPE_MAP, 0, "statistics of each field asked for", .sub = &stats_shape));

SHAPE(static, groups_shape, "RunGroups",
      FIELD("items", SHAPE_OBJECT, SHAPE_LIST, "groups, the largest first",
            .sub = &group_shape));

struct group {
    uint64_t has;
    struct runs_which which;
    msg_list by, of;
};
static const msg_field group_fields[] = {
    RUNS_WHICH_FIELDS(struct group),
    MSG_FIELD(struct group, by, MSG_STRINGS, MSG_REQUIRED, .max = SEARCH_MAX_BY,
              .doc = "fields; runs that have the same values are a group"),
    MSG_FIELD(struct group, of, MSG_STRINGS, 0, .max = SEARCH_MAX_OF,
              .doc = "fields to make statistics of; configuration and tags as numbers"),
};
static const msg_type group_msg = MSG_TYPE(struct group, group_fields);

static bool take_fields(call *k, const char *member, msg_list list, bool numbers,
                        const search_field **out, size_t *n, err *e) {
    search_lang l = runs_lang(k);
    search_field *f = ARENA_ARRAY(k->c.a, search_field, list.n);
    for (size_t i = 0; i < list.n; i++) {
        if (!runs_field(&l, member, *MSG_AT(str, list, i), &f[i], e)) return false;
        if (numbers && (f[i].domain == SEARCH_PARAM || f[i].domain == SEARCH_TAG))
            f[i].which = SEARCH_AS_NUMBER;
    }
    *out = f;
    *n = list.n;
    return true;
}

// core's words for statuses are upper case.
static str shown(arena *a, const search_field *f, str value) {
    if (f->domain != SEARCH_ATTRIBUTE || f->which != SEARCH_STATUS) return value;
    char *out = arena_bytes(a, value.n);
    for (size_t i = 0; i < value.n; i++)
        out[i] = (char)(value.p[i] | 0x20);
    return str_n(out, value.n);
}

static void put_number(json_writer *w, const char *name, double v, bool there) {
    if (!there) return;
    json_key(w, str_of(name));
    json_f64(w, v);
}

static void put_stats(json_writer *w, const search_stats *s) {
    json_object(w);
    json_m_i64(w, "count", (int64_t)s->n);
    put_number(w, "mean", s->mean, s->n > 0);
    put_number(w, "deviation", s->deviation, s->n > 1);
    put_number(w, "min", s->min, s->n > 0);
    put_number(w, "max", s->max, s->n > 0);
    json_object_end(w);
}

static void put_group(call *k, const struct group *q, const search_groups_query *s,
                      const search_group *g) {
    json_writer *w = rpc_reply(k);
    json_object(w);
    json_m_object(w, "by");
    for (size_t i = 0; i < s->n_by; i++) {
        if (!g->by[i].p) continue;
        json_key(w, *MSG_AT(str, q->by, i));
        json_string(w, shown(k->c.a, &s->by[i], g->by[i]));
    }
    json_object_end(w);
    json_m_i64(w, "count", (int64_t)g->runs);
    json_m_object(w, "of");
    for (size_t i = 0; i < s->n_of; i++) {
        json_key(w, *MSG_AT(str, q->of, i));
        put_stats(w, &g->of[i]);
    }
    json_object_end(w);
    json_object_end(w);
}

static bool group_runs(call *k, void *msg, err *e) {
    struct group *q = msg;
    search_groups_query s = {0};
    search_group *groups;
    size_t n;
    if (!runs_which_query(k, &q->which, &s.runs, e) ||
        !take_fields(k, "by", q->by, false, &s.by, &s.n_by, e) ||
        !take_fields(k, "of", q->of, true, &s.of, &s.n_of, e) ||
        !search_groups(&k->c, &s, &groups, &n, NULL, e))
        return false;
    json_writer *w = rpc_reply(k);
    json_object(w);
    json_m_array(w, "items");
    for (size_t i = 0; i < n; i++)
        put_group(k, q, &s, &groups[i]);
    native_list_end(w, (str){0});
    return true;
}
const rpc native_runs_group = {.msg = &group_msg, .fn = group_runs, .reply = &groups_shape};

// ---- names ----------------------------------------------------------------------------------

enum { KIND_ATTRIBUTE = 1, KIND_METRIC, KIND_CONFIG, KIND_TAG };
static const msg_name kinds[] = {{"attribute", KIND_ATTRIBUTE},
                                 {"metric", KIND_METRIC},
                                 {"config", KIND_CONFIG},
                                 {"tag", KIND_TAG},
                                 {NULL, 0}};

SHAPE(static, name_shape, "FieldName", FIELD("name", SHAPE_TEXT, 0, "a key, or an attribute"),
      FIELD("kind", SHAPE_ENUM, 0, "of what", .names = kinds),
      FIELD("runs", SHAPE_INT, SHAPE_OPTIONAL,
            "runs that have it, of those looked at; every run has attributes"));

SHAPE(static, names_shape, "FieldNames",
      FIELD("items", SHAPE_OBJECT, SHAPE_LIST, "by kind, then by name", .sub = &name_shape),
      FIELD("looked_at", SHAPE_INT, 0,
            "runs: all of the project's, or the newest and some of all its life"),
      FIELD("all", SHAPE_BOOL, 0, "was every run looked at, and is nothing cut off?"));

struct names {
    uint64_t has;
    str project, prefix;
    int64_t kind, limit;
};
static const msg_field names_fields[] = {
    MSG_FIELD(struct names, project, MSG_STRING, MSG_REQUIRED, .doc = "its number or name"),
    MSG_FIELD(struct names, kind, MSG_ENUM, 0, .names = kinds, .doc = "none: all of them"),
    MSG_FIELD(struct names, prefix, MSG_STRING, 0, .max = RUNS_KEY_MAX),
    MSG_FIELD(struct names, limit, MSG_INT32, 0, .doc = "names, 100 by default"),
};
static const msg_type names_msg = MSG_TYPE(struct names, names_fields);

typedef struct names_call {
    call *k;
    const struct names *q;
    size_t left; // of the limit
    int64_t project;
    uint64_t looked_at;
    bool all;
} names_call;

static json_writer *begin_name(names_call *x, int64_t kind, str name) {
    json_writer *w = rpc_reply(x->k);
    if (!x->left) {
        x->all = false;
        return NULL;
    }
    x->left--;
    json_object(w);
    json_m_string(w, "name", name);
    json_m_string(w, "kind", msg_name_of(kinds, kind));
    return w;
}

static void put_attributes(names_call *x) {
    const char *name;
    for (size_t i = 0; (name = search_lang_attribute(i)); i++) {
        if (!str_starts(str_of(name), x->q->prefix)) continue;
        json_writer *w = begin_name(x, KIND_ATTRIBUTE, str_of(name));
        if (w) json_object_end(w);
    }
}

static bool put_keys(names_call *x, int64_t kind, err *e) {
    static const search_domain domains[] = {
        [KIND_METRIC] = SEARCH_METRIC, [KIND_CONFIG] = SEARCH_PARAM, [KIND_TAG] = SEARCH_TAG};
    search_names_page page;
    if (!search_names(&x->k->c, x->project, domains[kind], x->q->prefix, &page, e))
        return false;
    x->looked_at = page.looked_at > x->looked_at ? page.looked_at : x->looked_at;
    x->all = x->all && page.all;
    for (size_t i = 0; i < page.n; i++) {
        json_writer *w = begin_name(x, kind, page.names[i].key);
        if (!w) break;
        json_m_i64(w, "runs", (int64_t)page.names[i].runs);
        json_object_end(w);
    }
    return true;
}

static bool names(call *k, void *msg, err *e) {
    struct names *q = msg;
    names_call x = {.k = k, .q = q, .all = true};
    if (!native_limit(msg_has(&names_msg, q, "limit"), q->limit, &x.left, e) ||
        !native_project_named(k, q->project, &x.project, e))
        return false;
    json_writer *w = rpc_reply(k);
    json_object(w);
    json_m_array(w, "items");
    for (int64_t kind = KIND_ATTRIBUTE; kind <= KIND_TAG; kind++) {
        if (q->kind && q->kind != kind) continue;
        if (kind == KIND_ATTRIBUTE)
            put_attributes(&x);
        else if (!put_keys(&x, kind, e))
            return false;
    }
    json_array_end(w);
    json_m_i64(w, "looked_at", (int64_t)x.looked_at);
    json_m_bool(w, "all", x.all);
    json_object_end(w);
    return true;
}
const rpc native_names = {.msg = &names_msg, .fn = names, .reply = &names_shape};

// ---- values ---------------------------------------------------------------------------------

SHAPE(static, value_shape, "FieldValue", FIELD("value", SHAPE_TEXT, 0, "as text"),
      FIELD("runs", SHAPE_INT, 0, "runs that have it"));

SHAPE(static, values_shape, "FieldValues",
      FIELD("items", SHAPE_OBJECT, SHAPE_LIST, "the most frequent first", .sub = &value_shape),
      FIELD("all", SHAPE_BOOL, 0, "are these all?"));

struct values {
    uint64_t has;
    str project, field, prefix;
    int64_t limit;
};
static const msg_field values_fields[] = {
    MSG_FIELD(struct values, project, MSG_STRING, MSG_REQUIRED, .doc = "its number or name"),
    MSG_FIELD(struct values, field, MSG_STRING, MSG_REQUIRED, .max = 1200,
              .doc = "as in the search language: config.optimizer"),
    MSG_FIELD(struct values, prefix, MSG_STRING, 0, .max = RUNS_KEY_MAX),
    MSG_FIELD(struct values, limit, MSG_INT32, 0, .doc = "values, 100 by default"),
};
static const msg_type values_msg = MSG_TYPE(struct values, values_fields);

// What a status begins with, in core's letters.
static str core_prefix(arena *a, const search_field *f, str prefix) {
    if (f->domain != SEARCH_ATTRIBUTE || f->which != SEARCH_STATUS) return prefix;
    char *out = arena_bytes(a, prefix.n);
    for (size_t i = 0; i < prefix.n; i++)
        out[i] = (char)(prefix.p[i] & ~0x20);
    return str_n(out, prefix.n);
}

static bool values(call *k, void *msg, err *e) {
    struct values *q = msg;
    search_lang l = runs_lang(k);
    int64_t number;
    search_field f;
    search_group *groups;
    size_t n, max, put = 0;
    bool more;
    if (!native_limit(msg_has(&values_msg, q, "limit"), q->limit, &max, e) ||
        !native_project_named(k, q->project, &number, e) ||
        !runs_field(&l, "field", q->field, &f, e))
        return false;
    search_groups_query s = {
        .runs = {.projects = &number, .n_projects = 1, .view = VIEW_ACTIVE},
        .by = &f,
        .n_by = 1,
        .prefix = core_prefix(k->c.a, &f, q->prefix),
        .cut = true};
    if (!search_groups(&k->c, &s, &groups, &n, &more, e)) return false;
    json_writer *w = rpc_reply(k);
    json_object(w);
    json_m_array(w, "items");
    for (size_t i = 0; i < n && put < max; i++) {
        if (!groups[i].by[0].p) continue; // runs that have none
        put++;
        json_object(w);
        json_m_string(w, "value", shown(k->c.a, &f, groups[i].by[0]));
        json_m_i64(w, "runs", (int64_t)groups[i].runs);
        json_object_end(w);
        more |= put == max && i + 1 < n;
    }
    json_array_end(w);
    json_m_bool(w, "all", !more);
    json_object_end(w);
    return true;
}
const rpc native_values = {.msg = &values_msg, .fn = values, .reply = &values_shape};
