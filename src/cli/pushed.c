// SPDX-License-Identifier: Apache-2.0
// pushed: see pushed.h. The file is text: a line "stemma-push 1 TREE", then a line a file:
// size, mtime, ctime, inode, executable, digest (or "-"), path. It is replaced as a whole.
#include "cli/pushed.h"

#include "base/buf.h"
#include "base/num.h"
#include "base/vec.h"
#include "cli/tree.h"
#include "store/tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define HEAD    "stemma-push 1 "
#define PIECE   ((size_t)1 << 20)
#define RACE_NS INT64_C(2000000000) // stamps of some file systems are as coarse as this

static char *cache_file(arena *a, str where, str top) {
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    str key = arena_printf(a, "%.*s\n%.*s", STR_F(where), STR_F(top));
    char hex[SHA256_HEX];
    sha256_hex(sha256_of(key.p, key.n), hex);
    hex[32] = 0;
    if (cache && *cache) return arena_cstr(a, arena_printf(a, "%s/stemma/push/%s", cache, hex));
    if (!home || !*home) return NULL;
    return arena_cstr(a, arena_printf(a, "%s/.cache/stemma/push/%s", home, hex));
}

// ---- reading --------------------------------------------------------------------------------

static bool number(str *rest, int64_t *out) {
    str word;
    return str_split(rest, ' ', &word) && str_to_i64(word, out);
}

// The path is the line's own.
static bool read_line(str line, scan_file *f) {
    int64_t size, inode, executable;
    str digest;
    if (!number(&line, &size) || !number(&line, &f->mtime_ns) || !number(&line, &f->ctime_ns) ||
        !number(&line, &inode) || !number(&line, &executable) ||
        !str_split(&line, ' ', &digest) || !line.n)
        return false;
    f->size = (uint64_t)size;
    f->inode = (uint64_t)inode;
    f->executable = executable != 0;
    f->has_digest = sha256_parse(digest, &f->digest);
    f->path = line;
    return true;
}

static bool unchanged(const scan_file *was, const scan_file *is) {
    return was->has_digest && was->size == is->size && was->mtime_ns == is->mtime_ns &&
           was->ctime_ns == is->ctime_ns && was->inode == is->inode;
}

static void apply(const scan_file *was, scan_file *is) {
    is->digest = was->digest;
    is->as_pushed = was->has_digest && was->executable == is->executable;
    is->has_digest = unchanged(was, is);
}

typedef struct reading {
    arena *a;
    scan *s;
    size_t at; // of its files: those before it are before what was read
    VEC(str) removed;
} reading;

static bool take_line(reading *r, str line) {
    scan_file was = {0};
    if (!str_ends(line, STR("\n")) || !read_line(str_upto(line, line.n - 1), &was))
        return false;
    const scan *s = r->s;
    while (r->at < s->n && tree_order(s->files[r->at].path, was.path) < 0)
        r->at++;
    if (r->at < s->n && str_eq(s->files[r->at].path, was.path))
        apply(&was, &s->files[r->at]);
    else
        vec_push(r->a, &r->removed, arena_str(r->a, was.path));
    return true;
}

static bool read_all(arena *a, FILE *in, scan *files, pushed *p) {
    char *line = NULL;
    size_t room = 0;
    reading r = {.a = a, .s = files};
    ssize_t n = getline(&line, &room, in);
    bool ok = n > 1 && str_starts(str_n(line, (size_t)n), STR(HEAD));
    p->has_tree =
        ok &&
        sha256_parse(str_trim(str_from(str_n(line, (size_t)n), sizeof HEAD - 1)), &p->tree);
    while (ok && (n = getline(&line, &room, in)) > 0)
        ok = take_line(&r, str_n(line, (size_t)n));
    free(line);
    p->removed = r.removed.p;
    p->n_removed = r.removed.n;
    return ok && p->has_tree;
}

static void forget(scan *s) {
    for (size_t i = 0; i < s->n; i++)
        s->files[i].has_digest = s->files[i].as_pushed = false;
}

void pushed_read(arena *a, str where, scan *s, pushed *out) {
    *out = (pushed){.path = cache_file(a, where, s->top)};
    FILE *in = out->path ? fopen(out->path, "re") : NULL;
    if (!in) return;
    if (!read_all(a, in, s, out)) {
        *out = (pushed){.path = out->path};
        forget(s);
    }
    fclose(in);
}

// ---- writing --------------------------------------------------------------------------------

static void put_number(buf *b, uint64_t v) {
    char text[NUM_MAX];
    buf_add(b, text, num_u64(text, v));
    buf_byte(b, ' ');
}

static void put_time(buf *b, int64_t ns) {
    char text[NUM_MAX];
    buf_add(b, text, num_i64(text, ns));
    buf_byte(b, ' ');
}

static void put_file(buf *b, const scan_file *f, int64_t scanned_us) {
    char hex[SHA256_HEX] = "-";
    int64_t newest = f->mtime_ns > f->ctime_ns ? f->mtime_ns : f->ctime_ns;
    if (newest + RACE_NS < scanned_us * 1000) sha256_hex(f->digest, hex);
    put_number(b, f->size);
    put_time(b, f->mtime_ns);
    put_time(b, f->ctime_ns);
    put_number(b, f->inode);
    put_number(b, f->executable);
    buf_str(b, str_of(hex));
    buf_byte(b, ' ');
    buf_str(b, f->path);
    buf_byte(b, '\n');
}

// A line a file, by pieces: there may be millions.
static void put_files(FILE *out, const scan *s, int64_t scanned_us) {
    buf b = BUF_MAX(2 * PIECE);
    for (size_t i = 0; i < s->n; i++) {
        put_file(&b, &s->files[i], scanned_us);
        if (b.n < PIECE && i + 1 < s->n) continue;
        fwrite(b.p, 1, b.n, out);
        buf_clear(&b);
    }
    buf_free(&b);
}

void pushed_write(const pushed *p, const scan *s, sha256 tree, int64_t scanned_us) {
    err ignored;
    char hex[SHA256_HEX], tmp[4200];
    if (!p->path ||
        snprintf(tmp, sizeof tmp, "%s.%d", p->path, (int)getpid()) >= (int)sizeof tmp ||
        !tree_make_parent(p->path, &ignored))
        return;
    FILE *out = fopen(tmp, "we");
    if (!out) return;
    sha256_hex(tree, hex);
    fprintf(out, HEAD "%s\n", hex);
    put_files(out, s, scanned_us);
    bool ok = !ferror(out);
    ok = !fclose(out) && ok;
    if (!ok || rename(tmp, p->path)) unlink(tmp);
}
