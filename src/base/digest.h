// SPDX-License-Identifier: Apache-2.0
// Digests and checksums: SHA-256 names content, CRC32C guards stored blocks.
#ifndef STEMMA_BASE_DIGEST_H
#define STEMMA_BASE_DIGEST_H

#include "base/arena.h"

typedef struct sha256 {
    uint8_t b[32];
} sha256;

static inline bool sha256_eq(sha256 a, sha256 b) {
    return !memcmp(a.b, b.b, 32);
}
// Out of its 32 bytes; false, and nothing changes, when it is not 32.
static inline bool sha256_copy(str from, sha256 *to) {
    if (from.n != sizeof to->b) return false;
    memcpy(to->b, from.p, sizeof to->b);
    return true;
}
sha256 sha256_of(const void *p, size_t n);
#define SHA256_HEX 65
void sha256_hex(sha256 d, char out[SHA256_HEX]);
str sha256_str(arena *a, sha256 d);    // the same in the arena
bool sha256_parse(str s, sha256 *out); // 64 hex digits, either case

// Streaming.
typedef struct sha256_ctx sha256_ctx;
sha256_ctx *sha256_new(void);
void sha256_add(sha256_ctx *c, const void *p, size_t n);
sha256 sha256_end(sha256_ctx *c); // and begins anew
void sha256_free(sha256_ctx *c);

// CRC32C (Castagnoli, RFC 3720 B.4), by the CPU's instruction where there is one. `crc` is 0 or
// the value so far.
uint32_t crc32c(uint32_t crc, const void *p, size_t n);

// Equal without telling by its time where they differ.
bool secret_eq(str a, str b);

#endif
