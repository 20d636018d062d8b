// SPDX-License-Identifier: Apache-2.0
// A packing step. I1: it deletes exactly the records that it read, and only in the transaction
// that stores their points in blocks or tails. I2: blocks are never changed, only replaced, and
// each change of a run's series raises the generation of its series_run row; a step whose
// generation has moved fails as a whole. So a step that is killed, or runs twice at once on two
// servers, loses nothing and doubles nothing. One thread a step.
#include "core/series_pack_step.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "core/series_levels.h"
#include "core/series_sql.h"

#include <stdlib.h>

enum {
    DUE_RECORDS = 256,
    DUE_POINTS = 131072,
    DUE_US = 2000000, // no record waits longer (but for what is in front of it)
};

// ---- what is due ---------------------------------------------------------------------------

// Is it worth packing now? Else its records are counted as waiting.
static bool is_due(db_tx *tx, pack_step *s, int64_t ws, id run_id, bool *due, err *e) {
    int64_t points = 0;
    size_t records = 0;
    id zero = {0};
    db_rows *rows = db_select(tx, &Q_point_log_sizes, e, DB_I64(ws), DB_ID(run_id), DB_ID(zero),
                              DB_I64(DUE_RECORDS));
    if (!rows) return false;
    *due = s->everything;
    while (db_next(rows, e)) {
        int64_t since = id_ms(db_id(rows, 0)) * 1000;
        if (!records && (!s->oldest_us || since < s->oldest_us)) s->oldest_us = since;
        if (!records++ && since < s->now_us - DUE_US) *due = true;
        points += db_i64(rows, 1);
        if (points >= DUE_POINTS || records >= DUE_RECORDS) *due = true;
        if (*due) break;
    }
    db_end(rows);
    if (!*due) s->waiting += records;
    return e->code == ERR_NONE;
}

static bool next_run(db_tx *tx, pack_step *s, bool *found, err *e) {
    db_rows *row = NULL;
    int there = db_get(tx, &Q_point_log_next_run, &row, e, DB_I64(s->ws), DB_ID(s->run));
    if (there < 0) return false;
    *found = there == 1;
    if (!*found) return true;
    s->ws = db_i64(row, 0);
    s->run = db_id(row, 1);
    return true;
}

// ---- reading a run -------------------------------------------------------------------------

static pjob *job_of(arena *a, prun *r, const srec_series *s) {
    str identity = srow_identity(a, s);
    pjob **place = (pjob **)map_at(&r->by_series, arena_pair(a, s->key, identity), NULL);
    if (*place) return *place;
    pjob *job = *place = ARENA_NEW(a, pjob);
    job->fresh = true;
    job->row = (srow){.key = s->key,
                      .identity = identity,
                      .dataset_name = s->dataset_name,
                      .dataset_digest = s->dataset_digest,
                      .model = s->model,
                      .type = s->type,
                      .flags = SERIES_RISING | SERIES_LEVELED};
    vec_push(a, &r->jobs, job);
    return job;
}

typedef struct record {
    id seq;
    srec r;
    pjob **jobs;
} record;
typedef VEC(record) record_list;

// Records of a run in order, as many as the step has room for. Damaged ones stay where they
// are.
static bool read_records(db_tx *tx, pack_step *s, prun *r, record_list *out, err *e) {
    db_rows *rows = db_select(tx, &Q_point_log_points, e, DB_I64(r->ws), DB_ID(r->run));
    if (!rows) return false;
    while (s->points + r->points < s->limits.points && db_next(rows, e)) {
        record x = {.seq = db_id(rows, 0)};
        str head = arena_str(s->a, db_blob(rows, 1)), data = arena_str(s->a, db_blob(rows, 2));
        if (!srec_open(&x.r, s->a, head, data, e)) {
            if (series_passable(e)) continue;
            break;
        }
        x.jobs = ARENA_ARRAY(s->a, pjob *, x.r.n_series);
        for (size_t i = 0; i < x.r.n_series; i++) {
            x.jobs[i] = job_of(s->a, r, &x.r.series[i]);
            x.jobs[i]->room += x.r.series[i].sum.count;
        }
        r->points += x.r.n;
        vec_push(s->a, out, x);
    }
    db_end(rows);
    return e->code == ERR_NONE;
}

// All of a record's points, or none.
static void decode_record(arena *a, prun *r, const record *x) {
    bool ok = true;
    err e = {0};
    for (size_t i = 0; ok && i < x->r.n_series; i++) {
        pjob *job = x->jobs[i];
        ok = srec_points(&x->r.series[i], job->p + job->n + job->staged, &e);
        if (ok) job->staged += x->r.series[i].sum.count;
    }
    for (size_t i = 0; i < x->r.n_series; i++) {
        if (ok) x->jobs[i]->n += x->jobs[i]->staged;
        x->jobs[i]->staged = 0;
    }
    if (ok) vec_push(a, &r->seqs, x->seq);
}

static bool read_series_run(db_tx *tx, prun *r, err *e) {
    db_rows *row = NULL;
    int there = db_get(tx, &Q_series_run_get, &row, e, DB_I64(r->ws), DB_ID(r->run));
    if (there < 0) return false;
    r->there = there == 1;
    r->generation = r->there ? db_i64(row, 0) : 0;
    r->next_series = r->there ? db_i64(row, 1) : 1;
    return true;
}

static bool read_row(db_tx *tx, arena *a, prun *r, pjob *job, err *e) {
    db_rows *row = NULL;
    int there = !r->there ? 0
                          : db_get(tx, &Q_series_get, &row, e, DB_I64(r->ws), DB_ID(r->run),
                                   DB_TEXT(job->row.key), DB_BLOB(job->row.identity));
    if (there < 0) return false;
    job->fresh = !there;
    if (job->fresh) {
        job->row.number = r->next_series++;
        return true;
    }
    return srow_read(row, a, &job->row, e);
}

// A tail that can not be read becomes a block as it is, in a place where it meets nothing.
static void keep_damaged_tail(arena *a, pjob *job) {
    bhead h = {.tier = job->row.tiers ? job->row.tiers : 1,
               .first_step = INT64_MAX,
               .first_time = INT64_MAX,
               .last_step = INT64_MAX,
               .last_time = INT64_MAX,
               .number = ++job->row.next_block,
               .n = 1,
               .distinct = 1};
    job->row.tiers = h.tier;
    vec_push(a, &job->blocks, (pblock){.h = h, .data = job->row.tail});
}

static bool read_tail(pack_step *s, pjob *job, err *e) {
    if (!job->row.tail.p) return true;
    if (!block_open(s->block, job->row.tail, e)) {
        if (!series_passable(e)) return false;
        keep_damaged_tail(s->a, job);
        return true;
    }
    if (s->block->n > TAIL_MAX || s->block->type != job->row.type)
        return err_set(e, ERR_CORRUPT, "the tail of series %.*s is not one",
                       STR_F(job->row.key));
    job->tail_n = s->block->n;
    block_all(s->block, job->p + job->n);
    job->n += job->tail_n;
    return true;
}

static bool read_run(db_tx *tx, pack_step *s, prun *r, err *e) {
    record_list records = {0};
    r->by_series = map_new(s->a);
    if (!read_records(tx, s, r, &records, e) || !read_series_run(tx, r, e)) return false;
    for (size_t i = 0; i < r->jobs.n; i++) {
        pjob *job = r->jobs.p[i];
        job->p = (spt *)(void *)arena_alloc(s->a, (job->room + TAIL_MAX) * sizeof *job->p);
    }
    for (size_t i = 0; i < records.n; i++)
        decode_record(s->a, r, &records.p[i]);
    for (size_t i = 0; i < r->jobs.n; i++) {
        pjob *job = r->jobs.p[i];
        if (!job->n) continue; // all its records are damaged
        if (!read_row(tx, s->a, r, job, e) || !read_tail(s, job, e)) return false;
        if (s->n_scratch < job->n) {
            s->n_scratch = job->n * 2;
            s->scratch = mem_realloc(s->scratch, s->n_scratch * sizeof *s->scratch);
        }
        job->n = spt_sort(job->p, job->n, s->scratch, spt_cmp);
        if (!pack_plan(tx, s->a, r, job, e)) return false;
    }
    return true;
}

// ---- encoding ------------------------------------------------------------------------------

static str encode(pack_step *s, const spt *p, size_t n, int type) {
    buf b = BUF_MAX(1 << 20);
    block_write(&b, p, n, type);
    str out = arena_str(s->a, buf_view(&b));
    buf_free(&b);
    return out;
}

static bool keep_block(pack_step *s, pjob *job, int64_t tier, const spt *p, str data,
                       int64_t flags, err *e) {
    if (!block_open(s->block, data, e)) return false;
    bhead h = bhead_of(s->block, p, tier, ++job->row.next_block);
    h.flags |= flags;
    buf levels = BUF_MAX(64u << 10);
    slevels_put(&levels, s->block);
    vec_push(s->a, &job->blocks, (pblock){h, data, arena_str(s->a, buf_view(&levels))});
    buf_free(&levels);
    return true;
}

// SQLite keeps what of a row fills whole pages behind it, and the rest (PAGE_LOCAL and up) in
// the table's leaves: a rest that is small, or nearly a page, wastes little. How many points of
// n would come to that? (Pages of 8 KiB; elsewhere this does no harm.)
enum { PAGE_BYTES = 8188, PAGE_LOCAL = 1003, ROW_BYTES = 110, FIT_LEAST = BLOCK_MAX / 4 * 3 };
static size_t points_that_fit(size_t n, size_t bytes) {
    size_t all = bytes + ROW_BYTES, rest = (all - PAGE_LOCAL) % PAGE_BYTES;
    if (all < PAGE_BYTES + PAGE_LOCAL || rest <= 1000 || rest >= 7500) return n;
    return (size_t)((double)n * (double)(all - rest + 450) / (double)all);
}

// The next block of the main sequence's end out of the first of n points, as full as is good.
static bool encode_full(pack_step *s, pjob *job, const spt *p, size_t n, size_t *used, err *e) {
    size_t k = n < BLOCK_MAX ? n : job->fit ? job->fit : BLOCK_MAX;
    str data = encode(s, p, k, job->row.type);
    size_t fit = k >= FIT_LEAST ? points_that_fit(k, data.n) : k;
    if (fit < k && fit >= FIT_LEAST) {
        k = fit;
        data = encode(s, p, k, job->row.type);
    }
    if (k >= FIT_LEAST) job->fit = k;
    *used = k;
    return keep_block(s, job, 0, p, data, k < n || k == BLOCK_MAX ? BLOCK_FULL : 0, e);
}

// Full blocks, a shorter last one, and a short rest for the tail.
static bool encode_end(pack_step *s, pjob *job, const pseq *q, err *e) {
    size_t i = 0, used, tail = q->n <= TAIL_MAX ? TAIL_MAX : TAIL_REST;
    for (; q->n - i > tail; i += used) {
        if (!encode_full(s, job, q->p + i, q->n - i, &used, e)) return false;
    }
    job->new_tail_n = q->n - i;
    if (q->n > i) job->row.tail = encode(s, q->p + i, q->n - i, job->row.type);
    return true;
}

static bool encode_seq(pack_step *s, pjob *job, const pseq *q, err *e) {
    if (q->ends) return encode_end(s, job, q, e);
    size_t blocks = (q->n + BLOCK_MAX - 1) / BLOCK_MAX;
    size_t each = blocks ? (q->n + blocks - 1) / blocks : 1;
    for (size_t i = 0; i < q->n; i += each) {
        size_t n = q->n - i < each ? q->n - i : each;
        str data = encode(s, q->p + i, n, job->row.type);
        if (!keep_block(s, job, q->tier, q->p + i, data, 0, e)) return false;
    }
    return true;
}

// The row's summary as it will be: exact but for repeats across blocks that are not merged yet.
static void sum_up(pjob *job, bool settling) {
    srow *row = &job->row;
    ssum more = {0};
    int64_t count = (int64_t)row->sum.count - (int64_t)job->tail_n + (int64_t)job->new_tail_n;
    for (size_t i = 0; i < job->dead.n; i++) {
        count -= job->dead.p[i].n;
        if (job->dead.p[i].tier) row->late -= job->dead.p[i].n;
    }
    for (size_t i = 0; i < job->blocks.n; i++) {
        count += job->blocks.p[i].h.n;
        if (job->blocks.p[i].h.tier) row->late += job->blocks.p[i].h.n;
    }
    if (row->late <= 0) row->tiers = 0;
    for (size_t i = 0; !settling && i < job->n; i++)
        ssum_add(&more, &job->p[i], row->type);
    ssum_join(&row->sum, &more);
    row->sum.count = count > 0 ? (uint64_t)count : 0;
}

static bool encode_job(pack_step *s, pjob *job, bool settling, err *e) {
    if (!settling) {
        job->row.tail = (str){0};
        job->new_tail_n = 0;
    } else
        job->new_tail_n = job->tail_n;
    for (size_t i = 0; i < job->seqs.n; i++) {
        if (!encode_seq(s, job, &job->seqs.p[i], e)) return false;
    }
    sum_up(job, settling);
    return true;
}

// ---- writing -------------------------------------------------------------------------------

static bool write_block(db_tx *tx, const prun *r, int64_t series, const pblock *k, err *e) {
    const bhead *h = &k->h;
    if (k->levels.n && !levels_write(tx, r->ws, r->run, series, h, k->levels, e)) return false;
    return db_push(tx, &Q_block_insert, e, DB_I64(r->ws), DB_ID(r->run), DB_I64(series),
                   DB_I64(h->tier), DB_I64(h->first_step), DB_I64(h->first_time),
                   DB_I64(h->number), DB_I64(h->last_step), DB_I64(h->last_time),
                   DB_I64(h->min_time), DB_I64(h->max_time), DB_I64(h->n), DB_I64(h->distinct),
                   DB_I64(h->stride), DB_I64(h->nan), DB_I64(h->min), DB_I64(h->max),
                   DB_I64(h->flags), DB_BLOB(k->data));
}

static bool write_job(db_tx *tx, const prun *r, const pjob *job, err *e) {
    int64_t series = job->row.number;
    for (size_t i = 0; i < job->dead.n; i++) {
        if (!block_delete(tx, r->ws, r->run, series, &job->dead.p[i], e)) return false;
    }
    for (size_t i = 0; i < job->blocks.n; i++) {
        if (!write_block(tx, r, series, &job->blocks.p[i], e)) return false;
    }
    return srow_put(tx, r->ws, r->run, &job->row, e);
}

static bool moved(err *e) {
    return err_set(e, ERR_CONFLICT, "the run was packed or removed by somebody else");
}

static bool write_run(db_tx *tx, const prun *r, err *e) {
    int64_t n = r->there ? db_do(tx, &Q_series_run_update, e, DB_I64(r->ws), DB_ID(r->run),
                                 DB_I64(r->generation), DB_I64(r->next_series))
                         : db_do(tx, &Q_series_run_insert, e, DB_I64(r->ws), DB_ID(r->run),
                                 DB_I64(r->next_series));
    if (n < 0) return false;
    if (n != 1) return moved(e);
    for (size_t i = 0; i < r->seqs.n; i++) { // the first tells whether the run is being removed
        const id *seq = &r->seqs.p[i];
        n = i ? db_push(tx, &Q_point_log_delete, e, DB_I64(r->ws), DB_ID(r->run), DB_ID(*seq))
              : db_do(tx, &Q_point_log_delete, e, DB_I64(r->ws), DB_ID(r->run), DB_ID(*seq));
        if (i ? !n : n < 0) return false;
        if (!i && n != 1) return moved(e);
    }
    for (size_t i = 0; i < r->jobs.n; i++) {
        if (r->jobs.p[i]->n && !write_job(tx, r, r->jobs.p[i], e)) return false;
    }
    return true;
}

static bool write_records(db_tx *tx, void *arg, err *e) {
    const prun *r = arg;
    return !r->seqs.n || write_run(tx, r, e);
}

static bool write_step(db_tx *tx, void *arg, err *e) {
    const pack_step *s = arg;
    for (size_t i = 0; i < s->runs.n; i++) {
        if (!write_records(tx, s->runs.p[i], e)) return false;
    }
    return true;
}

static bool is_of_data(const err *e) {
    return e->code == ERR_INVALID || e->code == ERR_TOO_LARGE;
}

// A run whose rows are refused for what they hold must not keep the others from being packed.
static bool write_each(pack_step *s, err *e) {
    size_t n = s->runs.n;
    s->runs.n = 0;
    for (size_t i = 0; i < n; i++) {
        prun *r = s->runs.p[i];
        char hex[ID_HEX];
        if (db_write(s->db, write_records, r, e)) {
            s->runs.p[s->runs.n++] = r;
            continue;
        }
        if (!is_of_data(e)) return false;
        s->points -= r->points;
        id_hex(r->run, hex);
        METRIC_ADD(pack_errors_total, 1);
        log_msg(LOG_ERROR, "pack.refused", "run %s: %s", hex, e->msg);
    }
    *e = (err){0};
    return true;
}

// ---- a step --------------------------------------------------------------------------------

pack_step *pack_step_new(db *d, bool everything) {
    pack_step *s = mem_alloc(sizeof *s);
    s->db = d;
    s->everything = everything;
    s->limits = PACK_LIMITS;
    s->a = arena_new();
    s->block = mem_alloc(sizeof *s->block);
    return s;
}

void pack_step_free(pack_step *s) {
    if (!s) return;
    arena_free(s->a);
    free(s->block);
    free(s->scratch);
    free(s);
}

// A run that can not be read now must not keep the others from being packed.
static bool try_run(db_tx *tx, pack_step *s, err *e) {
    prun *r = ARENA_NEW(s->a, prun);
    r->limits = &s->limits;
    r->ws = s->ws;
    r->run = s->run;
    if (!read_run(tx, s, r, e)) {
        if (!series_passable(e)) return false;
        METRIC_ADD(pack_errors_total, 1);
        return true;
    }
    vec_push(s->a, &s->runs, r);
    s->points += r->points;
    s->series += r->jobs.n;
    return true;
}

static bool read_step(db_tx *tx, void *arg, err *e) {
    pack_step *s = arg;
    arena_reset(s->a);
    s->runs.p = NULL;
    s->runs.n = s->runs.cap = 0;
    s->points = s->series = s->waiting = 0;
    s->ws = s->from_ws;
    s->run = s->from_run;
    s->end = false;
    while (s->points < s->limits.points && s->series < s->limits.series) {
        bool found, due;
        if (!next_run(tx, s, &found, e)) return false;
        s->end = !found;
        if (s->end) return true;
        if (!is_due(tx, s, s->ws, s->run, &due, e)) return false;
        if (due && !try_run(tx, s, e)) return false;
    }
    return true;
}

static size_t records_of(const pack_step *s) {
    size_t n = 0;
    for (size_t i = 0; i < s->runs.n; i++)
        n += s->runs.p[i]->seqs.n;
    return n;
}

static bool settle_job(pack_step *s, prun *r, pjob *job, err *e);

static bool any_pending(db_tx *tx, void *arg, err *e) {
    pack_step *s = arg;
    s->ws = INT64_MIN;
    s->run = (id){0};
    return next_run(tx, s, &s->pending, e);
}

bool pack_step_pending(pack_step *s, bool *any, err *e) {
    if (!db_read(s->db, any_pending, s, e)) return false;
    *any = s->pending;
    return true;
}

bool pack_step_read(pack_step *s, err *e) {
    s->now_us = clock_now_us();
    if (!db_read(s->db, read_step, s, e)) return false;
    for (size_t i = 0; i < s->runs.n; i++) {
        prun *r = s->runs.p[i];
        for (size_t k = 0; k < r->jobs.n; k++) {
            if (r->jobs.p[k]->n && !encode_job(s, r->jobs.p[k], false, e)) return false;
        }
    }
    // What one step could not take of a run waits for the next round, so that no run waits for
    // it.
    s->from_ws = s->ws;
    s->from_run = s->run;
    return true;
}

static bool settle_runs(pack_step *s, err *e) {
    for (size_t i = 0; i < s->runs.n; i++) {
        prun *r = s->runs.p[i];
        for (size_t k = 0; k < r->jobs.n; k++) {
            if (r->jobs.p[k]->overfull && !settle_job(s, r, r->jobs.p[k], e)) return false;
        }
    }
    return true;
}

bool pack_step_write(pack_step *s, size_t *packed, err *e) {
    *packed = records_of(s);
    if (!*packed) return true;
    if (!db_write(s->db, write_step, s, e) && (!is_of_data(e) || !write_each(s, e)))
        return false;
    *packed = records_of(s);
    METRIC_ADD(points_packed_total, (int64_t)s->points);
    if (METRIC_ADD(pack_backlog_records, -(int64_t)*packed) < (int64_t)*packed)
        METRIC_SET(pack_backlog_records, 0); // others' records were not counted here
    return settle_runs(s, e);
}

bool pack_step_run(pack_step *s, size_t *packed, err *e) {
    *packed = 0;
    return pack_step_read(s, e) && pack_step_write(s, packed, e);
}

// ---- settling ------------------------------------------------------------------------------

typedef struct settle {
    pack_step *s;
    arena *a;
    const prun *of;
    str key, identity;
    prun r;
    pjob job;
    bool more;
} settle;

static bool settle_read(db_tx *tx, void *arg, err *e) {
    settle *t = arg;
    db_rows *row = NULL;
    arena_reset(t->a);
    t->r = (prun){.limits = &t->s->limits, .ws = t->of->ws, .run = t->of->run};
    t->job = (pjob){0};
    t->more = false;
    if (!read_series_run(tx, &t->r, e)) return false;
    int there = db_get(tx, &Q_series_get, &row, e, DB_I64(t->r.ws), DB_ID(t->r.run),
                       DB_TEXT(t->key), DB_BLOB(t->identity));
    if (there <= 0) return there == 0;
    if (!srow_read(row, t->a, &t->job.row, e)) return false;
    if (t->job.row.tail.p) {
        if (!block_open(t->s->block, t->job.row.tail, e)) return series_passable(e);
        t->job.tail_n = t->s->block->n;
    }
    return pack_plan_settle(tx, t->a, &t->r, &t->job, &t->more, e);
}

static bool settle_write(db_tx *tx, void *arg, err *e) {
    settle *t = arg;
    int64_t n = db_do(tx, &Q_series_run_update, e, DB_I64(t->r.ws), DB_ID(t->r.run),
                      DB_I64(t->r.generation), DB_I64(t->r.next_series));
    if (n < 0) return false;
    return n == 1 ? write_job(tx, &t->r, &t->job, e) : moved(e);
}

// Moves parts of overfull tiers, a transaction a part, until all fit.
static bool settle_job(pack_step *s, prun *r, pjob *job, err *e) {
    settle t = {.s = s, .a = arena_new(), .of = r, .more = true};
    t.key = job->row.key;
    t.identity = job->row.identity;
    arena *step = s->a;
    bool ok = true;
    while (ok && t.more && !(s->stop && atomic_load(s->stop))) {
        ok = db_read(s->db, settle_read, &t, e);
        if (!ok || !t.more) break;
        s->a = t.a; // what is encoded lives as long as the part
        ok = encode_job(s, &t.job, true, e) && db_write(s->db, settle_write, &t, e);
        s->a = step;
    }
    s->a = step;
    arena_free(t.a);
    return ok;
}
