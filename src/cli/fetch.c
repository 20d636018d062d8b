// SPDX-License-Identifier: Apache-2.0
// fetch: see fetch.h. The pieces on their way are a ring: the caller adds at its end and takes
// from its front, and threads with a connection each take what nobody has taken. `lock` guards
// the ring's numbers and the states of pieces; a piece's bytes belong to the thread that
// fetches it, and then to the caller.
#include "cli/fetch.h"

#include "base/thread.h"

#include <stdlib.h>

#define PIECE    ((uint64_t)8 << 20)
#define RING     8
#define THREADS  4
#define TRIES    5
#define PAUSE_US 500000

typedef struct piece {
    const fetch_file *file;
    uint64_t from; // in the file
    size_t n, have;
    char *bytes; // PIECE of room, or NULL
    bool done, ok;
    err why; // when it is not ok
} piece;

typedef struct fetch {
    cli_session *s;
    http_client_config server;
    str name; // where the files are from
    sink *to;
    const fetch_file *files;
    size_t n;
    size_t planned;       // files of which all pieces are in the ring, or were
    uint64_t planned_to;  // of the next one
    bool began;           // to plan it
    sink_file at;         // being written
    const fetch_file *of; // it
    out_progress progress;

    pthread_mutex_t lock;
    pthread_cond_t more, done;
    piece ring[RING];
    uint64_t front, taken, end; // numbers of pieces; number k is ring[k % RING]
    bool stop;
    pthread_t threads[THREADS];
    size_t n_threads;
} fetch;

// ---- the threads ----------------------------------------------------------------------------

static bool on_bytes(void *arg, const void *p, size_t n) {
    piece *x = arg;
    if (n > x->n - x->have) return false;
    memcpy(x->bytes + x->have, p, n);
    x->have += n;
    return true;
}

static bool try_once(http_client *c, arena *a, piece *x, err *e) {
    char hex[SHA256_HEX];
    sha256_hex(x->file->digest, hex);
    http_exchange ask = {.method = "GET",
                         .path = arena_printf(a, "/api/v1/objects/%s", hex),
                         .write = on_bytes,
                         .stop = cli_interrupted,
                         .arg = x};
    if (x->have || x->n < x->file->size)
        ask.headers =
            arena_printf(a, "Range: bytes=%llu-%llu\n", (unsigned long long)(x->from + x->have),
                         (unsigned long long)(x->from + x->n - 1));
    return http_client_do(c, a, &ask, e) && cli_reply_ok(a, &ask, e) &&
           (x->have == x->n || err_set(e, ERR_UNAVAILABLE, "a file was cut off"));
}

// Goes on behind what has come. A server that finds damage within what it sends can only break
// off; asked for what begins there, it says what it is.
static bool fetch_piece(http_client *c, piece *x, err *e) {
    arena *a = arena_new();
    for (int tries = 0; x->have < x->n && tries < TRIES && !cli_interrupted(NULL); tries++) {
        size_t had = x->have;
        if (tries) cli_wait(PAUSE_US);
        *e = (err){0};
        try_once(c, a, x, e);
        if (e->code != ERR_UNAVAILABLE && e->code != ERR_DEADLINE) break;
        if (x->have > had) tries = 0;
        arena_reset(a);
    }
    arena_free(a);
    return x->have == x->n || (e->code == ERR_NONE && err_set(e, ERR_CANCELLED, "interrupted"));
}

static piece *take(fetch *f) {
    while (!f->stop && f->taken == f->end)
        pthread_cond_wait(&f->more, &f->lock);
    return f->stop ? NULL : &f->ring[f->taken++ % RING];
}

static void *work(void *arg) {
    fetch *f = arg;
    err none = {0};
    http_client *c = http_client_new(&f->server, &none);
    pthread_mutex_lock(&f->lock);
    for (piece *x; (x = take(f));) {
        pthread_mutex_unlock(&f->lock);
        err e = none;
        bool ok = c && fetch_piece(c, x, &e);
        pthread_mutex_lock(&f->lock);
        x->ok = ok;
        x->why = e;
        x->done = true;
        pthread_cond_signal(&f->done);
    }
    pthread_mutex_unlock(&f->lock);
    http_client_free(c);
    return NULL;
}

// ---- asking ahead ---------------------------------------------------------------------------

// Equal files of one folder share the name of what is there in part: while an earlier one is on
// its way that is its own.
static bool part_is_taken(const fetch *f, const fetch_file *x) {
    str folder = str_upto(x->path, str_behind_last(x->path, '/'));
    for (uint64_t k = f->front; k < f->end; k++) {
        const fetch_file *other = f->ring[k % RING].file;
        if (sha256_eq(other->digest, x->digest) &&
            str_eq(str_upto(other->path, str_behind_last(other->path, '/')), folder))
            return true;
    }
    return false;
}

// With what is there of the next file; false: all of it is, or there is no next file.
static bool begin_plan(fetch *f) {
    const fetch_file *x = &f->files[f->planned];
    f->began = true;
    f->planned_to = part_is_taken(f, x) ? 0 : sink_part_size(f->to, x->path, x->digest);
    if (f->planned_to > x->size) f->planned_to = 0;
    return !sink_has(f->to, x->path, x->size, x->digest);
}

static void add_piece(fetch *f, const fetch_file *x) {
    uint64_t left = x->size - f->planned_to;
    piece *to = &f->ring[f->end % RING];
    char *bytes = to->bytes ? to->bytes : mem_realloc(NULL, PIECE);
    *to = (piece){.file = x, .from = f->planned_to, .bytes = bytes};
    to->n = left < PIECE ? (size_t)left : PIECE;
    f->planned_to += to->n;
    pthread_mutex_lock(&f->lock);
    f->end++;
    pthread_cond_signal(&f->more);
    pthread_mutex_unlock(&f->lock);
}

static bool make_executable(fetch *f, const fetch_file *x) {
    return !x->executable || sink_make_executable(f->to, x->path, &f->s->e);
}

// Fills the ring.
static bool plan(fetch *f) {
    while (f->end - f->front < RING && f->planned < f->n) {
        const fetch_file *x = &f->files[f->planned];
        if (!f->began && !begin_plan(f)) {
            if (!make_executable(f, x)) return false;
            out_progress_add(&f->progress, (int64_t)x->size);
        } else {
            add_piece(f, x);
            if (f->planned_to < x->size) continue;
        }
        f->planned++;
        f->began = false;
    }
    return true;
}

// ---- writing --------------------------------------------------------------------------------

static bool begin_file(fetch *f, const piece *x) {
    err *e = &f->s->e;
    const fetch_file *file = x->file;
    char hex[SHA256_HEX];
    sha256_hex(file->digest, hex);
    if (!sink_begin(f->to, file->path, str_of(hex), &f->at, e)) return false;
    f->of = file;
    // A part that is longer than the file is none of it.
    if (f->at.size > file->size && !sink_restart(&f->at, e)) return false;
    out_progress_add(&f->progress, (int64_t)f->at.size);
    return f->at.size == x->from ||
           err_set(e, ERR_CONFLICT, "another process downloads '%.*s' at this moment",
                   STR_F(file->path));
}

// What the server does not have, or not whole, is named.
static bool not_fetched(fetch *f, const piece *x) {
    err *e = &f->s->e;
    *e = x->why;
    if (e->code != ERR_CORRUPT && e->code != ERR_NOT_FOUND) return false;
    return err_set(e, x->why.code, "'%.*s': %s; 'stemma verify %.*s' tells all that is damaged",
                   STR_F(x->file->path), x->why.msg, STR_F(f->name));
}

static bool write_piece(fetch *f, const piece *x) {
    err *e = &f->s->e;
    const fetch_file *file = x->file;
    if (!x->ok) return not_fetched(f, x);
    if (f->of != file && !begin_file(f, x)) return false;
    if (!sink_write(&f->at, x->bytes, x->n, e)) return false;
    out_progress_add(&f->progress, (int64_t)x->n);
    if (f->at.size < file->size) return true;
    f->of = NULL;
    return sink_commit(&f->at, &file->digest, e) && make_executable(f, file);
}

static const piece *wait_for_front(fetch *f) {
    piece *x = &f->ring[f->front % RING];
    pthread_mutex_lock(&f->lock);
    while (!x->done)
        pthread_cond_wait(&f->done, &f->lock);
    pthread_mutex_unlock(&f->lock);
    return x;
}

static bool bring(fetch *f) {
    while (plan(f)) {
        if (f->front == f->end) return true;
        if (!write_piece(f, wait_for_front(f))) return false;
        f->front++;
    }
    return false;
}

// ---- all ------------------------------------------------------------------------------------

static void start(fetch *f) {
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->more, NULL);
    pthread_cond_init(&f->done, NULL);
    for (size_t i = 0; i < THREADS; i++)
        f->n_threads +=
            thread_start(&f->threads[f->n_threads], "fetch", (size_t)1 << 20, i == 0, work, f);
}

static void finish(fetch *f) {
    pthread_mutex_lock(&f->lock);
    f->stop = true;
    pthread_cond_broadcast(&f->more);
    pthread_mutex_unlock(&f->lock);
    for (size_t i = 0; i < f->n_threads; i++)
        pthread_join(f->threads[i], NULL);
    for (size_t i = 0; i < RING; i++)
        free(f->ring[i].bytes);
    pthread_cond_destroy(&f->more);
    pthread_cond_destroy(&f->done);
    pthread_mutex_destroy(&f->lock);
}

bool fetch_files(cli_session *s, sink *to, str name, const fetch_file *files, size_t n) {
    fetch f = {.s = s,
               .server = cli_http_config(s->c, s->a),
               .name = name,
               .to = to,
               .files = files,
               .n = n,
               .at = {.fd = -1}};
    int64_t total = 0;
    for (size_t i = 0; i < n; i++)
        total += (int64_t)files[i].size;
    out_progress_start(&f.progress, "get", name, total);
    start(&f);
    bool ok = bring(&f);
    finish(&f);
    out_progress_end(&f.progress);
    sink_leave(&f.at, true);
    return ok;
}
