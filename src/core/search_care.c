// SPDX-License-Identifier: Apache-2.0
// Who folds when, and the care of the index: the folder's thread (a pass a second while there
// are marks, under a lease that one of several servers holds), folding everything now, making
// the index anew, and checking it against the facts. One lock keeps the passes of this process
// apart; between processes the rules of search_internal.h do.
#include "base/log.h"
#include "base/thread.h"
#include "base/vec.h"
#include "core/core_internal.h"
#include "core/lease.h"
#include "core/search_internal.h"
#include "core/search_sql.h"

#include <stdio.h>
#include <stdlib.h>

#define LEASE     STR("search.fold")
#define LEASE_US  30000000
#define EVERY_US  1000000 // between passes
#define ALL_TRIES 100     // passes of search_fold_all

static pthread_mutex_t folding = PTHREAD_MUTEX_INITIALIZER;

// ---- the thread ----------------------------------------------------------------------------
struct search_folder {
    core *c;
    pthread_t thread;
    pthread_mutex_t lock; // guards stop
    pthread_cond_t wake;
    bool stop;
};

static bool still_mine(void *arg) {
    search_folder *f = arg;
    err e = {0};
    pthread_mutex_lock(&f->lock);
    bool stop = f->stop;
    pthread_mutex_unlock(&f->lock);
    return !stop && lease_take(f->c, LEASE, LEASE_US, &e);
}

static void fold_once(search_folder *f) {
    err e = {0};
    if (!still_mine(f)) {
        job_show(&f->c->shown[JOB_SHOWN_fold], false, 0, 0);
        return;
    }
    pthread_mutex_lock(&folding);
    search_pass p = {.c = f->c, .go_on = still_mine, .arg = f};
    if (!search_fold_pass(&p, &e)) log_msg(LOG_WARN, "search.fold_failed", "%s", e.msg);
    pthread_mutex_unlock(&folding);
    job_show(&f->c->shown[JOB_SHOWN_fold], true, (int64_t)p.folded, 0);
}

static bool wait_for_turn(search_folder *f) {
    pthread_mutex_lock(&f->lock);
    if (!f->stop) thread_cond_wait_us(&f->wake, &f->lock, EVERY_US);
    bool stop = f->stop;
    pthread_mutex_unlock(&f->lock);
    return !stop;
}

static void *folder_main(void *arg) {
    search_folder *f = arg;
    while (wait_for_turn(f)) {
        fold_once(f);
    }
    lease_drop(f->c, LEASE);
    return NULL;
}

search_folder *search_folder_start(core *c) {
    search_folder *f = mem_alloc(sizeof *f);
    f->c = c;
    pthread_mutex_init(&f->lock, NULL);
    thread_cond_init(&f->wake);
    thread_start(&f->thread, "folder", 512u << 10, true, folder_main, f);
    return f;
}

void search_folder_stop(search_folder *f) {
    if (!f) return;
    pthread_mutex_lock(&f->lock);
    f->stop = true;
    pthread_cond_signal(&f->wake);
    pthread_mutex_unlock(&f->lock);
    pthread_join(f->thread, NULL);
    pthread_cond_destroy(&f->wake);
    pthread_mutex_destroy(&f->lock);
    free(f);
}

// ---- now -----------------------------------------------------------------------------------
bool search_fold_all(core *c, err *e) {
    bool ok = true;
    pthread_mutex_lock(&folding);
    for (int i = 0; i < ALL_TRIES && ok; i++) {
        search_pass p = {.c = c, .all = true};
        ok = search_fold_pass(&p, e);
        if (!p.folded) break; // no marks, or only such as others are busy with
    }
    pthread_mutex_unlock(&folding);
    return ok;
}

// ---- anew ----------------------------------------------------------------------------------
typedef struct walk {
    core *c;
    search_place place;
    bool found;
    id after, last; // the page behind `after` ended with `last`
    size_t n;
    arena *a;
    search_head head;
    uint64_t runs;
    void (*bad)(void *arg, const char *what);
    void *arg;
} walk;

#define RUN_PAGE 1000

static bool next_project(db_tx *tx, void *arg, err *e) {
    walk *w = arg;
    db_rows *row = NULL;
    int found = db_get(tx, &Q_search_run_projects, &row, e, DB_I64(w->place.ws),
                       DB_I64(w->place.project));
    w->found = found > 0;
    if (w->found) w->place = (search_place){db_i64(row, 0), db_i64(row, 1)};
    return found >= 0;
}

static bool mark_page(db_tx *tx, void *arg, err *e) {
    walk *w = arg;
    id page[RUN_PAGE];
    size_t n = 0;
    db_rows *rows = db_select(tx, &Q_search_run_page, e, DB_I64(w->place.ws),
                              DB_I64(w->place.project), DB_ID(w->after), DB_I64(RUN_PAGE));
    if (!rows) return false;
    while (n < RUN_PAGE && db_next(rows, e)) {
        page[n++] = db_id(rows, 0);
    }
    db_end(rows);
    for (size_t i = 0; i < n && !e->code; i++) {
        search_mark(tx, w->c, w->place.ws, w->place.project, page[i], e);
    }
    w->n = n;
    if (n) w->last = page[n - 1];
    return e->code == ERR_NONE;
}

// The columns go and all slots with them; every run is marked by now, so searches read the
// facts meanwhile. Marks of runs that were removed or moved have nothing to hide any more: they
// forget the slot, which will be another run's, and the next fold deletes them.
static bool drop_columns(db_tx *tx, void *arg, err *e) {
    walk *w = arg;
    static const db_query *const drops[] = {&Q_search_drop_heads, &Q_search_drop_keys,
                                            &Q_search_drop_chunks, &Q_search_drop_slots,
                                            &Q_search_mark_unslot};
    for (size_t i = 0; i < sizeof drops / sizeof *drops; i++) {
        if (db_do(tx, drops[i], e, DB_I64(w->place.ws), DB_I64(w->place.project)) < 0)
            return false;
    }
    return true;
}

static bool rebuild_project(walk *w, err *e) {
    w->after = (id){0};
    do {
        if (!db_write(core_db(w->c), mark_page, w, e)) return false;
        w->runs += w->n;
        w->after = w->last;
    } while (w->n == RUN_PAGE);
    return db_write(core_db(w->c), drop_columns, w, e);
}

bool search_rebuild(core *c, uint64_t *runs, err *e) {
    walk w = {.c = c, .place = {INT64_MIN, INT64_MIN}};
    bool ok;
    if (!lease_take(c, LEASE, 10 * (int64_t)LEASE_US,
                    e)) // a folder must not clear marks before the columns go
        return e->code ? false
                       : err_set(e, ERR_UNAVAILABLE,
                                 "Another server folds now; stop it, or try again");
    pthread_mutex_lock(&folding);
    while ((ok = db_read(core_db(c), next_project, &w, e)) && w.found) {
        if (!(ok = rebuild_project(&w, e))) break;
    }
    pthread_mutex_unlock(&folding);
    ok = ok && search_fold_all(c, e);
    lease_drop(c, LEASE);
    *runs = w.runs;
    return ok;
}

// ---- check ---------------------------------------------------------------------------------
typedef struct checked {
    search_column *columns;
    size_t n;
    search_run *rows;
    bool *marked;
} checked;

static void complain(walk *w, const search_column *c, int64_t slot, const char *what) {
    char line[300];
    snprintf(line, sizeof line, "search column %d.%d '%.*s' of project %lld, slot %lld: %s",
             (int)c->domain, c->which, (int)(c->key.n > 100 ? 100 : c->key.n), c->key.p,
             (long long)w->place.project, (long long)slot, what);
    w->bad(w->arg, line);
}

static bool read_marked_by(walk *w, db_tx *tx, checked *k, const db_query *q, err *e) {
    db_rows *rows = db_select(tx, q, e, DB_I64(w->place.ws), DB_I64(w->place.project),
                              DB_I64(w->head.chunk * SEARCH_CHUNK),
                              DB_I64((w->head.chunk + 1) * SEARCH_CHUNK));
    if (!rows) return false;
    while (db_next(rows, e)) {
        k->marked[db_i64(rows, 0) % SEARCH_CHUNK] = true;
    }
    db_end(rows);
    return e->code == ERR_NONE;
}

// Slots of runs that are marked, and of those that went away and are not folded yet.
static bool read_marked(walk *w, db_tx *tx, checked *k, err *e) {
    k->marked = ARENA_ARRAY(w->a, bool, SEARCH_CHUNK);
    return read_marked_by(w, tx, k, &Q_search_mark_slots, e) &&
           read_marked_by(w, tx, k, &Q_search_mark_left, e);
}

static bool check_column(walk *w, db_tx *tx, const checked *k, const search_column *c, err *e) {
    size_t slots = (size_t)w->head.slots;
    search_chunk *got = NULL;
    search_cell *cells = ARENA_ARRAY(w->a, search_cell, slots);
    if (!search_facts(tx, w->a, w->place.ws, c, 1, k->rows, slots, &cells, e)) return false;
    if (!search_chunk_load(tx, w->place, c, w->head.chunk, w->head.chunk, &got, e)) {
        if (e->code != ERR_CORRUPT) return false;
        *e = (err){0};
        complain(w, c, w->head.chunk * SEARCH_CHUNK, "its chunk is damaged");
        return true;
    }
    if (!got || got->n < slots)
        complain(w, c, w->head.chunk * SEARCH_CHUNK, "its chunk is missing or too short");
    for (size_t i = 0; got && i < slots && i < got->n; i++) {
        search_cell cell = search_chunk_cell(got, i);
        bool id_of_gone = c->type == SEARCH_T_ID && !cells[i].has;
        if (!k->marked[i] && !id_of_gone && !search_cell_eq(c->type, &cell, &cells[i]))
            complain(w, c, w->head.chunk * SEARCH_CHUNK + (int64_t)i,
                     "it differs from the facts");
    }
    search_chunk_release(got);
    return true;
}

static bool check_chunk(db_tx *tx, void *arg, err *e) {
    walk *w = arg;
    checked k = {0};
    arena_reset(w->a);
    if (!search_heads(tx, w->place, w->head.chunk, &w->head, 1, &w->n, e)) return false;
    if (!w->n) return true;
    k.rows = ARENA_ARRAY(w->a, search_run, SEARCH_CHUNK);
    if (!search_column_list(tx, w->a, w->place, &k.columns, &k.n, e) ||
        !read_marked(w, tx, &k, e) ||
        !search_runs_of_chunk(tx, w->a, w->place, w->head.chunk, k.rows, (size_t)w->head.slots,
                              e))
        return false;
    for (size_t i = 0; i < k.n; i++) {
        if (k.columns[i].ready && !check_column(w, tx, &k, &k.columns[i], e)) return false;
    }
    return true;
}

// I3: who is not marked has a slot.
static bool check_slots(db_tx *tx, void *arg, err *e) {
    walk *w = arg;
    db_rows *row = NULL;
    int found =
        db_get(tx, &Q_search_unmarked, &row, e, DB_I64(w->place.ws), DB_I64(w->place.project));
    if (found > 0) {
        char hex[ID_HEX], line[120];
        id_hex(db_id(row, 0), hex);
        snprintf(line, sizeof line,
                 "run %s has neither a slot nor a mark: searches do not find it", hex);
        w->bad(w->arg, line);
    }
    return found >= 0;
}

static bool check_project(walk *w, err *e) {
    w->head = (search_head){0};
    for (w->n = 1; w->n; w->head.chunk++) {
        if (!core_goes_on(w->c, e) || !db_read(core_db(w->c), check_chunk, w, e)) return false;
    }
    return db_read(core_db(w->c), check_slots, w, e);
}

bool search_check(core *c, void (*bad)(void *arg, const char *what), void *arg, err *e) {
    walk w = {
        .c = c, .place = {INT64_MIN, INT64_MIN}, .a = arena_new(), .bad = bad, .arg = arg};
    bool ok;
    while ((ok = db_read(core_db(c), next_project, &w, e)) && w.found) {
        if (!(ok = check_project(&w, e))) break;
    }
    arena_free(w.a);
    return ok;
}
