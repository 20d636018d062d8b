// SPDX-License-Identifier: Apache-2.0
// outbox: see outbox.h. The file is a row of records, each
//     length of the rest 4 | CRC32C of the rest 4 | method 1 | path, type: length 2 and bytes |
//     body
// The lock guards the offsets and flags; the file's bytes between `sent` and `put` are written
// once before `put` moves, and only the sender moves `sent`.
#include "cli/outbox.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/thread.h"
#include "cli/client.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define MAGIC         "stemma outbox 1\n"
#define HEAD          8
#define RECORD_MAX    (4u << 20)
#define STALL_US      10000000
#define RETRY_US      200000 // after a failure, doubling up to
#define RETRY_MOST_US 3000000
#define FIRST_BEAT_US 500000 // what ends sooner needs none

struct outbox {
    outbox_config config;
    http_client *http;
    int fd;
    pthread_t thread;
    pthread_mutex_t lock; // guards what follows
    pthread_cond_t wake, progress;
    int64_t sent, put; // offsets
    uint64_t waiting, refused;
    err why;
    int64_t beat_at;  // when the next sign of life is due
    int64_t moved_at; // when something was sent last
    bool ending, over, stop;
};

static const char *const methods[] = {"POST", "PATCH", "PUT", "DELETE"};

// ---- records --------------------------------------------------------------------------------

typedef struct record {
    const char *method, *type;
    str path, body;
} record;

static void put_text(buf *b, str s) {
    buf_u16(b, (uint16_t)s.n);
    buf_str(b, s);
}

static void encode(buf *b, const record *r) {
    uint8_t method = 0;
    while (strcmp(methods[method], r->method))
        method++;
    size_t at = b->n;
    buf_u32(b, 0);
    buf_u32(b, 0);
    buf_byte(b, (char)method);
    put_text(b, r->path);
    put_text(b, str_of(r->type));
    buf_str(b, r->body);
    if (b->full) return;
    uint32_t n = (uint32_t)(b->n - at - HEAD), crc = crc32c(0, b->p + at + HEAD, n);
    for (int i = 0; i < 4; i++) {
        b->p[at + i] = (char)(n >> (8 * i));
        b->p[at + 4 + i] = (char)(crc >> (8 * i));
    }
}

static bool read_at(int fd, int64_t at, char *p, size_t n) {
    for (size_t have = 0; have < n;) {
        ssize_t got = pread(fd, p + have, n - have, at + (int64_t)have);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        have += (size_t)got;
    }
    return true;
}

// The record at `at`; *end is where the next one begins. 0 when it is not whole.
static bool decode(int fd, arena *a, int64_t at, record *out, int64_t *end) {
    char head[HEAD];
    if (!read_at(fd, at, head, HEAD)) return false;
    cur h = cur_of(str_n(head, HEAD));
    uint32_t n = cur_u32(&h), crc = cur_u32(&h);
    if (n > RECORD_MAX) return false;
    char *p = arena_bytes(a, n + 1);
    if (!read_at(fd, at + HEAD, p, n) || crc32c(0, p, n) != crc) return false;
    cur c = cur_of(str_n(p, n));
    uint8_t method = cur_u8(&c);
    out->path = cur_take(&c, cur_u16(&c));
    str type = cur_take(&c, cur_u16(&c));
    out->body = cur_take(&c, cur_left(&c));
    if (c.bad || method >= sizeof methods / sizeof *methods) return false;
    out->method = methods[method];
    out->type = arena_cstr(a, type);
    *end = at + HEAD + (int64_t)n;
    return true;
}

typedef enum outcome { SENT, REFUSED, AWAY } outcome;

// A Stemma answers with an object. Something before it, a proxy with its login page, may answer
// in its place, and so may what else listens there; what is too long for a proxy stays so.
static bool is_answer(arena *a, const http_exchange *x) {
    const json_value *v = json_parse(a, x->reply, 0, NULL);
    if (x->status < 300) return v && v->type == JSON_OBJECT;
    if (x->status == 413) return true;
    return json_get(v, "code") && json_get(v, "detail");
}

// Another time, or with another token, it may be taken.
static bool may_pass(int status) {
    return status >= 500 || status == 401 || status == 403 || status == 408 || status == 429;
}

static outcome send_record(http_client *http, arena *a, const record *r, err *e) {
    http_exchange x = {.method = r->method,
                       .path = arena_printf(a, "/api/v1%.*s", STR_F(r->path)),
                       .content_type = *r->type ? r->type : NULL,
                       .body = r->body};
    if (!http_client_do(http, a, &x, e)) return AWAY;
    bool ok = cli_reply_ok(a, &x, e);
    if (!is_answer(a, &x)) {
        if (ok)
            err_set(e, ERR_UNAVAILABLE,
                    "the server answered with status %d and no reply of a Stemma: is it one?",
                    x.status);
        return AWAY;
    }
    return ok ? SENT : may_pass(x.status) ? AWAY : REFUSED;
}

// ---- the thread -----------------------------------------------------------------------------

static void beat(outbox *o, arena *a) {
    record r = {"POST", "application/json", o->config.beat_path, o->config.beat_body};
    err e = {0};
    arena_reset(a);
    send_record(o->http, a, &r, &e); // the next one tells as well
}

static outcome send_next(outbox *o, arena *a) {
    record r;
    err e = {0};
    int64_t end;
    arena_reset(a);
    BUG_ON(!decode(o->fd, a, o->sent, &r, &end));
    outcome out = send_record(o->http, a, &r, &e);
    pthread_mutex_lock(&o->lock);
    if (out != SENT && (out == AWAY || !o->refused)) o->why = e;
    o->refused += out == REFUSED;
    if (out != AWAY) {
        o->waiting--;
        o->sent = end;
        o->moved_at = clock_mono_us();
        if (o->sent == o->put) { // nothing waits: the file begins anew
            o->sent = o->put = 0;
            if (ftruncate(o->fd, 0) != 0) o->sent = o->put = end;
        }
    }
    pthread_mutex_unlock(&o->lock);
    return out;
}

// Waits for something to do: 'b' beat, 's' send, 'x' stop.
static char next_job(outbox *o, int64_t not_before) {
    char job = 0;
    pthread_mutex_lock(&o->lock);
    while (!job) {
        int64_t now = clock_mono_us(), until = INT64_MAX;
        bool beats = o->config.beat_path.n && !o->ending;
        if (o->stop || (o->ending && !o->waiting))
            job = 'x';
        else if (beats && now >= o->beat_at)
            job = 'b';
        else if (o->waiting && now >= not_before)
            job = 's';
        if (job) break;
        if (beats) until = o->beat_at;
        if (o->waiting && not_before < until) until = not_before;
        if (until == INT64_MAX)
            pthread_cond_wait(&o->wake, &o->lock);
        else
            thread_cond_wait_us(&o->wake, &o->lock, until - now);
    }
    if (job == 'b') o->beat_at = clock_mono_us() + o->config.beat_us;
    pthread_mutex_unlock(&o->lock);
    return job;
}

static void *sender(void *arg) {
    outbox *o = arg;
    arena *a = arena_new();
    int64_t not_before = 0, pause = RETRY_US;
    for (char job; (job = next_job(o, not_before)) != 'x';) {
        if (job == 'b') {
            beat(o, a);
        } else if (send_next(o, a) == AWAY) {
            not_before = clock_mono_us() + pause;
            pause = pause * 2 < RETRY_MOST_US ? pause * 2 : RETRY_MOST_US;
        } else {
            pause = RETRY_US;
        }
    }
    arena_free(a);
    pthread_mutex_lock(&o->lock);
    o->over = true;
    pthread_cond_broadcast(&o->progress);
    pthread_mutex_unlock(&o->lock);
    return NULL;
}

// ---- the other side -------------------------------------------------------------------------

static int open_file(str folder, char path[4096], err *e) {
    snprintf(path, 4096, "%.*s/stemma-unsent-XXXXXX", STR_F(folder));
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0) err_errno(e, "can not make a file in %.*s (set TMPDIR)", STR_F(folder));
    return fd;
}

outbox *outbox_new(const outbox_config *config, err *e) {
    char path[4096];
    http_client_config h = config->server;
    h.stall_us = STALL_US;
    http_client *http = http_client_new(&h, e);
    int fd = http ? open_file(config->folder, path, e) : -1;
    if (fd < 0) {
        http_client_free(http);
        return NULL;
    }
    unlink(path);
    outbox *o = mem_alloc(sizeof *o);
    o->config = *config;
    o->http = http;
    o->fd = fd;
    o->moved_at = clock_mono_us();
    o->beat_at = o->moved_at + FIRST_BEAT_US;
    pthread_mutex_init(&o->lock, NULL);
    thread_cond_init(&o->wake);
    thread_cond_init(&o->progress);
    thread_start(&o->thread, "outbox", 512u << 10, true, sender, o);
    return o;
}

bool outbox_put(outbox *o, const char *method, str path, const char *type, str body) {
    record r = {method, type, path, body};
    buf b = BUF_MAX(RECORD_MAX);
    encode(&b, &r);
    pthread_mutex_lock(&o->lock);
    bool ok = !b.full && o->put - o->sent + (int64_t)b.n <= OUTBOX_MAX;
    for (size_t have = 0; ok && have < b.n;) {
        ssize_t n = pwrite(o->fd, b.p + have, b.n - have, o->put + (int64_t)have);
        if (n < 0 && errno == EINTR) continue;
        ok = n > 0;
        if (ok) have += (size_t)n;
    }
    if (ok) {
        if (!o->waiting) o->moved_at = clock_mono_us();
        o->put += (int64_t)b.n;
        o->waiting++;
        pthread_cond_signal(&o->wake);
    }
    pthread_mutex_unlock(&o->lock);
    buf_free(&b);
    return ok;
}

void outbox_end(outbox *o, int64_t wait_us, outbox_report *out) {
    pthread_mutex_lock(&o->lock);
    o->ending = true;
    o->moved_at = clock_mono_us();
    pthread_cond_signal(&o->wake);
    while (!o->over) {
        int64_t left = o->moved_at + wait_us - clock_mono_us();
        if (left <= 0) break;
        thread_cond_wait_us(&o->progress, &o->lock, left);
    }
    o->stop = true;
    pthread_cond_signal(&o->wake);
    pthread_mutex_unlock(&o->lock);
    pthread_join(o->thread, NULL); // an exchange ends by its own deadlines
    *out = (outbox_report){o->waiting, o->refused, o->why};
}

static bool copy_rest(const outbox *o, int to, err *e) {
    char piece[64 << 10];
    bool ok = write(to, MAGIC, sizeof MAGIC - 1) == sizeof MAGIC - 1;
    for (int64_t at = o->sent; ok && at < o->put;) {
        size_t n = o->put - at < (int64_t)sizeof piece ? (size_t)(o->put - at) : sizeof piece;
        ok = read_at(o->fd, at, piece, n) && write(to, piece, n) == (ssize_t)n;
        at += (int64_t)n;
    }
    return ok || err_errno(e, "can not keep what was not sent");
}

bool outbox_keep(outbox *o, arena *a, str *path, err *e) {
    char name[4096];
    int fd = open_file(o->config.folder, name, e);
    if (fd < 0) return false;
    bool ok = copy_rest(o, fd, e);
    close(fd);
    if (!ok) unlink(name);
    *path = arena_str(a, str_of(name));
    return ok;
}

void outbox_free(outbox *o) {
    close(o->fd);
    http_client_free(o->http);
    pthread_mutex_destroy(&o->lock);
    pthread_cond_destroy(&o->wake);
    pthread_cond_destroy(&o->progress);
    free(o);
}

// ---- a kept file ----------------------------------------------------------------------------

static bool send_all(http_client *c, int fd, outbox_report *out, err *e) {
    char magic[sizeof MAGIC - 1];
    record r;
    int64_t at = sizeof magic, end, size = lseek(fd, 0, SEEK_END);
    if (!read_at(fd, 0, magic, sizeof magic) || memcmp(magic, MAGIC, sizeof magic))
        return err_set(e, ERR_INVALID, "this is no file that 'stemma run' kept");
    arena *a = arena_new();
    bool ok = true;
    for (; ok && at < size; at = end) {
        arena_reset(a);
        if (!decode(fd, a, at, &r, &end)) {
            ok = err_set(e, ERR_CORRUPT, "the file is damaged at byte %lld", (long long)at);
            break;
        }
        err why = {0};
        outcome o = send_record(c, a, &r, &why);
        if (o == REFUSED && !out->refused++) out->why = why;
        if (o == AWAY) {
            *e = why;
            ok = false;
        }
    }
    arena_free(a);
    return ok;
}

bool outbox_send_file(http_client *c, const char *file, outbox_report *out, err *e) {
    *out = (outbox_report){0};
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_set(e, errno == ENOENT ? ERR_NOT_FOUND : ERR_FORBIDDEN,
                       "can not open '%s': %s", file, strerror(errno));
    bool ok = send_all(c, fd, out, e);
    close(fd);
    return ok;
}
