// SPDX-License-Identifier: Apache-2.0
// Searches over small sets: filter, order and cursor for objects that are read one by one
// (projects, logged models). Only keys and ids of the best rows are kept; who searches reads
// the page's objects again. One thread.
#include "core/search_internal.h"

bool search_rows_begin(search_rows *r, const search_fields *f, const search_node *where,
                       str after, err *e) {
    if (r->n_sort > SEARCH_MAX_SORT)
        return err_set(e, ERR_INVALID, "A search may sort by %d keys at most", SEARCH_MAX_SORT);
    r->types = ARENA_ARRAY(r->a, search_type, r->n_sort);
    r->descending = ARENA_ARRAY(r->a, bool, r->n_sort);
    for (size_t i = 0; i < r->n_sort; i++) {
        if (!f->type_of(f->arg, &r->sort[i].field, &r->types[i], e)) return false;
        r->descending[i] = r->sort[i].descending;
    }
    if (!search_compile(r->a, where, f, &r->prog, e)) return false;
    r->top = search_top_new(r->a, NULL, r->descending, r->n_sort, r->max + 1);
    if (!after.n) return true;
    search_row *row = ARENA_NEW(r->a, search_row);
    row->keys = ARENA_ARRAY(r->a, search_key, r->n_sort);
    for (size_t i = 0; i < r->n_sort; i++) {
        row->keys[i].type = r->types[i];
    }
    if (!search_cursor_read(r->a, after, r->hash, row->keys, r->n_sort, &row->id, e))
        return false;
    search_top_after(r->top, row);
    return true;
}

bool search_rows_offer(search_rows *r, void *arg, id row_id, err *e) {
    search_truth t = r->prog ? search_eval_row(r->prog, r->get, arg, e) : SEARCH_TRUE;
    if (t != SEARCH_TRUE) return t != SEARCH_FAILED;
    search_key keys[SEARCH_MAX_SORT];
    for (size_t i = 0; i < r->n_sort; i++) {
        search_values v = {0};
        if (!r->get(arg, &r->sort[i].field, &v, e)) return false;
        keys[i] = search_key_of(r->types[i], v.n ? &v.cells[0] : &(search_cell){0});
    }
    search_top_offer(r->top, keys, row_id);
    return true;
}

bool search_must_be(const search_node *where, int which, const str **texts, size_t *n) {
    if (!where) return false;
    if (where->op == SEARCH_AND)
        return search_must_be(where->left, which, texts, n) ||
               search_must_be(where->right, which, texts, n);
    bool equal = where->op == SEARCH_EQ, is_list = where->op == SEARCH_IN;
    if (where->field.domain != SEARCH_ATTRIBUTE || where->field.which != which) return false;
    *texts = equal ? &where->text : where->list;
    *n = equal ? 1 : where->n_list;
    return equal || is_list;
}

id *search_rows_end(search_rows *r, arena *out, size_t *n, str *next) {
    size_t found;
    const search_row **rows = search_top_sorted(r->top, r->a, &found);
    *n = found > r->max ? r->max : found;
    *next = (str){0};
    id *ids = ARENA_ARRAY(out, id, *n);
    for (size_t i = 0; i < *n; i++) {
        ids[i] = rows[i]->id;
    }
    if (found > *n && *n) {
        const search_row *last = rows[*n - 1];
        *next = search_cursor_write(out, r->hash, last->keys, r->n_sort, last->id);
    }
    return ids;
}
