// SPDX-License-Identifier: Apache-2.0
// push_objects: what the server lacks is sent. It is asked which files it lacks; of the large
// ones which chunks; all of that goes in one body; and then it is told which chunks each large
// file is. Each step may be repeated, so after a break it begins with the question. One thread.
#include "base/map.h"
#include "cli/grow.h"
#include "cli/push.h"
#include "cli/seen.h"
#include "core/content.h"
#include "store/cut.h"

#include <unistd.h>

#define ASK_MOST 10000
#define TRIES    5
#define PAUSE_US 500000
#define STALL_US (120 * INT64_C(1000000))
#define PATIENCE INT64_C(20) // bytes that a server hashes in a microsecond, at the very least

// Bytes of a file that are an object: all of them, or a chunk.
typedef struct part {
    scan_file *f;
    uint64_t offset;
    uint32_t chunk; // or WHOLE
} part;
typedef GROW(part) part_list;
#define WHOLE UINT32_MAX

static uint64_t size_of(const part *x) {
    return x->chunk == WHOLE ? x->f->size : x->f->chunks[x->chunk].size;
}

static const sha256 *digest_of(const part *x) {
    return x->chunk == WHOLE ? &x->f->digest : &x->f->chunks[x->chunk].digest;
}

static str key_of(const part *x) {
    const sha256 *digest = digest_of(x);
    return str_n(digest->b, sizeof digest->b);
}

// ---- what is missing ------------------------------------------------------------------------

static void put_digests(buf *b, const part *some, size_t n) {
    json_writer w = json_writer_new(b);
    json_object(&w);
    json_m_array(&w, "digests");
    for (size_t i = 0; i < n; i++) {
        char hex[SHA256_HEX];
        sha256_hex(*digest_of(&some[i]), hex);
        json_string(&w, str_of(hex));
    }
    json_array_end(&w);
    json_object_end(&w);
}

// lacks[i]: the server does not have some[i]. All but that is in the arena.
static bool ask_some(push *p, arena *a, const part *some, size_t n, bool *lacks) {
    buf b = BUF_MAX(2u << 20);
    put_digests(&b, some, n);
    arena *before = cli_use_arena(p->s->c, a);
    const json_value *v =
        cli_call(p->s->c, "POST", STR("/objects/missing"), buf_view(&b), NULL, &p->s->e);
    cli_use_arena(p->s->c, before);
    buf_free(&b);
    if (!v) return false;
    map by_digest = map_new(a);
    for (size_t i = 0; i < n; i++)
        *map_at(&by_digest, key_of(&some[i]), NULL) = &lacks[i];
    const json_value *list = json_get(v, "missing");
    for (const json_value *x = list ? list->child : NULL; x; x = x->next) {
        sha256 digest;
        bool *found = sha256_parse(x->text, &digest)
                          ? map_get(&by_digest, str_n(digest.b, sizeof digest.b))
                          : NULL;
        if (found) *found = true;
    }
    return true;
}

typedef struct asked {
    const part_list *list;
    const part *is;
} asked;

static bool is_same(void *arg, uint32_t earlier) {
    const asked *x = arg;
    return sha256_eq(*digest_of(&x->list->p[earlier]), *digest_of(x->is));
}

// Leaves each object once. Those that stay are the first, in their order: a number that `seen`
// keeps is that of the place to which its part went.
static void leave_each_once(part_list *list) {
    seen s = {0};
    size_t kept = 0;
    for (size_t i = 0; i < list->n; i++) {
        part x = list->p[i];
        asked k = {list, &x};
        uint32_t at = (uint32_t)kept;
        if (seen_add(&s, map_hash(key_of(&x)), at, is_same, &k) == at) list->p[kept++] = x;
    }
    list->n = kept;
    seen_free(&s);
}

// Leaves those that the server lacks, each once.
static bool ask(push *p, part_list *list) {
    arena *a = arena_new();
    size_t kept = 0;
    bool ok = true;
    leave_each_once(list);
    for (size_t i = 0; ok && i < list->n; i += ASK_MOST) {
        size_t n = list->n - i < ASK_MOST ? list->n - i : ASK_MOST;
        bool *lacks = ARENA_ARRAY(a, bool, n);
        ok = ask_some(p, a, list->p + i, n, lacks);
        for (size_t k = 0; ok && k < n; k++)
            if (lacks[k]) list->p[kept++] = list->p[i + k];
        arena_reset(a);
    }
    list->n = kept;
    arena_free(a);
    return ok;
}

// A file whose digest was remembered has no chunks yet: it is read after all.
static bool need_chunks(push *p, scan_file *f) {
    out_progress progress;
    sha256 was = f->digest;
    if (f->chunks) return true;
    out_progress_start(&progress, "hash", f->path, (int64_t)f->size);
    bool ok = push_hash(p, f, &progress);
    out_progress_end(&progress);
    return ok && (sha256_eq(was, f->digest) || push_changed(p, f));
}

typedef struct missing {
    part_list send;  // small files that the server lacks, and chunks of large ones
    part_list large; // the large ones
} missing;

static bool find_chunks(push *p, const part_list *large, part_list *chunks) {
    for (size_t i = 0; i < large->n; i++) {
        scan_file *f = large->p[i].f;
        uint64_t offset = 0;
        if (!need_chunks(p, f)) return false;
        for (uint32_t k = 0; k < f->n_chunks; offset += f->chunks[k++].size)
            grow_push(chunks, (part){f, offset, k});
    }
    return true;
}

// Takes the large files out of a list.
static void part_large(part_list *files, part_list *large) {
    size_t kept = 0;
    for (size_t i = 0; i < files->n; i++) {
        part x = files->p[i];
        if (x.f->size < CUT_LEAST)
            files->p[kept++] = x;
        else
            grow_push(large, x);
    }
    files->n = kept;
}

static bool find_missing(push *p, const push_files *files, missing *m) {
    part_list chunks = {0};
    for (size_t i = 0; i < files->n; i++)
        grow_push(&m->send, (part){files->p[i], 0, WHOLE});
    bool ok = ask(p, &m->send);
    part_large(&m->send, &m->large);
    ok = ok && find_chunks(p, &m->large, &chunks) && ask(p, &chunks);
    for (size_t i = 0; ok && i < chunks.n; i++)
        grow_push(&m->send, chunks.p[i]);
    grow_free(&chunks);
    return ok;
}

// ---- sending --------------------------------------------------------------------------------

// A body at work: a magic, then each object's digest, size and bytes.
typedef struct sending {
    push *p;
    const part_list *parts;
    size_t next;           // the part that comes then
    const scan_file *file; // of the one before, open
    int fd;                // it; -1: none
    uint64_t at, left;     // where its bytes go on, and how many
    buf head;              // what comes before any more of them
    size_t head_at;
    out_progress progress;
} sending;

static bool open_next(sending *v) {
    const part *x = &v->parts->p[v->next++];
    if (v->file != x->f) {
        if (v->fd >= 0) close(v->fd);
        v->fd = push_open(v->p, x->f);
        v->file = x->f;
    }
    v->at = x->offset;
    v->left = size_of(x);
    buf_clear(&v->head);
    v->head_at = 0;
    buf_str(&v->head, key_of(x));
    buf_u64(&v->head, v->left);
    return v->fd >= 0;
}

static ssize_t read_body(void *arg, void *p, size_t n) {
    sending *v = arg;
    if (v->head_at == v->head.n && !v->left) {
        if (v->next == v->parts->n) return 0;
        if (!open_next(v)) return -1;
    }
    if (v->head_at < v->head.n) {
        size_t some = v->head.n - v->head_at < n ? v->head.n - v->head_at : n;
        memcpy(p, v->head.p + v->head_at, some);
        v->head_at += some;
        return (ssize_t)some;
    }
    ssize_t got = pread(v->fd, p, v->left < n ? v->left : n, (off_t)v->at);
    if (got <= 0) {
        push_changed(v->p, v->file);
        return -1;
    }
    v->at += (uint64_t)got;
    v->left -= (uint64_t)got;
    v->p->sent += (uint64_t)got;
    out_progress_add(&v->progress, got);
    return got;
}

static bool send_parts(push *p, const part_list *parts) {
    cli_session *s = p->s;
    int64_t bytes = 0;
    err mine = {0};
    if (!parts->n) return true;
    sending v = {.p = p, .parts = parts, .fd = -1, .head = BUF_MAX(64)};
    for (size_t i = 0; i < parts->n; i++)
        bytes += (int64_t)size_of(&parts->p[i]);
    buf_str(&v.head, STR(CONTENT_OBJECTS_MAGIC));
    http_exchange x = {.method = "POST",
                       .path = STR("/api/v1/objects"),
                       .content_type = CONTENT_OBJECTS_TYPE,
                       .read = read_body,
                       .length = bytes + (int64_t)(sizeof CONTENT_OBJECTS_MAGIC - 1 +
                                                   CONTENT_OBJECT_HEAD * parts->n),
                       .arg = &v,
                       .stop = cli_interrupted};
    out_progress_start(&v.progress, "send", p->scan.top, bytes);
    s->e = (err){0};
    bool ok = cli_exchange(s->c, &x, &mine);
    out_progress_end(&v.progress);
    if (v.fd >= 0) close(v.fd);
    buf_free(&v.head);
    if (!ok && s->e.code == ERR_NONE) s->e = mine; // else the file could not be read
    if (ok) p->objects += parts->n;
    return ok;
}

// ---- making ---------------------------------------------------------------------------------

// The server reads and hashes all of the file before it answers.
static bool make_file(push *p, const scan_file *f) {
    cli_session *s = p->s;
    buf b = BUF_MAX(sizeof CONTENT_CHUNKS_MAGIC + CONTENT_CHUNK * f->n_chunks);
    buf_str(&b, STR(CONTENT_CHUNKS_MAGIC));
    for (size_t i = 0; i < f->n_chunks; i++) {
        buf_add(&b, f->chunks[i].digest.b, sizeof f->chunks[i].digest.b);
        buf_u32(&b, (uint32_t)f->chunks[i].size);
    }
    http_exchange x = {.method = "PUT",
                       .path = arena_printf(s->a, "/api/v1/objects/%.*s/chunks",
                                            STR_F(sha256_str(s->a, f->digest))),
                       .content_type = CONTENT_CHUNKS_TYPE,
                       .body = buf_view(&b),
                       .stop = cli_interrupted,
                       .stall_us = STALL_US + (int64_t)f->size / PATIENCE};
    bool ok = cli_exchange(s->c, &x, &s->e);
    buf_free(&b);
    // A chunk is gone, or was found damaged: it is missing now.
    if (!ok && (s->e.code == ERR_NOT_FOUND || s->e.code == ERR_CORRUPT))
        s->e.code = ERR_UNAVAILABLE;
    return ok;
}

static bool make_files(push *p, const part_list *large) {
    for (size_t i = 0; i < large->n; i++)
        if (!make_file(p, large->p[i].f)) return false;
    return true;
}

static bool try_once(push *p, const push_files *files) {
    missing m = {0};
    bool ok = find_missing(p, files, &m) && send_parts(p, &m.send) && make_files(p, &m.large);
    grow_free(&m.send);
    grow_free(&m.large);
    return ok;
}

static bool may_try_again(const err *e) {
    return (e->code == ERR_UNAVAILABLE || e->code == ERR_DEADLINE) && !cli_interrupted(NULL);
}

bool push_objects(push *p, const push_files *files) {
    for (int tries = 0; tries < TRIES; tries++) {
        if (tries) cli_wait(PAUSE_US);
        p->s->e = (err){0};
        if (try_once(p, files)) return true;
        if (!may_try_again(&p->s->e)) return false;
    }
    return false;
}
