// SPDX-License-Identifier: Apache-2.0
// job_bury: jobs that a command runs within itself (kinds that are `gone`) are nobody else's to
// go on with. When the lease of one has run out its process was killed, or stands still: the
// row then says so. Its holder and turn stay, so that one that only stood still is running
// again with its next renewal. Any thread.
#include "base/clock.h"
#include "base/vec.h"
#include "core/core_internal.h"
#include "core/job_sql.h"

#define BURIED_AT_ONCE 100

typedef struct lapsed {
    job_claim of;
    int64_t due_us;
} lapsed;
typedef VEC(lapsed) lapsed_list;

static bool read_lapsed(db_tx *tx, const core *c, int64_t now, lapsed_list *out, err *e) {
    arena *a = db_tx_arena(tx);
    db_rows *rows = db_select(tx, &Q_job_due, e, DB_I64(now), DB_I64(BURIED_AT_ONCE));
    if (!rows) return false;
    while (db_next(rows, e)) {
        const job_kind *kind = job_kind_named(db_text(rows, 2));
        // Ours only waits for its renewal.
        if (!kind || !kind->gone || id_eq(db_id(rows, 7), c->holder)) continue;
        job_claim of = {.ws = db_i64(rows, 0),
                        .job = db_id(rows, 1),
                        .kind = kind,
                        .user = arena_str(a, db_text(rows, 5))};
        vec_push(a, out, (lapsed){of, db_i64(rows, 3)});
    }
    db_end(rows);
    return e->code == ERR_NONE;
}

bool job_bury(db_tx *tx, void *arg, err *e) {
    core *c = arg;
    lapsed_list list = {0};
    int64_t now = clock_now_us();
    if (!read_lapsed(tx, c, now, &list, e)) return false;
    for (size_t i = 0; i < list.n; i++) {
        const job_claim *k = &list.p[i].of;
        int64_t n =
            db_do(tx, &Q_job_bury, e, DB_I64(k->ws), DB_ID(k->job), DB_I64(list.p[i].due_us),
                  DB_TEXT(str_of(k->kind->gone)), DB_I64(now));
        if (n < 0 || (n == 1 && !job_tell_end(tx, c, k, true, e))) return false;
    }
    return true;
}
