// SPDX-License-Identifier: Apache-2.0
// backup_check: reads a backup whole: every checksum, every row as its table has it, every
// object's digest, and the counts. One thread.
#include "core/backup.h"
#include "core/table.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct checking {
    const table_set *set;
    const table *t;
    const check_watch *watch;
    backup_report *r;
    sha256_ctx *hash;
    bool open;
    sha256 digest;
    uint64_t size, have;
} checking;

static void report(checking *k, const char *where, const char *what) {
    k->watch->bad(k->watch->arg, where, what);
}

static void report_at(checking *k, const archive_got *f, const char *what) {
    char where[64];
    snprintf(where, sizeof where, "byte %llu", (unsigned long long)f->at);
    report(k, where, what);
}

static void check_table(checking *k, const archive_got *f) {
    err e;
    k->t = backup_table(k->set, f->payload, &e);
    k->r->tables++;
    if (!k->t) report_at(k, f, e.msg);
}

static void check_rows(checking *k, const archive_got *f) {
    cur c = cur_of(f->payload);
    db_arg cells[TABLE_COLUMNS_MAX];
    if (!k->t) return; // told with the table
    while (cur_left(&c)) {
        if (!table_row_get(&c, k->t, cells)) {
            char where[80];
            snprintf(where, sizeof where, "table %.*s", STR_F(k->t->name));
            report(k, where, "a row is damaged");
            return;
        }
        k->r->rows++;
    }
}

// The object that is open has no more bytes.
static void end_object(checking *k) {
    if (!k->open) return;
    k->open = false;
    sha256 d = sha256_end(k->hash);
    if (k->have != k->size)
        check_bad_object(k->watch, k->digest, "its bytes are not all there");
    else if (!sha256_eq(d, k->digest))
        check_bad_object(k->watch, k->digest, "its bytes have another SHA-256");
    k->r->objects++;
    k->r->object_bytes += k->size;
}

static void begin_object(checking *k, const archive_got *f) {
    cur c = cur_of(f->payload);
    end_object(k);
    str digest = cur_take(&c, sizeof k->digest.b);
    k->size = cur_u64(&c);
    if (c.bad) {
        report_at(k, f, "the head of an object is damaged");
        return;
    }
    memcpy(k->digest.b, digest.p, digest.n);
    k->open = true;
    k->have = 0;
}

static void check_lost(checking *k, const archive_got *f) {
    sha256 digest = {{0}};
    char what[1000];
    if (k->open) sha256_end(k->hash);
    k->open = false;
    if (f->payload.n < sizeof digest.b) {
        report_at(k, f, "the head of an object is damaged");
        return;
    }
    memcpy(digest.b, f->payload.p, sizeof digest.b);
    k->r->lost++;
    str why = str_from(f->payload, sizeof digest.b);
    snprintf(what, sizeof what, "it could not be read when the backup was made: %.*s",
             STR_F(str_is_text(why) ? why : STR("?")));
    check_bad_object(k->watch, digest, what);
}

static void check_frame(checking *k, const archive_got *f) {
    if (f->damaged) report_at(k, f, "bytes do not match their checksum");
    switch (f->kind) {
    case ARCHIVE_TABLE: check_table(k, f); break;
    case ARCHIVE_ROWS: check_rows(k, f); break;
    case ARCHIVE_OBJECT: begin_object(k, f); break;
    case ARCHIVE_DATA:
        if (!k->open) report_at(k, f, "bytes that belong to no object");
        if (k->open) sha256_add(k->hash, f->payload.p, f->payload.n);
        k->have += f->payload.n;
        break;
    case ARCHIVE_LOST: check_lost(k, f); break;
    case ARCHIVE_MADE:
        end_object(k);
        k->r->objects++;
        if (f->payload.n != 2 * sizeof(sha256) + 8)
            report_at(k, f, "the head of an object is damaged");
        break;
    case ARCHIVE_INDEX: end_object(k); break;
    default: report_at(k, f, "a frame that does not belong here");
    }
}

bool backup_check(archive_in *in, const check_watch *w, arena *a, backup_about *about,
                  backup_report *r, err *e) {
    archive_got f;
    int got;
    *r = (backup_report){0};
    if (!backup_read_about(in, a, about, e)) return false;
    checking k = {.set = table_set_at(about->schema), .watch = w, .r = r};
    if (!k.set)
        return err_set(e, ERR_STATE, "it was made by a newer stemma (%.*s): check it with that",
                       STR_F(about->version));
    k.hash = sha256_new();
    while ((got = archive_next(in, &f, e)) == 1)
        check_frame(&k, &f);
    sha256_free(k.hash);
    archive_count n = archive_counted(in);
    if (got == 0 && (n.rows != r->rows || n.objects != r->objects))
        report(&k, "end", "it counts other rows or objects than there are");
    return got == 0;
}
