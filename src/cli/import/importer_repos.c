// SPDX-License-Identifier: Apache-2.0
// importer_repos: registered models and prompts, with their versions and aliases. A version is
// sealed out of the files that came over before; one whose files did not come is external, as
// at the source. One thread.
#include "cli/import/importer.h"
#include "core/artifact.h"
#include "core/prompt.h"
#include "core/protect.h"

// ---- where a version's files are here -------------------------------------------------------

typedef struct place { // a run's or logged model's files, or some of them
    id owner;
    bool is_model;
    str below;
} place;

static str segment(str *rest) {
    size_t slash = str_find(*rest, '/', 0);
    str one = str_upto(*rest, slash);
    *rest = slash == SIZE_MAX ? STR("") : str_from(*rest, slash + 1);
    return one;
}

static bool is_owner(str s, place *out) {
    out->is_model = str_starts(s, STR("m-"));
    return id_parse(out->is_model ? str_from(s, 2) : s, &out->owner);
}

// "runs:/<run>/<below>", "models:/m-<model>", and paths as MLflow makes them:
// ".../<run>/artifacts/<below>", ".../m-<model>/artifacts/<below>".
static bool place_of(str uri, place *out) {
    bool names_it = str_starts(uri, STR("runs:/")) || str_starts(uri, STR("models:/"));
    str rest = names_it ? str_from(uri, str_find(uri, '/', 0) + 1) : uri;
    if (names_it) {
        bool found = is_owner(segment(&rest), out);
        out->below = rest;
        return found;
    }
    while (rest.n) {
        if (!is_owner(segment(&rest), out) ||
            !str_is(str_upto(rest, str_find(rest, '/', 0)), "artifacts"))
            continue;
        segment(&rest);
        out->below = rest;
        return true;
    }
    return false;
}

// The artifact URI of the owner here; empty: it is not here.
static bool owner_uri(ctx *c, const place *p, str *out, err *e) {
    import_model m = {0};
    run r = {0};
    bool there =
        p->is_model ? import_get_model(c, p->owner, &m, e) : run_get(c, p->owner, &r, e);
    *out = !there ? STR("") : p->is_model ? m.m.artifact_uri : r.artifact_uri;
    bool none = e->code == ERR_NOT_FOUND;
    if (none) *e = (err){0};
    return there || none;
}

// Its path in the artifact tree; p NULL: it lies elsewhere.
static bool tree_path(ctx *c, const version *v, str *out, err *e) {
    str uri = v->location.n ? v->location : v->source, path = {0};
    place p;
    err odd = {0};
    *out = (str){0};
    if (!source_proxied(uri, &path)) {
        if (!place_of(uri, &p) || !owner_uri(c, &p, &uri, e)) return e->code == ERR_NONE;
        if (!source_proxied(uri, &path)) return true;
        path = arena_printf(c->a, "%.*s/%.*s", STR_F(path), STR_F(p.below));
    }
    if (!artifact_path(c->a, path, out, &odd)) *out = (str){0};
    return true;
}

// ---- sealing --------------------------------------------------------------------------------

static bool seal_files(ctx *c, version *v, bool *found, err *e) {
    str path;
    *found = false;
    if (!tree_path(c, v, &path, e) || !path.n) return e->code == ERR_NONE;
    return content_seal_artifacts(c, REPO_MODEL, path, &v->content, found, e);
}

// One that came before keeps what it has.
static bool seal(importer *m, ctx *c, const import_repo *r, version *v, const version *here,
                 err *e) {
    bool found = here && here->has_content, ok = true;
    if (found)
        v->content = here->content;
    else if (!m->o.dry_run)
        ok = r->row.kind == REPO_PROMPT
                 ? prompt_seal(c, v->tags, v->n_tags, &v->content, &found, e)
                 : seal_files(c, v, &found, e);
    if (!ok && e->code == ERR_TOO_LARGE) {
        source_lost(m->log, "the files of version %lld of '%.*s': %s", (long long)v->number,
                    STR_F(r->row.name), e->msg);
        *e = (err){0};
        ok = true;
    }
    v->has_content = found;
    if (found || str_eq(v->location, v->source)) v->location = STR("");
    return ok;
}

static bool seal_all(importer *m, ctx *c, import_repo *r, const import_repo *here, err *e) {
    for (size_t i = 0; i < r->n_versions; i++) {
        version *v = &r->versions[i], *same = import_version_of(here, v->number);
        if (same && same->created_us != v->created_us) same = NULL;
        if (!seal(m, c, r, v, same, e)) return false;
        m->external += !v->has_content;
    }
    return true;
}

// ---- what becomes of it ---------------------------------------------------------------------

// Ours: nothing is new at the source, and it was changed here. Left: both were. Unread: what is
// not there may be what could not be read.
typedef enum fate { FATE_NEW, FATE_SAME, FATE_CHANGED, FATE_OURS, FATE_LEFT, FATE_UNREAD } fate;

static bool stays(fate f) {
    return f == FATE_OURS || f == FATE_LEFT || f == FATE_UNREAD;
}

// Has it a version that an import which was killed in the midst of it did not bring?
static bool has_own(const import_mark *mark, const import_repo *here, const import_repo *r) {
    for (size_t i = 0; i < here->n_versions; i++) {
        const version *v = &here->versions[i], *there = import_version_of(r, v->number);
        if ((uint64_t)v->number >= mark->rows && !(there && there->created_us == v->created_us))
            return true;
    }
    return false;
}

// A repo that came: is it as it came, or as it is at the source?
static bool meet(ctx *c, const import_mark *mark, uint64_t rows, const import_repo *r,
                 const import_repo *here, fate *out, err *e) {
    import_sums s = {0};
    protection *p;
    size_t n;
    uint64_t now = import_sum_repo(&s, here);
    if (!protect_list(c, here->row.name, &p, &n, e)) return false;
    if (!mark->whole)
        *out = n || has_own(mark, here, r) ? FATE_LEFT : FATE_CHANGED;
    else if (now == rows)
        *out = FATE_SAME;
    else if (mark->rows == rows)
        *out = FATE_OURS;
    else
        *out = now == mark->rows && !n ? FATE_CHANGED : FATE_LEFT;
    return true;
}

static bool put(importer *m, ctx *c, const import_repo *r, bool *came, err *e) {
    *came =
        m->o.dry_run ? repo_check_name(r->row.name, e) : import_put_repo(c, m->src.name, r, e);
    if (*came) return true;
    if (e->code != ERR_INVALID && e->code != ERR_STATE && e->code != ERR_FORBIDDEN)
        return false;
    source_lost(m->log, "registered model '%.*s': %s", STR_F(r->row.name), e->msg);
    *e = (err){0};
    return true;
}

static void count(importer *m, fate f) {
    import_counts *n = &m->n_repos;
    n->new += f == FATE_NEW;
    n->same += f == FATE_SAME;
    n->changed += f == FATE_CHANGED;
    n->left += stays(f);
}

// Of one that stays as it is here.
static void tell(importer *m, str name, fate f, bool is_it) {
    if (f == FATE_OURS)
        source_note(m->log,
                    "registered model '%.*s' was changed here since it came over: it stays",
                    STR_F(name));
    else
        source_lost(
            m->log, "registered model '%.*s' %s: it stays as it is", STR_F(name),
            f == FATE_UNREAD ? "is here, and can not be read whole any more"
            : is_it
                ? "was changed or protected here since it came over, and changed at the source"
                : "has the name of a repo that is here already");
}

static bool bring(importer *m, ctx *c, import_repo *r, err *e) {
    import_mark mark;
    import_repo here = {0};
    import_sums s = {0};
    fate f = FATE_NEW;
    bool came = true;
    if (!import_mark_of_repo(c, r->row.name, &mark, e) ||
        (mark.there && !import_get_repo(c, r->row.name, &here, e)) ||
        !seal_all(m, c, r, &here, e))
        return false;
    uint64_t rows = import_sum_repo(&s, r);
    // Names are no identities: another tracker, or this one later, may have another by this
    // name.
    bool is_it = mark.known && here.row.created_us == r->row.created_us;
    if (is_it && !meet(c, &mark, rows, r, &here, &f, e)) return false;
    if (mark.there && !is_it) f = FATE_LEFT;
    if (f == FATE_CHANGED && r->partial) f = FATE_UNREAD;
    if (stays(f)) tell(m, r->row.name, f, is_it);
    if ((f == FATE_NEW || f == FATE_CHANGED) && !put(m, c, r, &came, e)) return false;
    if (came) count(m, f);
    if (!came || stays(f)) return true;
    import_sums_add(&m->there, &s);
    vec_push(m->a, &m->repos, arena_str(m->a, r->row.name));
    return true;
}

bool importer_repos(importer *m, err *e) {
    ctx c = m->c;
    import_repo r;
    bool ok = true;
    c.a = arena_new();
    progress_begin(&m->progress, "registered models", -1, NULL, -1);
    while (ok && m->src.ops->next_repo(m->src.s, c.a, &r, e)) {
        ok = bring(m, &c, &r, e);
        arena_reset(c.a);
        progress_at(&m->progress, (int64_t)m->repos.n, 0);
    }
    progress_end(&m->progress);
    arena_free(c.a);
    if (m->external)
        source_note(m->log,
                    "%llu model versions are external: their files did not come, and their "
                    "sources are kept",
                    (unsigned long long)m->external);
    return ok && e->code == ERR_NONE;
}

// ---- proof ----------------------------------------------------------------------------------

bool importer_prove_repos(importer *m, err *e) {
    ctx c = m->c;
    bool ok = true;
    c.a = arena_new();
    for (size_t i = 0; ok && i < m->repos.n; i++) {
        import_repo here;
        arena_reset(c.a);
        ok = import_get_repo(&c, m->repos.p[i], &here, e);
        if (ok) import_sum_repo(&m->here, &here);
    }
    arena_free(c.a);
    return ok;
}
