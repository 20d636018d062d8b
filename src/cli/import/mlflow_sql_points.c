// SPDX-License-Identifier: Apache-2.0
// mlflow_sql_points: the points of a run out of `metrics`, and those of logged models out of
// `logged_model_metrics`, in pieces. One thread.
#include "cli/import/mlflow_sql.h"

#include <math.h>
#include <stdlib.h>

#define PIECE     8192
#define KEY_BYTES (1u << 20) // of a piece's keys
#define KEYS_SEEN 16         // keys of a piece that are found again without a copy

bool mlflow_model_points_start(mlflow_sql *m, err *e) {
    m->with_models = map_new(m->a);
    m->one = arena_new();
    if (!m->model_runs || !mlflow_sql_there(m, "logged_model_metrics")) {
        m->model_metrics = NULL;
        return true;
    }
    void *rows = m->db.ops->query(m->db.db, m->model_runs, NULL, 0, true, e);
    while (rows && m->db.ops->next(rows, e))
        *map_at(&m->with_models, arena_str(m->a, m->db.ops->text(rows, 0)), NULL) = m;
    m->db.ops->end(rows);
    if (e->code != ERR_CORRUPT) return e->code == ERR_NONE;
    source_lost(m->log, "table logged_model_metrics: %s", e->msg);
    e->code = ERR_NONE;
    return true;
}

void mlflow_model_points_free(mlflow_sql *m) {
    arena_free(m->one);
}

static bool read_model_points(mlflow_sql *m, str run_id, mlflow_model_set *set, err *e) {
    const sql_ops *o = m->db.ops;
    sql_arg arg = SQL_TEXT(run_id);
    if (!m->model_metrics || !map_get(&m->with_models, run_id)) return true;
    void *rows = o->query(m->db.db, m->model_metrics, &arg, 1, false, e);
    while (rows && o->next(rows, e)) {
        point p = {.key = source_text(m->log, m->one, o->text(rows, 1), "a metric's key"),
                   .step = o->i64(rows, 2),
                   .time_ms = o->i64(rows, 3),
                   .value = o->is_null(rows, 4) ? (double)NAN : o->f64(rows, 4)};
        str name = o->text(rows, 5), digest = o->text(rows, 6);
        if (name.n) p.dataset_name = source_text(m->log, m->one, name, "a data set's name");
        if (digest.n) p.dataset_digest = source_text(m->log, m->one, digest, "a digest");
        if (mlflow_model_id_of(o->text(rows, 0), &p.model)) mlflow_model_set_add(set, &p);
    }
    o->end(rows);
    if (e->code != ERR_CORRUPT) return e->code == ERR_NONE;
    source_lost(m->log, "table logged_model_metrics of run %.*s: %s", STR_F(run_id), e->msg);
    e->code = ERR_NONE;
    return true;
}

typedef struct seen_key {
    str raw, kept;
} seen_key;

typedef struct piece {
    point points[PIECE];
    char keys[KEY_BYTES];
    size_t n, used;
    seen_key seen[KEYS_SEEN];
    size_t n_seen;
} piece;

// The key's copy in the piece, in which it has room, or what was made of one that is no text.
// Rows of one run mostly come with the same few keys.
static str keep_key(mlflow_sql *m, piece *p, str key) {
    for (size_t i = 0; i < KEYS_SEEN && i < p->n_seen; i++) {
        if (str_eq(p->seen[i].raw, key)) return p->seen[i].kept;
    }
    seen_key *k = &p->seen[p->n_seen++ % KEYS_SEEN];
    if (str_is_text(key)) {
        k->raw = k->kept = str_n(p->keys + p->used, key.n);
        memcpy(p->keys + p->used, key.p, key.n);
        p->used += key.n;
    } else {
        k->raw = arena_str(m->one, key);
        k->kept = source_text(m->log, m->one, key, "a metric's key");
    }
    return k->kept;
}

static bool give(piece *p, source_take take, void *arg, err *e) {
    bool ok = !p->n || take(arg, p->points, p->n, e);
    p->n = p->used = p->n_seen = 0;
    return ok;
}

static bool has_room(const piece *p, str key) {
    return p->n < PIECE && key.n <= sizeof p->keys - p->used;
}

static bool give_metrics(mlflow_sql *m, scan *s, mlflow_model_set *set, piece *p,
                         source_take take, void *arg, err *e) {
    const sql_ops *o = m->db.ops;
    while (scan_next(s, e)) {
        str key = o->text(s->rows, SCAN_FIRST);
        if (key.n > sizeof p->keys) continue;
        if (!has_room(p, key) && !give(p, take, arg, e)) return false;
        point x = {.key = keep_key(m, p, key),
                   .step = o->i64(s->rows, SCAN_FIRST + 1),
                   .time_ms = o->i64(s->rows, SCAN_FIRST + 2),
                   .value = o->i64(s->rows, SCAN_FIRST + 4) ? (double)NAN
                                                            : o->f64(s->rows, SCAN_FIRST + 3)};
        if (!mlflow_model_set_has(set, &x)) p->points[p->n++] = x;
    }
    return e->code == ERR_NONE && give(p, take, arg, e);
}

bool mlflow_sql_points(void *src, id of, source_take take, void *arg, err *e) {
    mlflow_sql *m = src;
    arena_reset(m->one);
    str run_id = id_str(m->one, of);
    mlflow_model_set *set = mlflow_model_set_new(m->one);
    if (!read_model_points(m, run_id, set, e)) return false;
    sql_arg run_arg = SQL_TEXT(run_id);
    scan s = scan_new(&m->db, m->log, m->metrics, "metrics", run_id, &run_arg, true);
    piece *p = mem_realloc(NULL, sizeof *p);
    p->n = p->used = p->n_seen = 0;
    bool ok = give_metrics(m, &s, set, p, take, arg, e);
    scan_end(&s);
    free(p);
    size_t n;
    const point *of_models = mlflow_model_set_points(set, &n);
    return ok && (!n || take(arg, of_models, n, e));
}
