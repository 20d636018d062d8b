// SPDX-License-Identifier: Apache-2.0
// sqlite_tend: what the writer does between groups: it moves the WAL into the database file,
// and when nobody writes it empties the WAL and gives free pages back.
//
// A checkpoint holds up commits, so it comes in steps of CHECKPOINT_PAGES: copying more at a
// time would save writes (a page that changed often is copied once) but a commit would wait
// longer. A PASSIVE checkpoint lets readers be; a commit starts the WAL anew only when no
// reader is in it, so under steady reading it grows, and from RESTART_PAGES on a checkpoint
// waits for the readers of old snapshots (new ones read the database file and are not in the
// way); but not for one that stays for minutes (db_snapshot): then the WAL grows until it ends.
//
// Only the writer's thread.
#include "base/log.h"
#include "db/sqlite_internal.h"

enum {
    CHECKPOINT_PAGES = 2048, // 16 MiB
    RESTART_PAGES = 8192,    // 64 MiB
    RESTART_WAIT_MS = 200,   // more than the 50 ms that a read may take
    BUSY_MS = 1000,
    SHRINK_PAGES = 512, // a step, 4 MiB
    FREE_MIN = 1024,    // pages; fewer free ones are kept for what is written next
};

static const db_query shrink_sql = {"sqlite.shrink", "PRAGMA incremental_vacuum(512)", false};
static const db_query free_sql = {"sqlite.free", "PRAGMA freelist_count", false};
static const db_query pages_sql = {"sqlite.pages", "PRAGMA page_count", false};
_Static_assert(SHRINK_PAGES == 512, "as in shrink_sql");

static int on_commit(void *arg, sqlite3 *h, const char *name, int pages) {
    (void)h;
    (void)name;
    sq_tend *t = arg;
    if (pages < t->wal_pages) t->tried_pages = 0; // the WAL was started anew
    t->wal_pages = pages;
    t->resting = false;
    return SQLITE_OK;
}

void sq_tend_start(sq_tend *t, sq_conn *c) {
    *t = (sq_tend){.c = c};
    sqlite3_wal_hook(c->h, on_commit, t);
}

// Busy readers are no failure: the rest is done next time. Either way the next try comes when
// as much again was written, so that a reader that stays for minutes, or a full disk, does not
// hold up every commit.
static void checkpoint(sq_tend *t, int mode, int wait_ms) {
    err e;
    sqlite3_busy_timeout(t->c->h, wait_ms);
    int rc = sqlite3_wal_checkpoint_v2(t->c->h, NULL, mode, NULL, NULL);
    sqlite3_busy_timeout(t->c->h, BUSY_MS);
    t->tried_pages = t->wal_pages;
    if (rc == SQLITE_OK && mode == SQLITE_CHECKPOINT_TRUNCATE)
        t->wal_pages = t->tried_pages = 0;
    if (rc == SQLITE_OK || rc == SQLITE_BUSY) return;
    sq_fail(t->c, "checkpoint", &e);
    log_msg(LOG_ERROR, "db.checkpoint", "%s", e.msg);
}

void sq_tend_after_group(sq_tend *t) {
    if (t->wal_pages - t->tried_pages < CHECKPOINT_PAGES) return;
    bool old = t->wal_pages >= RESTART_PAGES && !atomic_load(&t->c->tx.d->snapshots);
    checkpoint(t, old ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE,
               old ? RESTART_WAIT_MS : 0);
}

bool sq_tend_shrink(sq_tend *t, bool *more, err *e) {
    int64_t left = 0;
    if (!sq_run(t->c, &shrink_sql, e) || !sq_pragma_i64(t->c, &free_sql, &left, e))
        return false;
    *more = left > 0;
    return true;
}

// Begins when a twentieth of the pages is free, and then gives back all but FREE_MIN.
static bool worth_shrinking(sq_tend *t) {
    int64_t unused = 0, pages = 0;
    err e;
    if (!sq_pragma_i64(t->c, &free_sql, &unused, &e) ||
        !sq_pragma_i64(t->c, &pages_sql, &pages, &e)) {
        return false;
    }
    t->shrinking = unused > FREE_MIN && (t->shrinking || unused > pages / 20);
    return t->shrinking;
}

bool sq_tend_idle(sq_tend *t) {
    bool more;
    err e;
    if (t->resting) return false;
    if (worth_shrinking(t) && sq_tend_shrink(t, &more, &e)) {
        sq_tend_after_group(t);
        return true;
    }
    checkpoint(t, SQLITE_CHECKPOINT_TRUNCATE, 0);
    t->resting = t->wal_pages == 0;
    sqlite3_db_release_memory(t->c->h);
    return false;
}

void sq_tend_stop(sq_tend *t) {
    if (t->c->sync_failed)
        sqlite3_db_config(t->c->h, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    else
        checkpoint(t, SQLITE_CHECKPOINT_TRUNCATE, BUSY_MS);
}
