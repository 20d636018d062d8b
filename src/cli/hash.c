// SPDX-License-Identifier: Apache-2.0
// hash: see hash.h. A large file is read in pieces into two buffers by turns. While two threads
// add one piece to the file's sum and hash the chunks that end in it, the next is read and cut.
// What is behind a piece's last cut goes before the next piece.
#include "cli/hash.h"

#include "base/thread.h"
#include "base/vec.h"
#include "store/cut.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define PIECE ((size_t)8 << 20)
// Chunks that end in one: small stretches and others by turns, in what was left before it too.
#define OF_PIECE  (2 * (PIECE + CUT_MAX) / CUT_SMALL + 4)
#define CHUNKS_AT (CUT_MAX) // where a piece begins in its buffer

typedef struct piece {
    char *p;     // CUT_MAX bytes of room, then the piece
    size_t n;    // of the piece
    size_t from; // where the bytes begin that are in no chunk yet
    struct {
        const char *p;
        store_chunk_ref is;
    } chunks[OF_PIECE];
    size_t n_chunks;
    sha256_ctx *sum;
    pthread_t by[2];
    bool at_work;
} piece;

struct hash_file {
    sha256_ctx *sum;
    piece pieces[2];
};

hash_file *hash_new(void) {
    hash_file *h = mem_alloc(sizeof *h);
    h->sum = sha256_new();
    h->pieces[0].p = mem_alloc(CHUNKS_AT + PIECE);
    h->pieces[1].p = mem_alloc(CHUNKS_AT + PIECE);
    return h;
}

void hash_free(hash_file *h) {
    if (!h) return;
    sha256_free(h->sum);
    free(h->pieces[0].p);
    free(h->pieces[1].p);
    free(h);
}

static ssize_t read_full(int fd, char *p, size_t n) {
    size_t have = 0;
    while (have < n) {
        ssize_t got = read(fd, p + have, n - have);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return -1;
        if (!got) break;
        have += (size_t)got;
    }
    return (ssize_t)have;
}

// ---- threads --------------------------------------------------------------------------------

static void *add_piece(void *arg) {
    piece *x = arg;
    sha256_add(x->sum, x->p + CHUNKS_AT, x->n);
    return NULL;
}

static void *hash_chunks(void *arg) {
    piece *x = arg;
    for (size_t i = 0; i < x->n_chunks; i++)
        x->chunks[i].is.digest = sha256_of(x->chunks[i].p, x->chunks[i].is.size);
    return NULL;
}

static void begin(piece *x) {
    thread_start(&x->by[0], "hash", 0, true, add_piece, x);
    thread_start(&x->by[1], "hash-chunks", 0, true, hash_chunks, x);
    x->at_work = true;
}

// ---- one large file -------------------------------------------------------------------------

typedef struct hashing {
    hash_file *h;
    arena *a;
    int fd;
    cutter cut;
    uint64_t size, done;
    VEC(store_chunk_ref) chunks;
} hashing;

static void end(hashing *g, piece *x) {
    if (!x->at_work) return;
    pthread_join(x->by[0], NULL);
    pthread_join(x->by[1], NULL);
    x->at_work = false;
    for (size_t i = 0; i < x->n_chunks; i++)
        vec_push(g->a, &g->chunks, x->chunks[i].is);
}

// Cuts what was read so far, but for a last part that more bytes could belong to.
static void cut(hashing *g, piece *x, bool last) {
    size_t to = CHUNKS_AT + x->n;
    x->n_chunks = 0;
    while (x->from < to && (last || to - x->from >= CUT_MAX)) {
        BUG_ON(x->n_chunks == OF_PIECE);
        size_t n = cut_next(&g->cut, x->p + x->from, to - x->from);
        x->chunks[x->n_chunks].p = x->p + x->from;
        x->chunks[x->n_chunks++].is.size = n;
        x->from += n;
    }
}

// Reads a piece behind what the one before left.
static bool next_piece(hashing *g, piece *x, const piece *before, err *e) {
    size_t left = before ? CHUNKS_AT + before->n - before->from : 0;
    if (left) memcpy(x->p + CHUNKS_AT - left, before->p + before->from, left);
    x->from = CHUNKS_AT - left;
    ssize_t got = read_full(g->fd, x->p + CHUNKS_AT, PIECE);
    x->n = got > 0 ? (size_t)got : 0;
    g->done += x->n;
    x->sum = g->h->sum;
    return got >= 0 || err_errno(e, "reading a file failed");
}

static bool hash_pieces(hashing *g, bool (*each)(void *arg, int64_t n), void *arg, err *e) {
    piece *x = &g->h->pieces[0], *before = NULL;
    for (;; x = x == g->h->pieces ? x + 1 : x - 1) {
        if (!next_piece(g, x, before, e)) return false;
        bool last = x->n < PIECE;
        cut(g, x, last);
        if (before) end(g, before);
        begin(x);
        before = x;
        if (!each(arg, (int64_t)x->n)) return err_set(e, ERR_CANCELLED, "interrupted");
        if (last) return true;
    }
}

static bool read_at(void *arg, uint64_t offset, void *p, size_t n, err *e) {
    const hashing *g = arg;
    size_t have = 0;
    while (have < n) {
        ssize_t got = pread(g->fd, (char *)p + have, n - have, (off_t)(offset + have));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return err_errno(e, "reading a file failed");
        if (!got) return err_set(e, ERR_CONFLICT, "the file became shorter");
        have += (size_t)got;
    }
    return true;
}

static bool hash_large(hash_file *h, arena *a, int fd, scan_file *f,
                       bool (*each)(void *arg, int64_t n), void *arg, err *e) {
    arena *own = arena_new();
    hashing g = {.h = h, .a = a, .fd = fd, .size = f->size};
    g.cut = cut_file(read_at, &g, f->size, own);
    bool ok = hash_pieces(&g, each, arg, e);
    end(&g, &h->pieces[0]);
    end(&g, &h->pieces[1]);
    f->digest = sha256_end(h->sum);
    f->chunks = g.chunks.p;
    f->n_chunks = (uint32_t)g.chunks.n;
    arena_free(own);
    return ok && (g.done == f->size || err_set(e, ERR_CONFLICT, "the file was changed"));
}

// ---- all ------------------------------------------------------------------------------------

bool hash_fd(hash_file *h, arena *a, int fd, scan_file *f, bool (*each)(void *arg, int64_t n),
             void *arg, err *e) {
    f->has_digest = true;
    if (f->size >= CUT_LEAST) return hash_large(h, a, fd, f, each, arg, e);
    ssize_t n = read_full(fd, h->pieces[0].p, CHUNKS_AT + PIECE);
    if (n < 0) return err_errno(e, "reading a file failed");
    if ((uint64_t)n != f->size) return err_set(e, ERR_CONFLICT, "the file was changed");
    f->digest = sha256_of(h->pieces[0].p, (size_t)n);
    return each(arg, n) || err_set(e, ERR_CANCELLED, "interrupted");
}
