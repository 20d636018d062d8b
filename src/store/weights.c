// SPDX-License-Identifier: Apache-2.0
// weights: what both formats have in common: types, and the checks that make a list of tensors
// a layout. Any thread may call.
#include "store/weights_internal.h"

#include <stdlib.h>

#define ABOUT(name, gguf, safetensors, elements, bytes)                                        \
    {#name, gguf, safetensors, elements, bytes},
static const weights_about about[WEIGHTS_TYPES_N] = {WEIGHTS_TYPES(ABOUT)};

const weights_about *weights_type_about(weights_type t) {
    return &about[t];
}

weights_format weights_sniff(str first, uint64_t size) {
    if (str_starts(first, STR("GGUF"))) return WEIGHTS_GGUF;
    if (first.n < WEIGHTS_SNIFF || size < WEIGHTS_SNIFF || first.p[8] != '{')
        return WEIGHTS_OTHER;
    uint64_t n = 0;
    for (int i = 7; i >= 0; i--)
        n = n << 8 | (uint8_t)first.p[i];
    return n <= size - 8 ? WEIGHTS_SAFETENSORS : WEIGHTS_OTHER;
}

bool weights_layout_read(weights_read read, void *arg, uint64_t size, arena *a,
                         weights_layout *out, err *e) {
    weights_source w = {read, arg, size, a, map_new(a), map_new(a), {0}, {0}};
    char first[WEIGHTS_SNIFF];
    size_t n = size < sizeof first ? (size_t)size : sizeof first;
    *out = (weights_layout){.size = size};
    if (n && !read(arg, 0, first, n, e)) return false;
    out->format = weights_sniff(str_n(first, n), size);
    switch (out->format) {
    case WEIGHTS_SAFETENSORS: return weights_safetensors(&w, out, e);
    case WEIGHTS_GGUF: return weights_gguf(&w, out, e);
    case WEIGHTS_OTHER: break;
    }
    return err_set(e, ERR_INVALID, "the file is neither safetensors nor GGUF, or it is cut");
}

static bool measure(weights_tensor *t, err *e) {
    uint64_t n = 1, blocks;
    for (unsigned i = 0; i < t->n_dims; i++)
        if (__builtin_mul_overflow(n, t->shape[i], &n) || n > INT64_MAX)
            return err_set(e, ERR_INVALID, "the shape of tensor %.*s is too large",
                           WEIGHTS_F(t->name));
    const weights_about *type = &about[t->type];
    if (n % type->elements)
        return err_set(e, ERR_INVALID, "tensor %.*s does not fill its last block of %s",
                       WEIGHTS_F(t->name), type->name);
    blocks = n / type->elements;
    t->elements = n;
    if (!__builtin_mul_overflow(blocks, (uint64_t)type->bytes, &t->bytes)) return true;
    return err_set(e, ERR_INVALID, "the shape of tensor %.*s is too large", WEIGHTS_F(t->name));
}

bool weights_add(weights_source *w, weights_tensor t, uint64_t begin, err *e) {
    bool added;
    if (!t.name.n || t.name.n > WEIGHTS_NAME_MAX || !str_is_text(t.name))
        return err_set(e, ERR_INVALID, "a tensor's name is empty, too long or no valid text");
    if (w->tensors.n == WEIGHTS_TENSORS_MAX)
        return err_set(e, ERR_INVALID, "the file holds more than %d tensors",
                       (int)WEIGHTS_TENSORS_MAX);
    map_at(&w->names, t.name, &added);
    if (!added) return err_set(e, ERR_INVALID, "tensor %.*s is named twice", WEIGHTS_F(t.name));
    if (!measure(&t, e)) return false;
    if (t.offset < begin || t.offset > w->size || t.bytes > w->size - t.offset)
        return err_set(e, ERR_INVALID, "tensor %.*s lies beyond the end of the file",
                       WEIGHTS_F(t.name));
    vec_push(w->a, &w->tensors, t);
    return true;
}

bool weights_add_pair(weights_source *w, weights_pair p, err *e) {
    bool added;
    if (w->pairs.n == WEIGHTS_PAIRS_MAX)
        return err_set(e, ERR_INVALID, "the file holds more than %d metadata",
                       (int)WEIGHTS_PAIRS_MAX);
    map_at(&w->keys, p.key, &added);
    if (!added)
        return err_set(e, ERR_INVALID, "the metadata name %.*s twice", WEIGHTS_F(p.key));
    vec_push(w->a, &w->pairs, p);
    return true;
}

// Empty ones first, where they begin with another.
static int by_offset(const void *a, const void *b) {
    const weights_tensor *x = a, *y = b;
    if (x->offset != y->offset) return x->offset < y->offset ? -1 : 1;
    if (x->bytes != y->bytes) return x->bytes < y->bytes ? -1 : 1;
    return str_cmp(x->name, y->name);
}

bool weights_finish(weights_source *w, weights_layout *out, bool dense, err *e) {
    weights_tensor *t = w->tensors.p;
    size_t n = w->tensors.n;
    uint64_t end = out->header_end;
    if (n) qsort(t, n, sizeof *t, by_offset);
    for (size_t i = 0; i < n; i++) {
        if (t[i].offset < end)
            return err_set(e, ERR_INVALID, "tensor %.*s lies on top of another",
                           WEIGHTS_F(t[i].name));
        if (dense && t[i].offset > end)
            return err_set(e, ERR_INVALID, "there is a hole before tensor %.*s",
                           WEIGHTS_F(t[i].name));
        end = t[i].offset + t[i].bytes;
    }
    if (dense && end != w->size)
        return err_set(e, ERR_INVALID, "there are bytes behind the last tensor");
    out->tensors = t;
    out->n = n;
    out->pairs = w->pairs.p;
    out->n_pairs = w->pairs.n;
    return true;
}
