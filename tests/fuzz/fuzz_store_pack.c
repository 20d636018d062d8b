// SPDX-License-Identifier: Apache-2.0
// Hostile bytes for the decoders of packs and object files. The first byte chooses. What is
// accepted must be what the encoder would write; and a file and a pack made of the input go
// through the readers that a server uses: they may refuse, they must not give out bytes whose
// CRC does not match.
#include "base/log.h"
#include "store/store_internal.h"

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

// The size in the catalogue is what the input claims, capped: the row could be damaged too.
static void readers(str in, store_kind kind) {
    store_io io = store_io_real;
    io.open = open_the_file;
    store *s = fake_store(in);
    s->io = &io;
    pthread_mutex_init(&s->fds_lock, NULL);
    for (size_t i = 0; i < STORE_PACK_FDS; i++)
        s->fds[i].fd = -1;
    store_row row = {.where.kind = kind};
    if (in.n >= STORE_PACK_HEADER + STORE_RECORD && kind == STORE_IN_PACK) {
        memcpy(row.where.part.b, in.p + 8, sizeof row.where.part.b);
        memcpy(row.digest.b, in.p + STORE_PACK_HEADER + 8, sizeof row.digest.b);
        uint32_t n;
        memcpy(&n, in.p + STORE_PACK_HEADER + 4, 4);
        row.size = n;
        row.where.start = STORE_PACK_HEADER;
    } else if (in.n >= STORE_TRAILER) {
        const char *t = in.p + in.n - STORE_TRAILER;
        memcpy(&row.size, t + 8, 8);
        memcpy(row.digest.b, t + 16, sizeof row.digest.b);
        if (row.size > STORE_OBJECT_MAX)
            row.size = STORE_OBJECT_MAX; // as the catalogue refuses more
    }
    read_everything(s, &row);
    store_pack_forget(s, true);
    pthread_mutex_destroy(&s->fds_lock);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (!size) return 0;
    log_set_level(LOG_OFF);
    str in = str_n(data + 1, size - 1);
    switch (data[0] % 7) {
    case 0: pack_header(in); break;
    case 1: record(in); break;
    case 2: trailer(in); break;
    case 3: page(in); break;
    case 4: names(in); break;
    case 5: readers(in, STORE_IN_PACK); break;
    case 6: readers(in, STORE_IN_FILE); break;
    }
    return 0;
}
