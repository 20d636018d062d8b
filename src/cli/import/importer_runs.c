// SPDX-License-Identifier: Apache-2.0
// importer_runs: runs with their points. A run that is new is read once and written while it is
// read; one that came before is first summed, and read again only when the source has more. One
// thread (the writer is writer.c's).
#include "base/num.h"
#include "cli/import/importer.h"
#include "core/series.h"

typedef struct reading { // of one run
    importer *m;
    const import_run *r; // in the bundle that is filled when the run begins; gone after a flush
    id run;
    int64_t project;
    bool write;
    size_t part; // in the bundle being filled
    bool begun;
    uint64_t rows;
    import_sum points, model_points;
    map seen; // places of model points: the run shows each once
    arena *a; // of seen
    str key;  // of the point before
    import_point_base base;
} reading;

// ---- summing --------------------------------------------------------------------------------

static void sum_own(reading *x, const point *p) {
    if (!x->key.p || !str_eq(x->key, p->key)) {
        x->base = import_point_base_of(x->run, p->key);
        x->key = p->key; // valid for this piece; reading_piece forgets it
    }
    import_sum_point(&x->points, &x->base, p->step, p->time_ms, p->value);
}

// Points of several models at one place are one point of the run.
static void sum_model_point(reading *x, const point *p) {
    bool added;
    if (map_get(&x->m->models, str_n(p->model.b, sizeof p->model.b)))
        import_sum_model_point(&x->model_points, x->run, p);
    if (!x->a) {
        x->a = arena_new();
        x->seen = map_new(x->a);
    }
    int64_t place[3] = {p->step, p->time_ms, num_order(p->value)};
    char *key = arena_bytes(x->a, sizeof place + p->key.n);
    memcpy(key, place, sizeof place);
    memcpy(key + sizeof place, p->key.p, p->key.n);
    map_at(&x->seen, str_n(key, sizeof place + p->key.n), &added);
    if (added) sum_own(x, p);
}

static import_part *part_of(reading *x) {
    import_bundle *b = import_writer_bundle(x->m->writer);
    if (!x->begun) {
        x->begun = true;
        x->part = b->parts.n;
        vec_push(b->a, &b->parts,
                 (import_part){.id = x->run, .project = x->project, .run = x->r});
    }
    return &b->parts.p[x->part];
}

// A bundle that is full goes; the run goes on in the next.
static bool flush(reading *x, err *e) {
    import_bundle *before = import_writer_bundle(x->m->writer);
    if (!import_writer_flush(x->m->writer, false, e)) return false;
    import_bundle *b = import_writer_bundle(x->m->writer);
    if (b == before) return true;
    x->part = b->parts.n;
    vec_push(b->a, &b->parts, (import_part){.id = x->run, .project = x->project});
    return true;
}

static bool add_record(reading *x, const point *p, size_t n, err *e) {
    import_bundle *b = import_writer_bundle(x->m->writer);
    import_part *part = part_of(x);
    str *records = ARENA_ARRAY(b->a, str, part->n_records + 1);
    if (part->n_records) memcpy(records, part->records, part->n_records * sizeof *records);
    str record = series_record(b->a, p, n);
    records[part->n_records++] = record;
    part->records = records;
    part->n_points += n;
    b->bytes += record.n;
    b->points += n;
    return flush(x, e);
}

static bool take_piece(void *arg, const point *p, size_t n, err *e) {
    reading *x = arg;
    x->key = (str){0};
    for (size_t i = 0; i < n; i++) {
        if (id_is_zero(p[i].model))
            sum_own(x, &p[i]);
        else
            sum_model_point(x, &p[i]);
    }
    x->key = (str){0};
    progress_at(&x->m->progress, (int64_t)x->m->runs.n,
                (int64_t)(x->m->there.of[IMPORT_points].n + x->points.n));
    return !x->write || add_record(x, p, n, e);
}

static import_mark mark_of(const reading *x) {
    return (import_mark){.whole = true, .rows = x->rows, .points = x->points};
}

// Reads the run's points, and writes the run when `write` is set.
static bool read_points(reading *x, bool write, err *e) {
    x->write = write;
    x->points = x->model_points = (import_sum){0};
    bool ok = x->m->src.ops->points(x->m->src.s, x->run, take_piece, x, e);
    arena_free(x->a);
    x->a = NULL;
    if (ok && write) part_of(x)->mark = mark_of(x);
    return ok;
}

// ---- what becomes of a run ------------------------------------------------------------------

// What the run is like here now.
static bool mark_here(importer *m, id run_id, import_mark *out, err *e) {
    import_run here;
    import_sums s = {0};
    ctx c = m->c;
    c.a = arena_new();
    *out = (import_mark){0};
    bool ok = import_get_run(&c, run_id, &here, e);
    if (ok) {
        out->rows = import_sum_run(&s, &here);
        ok = import_sum_points(&c, run_id, &out->points, e);
    }
    arena_free(c.a);
    return ok;
}

static void leave(reading *x, const char *why) {
    x->m->n_runs.left++;
    source_lost(x->m->log, "run %s %s", id_str(x->m->a, x->run).p, why);
}

static bool same_mark(const import_mark *x, const import_mark *y) {
    return x->rows == y->rows && x->points.n == y->points.n && x->points.sum == y->points.sum;
}

// The run is here: equal, or brought up to date, or left as it is.
static bool meet(reading *x, const import_mark *known, bool *left, err *e) {
    importer *m = x->m;
    import_mark here;
    if (!read_points(x, false, e)) return false;
    import_mark now = mark_of(x);
    if (known->known && same_mark(known, &now)) {
        m->n_runs.same++;
        return true;
    }
    if (!mark_here(m, x->run, &here, e)) return false;
    bool write = !m->o.dry_run;
    if (same_mark(&here, &now)) { // only the mark is missing, or behind
        m->n_runs.same++;
        if (write) part_of(x)->run = NULL;
        if (write) part_of(x)->mark = now;
        return !write || flush(x, e);
    }
    *left = !known->known || !same_mark(known, &here);
    if (*left) {
        leave(x,
              known->known
                  ? "was changed here since it came over, and at the source: it stays as it is"
                  : "is here already and differs: it stays as it is");
        return true;
    }
    m->n_runs.changed++;
    return !write || read_points(x, true, e);
}

static bool bring(reading *x, bool *left, err *e) {
    importer *m = x->m;
    import_mark known;
    if (!import_mark_of_run(&m->c, x->run, &known, e)) return false;
    if (known.there && (!known.known || known.whole)) return meet(x, &known, left, e);
    m->n_runs.new ++;
    return read_points(x, !m->o.dry_run, e);
}

static bool next(importer *m, import_run *r, importer_project *ip, err *e) {
    source_owner o = {.id = r->row.id, .project = r->row.project, .uri = r->row.artifact_uri};
    import_sums s = {0};
    reading x = {.m = m, .r = r, .run = r->row.id, .project = ip->p.number};
    bool left = false;
    uint64_t elsewhere = m->kept_elsewhere, unreached = m->unreached;
    size_t owners = m->owners.n;
    r->row.project = ip->p.number;
    r->row.artifact_uri =
        importer_take_files(m, import_writer_bundle(m->writer)->a, &o, ip->p.number);
    x.rows = import_sum_run(&s, r);
    if (!bring(&x, &left, e)) return false;
    if (left) { // its files stay too
        m->kept_elsewhere = elsewhere;
        m->unreached = unreached;
        m->owners.n = m->trees.n = owners;
        return true;
    }
    s.of[IMPORT_points] = x.points;
    s.of[IMPORT_model_points] = x.model_points;
    import_sums_add(&m->there, &s);
    vec_push(m->a, &m->runs, (import_checked){x.run, x.rows, x.points});
    return true;
}

bool importer_runs(importer *m, err *e) {
    source_size size = m->src.ops->size(m->src.s);
    bool ok = true;
    progress_begin(&m->progress, "runs", size.runs, "points", size.points);
    m->writer = import_writer_new(&m->c, m->src.name);
    while (ok) {
        arena *a = import_writer_bundle(m->writer)->a;
        import_run *r = ARENA_NEW(a, import_run);
        if (!m->src.ops->next_run(m->src.s, a, r, e)) {
            ok = e->code == ERR_NONE;
            break;
        }
        importer_project *ip = importer_project_of(m, r->row.project);
        if (!ip)
            source_lost(m->log, "run %s: its experiment %lld is not there",
                        id_str(m->a, r->row.id).p, (long long)r->row.project);
        else if (!ip->skip)
            ok = next(m, r, ip, e);
        ok = ok && import_writer_flush(m->writer, false, e);
        progress_at(&m->progress, (int64_t)m->runs.n, (int64_t)m->there.of[IMPORT_points].n);
    }
    progress_end(&m->progress);
    ok = ok && import_writer_flush(m->writer, true, e) && import_writer_wait(m->writer, e);
    import_writer_free(m->writer);
    m->writer = NULL;
    return ok;
}
