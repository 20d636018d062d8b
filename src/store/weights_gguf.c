// SPDX-License-Identifier: Apache-2.0
// GGUF: metadata, descriptions of tensors, and their bytes, each aligned. The header is read
// through a window, so that vocabularies of megabytes are passed without being held; arrays of
// numbers are not read at all. Any thread may call.
#include "base/num.h"
#include "store/weights_internal.h"

#include <math.h>

enum { WINDOW = 64 << 10 };

typedef struct gguf {
    weights_source *w;
    uint64_t at;     // what is read next
    uint64_t passed; // bytes of arrays of numbers, which were not read
    uint64_t kept;   // bytes of metadata in memory
    uint64_t from;   // the window is [from, from + have)
    size_t have;
    uint8_t *window;
    uint64_t alignment;
} gguf;

// ---- bytes ----------------------------------------------------------------------------------

static bool have(gguf *g, uint64_t n, err *e) {
    if (n > g->w->size - g->at)
        return err_set(e, ERR_INVALID, "the file ends within its header");
    if (g->at + n - g->passed > WEIGHTS_GGUF_MAX)
        return err_set(e, ERR_INVALID, "the header is longer than %d MiB",
                       (int)(WEIGHTS_GGUF_MAX >> 20));
    return true;
}

static bool fill(gguf *g, err *e) {
    uint64_t left = g->w->size - g->at;
    size_t n = left < WINDOW ? (size_t)left : WINDOW;
    g->have = 0;
    if (!g->w->read(g->w->arg, g->at, g->window, n, e)) return false;
    g->from = g->at;
    g->have = n;
    return true;
}

static bool take(gguf *g, void *to, size_t n, err *e) {
    if (!have(g, n, e)) return false;
    for (size_t done = 0; done < n;) {
        uint64_t in = g->at - g->from;
        if (g->at < g->from || in >= g->have) {
            if (!fill(g, e)) return false;
            in = 0;
        }
        size_t k = g->have - (size_t)in < n - done ? g->have - (size_t)in : n - done;
        memcpy((uint8_t *)to + done, g->window + in, k);
        done += k;
        g->at += k;
    }
    return true;
}

static bool take_number(gguf *g, unsigned bytes, uint64_t *out, err *e) {
    uint8_t b[8];
    if (!take(g, b, bytes, e)) return false;
    *out = 0;
    for (unsigned i = bytes; i--;)
        *out = *out << 8 | b[i];
    return true;
}

// A text of at most `max` bytes; of a longer one the beginning, unless `whole`.
static bool take_text(gguf *g, size_t max, bool whole, const char *what, str *out, err *e) {
    uint64_t n;
    if (!take_number(g, 8, &n, e) || !have(g, n, e)) return false;
    if (n > max && whole) return err_set(e, ERR_INVALID, "%s is too long", what);
    size_t keep = n < max ? (size_t)n : max;
    if ((g->kept += keep) > WEIGHTS_KEPT_MAX)
        return err_set(e, ERR_INVALID, "its names and metadata hold more than %d MiB",
                       (int)(WEIGHTS_KEPT_MAX >> 20));
    char *p = arena_bytes(g->w->a, keep);
    if (!take(g, p, keep, e)) return false;
    g->at += n - keep;
    *out = str_n(p, keep);
    return true;
}

// ---- metadata -------------------------------------------------------------------------------

enum { KIND_TRUTH = 7, KIND_TEXT = 8, KIND_ARRAY = 9, KINDS = 13 };

static const struct kind {
    const char *plural;
    uint8_t bytes; // 0: it is not fixed
    char reading;  // unsigned, signed, float
} kinds[KINDS] = {
    {"uint8", 1, 'u'},   {"int8", 1, 'i'},  {"uint16", 2, 'u'},  {"int16", 2, 'i'},
    {"uint32", 4, 'u'},  {"int32", 4, 'i'}, {"float32", 4, 'f'}, {"bool", 1, 'b'},
    {"text", 0, 0},      {"array", 0, 0},   {"uint64", 8, 'u'},  {"int64", 8, 'i'},
    {"float64", 8, 'f'},
};

static double as_double(uint64_t bits, unsigned bytes) {
    double d;
    float f;
    uint32_t low = (uint32_t)bits;
    if (bytes == 8) {
        memcpy(&d, &bits, 8);
        return d;
    }
    memcpy(&f, &low, 4);
    return f;
}

static str number_text(arena *a, const struct kind *k, uint64_t bits) {
    unsigned shift = 64 - 8u * k->bytes;
    if (k->reading == 'b') return bits ? STR("true") : STR("false");
    if (k->reading == 'u') return arena_printf(a, "%llu", (unsigned long long)bits);
    if (k->reading == 'i')
        return arena_printf(a, "%lld", (long long)((int64_t)(bits << shift) >> shift));
    return arena_printf(a, "%.*g", k->bytes == 8 ? 17 : 9, as_double(bits, k->bytes));
}

static bool pass_texts(gguf *g, uint64_t n, err *e) {
    for (uint64_t i = 0, len; i < n; i++) {
        if (!take_number(g, 8, &len, e) || !have(g, len, e)) return false;
        g->at += len;
    }
    return true;
}

static bool take_array(gguf *g, weights_pair *p, err *e) {
    uint64_t kind, n, bytes;
    if (!take_number(g, 4, &kind, e) || !take_number(g, 8, &n, e)) return false;
    if (kind >= KINDS || kind == KIND_ARRAY)
        return err_set(e, ERR_INVALID, "metadata %.*s is an array of an unknown type",
                       WEIGHTS_F(p->key));
    p->kind = WEIGHTS_ARRAY;
    p->text = arena_printf(g->w->a, "%llu of %s", (unsigned long long)n, kinds[kind].plural);
    if (kind == KIND_TEXT) return pass_texts(g, n, e);
    if (__builtin_mul_overflow(n, (uint64_t)kinds[kind].bytes, &bytes) ||
        bytes > g->w->size - g->at)
        return err_set(e, ERR_INVALID, "metadata %.*s reaches beyond the end of the file",
                       WEIGHTS_F(p->key));
    g->at += bytes;
    g->passed += bytes;
    return true;
}

static bool take_value(gguf *g, weights_pair *p, uint64_t kind, err *e) {
    uint64_t bits;
    if (kind >= KINDS)
        return err_set(e, ERR_INVALID, "metadata %.*s is of the unknown type %llu",
                       WEIGHTS_F(p->key), (unsigned long long)kind);
    if (kind == KIND_ARRAY) return take_array(g, p, e);
    p->kind = kind == KIND_TEXT    ? WEIGHTS_TEXT
              : kind == KIND_TRUTH ? WEIGHTS_TRUTH
                                   : WEIGHTS_NUMBER;
    if (kind == KIND_TEXT) return take_text(g, WEIGHTS_VALUE_MAX, false, "", &p->text, e);
    if (!take_number(g, kinds[kind].bytes, &bits, e)) return false;
    p->text = number_text(g->w->a, &kinds[kind], bits);
    if (!str_is(p->key, "general.alignment")) return true;
    if (kinds[kind].reading != 'u' || !bits || bits & (bits - 1) || bits > 1u << 30)
        return err_set(e, ERR_INVALID, "its alignment is no power of two");
    g->alignment = bits;
    return true;
}

static bool take_pair(gguf *g, err *e) {
    weights_pair p = {0};
    uint64_t kind;
    if (!take_text(g, WEIGHTS_KEY_MAX, true, "a key of the metadata", &p.key, e)) return false;
    if (!p.key.n || !str_is_text(p.key))
        return err_set(e, ERR_INVALID, "a key of the metadata is no valid text");
    if (!take_number(g, 4, &kind, e)) return false;
    p.offset = g->at;
    if (!take_value(g, &p, kind, e)) return false;
    p.bytes = g->at - p.offset;
    return weights_add_pair(g->w, p, e);
}

// ---- tensors --------------------------------------------------------------------------------

static bool find_type(str name, uint64_t number, weights_type *out, err *e) {
    for (int t = 0; t < WEIGHTS_TYPES_N; t++) {
        int known = weights_type_about((weights_type)t)->gguf;
        if (known < 0 || (uint64_t)known != number) continue;
        *out = (weights_type)t;
        return true;
    }
    return err_set(e, ERR_INVALID, "tensor %.*s is of type %llu, which is not known here",
                   WEIGHTS_F(name), (unsigned long long)number);
}

// GGUF has the innermost dimension first, which must fill its blocks.
static bool take_shape(gguf *g, weights_tensor *t, err *e) {
    uint64_t n;
    if (!take_number(g, 4, &n, e)) return false;
    if (n > WEIGHTS_DIMS_MAX)
        return err_set(e, ERR_INVALID, "tensor %.*s has too many dimensions",
                       WEIGHTS_F(t->name));
    uint64_t *shape = ARENA_ARRAY(g->w->a, uint64_t, n);
    for (uint64_t i = n; i--;)
        if (!take_number(g, 8, &shape[i], e)) return false;
    t->n_dims = (unsigned)n;
    t->shape = shape;
    return true;
}

static bool take_tensor(gguf *g, weights_tensor *t, err *e) {
    uint64_t type;
    if (!take_text(g, WEIGHTS_NAME_MAX, true, "a tensor's name", &t->name, e) ||
        !take_shape(g, t, e) || !take_number(g, 4, &type, e) ||
        !find_type(t->name, type, &t->type, e) || !take_number(g, 8, &t->offset, e))
        return false;
    unsigned block = weights_type_about(t->type)->elements;
    if (t->n_dims && t->shape[t->n_dims - 1] % block)
        return err_set(e, ERR_INVALID, "a row of tensor %.*s does not fill its blocks",
                       WEIGHTS_F(t->name));
    if (t->offset % g->alignment)
        return err_set(e, ERR_INVALID, "tensor %.*s is not aligned", WEIGHTS_F(t->name));
    return true;
}

// Their offsets count from where the header ends, which is known behind the last.
static bool take_tensors(gguf *g, uint64_t n, weights_layout *out, err *e) {
    VEC(weights_tensor) found = {0};
    if (n > WEIGHTS_TENSORS_MAX)
        return err_set(e, ERR_INVALID, "the file holds more than %d tensors",
                       (int)WEIGHTS_TENSORS_MAX);
    for (uint64_t i = 0; i < n; i++) {
        weights_tensor t = {0};
        if (!take_tensor(g, &t, e)) return false;
        vec_push(g->w->a, &found, t);
    }
    uint64_t begin = (g->at + g->alignment - 1) & ~(g->alignment - 1);
    out->header_end = begin < g->w->size ? begin : g->w->size; // none, and no padding
    for (size_t i = 0; i < found.n; i++) {
        weights_tensor t = found.p[i];
        if (__builtin_add_overflow(t.offset, begin, &t.offset)) t.offset = UINT64_MAX;
        if (!weights_add(g->w, t, begin, e)) return false;
    }
    return weights_finish(g->w, out, false, e);
}

static bool check_version(uint64_t version, err *e) {
    if (version == 2 || version == 3) return true;
    if (version && !(version & 0xffff))
        return err_set(e, ERR_INVALID, "the GGUF file is big-endian, which is not read");
    return err_set(e, ERR_INVALID, "the GGUF file is of version %llu; 2 and 3 are read",
                   (unsigned long long)version);
}

bool weights_gguf(weights_source *w, weights_layout *out, err *e) {
    gguf g = {.w = w, .at = 4, .alignment = 32, .window = arena_alloc(w->a, WINDOW)};
    uint64_t version, tensors, pairs;
    if (!take_number(&g, 4, &version, e) || !check_version(version, e) ||
        !take_number(&g, 8, &tensors, e) || !take_number(&g, 8, &pairs, e))
        return false;
    out->version = (unsigned)version;
    if (pairs > WEIGHTS_PAIRS_MAX)
        return err_set(e, ERR_INVALID, "the file holds more than %d metadata",
                       (int)WEIGHTS_PAIRS_MAX);
    for (uint64_t i = 0; i < pairs; i++)
        if (!take_pair(&g, e)) return false;
    return take_tensors(&g, tensors, out, e);
}
