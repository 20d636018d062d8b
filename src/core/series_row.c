// SPDX-License-Identifier: Apache-2.0
// Rows of the tables series and block, read and written. Any thread, within a transaction.
#include "base/digest.h"
#include "core/series_internal.h"
#include "core/series_sql.h"

str srow_identity(arena *a, const srec_series *s) {
    if (id_is_zero(s->model) && !s->dataset_name.n && !s->dataset_digest.n &&
        s->type == SERIES_F64) {
        return str_n("", 0);
    }
    buf b = BUF_MAX(1 << 20);
    buf_byte(&b, (char)s->type);
    buf_add(&b, s->model.b, sizeof s->model.b);
    buf_uvar(&b, s->dataset_name.n);
    buf_str(&b, s->dataset_name);
    buf_str(&b, s->dataset_digest);
    sha256 d = sha256_of(b.p, b.n);
    buf_free(&b);
    return arena_str(a, str_n(d.b, 16));
}

bool srow_read(const db_rows *r, arena *a, srow *s, err *e) {
    *s = (srow){.key = arena_str(a, db_text(r, 0)),
                .identity = arena_str(a, db_blob(r, 1)),
                .model = db_id(r, 2),
                .dataset_name = arena_str(a, db_text(r, 3)),
                .dataset_digest = arena_str(a, db_text(r, 4)),
                .type = (int)db_i64(r, 5),
                .number = db_i64(r, 6),
                .flags = db_i64(r, 7),
                .tiers = db_i64(r, 8),
                .late = db_i64(r, 9),
                .next_block = db_i64(r, 10)};
    cur c = cur_of(db_blob(r, 11));
    if (!db_is_null(r, 12)) s->tail = arena_str(a, db_blob(r, 12));
    if (!ssum_get(&c, &s->sum, s->type) || cur_left(&c)) {
        return err_set(e, ERR_CORRUPT,
                       "the summary of series %.*s is damaged; run `stemma rebuild`",
                       STR_F(s->key));
    }
    return true;
}

bool srow_put(db_tx *tx, int64_t ws, id run_id, const srow *s, err *e) {
    buf sum = BUF_MAX(256);
    bool dataset = s->dataset_name.n || s->dataset_digest.n;
    ssum_put(&sum, &s->sum, s->type);
    bool ok = db_push(tx, &Q_series_put, e, DB_I64(ws), DB_ID(run_id), DB_TEXT(s->key),
                      DB_BLOB(s->identity), id_is_zero(s->model) ? DB_NULL : DB_ID(s->model),
                      dataset ? DB_TEXT(s->dataset_name) : DB_NULL,
                      dataset ? DB_TEXT(s->dataset_digest) : DB_NULL, DB_I64(s->type),
                      DB_I64(s->number), DB_I64(s->flags), DB_I64(s->tiers), DB_I64(s->late),
                      DB_I64(s->next_block), DB_BLOB(buf_view(&sum)),
                      s->tail.p ? DB_BLOB(s->tail) : DB_NULL);
    buf_free(&sum);
    return ok;
}

bhead bhead_read(const db_rows *r) {
    return (bhead){.tier = db_i64(r, 0),
                   .first_step = db_i64(r, 1),
                   .first_time = db_i64(r, 2),
                   .number = db_i64(r, 3),
                   .last_step = db_i64(r, 4),
                   .last_time = db_i64(r, 5),
                   .min_time = db_i64(r, 6),
                   .max_time = db_i64(r, 7),
                   .n = db_i64(r, 8),
                   .distinct = db_i64(r, 9),
                   .stride = db_i64(r, 10),
                   .nan = db_i64(r, 11),
                   .min = db_i64(r, 12),
                   .max = db_i64(r, 13),
                   .flags = db_i64(r, 14)};
}

bhead bhead_of(const block *b, const spt *p, int64_t tier, int64_t number) {
    const spt *last = &p[b->n - 1];
    bhead h = {.tier = tier,
               .first_step = p->step,
               .first_time = p->time,
               .number = number,
               .last_step = last->step,
               .last_time = last->time,
               .min_time = p->time,
               .max_time = p->time,
               .n = b->n,
               .distinct = b->distinct,
               .stride = b->stride,
               .nan = b->nan,
               .flags = b->flags};
    for (size_t i = 1; i < b->n; i++) {
        h.min_time = p[i].time < h.min_time ? p[i].time : h.min_time;
        h.max_time = p[i].time > h.max_time ? p[i].time : h.max_time;
    }
    if (!block_range(b, 0, b->n, &h.min, &h.max)) {
        h.min = INT64_MAX;
        h.max = INT64_MIN;
    }
    return h;
}

bool block_fetch(db_tx *tx, int64_t ws, id run_id, int64_t series, const bhead *h, buf *out,
                 bool *found, err *e) {
    db_rows *row = NULL;
    int there = db_get(tx, &Q_block_data, &row, e, DB_I64(ws), DB_ID(run_id), DB_I64(series),
                       DB_I64(h->tier), DB_I64(h->first_step), DB_I64(h->first_time),
                       DB_I64(h->number));
    if (there < 0) return false;
    *found = there == 1;
    buf_clear(out);
    if (*found) buf_str(out, db_blob(row, 0));
    return true;
}

bool block_delete(db_tx *tx, int64_t ws, id run_id, int64_t series, const bhead *h, err *e) {
    return db_push(tx, &Q_block_delete, e, DB_I64(ws), DB_ID(run_id), DB_I64(series),
                   DB_I64(h->tier), DB_I64(h->first_step), DB_I64(h->first_time),
                   DB_I64(h->number)) &&
           db_push(tx, &Q_block_level_delete, e, DB_I64(ws), DB_ID(run_id), DB_I64(series),
                   DB_I64(h->tier), DB_I64(h->first_step), DB_I64(h->first_time),
                   DB_I64(h->number));
}

bool levels_write(db_tx *tx, int64_t ws, id run_id, int64_t series, const bhead *h, str levels,
                  err *e) {
    return db_push(tx, &Q_block_level_put, e, DB_I64(ws), DB_ID(run_id), DB_I64(series),
                   DB_I64(h->tier), DB_I64(h->first_step), DB_I64(h->first_time),
                   DB_I64(h->number), DB_BLOB(levels));
}

bool block_heads(db_tx *tx, int64_t ws, id run_id, int64_t series, int64_t tier, bkey from,
                 bool before, bhead *out, size_t max, size_t *n, err *e) {
    const db_query *q = before ? &Q_block_heads_before : &Q_block_heads;
    db_rows *rows =
        db_select(tx, q, e, DB_I64(ws), DB_ID(run_id), DB_I64(series), DB_I64(tier),
                  DB_I64(from.step), DB_I64(from.time), DB_I64(from.number), DB_I64(max));
    if (!rows) return false;
    for (*n = 0; *n < max && db_next(rows, e); ++*n)
        out[*n] = bhead_read(rows);
    db_end(rows);
    return e->code == ERR_NONE;
}
