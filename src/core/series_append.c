// SPDX-License-Identifier: Apache-2.0
// Appending a record, within the transaction of a batch. Any thread.
#include "base/metrics.h"
#include "core/core_internal.h"
#include "core/series_internal.h"
#include "core/series_sql.h"

static void appended(void *arg) {
    core *c = arg;
    METRIC_ADD(pack_backlog_records, 1);
    if (c->packer) series_packer_wake(c->packer);
}

static bool link_models(db_tx *tx, int64_t ws, id run_id, const srec *r, err *e) {
    id before = {0};
    for (size_t i = 0; i < r->n_series; i++) {
        id model_id = r->series[i].model;
        if (id_is_zero(model_id) || id_eq(model_id, before)) continue;
        before = model_id;
        if (!db_push(tx, &Q_model_run_link, e, DB_I64(ws), DB_ID(model_id), DB_ID(run_id)))
            return false;
    }
    return true;
}

// What the packer could not write, it would try again for ever.
static bool all_text(const srec *r, err *e) {
    for (size_t i = 0; i < r->n_series; i++) {
        const srec_series *s = &r->series[i];
        if (str_is_text(s->key) && str_is_text(s->dataset_name) &&
            str_is_text(s->dataset_digest))
            continue;
        return err_set(e, ERR_INVALID,
                       "the names of a metric and of its data set are UTF-8 text without NUL "
                       "characters");
    }
    return true;
}

bool series_append(db_tx *tx, core *c, int64_t ws, id run_id, str record, err *e) {
    str head, data;
    srec r;
    if (!srec_split(record, &head, &data))
        return err_set(e, ERR_INTERNAL, "a record of points is too short");
    if (!srec_open(&r, db_tx_arena(tx), head, (str){0}, e) || !all_text(&r, e)) return false;
    id seq = id_new();
    if (!db_push(tx, &Q_point_log_insert, e, DB_I64(ws), DB_ID(run_id), DB_ID(seq), DB_I64(r.n),
                 DB_BLOB(head), DB_BLOB(data)) ||
        !link_models(tx, ws, run_id, &r, e)) {
        return false;
    }
    db_after_commit(tx, appended, c);
    return true;
}
