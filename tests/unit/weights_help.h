// SPDX-License-Identifier: Apache-2.0
// Files of weights made in memory: safetensors out of a header and bytes, GGUF piece by piece.
#ifndef STEMMA_TESTS_WEIGHTS_HELP_H
#define STEMMA_TESTS_WEIGHTS_HELP_H

#include "base/buf.h"
#include "base/err.h"

#include <string.h>

// A safetensors file with this header, and `n` bytes of data.
static inline void put_safetensors(buf *out, const char *header, const void *data, size_t n) {
    buf_u64(out, strlen(header));
    buf_str(out, str_of(header));
    buf_add(out, data, n);
}

static inline void put_text(buf *out, const char *s) {
    buf_u64(out, strlen(s));
    buf_str(out, str_of(s));
}

static inline void gguf_begin(buf *out, uint32_t version, uint64_t tensors, uint64_t pairs) {
    buf_str(out, STR("GGUF"));
    buf_u32(out, version);
    buf_u64(out, tensors);
    buf_u64(out, pairs);
}

static inline void gguf_text(buf *out, const char *key, const char *value) {
    put_text(out, key);
    buf_u32(out, 8);
    put_text(out, value);
}

static inline void gguf_u32(buf *out, const char *key, uint32_t value) {
    put_text(out, key);
    buf_u32(out, 4);
    buf_u32(out, value);
}

// Innermost dimension first, as the format has it; `rows` 0: one dimension.
static inline void gguf_tensor(buf *out, const char *name, uint64_t columns, uint64_t rows,
                               uint32_t type, uint64_t offset) {
    put_text(out, name);
    buf_u32(out, rows ? 2 : 1);
    buf_u64(out, columns);
    if (rows) buf_u64(out, rows);
    buf_u32(out, type);
    buf_u64(out, offset);
}

static inline void gguf_pad(buf *out, size_t alignment) {
    while (out->n % alignment)
        buf_byte(out, 0);
}

static inline void put_zeros(buf *out, size_t n) {
    while (n--)
        buf_byte(out, 0);
}

// A file in memory for a reader of layouts.
static inline bool read_memory(void *arg, uint64_t offset, void *p, size_t n, err *e) {
    const str *file = arg;
    (void)e;
    BUG_ON(offset > file->n || n > file->n - offset);
    if (n) memcpy(p, file->p + offset, n);
    return true;
}

#endif
