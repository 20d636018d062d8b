// SPDX-License-Identifier: Apache-2.0
// Evaluation of a program in three-valued logic: over a chunk of 4,096 rows at once into
// bitmaps of what is true and what is false (neither: unknown), or over one row.
//
// Over a chunk every node is given the rows that still matter: AND evaluates its right side
// only where the left is not false, OR where it is not true; a side for which nothing matters
// does not even load its columns. Texts are decided once for each distinct one of the chunk
// that is met.
#include "base/num.h"
#include "core/search_internal.h"

#include <math.h>

typedef struct truth_bits {
    search_bits t, f; // subsets of the mask
} truth_bits;

static bool none(const search_bits *b) {
    uint64_t any = 0;
    for (size_t i = 0; i < SEARCH_WORDS; i++) {
        any |= b->w[i];
    }
    return !any;
}

// ---- leaves over a chunk -------------------------------------------------------------------
static void split_null(const search_leaf *l, const uint64_t *has, const search_bits *mask,
                       truth_bits *out) {
    truth_bits r;
    for (size_t i = 0; i < SEARCH_WORDS; i++) {
        r.t.w[i] = mask->w[i] & ~has[i];
        r.f.w[i] = mask->w[i] & has[i];
    }
    if (l->node->op == SEARCH_NOT_NULL) {
        search_bits swap = r.t;
        r.t = r.f;
        r.f = swap;
    }
    *out = r;
}

// Which of 64 numbers lie in the range.
static uint64_t range_bits(const int64_t *v, size_t n, search_range r) {
    uint64_t in = 0;
    for (size_t k = 0; k < n; k++) {
        in |= (uint64_t)((v[k] >= r.lo) & (v[k] <= r.hi)) << k;
    }
    return in;
}

static void eval_numbers(const search_leaf *l, const search_chunk *c, const search_bits *mask,
                         truth_bits *out) {
    uint64_t has[SEARCH_WORDS] = {0};
    size_t words = ((size_t)c->n + 63) / 64;
    if (c->has) memcpy(has, c->has, words * 8);
    if (l->node->op == SEARCH_IS_NULL || l->node->op == SEARCH_NOT_NULL) {
        split_null(l, has, mask, out);
        return;
    }
    search_range any = {INT64_MIN,
                        l->type == SEARCH_T_NUM ? num_order(INFINITY) : INT64_MAX}; // not NaN
    for (size_t i = 0; i < words; i++) {
        uint64_t live = mask->w[i] & has[i];
        if (!live) continue;
        size_t n = c->n - i * 64 < 64 ? c->n - i * 64 : 64;
        uint64_t in = 0;
        for (size_t k = 0; k < l->n_ranges; k++) {
            in |= range_bits(c->num + i * 64, n, l->ranges[k]);
        }
        live &= range_bits(c->num + i * 64, n, any);
        if (l->negate) in = ~in;
        out->t.w[i] = live & in;
        out->f.w[i] = live & ~in;
    }
}

// The truth for one row of texts that only its fact can tell (I9).
static search_truth eval_fact(const search_leaf *l, search_scan *s, size_t slot, err *e) {
    const search_chunk *ids = search_scan_column(s, 0, e);
    if (!ids) return SEARCH_FAILED;
    id run_id;
    memcpy(run_id.b, search_chunk_cell(ids, slot).text.p, 16);
    str text;
    arena *a = arena_new();
    search_truth t = SEARCH_FAILED;
    if (search_fact_text(s->tx, a, s->place.ws, &s->columns[l->column], run_id, &text, e))
        t = !text.p                   ? SEARCH_UNKNOWN
            : l->type == SEARCH_T_SET ? search_leaf_set(l, text, e)
                                      : search_leaf_text(l, text, e);
    arena_free(a);
    return t;
}

enum { NOT_YET = SEARCH_FAILED + 1, ASK_FACT };

static uint8_t eval_entry(const search_leaf *l, const search_chunk *c, size_t entry, err *e) {
    bool is_long;
    search_truth t;
    str text = search_chunk_entry(c, entry, &is_long);
    if (is_long) return search_leaf_prefix(l, &t) ? (uint8_t)t : ASK_FACT;
    return (uint8_t)(l->type == SEARCH_T_SET ? search_leaf_set(l, text, e)
                                             : search_leaf_text(l, text, e));
}

static search_truth text_truth(const search_leaf *l, search_scan *s, const search_chunk *c,
                               uint8_t *known, size_t slot, err *e) {
    size_t code = c->code[slot];
    if (!code)
        return l->node->op == SEARCH_IS_NULL    ? SEARCH_TRUE
               : l->node->op == SEARCH_NOT_NULL ? SEARCH_FALSE
                                                : SEARCH_UNKNOWN;
    if (known[code] == NOT_YET) known[code] = eval_entry(l, c, code - 1, e);
    return known[code] == ASK_FACT ? eval_fact(l, s, slot, e) : (search_truth)known[code];
}

static search_truth raw_truth(const search_leaf *l, const search_chunk *c, size_t slot,
                              err *e) {
    if (c->type == SEARCH_T_STATE)
        return search_leaf_text(l, search_status_name(c->raw[slot]), e);
    char hex[ID_HEX];
    id run_id;
    memcpy(run_id.b, c->raw + slot * 16, 16);
    id_hex(run_id, hex);
    return search_leaf_text(l, str_n(hex, 32), e);
}

// Row by row over the mask, for all types that are not numbers.
static bool eval_texts(const search_leaf *l, search_scan *s, const search_chunk *c,
                       const search_bits *mask, truth_bits *out, err *e) {
    bool texts = c->type == SEARCH_T_TEXT || c->type == SEARCH_T_SET;
    if (texts && !c->code) {
        static const uint64_t no[SEARCH_WORDS];
        if (l->node->op == SEARCH_IS_NULL || l->node->op == SEARCH_NOT_NULL)
            split_null(l, no, mask, out);
        return true;
    }
    uint8_t known[SEARCH_CHUNK + 1];
    memset(known, NOT_YET, sizeof known);
    for (size_t i = 0; i < SEARCH_WORDS; i++) {
        for (uint64_t left = mask->w[i]; left; left &= left - 1) {
            size_t slot = i * 64 + (size_t)__builtin_ctzll(left);
            search_truth t =
                texts ? text_truth(l, s, c, known, slot, e) : raw_truth(l, c, slot, e);
            if (t == SEARCH_FAILED) return false;
            uint64_t bit = left & -left;
            if (t == SEARCH_TRUE)
                out->t.w[i] |= bit;
            else if (t == SEARCH_FALSE)
                out->f.w[i] |= bit;
        }
    }
    return true;
}

static bool eval_leaf(const search_leaf *l, search_scan *s, const search_bits *mask,
                      truth_bits *out, err *e) {
    const search_chunk *c = search_scan_column(s, l->column, e);
    if (!c) return false;
    if (c->type != SEARCH_T_INT && c->type != SEARCH_T_NUM)
        return eval_texts(l, s, c, mask, out, e);
    eval_numbers(l, c, mask, out);
    return true;
}

// ---- the tree over a chunk -----------------------------------------------------------------
static bool eval(const search_prog *p, search_scan *s, const search_bits *mask, truth_bits *out,
                 err *e) {
    *out = (truth_bits){0};
    if (none(mask)) return true;
    if (p->leaf) return eval_leaf(p->leaf, s, mask, out, e);
    truth_bits left, right;
    if (!eval(p->left, s, mask, &left, e)) return false;
    if (p->op == SEARCH_NOT) {
        *out = (truth_bits){.t = left.f, .f = left.t};
        return true;
    }
    bool is_and = p->op == SEARCH_AND;
    search_bits open;
    for (size_t i = 0; i < SEARCH_WORDS; i++) {
        open.w[i] = mask->w[i] & ~(is_and ? left.f.w[i] : left.t.w[i]);
    }
    if (!eval(p->right, s, &open, &right, e)) return false;
    for (size_t i = 0; i < SEARCH_WORDS; i++) {
        out->t.w[i] = is_and ? left.t.w[i] & right.t.w[i] : left.t.w[i] | right.t.w[i];
        out->f.w[i] = is_and ? left.f.w[i] | right.f.w[i] : left.f.w[i] & right.f.w[i];
    }
    return true;
}

bool search_eval_chunk(const search_prog *p, search_scan *s, const search_bits *mask,
                       search_bits *is_true, err *e) {
    *is_true = *mask;
    if (!p) return true;
    truth_bits out;
    if (!eval(p, s, mask, &out, e)) return false;
    *is_true = out.t;
    return true;
}

// ---- one row -------------------------------------------------------------------------------
static search_truth row_leaf(const search_leaf *l, search_get get, void *arg, err *e) {
    search_values v = {0};
    if (!get(arg, &l->node->field, &v, e)) return SEARCH_FAILED;
    search_truth best = SEARCH_UNKNOWN;
    bool number = l->type == SEARCH_T_INT || l->type == SEARCH_T_NUM, some = false;
    for (size_t i = 0; i < v.n && best != SEARCH_TRUE; i++) {
        if (!v.cells[i].has) continue;
        some = true;
        search_truth t =
            number ? search_leaf_int(l, v.cells[i].i) : search_leaf_text(l, v.cells[i].text, e);
        if (t == SEARCH_FAILED) return t;
        if (t != SEARCH_UNKNOWN) best = t;
    }
    if (!some && l->node->op == SEARCH_IS_NULL) return SEARCH_TRUE;
    if (!some && l->node->op == SEARCH_NOT_NULL) return SEARCH_FALSE;
    return best;
}

search_truth search_eval_row(const search_prog *p, search_get get, void *arg, err *e) {
    if (p->leaf) return row_leaf(p->leaf, get, arg, e);
    search_truth a = search_eval_row(p->left, get, arg, e);
    if (a == SEARCH_FAILED) return a;
    if (p->op == SEARCH_NOT)
        return a == SEARCH_UNKNOWN ? a : a == SEARCH_TRUE ? SEARCH_FALSE : SEARCH_TRUE;
    search_truth decides = p->op == SEARCH_AND ? SEARCH_FALSE : SEARCH_TRUE;
    if (a == decides) return a;
    search_truth b = search_eval_row(p->right, get, arg, e);
    if (b == SEARCH_FAILED || b == decides) return b;
    return a == SEARCH_UNKNOWN ? a : b;
}
