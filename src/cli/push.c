// SPDX-License-Identifier: Apache-2.0
// push: see push.h. First every file that stat does not vouch for is hashed; then what differs
// from the last push's tree is sent: the objects that the server lacks in one body, and the
// changes to the tree in as many requests as they need.
#include "cli/push.h"

#include "base/map.h"
#include "base/vec.h"
#include "core/content.h"

#include <fcntl.h>
#include <unistd.h>

#define READ_BYTES ((size_t)256 << 10)
#define ASK_MOST   10000
#define EDIT_BYTES ((size_t)8 << 20)
#define EDIT_MOST  20000
#define TRIES      5
#define PAUSE_US   500000

// ---- hashing --------------------------------------------------------------------------------

static int open_file(push *p, const scan_file *f) {
    char *path = scan_path(p->s->a, &p->scan, f);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) err_errno(&p->s->e, "reading %s failed", path);
    return fd;
}

static bool changed_meanwhile(push *p, const scan_file *f) {
    return err_set(&p->s->e, ERR_CONFLICT, "'%.*s' was changed while it was read: push again",
                   STR_F(f->path));
}

static bool hash_fd(push *p, int fd, scan_file *f, sha256_ctx *sum, char *bytes,
                    out_progress *progress) {
    uint64_t n = 0;
    ssize_t got;
    while ((got = read(fd, bytes, READ_BYTES)) > 0 && !cli_interrupted(NULL)) {
        sha256_add(sum, bytes, (size_t)got);
        out_progress_add(progress, got);
        n += (uint64_t)got;
    }
    f->digest = sha256_end(sum);
    f->has_digest = true;
    if (got < 0) return err_errno(&p->s->e, "reading '%.*s' failed", STR_F(f->path));
    if (got > 0) return err_set(&p->s->e, ERR_CANCELLED, "interrupted");
    return n == f->size || changed_meanwhile(p, f);
}

static bool hash_all(push *p) {
    int64_t total = 0;
    bool ok = true;
    out_progress progress;
    sha256_ctx *sum = sha256_new();
    char *bytes = arena_bytes(p->s->a, READ_BYTES);
    for (size_t i = 0; i < p->scan.n; i++)
        total += p->scan.files[i].has_digest ? 0 : (int64_t)p->scan.files[i].size;
    out_progress_start(&progress, "hash", p->scan.top, total);
    for (size_t i = 0; ok && i < p->scan.n; i++) {
        scan_file *f = &p->scan.files[i];
        if (f->has_digest) continue;
        int fd = open_file(p, f);
        ok = fd >= 0 && hash_fd(p, fd, f, sum, bytes, &progress);
        if (fd >= 0) close(fd);
    }
    out_progress_end(&progress);
    sha256_free(sum);
    return ok;
}

// ---- what differs from the last push --------------------------------------------------------

typedef VEC(scan_file *) file_list;
typedef struct difference {
    file_list put, removed;
} difference;

static bool same_file(const scan_file *a, const scan_file *b) {
    return a->has_digest && b->has_digest && sha256_eq(a->digest, b->digest) &&
           a->executable == b->executable;
}

static difference compare(const push *p) {
    arena *a = p->s->a;
    const scan *is = &p->scan;
    size_t n_was = p->last.has_tree ? p->last.n : 0, i = 0, k = 0;
    difference d = {0};
    while (i < is->n || k < n_was) {
        scan_file *now = i < is->n ? &is->files[i] : NULL;
        scan_file *was = k < n_was ? &p->last.files[k] : NULL;
        int order = !was ? -1 : !now ? 1 : tree_order(now->path, was->path);
        if (order > 0) vec_push(a, &d.removed, was);
        if (order < 0 || (!order && !same_file(now, was))) vec_push(a, &d.put, now);
        i += order <= 0;
        k += order >= 0;
    }
    return d;
}

// ---- objects --------------------------------------------------------------------------------

// Of a stretch of the list, those with a digest that the server lacks.
static bool ask(push *p, scan_file **some, size_t n, map *by_digest, file_list *missing) {
    cli_session *s = p->s;
    buf b = BUF_MAX(2u << 20);
    json_writer w = json_writer_new(&b);
    json_object(&w);
    json_m_array(&w, "digests");
    for (size_t i = 0; i < n; i++)
        json_string(&w, sha256_str(s->a, some[i]->digest));
    json_array_end(&w);
    json_object_end(&w);
    const json_value *v =
        cli_call(s->c, "POST", STR("/objects/missing"), buf_view(&b), NULL, &s->e);
    buf_free(&b);
    if (!v) return false;
    const json_value *list = json_get(v, "missing");
    for (const json_value *x = list ? list->child : NULL; x; x = x->next) {
        sha256 digest;
        scan_file *f = sha256_parse(x->text, &digest)
                           ? map_get(by_digest, str_n(digest.b, sizeof digest.b))
                           : NULL;
        if (f) vec_push(s->a, missing, f);
    }
    return true;
}

static bool find_missing(push *p, const file_list *put, file_list *missing) {
    arena *a = p->s->a;
    map by_digest = map_new(a);
    file_list each = {0};
    for (size_t i = 0; i < put->n; i++) {
        bool added;
        scan_file *f = put->p[i];
        *map_at(&by_digest, str_n(f->digest.b, sizeof f->digest.b), &added) = f;
        if (added) vec_push(a, &each, f);
    }
    missing->n = 0;
    for (size_t i = 0; i < each.n; i += ASK_MOST) {
        size_t n = each.n - i < ASK_MOST ? each.n - i : ASK_MOST;
        if (!ask(p, each.p + i, n, &by_digest, missing)) return false;
    }
    return true;
}

// A body at work: a magic, then each object's digest, size and bytes.
typedef struct sending {
    push *p;
    const file_list *files;
    size_t next;   // the file that comes then
    int fd;        // of the one before; -1: none
    uint64_t left; // bytes of it
    buf head;      // what comes before any more of its bytes
    size_t at;
    out_progress progress;
} sending;

static bool open_next(sending *v) {
    const scan_file *f = v->files->p[v->next++];
    if (v->fd >= 0) close(v->fd);
    v->fd = open_file(v->p, f);
    v->left = f->size;
    buf_clear(&v->head);
    v->at = 0;
    buf_add(&v->head, f->digest.b, sizeof f->digest.b);
    buf_u64(&v->head, f->size);
    return v->fd >= 0;
}

static ssize_t read_body(void *arg, void *p, size_t n) {
    sending *v = arg;
    if (v->at == v->head.n && !v->left) {
        if (v->next == v->files->n) return 0;
        if (!open_next(v)) return -1;
    }
    if (v->at < v->head.n) {
        size_t some = v->head.n - v->at < n ? v->head.n - v->at : n;
        memcpy(p, v->head.p + v->at, some);
        v->at += some;
        return (ssize_t)some;
    }
    ssize_t got = read(v->fd, p, v->left < n ? v->left : n);
    if (got <= 0) {
        changed_meanwhile(v->p, v->files->p[v->next - 1]);
        return -1;
    }
    v->left -= (uint64_t)got;
    v->p->sent += (uint64_t)got;
    out_progress_add(&v->progress, got);
    return got;
}

static bool send_objects(push *p, const file_list *files) {
    cli_session *s = p->s;
    int64_t bytes = 0;
    err mine = {0};
    sending v = {.p = p, .files = files, .fd = -1, .head = BUF_MAX(64)};
    for (size_t i = 0; i < files->n; i++)
        bytes += (int64_t)files->p[i]->size;
    buf_str(&v.head, STR(CONTENT_OBJECTS_MAGIC));
    http_exchange x = {.method = "POST",
                       .path = STR("/api/v1/objects"),
                       .content_type = CONTENT_OBJECTS_TYPE,
                       .read = read_body,
                       .length = bytes + (int64_t)(sizeof CONTENT_OBJECTS_MAGIC - 1 +
                                                   CONTENT_OBJECT_HEAD * files->n),
                       .arg = &v,
                       .stop = cli_interrupted};
    out_progress_start(&v.progress, "send", p->scan.top, bytes);
    s->e = (err){0};
    bool ok = cli_exchange(s->c, &x, &mine);
    out_progress_end(&v.progress);
    if (v.fd >= 0) close(v.fd);
    buf_free(&v.head);
    if (!ok && s->e.code == ERR_NONE) s->e = mine; // else the file could not be read
    if (ok) p->objects += files->n;
    return ok;
}

static bool may_try_again(const err *e) {
    return (e->code == ERR_UNAVAILABLE || e->code == ERR_DEADLINE) && !cli_interrupted(NULL);
}

// What broke off is not begun anew: whole objects that came are there.
static bool send_missing(push *p, const file_list *put) {
    file_list missing = {0};
    for (int tries = 0; tries < TRIES; tries++) {
        if (tries) cli_wait(PAUSE_US);
        p->s->e = (err){0};
        if (find_missing(p, put, &missing) && (!missing.n || send_objects(p, &missing)))
            return true;
        if (!may_try_again(&p->s->e)) return false;
    }
    return false;
}

// ---- the tree -------------------------------------------------------------------------------

static void put_file(json_writer *w, arena *a, const scan_file *f) {
    json_object(w);
    json_m_string(w, "path", f->path);
    json_m_i64(w, "size", (int64_t)f->size);
    json_m_string(w, "sha256", sha256_str(a, f->digest));
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
        put_file(&w, s->a, d->put.p[(*put)++]);
    json_array_end(&w);
    json_m_array(&w, "remove");
    for (size_t n = 0; *removed < d->removed.n && n < EDIT_MOST && b.n < EDIT_BYTES; n++)
        json_string(&w, d->removed.p[(*removed)++]->path);
    json_array_end(&w);
    json_object_end(&w);
    const json_value *v = cli_call(s->c, "POST", STR("/trees"), buf_view(&b), NULL, &s->e);
    buf_free(&b);
    if (v) p->tree = arena_str(s->a, cli_text(v, "tree"));
    return v != NULL;
}

static bool edit_tree(push *p, const difference *d) {
    size_t put = 0, removed = 0;
    while (put < d->put.n || removed < d->removed.n)
        if (!edit_some(p, d, &put, &removed)) return false;
    return true;
}

static bool send_difference(push *p) {
    difference d = compare(p);
    p->tree = p->last.has_tree ? sha256_str(p->s->a, p->last.tree) : (str){0};
    return send_missing(p, &d.put) && edit_tree(p, &d);
}

bool push_tree(push *p) {
    if (!p->scan.n)
        return err_set(&p->s->e, ERR_INVALID, "there is no file in %.*s", STR_F(p->scan.top));
    for (size_t i = 0; i < p->scan.n; i++)
        p->bytes += p->scan.files[i].size;
    if (!hash_all(p)) return false;
    if (send_difference(p)) return true;
    if (p->s->e.code != ERR_NOT_FOUND || !p->last.has_tree) return false;
    // The tree of the last push is gone there: all of it is compared anew.
    p->s->e = (err){0};
    p->last.has_tree = false;
    return send_difference(p);
}
