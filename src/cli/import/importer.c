// SPDX-License-Identifier: Apache-2.0
// importer: the steps, projects and logged models; where artifacts go. Runs: importer_runs.c;
// registered models: importer_repos.c. One thread.
#include "cli/import/importer.h"

#include "base/clock.h"
#include "core/artifact.h"
#include "core/series.h"

#define MODELS_AT_ONCE 200

static str number_key(arena *a, int64_t number) {
    return arena_str(a, str_n(&number, sizeof number));
}

importer_project *importer_project_of(importer *m, int64_t number) {
    return map_get(&m->projects, str_n(&number, sizeof number));
}

// ---- where artifacts go ---------------------------------------------------------------------

static str own_uri(arena *a, const source_owner *o, int64_t number) {
    str own = id_str(a, o->id);
    if (id_is_zero(o->id)) return arena_printf(a, "mlflow-artifacts:/%lld", (long long)number);
    return o->is_model ? arena_printf(a, "mlflow-artifacts:/%lld/models/m-%.*s/artifacts",
                                      (long long)number, STR_F(own))
                       : arena_printf(a, "mlflow-artifacts:/%lld/%.*s/artifacts",
                                      (long long)number, STR_F(own));
}

static str uri_here(importer *m, arena *a, const source_owner *o, int64_t number) {
    str path, uri;
    bool to_be_had = m->o.files && m->src.ops->has_files(m->src.s, o);
    if (source_proxied(o->uri, &path))
        uri = arena_printf(a, "mlflow-artifacts:/%.*s", STR_F(path));
    else if (source_is_local(o->uri, &path) && to_be_had)
        uri = own_uri(a, o, number);
    else
        return o->uri;
    return uri;
}

// ---- projects -------------------------------------------------------------------------------

static bool place_project(importer *m, const project *p, size_t *clashes, err *e) {
    importer_project *ip = ARENA_NEW(m->a, importer_project);
    ip->p = *p;
    if (!import_find_project(&m->c, m->src.name, p, &ip->where, e)) return false;
    if (ip->where.place == IMPORT_CLASHES) {
        ++*clashes;
        if (m->o.on_clash == ON_CLASH_REFUSE)
            source_lost(m->log, "%.*s", STR_F(ip->where.clash));
        else
            source_note(m->log, "%.*s; it is %s", STR_F(ip->where.clash),
                        m->o.on_clash == ON_CLASH_SKIP ? "left out" : "brought over renamed");
        ip->skip = m->o.on_clash == ON_CLASH_SKIP;
    }
    *map_at(&m->projects, number_key(m->a, p->number), NULL) = ip;
    return true;
}

static bool put_project(importer *m, importer_project *ip, err *e) {
    source_owner o = {.project = ip->p.number, .uri = ip->p.artifact_location};
    int64_t number = ip->p.number;
    ip->p.artifact_location = uri_here(m, m->a, &o, ip->where.number);
    if (!m->o.dry_run && !import_put_project(&m->c, m->src.name, &ip->p, &ip->where, e))
        return false;
    if (ip->where.place == IMPORT_CLASHES && !m->o.dry_run) { // only now is its number known
        import_where again;
        ip->p.artifact_location = uri_here(m, m->a, &o, ip->where.number);
        if (!import_put_project(&m->c, m->src.name, &ip->p, &again, e)) return false;
    }
    ip->p.number = ip->where.number;
    if (ip->where.name.n) ip->p.name = ip->where.name;
    if (ip->where.place == IMPORT_IS_NEW || ip->where.place == IMPORT_CLASHES)
        m->n_projects.new ++;
    else
        m->n_projects.same++;
    if (ip->where.place == IMPORT_CLASHES)
        source_note(m->log, "experiment %lld is project %lld '%.*s' here", (long long)number,
                    (long long)ip->p.number, STR_F(ip->p.name));
    import_sum_project(&m->there, &ip->p, ip->where.shared);
    return true;
}

static bool take_projects(importer *m, err *e) {
    project *p;
    size_t n, clashes = 0;
    if (!m->src.ops->projects(m->src.s, m->a, &p, &n, e)) return false;
    for (size_t i = 0; i < n; i++) {
        if (!place_project(m, &p[i], &clashes, e)) return false;
    }
    if (clashes && m->o.on_clash == ON_CLASH_REFUSE && !m->o.dry_run) {
        return err_set(
            e, ERR_EXISTS,
            "%zu experiments have a number or a name that another project has here, so "
            "nothing was brought over: take --on-clash rename or skip, or another "
            "--data or --db",
            clashes);
    }
    for (size_t i = 0; i < m->projects.n; i++) {
        importer_project *ip = m->projects.entries[i].value;
        if (!ip->skip && !put_project(m, ip, e)) return false;
    }
    return true;
}

// ---- logged models --------------------------------------------------------------------------

// Known, but changed here since? Then it is left alone.
static bool model_is_ours(importer *m, const import_model *im, const import_mark *mark,
                          uint64_t rows, bool *ours, err *e) {
    import_model here;
    import_sums s = {0};
    if (!import_get_model(&m->c, im->m.id, &here, e)) return false;
    uint64_t now = import_sum_model(&s, &here);
    *ours = mark->known ? now == mark->rows : now == rows;
    if (*ours) return true;
    m->n_models.left++;
    source_lost(m->log, "logged model m-%s %s", id_str(m->a, im->m.id).p,
                mark->known ? "was changed here since it came over, and at the source: it stays"
                            : "is here already and differs: it stays");
    return true;
}

static bool model_fate(importer *m, const import_model *im, bool *put, bool *left, err *e) {
    import_mark mark;
    import_sums s = {0};
    uint64_t rows = import_sum_model(&s, im);
    bool ours = true;
    *put = true;
    *left = false;
    if (!import_mark_of_model(&m->c, im->m.id, &mark, e)) return false;
    if (mark.there && mark.known && mark.rows == rows) {
        m->n_models.same++;
        *put = false;
    } else if (mark.there) {
        if (!model_is_ours(m, im, &mark, rows, &ours, e)) return false;
        *put = ours;
        *left = !ours;
        m->n_models.changed += ours;
    } else {
        m->n_models.new ++;
    }
    if (*left) return true;
    import_sums_add(&m->there, &s);
    vec_push(m->a, &m->checked_models, (import_checked){.id = im->m.id, .rows = rows});
    str key = arena_str(m->a, str_n(im->m.id.b, sizeof im->m.id.b));
    *map_at(&m->models, key, NULL) = m;
    return true;
}

static void note_owner(importer *m, const source_owner *o, str uri) {
    str path, tree;
    err e = {0};
    if (!source_proxied(uri, &path)) {
        m->kept_elsewhere++;
    } else if (!m->o.files || !m->src.ops->has_files(m->src.s, o)) {
        m->unreached++;
    } else if (!artifact_path(m->a, path, &tree, &e) || !tree.n) {
        source_lost(m->log, "the artifacts of %s: '%.*s' is no path that can be kept",
                    id_str(m->a, o->id).p, STR_F(path));
    } else {
        source_owner kept = *o;
        kept.uri = arena_str(m->a, o->uri);
        vec_push(m->a, &m->owners, kept);
        vec_push(m->a, &m->trees, tree);
    }
}

str importer_take_files(importer *m, arena *a, const source_owner *o, int64_t number) {
    str uri = uri_here(m, a, o, number);
    note_owner(m, o, uri);
    return uri;
}

static bool take_models(importer *m, err *e) {
    arena *a = arena_new();
    VEC(import_model) list = {0};
    import_model im;
    bool ok = true;
    progress_begin(&m->progress, "logged models", -1, NULL, -1);
    while (ok && m->src.ops->next_model(m->src.s, a, &im, e)) {
        importer_project *ip = importer_project_of(m, im.m.project);
        bool put, left;
        if (!ip || ip->skip) continue;
        source_owner o = {
            .id = im.m.id, .is_model = true, .project = im.m.project, .uri = im.m.artifact_uri};
        im.m.project = ip->p.number;
        im.m.artifact_uri = uri_here(m, a, &o, ip->p.number);
        ok = model_fate(m, &im, &put, &left, e);
        if (ok && !left) importer_take_files(m, a, &o, ip->p.number);
        if (ok && put && !m->o.dry_run) vec_push(a, &list, im);
        if (ok && list.n == MODELS_AT_ONCE) {
            ok = import_put_models(&m->c, m->src.name, list.p, list.n, e);
            arena_reset(a);
            memset(&list, 0, sizeof list);
        }
        progress_at(&m->progress, (int64_t)m->checked_models.n, 0);
    }
    progress_end(&m->progress);
    ok = ok && e->code == ERR_NONE && import_put_models(&m->c, m->src.name, list.p, list.n, e);
    arena_free(a);
    return ok;
}

// ---- all ------------------------------------------------------------------------------------

static void tell_files(importer *m) {
    if (m->kept_elsewhere) {
        source_note(
            m->log,
            "%llu runs and models keep their artifacts where they are (s3:// and the like, "
            "or a folder that was not named): their URIs are kept",
            (unsigned long long)m->kept_elsewhere);
    }
    if (m->unreached) {
        source_note(m->log,
                    "the artifacts of %llu runs and models lie with the old server: name their "
                    "folder with --artifacts and import again",
                    (unsigned long long)m->unreached);
    }
}

bool importer_run(importer *m, err *e) {
    m->projects = map_new(m->a);
    m->models = map_new(m->a);
    bool ok = take_projects(m, e) && take_models(m, e) && importer_runs(m, e);
    if (ok && m->o.files) ok = importer_files(m, e);
    ok = ok && importer_repos(m, e);
    if (ok && !m->o.dry_run) ok = series_pack_all(m->c.core, e) && importer_prove(m, e);
    progress_end(&m->progress);
    if (ok) tell_files(m);
    return ok;
}
