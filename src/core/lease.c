// SPDX-License-Identifier: Apache-2.0
// lease: rows of the table `lease`. Expiry is judged by each server's own clock: keep leases
// much longer than the skew between servers (ours are 10 s and more). Any thread.
#include "core/lease.h"

#include "base/clock.h"
#include "core/core_internal.h"
#include "core/core_sql.h"

typedef struct lease_call {
    core *c;
    str name;
    int64_t us;
    bool taken;
} lease_call;

static bool take(db_tx *tx, void *arg, err *e) {
    lease_call *l = arg;
    int64_t now = clock_now_us();
    int64_t changed = db_do(tx, &Q_lease_take, e, DB_TEXT(l->name), DB_ID(l->c->holder),
                            DB_I64(now + l->us), DB_I64(now));
    l->taken = changed == 1;
    return changed >= 0;
}

static bool drop(db_tx *tx, void *arg, err *e) {
    lease_call *l = arg;
    return db_do(tx, &Q_lease_drop, e, DB_TEXT(l->name), DB_ID(l->c->holder)) >= 0;
}

bool lease_take(core *c, str name, int64_t us, err *e) {
    e->code = ERR_NONE;
    if (db_engine_of(c->db) == DB_SQLITE) return true; // one process owns the data
    lease_call l = {.c = c, .name = name, .us = us};
    return db_write(c->db, take, &l, e) && l.taken;
}

void lease_drop(core *c, str name) {
    if (db_engine_of(c->db) == DB_SQLITE) return;
    err e = {0};
    lease_call l = {.c = c, .name = name};
    db_write(c->db, drop, &l, &e); // if it fails, the lease runs out by itself
}
