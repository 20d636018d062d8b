// SPDX-License-Identifier: Apache-2.0
// moves: all connections move one alias, each to a version of its own, as fast as the server
// takes them; then its history is read: each move that was acknowledged is there once, with the
// same ends, and each begins where the one before it ended, so some order of all explains what
// everybody was told.
#include "load/load.h"

#include <stdio.h>

#define MOST (1 << 22)
#define PAGE 1000

typedef struct moving {
    const load_options *o;
    str path; // of the ref
    int64_t until_us;
    int64_t next;  // atomic: the number of the next move, its reason
    int32_t *told; // a move: from * MOST_VERSIONS + to as its reply said; 0: none; -1: found
    int64_t acked;
} moving;
#define MOST_VERSIONS 1024

typedef struct turn {
    int64_t i;
    buf body;
} turn;

static bool move_next(void *arg, slot *s) {
    moving *m = arg;
    turn *t = s->state;
    if (clock_mono_us() >= m->until_us) return false;
    t->i = __atomic_fetch_add(&m->next, 1, __ATOMIC_RELAXED);
    if (t->i >= MOST) return false;
    t->body.max = 4096;
    buf_clear(&t->body);
    // Twice in a row by one connection: to its second version, so that each is a move.
    buf_printf(&t->body, "{\"version\": %zu, \"reason\": \"%lld\"}",
               2 * s->index + 1 + (size_t)(t->i & 1), (long long)t->i);
    request(s, m->o, "PUT", m->path, buf_view(&t->body));
    return true;
}

static bool ends_of(const json_value *move, int32_t *ends) {
    const json_value *from = json_get(move, "from"), *to = json_get(move, "to");
    *ends = (int32_t)((from ? from->i : 0) * MOST_VERSIONS + (to ? to->i : 0));
    return to != NULL;
}

static bool move_done(void *arg, slot *s) {
    moving *m = arg;
    turn *t = s->state;
    arena *a = arena_new();
    json_value *move = s->status == 200 ? json_parse(a, buf_view(&s->kept), 0, NULL) : NULL;
    const json_value *reason = move ? json_get(move, "reason") : NULL;
    int64_t i;
    // Where it pointed already the reply is the move that had brought it there.
    bool mine = reason && str_to_i64(reason->text, &i) && i == t->i;
    bool ok = move != NULL;
    if (mine) {
        ok = ends_of(move, &m->told[t->i]);
        __atomic_fetch_add(&m->acked, 1, __ATOMIC_RELAXED);
    }
    arena_free(a);
    return ok;
}

static bool say(char error[500], const char *what, int64_t i) {
    snprintf(error, 500, "move %lld %s", (long long)i, what);
    return false;
}

typedef struct reading {
    int64_t begins; // the version at which the move that was read before began; 0: none was
    int64_t n;
} reading;

// Newest first.
static bool take_move(moving *m, const json_value *move, reading *r, char error[500]) {
    int64_t i;
    int32_t ends;
    if (!str_to_i64(json_get(move, "reason")->text, &i) || i < 0 || i >= m->next)
        return say(error, "was never asked for", -1);
    if (!ends_of(move, &ends) || m->told[i] < 0) return say(error, "is there twice", i);
    if (m->told[i] && m->told[i] != ends) return say(error, "was told otherwise", i);
    if (r->n && ends % MOST_VERSIONS != r->begins)
        return say(error, "did not end where the next began", i);
    m->told[i] = -1;
    r->begins = ends / MOST_VERSIONS;
    r->n++;
    return true;
}

static bool read_history(moving *m, reading *r, char error[500]) {
    arena *own = arena_new();
    str after = {0};
    bool ok = true;
    do {
        arena *a = arena_new();
        str answer, path = arena_printf(a, "%.*s/history?limit=%d%s%.*s", STR_F(m->path), PAGE,
                                        after.n ? "&after=" : "", STR_F(after));
        ok = call_once(m->o, a, "GET", path, (str){0}, &answer, error);
        json_value *page = ok ? json_parse(a, answer, 0, NULL) : NULL;
        const json_value *items = page ? json_get(page, "items") : NULL;
        for (const json_value *v = items ? items->child : NULL; ok && v; v = v->next)
            ok = take_move(m, v, r, error);
        const json_value *next = page ? json_get(page, "next") : NULL;
        after = next ? arena_str(own, next->text) : (str){0};
        arena_free(a);
    } while (ok && after.n);
    arena_free(own);
    return ok;
}

static bool read_back(moving *m, report *result, char error[500]) {
    reading r = {0};
    if (!read_history(m, &r, error)) return false;
    for (int64_t i = 0; i < m->next && i < MOST; i++)
        if (m->told[i] > 0) return say(error, "was acknowledged and is not there", i);
    report_i64(result, "moves_read_back", r.n);
    return true;
}

// Two versions a connection, of the repo that the path names.
static bool make_versions(const load_options *o, arena *a, char error[500]) {
    str answer;
    if (!call_once(o, a, "POST", STR("/api/2.0/mlflow/registered-models/create"),
                   STR("{\"name\": \"bench\"}"), &answer, error))
        return false;
    for (int64_t i = 0; i < 2 * o->conns; i++)
        if (!call_once(o, a, "POST", STR("/api/2.0/mlflow/model-versions/create"),
                       STR("{\"name\": \"bench\", \"source\": \"s3://bench/model\"}"), &answer,
                       error))
            return false;
    return true;
}

int cmd_moves(const load_options *o, arena *a, report *r) {
    moving *m = arena_alloc(a, sizeof *m);
    load *l = arena_alloc(a, sizeof *l);
    turn *turns = ARENA_ARRAY(a, turn, (size_t)o->conns);
    char error[500] = "";
    *m = (moving){.o = o,
                  .path = STR("/api/v1/repos/bench/refs/prod"),
                  .told = arena_alloc(a, MOST * sizeof *m->told)};
    if (2 * o->conns >= MOST_VERSIONS) return failed(r, "too many connections");
    if (!make_versions(o, a, error)) return failed(r, error);
    m->until_us = clock_mono_us() + o->seconds * 1000000;
    *l = (load){.o = o,
                .conns = (size_t)o->conns,
                .keep = 4096,
                .arg = m,
                .next = move_next,
                .done = move_done};
    bool ok = load_run(l, turns, sizeof *turns);
    report_i64(r, "moves", m->acked);
    report_f64(r, "moves_per_s", (double)m->acked / ((double)l->wall_us / 1e6));
    report_load(r, l);
    load_close(l);
    for (size_t i = 0; i < l->conns; i++)
        buf_free(&turns[i].body);
    if (!ok) return failed(r, l->error);
    if (!read_back(m, r, error)) return failed(r, error);
    return 0;
}
