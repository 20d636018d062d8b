// SPDX-License-Identifier: Apache-2.0
// safetensors: 8 bytes with the length of a JSON object, the object, and the tensors' bytes,
// which fill the rest without holes. Any thread may call.
#include "base/json.h"
#include "store/weights_internal.h"

typedef struct header {
    weights_source *w;
    json_reader r;
    uint64_t begin; // of the tensors' bytes
} header;

static bool not_json(header *h, err *e) {
    return err_set(e, ERR_INVALID, "the header is no valid JSON: %s at byte %zu", h->r.error,
                   h->r.at);
}

static bool not_so(str name, const char *what, err *e) {
    return err_set(e, ERR_INVALID, "tensor %.*s: %s", WEIGHTS_F(name), what);
}

static bool find_type(str name, weights_type *out) {
    for (int t = 0; t < WEIGHTS_TYPES_N; t++) {
        const weights_about *about = weights_type_about((weights_type)t);
        if (!about->safetensors || !str_is(name, about->name)) continue;
        *out = (weights_type)t;
        return true;
    }
    return false;
}

// An array of at most `max` sizes.
static bool read_sizes(header *h, json_type t, str name, uint64_t *p, unsigned max, unsigned *n,
                       err *e) {
    const char *what = "its shape or data_offsets is no list of whole numbers, or too long";
    if (t == JSON_ERROR) return not_json(h, e);
    if (t != JSON_ARRAY) return not_so(name, what, e);
    for (*n = 0; (t = json_next(&h->r)) != JSON_END;) {
        if (t == JSON_ERROR) return not_json(h, e);
        if (t != JSON_INT || h->r.i < 0 || *n == max) return not_so(name, what, e);
        p[(*n)++] = (uint64_t)h->r.i;
    }
    return true;
}

static bool read_type(header *h, json_type t, weights_tensor *out, err *e) {
    if (t != JSON_STRING) return not_so(out->name, "its dtype is no text", e);
    if (find_type(h->r.text, &out->type)) return true;
    return err_set(e, ERR_INVALID, "tensor %.*s is of the unknown type %.*s",
                   WEIGHTS_F(out->name), WEIGHTS_F(h->r.text));
}

enum { HAS_TYPE = 1, HAS_SHAPE = 2, HAS_OFFSETS = 4, HAS_ALL = 7 };

// One member of a tensor's object; says in `has` which it was.
static bool read_member(header *h, json_type t, weights_tensor *out, uint64_t offsets[2],
                        unsigned *has, err *e) {
    str key = h->r.key;
    unsigned n;
    if (t == JSON_ERROR) return not_json(h, e);
    unsigned what = str_is(key, "dtype")          ? HAS_TYPE
                    : str_is(key, "shape")        ? HAS_SHAPE
                    : str_is(key, "data_offsets") ? HAS_OFFSETS
                                                  : 0;
    if (*has & what) return not_so(out->name, "a member is named twice", e);
    *has |= what;
    if (what == HAS_TYPE) return read_type(h, t, out, e);
    if (what == HAS_SHAPE) {
        uint64_t shape[WEIGHTS_DIMS_MAX];
        if (!read_sizes(h, t, out->name, shape, WEIGHTS_DIMS_MAX, &out->n_dims, e))
            return false;
        uint64_t *kept = ARENA_ARRAY(h->w->a, uint64_t, out->n_dims);
        if (out->n_dims) memcpy(kept, shape, out->n_dims * sizeof *shape);
        out->shape = kept;
        return true;
    }
    if (what == HAS_OFFSETS)
        return read_sizes(h, t, out->name, offsets, 2, &n, e) &&
               (n == 2 || not_so(out->name, "data_offsets are not two", e));
    return json_skip(&h->r, t) || not_json(h, e);
}

static bool read_tensor(header *h, err *e) {
    weights_tensor t = {.name = h->r.key};
    uint64_t offsets[2];
    unsigned has = 0;
    for (json_type m; (m = json_next(&h->r)) != JSON_END;)
        if (!read_member(h, m, &t, offsets, &has, e)) return false;
    if (has != HAS_ALL) return not_so(t.name, "dtype, shape or data_offsets is missing", e);
    if (offsets[1] < offsets[0] || offsets[1] > h->w->size - h->begin)
        return not_so(t.name, "its data_offsets are beyond the end of the file", e);
    t.offset = h->begin + offsets[0];
    if (!weights_add(h->w, t, h->begin, e)) return false;
    if (h->w->tensors.p[h->w->tensors.n - 1].bytes == offsets[1] - offsets[0]) return true;
    return not_so(t.name, "its type and shape take another number of bytes than its offsets",
                  e);
}

static bool read_metadata(header *h, err *e) {
    for (json_type t; (t = json_next(&h->r)) != JSON_END;) {
        if (t == JSON_ERROR) return not_json(h, e);
        if (t != JSON_STRING)
            return err_set(e, ERR_INVALID, "__metadata__ holds something that is no text");
        weights_pair p = {.key = h->r.key, .text = str_upto(h->r.text, WEIGHTS_VALUE_MAX)};
        if (!weights_add_pair(h->w, p, e)) return false;
    }
    return true;
}

static bool read_header(header *h, err *e) {
    bool metadata = false;
    json_type t = json_next(&h->r);
    if (t == JSON_ERROR) return not_json(h, e);
    if (t != JSON_OBJECT) return err_set(e, ERR_INVALID, "the header is no JSON object");
    while ((t = json_next(&h->r)) != JSON_END) {
        if (t == JSON_ERROR) return not_json(h, e);
        if (t != JSON_OBJECT) return not_so(h->r.key, "its description is no object", e);
        if (!str_is(h->r.key, "__metadata__")) {
            if (!read_tensor(h, e)) return false;
            continue;
        }
        if (metadata) return err_set(e, ERR_INVALID, "__metadata__ is there twice");
        metadata = true;
        if (!read_metadata(h, e)) return false;
    }
    return json_next(&h->r) == JSON_END || not_json(h, e);
}

bool weights_safetensors(weights_source *w, weights_layout *out, err *e) {
    uint8_t first[8];
    if (!w->read(w->arg, 0, first, sizeof first, e)) return false;
    uint64_t n = 0;
    for (int i = 7; i >= 0; i--)
        n = n << 8 | first[i];
    if (n > w->size - 8) return err_set(e, ERR_INVALID, "the header is longer than the file");
    if (n > WEIGHTS_JSON_MAX)
        return err_set(e, ERR_INVALID, "the header is longer than %d MiB",
                       (int)(WEIGHTS_JSON_MAX >> 20));
    char *text = arena_bytes(w->a, (size_t)n);
    if (n && !w->read(w->arg, 8, text, (size_t)n, e)) return false;
    header h = {.w = w, .begin = 8 + n};
    json_reader_init(&h.r, w->a, str_n(text, (size_t)n), 0);
    out->header_end = h.begin;
    return read_header(&h, e) && weights_finish(w, out, true, e);
}
