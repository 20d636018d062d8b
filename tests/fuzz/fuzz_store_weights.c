// SPDX-License-Identifier: Apache-2.0
// Layouts of weights: whatever the bytes are, nothing outside of the file is asked for, and a
// layout that is read holds what weights.h promises.
#include "store/weights.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// The file is zeros behind its bytes, so that large tensors can be described by a small input.
typedef struct input {
    str bytes;
    uint64_t size;
} input;

static bool read_input(void *arg, uint64_t offset, void *p, size_t n, err *e) {
    const input *in = arg;
    (void)e;
    BUG_ON(offset > in->size || n > in->size - offset);
    memset(p, 0, n);
    if (offset >= in->bytes.n) return true;
    size_t have = in->bytes.n - (size_t)offset;
    memcpy(p, in->bytes.p + offset, have < n ? have : n);
    return true;
}

static void check_tensor(const weights_layout *l, const weights_tensor *t, uint64_t *end) {
    const weights_about *type = weights_type_about(t->type);
    uint64_t n = 1;
    for (unsigned i = 0; i < t->n_dims; i++)
        n *= t->shape[i];
    BUG_ON(!t->name.n || !str_is_text(t->name));
    BUG_ON(n != t->elements || n % type->elements);
    BUG_ON(t->bytes != n / type->elements * type->bytes);
    BUG_ON(t->offset < *end || t->offset > l->size || t->bytes > l->size - t->offset);
    *end = t->offset + t->bytes;
}

static void try(arena *a, str bytes, uint64_t size) {
    input in = {bytes, size};
    weights_layout l;
    err e = {0};
    if (!weights_layout_read(read_input, &in, size, a, &l, &e)) {
        BUG_ON(e.code != ERR_INVALID || !e.msg[0]);
        return;
    }
    uint64_t end = l.header_end;
    BUG_ON(l.format == WEIGHTS_OTHER || l.header_end > size);
    for (size_t i = 0; i < l.n; i++)
        check_tensor(&l, &l.tensors[i], &end);
    for (size_t i = 0; i < l.n_pairs; i++)
        BUG_ON(!str_is_text(l.pairs[i].key) || l.pairs[i].text.n > WEIGHTS_VALUE_MAX);
    BUG_ON(l.format == WEIGHTS_SAFETENSORS && end != size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    arena *a = arena_new();
    try(a, str_n(data, size), size);
    arena_reset(a);
    if (weights_sniff(str_n(data, size), size) == WEIGHTS_SAFETENSORS) // all of its header
        try(a, str_n(data, size), size + ((uint64_t)1 << 33));
    arena_free(a);
    return 0;
}
