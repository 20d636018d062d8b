// SPDX-License-Identifier: Apache-2.0
// search_skip: finds a far place of the order without keeping the rows before it. Walk after
// walk over the same rows (one snapshot) looks at 64 bits of their keys: the first one at the
// first key, each further one, of the rows that are equal so far, at what comes next. When few
// enough are left before the place, the rest is the heap's (search_top), which is shown the
// rows behind only. One walk is enough for numbers that differ. One thread. Memory: 16 bytes a
// row that is skipped, however many there are.
#include "core/search_internal.h"

#include <stdlib.h>

#define LEVELS    6                // walks at most; then the heap is as large as it must be
#define LEAST     4096             // numbers of the list
#define LAST_REAL (UINT64_MAX - 2) // search_key_number: those above are NaN and missing

size_t search_skip_few = 4096;

typedef struct level {
    size_t key, offset; // key n_keys: the id
    uint64_t at;        // of the place
} level;

struct search_skip {
    const size_t *columns;
    const bool *descending;
    size_t n_keys, rest; // rest: rows to pass over among those that are equal so far
    level levels[LEVELS];
    size_t n_levels;
    bool found, beyond;
    // the walk
    level next;
    uint64_t *v;
    size_t n, cap;
};

static void skip_free(void *arg) {
    search_skip *k = arg;
    free(k->v);
}

search_skip *search_skip_new(arena *a, const size_t *columns, const bool *descending,
                             size_t n_keys, size_t skip) {
    search_skip *k = ARENA_NEW(a, search_skip);
    *k = (search_skip){
        .columns = columns, .descending = descending, .n_keys = n_keys, .rest = skip};
    k->found = skip <= search_skip_few;
    arena_on_reset(a, skip_free, k);
    return k;
}

// ---- the n-th of numbers --------------------------------------------------------------------
typedef struct nth {
    uint64_t value;
    size_t below; // numbers below it
} nth;

// Byte after byte from the highest: always eight looks, whatever the numbers are.
static nth find_nth(const uint64_t *v, size_t n, size_t at) {
    nth x = {0};
    for (int shift = 56; shift >= 0; shift -= 8) {
        size_t counts[256] = {0}, b = 0;
        for (size_t i = 0; i < n; i++) {
            if (shift == 56 || (v[i] ^ x.value) >> (shift + 8) == 0)
                counts[v[i] >> shift & 255]++;
        }
        for (; at >= counts[b]; b++) {
            at -= counts[b];
            x.below += counts[b];
        }
        x.value |= (uint64_t)b << shift;
    }
    return x;
}

// Only the least rest + 1 numbers decide.
static void trim(search_skip *k) {
    nth x = find_nth(k->v, k->n, k->rest);
    size_t n = 0;
    for (size_t i = 0; i < k->n; i++) {
        if (k->v[i] < x.value) k->v[n++] = k->v[i];
    }
    while (n <= k->rest) {
        k->v[n++] = x.value;
    }
    k->n = n;
}

static void push(search_skip *k, uint64_t v) {
    size_t max = 2 * (k->rest + 1) < LEAST ? LEAST : 2 * (k->rest + 1);
    if (k->n == max) trim(k);
    if (k->n == k->cap) {
        k->cap = k->cap ? k->cap * 2 : LEAST;
        if (k->cap > max) k->cap = max;
        k->v = mem_realloc(k->v, k->cap * sizeof *k->v);
    }
    k->v[k->n++] = v;
}

// ---- rows -----------------------------------------------------------------------------------
static bool number_of(const search_skip *k, search_scan *s, const level *l, size_t slot,
                      uint64_t *out, err *e) {
    bool is_id = l->key == k->n_keys;
    const search_chunk *c =
        search_scan_column(s, is_id ? SEARCH_F_ID - 1 : k->columns[l->key], e);
    if (!c) return false;
    if (is_id) {
        *out = search_text_number(str_n(c->raw + slot * 16, 16));
        return true;
    }
    search_key key = search_key_at(c, slot);
    *out = search_key_number(&key, l->offset, k->descending[l->key]);
    return true;
}

// *cmp: where the row is, as far as the levels tell: before the place (-1), at it, behind it.
static bool place_row(const search_skip *k, search_scan *s, size_t slot, int *cmp, err *e) {
    *cmp = 0;
    for (size_t i = 0; i < k->n_levels && !*cmp; i++) {
        uint64_t v;
        if (!number_of(k, s, &k->levels[i], slot, &v, e)) return false;
        *cmp = (v > k->levels[i].at) - (v < k->levels[i].at);
    }
    return true;
}

bool search_skip_add(search_skip *k, search_scan *s, const search_bits *rows, err *e) {
    for (size_t i = 0; i < SEARCH_WORDS; i++) {
        for (uint64_t left = rows->w[i]; left; left &= left - 1) {
            size_t slot = i * 64 + (size_t)__builtin_ctzll(left);
            int cmp;
            uint64_t v;
            if (!place_row(k, s, slot, &cmp, e)) return false;
            if (cmp) continue;
            if (!number_of(k, s, &k->next, slot, &v, e)) return false;
            push(k, v);
        }
    }
    return true;
}

bool search_skip_mask(const search_skip *k, search_scan *s, search_bits *rows, err *e) {
    for (size_t i = 0; i < SEARCH_WORDS && k->n_levels; i++) {
        for (uint64_t left = rows->w[i]; left; left &= left - 1) {
            size_t at = (size_t)__builtin_ctzll(left);
            int cmp;
            if (!place_row(k, s, i * 64 + at, &cmp, e)) return false;
            if (cmp < 0) rows->w[i] &= ~(1ull << at);
        }
    }
    return true;
}

// ---- walks ----------------------------------------------------------------------------------
// Do texts that are equal up to the level differ behind it? (They hold no U+0000.)
static bool goes_on(const search_skip *k, const level *l, search_type t) {
    if (l->at > LAST_REAL) return false; // missing
    if (t == SEARCH_T_ID) return l->offset == 0;
    return l->at != LAST_REAL && (k->descending[l->key] ? ~l->at : l->at) & 255;
}

// What tells rows apart that are equal up to the last level; false: nothing that is known.
static bool next_level(search_skip *k, const search_column *wanted) {
    const level *l = &k->levels[k->n_levels - 1];
    if (k->n_levels == LEVELS || l->key == k->n_keys) return false;
    search_type t = wanted[k->columns[l->key]].type;
    bool text = t == SEARCH_T_TEXT || t == SEARCH_T_STATE;
    if (!text && l->at == LAST_REAL) return false; // several values
    if (t != SEARCH_T_INT && t != SEARCH_T_NUM && goes_on(k, l, t))
        k->next = (level){.key = l->key, .offset = l->offset + 8};
    else
        k->next = (level){.key = l->key + 1};
    return true;
}

bool search_skip_again(search_skip *k, const search_column *wanted) {
    if (k->found) return false;
    k->beyond = k->n <= k->rest;
    k->found = k->beyond;
    if (k->beyond) return false;
    nth x = find_nth(k->v, k->n, k->rest);
    k->next.at = x.value;
    k->levels[k->n_levels++] = k->next;
    k->rest -= x.below;
    k->n = 0;
    k->found = k->rest <= search_skip_few || !next_level(k, wanted);
    return !k->found;
}

bool search_skip_found(const search_skip *k) {
    return k->found;
}

bool search_skip_left(const search_skip *k, size_t *rest) {
    *rest = k->rest;
    return !k->beyond;
}
