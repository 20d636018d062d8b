// SPDX-License-Identifier: Apache-2.0
// scan: see scan.h.
#include "cli/import/scan.h"

#define NEAR 1024 // row numbers that are tried one by one; then ever longer steps

const char *scan_text(arena *a, const sql *from, const char *columns, const char *table,
                      const char *column, const char *more) {
    const char *rowid = from->ops->rowid;
    str where = more ? arena_printf(a, " AND (%s)", more) : STR("");
    if (!rowid) {
        str own = column ? arena_printf(a, "%s = $1", column) : STR("1 = 1");
        return arena_printf(a, "SELECT 0, %s FROM %s WHERE %.*s%.*s", columns, table,
                            STR_F(own), STR_F(where))
            .p;
    }
    str own = column ? arena_printf(a, " AND %s = $2", column) : STR("");
    return arena_printf(a, "SELECT %s, %s FROM %s WHERE %s >= $1%.*s%.*s ORDER BY %s", rowid,
                        columns, table, rowid, STR_F(own), STR_F(where), rowid)
        .p;
}

scan scan_new(const sql *from, source_log *log, const char *text, const char *table, str of,
              const sql_arg *arg, bool big) {
    scan s = {.db = from, .log = log, .text = text, .table = table, .of = of, .big = big};
    s.at = INT64_MIN;
    if (from->ops->rowid) s.args[s.n_args++] = SQL_I64(s.at);
    if (arg) s.args[s.n_args++] = *arg;
    return s;
}

void scan_end(scan *s) {
    s->db->ops->end(s->rows);
    s->rows = NULL;
}

// Up to row number `to`, INT64_MAX: to the end.
static void tell(const scan *s, int64_t to) {
    const char *of = s->of.n ? " of run " : "";
    if (to == INT64_MAX)
        source_lost(s->log, "table %s%s%.*s: from row %lld on it can not be read", s->table, of,
                    STR_F(s->of), (long long)s->bad);
    else
        source_lost(s->log, "table %s%s%.*s: rows %lld to %lld can not be read", s->table, of,
                    STR_F(s->of), (long long)s->bad, (long long)to);
}

// Behind what could not be read; false when there is nothing behind.
static bool step_over(scan *s) {
    if (!s->gap) {
        s->bad = s->at;
        // Nothing was read yet: row numbers begin at 1.
        if (s->at < 0) s->bad = s->at = 0;
    }
    s->damaged = true;
    bool far = s->gap > INT64_MAX / 2;
    if (!far) s->gap = s->gap < NEAR ? s->gap + 1 : s->gap * 2;
    if (far || s->bad > INT64_MAX - s->gap) {
        tell(s, INT64_MAX);
        return false;
    }
    s->at = s->bad + s->gap;
    return true;
}

static void over(scan *s, int64_t to) {
    if (s->gap) tell(s, to);
    s->gap = 0;
}

bool scan_next(scan *s, err *e) {
    const sql_ops *ops = s->db->ops;
    for (;;) {
        if (!s->rows && ops->rowid) s->args[0] = SQL_I64(s->at);
        if (!s->rows) s->rows = ops->query(s->db->db, s->text, s->args, s->n_args, s->big, e);
        if (s->rows && ops->next(s->rows, e)) {
            int64_t row = ops->i64(s->rows, 0);
            over(s, row - 1);
            s->at = row + 1;
            return true;
        }
        if (e->code == ERR_NONE) {
            if (s->gap) over(s, s->at - 1);
            return false;
        }
        if (e->code != ERR_CORRUPT || !ops->rowid) return false;
        scan_end(s);
        if (!step_over(s)) {
            e->code = ERR_NONE;
            return false;
        }
        e->code = ERR_NONE;
    }
}
