// SPDX-License-Identifier: Apache-2.0
// content_seen: which objects a workspace may know of. Objects are kept once for all, so that a
// digest alone could tell, or fetch, what another workspace stored. A workspace knows of what
// it sent itself lately (object_sent, from the upload to the version that uses it), of what is
// a file of its artifact tree, and of what a version of it holds: the links of pages lead from
// any file up to its contents. While there is one workspace only, nothing is asked and nothing
// noted. Any thread.
#include "base/clock.h"
#include "base/vec.h"
#include "core/content.h"
#include "core/content_sql.h"
#include "core/core_internal.h"
#include "core/workspace.h"

enum { CLEAN_AT_ONCE = 500 };
#define SENT_US ((int64_t)7 * 86400 * 1000000) // a push that takes longer sends again

typedef struct seen_call {
    const ctx *c;
    const sha256 *digests;
    size_t n;
    bool *out;
} seen_call;

// ---- noting ---------------------------------------------------------------------------------

static bool note(db_tx *tx, void *arg, err *e) {
    seen_call *k = arg;
    int64_t now = clock_now_us();
    for (size_t i = 0; i < k->n; i++)
        if (!db_push(tx, &Q_sent_put, e, DB_I64(k->c->ws), DB_ID(k->digests[i]), DB_I64(now)))
            return false;
    return true;
}

bool content_sent(ctx *c, const sha256 *digests, size_t n, err *e) {
    seen_call k = {.c = c, .digests = digests, .n = n};
    bool several;
    if (!n) return true;
    if (!workspace_several(c->core, &several, e)) return false;
    return !several || db_append(core_db(c->core), note, &k, e);
}

// ---- asking ---------------------------------------------------------------------------------

static int seen(db_tx *tx, const ctx *c, sha256 d, err *e) {
    static const db_query *const ways[] = {&Q_sent_get, &Q_seen_file, &Q_seen_version};
    int found = 0;
    for (size_t i = 0; !found && i < sizeof ways / sizeof *ways; i++) {
        db_rows *row;
        found = db_get(tx, ways[i], &row, e, DB_I64(c->ws), DB_ID(d));
    }
    return found;
}

static bool ask(db_tx *tx, void *arg, err *e) {
    seen_call *k = arg;
    for (size_t i = 0; i < k->n; i++) {
        int found = seen(tx, k->c, k->digests[i], e);
        if (found < 0) return false;
        k->out[i] = found > 0;
    }
    return true;
}

bool content_seen(ctx *c, const sha256 *digests, size_t n, bool *out, err *e) {
    enum { AT_ONCE = 500 }; // a read is short
    bool several;
    if (!workspace_several(c->core, &several, e)) return false;
    for (size_t i = 0; i < n; i++)
        out[i] = !several;
    for (size_t at = 0; several && at < n; at += AT_ONCE) {
        seen_call k = {.c = c,
                       .digests = digests + at,
                       .n = n - at < AT_ONCE ? n - at : AT_ONCE,
                       .out = out + at};
        if (!db_read(core_db(c->core), ask, &k, e)) return false;
    }
    return true;
}

bool content_find(ctx *c, const sha256 *digests, size_t n, int64_t *sizes, err *e) {
    sha256 *there = ARENA_ARRAY(c->a, sha256, n);
    bool *may = ARENA_ARRAY(c->a, bool, n);
    size_t k = 0;
    if (!store_find_many(core_store(c->core), digests, n, sizes, e)) return false;
    for (size_t i = 0; i < n; i++)
        if (sizes[i] >= 0) there[k++] = digests[i];
    if (!content_seen(c, there, k, may, e)) return false;
    k = 0;
    for (size_t i = 0; i < n; i++)
        if (sizes[i] >= 0 && !may[k++]) sizes[i] = -1;
    return true;
}

// ---- cleaning -------------------------------------------------------------------------------

static bool clean(db_tx *tx, void *arg, err *e) {
    core_cleaning *k = arg;
    arena *a = db_tx_arena(tx);
    VEC(sha256) old = {0};
    db_rows *rows = db_select(tx, &Q_sent_old, e, DB_I64(k->ws),
                              DB_I64(clock_now_us() - SENT_US), DB_I64(CLEAN_AT_ONCE));
    k->n = 0;
    if (!rows) return false;
    for (sha256 d; db_next(rows, e);)
        if (sha256_copy(db_blob(rows, 0), &d)) vec_push(a, &old, d);
    db_end(rows);
    for (size_t i = 0; i < old.n && e->code == ERR_NONE; i++)
        db_push(tx, &Q_sent_delete, e, DB_I64(k->ws), DB_ID(old.p[i]));
    k->n = old.n;
    return e->code == ERR_NONE;
}

bool content_clean(core *c, size_t *n, err *e) {
    return core_clean(c, clean, n, e);
}
