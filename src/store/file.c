// SPDX-License-Identifier: Apache-2.0
// file: the place of large objects, one file each: the bytes, then the CRC32C of each block in
// pages, then a trailer. The bytes come first, so that sendfile can send any range. A
// store_file belongs to the one thread that writes it, a store_object to the one that reads it;
// the bitmap of known directories is shared and atomic.
#include "store/store_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct store_file {
    store *s;
    int fd;
    bool placed;
    char path[STORE_PATH_MAX]; // in tmp/
    uint64_t size;
    uint64_t started; // bytes that the disk was asked to write
    uint32_t crc;     // of the block that is being filled
    uint32_t *crcs;   // of the full ones
    size_t n, cap;
};

// ---- writing --------------------------------------------------------------------------------

store_file *store_file_new(store *s, err *e) {
    store_file *f = mem_alloc(sizeof *f);
    f->s = s;
    store_tmp_path(s, f->path);
    f->fd = s->io->open(s->dir, f->path, O_RDWR | O_CREAT | O_EXCL, STORE_FILE_MODE);
    if (f->fd >= 0) return f;
    err_errno(e, "making a file for an upload failed");
    free(f);
    return NULL;
}

void store_file_free(store_file *f) {
    if (!f) return;
    close(f->fd);
    if (!f->placed) f->s->io->unlink(f->s->dir, f->path); // else the next start sweeps it
    free(f->crcs);
    free(f);
}

static void end_block(store_file *f) {
    if (f->n == f->cap) {
        f->cap = f->cap ? f->cap * 2 : 64;
        f->crcs = mem_realloc(f->crcs, f->cap * sizeof *f->crcs);
    }
    f->crcs[f->n++] = f->crc;
    f->crc = 0;
}

static void add_crcs(store_file *f, const char *p, size_t n) {
    uint64_t at = f->size;
    while (n) {
        size_t k = (size_t)(STORE_BLOCK - at % STORE_BLOCK);
        if (k > n) k = n;
        f->crc = crc32c(f->crc, p, k);
        p += k;
        n -= k;
        at += k;
        if (at % STORE_BLOCK == 0) end_block(f);
    }
}

bool store_file_write(store_file *f, const void *p, size_t n, err *e) {
    if (n > STORE_OBJECT_MAX - f->size)
        return err_set(e, ERR_TOO_LARGE, "an object may hold %llu bytes at most",
                       (unsigned long long)STORE_OBJECT_MAX);
    union {
        const void *in;
        void *out; // iovec has no const
    } bytes = {p};
    if (!store_io_write(f->s, f->fd, &(struct iovec){bytes.out, n}, 1, f->size, e))
        return false;
    add_crcs(f, p, n);
    f->size += n;
    store_io_start(f->fd, &f->started, f->size);
    return true;
}

static bool write_footer(store_file *f, sha256 digest, err *e) {
    if (f->size % STORE_BLOCK) end_block(f);
    buf out = BUF_MAX(store_file_size(f->size) - f->size);
    for (size_t at = 0, page = 0; at < f->n; at += STORE_PAGE_CRCS, page++)
        store_page_put(&out, f->crcs + at,
                       f->n - at < STORE_PAGE_CRCS ? f->n - at : STORE_PAGE_CRCS, page);
    char *trailer = buf_room(&out, STORE_TRAILER);
    BUG_ON(!trailer);
    store_trailer_put((uint8_t *)trailer, digest, f->size);
    out.n += STORE_TRAILER;
    bool ok = store_io_write(f->s, f->fd, &(struct iovec){out.p, out.n}, 1, f->size, e);
    buf_free(&out);
    return ok;
}

static bool known(store *s, size_t bit) {
    return atomic_load(&s->known[bit / 64]) >> (bit % 64) & 1;
}

static void set_known(store *s, size_t bit) {
    atomic_fetch_or(&s->known[bit / 64], (uint64_t)1 << (bit % 64));
}

// Makes `path` in `parent` and syncs the parent, once a process: that the directory is there
// does not say that whoever made it has synced its entry.
static bool make_dir(store *s, const char *path, const char *parent, size_t bit, err *e) {
    if (known(s, bit)) return true;
    if (!store_io_mkdir(s, path, e) || !store_io_sync_dir(s, parent, e)) return false;
    set_known(s, bit);
    return true;
}

// objects/ab/cd for this digest; `dir` gets its name.
static bool make_dirs(store *s, sha256 digest, char dir[STORE_PATH_MAX], err *e) {
    char top[STORE_PATH_MAX];
    snprintf(top, sizeof top, "objects/%02x", digest.b[0]);
    snprintf(dir, STORE_PATH_MAX, "objects/%02x/%02x", digest.b[0], digest.b[1]);
    return make_dir(s, top, "objects", 256 * 256 + digest.b[0], e) &&
           make_dir(s, dir, top, (size_t)digest.b[0] * 256 + digest.b[1], e);
}

bool store_file_place(store_file *f, sha256 digest, store_where *where, err *e) {
    store *s = f->s;
    char dir[STORE_PATH_MAX], path[STORE_PATH_MAX];
    *where = (store_where){.kind = STORE_IN_FILE, .part = id_new()};
    store_file_path(path, digest, where->part);
    if (!write_footer(f, digest, e)) return false;
    if (s->io->sync_data(f->fd)) return err_errno(e, "syncing an upload failed");
    if (!make_dirs(s, digest, dir, e)) return false;
    if (s->io->rename(s->dir, f->path, path))
        return err_errno(e, "moving an upload to its place failed");
    f->placed = true;
    if (store_io_sync_dir(s, dir, e)) return true;
    s->io->unlink(s->dir, path); // no row names it (I1), so it may go at once
    return false;
}

bool store_file_drop(store *s, const store_row *row, err *e) {
    char path[STORE_PATH_MAX];
    store_file_path(path, row->digest, row->where.part);
    if (s->io->unlink(s->dir, path) == 0 || errno == ENOENT) return true;
    return err_errno(e, "removing %s failed", path);
}

// ---- reading --------------------------------------------------------------------------------

// The file has the right length and its trailer speaks of this object.
static bool check_trailer(store *s, int fd, const store_row *row, err *e) {
    struct stat st;
    if (fstat(fd, &st)) return err_errno(e, "asking for the size of an object's file failed");
    if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size != store_file_size(row->size))
        return store_corrupt(e, row->digest, "its file does not have the right length");
    char bytes[STORE_TRAILER];
    ssize_t n =
        store_io_read(s, fd, bytes, sizeof bytes, (uint64_t)st.st_size - sizeof bytes, e);
    if (n < 0) return false;
    sha256 digest;
    uint64_t size;
    if (!store_trailer_get(str_n(bytes, (size_t)n), &digest, &size) || size != row->size ||
        !sha256_eq(digest, row->digest))
        return store_corrupt(e, row->digest, "its file's trailer is damaged");
    return true;
}

store_opened store_file_open(store *s, const store_row *row, store_object *o, err *e) {
    char path[STORE_PATH_MAX];
    store_file_path(path, row->digest, row->where.part);
    int fd = s->io->open(s->dir, path, O_RDONLY, 0);
    if (fd < 0 && errno == ENOENT) return STORE_GONE;
    if (fd < 0) {
        err_errno(e, "opening an object's file failed");
        return STORE_FAILED;
    }
    if (!check_trailer(s, fd, row, e)) {
        close(fd);
        return STORE_FAILED;
    }
    o->fd = fd;
    return STORE_OPENED;
}

// The page of CRCs that holds this block's is in o->crcs.
static bool load_page(store_object *o, uint64_t block, err *e) {
    uint64_t page = block / STORE_PAGE_CRCS;
    if (o->crcs && o->page == page) return true;
    if (!o->crcs) o->crcs = mem_alloc(STORE_PAGE);
    o->page = UINT64_MAX;
    size_t n;
    char bytes[STORE_PAGE];
    uint64_t at = store_page_at(o->size, page, &n);
    ssize_t got = store_io_read(o->s, o->fd, bytes, n, at, e);
    if (got < 0) return false;
    if ((size_t)got != n || !store_page_get(str_n(bytes, n), page, o->crcs, &o->crc_n))
        return store_corrupt(e, o->digest, "its list of checksums is damaged");
    o->page = page;
    return true;
}

static size_t block_size(const store_object *o, uint64_t block) {
    uint64_t left = o->size - block * STORE_BLOCK;
    return left < STORE_BLOCK ? (size_t)left : STORE_BLOCK;
}

// Reads one block to `p`, checked.
static bool read_block(store_object *o, uint64_t block, char *p, err *e) {
    size_t n = block_size(o, block);
    if (!load_page(o, block, e)) return false;
    ssize_t got = store_io_read(o->s, o->fd, p, n, block * STORE_BLOCK, e);
    if (got < 0) return false;
    if ((size_t)got != n) return store_corrupt(e, o->digest, "its file became shorter");
    if (crc32c(0, p, n) != o->crcs[block % STORE_PAGE_CRCS])
        return store_corrupt(e, o->digest, "a block does not match its checksum");
    return true;
}

static char *scratch(store_object *o) {
    if (!o->block) o->block = mem_alloc(STORE_BLOCK);
    return o->block;
}

bool store_file_check(store_object *o, uint64_t offset, uint64_t n, err *e) {
    if (!n) return true;
    uint64_t end = store_blocks(offset + n);
    for (uint64_t b = offset / STORE_BLOCK; b < end; b++) {
        if (b >= o->ok_from && b < o->ok_to) continue;
        if (!read_block(o, b, scratch(o), e)) return false;
        if (b != o->ok_to) o->ok_from = b;
        o->ok_to = b + 1;
    }
    return true;
}

ssize_t store_file_read(store_object *o, uint64_t offset, void *p, size_t n, err *e) {
    size_t done = 0;
    while (done < n) {
        uint64_t at = offset + done, block = at / STORE_BLOCK;
        size_t skip = (size_t)(at % STORE_BLOCK), have = block_size(o, block) - skip;
        bool whole = !skip && n - done >= have;
        char *to = whole ? (char *)p + done : scratch(o);
        if (!read_block(o, block, to, e)) return -1;
        if (have > n - done) have = n - done;
        if (!whole) memcpy((char *)p + done, to + skip, have);
        done += have;
    }
    return (ssize_t)done;
}
