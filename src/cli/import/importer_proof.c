// SPDX-License-Identifier: Apache-2.0
// importer_proof: reads back what was to come and sums it as the source was summed. Runs are
// read by a few threads, which share a counter.
#include "base/thread.h"
#include "cli/import/importer.h"

#include <stdatomic.h>
#include <unistd.h>

#define THREADS_MAX 8

typedef struct shared {
    importer *m;
    atomic_size_t next, done;
    atomic_bool failed;
} shared;

typedef struct checker {
    shared *s;
    pthread_t thread;
    import_sums sums;
    import_sum points;
    VEC(id) unequal;
    arena *a; // of unequal
    err why;
} checker;

static bool check_run(checker *k, ctx *c, const import_checked *want, err *e) {
    import_run here;
    import_sums s = {0};
    if (!import_get_run(c, want->id, &here, e)) {
        if (e->code != ERR_NOT_FOUND) return false;
        e->code = ERR_NONE;
        vec_push(k->a, &k->unequal, want->id);
        return true;
    }
    uint64_t rows = import_sum_run(&s, &here);
    if (!import_sum_points(c, want->id, &s.of[IMPORT_points], e)) return false;
    if (rows != want->rows || s.of[IMPORT_points].n != want->points.n ||
        s.of[IMPORT_points].sum != want->points.sum) {
        vec_push(k->a, &k->unequal, want->id);
    }
    import_sums_add(&k->sums, &s);
    return true;
}

static void *check_runs(void *arg) {
    checker *k = arg;
    shared *s = k->s;
    ctx c = s->m->c;
    c.a = arena_new();
    while (!atomic_load(&s->failed)) {
        size_t i = atomic_fetch_add(&s->next, 1);
        if (i >= s->m->runs.n) break;
        arena_reset(c.a);
        if (!check_run(k, &c, &s->m->runs.p[i], &k->why)) atomic_store(&s->failed, true);
        atomic_fetch_add(&s->done, 1);
    }
    arena_free(c.a);
    return NULL;
}

static size_t thread_count(size_t runs) {
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    size_t n = cores < 1 ? 1 : (size_t)cores;
    if (n > THREADS_MAX) n = THREADS_MAX;
    return n > runs ? (runs ? runs : 1) : n;
}

static bool prove_runs(importer *m, err *e) {
    shared s = {.m = m};
    checker k[THREADS_MAX] = {0};
    size_t n = thread_count(m->runs.n);
    for (size_t i = 0; i < n; i++) {
        k[i] = (checker){.s = &s, .a = arena_new()};
        thread_start(&k[i].thread, "import-proof", 1 << 20, true, check_runs, &k[i]);
    }
    while (atomic_load(&s.done) < m->runs.n && !atomic_load(&s.failed)) {
        usleep(20000);
        progress_at(&m->progress, (int64_t)atomic_load(&s.done), 0);
    }
    bool ok = true;
    for (size_t i = 0; i < n; i++) {
        pthread_join(k[i].thread, NULL);
        import_sums_add(&m->here, &k[i].sums);
        for (size_t j = 0; j < k[i].unequal.n; j++)
            source_lost(m->log, "run %s is not the same here",
                        id_str(m->a, k[i].unequal.p[j]).p);
        if (ok && k[i].why.code != ERR_NONE) {
            *e = k[i].why;
            ok = false;
        }
        arena_free(k[i].a);
    }
    return ok;
}

// Of a project that was here before, only the tags that the source has count.
static void keep_tags_of(project *here, const project *there) {
    size_t kept = 0;
    for (size_t i = 0; i < here->n_tags; i++) {
        for (size_t j = 0; j < there->n_tags; j++) {
            if (!str_eq(here->tags[i].key, there->tags[j].key)) continue;
            here->tags[kept++] = here->tags[i];
            break;
        }
    }
    here->n_tags = kept;
}

static bool prove_projects(importer *m, err *e) {
    for (size_t i = 0; i < m->projects.n; i++) {
        const importer_project *ip = m->projects.entries[i].value;
        project here;
        if (ip->skip) continue;
        if (!project_get(&m->c, ip->p.number, &here, e)) return false;
        if (ip->where.shared) keep_tags_of(&here, &ip->p);
        import_sum_project(&m->here, &here, ip->where.shared);
    }
    return true;
}

static bool prove_models(importer *m, err *e) {
    ctx c = m->c;
    c.a = arena_new();
    bool ok = true;
    for (size_t i = 0; ok && i < m->checked_models.n; i++) {
        import_model here;
        arena_reset(c.a);
        id model_id = m->checked_models.p[i].id;
        ok = import_get_model(&c, model_id, &here, e);
        if (ok) import_sum_model(&m->here, &here);
        ok = ok && import_sum_model_points(&c, model_id, &m->here.of[IMPORT_model_points], e);
    }
    arena_free(c.a);
    return ok;
}

bool importer_prove(importer *m, err *e) {
    progress_begin(&m->progress, "runs read back", (int64_t)m->runs.n, NULL, -1);
    bool ok = prove_projects(m, e) && prove_models(m, e) && prove_runs(m, e) &&
              importer_prove_repos(m, e);
    progress_end(&m->progress);
    return ok;
}
