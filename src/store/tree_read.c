// SPDX-License-Identifier: Apache-2.0
// tree_reader: a way from the root to an item, a page a level, each in an arena of its own. A
// page is read when the reader enters it, so seeking past a page costs nothing.
#include "store/tree_internal.h"

#include <stdlib.h>

typedef struct step {
    arena *a;
    tree_page page;
    size_t at; // the item that comes next, or whose page is the next step
} step;

struct tree_reader {
    tree_pages from;
    sha256 root;
    step way[TREE_LEVELS];
    size_t depth;    // steps that are there; 0: the root was not read yet
    arena *text;     // of `before`, and of what tree_next_child gives
    tree_sum passed; // what lies before the next item, once sought
    str before;      // path of the file that was read last; empty after a seek
};

tree_reader *tree_reader_new(const tree_pages *p, sha256 root) {
    tree_reader *r = mem_alloc(sizeof *r);
    r->from = *p;
    r->root = root;
    r->text = arena_new();
    for (unsigned i = 0; i < TREE_LEVELS; i++)
        r->way[i].a = arena_new();
    return r;
}

void tree_reader_free(tree_reader *r) {
    if (!r) return;
    for (unsigned i = 0; i < TREE_LEVELS; i++)
        arena_free(r->way[i].a);
    arena_free(r->text);
    free(r);
}

// ---- moving ---------------------------------------------------------------------------------

static step *last_step(tree_reader *r) {
    return &r->way[r->depth - 1];
}

static bool enter_root(tree_reader *r, err *e) {
    step *s = &r->way[0];
    if (!r->depth) {
        arena_reset(s->a);
        if (!tree_page_get(&r->from, r->root, s->a, &s->page, e)) return false;
    }
    r->depth = 1;
    s->at = 0;
    r->passed = (tree_sum){0};
    r->before = (str){0};
    return true;
}

static bool enter_child(tree_reader *r, err *e) {
    const step *s = last_step(r);
    step *child = &r->way[r->depth];
    arena_reset(child->a);
    child->at = 0;
    if (!tree_page_child(&r->from, s->page.level, &s->page.items[s->at], child->a, &child->page,
                         e))
        return false;
    r->depth++;
    return true;
}

static void pass(tree_reader *r) {
    step *s = last_step(r);
    r->passed.files += s->page.items[s->at].sum.files;
    r->passed.bytes += s->page.items[s->at].sum.bytes;
    s->at++;
}

// Does an item whose last path is `path` lie wholly before the place that is sought?
static bool is_before(str path, str sought, bool behind) {
    return tree_order(path, sought) < 0 || (behind && tree_is_in(path, sought));
}

static bool seek(tree_reader *r, str sought, bool behind, err *e) {
    if (!enter_root(r, e)) return false;
    for (;;) {
        step *s = last_step(r);
        while (s->at < s->page.n && is_before(s->page.items[s->at].path, sought, behind))
            pass(r);
        if (!s->page.level || s->at == s->page.n) return true;
        if (!enter_child(r, e)) return false;
    }
}

bool tree_seek(tree_reader *r, str path, err *e) {
    return seek(r, path, false, e);
}

bool tree_seek_behind(tree_reader *r, str folder, err *e) {
    if (folder.n) return seek(r, folder, true, e);
    if (!enter_root(r, e)) return false;
    while (last_step(r)->at < last_step(r)->page.n)
        pass(r);
    return true;
}

// Goes to the next file, if there is one: leaves pages that are at their end, enters others.
static const tree_item *next_item(tree_reader *r, err *e) {
    if (!r->depth && !enter_root(r, e)) return NULL;
    for (;;) {
        step *s = last_step(r);
        if (s->at == s->page.n) {
            if (r->depth == 1) return NULL;
            r->depth--;
            last_step(r)->at++;
        } else if (!s->page.level) {
            return &s->page.items[s->at];
        } else if (!enter_child(r, e)) {
            return NULL;
        }
    }
}

// ---- files ----------------------------------------------------------------------------------

static tree_file file_of(const tree_item *i) {
    return (tree_file){i->path, i->sum.bytes, i->digest, i->executable};
}

bool tree_next(tree_reader *r, tree_file *f, err *e) {
    const tree_item *i = next_item(r, e);
    if (!i) return false;
    if (r->before.n && !tree_may_follow(r->before, i->path))
        return err_set(e, ERR_CORRUPT, "a tree is damaged: its pages are not in order");
    arena_reset(r->text);
    r->before = arena_str(r->text, i->path);
    *f = file_of(i);
    pass(r);
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
    *c = (tree_child){.is_folder = inner.n, .file = file_of(i), .sum = i->sum};
    if (!inner.n) {
        pass(r);
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

static bool each_page(tree_reader *r, tree_enter fn, void *arg, err *e) {
    for (;;) {
        step *s = last_step(r);
        if (s->at == s->page.n || !s->page.level) {
            if (r->depth == 1) return true;
            r->depth--;
            last_step(r)->at++;
            continue;
        }
        bool enter = fn(arg, s->page.items[s->at].digest, s->page.level - 1, e);
        if (e->code != ERR_NONE) return false;
        if (!enter)
            s->at++;
        else if (!enter_child(r, e))
            return false;
    }
}

bool tree_each_page(const tree_pages *p, sha256 root, tree_enter fn, void *arg, err *e) {
    tree_reader *r = tree_reader_new(p, root);
    bool ok = enter_root(r, e);
    bool enter = ok && fn(arg, root, r->way[0].page.level, e);
    ok = ok && e->code == ERR_NONE && (!enter || each_page(r, fn, arg, e));
    tree_reader_free(r);
    return ok;
}
