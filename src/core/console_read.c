// SPDX-License-Identifier: Apache-2.0
// console_read: pages of lines, from either end, all or those that match. A step copies up to 1
// MiB of records out of one snapshot; they are unpacked and searched outside of it. Any thread.
#include "base/clock.h"
#include "base/metrics.h"
#include "core/console_internal.h"
#include "core/console_sql.h"
#include "core/run_internal.h"
#include "core/search.h"

#include <stdlib.h>
#include <time.h>

#define STEP_BYTES (1u << 20) // of records
#define PAGE_BYTES (1u << 20) // of texts
#define BUDGET_US  45000      // of CPU time; a regular expression has 50 ms of its own
#define LOOK_EVERY 64         // lines between two looks at the clock

typedef struct stored {
    int64_t first, n;
    str data;
} stored;

typedef struct reading {
    ctx *c;
    id run;
    const console_query *q;
    console_page *out;
    int64_t at; // the next line to look at
    arena *a;   // of a step
    search_regex *regex;
    VEC(stored) records; // of the step, in the order of looking
    VEC(console_line) found;
    size_t bytes;
    uint64_t looked;
    int64_t began_us;
} reading;

static int64_t cpu_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

// ---- a step ---------------------------------------------------------------------------------

// The first line of the record that holds line `at`.
static bool record_of(db_tx *tx, reading *r, int64_t *first, err *e) {
    db_rows *row = NULL;
    int found =
        db_get(tx, &Q_console_at, &row, e, DB_I64(r->c->ws), DB_ID(r->run), DB_I64(r->at));
    *first = found > 0 ? db_i64(row, 0) : r->at;
    return found >= 0;
}

// Enough for the page when every line is wanted, and never more than STEP_BYTES.
static bool read_records(db_tx *tx, reading *r, err *e) {
    const console_query *q = r->q;
    int64_t first = r->at, lines = 0;
    size_t bytes = 0;
    bool all = !q->search.n && !q->one_stream;
    r->records.n = 0;
    if (!q->backward && !record_of(tx, r, &first, e)) return false;
    db_rows *rows = db_select(tx, q->backward ? &Q_console_backward : &Q_console_forward, e,
                              DB_I64(r->c->ws), DB_ID(r->run), DB_I64(first));
    if (!rows) return false;
    while (db_next(rows, e)) {
        stored s = {db_i64(rows, 0), db_i64(rows, 1), arena_str(r->a, db_blob(rows, 2))};
        vec_push(r->a, &r->records, s);
        bytes += s.data.n;
        lines += s.n;
        if (bytes >= STEP_BYTES || (all && lines >= (int64_t)q->max)) break;
    }
    db_end(rows);
    return e->code == ERR_NONE;
}

static bool read_step(db_tx *tx, void *arg, err *e) {
    reading *r = arg;
    run run_row;
    db_rows *row = NULL;
    if (!run_read(tx, r->c, r->run, &run_row, e)) return false;
    r->out->ended = run_ended(&run_row);
    int found = db_get(tx, &Q_console_head, &row, e, DB_I64(r->c->ws), DB_ID(r->run));
    if (found < 0) return false;
    r->out->total = found ? db_i64(row, 0) : 0;
    if (r->at > r->out->total && r->q->backward) r->at = r->out->total;
    return read_records(tx, r, e);
}

// ---- looking --------------------------------------------------------------------------------

// 1 wanted, 0 not, -1 and e.
static int wanted(reading *r, const console_line *l, err *e) {
    const console_query *q = r->q;
    if (q->one_stream && l->stream != q->stream) return 0;
    if (!q->search.n) return 1;
    if (r->regex) return search_regex_match(r->regex, l->text, e);
    return l->text.n && memmem(l->text.p, l->text.n, q->search.p, q->search.n) != NULL;
}

static bool is_done(const reading *r) {
    return r->found.n >= r->q->max || r->bytes >= PAGE_BYTES;
}

static bool is_tired(const reading *r) {
    return r->looked % LOOK_EVERY == 0 && cpu_us() - r->began_us > BUDGET_US;
}

static void keep(reading *r, const console_line *l) {
    console_line kept = *l;
    kept.text = arena_str(r->c->a, l->text);
    vec_push(r->c->a, &r->found, kept);
    r->bytes += kept.text.n;
}

// 1: go on with the next line; 0: the page ends before this line; -1: an error. A pattern that
// is tired ends the page, unless this is the first line that it looked at.
static int look_at(reading *r, const console_line *l, err *e) {
    bool outside = r->q->backward ? l->number > r->at : l->number < r->at;
    if (outside) return 1;
    if (is_done(r) || (r->looked && is_tired(r))) return 0;
    int w = wanted(r, l, e);
    if (w < 0 && e->code == ERR_DEADLINE && r->looked) {
        *e = (err){0};
        return 0;
    }
    if (w < 0) return -1;
    r->looked++;
    if (w) keep(r, l);
    r->at = l->number + (r->q->backward ? -1 : 1);
    return 1;
}

// No line of a record has the text when the record has not.
static bool may_match(const reading *r, const console_line *lines, size_t n) {
    if (!r->q->search.n || r->regex) return true;
    const char *p = lines[0].text.p, *end = lines[n - 1].text.p + lines[n - 1].text.n;
    return memmem(p, (size_t)(end - p), r->q->search.p, r->q->search.n) != NULL;
}

static int look_through(reading *r, const stored *s, err *e) {
    console_line *lines;
    size_t n;
    if (!console_decode(r->a, s->data, s->first, &lines, &n, e) || (int64_t)n != s->n) {
        METRIC_ADD(corrupt_total, 1);
        err_set(e, ERR_CORRUPT,
                "lines %lld to %lld of the console are damaged; read on behind "
                "them, and see 'stemma check'",
                (long long)s->first, (long long)(s->first + s->n - 1));
        return -1;
    }
    bool back = r->q->backward;
    if (!is_done(r) && !may_match(r, lines, n)) {
        r->looked += n;
        r->at = back ? s->first - 1 : s->first + (int64_t)n;
        return !(cpu_us() - r->began_us > BUDGET_US);
    }
    for (size_t i = 0; i < n; i++) {
        int go_on = look_at(r, &lines[back ? n - 1 - i : i], e);
        if (go_on <= 0) return go_on;
    }
    return 1;
}

// What was found before a damaged record is given; the next page begins with the damage.
static int look_through_step(reading *r, err *e) {
    for (size_t i = 0; i < r->records.n; i++) {
        int go_on = look_through(r, &r->records.p[i], e);
        if (go_on < 0 && e->code == ERR_CORRUPT && r->found.n) {
            *e = (err){0};
            return 0;
        }
        if (go_on <= 0) return go_on;
    }
    return 1;
}

static int by_number(const void *x, const void *y) {
    int64_t a = ((const console_line *)x)->number, b = ((const console_line *)y)->number;
    return (a > b) - (a < b);
}

static bool at_end(const reading *r) {
    return r->q->backward ? r->at < 1 : r->at > r->out->total;
}

// No record holds the line: what `stemma check` tells too.
static bool missing(const reading *r, err *e) {
    return err_set(e, ERR_CORRUPT, "line %lld of the console is missing; see 'stemma check'",
                   (long long)r->at);
}

static bool read_page(reading *r, err *e) {
    int go_on = 1;
    while (go_on > 0 && !is_done(r)) {
        arena_reset(r->a);
        r->records = (__typeof__(r->records)){0};
        if (!db_read(core_db(r->c->core), read_step, r, e)) return false;
        if (at_end(r)) break;
        int64_t before = r->at;
        go_on = look_through_step(r, e);
        if (go_on < 0) return false;
        if (go_on > 0 && r->at == before) return missing(r, e);
    }
    r->out->next = at_end(r) ? 0 : r->at;
    r->out->lines = r->found.p;
    r->out->n = r->found.n;
    if (r->q->backward && r->found.n)
        qsort(r->found.p, r->found.n, sizeof *r->found.p, by_number);
    return true;
}

bool console_read(ctx *c, id run_id, const console_query *q, console_page *out, err *e) {
    *out = (console_page){0};
    reading r = {.c = c, .run = run_id, .q = q, .out = out, .at = q->from};
    if (!q->backward && r.at < 1) r.at = 1;
    if (q->pattern && q->search.n && !(r.regex = search_regex_new(c->a, q->search, e)))
        return false;
    r.began_us = cpu_us();
    r.a = arena_new();
    bool ok = read_page(&r, e);
    arena_free(r.a);
    return ok;
}
