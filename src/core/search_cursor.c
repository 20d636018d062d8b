// SPDX-License-Identifier: Apache-2.0
// Cursors: what the next page begins behind, as opaque base64url text without padding. Bytes:
// u8 version, 8 bytes of the query's digest, per sort key u8 rank and (rank 0) i64 or u16
// length and text, 16 bytes id, u32 CRC32C. The digest covers projects, view, filter and sort,
// so that a cursor serves only the query it was made by; the CRC catches garbage, it is no
// protection against forgery (a forged cursor shows nothing that the query may not show).
#include "base/buf.h"
#include "base/digest.h"
#include "core/search_internal.h"

#define VERSION    1
#define CURSOR_MAX (64u << 10)

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static str to_base64(arena *a, str s) {
    char *out = arena_bytes(a, (s.n + 2) / 3 * 4), *w = out;
    for (size_t i = 0; i < s.n; i += 3) {
        size_t n = s.n - i < 3 ? s.n - i : 3;
        uint32_t v = 0;
        for (size_t k = 0; k < 3; k++) {
            v = v << 8 | (k < n ? (uint8_t)s.p[i + k] : 0);
        }
        for (size_t k = 0; k <= n; k++) {
            *w++ = digits[v >> (18 - 6 * k) & 63];
        }
    }
    return str_n(out, (size_t)(w - out));
}

static bool from_base64(arena *a, str s, str *out) {
    char *bytes = arena_bytes(a, s.n * 3 / 4 + 1), *w = bytes;
    uint32_t v = 0;
    unsigned bits = 0;
    for (size_t i = 0; i < s.n; i++) {
        const char *d = s.p[i] ? strchr(digits, s.p[i]) : NULL;
        if (!d) return false;
        v = (v << 6 | (uint32_t)(d - digits)) & 0xFFFFFF;
        bits += 6;
        if (bits >= 8) *w++ = (char)(v >> (bits -= 8));
    }
    *out = str_n(bytes, (size_t)(w - bytes));
    return s.n % 4 != 1 && !(v & ((1u << bits) - 1)); // one spelling a cursor
}

static bool is_number(search_type t) {
    return t == SEARCH_T_INT || t == SEARCH_T_NUM;
}

str search_cursor_write(arena *a, search_hash h, const search_key *keys, size_t n_keys,
                        id last) {
    buf b = BUF_MAX(CURSOR_MAX);
    buf_byte(&b, VERSION);
    buf_add(&b, h.b, sizeof h.b);
    for (size_t i = 0; i < n_keys; i++) {
        buf_byte(&b, (char)keys[i].rank);
        if (keys[i].rank) continue;
        if (is_number(keys[i].type)) {
            buf_u64(&b, (uint64_t)keys[i].i);
        } else {
            buf_u16(&b, (uint16_t)keys[i].text.n);
            buf_str(&b, keys[i].text);
        }
    }
    buf_add(&b, last.b, sizeof last.b);
    buf_u32(&b, crc32c(0, b.p, b.n));
    BUG_ON(b.full); // SEARCH_MAX_SORT texts of SEARCH_INLINE bytes fit
    str out = to_base64(a, buf_view(&b));
    buf_free(&b);
    return out;
}

static bool read_keys(cur *c, search_key *keys, size_t n_keys) {
    for (size_t i = 0; i < n_keys && !c->bad; i++) {
        keys[i].rank = cur_u8(c);
        if (keys[i].rank > 2) return false;
        if (keys[i].rank) continue;
        if (is_number(keys[i].type))
            keys[i].i = (int64_t)cur_u64(c);
        else
            keys[i].text = cur_take(c, cur_u16(c));
    }
    return !c->bad;
}

bool search_cursor_read(arena *a, str cursor, search_hash h, search_key *keys, size_t n_keys,
                        id *last, err *e) {
    str raw = {0};
    if (cursor.n > CURSOR_MAX * 4 / 3 + 4 || !from_base64(a, cursor, &raw) ||
        raw.n < 1 + 8 + 16 + 4)
        return err_set(e, ERR_INVALID,
                       "Invalid page token: it is not one that this server gave out");
    cur tail = cur_of(str_from(raw, raw.n - 4));
    if (cur_u32(&tail) != crc32c(0, raw.p, raw.n - 4) || raw.p[0] != VERSION)
        return err_set(e, ERR_INVALID,
                       "Invalid page token: it is not one that this server gave out");
    if (memcmp(raw.p + 1, h.b, sizeof h.b))
        return err_set(
            e, ERR_INVALID,
            "Invalid page token: it belongs to another search; begin at the first page");
    cur c = cur_of(str_n(raw.p + 9, raw.n - 9 - 4));
    bool good = read_keys(&c, keys, n_keys);
    str rest = cur_take(&c, 16);
    if (!good || c.bad || cur_left(&c))
        return err_set(e, ERR_INVALID,
                       "Invalid page token: it is not one that this server gave out");
    memcpy(last->b, rest.p, 16);
    return true;
}

// ---- the query's digest --------------------------------------------------------------------
static void add_text(sha256_ctx *s, str text) {
    uint64_t n = text.p ? text.n : UINT64_MAX;
    sha256_add(s, &n, sizeof n);
    if (text.n) sha256_add(s, text.p, text.n);
}

static void add_number(sha256_ctx *s, int64_t v) {
    sha256_add(s, &v, sizeof v);
}

static void add_field(sha256_ctx *s, const search_field *f) {
    add_number(s, (int64_t)f->domain << 8 | f->which);
    add_text(s, f->key);
    add_text(s, f->dataset_name);
    add_text(s, f->dataset_digest);
}

static void add_node(sha256_ctx *s, const search_node *n, int depth) {
    add_number(s, n && depth <= SEARCH_MAX_DEPTH ? (int64_t)n->op
                                                 : -1); // deeper trees are refused anyway
    if (!n || depth > SEARCH_MAX_DEPTH) return;
    if (n->op == SEARCH_AND || n->op == SEARCH_OR || n->op == SEARCH_NOT) {
        add_node(s, n->left, depth + 1);
        if (n->op != SEARCH_NOT) add_node(s, n->right, depth + 1);
        return;
    }
    add_field(s, &n->field);
    add_text(s, n->text);
    sha256_add(s, &n->number, sizeof n->number);
    add_number(s, (int64_t)n->n_list);
    for (size_t i = 0; i < n->n_list; i++) {
        add_text(s, n->list[i]);
    }
}

search_hash search_hash_query(const char *what, const int64_t *projects, size_t n_projects,
                              view v, const search_node *where, const search_sort *sort,
                              size_t n_sort, str more) {
    sha256_ctx *s = sha256_new();
    add_text(s, str_of(what));
    add_number(s, (int64_t)n_projects);
    for (size_t i = 0; i < n_projects; i++) {
        add_number(s, projects[i]);
    }
    add_number(s, (int64_t)v);
    add_node(s, where, 1);
    for (size_t i = 0; i < n_sort; i++) {
        add_field(s, &sort[i].field);
        add_number(s, sort[i].descending);
    }
    add_text(s, more);
    sha256 d = sha256_end(s);
    sha256_free(s);
    search_hash h;
    memcpy(h.b, d.b, sizeof h.b);
    return h;
}
