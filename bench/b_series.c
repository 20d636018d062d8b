// SPDX-License-Identifier: Apache-2.0
// What a point costs in the metric store, on SQLite in a new folder below the current one:
//
//   b_series [points=N]...     default: 100000 1000000 10000000
//
// Loss curves born as float32 with 1 % noise, a second a step with 20 ms of jitter. First ten
// series a step in batches of 1,000: encoding a record, appending, packing, bytes a point by
// the size of the folder; then one series: pages of history, sampling to 2,500 steps, a chart
// of 1,000 parts; then one series whose steps arrive in an order without any order (up to a
// million points).
#include "base/clock.h"
#include "base/log.h"
#include "core/run.h"
#include "core/series.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BATCH = 1000, GROUP = 64, KEYS_MAX = 10, REPEATS = 15 };

typedef struct bench {
    char dir[64], url[100];
    db *d;
    store *s;
    core *c;
    ctx x;
    id run;
    int keys;
    bool shuffled;
    int64_t points;
    double record_ns;
    uint64_t seed;
    str records[GROUP];
    int n_records;
} bench;

static void fail(const char *what, const err *e) {
    fprintf(stderr, "%s: %s\n", what, e->msg);
    exit(1);
}

static double uniform(bench *b) {
    b->seed ^= b->seed << 13;
    b->seed ^= b->seed >> 7;
    b->seed ^= b->seed << 17;
    return (double)(b->seed >> 11) / 9007199254740992.0;
}

// Standard deviation 1, by the central limit.
static double noise(bench *b) {
    double sum = 0;
    for (int i = 0; i < 12; i++)
        sum += uniform(b);
    return sum - 6;
}

static int64_t folder_bytes(const char *dir) {
    int64_t sum = 0;
    DIR *d = opendir(dir);
    for (struct dirent *f; d && (f = readdir(d));) {
        char path[400];
        struct stat st;
        snprintf(path, sizeof path, "%s/%s", dir, f->d_name);
        if (f->d_name[0] == '.' || stat(path, &st)) continue;
        sum += S_ISDIR(st.st_mode) ? folder_bytes(path) : (int64_t)st.st_blocks * 512;
    }
    if (d) closedir(d);
    return sum;
}

static void start(bench *b) {
    err e = {0};
    char content[80];
    db_config d = {.url = str_of(b->url)};
    snprintf(content, sizeof content, "%s/content", b->dir);
    if (!(b->d = db_open(&d, &e)) || !core_migrate(b->d, "bench", &e)) fail("open", &e);
    if (!(b->s = store_open(b->d, str_of(content), &e))) fail("store", &e);
    core_config c = {.db = b->d, .store = b->s};
    if (!(b->c = core_open(&c, "bench", &e))) fail("core", &e);
    b->x = (ctx){.core = b->c, .a = arena_new(), .ws = WORKSPACE_DEFAULT, .user = STR("bench")};
}

static void stop(bench *b) {
    arena_free(b->x.a);
    core_close(b->c);
    store_close(b->s);
    db_close(b->d);
}

static void make_batch(bench *b, point *p, int64_t at) {
    static const char *const keys[KEYS_MAX] = {"loss/0", "loss/1", "loss/2", "loss/3",
                                               "loss/4", "loss/5", "loss/6", "loss/7",
                                               "loss/8", "loss/9"};
    int64_t time = 0;
    for (int i = 0; i < BATCH; i++) {
        int64_t step = (at + i) / b->keys;
        if (b->shuffled) step = step * 7368787 % b->points; // a prime: a permutation
        if ((at + i) % b->keys == 0 || !i)
            time = 1700000000000 + step * 1000 + (int64_t)(uniform(b) * 41) - 20;
        double v = (2.3 / (1 + (double)step / 20000) + 0.2) * (1 + 0.01 * noise(b));
        p[i] = (point){.key = str_of(keys[(at + i) % b->keys]),
                       .step = step,
                       .time_ms = time,
                       .value = (double)(float)v};
    }
}

static bool append(db_tx *tx, void *arg, err *e) {
    bench *b = arg;
    for (int i = 0; i < b->n_records; i++) {
        if (!series_append(tx, b->c, b->x.ws, b->run, b->records[i], e)) return false;
    }
    return true;
}

static void fill(bench *b) {
    err e = {0};
    point *p = mem_alloc(BATCH * sizeof *p);
    int64_t encode = 0, write = 0, pack = 0, t;
    for (int64_t at = 0; at < b->points; at += (int64_t)GROUP * BATCH) {
        b->n_records = 0;
        for (int g = 0; g < GROUP && at + g * BATCH < b->points; g++) {
            make_batch(b, p, at + g * BATCH);
            t = clock_mono_us();
            b->records[b->n_records++] = series_record(b->x.a, p, BATCH);
            encode += clock_mono_us() - t;
        }
        t = clock_mono_us();
        if (!db_write(b->d, append, b, &e)) fail("append", &e);
        write += clock_mono_us() - t;
        arena_reset(b->x.a);
        t = clock_mono_us();
        if (at / (GROUP * BATCH) % 8 == 7 && !series_pack_all(b->c, &e)) fail("pack", &e);
        pack += clock_mono_us() - t;
    }
    t = clock_mono_us();
    if (!series_pack_all(b->c, &e)) fail("pack", &e);
    pack += clock_mono_us() - t;
    double n = (double)b->points / 1000;
    printf("  record %6.1f ns, append %6.1f ns, pack %6.1f ns a point\n", (double)encode / n,
           (double)write / n, (double)pack / n);
    free(p);
}

static void size(bench *b) {
    err e = {0};
    while (db_shrink_step(b->d, &e)) {
    }
    stop(b);
    printf("  %.3f bytes a point on disk\n", (double)folder_bytes(b->dir) / (double)b->points);
    start(b);
}

static void history(bench *b, series_order order) {
    err e = {0};
    series_value *p, after;
    size_t n = 25000;
    int64_t sum = 0, t = clock_mono_us();
    while (n == 25000) {
        if (!series_history(&b->x, b->run, STR("loss/0"), order, sum ? &after : NULL, 25000, &p,
                            &n, &e)) {
            fail("history", &e);
        }
        sum += (int64_t)n;
        if (n) after = p[n - 1];
        arena_reset(b->x.a);
    }
    t = clock_mono_us() - t;
    if (sum != b->points) {
        fprintf(stderr, "%lld points of %lld\n", (long long)sum, (long long)b->points);
        exit(1);
    }
    printf("  history by %s in pages of 25,000: %.1f M points/s\n",
           order == SERIES_BY_TIME ? "time" : "step", (double)sum / (double)t);
}

static int by_value(const void *a, const void *b) {
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void charts(bench *b) {
    err e = {0};
    int64_t sample[REPEATS], chart[REPEATS];
    for (int i = 0; i < REPEATS; i++) {
        series_interval out;
        series_bucket *buckets;
        size_t n;
        int64_t t = clock_mono_us();
        if (!series_sample(&b->x, &b->run, 1, STR("loss/0"), INT64_MIN, INT64_MAX, 2500, &out,
                           &e)) {
            fail("sample", &e);
        }
        sample[i] = clock_mono_us() - t;
        t = clock_mono_us();
        if (!series_chart(&b->x, b->run, STR("loss/0"), 0, b->points - 1, 1000, &buckets, &n,
                          &e)) {
            fail("chart", &e);
        }
        chart[i] = clock_mono_us() - t;
        arena_reset(b->x.a);
    }
    qsort(sample, REPEATS, sizeof *sample, by_value);
    qsort(chart, REPEATS, sizeof *chart, by_value);
    printf("  sample of 2,500 steps %.2f ms, chart of 1,000 parts %.2f ms (medians)\n",
           (double)sample[REPEATS / 2] / 1000, (double)chart[REPEATS / 2] / 1000);
}

static void clean(const char *dir) {
    DIR *d = opendir(dir);
    for (struct dirent *f; d && (f = readdir(d));) {
        char path[400];
        struct stat st;
        snprintf(path, sizeof path, "%s/%s", dir, f->d_name);
        if (!strcmp(f->d_name, ".") || !strcmp(f->d_name, "..") || lstat(path, &st)) continue;
        if (S_ISDIR(st.st_mode))
            clean(path);
        else
            unlink(path);
    }
    if (d) closedir(d);
    rmdir(dir);
}

static void measure(int64_t points, int keys, bool shuffled) {
    bench *b = mem_alloc(sizeof *b);
    err e = {0};
    *b = (bench){.dir = "./b_series-XXXXXX",
                 .keys = keys,
                 .shuffled = shuffled,
                 .points = points,
                 .seed = 88172645463325252u};
    if (!mkdtemp(b->dir)) {
        perror("mkdtemp");
        exit(1);
    }
    snprintf(b->url, sizeof b->url, "sqlite:%s/stemma.db", b->dir);
    start(b);
    run r;
    run_new n = {.name = STR("bench"), .user = STR("bench")};
    if (!run_create(&b->x, &n, &r, &e)) fail("run", &e);
    b->run = r.id;
    printf("%lld points in %d series%s\n", (long long)points, keys,
           shuffled ? ", shuffled" : "");
    fill(b);
    size(b);
    if (keys == 1) {
        history(b, SERIES_BY_STEP);
        history(b, SERIES_BY_TIME);
        charts(b);
    }
    stop(b);
    clean(b->dir);
    free(b);
}

int main(int argc, char **argv) {
    static const int64_t usual[] = {100000, 1000000, 10000000};
    log_set_level(LOG_ERROR);
    for (int i = 0; i < (argc > 1 ? argc - 1 : 3); i++) {
        int64_t n = argc > 1 ? atoll(argv[i + 1]) : usual[i];
        if (n < BATCH) n = BATCH;
        n -= n % BATCH;
        measure(n, KEYS_MAX, false);
        measure(n, 1, false);
        if (n <= 1000000) measure(n, 1, true);
    }
    return 0;
}
