// SPDX-License-Identifier: Apache-2.0
// tree_write: files in tree order become pages. One page a level is open; a page that ends is
// put, and becomes an item of the level above.
#include "store/tree_internal.h"

#include <stdlib.h>

typedef struct open_page {
    buf page;
    size_t n;
    tree_sum sum;
    buf last; // path of the last item
} open_page;

struct tree_write {
    tree_pages to;
    open_page levels[TREE_LEVELS];
    unsigned height; // levels from here on were never used
    buf last;        // path of the last file that was added
};

tree_write *tree_write_new(const tree_pages *p) {
    tree_write *w = mem_alloc(sizeof *w);
    w->to = *p;
    w->last = BUF_MAX(TREE_PATH_MAX);
    for (unsigned i = 0; i < TREE_LEVELS; i++) {
        w->levels[i].page = BUF_MAX(TREE_PAGE_MAX);
        w->levels[i].last = BUF_MAX(TREE_PATH_MAX);
    }
    return w;
}

void tree_write_free(tree_write *w) {
    if (!w) return;
    for (unsigned i = 0; i < TREE_LEVELS; i++) {
        buf_free(&w->levels[i].page);
        buf_free(&w->levels[i].last);
    }
    buf_free(&w->last);
    free(w);
}

static void set_path(buf *b, str path) {
    buf_clear(b);
    buf_str(b, path);
}

static bool put_page(tree_write *w, open_page *o, sha256 *digest, err *e) {
    tree_page_finish(&o->page, o->n);
    *digest = sha256_of(o->page.p, o->page.n);
    return w->to.put(w->to.arg, *digest, buf_view(&o->page), e);
}

static bool add_item(tree_write *w, unsigned level, const tree_item *i, err *e);

static bool end_page(tree_write *w, unsigned level, err *e) {
    open_page *o = &w->levels[level];
    tree_item up = {.path = buf_view(&o->last), .sum = o->sum};
    if (!put_page(w, o, &up.digest, e) || !add_item(w, level + 1, &up, e)) return false;
    o->n = 0;
    o->sum = (tree_sum){0};
    return true;
}

static bool add_item(tree_write *w, unsigned level, const tree_item *i, err *e) {
    BUG_ON(level >= TREE_LEVELS);
    open_page *o = &w->levels[level];
    if (level >= w->height) w->height = level + 1;
    if (!o->n) tree_page_begin(&o->page, level);
    tree_page_add(&o->page, level, o->n ? buf_view(&o->last) : (str){0}, i);
    set_path(&o->last, i->path);
    o->n++;
    o->sum.files += i->sum.files;
    o->sum.bytes += i->sum.bytes;
    return !tree_ends_page(level, i->path, o->n, o->page.n) || end_page(w, level, e);
}

bool tree_write_is_aligned(const tree_write *w, unsigned level) {
    for (unsigned i = 0; i < level; i++)
        if (w->levels[i].n) return false;
    return true;
}

static bool check_file(const tree_write *w, const tree_file *f, err *e) {
    str last = buf_view(&w->last);
    if (!tree_check_path(f->path, e)) return false;
    if (last.n && tree_is_in(f->path, last))
        return err_set(e, ERR_INVALID, "'%.*s' is a file and a folder", STR_F(last));
    if (last.n && !tree_may_follow(last, f->path))
        return err_set(e, ERR_INVALID, "'%.*s' stands behind '%.*s', which is not tree order",
                       STR_F(f->path), STR_F(last));
    if (f->size >> 62) return err_set(e, ERR_INVALID, "a file is too large");
    return true;
}

bool tree_write_add(tree_write *w, const tree_file *f, err *e) {
    if (!check_file(w, f, e)) return false;
    tree_item i = {f->path, f->digest, {1, f->size}, f->executable};
    return tree_write_keep(w, 0, &i, e);
}

bool tree_write_keep(tree_write *w, unsigned level, const tree_item *i, err *e) {
    set_path(&w->last, i->path);
    return add_item(w, level, i, e);
}

// The one item of the top level is the root itself; else the page of the top level is.
static bool end_top(tree_write *w, unsigned level, sha256 *root, err *e) {
    open_page *o = &w->levels[level];
    if (!level || o->n > 1) return put_page(w, o, root, e);
    return sha256_copy(str_n(o->page.p + o->page.n - sizeof root->b, sizeof root->b), root);
}

static bool end_all(tree_write *w, sha256 *root, err *e) {
    if (!w->height) tree_page_begin(&w->levels[0].page, 0);
    unsigned level = 0;
    for (; level + 1 < w->height; level++)
        if (w->levels[level].n && !end_page(w, level, e)) return false;
    return end_top(w, level, root, e);
}

bool tree_write_end(tree_write *w, sha256 *root, err *e) {
    bool ok = end_all(w, root, e);
    tree_write_free(w);
    return ok;
}
