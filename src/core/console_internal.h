// SPDX-License-Identifier: Apache-2.0
// What console's own files share: the record, one batch (or part of one) as it is stored.
#ifndef STEMMA_CORE_CONSOLE_INTERNAL_H
#define STEMMA_CORE_CONSOLE_INTERNAL_H

#include "base/vec.h"
#include "core/console.h"

// A record ends before it would have more lines or bytes of text.
#define RECORD_LINES 4096
#define RECORD_BYTES (256u << 10)

struct console_batch {
    arena *a;
    VEC(console_line) v; // numbers are not set
    int64_t time_us;     // of the text being split
    console_stream stream;
};

// The bytes of n lines (1 to RECORD_LINES); numbers are not kept. docs/formats-console.md.
str console_encode(arena *a, const console_line *lines, size_t n);
// Lines numbered from `first`; their texts lie in the arena or in the record. Checks
// everything: false (ERR_CORRUPT) for bytes that console_encode would not write.
bool console_decode(arena *a, str record, int64_t first, console_line **out, size_t *n, err *e);

#endif
