// SPDX-License-Identifier: Apache-2.0
// What the readers of the two formats share.
#ifndef STEMMA_STORE_WEIGHTS_INTERNAL_H
#define STEMMA_STORE_WEIGHTS_INTERNAL_H

#include "base/map.h"
#include "base/vec.h"
#include "store/weights.h"

typedef struct weights_source {
    weights_read read;
    void *arg;
    uint64_t size;
    arena *a;
    map names; // of tensors and, apart, of metadata: none may come twice
    map keys;
    VEC(weights_tensor) tensors;
    VEC(weights_pair) pairs;
} weights_source;

// A name for messages, not too long.
#define WEIGHTS_F(s) (int)((s).n < 100 ? (s).n : 100), (s).n ? (s).p : ""

bool weights_safetensors(weights_source *w, weights_layout *out, err *e);
bool weights_gguf(weights_source *w, weights_layout *out, err *e);

// Adds a tensor whose name, type, shape and offset are known; elements and bytes are computed
// of them. All of it must be in the file, at or behind `begin`.
bool weights_add(weights_source *w, weights_tensor t, uint64_t begin, err *e);
bool weights_add_pair(weights_source *w, weights_pair p, err *e);
// Sorts the tensors by offset; none may overlap, and with `dense` none may leave a hole.
bool weights_finish(weights_source *w, weights_layout *out, bool dense, err *e);

#endif
