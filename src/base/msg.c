// SPDX-License-Identifier: Apache-2.0
// msg: what does not depend on whether a request came as JSON or as a query string. No state;
// any thread.
#include "base/msg_internal.h"

#include "base/err.h"
#include "base/hex.h"

// ---- fields --------------------------------------------------------------------------------

// The key may stand in the middle of a text: at most key.n bytes of it are read, and no more of
// the name than it has.
static inline bool is_name(const char *name, str key) {
    for (size_t i = 0; i < key.n; i++) {
        if (name[i] != key.p[i])
            return false; // among others at the name's NUL: no key holds one
    }
    return !name[key.n];
}

// "runId" for "run_id". A key that is snake_case itself was found before.
static bool is_camel_name(const char *name, str key) {
    size_t i = 0;
    for (; *name; name++, i++) {
        char want = *name;
        if (want == '_' && name[1] >= 'a' && name[1] <= 'z') want = (char)(*++name - 'a' + 'A');
        if (i == key.n || key.p[i] != want) return false;
    }
    return i == key.n;
}

static bool has_capital(str s) {
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] >= 'A' && s.p[i] <= 'Z') return true;
    }
    return false;
}

static const msg_field *search(const msg_type *t, str name) {
    for (size_t i = 0; i < t->n; i++) {
        const msg_field *f = &t->fields[i];
        if (is_name(f->name, name) || (f->also && is_name(f->also, name))) return f;
    }
    if (!has_capital(name)) return NULL;
    for (size_t i = 0; i < t->n; i++) {
        const msg_field *f = &t->fields[i];
        if (is_camel_name(f->name, name) || (f->also && is_camel_name(f->also, name))) return f;
    }
    return NULL;
}

const msg_field *msg_find(const msg_type *t, str name, size_t hint) {
    if (hint < t->n && is_name(t->fields[hint].name, name)) return &t->fields[hint];
    return search(t, name);
}

bool msg_has(const msg_type *t, const void *m, const char *field) {
    uint64_t has = *(const uint64_t *)m;
    const msg_field *f = msg_find(t, str_of(field), SIZE_MAX);
    BUG_ON(!f);
    return has >> (f - t->fields) & 1;
}

bool msg_is_blank(const msg_field *f, const void *value) {
    switch (f->kind) {
    case MSG_STRING:
    case MSG_RAW: return !((const str *)value)->n;
    case MSG_STRINGS:
    case MSG_LIST: return !((const msg_list *)value)->n;
    default: return false;
    }
}

const msg_field *msg_first_missing(const msg_type *t, const void *m) {
    uint64_t has = *(const uint64_t *)m;
    for (size_t i = 0; i < t->n; i++) {
        const msg_field *f = &t->fields[i];
        if (!(f->flags & MSG_REQUIRED)) continue;
        if (!(has >> i & 1) || msg_is_blank(f, (const char *)m + f->offset)) return f;
    }
    return NULL;
}

static void put_path(arena *a, buf *b, const msg_path *at) {
    if (!at || !at->field) return;
    put_path(a, b, at->up);
    if (b->n) buf_byte(b, '.');
    buf_printf(b, "%s", at->field->name);
    if (at->index != SIZE_MAX) buf_printf(b, "[%zu]", at->index);
}

str msg_path_text(arena *a, const msg_path *at) {
    buf b = BUF_MAX(64 << 10); // JSON_DEPTH names and numbers
    put_path(a, &b, at);
    str s = arena_str(a, buf_view(&b));
    buf_free(&b);
    return s;
}

// ---- values that come as text --------------------------------------------------------------

bool msg_integral(uint8_t kind, int64_t v) {
    return kind != MSG_INT32 || (v >= INT32_MIN && v <= INT32_MAX);
}

bool msg_int_of_text(uint8_t kind, str s, int64_t *out) {
    return str_to_i64(s, out) && msg_integral(kind, *out);
}

bool msg_int_of_double(uint8_t kind, double v, int64_t *out) {
    if (!(v >= -0x1p63 && v < 0x1p63)) return false; // NaN too
    *out = (int64_t)v;
    return (double)*out == v && msg_integral(kind, *out);
}

str msg_name_of(const msg_name *names, int64_t v) {
    for (; names && names->name; names++) {
        if (names->value == v) return str_of(names->name);
    }
    return (str){0};
}

const msg_name *msg_name_find(const msg_name *names, str name) {
    for (; names->name; names++)
        if (is_name(names->name, name)) return names;
    return NULL;
}

bool msg_enum_has(const msg_field *f, int64_t v) {
    return msg_name_of(f->names, v).p != NULL;
}

bool msg_enum_of_text(const msg_field *f, str s, int64_t *out) {
    const msg_name *n = msg_name_find(f->names, s);
    if (n) *out = n->value;
    return n || (str_to_i64(s, out) && msg_enum_has(f, *out));
}

bool msg_fit(const msg_field *f, str *s, size_t *length) {
    if (!f->max || s->n <= f->max) return true; // a code point has at least one byte
    if (f->flags & MSG_TRUNCATE) {
        *s = str_upto_code_points(*s, f->max);
        return true;
    }
    *length = str_code_points(*s);
    return *length <= f->max;
}

// ---- percent-encoding ----------------------------------------------------------------------

bool msg_unescape(arena *a, str s, bool plus, str *out) {
    if (str_find(s, '%', 0) == SIZE_MAX && (!plus || str_find(s, '+', 0) == SIZE_MAX)) {
        *out = s;
        return true;
    }
    char *p = arena_bytes(a, s.n);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '%') {
            uint8_t c;
            if (!hex_get(str_upto(str_from(s, i + 1), 2), &c, 1)) return false;
            p[n++] = (char)c;
            i += 2;
        } else {
            p[n++] = plus && s.p[i] == '+' ? ' ' : s.p[i];
        }
    }
    *out = str_n(p, n);
    return true;
}
