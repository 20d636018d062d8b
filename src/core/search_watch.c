// SPDX-License-Identifier: Apache-2.0
// search_look: which runs of watched projects changed since the look before. Made of the marks
// (I1), so it sees what any server committed, and writers do nothing for it. A look seeks from
// watched to marked projects and back, whichever are fewer, and reads the marks of those that
// are both. What was seen is one number a marked run, the sum of its stamps: another sum is
// news. Marks stay for SEARCH_QUIET_MS at least; a look that comes late by that tells that
// everything may have changed. One thread a list of watches. Memory: MARKS numbers a watch.
#include "base/clock.h"
#include "base/vec.h"
#include "core/search_internal.h"
#include "core/search_sql.h"

#include <stdlib.h>

#define MARKS   4096    // of a project that are read; with more, all of it moves
#define FULL_US 1000000 // and that is told so often
#define LATE_US ((SEARCH_QUIET_MS - 200) * 1000)

struct search_seen {
    id run;
    uint64_t sum;
};

typedef VEC(search_seen) seen_list; // in the order of runs

typedef struct looking {
    arena *a;
    search_watch *w;
    size_t n;
    seen_list *now; // of each watch
    bool *full;
} looking;

// ---- reading --------------------------------------------------------------------------------
static uint64_t stamp_number(id stamp) {
    uint64_t v;
    memcpy(&v, stamp.b + sizeof stamp.b - sizeof v, sizeof v); // the random part
    return v;
}

static bool read_marks(db_tx *tx, looking *l, size_t i, err *e) {
    seen_list *now = &l->now[i];
    size_t n = 0;
    id first = {0};
    db_rows *rows =
        db_select(tx, &Q_search_mark_stamps, e, DB_I64(l->w[i].ws), DB_I64(l->w[i].project),
                  DB_ID(first), DB_ID(first), DB_I64(MARKS));
    if (!rows) return false;
    for (; db_next(rows, e); n++) {
        id run_id = db_id(rows, 0);
        if (!now->n || !id_eq(now->p[now->n - 1].run, run_id))
            vec_push(l->a, now, (search_seen){.run = run_id});
        now->p[now->n - 1].sum += stamp_number(db_id(rows, 1));
    }
    db_end(rows);
    l->full[i] = n == MARKS;
    return e->code == ERR_NONE;
}

static int place_cmp(const search_watch *w, int64_t ws, int64_t number) {
    if (w->ws != ws) return w->ws < ws ? -1 : 1;
    return (w->project > number) - (w->project < number);
}

static bool look(db_tx *tx, void *arg, err *e) {
    looking *l = arg;
    for (size_t i = 0; i < l->n;) {
        db_rows *row = NULL;
        int found = db_get(tx, &Q_search_mark_project, &row, e, DB_I64(l->w[i].ws),
                           DB_I64(l->w[i].project - 1));
        if (found <= 0) return found == 0;
        int64_t ws = db_i64(row, 0), number = db_i64(row, 1);
        while (i < l->n && place_cmp(&l->w[i], ws, number) < 0)
            i++;
        if (i == l->n || place_cmp(&l->w[i], ws, number) > 0) continue;
        l->now[i].n = 0;
        if (!read_marks(tx, l, i++, e)) return false;
    }
    return true;
}

// ---- what is new ----------------------------------------------------------------------------
static void compare(arena *a, search_watch *w, const seen_list *now) {
    size_t k = 0;
    w->moved = ARENA_ARRAY(a, id, now->n < SEARCH_MOVED_MAX ? now->n : SEARCH_MOVED_MAX);
    for (size_t i = 0; i < now->n && !w->all; i++) {
        const search_seen *s = &now->p[i];
        while (k < w->n_seen && id_cmp(w->seen[k].run, s->run) < 0)
            k++;
        if (k < w->n_seen && id_eq(w->seen[k].run, s->run) && w->seen[k].sum == s->sum)
            continue;
        w->all = w->n == SEARCH_MOVED_MAX;
        if (!w->all) w->moved[w->n++] = s->run;
    }
}

static void take(arena *a, search_watch *w, const seen_list *now, bool full, int64_t us) {
    w->all = w->looked_us && us - w->looked_us > LATE_US;
    compare(a, w, now);
    if (full && us - w->full_us >= FULL_US) w->all = true; // not all of them were read
    if (full && w->all) w->full_us = us;
    w->looked_us = us;
    w->seen = mem_realloc(w->seen, (now->n + !now->n) * sizeof *w->seen);
    if (now->n) memcpy(w->seen, now->p, now->n * sizeof *w->seen);
    w->n_seen = now->n;
}

bool search_look(core *c, arena *a, search_watch *w, size_t n, err *e) {
    looking l = {.a = a, .w = w, .n = n};
    l.now = ARENA_ARRAY(a, seen_list, n);
    l.full = ARENA_ARRAY(a, bool, n);
    memset(l.now, 0, n * sizeof *l.now);
    memset(l.full, 0, n * sizeof *l.full);
    int64_t us = clock_mono_us();
    for (size_t i = 0; i < n; i++) {
        w[i].n = 0;
        w[i].all = false;
    }
    if (!db_read(core_db(c), look, &l, e)) return false;
    for (size_t i = 0; i < n; i++)
        take(a, &w[i], &l.now[i], l.full[i], us);
    return true;
}

void search_watch_end(search_watch *w) {
    free(w->seen);
    *w = (search_watch){0};
}
