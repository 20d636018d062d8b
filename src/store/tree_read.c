// SPDX-License-Identifier: Apache-2.0
// tree_reader: files one after the other, from any place; what lies before a place is known
// from the sums in the pages on the way to it, so folders are measured without reading them.
#include "store/tree_internal.h"

#include <stdlib.h>

struct tree_reader {
    tree_pages from;
    sha256 root;
    tree_walk w;
    bool begun;
    arena *text;     // of `before`, and of what tree_next_child gives
    tree_sum passed; // what lies before the next item
    str before;      // path of the file that was read last; empty after a seek
};

tree_reader *tree_reader_new(const tree_pages *p, sha256 root) {
    tree_reader *r = mem_alloc(sizeof *r);
    r->from = *p;
    r->root = root;
    r->text = arena_new();
    return r;
}

void tree_reader_free(tree_reader *r) {
    if (!r) return;
    if (r->begun) tree_walk_free(&r->w);
    arena_free(r->text);
    free(r);
}

// ---- moving ---------------------------------------------------------------------------------

// Before the first item.
static bool rewind_reader(tree_reader *r, err *e) {
    r->passed = (tree_sum){0};
    r->before = (str){0};
    if (!r->begun) {
        r->begun = tree_walk_begin(&r->w, &r->from, r->root, e);
        if (!r->begun) tree_walk_free(&r->w);
        return r->begun;
    }
    tree_walk_rewind(&r->w);
    return true;
}

static void pass(tree_reader *r, const tree_item *i) {
    r->passed.files += i->sum.files;
    r->passed.bytes += i->sum.bytes;
    tree_walk_pass(&r->w);
}

// Does an item whose last path is `path` lie wholly before the place that is sought?
static bool is_before(str path, str sought, bool behind) {
    return tree_order(path, sought) < 0 || (behind && (!sought.n || tree_is_in(path, sought)));
}

static bool seek(tree_reader *r, str sought, bool behind, err *e) {
    if (!rewind_reader(r, e)) return false;
    unsigned level;
    for (const tree_item *i; (i = tree_walk_item(&r->w, &level));) {
        if (is_before(i->path, sought, behind))
            pass(r, i);
        else if (!level)
            return true;
        else if (!tree_walk_enter(&r->w, e))
            return false;
    }
    return true;
}

bool tree_seek(tree_reader *r, str path, err *e) {
    return seek(r, path, false, e);
}

bool tree_seek_behind(tree_reader *r, str folder, err *e) {
    return seek(r, folder, true, e);
}

// The next file, if there is one.
static const tree_item *next_item(tree_reader *r, err *e) {
    if (!r->begun && !rewind_reader(r, e)) return NULL;
    unsigned level;
    for (const tree_item *i; (i = tree_walk_item(&r->w, &level));) {
        if (!level) return i;
        if (!tree_walk_enter(&r->w, e)) return NULL;
    }
    return NULL;
}

// ---- files ----------------------------------------------------------------------------------

bool tree_next(tree_reader *r, tree_file *f, err *e) {
    const tree_item *i = next_item(r, e);
    if (!i) return false;
    if (r->before.n && !tree_may_follow(r->before, i->path))
        return err_set(e, ERR_CORRUPT, "a tree is damaged: its pages are not in order");
    arena_reset(r->text);
    r->before = arena_str(r->text, i->path);
    *f = tree_file_of(i);
    pass(r, i);
    return true;
}

// The folder directly in `folder` that holds the path; empty: the path is directly in it.
static str folder_of(str path, str folder) {
    size_t slash = str_find(path, '/', folder.n ? folder.n + 1 : 0);
    return slash == SIZE_MAX ? (str){0} : str_upto(path, slash);
}

bool tree_next_child(tree_reader *r, str folder, tree_child *c, err *e) {
    const tree_item *i = next_item(r, e);
    if (!i || !tree_is_in(i->path, folder)) return false;
    arena_reset(r->text);
    str inner = arena_str(r->text, folder_of(i->path, folder));
    *c = (tree_child){.is_folder = inner.n, .file = tree_file_of(i), .sum = i->sum};
    if (!inner.n) {
        pass(r, i);
        return true;
    }
    tree_sum before = r->passed;
    c->file = (tree_file){.path = inner};
    if (!seek(r, inner, true, e)) return false;
    c->sum = (tree_sum){r->passed.files - before.files, r->passed.bytes - before.bytes};
    return true;
}

bool tree_measure(tree_reader *r, str folder, tree_sum *sum, err *e) {
    if (!tree_seek(r, folder, e)) return false;
    tree_sum before = r->passed;
    if (!tree_seek_behind(r, folder, e)) return false;
    *sum = (tree_sum){r->passed.files - before.files, r->passed.bytes - before.bytes};
    return true;
}

// ---- pages ----------------------------------------------------------------------------------

bool tree_each_page(const tree_pages *p, sha256 root, tree_enter fn, void *arg, err *e) {
    tree_walk *w = mem_alloc(sizeof *w);
    unsigned level;
    bool ok = tree_walk_begin(w, p, root, e);
    if (ok && fn(arg, root, w->way[0].page.level, e))
        for (const tree_item *i; ok && (i = tree_walk_item(w, &level));) {
            if (!level || !fn(arg, i->digest, level - 1, e))
                tree_walk_pass(w);
            else
                ok = tree_walk_enter(w, e);
            ok = ok && e->code == ERR_NONE;
        }
    tree_walk_free(w);
    free(w);
    return ok && e->code == ERR_NONE;
}
