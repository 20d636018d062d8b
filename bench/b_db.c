// SPDX-License-Identifier: Apache-2.0
// Durable db_append calls a second, a row each, by 1, 8 and 64 threads, and how long a call
// takes:
//
//   b_db [URL...] [seconds=N]      default: a SQLite file in a new folder below the current
//   one, and the PostgreSQL of
//                                  STEMMA_TEST_PG when that is set (tests/pg.sh run
//                                  build/release/b_db)
//
// Then one-row reads a second by 8 threads while one writes.
#include "base/clock.h"
#include "base/thread.h"
#include "db/db.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { THREADS_MAX = 64, BUCKETS = 64 * 16 };

static const db_migration schema = {
    1, "bench",
    "CREATE TABLE bench (k {blob} NOT NULL PRIMARY KEY, v {blob} {big} NOT NULL) {clustered};\n"
    "CREATE TABLE bench_big (k {blob} NOT NULL PRIMARY KEY, v {blob} {big} NOT NULL) {table}"};
static const db_query put_small = {"bench.put", "INSERT INTO bench (k, v) VALUES ($1, $2)",
                                   true};
static const db_query put_big = {"bench.put_big",
                                 "INSERT INTO bench_big (k, v) VALUES ($1, $2)", true};
static const db_query get_small = {"bench.get",
                                   "SELECT v FROM bench WHERE k > $1 ORDER BY k LIMIT 1", true};

typedef struct job {
    db *d;
    const db_query *put;
    str value;
    int64_t until;
    int64_t n;
    int64_t took[BUCKETS]; // calls by duration, sixteen buckets a power of two
    id seen;
} job;

static void die(const err *e) {
    fprintf(stderr, "b_db: %s\n", e->msg);
    exit(1);
}

static size_t bucket(int64_t us) {
    uint64_t v = us < 16 ? 16 : (uint64_t)us;
    int top = 63 - __builtin_clzll(v);
    return (size_t)(top - 4) * 16 + ((v >> (top - 4)) & 15);
}

static int64_t bucket_us(size_t b) {
    return (int64_t)(16 + b % 16) << (b / 16);
}

static bool put(db_tx *tx, void *arg, err *e) {
    job *j = arg;
    id k = id_new();
    j->seen = k;
    return db_push(tx, j->put, e, DB_ID(k), DB_BLOB(j->value));
}

static bool get(db_tx *tx, void *arg, err *e) {
    job *j = arg;
    db_rows *row;
    id k = {.b = {1}};
    return db_get(tx, &get_small, &row, e, DB_ID(k)) >= 0 && db_blob(row, 0).n == j->value.n;
}

static void *work(void *arg) {
    job *j = arg;
    err e;
    for (;;) {
        int64_t from = clock_mono_us();
        if (from >= j->until) return NULL;
        if (!(j->put ? db_append(j->d, put, j, &e) : db_read(j->d, get, j, &e))) die(&e);
        j->took[bucket(clock_mono_us() - from)]++;
        j->n++;
    }
}

static int64_t quantile(const int64_t *took, int64_t n, double q) {
    int64_t left = (int64_t)((double)n * q);
    size_t b = 0;
    while (b + 1 < BUCKETS && (left -= took[b]) >= 0)
        b++;
    return bucket_us(b);
}

static void report(const char *what, int threads, const job *jobs, double seconds) {
    int64_t took[BUCKETS] = {0}, n = 0;
    for (int i = 0; i < threads; i++) {
        n += jobs[i].n;
        for (size_t b = 0; b < BUCKETS; b++)
            took[b] += jobs[i].took[b];
    }
    printf("  %-22s %2d threads %9.0f/s   p50 %7lld us  p99 %7lld us  p99.9 %7lld us\n", what,
           threads, (double)n / seconds, (long long)quantile(took, n, 0.5),
           (long long)quantile(took, n, 0.99), (long long)quantile(took, n, 0.999));
    fflush(stdout);
}

static void measure(db *d, const char *what, const db_query *q, str value, int threads,
                    double seconds) {
    static job jobs[THREADS_MAX];
    pthread_t t[THREADS_MAX];
    int64_t from = clock_mono_us();
    memset(jobs, 0, sizeof jobs);
    for (int i = 0; i < threads; i++) {
        jobs[i] =
            (job){.d = d, .put = q, .value = value, .until = from + (int64_t)(seconds * 1e6)};
        thread_start(&t[i], "bench", 0, true, work, &jobs[i]);
    }
    for (int i = 0; i < threads; i++)
        pthread_join(t[i], NULL);
    report(what, threads, jobs, (double)(clock_mono_us() - from) / 1e6);
}

static void bench(const char *url, double seconds) {
    err e;
    db_config c = {.url = str_of(url)};
    db *d = db_open(&c, &e);
    if (!d || !db_migrate(d, &schema, 1, "bench", &e)) die(&e);
    static char bytes[16 << 10];
    random_bytes(bytes, sizeof bytes);
    str small = str_n(bytes, 200), big = str_n(bytes, sizeof bytes);
    const int threads[] = {1, 8, 64};
    printf("%s\n", str_starts(c.url, STR("sqlite:")) ? "SQLite" : "PostgreSQL");
    for (size_t i = 0; i < 3; i++)
        measure(d, "write 200 bytes", &put_small, small, threads[i], seconds);
    for (size_t i = 0; i < 3; i++)
        measure(d, "write 16 KiB", &put_big, big, threads[i], seconds);
    for (size_t i = 0; i < 3; i++)
        measure(d, "read 200 bytes", NULL, small, threads[i], seconds);
    db_close(d);
}

static void bench_sqlite(double seconds) {
    char dir[] = "b_db-XXXXXX", path[64], url[64];
    if (!mkdtemp(dir)) exit(1);
    snprintf(url, sizeof url, "sqlite:%s/db", dir);
    bench(url, seconds);
    const char *const names[] = {"db", "db.lock", "db-wal", "db-shm"};
    for (size_t i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        unlink(path);
    }
    rmdir(dir);
}

int main(int argc, char **argv) {
    double seconds = 3;
    const char *pg = getenv("STEMMA_TEST_PG");
    int urls = 0;
    for (int i = 1; i < argc; i++) {
        if (!strncmp(argv[i], "seconds=", 8))
            seconds = atof(argv[i] + 8);
        else
            urls++;
    }
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "seconds=", 8) != 0) bench(argv[i], seconds);
    }
    if (urls) return 0;
    bench_sqlite(seconds);
    if (pg && *pg) bench(pg, seconds);
    return 0;
}
