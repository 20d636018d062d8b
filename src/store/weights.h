// SPDX-License-Identifier: Apache-2.0
// weights: the layout of a file of weights, safetensors or GGUF (2 and 3, little-endian): which
// tensors it holds, of which type and shape, and where their bytes lie. Read out of the header
// alone, through a callback, so that it does not matter where the file is. A header is hostile:
// memory and time are bounded by the limits below, and what does not hold together (tensors
// beyond the file, on top of each other, shapes that overflow, names that come twice) is one
// error that says what. No state; any thread may call.
#ifndef STEMMA_STORE_WEIGHTS_H
#define STEMMA_STORE_WEIGHTS_H

#include "base/arena.h"
#include "base/err.h"

enum {
    WEIGHTS_TENSORS_MAX = 1 << 18, // of a file
    WEIGHTS_NAME_MAX = 4096,       // bytes of a tensor's name
    WEIGHTS_DIMS_MAX = 32,         // of a shape
    WEIGHTS_JSON_MAX = 32 << 20,   // bytes of a safetensors header
    WEIGHTS_GGUF_MAX = 128 << 20,  // bytes of a GGUF header without its arrays of numbers
    WEIGHTS_PAIRS_MAX = 1 << 16,   // of metadata
    WEIGHTS_KEY_MAX = 65535,       // bytes of a key of metadata
    WEIGHTS_VALUE_MAX = 64 << 10,  // bytes of a value that are kept
    WEIGHTS_KEPT_MAX = 16 << 20,   // bytes of all metadata that are kept
    WEIGHTS_SNIFF = 9,             // bytes by which a format is known
};

typedef enum weights_format {
    WEIGHTS_OTHER, // none that is read here
    WEIGHTS_SAFETENSORS,
    WEIGHTS_GGUF,
} weights_format;

// X(type, its number in GGUF (-1: not there), is it in safetensors, elements of a block, bytes
// of a block)
#define WEIGHTS_TYPES(X)                                                                       \
    X(BOOL, -1, true, 1, 1)                                                                    \
    X(U8, -1, true, 1, 1)                                                                      \
    X(I8, 24, true, 1, 1)                                                                      \
    X(U16, -1, true, 1, 2)                                                                     \
    X(I16, 25, true, 1, 2)                                                                     \
    X(U32, -1, true, 1, 4)                                                                     \
    X(I32, 26, true, 1, 4)                                                                     \
    X(U64, -1, true, 1, 8)                                                                     \
    X(I64, 27, true, 1, 8)                                                                     \
    X(F4, -1, true, 2, 1)                                                                      \
    X(F6_E2M3, -1, true, 4, 3)                                                                 \
    X(F6_E3M2, -1, true, 4, 3)                                                                 \
    X(F8_E4M3, -1, true, 1, 1)                                                                 \
    X(F8_E5M2, -1, true, 1, 1)                                                                 \
    X(F8_E8M0, -1, true, 1, 1)                                                                 \
    X(F8_E4M3FNUZ, -1, true, 1, 1)                                                             \
    X(F8_E5M2FNUZ, -1, true, 1, 1)                                                             \
    X(F16, 1, true, 1, 2)                                                                      \
    X(BF16, 30, true, 1, 2)                                                                    \
    X(F32, 0, true, 1, 4)                                                                      \
    X(F64, 28, true, 1, 8)                                                                     \
    X(C64, -1, true, 1, 8)                                                                     \
    X(Q4_0, 2, false, 32, 18)                                                                  \
    X(Q4_1, 3, false, 32, 20)                                                                  \
    X(Q5_0, 6, false, 32, 22)                                                                  \
    X(Q5_1, 7, false, 32, 24)                                                                  \
    X(Q8_0, 8, false, 32, 34)                                                                  \
    X(Q8_1, 9, false, 32, 36)                                                                  \
    X(Q2_K, 10, false, 256, 84)                                                                \
    X(Q3_K, 11, false, 256, 110)                                                               \
    X(Q4_K, 12, false, 256, 144)                                                               \
    X(Q5_K, 13, false, 256, 176)                                                               \
    X(Q6_K, 14, false, 256, 210)                                                               \
    X(Q8_K, 15, false, 256, 292)                                                               \
    X(IQ2_XXS, 16, false, 256, 66)                                                             \
    X(IQ2_XS, 17, false, 256, 74)                                                              \
    X(IQ3_XXS, 18, false, 256, 98)                                                             \
    X(IQ1_S, 19, false, 256, 50)                                                               \
    X(IQ4_NL, 20, false, 32, 18)                                                               \
    X(IQ3_S, 21, false, 256, 110)                                                              \
    X(IQ2_S, 22, false, 256, 82)                                                               \
    X(IQ4_XS, 23, false, 256, 136)                                                             \
    X(IQ1_M, 29, false, 256, 56)                                                               \
    X(TQ1_0, 34, false, 256, 54)                                                               \
    X(TQ2_0, 35, false, 256, 66)                                                               \
    X(MXFP4, 39, false, 32, 17)                                                                \
    X(NVFP4, 40, false, 64, 36)                                                                \
    X(Q1_0, 41, false, 128, 18)                                                                \
    X(Q2_0, 42, false, 64, 18)

#define WEIGHTS_ENUM(name, gguf, safetensors, elements, bytes) WEIGHTS_##name,
typedef enum weights_type { WEIGHTS_TYPES(WEIGHTS_ENUM) WEIGHTS_TYPES_N } weights_type;
#undef WEIGHTS_ENUM

// Elements come in blocks; a block of one is an element by itself.
typedef struct weights_about {
    const char *name; // "BF16", "Q4_K"
    int gguf;
    bool safetensors;
    unsigned elements, bytes; // of a block
} weights_about;
const weights_about *weights_type_about(weights_type t);

typedef struct weights_tensor {
    str name; // valid text
    weights_type type;
    unsigned n_dims;
    const uint64_t *shape; // outermost first, in GGUF too; of a scalar none
    uint64_t elements;
    uint64_t offset, bytes; // in the file
} weights_tensor;

typedef enum weights_kind {
    WEIGHTS_TEXT,
    WEIGHTS_NUMBER,
    WEIGHTS_TRUTH,
    WEIGHTS_ARRAY
} weights_kind;

// Of an array `text` says only how many elements of what it has; whoever wants them reads
// [offset, offset + bytes). `text` is cut at WEIGHTS_VALUE_MAX.
typedef struct weights_pair {
    str key;
    weights_kind kind;
    str text;
    uint64_t offset, bytes; // of the value in the file; of safetensors 0
} weights_pair;

typedef struct weights_layout {
    weights_format format;
    unsigned version;        // of GGUF
    uint64_t size;           // of the file
    uint64_t header_end;     // where the bytes of tensors may begin
    weights_tensor *tensors; // by offset; none overlap
    size_t n;
    weights_pair *pairs; // in the file's order
    size_t n_pairs;
} weights_layout;

// All n bytes from offset on, which are in the file.
typedef bool (*weights_read)(void *arg, uint64_t offset, void *p, size_t n, err *e);

// What the first bytes (WEIGHTS_SNIFF of them, or all there are) of a file of `size` bytes look
// like. Only the layout tells whether it is so.
weights_format weights_sniff(str first, uint64_t size);

// The layout, in the arena. ERR_INVALID: no such file, or one that does not hold together; an
// error of `read` as it is.
bool weights_layout_read(weights_read read, void *arg, uint64_t size, arena *a,
                         weights_layout *out, err *e);

#endif
