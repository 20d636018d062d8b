// SPDX-License-Identifier: Apache-2.0
// What the tests of store/ share: a content folder and a database of its own, on SQLite or
// (when STEMMA_TEST_PG holds a URL) on PostgreSQL in a schema of its own; bytes that a seed
// decides.
#ifndef STEMMA_TESTS_STORE_HELP_H
#define STEMMA_TESTS_STORE_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/thread.h"
#include "store/store_internal.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct fix {
    char top[64], dir[80], url[600], schema[64];
    db *db;
    store *s;
} fix;

static const char *fix_pg; // NULL: SQLite

#define OK(x)                                                                                  \
    do {                                                                                       \
        e = (err){0};                                                                          \
        if (!(x)) fail_msg("%s:%d: %s: %s", __FILE__, __LINE__, #x, e.msg);                    \
    } while (0)

static inline void fix_sql(const char *sql) {
    PGconn *c = PQconnectdb(fix_pg);
    if (PQstatus(c) != CONNECTION_OK) fail_msg("%s", PQerrorMessage(c));
    PGresult *r = PQexec(c, sql);
    if (PQresultStatus(r) != PGRES_COMMAND_OK) fail_msg("%s: %s", sql, PQerrorMessage(c));
    PQclear(r);
    PQfinish(c);
}

static inline void fix_url(fix *f) {
    static int count;
    char sql[200];
    if (!fix_pg) {
        snprintf(f->url, sizeof f->url, "sqlite:%s/t.db", f->top);
        return;
    }
    snprintf(f->schema, sizeof f->schema, "store_t_%d_%d", (int)getpid(), count++);
    snprintf(sql, sizeof sql, "CREATE SCHEMA %s", f->schema);
    fix_sql(sql);
    snprintf(f->url, sizeof f->url, "%s%coptions=-csearch_path%%3D%s", fix_pg,
             strchr(fix_pg, '?') ? '&' : '?', f->schema);
}

static inline db *fix_db(const fix *f) {
    static const db_migration all[] = {{1, "store", store_schema},
                                       {2, "care", store_care_schema},
                                       {3, "links", store_link_schema},
                                       {4, "damage", store_damage_schema},
                                       {5, "cut", store_cut_schema}};
    err e;
    db *d;
    db_config c = {.url = str_of(f->url)};
    OK(d = db_open(&c, &e));
    OK(db_migrate(d, all, sizeof all / sizeof *all, "test", &e));
    return d;
}

static inline store *fix_store(const fix *f, db *d, const store_io *io) {
    err e;
    store *s;
    OK(s = store_open_io(d, str_of(f->dir), io ? io : &store_io_real, &e));
    return s;
}

static inline void fix_open(fix *f, const store_io *io) {
    *f = (fix){.top = "/tmp/stemma-t-store-XXXXXX"};
    if (!mkdtemp(f->top)) fail_msg("mkdtemp");
    snprintf(f->dir, sizeof f->dir, "%s/content", f->top);
    fix_url(f);
    f->db = fix_db(f);
    f->s = fix_store(f, f->db, io);
}

static inline int fix_unlink(const char *path, const struct stat *st, int type, struct FTW *w) {
    (void)st, (void)type, (void)w;
    return remove(path);
}

static inline void fix_close(fix *f) {
    store_close(f->s);
    db_close(f->db);
    nftw(f->top, fix_unlink, 16, FTW_DEPTH | FTW_PHYS);
    if (!fix_pg) return;
    char sql[200];
    snprintf(sql, sizeof sql, "SET client_min_messages = warning; DROP SCHEMA %s CASCADE",
             f->schema);
    fix_sql(sql);
}

// n bytes that the seed decides.
static inline char *fix_bytes(uint64_t seed, size_t n) {
    char *p = mem_alloc(n + 8);
    uint64_t x = seed * 0x9e3779b97f4a7c15u + 0x1234567;
    for (size_t i = 0; i < n; i += 8) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        memcpy(p + i, &x, 8);
    }
    return p;
}

static inline sha256 fix_put(store *s, uint64_t seed, size_t n) {
    err e;
    sha256 d;
    char *p = fix_bytes(seed, n);
    OK(store_put(s, p, n, &d, &e));
    assert_true(sha256_eq(d, sha256_of(p, n)));
    free(p);
    return d;
}

static inline bool fix_there(store *s, sha256 d) {
    err e;
    store_object *o = store_get(s, d, &e);
    store_object_close(o);
    return o != NULL;
}

// The object is there, whole, and holds the seed's bytes.
static inline void fix_expect(store *s, sha256 d, uint64_t seed, size_t n) {
    err e;
    store_object *o;
    OK(o = store_get(s, d, &e));
    assert_int_equal(store_object_size(o), n);
    char *want = fix_bytes(seed, n), *got = mem_alloc(n + 1);
    OK(store_object_read(o, 0, got, n + 1, &e) == (ssize_t)n);
    assert_memory_equal(want, got, n);
    free(want);
    free(got);
    store_object_close(o);
}

typedef struct fix_found {
    sha256 bad[64];
    char what[64][128];
    size_t n;
} fix_found;

static inline void fix_bad(void *arg, sha256 digest, const char *what) {
    fix_found *f = arg;
    if (f->n == 64) return;
    f->bad[f->n] = digest;
    snprintf(f->what[f->n++], sizeof f->what[0], "%s", what);
}

static inline store_report fix_check(store *s, bool deep, fix_found *found) {
    err e;
    store_report r;
    fix_found none = {0};
    OK(store_check(s, deep, fix_bad, found ? found : &none, &r, &e));
    if (!found && r.bad) fail_msg("check: %s", none.what[0]);
    return r;
}

static int fix_counted;
static inline int fix_count_one(const char *path, const struct stat *st, int type,
                                struct FTW *w) {
    (void)path, (void)st, (void)w;
    fix_counted += type == FTW_F;
    return 0;
}

// Files at or under dir/sub.
static inline int fix_files(const fix *f, const char *sub) {
    char path[200];
    snprintf(path, sizeof path, "%s/%s", f->dir, sub);
    fix_counted = 0;
    nftw(path, fix_count_one, 16, FTW_PHYS);
    return fix_counted;
}

static inline store_row fix_row(store *s, sha256 d) {
    err e;
    store_row row;
    bool found;
    OK(store_cat_find(s, d, &row, &found, &e));
    assert_true(found);
    return row;
}

// The file that holds this object's bytes.
static inline void fix_path(const fix *f, const store_row *row, char out[300]) {
    char path[STORE_PATH_MAX];
    if (row->where.kind == STORE_IN_FILE)
        store_file_path(path, row->digest, row->where.part);
    else
        store_pack_path(path, row->where.part);
    snprintf(out, 300, "%s/%s", f->dir, path);
}

#define FIX_BOTH(tests)                                                                        \
    int main(void) {                                                                           \
        log_set_level(LOG_OFF);                                                                \
        int failed = cmocka_run_group_tests_name("sqlite", tests, NULL, NULL);                 \
        fix_pg = getenv("STEMMA_TEST_PG");                                                     \
        if (fix_pg && *fix_pg)                                                                 \
            failed += cmocka_run_group_tests_name("postgres", tests, NULL, NULL);              \
        return failed;                                                                         \
    }

// Damage of an object on the disk.
typedef enum fix_harm { HARM_FLIP, HARM_CUT, HARM_GONE } fix_harm;

static inline void fix_damage(const fix *f, sha256 d, fix_harm how, uint64_t at) {
    char path[300], c;
    store_row row = fix_row(f->s, d);
    fix_path(f, &row, path);
    if (how == HARM_GONE) {
        assert_int_equal(unlink(path), 0);
        store_pack_forget(f->s, true);
        return;
    }
    int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    off_t to = (off_t)(row.where.start + at);
    if (how == HARM_CUT) {
        assert_int_equal(ftruncate(fd, to), 0);
    } else {
        assert_int_equal(pread(fd, &c, 1, to), 1);
        c ^= 0x20;
        assert_int_equal(pwrite(fd, &c, 1, to), 1);
    }
    close(fd);
}

#endif
