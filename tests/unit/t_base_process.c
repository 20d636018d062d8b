// SPDX-License-Identifier: Apache-2.0
// What a process shares: log lines, metrics, threads, and ids made by several threads at once.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/id.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/thread.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

// Standard error goes to a temporary file until log_stop, which gives back what was written.
static FILE *log_file;
static int old_stderr;

static void log_start(void) {
    log_file = tmpfile();
    assert_non_null(log_file);
    old_stderr = dup(2);
    dup2(fileno(log_file), 2);
}

static char *log_stop(arena *a) {
    dup2(old_stderr, 2);
    close(old_stderr);
    long n = lseek(fileno(log_file), 0, SEEK_END);
    char *text = arena_bytes(a, (size_t)n + 1);
    assert_int_equal(pread(fileno(log_file), text, (size_t)n, 0), n);
    text[n] = 0;
    fclose(log_file);
    return text;
}

// The next line: a time, then `rest`.
static void assert_line(char **at, const char *rest) {
    static const char head[] = "{\"time\":\"2";
    char *end = strchr(*at, '\n');
    assert_non_null(end);
    *end = 0;
    assert_memory_equal(*at, head, strlen(head));
    assert_string_equal(*at + 9 + CLOCK_RFC3339 - 1 + 2, rest);
    *at = end + 1;
}

static void log_lines_are_json(void **state) {
    (void)state;
    arena *a = arena_new();
    log_start();
    log_msg(LOG_DEBUG, "not.shown", "x");
    log_msg(LOG_WARN, "pack.failed", "a \"quoted\" %s\n", "line");
    log_fields(LOG_ERROR, "http", STR("\"status\":500"));
    log_set_level(LOG_OFF);
    log_msg(LOG_ERROR, "not.shown", "x");
    log_fields(LOG_ERROR, "not.shown", STR("\"a\":1"));
    log_set_level(LOG_DEBUG);
    log_msg(LOG_DEBUG, "shown", "\xff");
    log_set_level(LOG_INFO);
    char *text = log_stop(a);
    assert_line(
        &text,
        "\"level\":\"warn\",\"event\":\"pack.failed\",\"msg\":\"a \\\"quoted\\\" line\\n\"}");
    assert_line(&text, "\"level\":\"error\",\"event\":\"http\",\"status\":500}");
    assert_line(&text, "\"level\":\"debug\",\"event\":\"shown\",\"msg\":\"\xef\xbf\xbd\"}");
    assert_string_equal(text, "");
    arena_free(a);
}

static void log_lines_are_bounded(void **state) {
    (void)state;
    arena *a = arena_new();
    size_t n = 100000;
    char *big = arena_bytes(a, n + 1);
    memset(big, 'x', n);
    big[n] = 0;
    log_start();
    log_msg(LOG_INFO, "big", "%s", big);
    log_fields(LOG_INFO, "big", str_n(big, n));
    char *text = log_stop(a);
    assert_true(strlen(text) < 5000);
    assert_non_null(strstr(text, "xxxx\"}\n"));
    assert_non_null(strstr(text, "the line was too long"));
    arena_free(a);
}

static void metrics_are_shown(void **state) {
    (void)state;
    METRIC_ADD(points_in_total, 5);
    METRIC_ADD(points_in_total, 2);
    METRIC_SET(workers_busy, -3);
    assert_int_equal(METRIC_GET(points_in_total), 7);
    buf b = BUF_MAX(1 << 20);
    metrics_render(&b);
    buf_byte(&b, 0);
    assert_false(b.full);
    assert_non_null(strstr(b.p, "# HELP stemma_points_in_total points acknowledged\n"
                                "# TYPE stemma_points_in_total counter\n"
                                "stemma_points_in_total 7\n"));
    assert_non_null(strstr(b.p, "# TYPE stemma_workers_busy gauge\nstemma_workers_busy -3\n"));
    buf_free(&b);
}

// What /metrics says, NUL-terminated; free it.
static buf shown(void) {
    buf b = BUF_MAX(1 << 20);
    metrics_render(&b);
    buf_byte(&b, 0);
    return b;
}

static void durations_fall_into_buckets(void **state) {
    (void)state;
    METRIC_TIME(http_read, 1000); // a bound belongs to its own bucket
    METRIC_TIME(http_read, 1001);
    METRIC_TIME(http_read, 3600000000);
    buf b = shown();
#define HAS(line) assert_non_null(strstr(b.p, "stemma_http_request_seconds_" line "\n"))
    HAS("bucket{class=\"read\",le=\"0.001\"} 1");
    HAS("bucket{class=\"read\",le=\"0.005\"} 2");
    HAS("bucket{class=\"read\",le=\"60\"} 2");
    HAS("bucket{class=\"read\",le=\"+Inf\"} 3");
    HAS("sum{class=\"read\"} 3600.002001");
    HAS("count{class=\"read\"} 3");
    HAS("count{class=\"write\"} 0");
    assert_non_null(strstr(b.p, "stemma_db_commit_seconds_bucket{le=\"0.001\"} 0\n"));
    assert_non_null(strstr(b.p, "stemma_db_commit_seconds_sum 0.000000\n"));
    char *head = strstr(b.p, "# TYPE stemma_http_request_seconds histogram\n");
    assert_non_null(head);
    assert_null(strstr(head + 1, "# TYPE stemma_http_request_seconds histogram\n"));
    buf_free(&b);
}

static void ages_are_told_from_now(void **state) {
    (void)state;
    buf b = shown();
    assert_non_null(strstr(b.p, "\nstemma_pack_oldest_age_seconds 0\n"));
    buf_free(&b);
    METRIC_SET(pack_oldest, clock_now_us() - 7200500000);
    b = shown();
    assert_non_null(strstr(b.p, "\nstemma_pack_oldest_age_seconds 7200\n"));
    buf_free(&b);
    METRIC_SET(pack_oldest, clock_now_us() + 5000000); // another server's clock
    b = shown();
    assert_non_null(strstr(b.p, "\nstemma_pack_oldest_age_seconds 0\n"));
    buf_free(&b);
}

enum { THREADS = 4, IDS = 5000 };
static id made[THREADS][IDS];

static void *make_ids(void *arg) {
    id *to = arg;
    for (int i = 0; i < IDS; i++)
        to[i] = id_new();
    return NULL;
}

static int by_id(const void *a, const void *b) {
    return memcmp(a, b, sizeof(id));
}

static void ids_of_all_threads_differ(void **state) {
    (void)state;
    pthread_t t[THREADS];
    for (int i = 0; i < THREADS; i++)
        thread_start(&t[i], "ids", 0, true, make_ids, made[i]);
    for (int i = 0; i < THREADS; i++)
        pthread_join(t[i], NULL);
    for (int i = 0; i < THREADS; i++) {
        for (int k = 1; k < IDS; k++)
            assert_true(id_cmp(made[i][k - 1], made[i][k]) < 0);
    }
    id *all = &made[0][0];
    qsort(all, (size_t)THREADS * IDS, sizeof *all, by_id);
    for (int i = 1; i < THREADS * IDS; i++)
        assert_false(id_eq(all[i - 1], all[i]));
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

typedef struct seen {
    size_t stack;
    bool blocked;
} seen;

static void *look(void *arg) {
    seen *s = arg;
    pthread_attr_t attr;
    sigset_t mask;
    pthread_mutex_lock(&lock); // alive until its name was looked at
    pthread_mutex_unlock(&lock);
    pthread_getattr_np(pthread_self(), &attr);
    pthread_attr_getstacksize(&attr, &s->stack);
    pthread_attr_destroy(&attr);
    pthread_sigmask(SIG_BLOCK, NULL, &mask);
    s->blocked = sigismember(&mask, SIGTERM) && sigismember(&mask, SIGINT);
    return NULL;
}

static void threads_have_name_stack_and_no_signals(void **state) {
    (void)state;
    seen s = {0};
    pthread_t t;
    assert_true(
        thread_start(&t, "a-name-longer-than-the-kernel-keeps", 1 << 20, false, look, &s));
    pthread_join(t, NULL);
    assert_true(s.stack >= 1 << 20);
    assert_true(s.blocked);
    sigset_t mask;
    pthread_sigmask(SIG_BLOCK, NULL, &mask);
    assert_false(sigismember(&mask, SIGTERM));
    // More than the address space: refused, not fatal.
    assert_false(thread_start(&t, "huge", (size_t)1 << 46, false, look, &s));
}

static pthread_cond_t cond;
static bool ready;

static void *make_ready(void *arg) {
    pthread_mutex_lock(&lock);
    ready = true;
    pthread_cond_signal(&cond);
    pthread_mutex_unlock(&lock);
    return arg;
}

static void waiting_ends_by_signal_or_time(void **state) {
    (void)state;
    thread_cond_init(&cond);
    pthread_mutex_lock(&lock);
    int64_t start = clock_mono_us();
    while (thread_cond_wait_us(&cond, &lock, 20000)) {
    }
    int64_t took = clock_mono_us() - start;
    assert_true(took >= 20000 && took < 5000000);
    assert_false(thread_cond_wait_us(&cond, &lock, -5));
    pthread_t t;
    thread_start(&t, "signal", 0, true, make_ready, NULL);
    bool in_time = true;
    while (!ready && in_time)
        in_time = thread_cond_wait_us(&cond, &lock, 30 * 1000000);
    pthread_mutex_unlock(&lock);
    assert_true(ready && in_time);
    pthread_join(t, NULL);
    pthread_cond_destroy(&cond);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log_lines_are_json),
        cmocka_unit_test(log_lines_are_bounded),
        cmocka_unit_test(metrics_are_shown),
        cmocka_unit_test(durations_fall_into_buckets),
        cmocka_unit_test(ages_are_told_from_now),
        cmocka_unit_test(ids_of_all_threads_differ),
        cmocka_unit_test(threads_have_name_stack_and_no_signals),
        cmocka_unit_test(waiting_ends_by_signal_or_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
