// SPDX-License-Identifier: Apache-2.0
// Regular expressions of searches: PCRE2 in UTF mode, interpreted (no JIT), with limits against
// hostile patterns. A query may spend 50 ms of CPU time on all of its matching; one match at
// most MATCH_STEPS steps. Then ERR_DEADLINE: a search never says "no match" because it was
// tired. Recursion and call-outs are refused. The wall clock is read around every match,
// because it costs little; the thread's CPU clock only when wall time has passed. One thread at
// a time may use a search_regex.
#define PCRE2_CODE_UNIT_WIDTH 8
#include "base/clock.h"
#include "core/search_internal.h"

#include <pcre2.h>
#include <time.h>

#define PATTERN_MAX 1024
#define MATCH_STEPS 200000
#define DEPTH_MAX   20000
#define HEAP_KIB    4096
#define BUDGET_US   50000

struct search_regex {
    pcre2_code *code;
    pcre2_match_data *data;
    pcre2_match_context *limits;
    int64_t spent_us; // CPU
    int64_t burst_us; // wall time since the CPU clock was last read
    int64_t cpu_us;   // the CPU clock then; -1: not read yet
};

static void regex_free(void *p) {
    search_regex *r = p;
    pcre2_match_context_free(r->limits);
    pcre2_match_data_free(r->data);
    pcre2_code_free(r->code);
}

static int64_t cpu_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

// Every way to write a recursion has one of these texts in it. Refusing the texts alone also
// refuses the rare pattern that has them in a class or behind a backslash, and can not be
// tricked by either.
static bool has_recursion(str p) {
    static const char *const texts[] = {"(?R", "(?&", "(?P>", "\\g<", "\\g'"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (str_find_str(p, str_of(texts[i]), 0) != SIZE_MAX) return true;
    }
    for (size_t at = 0; (at = str_find_str(p, STR("(?"), at)) != SIZE_MAX; at += 2) {
        size_t i = at + 2;
        if (i < p.n && (p.p[i] == '+' || p.p[i] == '-')) i++;
        if (i < p.n && p.p[i] >= '0' && p.p[i] <= '9') return true;
    }
    return false;
}

static int found_callout(pcre2_callout_enumerate_block *block, void *arg) {
    (void)block;
    (void)arg;
    return 1;
}

static bool check_pattern(str pattern, err *e) {
    if (pattern.n > PATTERN_MAX)
        return err_set(e, ERR_INVALID, "A regular expression may have %d bytes at most",
                       PATTERN_MAX);
    if (!str_is_text(pattern))
        return err_set(e, ERR_INVALID, "The regular expression is not valid text");
    if (has_recursion(pattern))
        return err_set(e, ERR_INVALID, "Regular expressions may not use recursion: '%.*s'",
                       STR_F(pattern));
    if (str_starts(pattern, STR("(*")))
        return err_set(e, ERR_INVALID, "Regular expressions may not begin with '(*': '%.*s'",
                       STR_F(pattern));
    return true;
}

search_regex *search_regex_new(arena *a, str pattern, err *e) {
    if (!check_pattern(pattern, e)) return NULL;
    int code = 0;
    PCRE2_SIZE at = 0;
    search_regex *r = ARENA_NEW(a, search_regex);
    r->cpu_us = -1;
    r->code = pcre2_compile((PCRE2_SPTR)(pattern.n ? pattern.p : ""), pattern.n,
                            PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C, &code, &at, NULL);
    if (!r->code) {
        PCRE2_UCHAR why[128];
        pcre2_get_error_message(code, why, sizeof why);
        err_set(e, ERR_INVALID, "Invalid regular expression '%.*s': %s at byte %zu",
                STR_F(pattern), (char *)why, (size_t)at);
        return NULL;
    }
    r->data = pcre2_match_data_create(1, NULL);
    r->limits = pcre2_match_context_create(NULL);
    BUG_ON(!r->data || !r->limits);
    arena_on_reset(a, regex_free, r);
    pcre2_set_match_limit(r->limits, MATCH_STEPS);
    pcre2_set_depth_limit(r->limits, DEPTH_MAX);
    pcre2_set_heap_limit(r->limits, HEAP_KIB);
    if (pcre2_callout_enumerate(r->code, found_callout, NULL)) {
        err_set(e, ERR_INVALID, "Regular expressions may not use call-outs: '%.*s'",
                STR_F(pattern));
        return NULL;
    }
    return r;
}

// Adds what the match took to the budget; false when that is spent.
static bool charge(search_regex *r, int64_t wall_us) {
    r->burst_us += wall_us;
    if (r->spent_us + r->burst_us < BUDGET_US)
        return true; // CPU time is never more than wall time
    int64_t now = cpu_us();
    r->spent_us = now - r->cpu_us;
    r->burst_us = 0;
    return r->spent_us < BUDGET_US;
}

static int tired(err *e) {
    err_set(e, ERR_DEADLINE,
            "The regular expression took more than 50 ms of CPU time; make it simpler, or "
            "filter by "
            "something else first");
    return -1;
}

int search_regex_match(search_regex *r, str text, err *e) {
    if (r->cpu_us < 0) r->cpu_us = cpu_us();
    int64_t from = clock_mono_us();
    int rc = pcre2_match(r->code, (PCRE2_SPTR)(text.n ? text.p : ""), text.n, 0,
                         PCRE2_NO_UTF_CHECK, r->data, r->limits);
    if (!charge(r, clock_mono_us() - from)) return tired(e);
    if (rc >= 0) return 1;
    if (rc == PCRE2_ERROR_NOMATCH) return 0;
    if (rc == PCRE2_ERROR_MATCHLIMIT || rc == PCRE2_ERROR_DEPTHLIMIT ||
        rc == PCRE2_ERROR_HEAPLIMIT)
        return tired(e);
    err_set(e, ERR_INTERNAL, "The regular expression failed with code %d", rc);
    return -1;
}
