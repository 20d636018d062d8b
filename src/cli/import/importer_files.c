// SPDX-License-Identifier: Apache-2.0
// importer_files: artifact files. One that is there with the same bytes is not stored again.
// What a run's files became is read back at once, run by run. One thread.
#include "cli/import/importer.h"
#include "core/artifact.h"

typedef struct owner_files {
    importer *m;
    const source_owner *o;
    str tree;
    arena *a;
    VEC(artifact_file) put, all; // not there yet; everything
} owner_files;

typedef struct upload {
    store_upload *u;
    err why;
} upload;

static bool write_upload(void *arg, const void *p, size_t n) {
    upload *up = arg;
    return store_write(up->u, p, n, &up->why);
}

static bool hash_bytes(void *arg, const void *p, size_t n) {
    sha256_add(arg, p, n);
    return true;
}

static bool is_same(owner_files *x, str path, artifact_file *f, const artifact_entry *there,
                    err *e) {
    sha256_ctx *h = sha256_new();
    bool ok = x->m->src.ops->read_file(x->m->src.s, x->o, path, hash_bytes, h, e);
    f->digest = sha256_end(h);
    sha256_free(h);
    return ok && sha256_eq(f->digest, there->digest);
}

static bool store_file(owner_files *x, str path, artifact_file *f, err *e) {
    upload up = {.u = store_begin(core_store(x->m->c.core), e)};
    if (!up.u) return false;
    if (!x->m->src.ops->read_file(x->m->src.s, x->o, path, write_upload, &up, e)) {
        store_abort(up.u);
        if (up.why.code != ERR_NONE) *e = up.why;
        return false;
    }
    return store_finish(up.u, &f->digest, &f->size, e);
}

static void cannot(owner_files *x, str path, err *e) {
    source_lost(x->m->log, "file '%.*s' of %s: %s", STR_F(path), id_str(x->a, x->o->id).p,
                e->msg);
    e->code = ERR_NONE;
}

// What ends an import, whatever file it was.
static bool is_ours(const err *e) {
    return e->code == ERR_NO_SPACE;
}

// A name that a client could not have sent is not kept: it must be its own normal form.
static bool tree_path(owner_files *x, str path, str *out, err *e) {
    str whole = arena_printf(x->a, "%.*s/%.*s", STR_F(x->tree), STR_F(path));
    return artifact_path(x->a, whole, out, e) &&
           (str_eq(whole, *out) || err_set(e, ERR_INVALID, "a path that can not be kept"));
}

static bool take_file(void *arg, str path, uint64_t size, err *e) {
    owner_files *x = arg;
    importer *m = x->m;
    artifact_file f = {.size = size};
    artifact_entry there;
    ctx c = m->c;
    c.a = x->a;
    if (!tree_path(x, path, &f.path, e)) {
        cannot(x, path, e);
        return true;
    }
    progress_at(&m->progress, (int64_t)(m->files_new + m->files_same), 0);
    if (m->o.dry_run) {
        m->files_new++;
        m->bytes_new += size;
        return true;
    }
    bool found = artifact_get(&c, f.path, &there, e);
    if (!found && e->code != ERR_NOT_FOUND) return false;
    e->code = ERR_NONE;
    bool same = found && !there.is_dir && there.size == size && is_same(x, path, &f, &there, e);
    if (!same && e->code == ERR_NONE && store_file(x, path, &f, e)) {
        m->files_new++;
        m->bytes_new += f.size;
        vec_push(x->a, &x->put, f);
    }
    if (e->code != ERR_NONE) {
        if (is_ours(e)) return false;
        cannot(x, path, e);
        return true;
    }
    m->files_same += same;
    vec_push(x->a, &x->all, f);
    return true;
}

// All in one transaction; when one of them can not be put (a folder has its place), one by one.
static bool put_all(owner_files *x, err *e) {
    ctx c = x->m->c;
    c.a = x->a;
    if (!x->put.n || artifact_put_many(&c, x->put.p, x->put.n, e)) return true;
    if (e->code != ERR_CONFLICT) return false;
    e->code = ERR_NONE;
    for (size_t i = 0; i < x->put.n; i++) {
        if (artifact_put_many(&c, &x->put.p[i], 1, e)) continue;
        if (e->code != ERR_CONFLICT) return false;
        cannot(x, x->put.p[i].path, e);
    }
    return true;
}

static bool read_back(owner_files *x, err *e) {
    importer *m = x->m;
    ctx c = m->c;
    c.a = x->a;
    for (size_t i = 0; i < x->all.n; i++) {
        artifact_entry f;
        import_sum_file(&m->there, x->all.p[i].path, x->all.p[i].size, x->all.p[i].digest);
        if (artifact_get(&c, x->all.p[i].path, &f, e))
            import_sum_file(&m->here, f.path, f.size, f.digest);
        else if (e->code != ERR_NOT_FOUND)
            return false;
        e->code = ERR_NONE;
    }
    return true;
}

static bool bring_owner(importer *m, const source_owner *o, str tree, arena *a, err *e) {
    owner_files x = {.m = m, .o = o, .tree = tree, .a = a};
    return m->src.ops->files(m->src.s, o, take_file, &x, e) && put_all(&x, e) &&
           read_back(&x, e);
}

bool importer_files(importer *m, err *e) {
    arena *a = arena_new();
    bool ok = true;
    progress_begin(&m->progress, "files", -1, NULL, -1);
    for (size_t i = 0; ok && i < m->owners.n; i++) {
        arena_reset(a);
        ok = bring_owner(m, &m->owners.p[i], m->trees.p[i], a, e);
    }
    progress_end(&m->progress);
    arena_free(a);
    return ok;
}
