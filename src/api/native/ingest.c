// SPDX-License-Identifier: Apache-2.0
// ingest: logging in bulk, for many runs in one body of any length. Which form the body has is
// told by its Content-Type. Any thread; all state is the request's.
#include "api/native/ingest.h"

#include "api/native/points.h"

#define LINES_TYPE    "application/x-ndjson"
#define RUNS_SEEN_MAX 100000

SHAPE(static, ingest_shape, "Ingested",
      FIELD("points", SHAPE_INT, 0, "points stored, repeats counted"),
      FIELD("runs", SHAPE_INT, 0, "runs that they are of"),
      FIELD("parts", SHAPE_INT, 0, "lines or frames read"));

const native_stream native_ingest_io = {
    .takes = LINES_TYPE " " POINTS_TYPE, .gives = "application/json", .reply = &ingest_shape};

// ---- storing --------------------------------------------------------------------------------

static bool note_runs(ingest *g, const run_entry *list, size_t n, err *e) {
    for (size_t i = 0; i < n; i++) {
        str key = str_n(&list[i].run, sizeof list[i].run);
        if (map_get(&g->seen, key)) continue;
        if (g->seen.n >= RUNS_SEEN_MAX) {
            return err_set(e, ERR_TOO_LARGE,
                           "one body names at most %d runs: send the others in another",
                           RUNS_SEEN_MAX);
        }
        *map_at(&g->seen, arena_str(g->a, key), NULL) = g;
    }
    return true;
}

static bool name_conflict(const ingest *g, const run_entry *x, err *e) {
    if (e->code != ERR_EXISTS || !x->batch.n_conflicts) return false;
    const param_conflict *k = &x->batch.conflicts[0];
    return err_set(e, ERR_EXISTS,
                   "config '%.*s' of run %.*s is set once: it is '%.*s' and can not become "
                   "'%.*s'",
                   STR_F(str_upto_code_points(k->key, 100)), STR_F(id_str(g->c.a, x->run)),
                   STR_F(str_upto_code_points(k->old_value, 100)),
                   STR_F(str_upto_code_points(k->new_value, 100)));
}

bool ingest_store(ingest *g, run_entry *list, size_t n, const uint64_t *part_of, uint64_t parts,
                  err *e) {
    size_t wrong = n;
    uint64_t points = 0;
    if (!note_runs(g, list, n, e)) return false;
    if (n && !run_log_all(&g->c, list, n, &wrong, e)) {
        if (wrong < n) g->wrong = part_of[wrong];
        return wrong < n ? name_conflict(g, &list[wrong], e) : false;
    }
    for (size_t i = 0; i < n; i++)
        points += list[i].batch.n_points;
    g->points += points;
    g->parts = parts;
    return true;
}

// ---- the request ----------------------------------------------------------------------------

static void reply(const ingest *g) {
    json_writer *w = http_json(g->r, 200, "application/json");
    json_object(w);
    json_m_i64(w, "points", (int64_t)g->points);
    json_m_i64(w, "runs", (int64_t)g->seen.n);
    json_m_i64(w, "parts", (int64_t)g->parts);
    json_object_end(w);
    http_json_end(g->r);
}

// The error with what is stored, in its sentence and as members.
static void refuse(const ingest *g, const err *why) {
    err e;
    buf more = BUF_MAX(1024);
    json_writer w = json_writer_new(&more);
    str place = g->wrong
                    ? arena_printf(g->a, "%s %llu: ", g->part, (unsigned long long)g->wrong)
                    : STR("");
    err_set(&e, why->code, "%.*s%.*s (stored: %llu points, of the first %llu %ss)",
            STR_F(place), STR_F(str_upto_code_points(str_of(why->msg), 700)),
            (unsigned long long)g->points, (unsigned long long)g->parts, g->part);
    json_m_i64(&w, "points_stored", (int64_t)g->points);
    json_m_i64(&w, "parts_stored", (int64_t)g->parts);
    if (g->wrong) json_m_i64(&w, "wrong_part", (int64_t)g->wrong);
    native_problem(g->r, &e, buf_view(&more));
    buf_free(&more);
}

void native_ingest(http_req *r) {
    err e = {0};
    ingest g = {.r = r, .c = api_ctx(r), .a = http_arena(r)};
    str type = http_media_type(r);
    bool frames = str_eq_nocase(type, STR(POINTS_TYPE));
    if (!frames && !str_eq_nocase(type, STR(LINES_TYPE))) {
        err_set(&e, ERR_INVALID, "send Content-Type: " LINES_TYPE " or " POINTS_TYPE);
        http_fail(r, &e);
        return;
    }
    g.part = frames ? "frame" : "line";
    g.seen = map_new(g.a);
    g.c.a = arena_new();
    if (frames ? ingest_frames(&g, &e) : ingest_lines(&g, &e))
        reply(&g);
    else
        refuse(&g, &e);
    arena_free(g.c.a);
}
