// SPDX-License-Identifier: Apache-2.0
// msg from JSON: one pass over the text, straight from the reader into the struct. Each member
// is looked for first where the table has the field behind the last one, so that a body in the
// table's order costs one comparison a member.
//
// I1  after `false` of any function here the problem is filled and the reader is not used
// again. I2  missing fields are noted while reading and told at the end, when nothing worse was
// met. Recursion is bounded by the reader's limit on depth. A decoder belongs to one thread.
#include "base/msg_internal.h"

#include "base/err.h"

typedef struct decoder {
    json_reader r;
    arena *a;
    msg_problem *problem;
    const msg_field *missing; // the outermost missing field so far
    str missing_path;
    unsigned missing_depth;
} decoder;

// ---- problems ------------------------------------------------------------------------------

static bool bad_json(decoder *d) {
    str why = arena_printf(d->a, "%s at byte %zu", d->r.error, d->r.at);
    *d->problem = (msg_problem){.kind = MSG_BAD_JSON, .value = why};
    return false;
}

// The value just read is at fault; it is told as it was sent.
static bool bad_value(decoder *d, msg_problem_kind kind, const msg_path *at, json_type got) {
    str raw = json_raw(&d->r, got, json_offset(&d->r));
    if (d->r.error) return bad_json(d);
    *d->problem = (msg_problem){.kind = kind,
                                .path = msg_path_text(d->a, at),
                                .value = raw,
                                .got = got,
                                .field = at->field};
    return false;
}

static bool wrong_type(decoder *d, const msg_path *at, json_type got) {
    return bad_value(d, MSG_WRONG_TYPE, at, got);
}

static bool too_long(decoder *d, const msg_path *at, json_type got, size_t length) {
    bad_value(d, MSG_TOO_LONG, at, got);
    d->problem->length = length;
    return false;
}

// The list is full and another element was just read: counts the rest.
static bool too_many(decoder *d, const msg_path *at, json_type type) {
    size_t n = at->index;
    for (; type != JSON_END; type = json_next(&d->r)) {
        if (!json_skip(&d->r, type)) return bad_json(d);
        n++;
    }
    msg_path list = {at->up, at->field, SIZE_MAX};
    *d->problem = (msg_problem){.kind = MSG_TOO_LONG,
                                .path = msg_path_text(d->a, &list),
                                .got = JSON_ARRAY,
                                .length = n,
                                .field = at->field};
    return false;
}

static void note_missing(decoder *d, const msg_field *f, const msg_path *up, unsigned depth) {
    if (d->missing && d->missing_depth <= depth) return;
    msg_path at = {up, f, SIZE_MAX};
    d->missing = f;
    d->missing_path = msg_path_text(d->a, &at);
    d->missing_depth = depth;
}

// ---- single values -------------------------------------------------------------------------

static bool get_string(decoder *d, const msg_path *at, json_type type, str *out) {
    const msg_field *f = at->field;
    bool number = type == JSON_INT || type == JSON_DOUBLE;
    if (type != JSON_STRING && !(number && f->flags & MSG_NUMBER_OK))
        return wrong_type(d, at, type);
    *out = d->r.text;
    return true;
}

// Digits only, so it did not fit int64; as a double it might look like the nearest value that
// does.
static bool is_whole(str number) {
    for (size_t i = 0; i < number.n; i++) {
        if (number.p[i] == '.' || (number.p[i] | 0x20) == 'e') return false;
    }
    return true;
}

static bool get_int(decoder *d, const msg_path *at, json_type type, int64_t *out) {
    uint8_t kind = at->field->kind;
    bool ok;
    switch (type) {
    case JSON_INT:
        *out = d->r.i;
        ok = msg_integral(kind, *out);
        break;
    case JSON_DOUBLE: ok = !is_whole(d->r.text) && msg_int_of_double(kind, d->r.f, out); break;
    case JSON_STRING: ok = msg_int_of_text(kind, d->r.text, out); break;
    default: ok = false;
    }
    return ok || wrong_type(d, at, type);
}

static bool get_double(decoder *d, const msg_path *at, json_type type, double *out) {
    if (type == JSON_DOUBLE || type == JSON_INT) {
        *out = d->r.f;
        return true;
    }
    return (type == JSON_STRING && num_parse_f64(d->r.text, out)) || wrong_type(d, at, type);
}

static bool get_bool(decoder *d, const msg_path *at, json_type type, bool *out) {
    if (type != JSON_TRUE && type != JSON_FALSE) return wrong_type(d, at, type);
    *out = type == JSON_TRUE;
    return true;
}

static bool get_enum(decoder *d, const msg_path *at, json_type type, int64_t *out) {
    bool ok;
    switch (type) {
    case JSON_STRING: ok = msg_enum_of_text(at->field, d->r.text, out); break;
    case JSON_INT:
        *out = d->r.i;
        ok = msg_enum_has(at->field, *out);
        break;
    default: return wrong_type(d, at, type);
    }
    return ok || bad_value(d, MSG_BAD_ENUM, at, type);
}

static bool get_limited_string(decoder *d, const msg_path *at, json_type type, str *out) {
    size_t length;
    if (!get_string(d, at, type, out)) return false;
    return msg_fit(at->field, out, &length) || too_long(d, at, type, length);
}

static bool get_raw(decoder *d, const msg_path *at, json_type type, str *out) {
    size_t length;
    *out = json_raw(&d->r, type, json_offset(&d->r));
    if (d->r.error) return bad_json(d);
    if (msg_fit(at->field, out, &length)) return true;
    *d->problem =
        (msg_problem){MSG_TOO_LONG, msg_path_text(d->a, at), *out, type, length, at->field};
    return false;
}

// ---- messages and lists --------------------------------------------------------------------

static bool get_value(decoder *d, const msg_path *at, json_type type, void *out);

static void forget(const msg_field *f, void *value) {
    static const size_t sizes[] = {
        [MSG_STRING] = sizeof(str),       [MSG_INT64] = sizeof(int64_t),
        [MSG_INT32] = sizeof(int64_t),    [MSG_DOUBLE] = sizeof(double),
        [MSG_BOOL] = sizeof(bool),        [MSG_ENUM] = sizeof(int64_t),
        [MSG_STRINGS] = sizeof(msg_list), [MSG_LIST] = sizeof(msg_list),
        [MSG_RAW] = sizeof(str),
    };
    memset(value, 0, f->kind == MSG_MESSAGE ? f->sub->size : sizes[f->kind]);
}

// The members of the object just entered, into `out` (zeroed).
static bool get_members(decoder *d, const msg_type *t, const msg_path *up, char *out) {
    BUG_ON(t->n > 64);
    uint64_t has = 0;
    size_t hint = 0;
    unsigned depth = d->r.depth;
    json_type type;
    while ((type = json_next(&d->r)) != JSON_END) {
        if (type == JSON_ERROR) return bad_json(d);
        const msg_field *f = msg_find(t, d->r.key, hint);
        if (!f) {
            if (!json_skip(&d->r, type)) return bad_json(d);
            continue;
        }
        hint = (size_t)(f - t->fields) + 1;
        uint64_t bit = 1ull << (hint - 1);
        if (has & bit)
            forget(f, out + f->offset); // of a repeated member the last counts, null too
        has &= ~bit;
        // Any kind of required value may come as "", which is none.
        bool blank = type == JSON_STRING && !d->r.text.n && f->flags & MSG_REQUIRED;
        if (type == JSON_NULL || blank) continue;
        msg_path at = {up, f, SIZE_MAX};
        if (!get_value(d, &at, type, out + f->offset)) return false;
        has |= bit;
    }
    memcpy(out, &has, sizeof has);
    const msg_field *missing = msg_first_missing(t, out);
    if (missing) note_missing(d, missing, up, depth);
    return true;
}

static bool get_message(decoder *d, const msg_path *at, json_type type, void *out) {
    if (type != JSON_OBJECT) return wrong_type(d, at, type);
    return get_members(d, at->field->sub, at, out);
}

// A list that grows in the arena. After the first element the second and what follows are
// expected to take as much text as it did: most lists are allocated once, and never more than a
// small multiple of what the text deserves.
typedef struct growing {
    char *p;
    size_t n, cap, size;
    size_t start; // offset of the first element in the text
} growing;

enum { GUESS_MAX = 4096 };

// More than the n elements that are there: a list at its field's limit was refused before.
static size_t more_room(const decoder *d, const growing *g, const msg_field *f) {
    if (!g->n) return 1;
    if (g->n > 1) return g->cap * 2;
    size_t here = json_offset(&d->r), left = (size_t)(d->r.end - d->r.start) - here;
    size_t guess = left / (here - g->start) + 2;
    if (guess > GUESS_MAX) guess = GUESS_MAX;
    return f->max && guess > f->max ? f->max : guess;
}

// A zeroed element at the end of the list, for the value that was just read.
static void *list_add(const decoder *d, growing *g, const msg_field *f) {
    if (g->n == g->cap) {
        size_t cap = more_room(d, g, f);
        char *p = arena_array(d->a, g->size, cap);
        if (g->n) memcpy(p, g->p, g->n * g->size);
        g->p = p;
        g->cap = cap;
    }
    if (!g->n) g->start = json_offset(&d->r);
    return g->p + g->size * g->n++;
}

static bool get_element(decoder *d, const msg_path *at, json_type type, void *out) {
    return at->field->kind == MSG_STRINGS ? get_string(d, at, type, out)
                                          : get_message(d, at, type, out);
}

static bool get_list(decoder *d, const msg_path *list, json_type type, msg_list *out) {
    const msg_field *f = list->field;
    if (type != JSON_ARRAY) return wrong_type(d, list, type);
    growing g = {.size = f->kind == MSG_STRINGS ? sizeof(str) : f->sub->size};
    msg_path at = {list->up, f, 0};
    while ((type = json_next(&d->r)) != JSON_END) {
        if (type == JSON_ERROR) return bad_json(d);
        if (f->max && g.n == f->max) return too_many(d, &at, type);
        if (!get_element(d, &at, type, list_add(d, &g, f))) return false;
        at.index++;
    }
    *out = (msg_list){g.p, g.n};
    return true;
}

static bool get_value(decoder *d, const msg_path *at, json_type type, void *out) {
    switch ((msg_kind)at->field->kind) {
    case MSG_STRING: return get_limited_string(d, at, type, out);
    case MSG_INT64:
    case MSG_INT32: return get_int(d, at, type, out);
    case MSG_DOUBLE: return get_double(d, at, type, out);
    case MSG_BOOL: return get_bool(d, at, type, out);
    case MSG_ENUM: return get_enum(d, at, type, out);
    case MSG_MESSAGE: return get_message(d, at, type, out);
    case MSG_STRINGS:
    case MSG_LIST: return get_list(d, at, type, out);
    case MSG_RAW: return get_raw(d, at, type, out);
    }
    BUG_ON(true);
    return false;
}

// ---- the whole -----------------------------------------------------------------------------

// Nothing but white space may follow the document's value.
static bool at_end(decoder *d) {
    return json_next(&d->r) == JSON_END || bad_json(d);
}

// What an empty object lacks is said as for any other.
static bool get_nothing(decoder *d, const msg_type *t, const void *out) {
    const msg_field *missing = msg_first_missing(t, out);
    if (missing) note_missing(d, missing, NULL, 0);
    return true;
}

static bool get_document(decoder *d, const msg_type *t, str text, void *out,
                         bool may_be_string) {
    static const msg_path top = {NULL, NULL, SIZE_MAX};
    if (!str_trim(text).n) return get_nothing(d, t, out);
    json_reader_init(&d->r, d->a, text, JSON_NAN);
    json_type type = json_next(&d->r);
    if (type == JSON_ERROR) return bad_json(d);
    if (type == JSON_OBJECT) return get_members(d, t, NULL, out) && at_end(d);
    if (type == JSON_NULL) return at_end(d) && get_nothing(d, t, out);
    if (type != JSON_STRING || !may_be_string) return wrong_type(d, &top, type);
    str inner = d->r.text;
    return at_end(d) && get_document(d, t, inner, out, false);
}

bool msg_decode_json(const msg_type *t, arena *a, str text, void *out, msg_problem *problem) {
    decoder d = {.a = a, .problem = problem};
    *problem = (msg_problem){0};
    memset(out, 0, t->size);
    if (!get_document(&d, t, text, out, true)) return false;
    if (!d.missing) return true;
    *problem = (msg_problem){.kind = MSG_MISSING, .path = d.missing_path, .field = d.missing};
    return false;
}
