// SPDX-License-Identifier: Apache-2.0
// untar: see untar.h. POSIX.1-2017, pax, "ustar Interchange Format": blocks of 512 bytes, a
// header and the file's bytes padded to whole blocks; two blocks of zeros end it.
#include "cli/untar.h"

#include "base/buf.h"

#include <stdlib.h>

#define BLOCK     512
#define PATH_MOST 4096
#define PAX_MOST  (64u << 10)

// A header's fields: place and length.
enum { NAME = 0, SIZE = 124, SUM = 148, TYPE = 156, MAGIC = 257, PREFIX = 345 };

typedef enum state { HEADER, FILE_BYTES, SKIP, PAX_BYTES, NAME_BYTES, ENDED } state;

struct untar {
    untar_receiver to;
    state what;
    char block[BLOCK];
    size_t have;            // bytes of a header
    uint64_t left, padding; // of an entry
    buf text;               // of a pax record or a long name
    buf path;               // that a pax record or a long name gave; empty: none
    bool has_size;
    uint64_t size;
};

untar *untar_new(const untar_receiver *r) {
    untar *u = mem_alloc(sizeof *u);
    u->to = *r;
    u->text = BUF_MAX(PAX_MOST);
    u->path = BUF_MAX(PATH_MOST);
    return u;
}

void untar_free(untar *u) {
    if (!u) return;
    buf_free(&u->text);
    buf_free(&u->path);
    free(u);
}

static bool damaged(err *e, const char *why) {
    return err_set(e, ERR_CORRUPT, "the archive that the server sent is damaged: %s", why);
}

// ---- headers --------------------------------------------------------------------------------

static str field(const char *at, size_t n) {
    return str_n(at, n ? strnlen(at, n) : 0);
}

// Octal digits, or with the top bit set bytes big-endian (GNU).
static bool number(const char *at, size_t n, uint64_t *out) {
    const unsigned char *p = (const unsigned char *)at;
    *out = 0;
    if (*p & 0x80) {
        for (size_t i = 1; i < n; i++) {
            if (*out >> 56) return false;
            *out = *out << 8 | p[i];
        }
        return *out <= INT64_MAX && (*p & 0x7f) == 0;
    }
    size_t i = 0;
    while (i < n && p[i] == ' ')
        i++;
    for (; i < n && p[i] && p[i] != ' '; i++) {
        if (p[i] < '0' || p[i] > '7' || *out >> 60) return false;
        *out = *out << 3 | (uint64_t)(p[i] - '0');
    }
    return true;
}

static bool sum_is_right(const char *block) {
    uint64_t stored, sum = 0;
    for (size_t i = 0; i < BLOCK; i++)
        sum += i >= SUM && i < SUM + 8 ? ' ' : (unsigned char)block[i];
    return number(block + SUM, 8, &stored) && stored == sum;
}

static bool is_zero(const char *block) {
    for (size_t i = 0; i < BLOCK; i++) {
        if (block[i]) return false;
    }
    return true;
}

static void header_path(untar *u) {
    if (u->path.n) return;
    str prefix = {0};
    if (!memcmp(u->block + MAGIC, "ustar", 6)) prefix = field(u->block + PREFIX, 155);
    if (prefix.n) buf_printf(&u->path, "%.*s/", STR_F(prefix));
    buf_str(&u->path, field(u->block + NAME, 100));
}

static void expect(untar *u, state what, uint64_t size) {
    u->left = size;
    u->padding = (BLOCK - size % BLOCK) % BLOCK;
    u->what = what;
    if (what == PAX_BYTES || what == NAME_BYTES) buf_clear(&u->text);
}

static bool begin_entry(untar *u, uint64_t size, bool is_folder, err *e) {
    header_path(u);
    str path = buf_view(&u->path);
    while (path.n > 1 && str_ends(path, STR("/")))
        path.n--;
    if (str_starts(path, STR("./"))) path = str_from(path, 2);
    bool root = !path.n || str_is(path, ".") || str_is(path, "/");
    if (u->path.full) return damaged(e, "a name is too long");
    if (root && !is_folder) return damaged(e, "a file has no name");
    bool ok = (root && is_folder) || u->to.begin(u->to.arg, path, size, is_folder, e);
    buf_clear(&u->path);
    u->has_size = false;
    expect(u, is_folder ? SKIP : FILE_BYTES, size);
    return ok;
}

static bool header(untar *u, err *e) {
    uint64_t size;
    if (is_zero(u->block)) {
        u->what = ENDED;
        return true;
    }
    if (!sum_is_right(u->block)) return damaged(e, "a header's checksum is wrong");
    if (!number(u->block + SIZE, 12, &size)) return damaged(e, "a size is no number");
    switch (u->block[TYPE]) {
    case 'x': expect(u, PAX_BYTES, size); break;
    case 'L': expect(u, NAME_BYTES, size); break;
    case 'g': expect(u, SKIP, size); return true;
    case '0':
    case '7':
    case 0: return begin_entry(u, u->has_size ? u->size : size, false, e);
    case '5': return begin_entry(u, 0, true, e);
    default:
        return err_set(e, ERR_FORBIDDEN,
                       "the archive that the server sent holds a link or a device, which is "
                       "refused");
    }
    return size <= PAX_MOST || damaged(e, "a record is too long");
}

// ---- pax records: "17 path=some/name\n" -----------------------------------------------------

static bool one_record(untar *u, str record, err *e) {
    size_t equals = str_find(record, '=', 0);
    int64_t size;
    if (equals == SIZE_MAX || !str_ends(record, STR("\n"))) return damaged(e, "a pax record");
    str key = str_upto(record, equals), value = str_from(record, equals + 1);
    value.n--;
    if (str_is(key, "path")) {
        buf_clear(&u->path);
        buf_str(&u->path, value);
    } else if (str_is(key, "size")) {
        if (!str_to_i64(value, &size) || size < 0) return damaged(e, "a size is no number");
        u->has_size = true;
        u->size = (uint64_t)size;
    }
    return true;
}

static bool pax(untar *u, err *e) {
    str rest = buf_view(&u->text);
    while (rest.n) {
        size_t space = str_find(rest, ' ', 0);
        int64_t n;
        if (space == SIZE_MAX || !str_to_i64(str_upto(rest, space), &n) ||
            n <= (int64_t)space || (uint64_t)n > rest.n)
            return damaged(e, "a pax record");
        str record = {rest.p + space + 1, (size_t)n - space - 1};
        if (!one_record(u, record, e)) return false;
        rest = str_from(rest, (size_t)n);
    }
    return true;
}

static bool entry_done(untar *u, err *e) {
    state was = u->what;
    u->what = HEADER;
    if (was == FILE_BYTES) return u->to.end(u->to.arg, e);
    if (was == PAX_BYTES) return pax(u, e);
    if (was == NAME_BYTES) {
        buf_clear(&u->path);
        buf_str(&u->path, field(u->text.p, u->text.n));
    }
    return true;
}

// ---- the stream -----------------------------------------------------------------------------

static size_t least(uint64_t x, size_t y) {
    return x < y ? (size_t)x : y;
}

// Takes some of the bytes; *used says how many.
static bool take(untar *u, const char *p, size_t n, size_t *used, err *e) {
    if (u->what == ENDED) {
        *used = n;
        return true;
    }
    if (u->what == HEADER) {
        *used = least(BLOCK - u->have, n);
        memcpy(u->block + u->have, p, *used);
        u->have += *used;
        if (u->have < BLOCK) return true;
        u->have = 0;
        return header(u, e);
    }
    if (u->left) {
        *used = least(u->left, n);
        u->left -= *used;
        if (u->what == FILE_BYTES) return u->to.bytes(u->to.arg, p, *used, e);
        if (u->what != SKIP) buf_add(&u->text, p, *used);
        return true;
    }
    *used = least(u->padding, n);
    u->padding -= *used;
    return true;
}

bool untar_feed(untar *u, const void *bytes, size_t n, err *e) {
    const char *p = bytes;
    while (n) {
        size_t used = 0;
        if (!take(u, p, n, &used, e)) return false;
        p += used;
        n -= used;
        bool in_entry = u->what != HEADER && u->what != ENDED;
        if (in_entry && !u->left && !u->padding && !entry_done(u, e)) return false;
    }
    return true;
}

bool untar_finish(untar *u, err *e) {
    return u->what == ENDED ||
           err_set(e, ERR_UNAVAILABLE, "the archive was cut off: try again");
}
