// SPDX-License-Identifier: Apache-2.0
// For the tests of db: an empty database of either engine. PostgreSQL's is a schema of its own
// in the database that the environment variable STEMMA_TEST_PG names (tests/pg.sh run COMMAND
// sets it).
#ifndef STEMMA_TESTS_DB_TEST_H
#define STEMMA_TESTS_DB_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "db/db.h"

#include <dirent.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

typedef struct test_db {
    db *d;
    db_engine engine;
    char url[600];
    char dir[64]; // SQLite
} test_db;

#define assert_ok(ok, e)                                                                       \
    do {                                                                                       \
        if (!(ok)) fail_msg("%d: %s", (int)(e).code, (e).msg);                                 \
    } while (0)

static inline const char *test_pg_url(void) {
    const char *url = getenv("STEMMA_TEST_PG");
    return url && *url ? url : NULL;
}

static inline void test_pg_exec(const char *sql) {
    PGconn *c = PQconnectdb(test_pg_url());
    PGresult *r = PQexec(c, sql);
    if (PQresultStatus(r) != PGRES_COMMAND_OK && PQresultStatus(r) != PGRES_TUPLES_OK) {
        fail_msg("%s: %s", sql, PQerrorMessage(c));
    }
    PQclear(r);
    PQfinish(c);
}

static inline void test_db_reopen(test_db *t, db_config c) {
    err e;
    db_close(t->d);
    c.url = str_of(t->url);
    t->d = db_open(&c, &e);
    assert_ok(t->d, e);
}

static inline test_db *test_db_new(db_engine engine, db_config c) {
    static int number;
    test_db *t = calloc(1, sizeof *t);
    t->engine = engine;
    if (engine == DB_SQLITE) {
        snprintf(t->dir, sizeof t->dir, "/tmp/stemma-db-XXXXXX");
        assert_non_null(mkdtemp(t->dir));
        snprintf(t->url, sizeof t->url, "sqlite:%s/stemma.db", t->dir);
    } else {
        char sql[100];
        snprintf(sql, sizeof sql, "CREATE SCHEMA t_%d_%d", (int)getpid(), ++number);
        test_pg_exec(sql);
        snprintf(t->url, sizeof t->url, "%s%coptions=-csearch_path%%3Dt_%d_%d", test_pg_url(),
                 strchr(test_pg_url(), '?') ? '&' : '?', (int)getpid(), number);
    }
    test_db_reopen(t, c);
    return t;
}

static inline void test_db_free(test_db *t) {
    db_close(t->d);
    DIR *dir = t->engine == DB_SQLITE ? opendir(t->dir) : NULL;
    for (struct dirent *f; dir && (f = readdir(dir));) {
        unlinkat(dirfd(dir), f->d_name, 0);
    }
    if (dir) {
        closedir(dir);
        rmdir(t->dir);
    } else {
        char sql[100];
        const char *schema = strstr(t->url, "%3D") + 3;
        snprintf(sql, sizeof sql, "SET client_min_messages = error; DROP SCHEMA %s CASCADE",
                 schema);
        test_pg_exec(sql);
    }
    free(t);
}

static inline void test_db_migrate(test_db *t, const char *sql) {
    db_migration m = {1, "test", sql};
    err e;
    assert_ok(db_migrate(t->d, &m, 1, "test", &e), e);
}

#endif
