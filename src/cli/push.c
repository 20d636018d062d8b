// SPDX-License-Identifier: Apache-2.0
// push: see push.h. First every file that stat does not vouch for is hashed; then what differs
// from the last push's tree is sent: the objects that the server lacks (push_objects.c), and
// the changes to the tree in as many requests as they need.
#include "cli/push.h"

#include <fcntl.h>
#include <unistd.h>

#define EDIT_BYTES ((size_t)8 << 20)
#define EDIT_MOST  20000

// ---- hashing --------------------------------------------------------------------------------

int push_open(push *p, const scan_file *f) {
    int fd = openat(p->dir, f->path.p, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        err_errno(&p->s->e, "reading %.*s/%.*s failed", STR_F(p->scan.top), STR_F(f->path));
    return fd;
}

bool push_changed(push *p, const scan_file *f) {
    return err_set(&p->s->e, ERR_CONFLICT, "'%.*s' was changed while it was read: push again",
                   STR_F(f->path));
}

static bool on_hashed(void *arg, int64_t n) {
    out_progress_add(arg, n);
    return !cli_interrupted(NULL);
}

bool push_hash(push *p, scan_file *f, out_progress *progress) {
    err e = {0};
    sha256 was = f->digest;
    int fd = push_open(p, f);
    if (fd < 0) return false;
    bool ok = hash_fd(p->hash, p->s->a, fd, f, on_hashed, progress, &e);
    f->as_pushed = f->as_pushed && sha256_eq(was, f->digest);
    close(fd);
    if (ok) return true;
    if (e.code == ERR_CONFLICT) return push_changed(p, f);
    if (e.code == ERR_CANCELLED) return err_set(&p->s->e, e.code, "%s", e.msg);
    return err_set(&p->s->e, e.code, "'%.*s': %s", STR_F(f->path), e.msg);
}

static bool hash_all(push *p) {
    int64_t total = 0;
    bool ok = true;
    out_progress progress;
    for (size_t i = 0; i < p->scan.n; i++)
        total += p->scan.files[i].has_digest ? 0 : (int64_t)p->scan.files[i].size;
    out_progress_start(&progress, "hash", p->scan.top, total);
    for (size_t i = 0; ok && i < p->scan.n; i++) {
        scan_file *f = &p->scan.files[i];
        ok = f->has_digest || push_hash(p, f, &progress);
    }
    out_progress_end(&progress);
    return ok;
}

// ---- what differs from the last push --------------------------------------------------------

typedef struct difference {
    push_files put;
    const str *removed;
    size_t n_removed;
} difference;

static difference compare(push *p) {
    const scan *is = &p->scan;
    const pushed *last = &p->last;
    difference d = {.removed = last->removed,
                    .n_removed = last->has_tree ? last->n_removed : 0};
    for (size_t i = 0; i < is->n; i++)
        d.put.n += !(last->has_tree && is->files[i].as_pushed);
    d.put.p = ARENA_ARRAY(p->s->a, scan_file *, d.put.n);
    scan_file **next = d.put.p;
    for (size_t i = 0; i < is->n; i++)
        if (!(last->has_tree && is->files[i].as_pushed)) *next++ = &is->files[i];
    return d;
}

// ---- the tree -------------------------------------------------------------------------------

static void put_file(json_writer *w, const scan_file *f) {
    char hex[SHA256_HEX];
    sha256_hex(f->digest, hex);
    json_object(w);
    json_m_string(w, "path", f->path);
    json_m_i64(w, "size", (int64_t)f->size);
    json_m_string(w, "sha256", str_of(hex));
    if (f->executable) json_m_bool(w, "executable", true);
    json_object_end(w);
}

// One request's worth of changes from *put and *removed on.
static bool edit_some(push *p, const difference *d, size_t *put, size_t *removed) {
    cli_session *s = p->s;
    buf b = BUF_MAX(2 * EDIT_BYTES);
    json_writer w = json_writer_new(&b);
    json_object(&w);
    if (p->tree.n) json_m_string(&w, "base", p->tree);
    json_m_array(&w, "put");
    for (size_t n = 0; *put < d->put.n && n < EDIT_MOST && b.n < EDIT_BYTES; n++)
        put_file(&w, d->put.p[(*put)++]);
    json_array_end(&w);
    json_m_array(&w, "remove");
    for (size_t n = 0; *removed < d->n_removed && n < EDIT_MOST && b.n < EDIT_BYTES; n++)
        json_string(&w, d->removed[(*removed)++]);
    json_array_end(&w);
    json_object_end(&w);
    const json_value *v = cli_call(s->c, "POST", STR("/trees"), buf_view(&b), NULL, &s->e);
    buf_free(&b);
    if (v) p->tree = arena_str(s->a, cli_text(v, "tree"));
    return v != NULL;
}

// Once also when nothing differs: that the server has a tree is its word, not memory's.
static bool edit_tree(push *p, const difference *d) {
    size_t put = 0, removed = 0;
    do {
        if (!edit_some(p, d, &put, &removed)) return false;
    } while (put < d->put.n || removed < d->n_removed);
    return true;
}

static bool send_difference(push *p) {
    difference d = compare(p);
    p->tree = p->last.has_tree ? sha256_str(p->s->a, p->last.tree) : (str){0};
    return push_objects(p, &d.put) && edit_tree(p, &d);
}

static bool push_all(push *p) {
    if (!hash_all(p)) return false;
    if (send_difference(p)) return true;
    if (p->s->e.code != ERR_NOT_FOUND || !p->last.has_tree) return false;
    // The tree of the last push is gone there: all of it is compared anew.
    p->s->e = (err){0};
    p->last.has_tree = false;
    return send_difference(p);
}

bool push_tree(push *p) {
    if (!p->scan.n)
        return err_set(&p->s->e, ERR_INVALID, "there is no file in %.*s", STR_F(p->scan.top));
    for (size_t i = 0; i < p->scan.n; i++)
        p->bytes += p->scan.files[i].size;
    p->dir = open(p->scan.top.p, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (p->dir < 0)
        return err_errno(&p->s->e, "opening the folder %.*s failed", STR_F(p->scan.top));
    p->hash = hash_new();
    bool ok = push_all(p);
    hash_free(p->hash);
    close(p->dir);
    return ok;
}
