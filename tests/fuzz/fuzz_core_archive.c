// SPDX-License-Identifier: Apache-2.0
// Backups: hostile bytes, with the CRCs of their frames put right so that they get past them,
// are read whole as `stemma check` does; nothing may be read or kept beyond what is there.
#include "base/log.h"
#include "core/backup.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct input {
    const uint8_t *p;
    size_t n, at;
} input;

static ssize_t give(void *arg, void *p, size_t n) {
    input *i = arg;
    if (n > i->n - i->at) n = i->n - i->at;
    memcpy(p, i->p + i->at, n);
    i->at += n;
    return (ssize_t)n;
}

static void put_u32(uint8_t *p, uint32_t v) {
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}

static uint32_t get_u32(const uint8_t *p) {
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void mend(uint8_t *p, size_t n) {
    if (n < ARCHIVE_HEADER) return;
    memcpy(p, ARCHIVE_MAGIC, sizeof ARCHIVE_MAGIC - 1);
    put_u32(p + 16, ARCHIVE_BACKUP);
    put_u32(p + 28, crc32c(0, p, 28));
    for (size_t at = ARCHIVE_HEADER; at + ARCHIVE_FRAME <= n;) {
        size_t stored = get_u32(p + at + 4);
        put_u32(p + at + 12, crc32c(0, p + at, 12));
        if (stored > n - at - ARCHIVE_FRAME) break;
        put_u32(p + at + 16, crc32c(0, p + at + ARCHIVE_FRAME, stored));
        at += ARCHIVE_FRAME + stored;
    }
}

static void ignore(void *arg, const char *where, const char *what) {
    (void)arg;
    BUG_ON(!where[0] || !what[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    log_set_level(LOG_OFF);
    if (!size) return 0;
    uint8_t *copy = malloc(size);
    memcpy(copy, data + 1, size - 1);
    if (data[0] & 1) mend(copy, size - 1);
    input i = {copy, size - 1, 0};
    archive_in *in = archive_in_new(give, &i);
    arena *a = arena_new();
    backup_about about;
    backup_report r;
    err e = {0};
    bool ok = backup_check(in, &(check_watch){.bad = ignore}, a, &about, &r, &e);
    BUG_ON(!ok && (e.code == ERR_NONE || !e.msg[0]));
    arena_free(a);
    archive_in_free(in);
    free(copy);
    return 0;
}
