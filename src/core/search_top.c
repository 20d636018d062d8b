// SPDX-License-Identifier: Apache-2.0
// The best `max` rows of a search: a heap whose root is the worst row that is kept. Order: the
// keys (missing last in both directions, NaN before missing), then the id. Of almost every row
// only the first key is looked at, as one unsigned number against the root's; the rest is read
// when that does not decide. One thread. Memory: max rows with their keys, however many rows
// are offered.
#include "base/num.h"
#include "core/search_internal.h"

#include <math.h>
#include <stdlib.h>

struct search_top {
    const size_t *columns; // of the keys, in a scan
    const bool *descending;
    size_t n_keys, max, n, cap;
    search_row *rows; // n of them, unordered
    search_key *keys; // all rows' keys, one block
    uint32_t *heap;   // indices of rows; the root is the worst
    search_row next;  // the row being offered; its texts are the chunk's
    const search_row *after;
};

// ---- keys ----------------------------------------------------------------------------------
search_key search_key_of(search_type type, const search_cell *cell) {
    search_key k = {.rank = 2, .type = type == SEARCH_T_STATE ? SEARCH_T_TEXT : type};
    if (!cell->has) return k;
    k.rank = type == SEARCH_T_NUM && cell->i > num_order(INFINITY);
    k.i = cell->i;
    k.text = type == SEARCH_T_STATE ? search_status_name((uint8_t)cell->i)
                                    : str_upto(cell->text, SEARCH_INLINE);
    return k;
}

search_key search_key_at(const search_chunk *c, size_t slot) {
    search_cell cell = search_chunk_cell(c, slot);
    return search_key_of(c->type, &cell);
}

static int key_cmp(const search_key *a, const search_key *b, bool descending) {
    if (a->rank != b->rank) return a->rank < b->rank ? -1 : 1;
    if (a->rank) return 0;
    int cmp;
    if (a->type == SEARCH_T_INT)
        cmp = (a->i > b->i) - (a->i < b->i);
    else if (a->type == SEARCH_T_NUM) {
        double x = num_unorder(a->i), y = num_unorder(b->i); // -0 and 0 are equal
        cmp = (x > y) - (x < y);
    } else
        cmp = str_cmp(a->text, b->text);
    return descending ? -cmp : cmp;
}

uint64_t search_text_number(str s) {
    uint64_t v = 0;
    for (size_t i = 0; i < 8; i++) {
        v = v << 8 | (i < s.n ? (uint8_t)s.p[i] : 0);
    }
    return v;
}

uint64_t search_key_number(const search_key *k, size_t offset, bool descending) {
    if (k->rank) return UINT64_MAX - 2 + k->rank;
    int64_t i = k->i;
    if (k->type == SEARCH_T_NUM && i == num_order(-0.0)) i = num_order(0.0);
    bool number = k->type == SEARCH_T_INT || k->type == SEARCH_T_NUM;
    uint64_t v =
        number ? (uint64_t)i ^ (1ull << 63) : search_text_number(str_from(k->text, offset));
    if (descending) v = ~v;
    return v > UINT64_MAX - 2 ? UINT64_MAX - 2 : v;
}

static int row_cmp(const search_top *t, const search_row *a, const search_row *b) {
    if (a->first != b->first) return a->first < b->first ? -1 : 1;
    for (size_t i = 0; i < t->n_keys; i++) {
        int cmp = key_cmp(&a->keys[i], &b->keys[i], t->descending[i]);
        if (cmp) return cmp;
    }
    return id_cmp(a->id, b->id);
}

// ---- the heap ------------------------------------------------------------------------------
static void top_free(void *arg) {
    search_top *t = arg;
    for (size_t i = 0; i < t->n; i++) {
        free(t->rows[i].mem);
    }
    free(t->rows);
    free(t->keys);
    free(t->heap);
}

search_top *search_top_new(arena *a, const size_t *columns, const bool *descending,
                           size_t n_keys, size_t max) {
    search_top *t = ARENA_NEW(a, search_top);
    t->columns = columns;
    t->descending = descending;
    t->n_keys = n_keys;
    t->max = max;
    t->next.keys = ARENA_ARRAY(a, search_key, n_keys);
    arena_on_reset(a, top_free, t);
    return t;
}

void search_top_after(search_top *t, search_row *row) {
    row->first = search_key_number(&row->keys[0], 0, t->descending[0]);
    t->after = row;
}

static void grow(search_top *t) {
    size_t cap = t->cap ? t->cap * 2 : 128;
    if (cap > t->max) cap = t->max;
    t->rows = mem_realloc(t->rows, cap * sizeof *t->rows);
    t->heap = mem_realloc(t->heap, cap * sizeof *t->heap);
    t->keys = mem_realloc(t->keys, cap * t->n_keys * sizeof *t->keys);
    memset(t->rows + t->cap, 0, (cap - t->cap) * sizeof *t->rows);
    for (size_t i = 0; i < cap; i++) {
        t->rows[i].keys = t->keys + i * t->n_keys;
    }
    t->cap = cap;
}

static bool worse(const search_top *t, size_t a, size_t b) {
    return row_cmp(t, &t->rows[t->heap[a]], &t->rows[t->heap[b]]) > 0;
}

static void swap(search_top *t, size_t a, size_t b) {
    uint32_t x = t->heap[a];
    t->heap[a] = t->heap[b];
    t->heap[b] = x;
}

static void sift_up(search_top *t, size_t i) {
    for (; i && worse(t, i, (i - 1) / 2); i = (i - 1) / 2) {
        swap(t, i, (i - 1) / 2);
    }
}

static void sift_down(search_top *t, size_t i, size_t n) {
    for (;;) {
        size_t w = i;
        if (2 * i + 1 < n && worse(t, 2 * i + 1, w)) w = 2 * i + 1;
        if (2 * i + 2 < n && worse(t, 2 * i + 2, w)) w = 2 * i + 2;
        if (w == i) return;
        swap(t, i, w);
        i = w;
    }
}

// Copies t->next, its texts included.
static void keep(const search_top *t, search_row *row) {
    size_t need = 0;
    for (size_t i = 0; i < t->n_keys; i++) {
        need += t->next.keys[i].text.n;
    }
    if (need > row->cap) {
        row->mem = mem_realloc(row->mem, need);
        row->cap = need;
    }
    memcpy(row->keys, t->next.keys, t->n_keys * sizeof *row->keys);
    row->first = t->next.first;
    row->id = t->next.id;
    char *w = row->mem;
    for (size_t i = 0; i < t->n_keys; i++) {
        str s = row->keys[i].text;
        if (!s.n) continue;
        memcpy(w, s.p, s.n);
        row->keys[i].text.p = w;
        w += s.n;
    }
}

static void offer(search_top *t) {
    if (t->after && row_cmp(t, &t->next, t->after) <= 0) return;
    if (t->n < t->max) {
        if (t->n == t->cap) grow(t);
        keep(t, &t->rows[t->n]);
        t->heap[t->n] = (uint32_t)t->n;
        sift_up(t, t->n++);
        return;
    }
    search_row *root = &t->rows[t->heap[0]];
    if (row_cmp(t, &t->next, root) >= 0) return;
    keep(t, root);
    sift_down(t, 0, t->n);
}

// Can the first key alone tell that the row is not wanted?
static bool hopeless(const search_top *t) {
    if (t->after && t->next.first < t->after->first) return true;
    return t->n == t->max && t->next.first > t->rows[t->heap[0]].first;
}

static bool read_row(search_top *t, search_scan *s, size_t slot, err *e) {
    for (size_t i = 1; i < t->n_keys; i++) {
        const search_chunk *c = search_scan_column(s, t->columns[i], e);
        if (!c) return false;
        t->next.keys[i] = search_key_at(c, slot);
    }
    const search_chunk *ids = search_scan_column(s, SEARCH_F_ID - 1, e);
    if (!ids) return false;
    memcpy(t->next.id.b, ids->raw + slot * 16, 16);
    return true;
}

void search_top_offer(search_top *t, const search_key *keys, id row_id) {
    if (!t->max) return;
    memcpy(t->next.keys, keys, t->n_keys * sizeof *keys);
    t->next.first = search_key_number(&keys[0], 0, t->descending[0]);
    t->next.id = row_id;
    if (!hopeless(t)) offer(t);
}

bool search_top_add(search_top *t, search_scan *s, const search_bits *rows, err *e) {
    const search_chunk *first = NULL;
    for (size_t i = 0; i < SEARCH_WORDS && t->max; i++) {
        for (uint64_t left = rows->w[i]; left; left &= left - 1) {
            if (!first && !(first = search_scan_column(s, t->columns[0], e))) return false;
            size_t slot = i * 64 + (size_t)__builtin_ctzll(left);
            t->next.keys[0] = search_key_at(first, slot);
            t->next.first = search_key_number(&t->next.keys[0], 0, t->descending[0]);
            if (hopeless(t)) continue;
            if (!read_row(t, s, slot, e)) return false;
            offer(t);
        }
    }
    return true;
}

const search_row **search_top_sorted(search_top *t, arena *a, size_t *n) {
    const search_row **out = ARENA_ARRAY(a, const search_row *, t->n);
    for (size_t left = t->n; left; left--) {
        out[left - 1] = &t->rows[t->heap[0]];
        swap(t, 0, left - 1);
        sift_down(t, 0, left - 1);
    }
    *n = t->n;
    return out;
}
