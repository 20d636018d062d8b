// SPDX-License-Identifier: Apache-2.0
// format: the bytes of packs and object files. Integers are little-endian; every structure ends
// in the CRC32C of what stands before it in the structure. Decoders take hostile bytes: they
// check lengths first and never go by a number that no CRC vouches for. Pure functions; any
// thread.
#include "store/store_internal.h"

#include <endian.h>
#include <stdio.h>

static const char pack_magic[8] = {'s', 't', 'm', 'p', 'a', 'c', 'k', '1'};
static const char file_magic[8] = {'s', 't', 'm', 'f', 'i', 'l', 'e', '1'};
static const char record_magic[4] = {'s', 't', 'm', 'r'};

static uint8_t *put(uint8_t *at, const void *p, size_t n) {
    memcpy(at, p, n);
    return at + n;
}

static uint8_t *put32(uint8_t *at, uint32_t v) {
    v = htole32(v);
    return put(at, &v, 4);
}

static uint8_t *put64(uint8_t *at, uint64_t v) {
    v = htole64(v);
    return put(at, &v, 8);
}

// The structure at `out` is complete but for its CRC, which goes to `at`.
static void seal(uint8_t *out, uint8_t *at) {
    put32(at, crc32c(0, out, (size_t)(at - out)));
}

// Whether `bytes` are n long, begin with the magic and end with the CRC of the rest. *c stands
// behind the magic.
static bool unseal(str bytes, size_t n, const char *magic, size_t magic_n, cur *c) {
    if (bytes.n != n || memcmp(bytes.p, magic, magic_n) != 0) return false;
    uint32_t crc;
    memcpy(&crc, bytes.p + n - 4, 4);
    if (le32toh(crc) != crc32c(0, bytes.p, n - 4)) return false;
    *c = cur_of(str_from(bytes, magic_n));
    return true;
}

static void take(cur *c, void *out, size_t n) {
    str s = cur_take(c, n);
    if (s.n == n) memcpy(out, s.p, n);
}

// ---- packs ----------------------------------------------------------------------------------

void store_pack_header_put(uint8_t out[STORE_PACK_HEADER], id pack) {
    uint8_t *at = put(out, pack_magic, sizeof pack_magic);
    at = put(at, pack.b, sizeof pack.b);
    at = put32(at, 0); // no flags yet
    seal(out, at);
}

bool store_pack_header_get(str bytes, id *pack) {
    cur c;
    if (!unseal(bytes, STORE_PACK_HEADER, pack_magic, sizeof pack_magic, &c)) return false;
    take(&c, pack->b, sizeof pack->b);
    return cur_u32(&c) == 0 && !c.bad;
}

void store_record_put(uint8_t out[STORE_RECORD], const store_record *r) {
    uint8_t *at = put(out, record_magic, sizeof record_magic);
    at = put32(at, r->n);
    at = put(at, r->digest.b, sizeof r->digest.b);
    at = put32(at, r->crc);
    seal(out, at);
}

bool store_record_get(str bytes, store_record *r) {
    cur c;
    if (!unseal(bytes, STORE_RECORD, record_magic, sizeof record_magic, &c)) return false;
    r->n = cur_u32(&c);
    take(&c, r->digest.b, sizeof r->digest.b);
    r->crc = cur_u32(&c);
    return r->n <= STORE_PACKED && !c.bad;
}

// ---- files ----------------------------------------------------------------------------------

uint64_t store_blocks(uint64_t size) {
    return size / STORE_BLOCK + (size % STORE_BLOCK != 0);
}

static uint64_t pages(uint64_t blocks) {
    return blocks / STORE_PAGE_CRCS + (blocks % STORE_PAGE_CRCS != 0);
}

uint64_t store_file_size(uint64_t size) {
    uint64_t blocks = store_blocks(size);
    return size + 4 * blocks + 4 * pages(blocks) + STORE_TRAILER;
}

uint64_t store_page_at(uint64_t size, uint64_t page, size_t *n) {
    uint64_t left = store_blocks(size) - page * STORE_PAGE_CRCS;
    *n = left >= STORE_PAGE_CRCS ? STORE_PAGE : (size_t)left * 4 + 4;
    return size + page * STORE_PAGE;
}

// The page's number is part of its CRC, so that a page at the wrong place is noticed.
static uint32_t page_crc(uint64_t page, const void *p, size_t n) {
    uint8_t number[8];
    put64(number, page);
    return crc32c(crc32c(0, number, sizeof number), p, n);
}

void store_page_put(buf *out, const uint32_t *crcs, size_t n, uint64_t page) {
    size_t from = out->n;
    for (size_t i = 0; i < n; i++)
        buf_u32(out, crcs[i]);
    if (out->full) return;
    buf_u32(out, page_crc(page, out->p + from, out->n - from));
}

bool store_page_get(str bytes, uint64_t page, uint32_t crcs[STORE_PAGE_CRCS], size_t *n) {
    if (bytes.n < 8 || bytes.n > STORE_PAGE || bytes.n % 4) return false;
    cur c = cur_of(bytes);
    *n = bytes.n / 4 - 1;
    for (size_t i = 0; i < *n; i++)
        crcs[i] = cur_u32(&c);
    return cur_u32(&c) == page_crc(page, bytes.p, bytes.n - 4);
}

void store_trailer_put(uint8_t out[STORE_TRAILER], sha256 digest, uint64_t size) {
    uint8_t *at = put(out, file_magic, sizeof file_magic);
    at = put64(at, size);
    at = put(at, digest.b, sizeof digest.b);
    at = put32(at, STORE_BLOCK);
    seal(out, at);
}

bool store_trailer_get(str bytes, sha256 *digest, uint64_t *size) {
    cur c;
    if (!unseal(bytes, STORE_TRAILER, file_magic, sizeof file_magic, &c)) return false;
    *size = cur_u64(&c);
    take(&c, digest->b, sizeof digest->b);
    return cur_u32(&c) == STORE_BLOCK && *size <= STORE_OBJECT_MAX && !c.bad;
}

// ---- names ----------------------------------------------------------------------------------

void store_file_path(char out[STORE_PATH_MAX], sha256 digest, id copy) {
    char d[SHA256_HEX], c[ID_HEX];
    sha256_hex(digest, d);
    id_hex(copy, c);
    snprintf(out, STORE_PATH_MAX, "objects/%.2s/%.2s/%s.%s", d, d + 2, d, c);
}

void store_pack_path(char out[STORE_PATH_MAX], id pack) {
    char p[ID_HEX];
    id_hex(pack, p);
    snprintf(out, STORE_PATH_MAX, "packs/%s.pack", p);
}

bool store_file_name(str name, sha256 *digest, id *copy) {
    str hex, rest = name;
    return str_split(&rest, '.', &hex) && sha256_parse(hex, digest) && id_parse(rest, copy);
}

bool store_pack_name(str name, id *pack) {
    return str_ends(name, STR(".pack")) && id_parse(str_upto(name, name.n - 5), pack);
}
