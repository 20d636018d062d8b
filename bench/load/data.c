// SPDX-License-Identifier: Apache-2.0
// data: numbers that look like training and can be made again, so that reading back needs no
// memory of what was sent; and small calls that several commands begin with.
#include "load/load.h"

#include <math.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#define STEP_MS   250
#define JITTER_MS 20
#define EPOCH_MS  1700000000000

uint64_t mix64(uint64_t x) {
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

double unit(uint64_t x) {
    return (double)(x >> 11) * 0x1p-53;
}

// About normal, deviation 1: four uniform numbers of 16 bits added (Irwin-Hall), scaled.
static double noise(uint64_t x) {
    double sum = (double)(x & 0xffff) + (double)(x >> 16 & 0xffff) +
                 (double)(x >> 32 & 0xffff) + (double)(x >> 48);
    return (sum / 65536 - 2) * 1.7320508;
}

double curve(uint64_t seed, uint64_t series, int64_t step) {
    double falls = 2.3 / (1 + (double)step / (200 + 40 * (double)(series & 15)));
    double v = (falls + 0.1 * (double)(1 + (series & 7))) *
               (1 + 0.01 * noise(mix64(seed ^ mix64((uint64_t)step * 1024 + series))));
    return (double)(float)v;
}

int64_t curve_time(uint64_t seed, int64_t step) {
    return EPOCH_MS + step * STEP_MS + (int64_t)(mix64(seed + (uint64_t)step) % JITTER_MS);
}

str *series_names(arena *a, size_t n) {
    static const char *const kinds[] = {"train/loss", "val/loss", "train/acc", "val/acc",
                                        "grad_norm"};
    str *names = ARENA_ARRAY(a, str, n);
    for (size_t k = 0; k < n; k++)
        names[k] = k < 5 ? str_of(kinds[k]) : arena_printf(a, "layer_%zu/rms", k);
    return names;
}

str url_escape(arena *a, str s) {
    static const char hex[] = "0123456789ABCDEF";
    char *out = arena_bytes(a, 3 * s.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = (uint8_t)s.p[i];
        bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                     (c >= 'a' && c <= 'z') || c == '-' || c == '_' || c == '.' || c == '~';
        if (plain) {
            out[n++] = (char)c;
        } else {
            out[n++] = '%';
            out[n++] = hex[c >> 4];
            out[n++] = hex[c & 15];
        }
    }
    return str_n(out, n);
}

bool find_string(str json, const char *key, str *value) {
    char quoted[64];
    int len = snprintf(quoted, sizeof quoted, "\"%s\"", key);
    size_t at = str_find_str(json, str_n(quoted, (size_t)len), 0);
    if (at == SIZE_MAX) return false;
    at = str_find(json, '"', str_find(json, ':', at + (size_t)len));
    size_t end = at == SIZE_MAX ? SIZE_MAX : str_find(json, '"', at + 1);
    if (end == SIZE_MAX) return false;
    *value = str_n(json.p + at + 1, end - at - 1);
    return true;
}

bool experiment_id(const load_options *o, arena *a, str *id, char error[500]) {
    str answer;
    if (*o->experiment) return *id = str_of(o->experiment), true;
    str body = arena_printf(a, "{\"name\": \"bench-%lld-%d\"}", (long long)clock_now_us(),
                            (int)getpid());
    if (!call_once(o, a, "POST", STR("/api/2.0/mlflow/experiments/create"), body, &answer,
                   error))
        return false;
    if (!find_string(answer, "experiment_id", id))
        return snprintf(error, 500, "no experiment_id"), false;
    return true;
}

void run_body(buf *b, str experiment, const char *name, int64_t start_ms) {
    buf_printf(
        b,
        "{\"experiment_id\": \"%.*s\", \"user_id\": \"bench\", \"run_name\": \"%s\", "
        "\"start_time\": %lld, "
        "\"tags\": [{\"key\": \"mlflow.user\", \"value\": \"bench\"}, {\"key\": "
        "\"mlflow.source.name\", "
        "\"value\": \"train.py\"}, {\"key\": \"mlflow.source.type\", \"value\": \"LOCAL\"}, "
        "{\"key\": \"mlflow.runName\", \"value\": \"%s\"}]}",
        STR_F(experiment), name, (long long)start_ms, name);
}

bool make_run(const load_options *o, arena *a, str experiment, const char *name, char id[64],
              char error[500]) {
    buf body = BUF_MAX(4096);
    str answer, found;
    run_body(&body, experiment, name, EPOCH_MS);
    bool ok = call_once(o, a, "POST", STR("/api/2.0/mlflow/runs/create"), buf_view(&body),
                        &answer, error);
    buf_free(&body);
    if (!ok) return false;
    if (!find_string(answer, "run_id", &found) || found.n > 63)
        return snprintf(error, 500, "no run_id"), false;
    snprintf(id, 64, "%.*s", STR_F(found));
    return true;
}

double process_cpu(int64_t pid) {
    char path[64], text[1024];
    unsigned long user = 0, sys = 0;
    if (pid <= 0) return 0;
    snprintf(path, sizeof path, "/proc/%lld/stat", (long long)pid);
    FILE *f = fopen(path, "r");
    if (!f) return 0;
    size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[n] = 0;
    const char *p = strrchr(text, ')'); // the name before it may hold anything
    if (!p ||
        sscanf(p + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &sys) != 2)
        return 0;
    return (double)(user + sys) / (double)sysconf(_SC_CLK_TCK);
}

double own_cpu(void) {
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

// ---- what fill puts in ---------------------------------------------------------------------
static uint64_t cell(uint64_t seed, uint64_t kind, uint64_t i, uint64_t j) {
    return mix64(seed ^ mix64(kind << 60 ^ i << 16 ^ j));
}

double fill_metric(uint64_t seed, uint64_t i, uint64_t j) {
    return (double)(float)unit(cell(seed, 1, i, j));
}

void fill_param(uint64_t seed, uint64_t i, uint64_t j, fill_text *out) {
    static const char *const optimizers[] = {"adam", "adamw", "sgd", "lion"};
    uint64_t x = cell(seed, 2, i, j);
    if (j == 0)
        snprintf(out->p, FILL_TEXT, "%s", optimizers[x % 4]);
    else if (j % 3 == 1)
        snprintf(out->p, FILL_TEXT, "%.4g", pow(10, -5 + 4 * unit(x)));
    else if (j % 3 == 2)
        snprintf(out->p, FILL_TEXT, "%d", 1 << (x % 10));
    else
        snprintf(out->p, FILL_TEXT, "choice-%d", (int)(x % 16));
}

void fill_tag(uint64_t seed, uint64_t i, uint64_t j, fill_text *out) {
    static const char *const colours[] = {"red", "green", "blue", "black", "white"};
    uint64_t x = cell(seed, 3, i, j);
    if (j == 0)
        snprintf(out->p, FILL_TEXT, "%s", colours[x % 5]);
    else
        snprintf(out->p, FILL_TEXT, "tag value %d", (int)(x % 100));
}

int64_t fill_start(uint64_t i) {
    return EPOCH_MS + (int64_t)i * 1000;
}
