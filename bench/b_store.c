// SPDX-License-Identifier: Apache-2.0
// Objects, without HTTP: how many small ones become durable a second, how fast a large one
// streams in beside a plain write and fsync of as many bytes on the same disk in the same run
// (they take turns), and how fast it is read with its checks. What is read is compared.
//
//     b_store DIR [objects [threads [GiB [postgresql://...]]]]
//
// DIR is made, and removed at the end. The database of PostgreSQL must be empty; without one it
// is SQLite in DIR.
#include "base/clock.h"
#include "base/thread.h"
#include "store/store.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define SMALL 4096
#define STEP  ((size_t)256 << 10) // as a connection's reads come
#define TURNS 3

static void must(bool ok, const char *what, const err *e) {
    if (ok) return;
    fprintf(stderr, "%s: %s\n", what, e ? e->msg : "failed");
    exit(1);
}

static double seconds_since(int64_t us) {
    return (double)(clock_mono_us() - us) / 1e6;
}

static long peak_kb(void) {
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return u.ru_maxrss;
}

static void fill(char *p, size_t n, uint64_t seed) {
    uint64_t x = seed * 0x9e3779b97f4a7c15u + 88172645463325252u;
    for (size_t i = 0; i + 8 <= n; i += 8) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        memcpy(p + i, &x, 8);
    }
}

// ---- small objects -------------------------------------------------------------------------

typedef struct small {
    store *s;
    uint64_t from, to;
    int64_t slowest;
    bool read;
    pthread_t t;
} small;

static void read_one(store *s, sha256 digest, const char *want) {
    err e;
    char got[SMALL];
    store_object *o = store_get(s, digest, &e);
    must(o, "get", &e);
    must(store_object_read(o, 0, got, SMALL, &e) == SMALL, "read", &e);
    must(!memcmp(got, want, SMALL), "what was stored is not what was read", NULL);
    store_object_close(o);
}

static void *work(void *arg) {
    small *w = arg;
    char p[SMALL];
    err e;
    for (uint64_t i = w->from; i < w->to; i++) {
        sha256 d;
        fill(p, SMALL, i);
        int64_t t = clock_mono_us();
        if (w->read)
            read_one(w->s, sha256_of(p, SMALL), p);
        else
            must(store_put(w->s, p, SMALL, &d, &e), "put", &e);
        t = clock_mono_us() - t;
        if (t > w->slowest) w->slowest = t;
    }
    return NULL;
}

static void run_small(store *s, uint64_t n, unsigned threads, bool read) {
    small *w = mem_alloc(threads * sizeof *w);
    int64_t t = clock_mono_us();
    for (unsigned i = 0; i < threads; i++) {
        w[i] =
            (small){.s = s, .from = n * i / threads, .to = n * (i + 1) / threads, .read = read};
        thread_start(&w[i].t, "bench", 0, true, work, &w[i]);
    }
    int64_t slowest = 0;
    for (unsigned i = 0; i < threads; i++) {
        pthread_join(w[i].t, NULL);
        if (w[i].slowest > slowest) slowest = w[i].slowest;
    }
    double took = seconds_since(t);
    printf("%-28s %9.0f objects/s   %7.1f MB/s   slowest %.1f ms\n",
           read ? "4 kB, read and compared" : "4 kB, durable", (double)n / took,
           (double)n * SMALL / took / 1e6, (double)slowest / 1e3);
    free(w);
}

// ---- a large one ---------------------------------------------------------------------------

// As dd bs=256k conv=fsync does it.
static double plain(const char *dir, const char *block, uint64_t steps) {
    char path[600];
    snprintf(path, sizeof path, "%s/plain", dir);
    int64_t t = clock_mono_us();
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    must(fd >= 0, path, NULL);
    for (uint64_t i = 0; i < steps; i++)
        must(write(fd, block, STEP) == (ssize_t)STEP, "write", NULL);
    must(fsync(fd) == 0, "fsync", NULL);
    close(fd);
    double took = seconds_since(t);
    unlink(path);
    return took;
}

static double stored(store *s, char *block, uint64_t steps, uint64_t turn, sha256 *d) {
    err e;
    uint64_t size;
    memcpy(block, &turn, sizeof turn); // another object each time
    int64_t t = clock_mono_us();
    store_upload *u = store_begin(s, &e);
    must(u, "begin", &e);
    for (uint64_t i = 0; i < steps; i++)
        must(store_write(u, block, STEP, &e), "write", &e);
    must(store_finish(u, d, &size, &e), "finish", &e);
    return seconds_since(t);
}

static void read_large(store *s, sha256 d, const char *block, uint64_t steps) {
    err e;
    char *p = mem_alloc(STEP);
    double bytes = (double)steps * STEP;
    store_object *o = store_get(s, d, &e);
    must(o, "get", &e);
    int64_t t = clock_mono_us();
    for (uint64_t i = 0; i < steps; i++)
        must(store_object_check(o, i * STEP, STEP, &e), "check", &e);
    printf("%-28s %9.2f GB/s\n", "large, checked for sendfile", bytes / seconds_since(t) / 1e9);
    t = clock_mono_us();
    for (uint64_t i = 0; i < steps; i++)
        must(store_object_read(o, i * STEP, p, STEP, &e) == (ssize_t)STEP, "read", &e);
    printf("%-28s %9.2f GB/s\n", "large, read with checks", bytes / seconds_since(t) / 1e9);
    must(!memcmp(p, block, STEP), "what was stored is not what was read", NULL);
    store_object_close(o);
    free(p);
}

static void run_large(store *s, const char *dir, unsigned gib) {
    uint64_t steps = ((uint64_t)gib << 30) / STEP;
    double bytes = (double)steps * STEP, best[2] = {1e9, 1e9}, sum[2] = {0, 0};
    char *block = mem_alloc(STEP);
    sha256 d;
    fill(block, STEP, 77);
    long before = peak_kb();
    for (uint64_t turn = 0; turn < TURNS; turn++) {
        double t[2] = {plain(dir, block, steps), stored(s, block, steps, turn, &d)};
        printf("%u GiB, turn %llu:              plain %6.2f s (%5.0f MB/s)   stored %6.2f s "
               "(%5.0f MB/s)   x %.2f\n",
               gib, (unsigned long long)turn, t[0], bytes / t[0] / 1e6, t[1],
               bytes / t[1] / 1e6, t[1] / t[0]);
        for (int i = 0; i < 2; i++) {
            sum[i] += t[i];
            if (t[i] < best[i]) best[i] = t[i];
        }
    }
    printf("%-28s x %.2f in all, x %.2f of the best; %ld kB more memory at the peak\n",
           "stored against plain", sum[1] / sum[0], best[1] / best[0], peak_kb() - before);
    read_large(s, d, block, steps);
    free(block);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *w) {
    (void)st, (void)type, (void)w;
    return remove(path);
}

int main(int argc, char **argv) {
    static const db_migration all[] = {{1, "store", store_schema},
                                       {2, "care", store_care_schema}};
    if (argc < 2) {
        fprintf(stderr, "usage: b_store DIR [objects [threads [GiB [postgresql://...]]]]\n");
        return 2;
    }
    uint64_t n = argc > 2 ? strtoull(argv[2], NULL, 10) : 100000;
    unsigned threads = argc > 3 ? (unsigned)atoi(argv[3]) : 64,
             gib = argc > 4 ? (unsigned)atoi(argv[4]) : 2;
    char url[600], content[600];
    err e;
    must(mkdir(argv[1], 0700) == 0, "DIR must be new", NULL);
    if (argc > 5)
        snprintf(url, sizeof url, "%s", argv[5]);
    else
        snprintf(url, sizeof url, "sqlite:%s/stemma.db", argv[1]);
    snprintf(content, sizeof content, "%s/content", argv[1]);
    db *d = db_open(&(db_config){.url = str_of(url)}, &e);
    must(d, "db", &e);
    must(db_migrate(d, all, 2, "bench", &e), "migrate", &e);
    store *s = store_open(d, str_of(content), &e);
    must(s, "store", &e);
    if (n) run_small(s, n, threads, false);
    if (n) run_small(s, n, 4, true);
    if (gib) run_large(s, argv[1], gib);
    store_close(s);
    db_close(d);
    return nftw(argv[1], remove_one, 16, FTW_DEPTH | FTW_PHYS) ? 1 : 0;
}
