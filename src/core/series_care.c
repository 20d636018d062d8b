// SPDX-License-Identifier: Apache-2.0
// Care: checking what is stored, summaries anew, and removing what a deleted run held. Each
// works in small transactions. Any thread.
#include "base/metrics.h"
#include "core/core_internal.h"
#include "core/series_levels.h"
#include "core/series_sql.h"

#include <stdlib.h>

typedef struct levels_due { // a block whose levels are not there, or not as they should be
    bhead h;
    str levels;
} levels_due;

typedef struct care {
    core *c;
    void (*bad)(void *arg, id run, const char *what);
    void *arg;
    uint64_t looked_at; // blocks and records
    uint64_t changed;   // of the run being rebuilt
    uint64_t changed_in_all;
    arena *a;
    block *block;
    spt *points;
    bool mend;           // note what is due, instead of reporting it
    VEC(levels_due) due; // of one series
    // the run being looked at
    int64_t ws;
    id run;
    bool pending; // walking runs by their pending records
    bool end;
} care;

static care *care_new(core *c) {
    care *k = mem_alloc(sizeof *k);
    *k = (care){.c = c, .a = arena_new()};
    k->block = mem_alloc(sizeof *k->block);
    k->points = mem_alloc(BLOCK_MAX * sizeof *k->points);
    return k;
}

static void care_free(care *k) {
    arena_free(k->a);
    free(k->block);
    free(k->points);
    free(k);
}

static bool next_run(db_tx *tx, void *arg, err *e) {
    care *k = arg;
    db_rows *row = NULL;
    int there =
        k->pending
            ? db_get(tx, &Q_point_log_next_run, &row, e, DB_I64(k->ws), DB_ID(k->run))
            : db_get(tx, &Q_series_run_page, &row, e, DB_I64(k->ws), DB_ID(k->run), DB_I64(1));
    if (there < 0) return false;
    k->end = there == 0;
    if (k->end) return true;
    k->ws = db_i64(row, 0);
    k->run = db_id(row, 1);
    return true;
}

// fn for each run that has packed series (or pending records), a snapshot a run.
static bool each_run(care *k, bool pending, bool (*one)(care *k, err *e), err *e) {
    k->ws = INT64_MIN;
    k->run = (id){0};
    k->pending = pending;
    for (;;) {
        if (!db_read(core_db(k->c), next_run, k, e)) return false;
        if (k->end) return true;
        arena_reset(k->a);
        if (!core_goes_on(k->c, e) || !one(k, e)) return false;
    }
}

// ---- checking ------------------------------------------------------------------------------

static void report(care *k, str key, const char *what) {
    str text = arena_printf(k->a, "series %.*s: %s", STR_F(key), what);
    k->bad(k->arg, k->run, text.p);
}

static bool same_head(const bhead *a, const bhead *b) {
    return a->first_step == b->first_step && a->first_time == b->first_time &&
           a->last_step == b->last_step && a->last_time == b->last_time &&
           a->min_time == b->min_time && a->max_time == b->max_time && a->n == b->n &&
           a->distinct == b->distinct && a->stride == b->stride && a->nan == b->nan &&
           a->min == b->min && a->max == b->max && !((a->flags ^ b->flags) & BLOCK_RISING);
}

static const char *check_points(const block *b, const spt *p) {
    uint64_t distinct = 1, nan = 0;
    bool rising = true;
    for (size_t i = 0; i < b->n; i++) {
        nan += b->type == SERIES_F64 && p[i].val == RANK_NAN;
        if (!i) continue;
        if (spt_cmp(&p[i - 1], &p[i]) >= 0) return "a block's points are not in order";
        distinct += p[i].step != p[i - 1].step;
        rising = rising && p[i].time >= p[i - 1].time;
    }
    if (distinct != b->distinct || nan != b->nan || rising != (b->flags & BLOCK_RISING))
        return "a block's header does not fit its points";
    return NULL;
}

static void sum_points(const spt *p, size_t n, int type, ssum *sum) {
    for (size_t i = 0; i < n; i++)
        ssum_add(sum, &p[i], type);
}

// Opens, decodes and checks one block's bytes; its points are added to *sum.
static const char *check_bytes(care *k, str data, int type, ssum *sum) {
    err e = {0};
    k->looked_at++;
    if (!block_open(k->block, data, &e)) return "a block is damaged";
    if (k->block->type != type) return "a block is of another type than its series";
    block_all(k->block, k->points);
    sum_points(k->points, k->block->n, type, sum);
    return check_points(k->block, k->points);
}

// Are the stored levels those of the block that is open? When mending, notes those that are
// not.
static bool same_levels(care *k, const bhead *h, str stored) {
    buf is = BUF_MAX(64u << 10);
    slevels_put(&is, k->block);
    bool same = str_eq(buf_view(&is), stored);
    if (!same && k->mend)
        vec_push(k->a, &k->due, (levels_due){*h, arena_str(k->a, buf_view(&is))});
    buf_free(&is);
    return same;
}

// Blocks of one series: each by itself, against its row, and against the one before.
static bool check_blocks(care *k, db_tx *tx, const srow *s, ssum *sum, bool *whole, err *e) {
    db_rows *rows =
        db_select(tx, &Q_block_of_series, e, DB_I64(k->ws), DB_ID(k->run), DB_I64(s->number));
    bhead before = {.tier = -1};
    if (!rows) return false;
    while (db_next(rows, e)) {
        bhead h = bhead_read(rows);
        const char *bad = check_bytes(k, db_blob(rows, 15), s->type, sum);
        if (!bad) {
            bhead is = bhead_of(k->block, k->points, h.tier, h.number);
            if (!same_head(&is, &h))
                bad = "a block's row does not fit its points";
            else if (h.tier == before.tier &&
                     (h.first_step < before.last_step ||
                      (h.first_step == before.last_step && h.first_time < before.last_time)))
                bad = "two blocks of one tier overlap";
            else if ((k->mend || (s->flags & SERIES_LEVELED)) &&
                     !same_levels(k, &h, db_blob(rows, 16)) && !k->mend)
                bad = "a block's levels do not fit its points: run `stemma rebuild`";
            before = h;
        }
        if (bad) report(k, s->key, bad);
        if (bad) *whole = false;
    }
    db_end(rows);
    return e->code == ERR_NONE;
}

static bool same_sum(const ssum *a, const ssum *b) {
    return a->count == b->count && spt_eq(&a->first, &b->first) && spt_eq(&a->last, &b->last) &&
           a->ranged == b->ranged && (!a->ranged || (a->min == b->min && a->max == b->max));
}

static bool check_series(care *k, db_tx *tx, const srow *s, ssum *sum, bool *whole, err *e) {
    *sum = (ssum){0};
    *whole = true;
    if (!check_blocks(k, tx, s, sum, whole, e)) return false;
    if (!s->tail.p) return true;
    const char *bad = check_bytes(k, s->tail, s->type, sum);
    if (bad) report(k, s->key, bad);
    if (bad) *whole = false;
    return true;
}

typedef VEC(srow) row_list;

static bool list_rows(care *k, db_tx *tx, row_list *out, err *e) {
    db_rows *rows = db_select(tx, &Q_series_of_run, e, DB_I64(k->ws), DB_ID(k->run));
    if (!rows) return false;
    while (db_next(rows, e)) {
        srow s;
        bool ok = srow_read(rows, k->a, &s, e);
        if (!ok && !series_passable(e)) break;
        if (!ok) report(k, s.key, "the summary is damaged");
        s.sum.count = ok ? s.sum.count : 0;
        vec_push(k->a, out, s);
    }
    db_end(rows);
    return e->code == ERR_NONE;
}

static bool check_packed_in(db_tx *tx, void *arg, err *e) {
    care *k = arg;
    row_list list = {0};
    if (!list_rows(k, tx, &list, e)) return false;
    for (size_t i = 0; i < list.n; i++) {
        ssum sum;
        bool whole;
        if (!check_series(k, tx, &list.p[i], &sum, &whole, e)) return false;
        if (whole && !same_sum(&sum, &list.p[i].sum))
            report(k, list.p[i].key, "the summary does not fit the points");
    }
    return true;
}

static bool check_pending_in(db_tx *tx, void *arg, err *e) {
    care *k = arg;
    db_rows *rows = db_select(tx, &Q_point_log_points, e, DB_I64(k->ws), DB_ID(k->run));
    if (!rows) return false;
    while (db_next(rows, e)) {
        srec r;
        arena_reset(k->a);
        k->looked_at++;
        if (srec_open(&r, k->a, db_blob(rows, 1), db_blob(rows, 2), e)) continue;
        if (!series_passable(e)) break;
        k->bad(k->arg, k->run, "a record of points is damaged");
    }
    db_end(rows);
    return e->code == ERR_NONE;
}

static bool check_packed(care *k, err *e) {
    return db_read(core_db(k->c), check_packed_in, k, e);
}
static bool check_pending(care *k, err *e) {
    return db_read(core_db(k->c), check_pending_in, k, e);
}

bool series_check(core *c, void (*bad)(void *arg, id run, const char *what), void *arg,
                  uint64_t *blocks, err *e) {
    care *k = care_new(c);
    k->bad = bad;
    k->arg = arg;
    bool ok = each_run(k, false, check_packed, e) && each_run(k, true, check_pending, e);
    *blocks = k->looked_at;
    care_free(k);
    return ok;
}

// ---- summaries and levels anew -------------------------------------------------------------

static void ignore(void *arg, id run_id, const char *what) {
    (void)arg;
    (void)run_id;
    (void)what;
}

static bool write_levels(care *k, db_tx *tx, srow *s, err *e) {
    for (size_t i = 0; i < k->due.n; i++) {
        const levels_due *d = &k->due.p[i];
        if (!levels_write(tx, k->ws, k->run, s->number, &d->h, d->levels, e)) return false;
    }
    if (!(s->flags & SERIES_LEVELED)) k->changed++;
    s->flags |= SERIES_LEVELED;
    k->changed += k->due.n;
    return true;
}

// So that a packer that read the rows before does not write them back.
static bool raise_generation(const care *k, db_tx *tx, err *e) {
    db_rows *row;
    int found = db_get(tx, &Q_series_run_get, &row, e, DB_I64(k->ws), DB_ID(k->run));
    return !found ||
           (found > 0 && db_do(tx, &Q_series_run_update, e, DB_I64(k->ws), DB_ID(k->run),
                               DB_I64(db_i64(row, 0)), DB_I64(db_i64(row, 1))) >= 0);
}

static bool rebuild_in(db_tx *tx, void *arg, err *e) {
    care *k = arg;
    row_list list = {0};
    arena_reset(k->a);
    k->changed = 0;
    if (!list_rows(k, tx, &list, e)) return false;
    for (size_t i = 0; i < list.n; i++) {
        srow *s = &list.p[i];
        ssum sum;
        bool whole;
        uint64_t before = k->changed;
        k->due.p = NULL;
        k->due.n = k->due.cap = 0;
        if (!check_series(k, tx, s, &sum, &whole, e) || !write_levels(k, tx, s, e))
            return false;
        if (sum.count && !same_sum(&sum, &s->sum)) {
            s->sum = sum;
            k->changed++;
        }
        if (k->changed != before && !srow_put(tx, k->ws, k->run, s, e)) return false;
    }
    return !k->changed || raise_generation(k, tx, e);
}

static bool rebuild_run(care *k, err *e) {
    if (!db_write(core_db(k->c), rebuild_in, k, e)) return false;
    k->changed_in_all += k->changed;
    return true;
}

bool series_rebuild(core *c, uint64_t *n, err *e) {
    care *k = care_new(c);
    k->bad = ignore;
    k->mend = true;
    bool ok = each_run(k, false, rebuild_run, e);
    *n = k->changed_in_all;
    care_free(k);
    return ok;
}

// ---- removing ------------------------------------------------------------------------------

enum { FORGET_ROWS = 64 };

static bool unlink_models(db_tx *tx, int64_t ws, id run_id, const srec *r, err *e) {
    for (size_t i = 0; i < r->n_series; i++) {
        id m = r->series[i].model;
        if (id_is_zero(m) || (i && id_eq(m, r->series[i - 1].model))) continue;
        if (!db_push(tx, &Q_model_run_delete, e, DB_I64(ws), DB_ID(m), DB_ID(run_id)))
            return false;
    }
    return true;
}

static bool forget_records(db_tx *tx, int64_t ws, id run_id, size_t *left, err *e) {
    id seqs[FORGET_ROWS];
    srec records[FORGET_ROWS];
    size_t n = 0;
    arena *a = db_tx_arena(tx);
    db_rows *rows = db_select(tx, &Q_point_log_heads, e, DB_I64(ws), DB_ID(run_id));
    if (!rows) return false;
    for (; n < FORGET_ROWS && db_next(rows, e); n++) {
        seqs[n] = db_id(rows, 0);
        if (srec_open(&records[n], a, arena_str(a, db_blob(rows, 1)), (str){0}, e)) continue;
        records[n].n_series = 0;
        if (!series_passable(e)) break;
    }
    db_end(rows);
    for (size_t i = 0; i < n && e->code == ERR_NONE; i++) {
        if (!unlink_models(tx, ws, run_id, &records[i], e)) return false;
        db_push(tx, &Q_point_log_delete, e, DB_I64(ws), DB_ID(run_id), DB_ID(seqs[i]));
    }
    *left -= n;
    return e->code == ERR_NONE;
}

// Blocks of one series, then its row.
static bool forget_series(db_tx *tx, int64_t ws, id run_id, const srow *s, size_t *left,
                          err *e) {
    bhead h[FORGET_ROWS];
    size_t n = 0;
    db_rows *rows = db_select(tx, &Q_block_keys, e, DB_I64(ws), DB_ID(run_id),
                              DB_I64(s->number), DB_I64(*left));
    if (!rows) return false;
    while (n < *left && db_next(rows, e))
        h[n++] = bhead_read(rows);
    db_end(rows);
    for (size_t i = 0; i < n && e->code == ERR_NONE; i++) {
        block_delete(tx, ws, run_id, s->number, &h[i], e);
    }
    *left -= n;
    if (e->code != ERR_NONE || !*left) return e->code == ERR_NONE;
    --*left;
    if (!id_is_zero(s->model) &&
        !db_push(tx, &Q_model_run_delete, e, DB_I64(ws), DB_ID(s->model), DB_ID(run_id)))
        return false;
    return db_push(tx, &Q_series_delete, e, DB_I64(ws), DB_ID(run_id), DB_TEXT(s->key),
                   DB_BLOB(s->identity));
}

bool series_forget_step(db_tx *tx, int64_t ws, id run_id, bool *done, err *e) {
    size_t left = FORGET_ROWS;
    row_list list = {0};
    *done = false;
    if (!forget_records(tx, ws, run_id, &left, e)) return false;
    if (!left) return true;
    db_rows *rows = db_select(tx, &Q_series_first, e, DB_I64(ws), DB_ID(run_id), DB_I64(left));
    if (!rows) return false;
    while (db_next(rows, e)) {
        srow s;
        if (!srow_read(rows, db_tx_arena(tx), &s, e) && !series_passable(e)) break;
        vec_push(db_tx_arena(tx), &list, s);
    }
    db_end(rows);
    bool full = list.n == left;
    for (size_t i = 0; i < list.n && e->code == ERR_NONE && left; i++)
        forget_series(tx, ws, run_id, &list.p[i], &left, e);
    if (e->code != ERR_NONE) return false;
    *done = left > 0 && !full;
    return !*done || db_push(tx, &Q_series_run_delete, e, DB_I64(ws), DB_ID(run_id));
}

// ---- bringing back --------------------------------------------------------------------------

bool series_relink(db_tx *tx, int64_t ws, id run_id, id model_id, err *e) {
    return id_is_zero(model_id) ||
           db_push(tx, &Q_model_run_link, e, DB_I64(ws), DB_ID(model_id), DB_ID(run_id));
}

bool series_relink_record(db_tx *tx, int64_t ws, id run_id, str head, err *e) {
    srec r;
    if (!srec_open(&r, db_tx_arena(tx), head, (str){0}, e)) return series_passable(e);
    for (size_t i = 0; i < r.n_series; i++) {
        if (!series_relink(tx, ws, run_id, r.series[i].model, e)) return false;
    }
    return true;
}
