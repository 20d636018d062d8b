// SPDX-License-Identifier: Apache-2.0
// Hostile bytes for the decoders of packs and object files. The first byte chooses. What is
// accepted must be what the encoder would write. A pack and a file made of the input go through
// the readers that a server uses: they may refuse, and must do it in good order. With the high
// bit of the first byte the CRCs are put right first, so that what lies behind them is reached.
#include "base/log.h"
#include "store/store_internal.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void pack_header(str in) {
    id pack;
    uint8_t again[STORE_PACK_HEADER];
    if (!store_pack_header_get(in, &pack)) return;
    store_pack_header_put(again, pack);
    BUG_ON(memcmp(again, in.p, sizeof again) != 0);
}

static void record(str in) {
    store_record r;
    uint8_t again[STORE_RECORD];
    if (!store_record_get(in, &r)) return;
    BUG_ON(r.n > STORE_SMALL);
    store_record_put(again, &r);
    BUG_ON(memcmp(again, in.p, sizeof again) != 0);
}

static void trailer(str in) {
    sha256 digest;
    uint64_t size;
    uint8_t again[STORE_TRAILER];
    if (!store_trailer_get(in, &digest, &size)) return;
    BUG_ON(store_file_size(size) < size);
    store_trailer_put(again, digest, size);
    BUG_ON(memcmp(again, in.p, sizeof again) != 0);
}

static void page(str in) {
    uint32_t crcs[STORE_PAGE_CRCS];
    size_t n;
    if (!store_page_get(in, 3, crcs, &n)) return;
    buf again = BUF_MAX(STORE_PAGE);
    store_page_put(&again, crcs, n, 3);
    BUG_ON(!str_eq(buf_view(&again), in));
    buf_free(&again);
}

static void names(str in) {
    sha256 digest;
    id i;
    char path[STORE_PATH_MAX];
    if (store_file_name(in, &digest, &i)) store_file_path(path, digest, i);
    if (store_pack_name(in, &i)) store_pack_path(path, i);
}

// The input is a pack's or a file's bytes from `start` on, of an object of `n` bytes.
static store *fake_store(str in) {
    static store s = {.io = &store_io_real, .pack_lock = PTHREAD_MUTEX_INITIALIZER};
    static FILE *f;
    if (!f) f = tmpfile();
    BUG_ON(!f);
    s.dir = fileno(f);
    BUG_ON(ftruncate(s.dir, 0) != 0 || pwrite(s.dir, in.p, in.n, 0) != (ssize_t)in.n);
    return &s;
}

static int open_the_file(int dir, const char *path, int flags, mode_t mode) {
    (void)path, (void)flags, (void)mode;
    return dup(dir);
}

static void read_everything(store *s, const store_row *row) {
    static char out[1 << 18];
    store_object *o;
    err e = {0};
    if (store_open_row(s, row, &o, &e) != STORE_OPENED) return;
    ssize_t n = store_object_read(o, row->size / 3, out, sizeof out, &e);
    BUG_ON(n < 0 && e.code != ERR_CORRUPT);
    BUG_ON(!store_object_check(o, 0, SIZE_MAX, &e) && e.code != ERR_CORRUPT);
    store_object_close(o);
}

static void reseal(char *p, size_t n) {
    uint32_t crc = htole32(crc32c(0, p, n - 4));
    memcpy(p + n - 4, &crc, 4);
}

// The row says what the bytes say, capped as read_row caps it: the catalogue could be damaged
// too.
static bool row_of_pack(char *p, size_t n, bool right, store_row *row) {
    if (n < STORE_PACK_HEADER + STORE_RECORD) return false;
    char *r = p + STORE_PACK_HEADER;
    uint32_t size;
    memcpy(&size, r + 4, 4);
    row->size = le32toh(size);
    memcpy(row->where.part.b, p + 8, sizeof row->where.part.b);
    memcpy(row->digest.b, r + 8, sizeof row->digest.b);
    row->where.start = STORE_PACK_HEADER;
    if (!right) return true;
    reseal(p, STORE_PACK_HEADER);
    if (row->size <= n - STORE_PACK_HEADER - STORE_RECORD) {
        uint32_t crc = htole32(crc32c(0, r + STORE_RECORD, row->size));
        memcpy(r + 40, &crc, 4);
    }
    reseal(r, STORE_RECORD);
    return true;
}

static bool row_of_file(char *p, size_t n, bool right, store_row *row) {
    if (n < STORE_TRAILER) return false;
    char *t = p + n - STORE_TRAILER;
    memcpy(&row->size, t + 8, 8);
    row->size = le64toh(row->size);
    if (row->size > STORE_OBJECT_MAX) row->size = STORE_OBJECT_MAX;
    memcpy(row->digest.b, t + 16, sizeof row->digest.b);
    if (right) reseal(t, STORE_TRAILER);
    return true;
}

static void readers(str in, store_kind kind, bool right) {
    store_io io = store_io_real;
    store_row row = {.where.kind = kind};
    char *p = mem_alloc(in.n + 1);
    if (in.n) memcpy(p, in.p, in.n);
    io.open = open_the_file;
    if (kind == STORE_IN_PACK ? row_of_pack(p, in.n, right, &row)
                              : row_of_file(p, in.n, right, &row)) {
        store *s = fake_store(str_n(p, in.n));
        s->io = &io;
        pthread_mutex_init(&s->fds_lock, NULL);
        for (size_t i = 0; i < STORE_PACK_FDS; i++)
            s->fds[i].fd = -1;
        read_everything(s, &row);
        store_pack_forget(s, true);
        pthread_mutex_destroy(&s->fds_lock);
    }
    free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (!size) return 0;
    log_set_level(LOG_OFF);
    str in = str_n(data + 1, size - 1);
    bool right = data[0] & 0x80;
    switch ((data[0] & 0x7f) % 7) {
    case 0: pack_header(in); break;
    case 1: record(in); break;
    case 2: trailer(in); break;
    case 3: page(in); break;
    case 4: names(in); break;
    case 5: readers(in, STORE_IN_PACK, right); break;
    case 6: readers(in, STORE_IN_FILE, right); break;
    }
    return 0;
}
