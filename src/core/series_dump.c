// SPDX-License-Identifier: Apache-2.0
// series_dump: every point of a run under its own identity (key, model, data set), for export:
// what series_history merges under a key stays apart here. Any thread.
#include "core/series_dump.h"

#include "core/series_internal.h"
#include "core/series_sql.h"

#include <stdlib.h>

enum { DUMP_PAGE = 8192 };

typedef struct dumping {
    db_tx *tx;
    arena *a;
    series_dump_fn fn;
    void *arg;
    spt points[DUMP_PAGE];
    series_value values[DUMP_PAGE];
} dumping;

static bool dump_series(dumping *d, const sview *v, err *e) {
    sviews alone = {.ws = v->ws};
    const srow *s = &v->row;
    series_label label = {s->key, s->dataset_name, s->dataset_digest, s->model};
    spt after = SPT_LEAST;
    size_t n;
    vec_push(d->a, &alone.v, *v);
    do {
        if (!shistory_page(d->tx, d->a, &alone, s->key, SERIES_BY_STEP, after, DUMP_PAGE,
                           d->points, &n, e))
            return false;
        for (size_t i = 0; i < n; i++)
            d->values[i] = spt_value(d->points[i]);
        if (n && !d->fn(d->arg, v->run, &label, d->values, n, e)) return false;
        if (n) after = d->points[n - 1];
    } while (n == DUMP_PAGE);
    return true;
}

bool series_dump(db_tx *tx, int64_t ws, id run_id, series_dump_fn fn, void *arg, err *e) {
    dumping *d = mem_alloc(sizeof *d);
    *d = (dumping){.tx = tx, .a = arena_new(), .fn = fn, .arg = arg};
    VEC(sview) list = {0};
    db_rows *rows = db_select(tx, &Q_series_of_run, e, DB_I64(ws), DB_ID(run_id));
    bool ok = rows != NULL;
    while (ok && db_next(rows, e)) {
        sview v = {.ws = ws, .run = run_id, .limit = INT64_MAX};
        ok = srow_read(rows, d->a, &v.row, e); // damage is not passed over: nothing may be lost
        vec_push(d->a, &list, v);
    }
    if (rows) db_end(rows);
    ok = ok && e->code == ERR_NONE;
    for (size_t i = 0; ok && i < list.n; i++)
        ok = dump_series(d, &list.p[i], e);
    arena_free(d->a);
    free(d);
    return ok;
}
