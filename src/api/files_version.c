// SPDX-License-Identifier: Apache-2.0
// The files of published versions, at version_path in the artifact tree: they are read out of
// the tree of the version's content, whatever became of the run that they came from. Any
// thread.
#include "api/files_internal.h"

str files_version_uri(arena *a, const version *v) {
    if (v->has_content) {
        str path = version_path(a, v->id);
        return arena_printf(a, ARTIFACT_SCHEME "%.*s", STR_F(path));
    }
    return v->location.n ? v->location : v->source;
}

static files_place top_of(const version *v) {
    return (files_place){
        .sealed = true, .content = v->content.tree, .sealed_us = v->created_us};
}

bool files_place_in(const version *v, str path, files_place *out, err *e) {
    while (str_ends(path, STR("/")))
        path.n--;
    *out = top_of(v);
    out->path = path;
    return !path.n || tree_check_path(path, e);
}

// An id that no version has names an empty tree.
static bool enter(ctx *c, str below, files_place *out, err *e) {
    size_t slash = str_find(below, '/', 0);
    id version_id;
    version v;
    if (!id_parse(str_upto(below, slash), &version_id) ||
        !version_by_id(c, version_id, &v, e)) {
        if (e->code != ERR_NOT_FOUND && e->code != ERR_NONE) return false;
        *e = (err){0};
        return true;
    }
    if (!v.has_content) return true;
    *out = top_of(&v);
    out->path = slash == SIZE_MAX ? STR("") : str_from(below, slash + 1);
    return true;
}

bool files_place_at(ctx *c, str tree_path, files_place *out, err *e) {
    *out = (files_place){.path = tree_path};
    str top = STR(VERSION_FILES "/");
    return !str_starts(tree_path, top) || enter(c, str_from(tree_path, top.n), out, e);
}

static files_entry entry_of(const content_entry *f, const files_place *p) {
    return (files_entry){.name = f->name,
                         .is_dir = f->is_dir,
                         .stored = !f->is_dir,
                         .size = f->size,
                         .digest = f->digest,
                         .modified_us = p->sealed_us};
}

bool files_version_get(ctx *c, const files_place *p, files_entry *out, err *e) {
    content_entry f;
    if (!content_get(c, p->content, p->path, &f, e)) return false;
    *out = entry_of(&f, p);
    return true;
}

bool files_version_list(ctx *c, const files_place *p, str after, size_t max, files_entry **out,
                        size_t *n, err *e) {
    content_entry *f;
    if (!content_list(c, p->content, p->path, after, max, &f, n, e)) return false;
    *out = ARENA_ARRAY(c->a, files_entry, *n);
    for (size_t i = 0; i < *n; i++)
        (*out)[i] = entry_of(&f[i], p);
    return true;
}
