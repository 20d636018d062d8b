// SPDX-License-Identifier: Apache-2.0
// tar: see tar.h (POSIX.1-2017, pax, "ustar Interchange Format"). Pure; any thread.
#include "api/tar.h"

#include "base/num.h"

#include <stdio.h>

enum { NAME = 100, PREFIX = 155 };
#define OCTAL_MAX ((1ull << 33) - 1) // 11 octal digits

typedef struct header {
    char name[NAME], mode[8], uid[8], gid[8], size[12], mtime[12], sum[8], type, link[100],
        magic[6], version[2], user[32], group[32], major[8], minor[8], prefix[PREFIX], rest[12];
} header;
_Static_assert(sizeof(header) == TAR_BLOCK, "a tar header is a block");

// Octal digits and a NUL.
static void octal(char *p, size_t n, uint64_t v) {
    p[n - 1] = 0;
    for (size_t i = n - 1; i-- > 0; v >>= 3)
        p[i] = (char)('0' + (v & 7));
}

static void put_block(buf *out, header *h, char type, uint64_t size, int64_t mtime) {
    unsigned sum = 0;
    octal(h->mode, sizeof h->mode, type == '5' ? 0755 : 0644);
    octal(h->uid, sizeof h->uid, 0);
    octal(h->gid, sizeof h->gid, 0);
    octal(h->size, sizeof h->size, size);
    octal(h->mtime, sizeof h->mtime, (uint64_t)mtime);
    octal(h->major, sizeof h->major, 0);
    octal(h->minor, sizeof h->minor, 0);
    memcpy(h->magic, "ustar", sizeof h->magic);
    memcpy(h->version, "00", sizeof h->version);
    h->type = type;
    memset(h->sum, ' ', sizeof h->sum);
    for (size_t i = 0; i < sizeof *h; i++)
        sum += ((const uint8_t *)h)[i];
    octal(h->sum, sizeof h->sum - 1, sum);
    buf_add(out, h, sizeof *h);
}

static bool is_ascii(str s) {
    for (size_t i = 0; i < s.n; i++) {
        if ((uint8_t)s.p[i] >= 0x80) return false;
    }
    return true;
}

// "a/b/c" as a prefix and a name, cut at a slash; false when it does not fit.
static bool split(header *h, str path) {
    size_t at = 0;
    if (path.n > NAME) {
        at = path.n - NAME - 1;
        while (at < path.n && path.p[at] != '/')
            at++;
        if (at == 0 || at > PREFIX || at + 1 >= path.n) return false;
        memcpy(h->prefix, path.p, at++);
    }
    memcpy(h->name, path.p + at, path.n - at);
    return true;
}

// A record says its own length: "30 path=...\n".
static void record(buf *out, const char *key, str value) {
    size_t body = strlen(key) + value.n + 3, n = body + 1; // ' ', '=', '\n' and a digit
    while (true) {
        size_t digits = (size_t)snprintf(NULL, 0, "%zu", n);
        if (body + digits == n) break;
        n = body + digits;
    }
    buf_printf(out, "%zu %s=", n, key);
    buf_str(out, value);
    buf_byte(out, '\n');
}

static void pax(buf *out, str path, const tar_entry *f, bool long_path) {
    char number[NUM_MAX];
    header h = {0};
    buf records = BUF_MAX(64u << 10);
    if (long_path) record(&records, "path", path);
    if (f->size > OCTAL_MAX) record(&records, "size", str_n(number, num_u64(number, f->size)));
    memcpy(h.name, "PaxHeader", sizeof "PaxHeader");
    put_block(out, &h, 'x', records.n, 0);
    buf_str(out, buf_view(&records));
    tar_padding(out, records.n);
    buf_free(&records);
}

// What old readers see of a path that does not fit: its end.
static void short_name(header *h, str path) {
    str tail = path.n > NAME ? str_from(path, path.n - NAME) : path;
    for (size_t i = 0; i < tail.n; i++)
        h->name[i] = (uint8_t)tail.p[i] < 0x80 ? tail.p[i] : '_';
}

void tar_header(buf *out, const tar_entry *f) {
    header h = {0};
    buf path = BUF_MAX(64u << 10);
    buf_str(&path, f->path);
    if (f->is_dir) buf_byte(&path, '/');
    str p = buf_view(&path);
    bool long_path = !is_ascii(p) || !split(&h, p);
    if (long_path || f->size > OCTAL_MAX) pax(out, p, f, long_path);
    if (long_path) {
        h = (header){0};
        short_name(&h, p);
    }
    int64_t mtime = f->mtime_s < 0 ? 0 : f->mtime_s;
    put_block(out, &h, f->is_dir ? '5' : '0', f->size > OCTAL_MAX ? 0 : f->size,
              mtime > (int64_t)OCTAL_MAX ? (int64_t)OCTAL_MAX : mtime);
    buf_free(&path);
}

void tar_padding(buf *out, uint64_t size) {
    static const char zeros[TAR_BLOCK];
    if (size % TAR_BLOCK) buf_add(out, zeros, TAR_BLOCK - (size_t)(size % TAR_BLOCK));
}

void tar_end(buf *out) {
    static const char zeros[2 * TAR_BLOCK];
    buf_add(out, zeros, sizeof zeros);
}
