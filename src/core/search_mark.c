// SPDX-License-Identifier: Apache-2.0
// The writers' side: a mark is one insert of a fresh row, sent without waiting, which no other
// transaction can be in the way of (I1). Within the caller's transaction.
#include "core/search_internal.h"
#include "core/search_sql.h"

bool search_mark(db_tx *tx, core *c, int64_t ws, int64_t project_number, id run_id, err *e) {
    (void)c;
    id stamp = id_new();
    return db_push(tx, &Q_search_mark_add, e, DB_I64(ws), DB_I64(project_number), DB_ID(run_id),
                   DB_ID(stamp), DB_NULL);
}

bool search_slot_left(db_tx *tx, int64_t ws, int64_t project_number, id run_id, bool *has,
                      int64_t *slot, err *e) {
    db_rows *row = NULL;
    int found = db_get(tx, &Q_search_mark_slot, &row, e, DB_I64(ws), DB_I64(project_number),
                       DB_ID(run_id));
    *has = found > 0 && !db_is_null(row, 0);
    *slot = *has ? db_i64(row, 0) : 0;
    return found >= 0;
}

bool search_forget(db_tx *tx, int64_t ws, int64_t project_number, id run_id, err *e) {
    id stamp = id_new();
    db_rows *row = NULL;
    int found = db_get(tx, &Q_search_run_slot, &row, e, DB_I64(ws), DB_ID(run_id));
    if (found < 0) return false;
    if (!found)
        return err_set(e, ERR_INTERNAL,
                       "search_forget must be called before the run's row is changed");
    bool has_slot = !db_is_null(row, 0);
    int64_t slot = db_i64(row, 0);
    return db_push(tx, &Q_search_mark_add, e, DB_I64(ws), DB_I64(project_number), DB_ID(run_id),
                   DB_ID(stamp), DB_MAYBE_I64(has_slot, slot));
}

// All that a search or a fold begins with goes in the first step, so that none meets a half of
// it; without heads nobody looks for the chunks.
bool search_forget_project(db_tx *tx, int64_t ws, int64_t project_number, bool *done, err *e) {
    static const db_query *const drops[] = {&Q_search_drop_heads, &Q_search_drop_keys,
                                            &Q_search_drop_marks, &Q_search_drop_moved};
    for (size_t i = 0; i < sizeof drops / sizeof *drops; i++) {
        if (!db_push(tx, drops[i], e, DB_I64(ws), DB_I64(project_number))) return false;
    }
    int64_t n = db_do(tx, &Q_search_drop_chunk_page, e, DB_I64(ws), DB_I64(project_number));
    *done = n == 0;
    return n >= 0;
}
