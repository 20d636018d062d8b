// SPDX-License-Identifier: Apache-2.0
// msg from a query string. Pairs are taken one after the other; the lists of repeated keys grow
// in the arena, by doubling, so their memory is bounded by the text's length. No state; any
// thread.
#include "base/msg_internal.h"

#include "base/err.h"
#include "base/vec.h"

typedef struct query {
    const msg_type *t;
    arena *a;
    char *out;
    uint64_t has;
    size_t cap[64]; // of the list of each field
    msg_problem *problem;
} query;

static bool refuse(query *q, msg_problem_kind kind, const msg_field *f, str value,
                   size_t length) {
    buf b = BUF_MAX(SIZE_MAX);
    json_writer w = json_writer_new(&b);
    json_string(&w, value);
    *q->problem = (msg_problem){.kind = kind,
                                .path = f ? str_of(f->name) : (str){0},
                                .value = arena_str(q->a, buf_view(&b)),
                                .got = JSON_STRING,
                                .length = length,
                                .field = f};
    buf_free(&b);
    return false;
}

static bool text_of(query *q, str raw, const msg_field *f, str *out) {
    if (msg_unescape(q->a, raw, true, out) && str_is_text(*out)) return true;
    return refuse(q, MSG_BAD_TEXT, f, raw, 0);
}

static bool get_bool(str s, bool *out) {
    *out = str_eq_nocase(s, STR("true"));
    return *out || str_eq_nocase(s, STR("false"));
}

static bool get_string(query *q, const msg_field *f, str s, str *out) {
    size_t length;
    str cut = s;
    if (!msg_fit(f, &cut, &length)) return refuse(q, MSG_TOO_LONG, f, s, length);
    *out = cut;
    return true;
}

static void add_string(query *q, const msg_field *f, str s, msg_list *list) {
    size_t *cap = &q->cap[f - q->t->fields];
    vec_reserve(q->a, &list->p, list->n, cap, sizeof(str));
    *MSG_AT(str, *list, list->n) = s;
    list->n++;
}

static bool get_value(query *q, const msg_field *f, str s, void *out) {
    bool ok;
    switch ((msg_kind)f->kind) {
    case MSG_STRING:
    case MSG_RAW: return get_string(q, f, s, out);
    case MSG_STRINGS: add_string(q, f, s, out); return true;
    case MSG_INT64:
    case MSG_INT32: ok = msg_int_of_text(f->kind, s, out); break;
    case MSG_DOUBLE: ok = num_parse_f64(s, out); break;
    case MSG_BOOL: ok = get_bool(s, out); break;
    case MSG_ENUM: return msg_enum_of_text(f, s, out) || refuse(q, MSG_BAD_ENUM, f, s, 0);
    default: ok = false;
    }
    return ok || refuse(q, MSG_WRONG_TYPE, f, s, 0);
}

static bool get_pair(query *q, str pair) {
    size_t at = str_find(pair, '=', 0);
    str name, value;
    if (!text_of(q, str_upto(pair, at), NULL, &name)) return false;
    const msg_field *f = msg_find(q->t, name, SIZE_MAX);
    if (!f) return true;
    uint64_t bit = 1ull << (f - q->t->fields);
    if (q->has & bit && f->kind != MSG_STRINGS) return true; // the first counts
    if (!text_of(q, at == SIZE_MAX ? (str){0} : str_from(pair, at + 1), f, &value))
        return false;
    if (!value.n && f->flags & MSG_REQUIRED && f->kind != MSG_STRINGS) return true;
    if (!get_value(q, f, value, q->out + f->offset)) return false;
    q->has |= bit;
    return true;
}

// Lists were bounded by the text so far: told here is how many came.
static bool lists_fit(query *q) {
    for (size_t i = 0; i < q->t->n; i++) {
        const msg_field *f = &q->t->fields[i];
        if (f->kind != MSG_STRINGS || !f->max) continue;
        size_t n = ((const msg_list *)(const void *)(q->out + f->offset))->n;
        if (n <= f->max) continue;
        refuse(q, MSG_TOO_LONG, f, (str){0}, n);
        q->problem->value = (str){0};
        q->problem->got = JSON_ARRAY;
        return false;
    }
    return true;
}

bool msg_decode_query(const msg_type *t, arena *a, str text, void *out, msg_problem *problem) {
    BUG_ON(t->n > 64);
    query q = {.t = t, .a = a, .out = out, .problem = problem};
    *problem = (msg_problem){0};
    memset(out, 0, t->size);
    for (str pair; str_split(&text, '&', &pair);) {
        if (pair.n && !get_pair(&q, pair)) return false;
    }
    if (!lists_fit(&q)) return false;
    memcpy(out, &q.has, sizeof q.has);
    const msg_field *missing = msg_first_missing(t, out);
    if (!missing) return true;
    *problem =
        (msg_problem){.kind = MSG_MISSING, .path = str_of(missing->name), .field = missing};
    return false;
}
