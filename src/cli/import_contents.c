// SPDX-License-Identifier: Apache-2.0
// import_contents: makes the contents of versions anew out of their files. What it makes has
// the digest that the export says, or the export is damaged. One thread.
#include "base/vec.h"
#include "cli/import_internal.h"
#include "cli/session.h"
#include "core/content.h"

// The content whose lines are being read.
typedef struct making {
    importing *x;
    ctx c; // in its workspace; its arena has `files`
    bool began, has_tree;
    int64_t kind;
    sha256 content, tree; // tree: of the files of earlier batches
    VEC(tree_change) files;
} making;

// ---- a content ------------------------------------------------------------------------------

static bool note_sent(making *m, err *e) {
    sha256 *digests = ARENA_ARRAY(m->c.a, sha256, m->files.n);
    for (size_t i = 0; i < m->files.n; i++)
        digests[i] = m->files.p[i].file.digest;
    return content_sent(&m->c, digests, m->files.n, e);
}

static bool take_batch(making *m, tree_sum *sum, err *e) {
    bool ok = note_sent(m, e) && content_edit(&m->c, m->has_tree ? &m->tree : NULL, m->files.p,
                                              m->files.n, &m->tree, sum, e);
    m->has_tree = true;
    m->files.p = NULL;
    m->files.n = m->files.cap = 0;
    arena_reset(m->c.a);
    return ok;
}

static bool end_content(void *arg, err *e) {
    making *m = arg;
    tree_sum sum;
    content made;
    if (!m->began) return true;
    m->began = false;
    if (!take_batch(m, &sum, e) ||
        !content_seal_tree(&m->c, (unsigned)m->kind, m->tree, &sum, &made, e))
        return false;
    return sha256_eq(made.digest, m->content) ||
           err_set(e, ERR_CORRUPT, "the files before it do not make the content %s",
                   sha256_str(m->c.a, m->content).p);
}

// ---- lines ----------------------------------------------------------------------------------

static bool get_digest(arena *a, const json_value *v, const char *name, sha256 *out) {
    str hex = {0};
    return import_text(a, v, name, true, &hex) && sha256_parse(hex, out);
}

static bool store_file(importing *x, const tree_file *f, err *e) {
    int64_t size;
    if (!store_find_many(x->d.store, &f->digest, 1, &size, e)) return false;
    return size >= 0 || import_file(x, portable_object_path(x->line, x->dir, f->digest),
                                    f->digest, (int64_t)f->size, e);
}

static bool take_line(void *arg, str line, err *e) {
    making *m = arg;
    arena *a = m->x->line;
    int64_t ws = 0, kind = 0, size = 0;
    sha256 of;
    tree_sum sum;
    tree_change f = {0};
    const json_value *v = json_parse(a, line, 0, NULL);
    bool ok = v && v->type == JSON_OBJECT && import_i64(v, "ws", &ws) &&
              import_i64(v, "kind", &kind) && import_i64(v, "size", &size) && size >= 0 &&
              get_digest(a, v, "content", &of) && get_digest(a, v, "digest", &f.file.digest);
    if (ok && (!m->began || !sha256_eq(of, m->content))) {
        if (!end_content(m, e)) return false;
        m->began = true;
        m->has_tree = false;
        m->content = of;
        m->kind = kind;
        m->c.ws = ws;
    }
    ok = ok && import_text(m->c.a, v, "path", true, &f.file.path);
    if (!ok) return err_set(e, ERR_INVALID, "it is no file as 'stemma export' writes it");
    f.file.executable = cli_true(v, "executable");
    f.file.size = (uint64_t)size;
    if (!store_file(m->x, &f.file, e)) return false;
    vec_push(m->c.a, &m->files, f);
    return m->files.n < CONTENT_CHANGES_MAX || take_batch(m, &sum, e);
}

bool import_contents(importing *x, err *e) {
    making m = {.x = x, .c = {.core = x->d.core, .a = arena_new()}};
    const import_reader r = {take_line, end_content, &m};
    bool ok = import_read(x, STR(PORTABLE_CONTENTS), &r, e);
    arena_free(m.c.a);
    return ok;
}
