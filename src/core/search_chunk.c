// SPDX-License-Identifier: Apache-2.0
// The bytes of a column chunk, laid out so that decoding is a check and a handful of pointers.
//
//   0  u32 magic "SCH1"   4  u32 CRC32C of all that follows   8  u8 type, u8 flags (1: has
//   values), u16 0 12 u32 slots n        16 u32 dictionary entries d        20 u32 bytes of the
//   dictionary b      24 u64 0 NUM, INT   i64 value[n], u64 present[(n + 63) / 64] TEXT, SET
//   u64 long[(d + 63) / 64], u32 offset[d + 1], u16 code[n], bytes[b] ID         16 bytes[n]
//   STATE  bytes[n]
//
// NUM, INT, TEXT and SET without any value end behind the header. Little-endian, in the host's
// memory as on disk. A decoded chunk is immutable; its memory is one malloc that the cache
// counts.
#include "base/digest.h"
#include "base/map.h"
#include "base/vec.h"
#include "core/search_internal.h"

#include <stdlib.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "chunks are used in place: they need a little-endian host");

#define MAGIC      0x31484353u
#define HEADER     32
#define HAS_VALUES 1

typedef struct chunk_header {
    uint32_t magic, crc;
    uint8_t type, flags;
    uint16_t zero;
    uint32_t n, n_dict, n_bytes;
    uint64_t zero2;
} chunk_header;
_Static_assert(sizeof(chunk_header) == HEADER, "the header is packed");

static size_t words(size_t bits) {
    return (bits + 63) / 64 * 8;
}

static size_t body_size(const chunk_header *h) {
    if (h->type == SEARCH_T_ID) return (size_t)h->n * 16;
    if (h->type == SEARCH_T_STATE) return h->n;
    if (!(h->flags & HAS_VALUES)) return 0;
    if (h->type == SEARCH_T_INT || h->type == SEARCH_T_NUM)
        return (size_t)h->n * 8 + words(h->n);
    return words(h->n_dict) + ((size_t)h->n_dict + 1) * 4 + (size_t)h->n * 2 + h->n_bytes;
}

// ---- encoding ------------------------------------------------------------------------------
// The blob with its header and an empty body, all of whose sizes are known by now.
static char *begin(arena *a, chunk_header *h, char **body) {
    char *blob = arena_alloc(a, HEADER + body_size(h));
    h->magic = MAGIC;
    memcpy(blob, h, HEADER);
    *body = blob + HEADER;
    return blob;
}

static char *encode_numbers(arena *a, chunk_header *h, const search_cell *cells) {
    char *body, *blob = begin(a, h, &body);
    if (!(h->flags & HAS_VALUES)) return blob;
    int64_t *num = (int64_t *)(void *)body;
    uint64_t *has = (uint64_t *)(void *)(body + (size_t)h->n * 8);
    for (size_t i = 0; i < h->n; i++) {
        if (!cells[i].has) continue;
        num[i] = cells[i].i;
        has[i / 64] |= 1ull << (i % 64);
    }
    return blob;
}

typedef VEC(const search_cell *) entry_list;

// Numbers the distinct texts in the order of their first appearance; code 0 is a missing one. A
// long text and a whole one of the same bytes are two entries.
static void make_dictionary(arena *a, chunk_header *h, const search_cell *cells, uint16_t *code,
                            entry_list *entries) {
    map whole = map_new(a), cut = map_new(a);
    for (size_t i = 0; i < h->n; i++) {
        if (!cells[i].has) continue;
        bool added;
        void **at = map_at(cells[i].is_long ? &cut : &whole, cells[i].text, &added);
        if (added) {
            vec_push(a, entries, &cells[i]);
            h->n_bytes += (uint32_t)cells[i].text.n;
            *at = (void *)(uintptr_t)entries->n;
        }
        code[i] = (uint16_t)(uintptr_t)*at;
    }
    h->n_dict = (uint32_t)entries->n;
}

static char *encode_texts(arena *a, chunk_header *h, const search_cell *cells) {
    char *body;
    if (!(h->flags & HAS_VALUES)) return begin(a, h, &body);
    uint16_t *code = ARENA_ARRAY(a, uint16_t, h->n);
    entry_list entries = {0};
    make_dictionary(a, h, cells, code, &entries);
    char *blob = begin(a, h, &body);
    uint64_t *is_long = (uint64_t *)(void *)body;
    uint32_t *off = (uint32_t *)(void *)(body + words(h->n_dict));
    memcpy(off + h->n_dict + 1, code, (size_t)h->n * 2);
    char *bytes = (char *)(off + h->n_dict + 1) + (size_t)h->n * 2;
    for (size_t i = 0; i < entries.n; i++) {
        str s = entries.p[i]->text;
        if (s.n) memcpy(bytes + off[i], s.p, s.n);
        off[i + 1] = off[i] + (uint32_t)s.n;
        if (entries.p[i]->is_long) is_long[i / 64] |= 1ull << (i % 64);
    }
    return blob;
}

static char *encode_raw(arena *a, chunk_header *h, const search_cell *cells) {
    char *body, *blob = begin(a, h, &body);
    for (size_t i = 0; i < h->n; i++) {
        if (h->type == SEARCH_T_STATE)
            body[i] = (char)cells[i].i;
        else if (cells[i].has)
            memcpy(body + i * 16, cells[i].text.p, 16);
    }
    return blob;
}

str search_chunk_encode(arena *a, search_type type, const search_cell *cells, size_t n) {
    BUG_ON(n > SEARCH_CHUNK);
    chunk_header h = {.type = (uint8_t)type, .n = (uint32_t)n};
    for (size_t i = 0; i < n && !h.flags; i++) {
        if (cells[i].has) h.flags = HAS_VALUES;
    }
    char *blob = type == SEARCH_T_INT || type == SEARCH_T_NUM    ? encode_numbers(a, &h, cells)
                 : type == SEARCH_T_TEXT || type == SEARCH_T_SET ? encode_texts(a, &h, cells)
                                                                 : encode_raw(a, &h, cells);
    size_t size = HEADER + body_size(&h);
    uint32_t crc = crc32c(0, blob + 8, size - 8);
    memcpy(blob + 4, &crc, 4);
    return str_n(blob, size);
}

// ---- decoding ------------------------------------------------------------------------------
static bool header_fits(const chunk_header *h, str blob, search_type type) {
    if (h->magic != MAGIC || h->type != type || h->n > SEARCH_CHUNK || h->n_dict > SEARCH_CHUNK)
        return false;
    if (blob.n != HEADER + body_size(h)) return false;
    return h->crc == crc32c(0, blob.p + 8, blob.n - 8);
}

static bool point_texts(search_chunk *c, const chunk_header *h, const char *body) {
    c->n_dict = h->n_dict;
    c->is_long = (const uint64_t *)(const void *)body;
    c->off = (const uint32_t *)(const void *)(body + words(h->n_dict));
    c->code = (const uint16_t *)(const void *)(c->off + h->n_dict + 1);
    c->bytes = (const char *)(c->code + h->n);
    bool good = c->off[0] == 0 && c->off[h->n_dict] == h->n_bytes;
    for (size_t i = 0; i < h->n_dict; i++) {
        good &= c->off[i] <= c->off[i + 1];
    }
    for (size_t i = 0; i < h->n; i++) {
        good &= c->code[i] <= h->n_dict;
    }
    return good;
}

static bool point_body(search_chunk *c, const chunk_header *h, const char *body) {
    if (h->type == SEARCH_T_ID || h->type == SEARCH_T_STATE) {
        c->raw = (const uint8_t *)body;
    } else if (h->flags & HAS_VALUES) {
        if (h->type == SEARCH_T_TEXT || h->type == SEARCH_T_SET) return point_texts(c, h, body);
        c->num = (const int64_t *)(const void *)body;
        c->has = (const uint64_t *)(const void *)(body + (size_t)h->n * 8);
    }
    return true;
}

search_chunk *search_chunk_decode(str blob, search_type type, err *e) {
    chunk_header h = {0};
    if (blob.n >= HEADER) memcpy(&h, blob.p, HEADER);
    bool good = blob.n >= HEADER && header_fits(&h, blob, type);
    if (good) {
        size_t at = (sizeof(search_chunk) + 7) & ~(size_t)7;
        search_chunk *c = mem_alloc(at + blob.n - HEADER + 8);
        char *body = (char *)c + at;
        memcpy(body, blob.p + HEADER, blob.n - HEADER);
        *c = (search_chunk){.type = type, .n = h.n, .size = at + blob.n, .refs = 1};
        if (point_body(c, &h, body)) return c;
        free(c);
    }
    err_set(e, ERR_CORRUPT,
            "A chunk of the search columns is damaged; run `stemma rebuild` to make them anew");
    return NULL;
}

// ---- cells ---------------------------------------------------------------------------------
str search_chunk_entry(const search_chunk *c, size_t entry, bool *is_long) {
    *is_long = c->is_long[entry / 64] >> (entry % 64) & 1;
    return str_n(c->bytes + c->off[entry], c->off[entry + 1] - c->off[entry]);
}

search_cell search_chunk_cell(const search_chunk *c, size_t slot) {
    search_cell cell = {0};
    if (slot >= c->n) return cell;
    if (c->type == SEARCH_T_STATE) {
        cell.i = c->raw[slot];
        cell.has = cell.i != 0;
    } else if (c->type == SEARCH_T_ID) {
        cell.text = str_n(c->raw + slot * 16, 16);
        cell.has = true;
    } else if (c->num) {
        cell.has = c->has[slot / 64] >> (slot % 64) & 1;
        cell.i = c->num[slot];
    } else if (c->code && c->code[slot]) {
        cell.has = true;
        cell.text = search_chunk_entry(c, c->code[slot] - 1u, &cell.is_long);
    }
    return cell;
}

str search_status_name(uint8_t state) {
    static const str names[] = {
        [RUN_RUNNING] = STR_K("RUNNING"),   [RUN_SCHEDULED] = STR_K("SCHEDULED"),
        [RUN_FINISHED] = STR_K("FINISHED"), [RUN_FAILED] = STR_K("FAILED"),
        [RUN_KILLED] = STR_K("KILLED"),     [RUN_CRASHED] = STR_K("CRASHED")};
    run_status s = search_state_status(state);
    return s < sizeof names / sizeof *names ? names[s] : (str){0};
}

bool search_cell_eq(search_type type, const search_cell *a, const search_cell *b) {
    if (a->has != b->has) return false;
    if (!a->has) return true;
    bool texts = type == SEARCH_T_TEXT || type == SEARCH_T_SET || type == SEARCH_T_ID;
    return texts ? a->is_long == b->is_long && str_eq(a->text, b->text) : a->i == b->i;
}

// ---- sets ----------------------------------------------------------------------------------
static int by_bytes(const void *a, const void *b) {
    return str_cmp(*(const str *)a, *(const str *)b);
}

search_cell search_set_of(arena *a, str *texts, size_t n) {
    if (!n) return (search_cell){0};
    qsort(texts, n, sizeof *texts, by_bytes);
    size_t size = 0;
    for (size_t i = 0; i < n; i++) {
        size += 4 + texts[i].n;
    }
    char *out = arena_bytes(a, size), *w = out;
    for (size_t i = 0; i < n; i++) {
        if (i && str_eq(texts[i], texts[i - 1])) continue;
        uint32_t length = (uint32_t)texts[i].n;
        memcpy(w, &length, 4);
        if (length) memcpy(w + 4, texts[i].p, length);
        w += 4 + length;
    }
    return (search_cell){.has = true, .text = str_n(out, (size_t)(w - out))};
}

bool search_set_next(str *rest, str *text) {
    uint32_t length;
    if (rest->n < 4) return false;
    memcpy(&length, rest->p, 4);
    if (length > rest->n - 4) return false;
    *text = str_n(rest->p + 4, length);
    *rest = str_from(*rest, 4 + (size_t)length);
    return true;
}
