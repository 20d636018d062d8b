// SPDX-License-Identifier: Apache-2.0
// Ids: 128 bits, time-ordered (48 bits of Unix milliseconds, then random; monotonic within a
// process), stored as 16 bytes big-endian and shown by each dialect as 32 lower-case hex
// digits. Any thread may make ids. The layout is that of UUID version 7 (RFC 9562,
// section 5.7).
#ifndef STEMMA_BASE_ID_H
#define STEMMA_BASE_ID_H

#include "base/arena.h"

typedef struct id {
    uint8_t b[16];
} id;

id id_new(void);
int64_t id_ms(id i);        // when it was made, in milliseconds since 1970
id id_least_at(int64_t ms); // no id that was made then or later is less
static inline bool id_eq(id a, id b) {
    return !memcmp(a.b, b.b, 16);
}
static inline int id_cmp(id a, id b) {
    return memcmp(a.b, b.b, 16);
}
static inline bool id_is_zero(id a) {
    return id_eq(a, (id){0});
}

#define ID_HEX 33 // 32 digits and a NUL
void id_hex(id i, char out[ID_HEX]);
str id_str(arena *a, id i);
// Exactly 32 hex digits, either case.
bool id_parse(str s, id *out);

// Random bytes from the kernel.
void random_bytes(void *p, size_t n);

#endif
