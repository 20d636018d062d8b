// SPDX-License-Identifier: Apache-2.0
// A tree of the caller becomes a program: limits and types are checked, and each comparison
// (leaf) is prepared, so that its evaluation for one value is a few instructions. Every
// comparison of numbers becomes ranges of int64, because doubles are kept by num_order() and so
// compare like integers; -0 and 0 are one value here, and NaN is in no range. A program is used
// by one thread at a time (its regular expressions count their time).
#include "base/map.h"
#include "base/num.h"
#include "core/search_internal.h"

#include <math.h>

typedef struct compiler {
    arena *a;
    const search_fields *f;
    size_t leaves;
} compiler;

// ---- numbers -------------------------------------------------------------------------------
static const search_range nothing = {1, 0};

// x < d, x <= d ... over int64 x, exactly.
static search_range int_range(search_op op, double d) {
    bool below = op == SEARCH_LT || op == SEARCH_LE;
    double edge = op == SEARCH_LT   ? ceil(d) - 1
                  : op == SEARCH_LE ? floor(d)
                  : op == SEARCH_GT ? floor(d) + 1
                                    : ceil(d);
    // Above 2^53 doubles are integers and floor(d) + 1 may be d itself.
    if (op == SEARCH_GT && edge <= d) edge = nextafter(d, INFINITY);
    if (op == SEARCH_LT && edge >= d) edge = nextafter(d, -INFINITY);
    if (below && edge >= 0x1p63) return (search_range){INT64_MIN, INT64_MAX};
    if (below) return edge < -0x1p63 ? nothing : (search_range){INT64_MIN, (int64_t)edge};
    if (edge >= 0x1p63) return nothing;
    return (search_range){edge < -0x1p63 ? INT64_MIN : (int64_t)edge, INT64_MAX};
}

static search_range number_range(search_type type, search_op op, double d) {
    if (isnan(d)) return nothing;
    if (type == SEARCH_T_INT) {
        if (op != SEARCH_EQ && op != SEARCH_NE) return int_range(op, d);
        bool exact = d == floor(d) && d >= -0x1p63 && d < 0x1p63;
        return exact ? (search_range){(int64_t)d, (int64_t)d} : nothing;
    }
    int64_t least = num_order(-INFINITY), most = num_order(INFINITY);
    int64_t lo = num_order(d == 0 ? -0.0 : d), hi = num_order(d == 0 ? 0.0 : d);
    switch (op) {
    case SEARCH_LT: return (search_range){least, lo - 1};
    case SEARCH_LE: return (search_range){least, hi};
    case SEARCH_GT: return (search_range){hi + 1, most};
    case SEARCH_GE: return (search_range){lo, most};
    default: return (search_range){lo, hi};
    }
}

static bool number_list(compiler *c, search_leaf *l, err *e) {
    l->ranges = ARENA_ARRAY(c->a, search_range, l->node->n_list);
    for (size_t i = 0; i < l->node->n_list; i++) {
        double d;
        if (!num_parse_f64(l->node->list[i], &d))
            return err_set(e, ERR_INVALID, "'%.*s' is not a number", STR_F(l->node->list[i]));
        l->ranges[l->n_ranges++] = number_range(l->type, SEARCH_EQ, d);
    }
    return true;
}

static bool compile_number(compiler *c, search_leaf *l, err *e) {
    switch (l->node->op) {
    case SEARCH_IS_NULL:
    case SEARCH_NOT_NULL: return true;
    case SEARCH_IN:
    case SEARCH_NOT_IN: return number_list(c, l, e);
    case SEARCH_EQ:
    case SEARCH_NE:
    case SEARCH_LT:
    case SEARCH_LE:
    case SEARCH_GT:
    case SEARCH_GE: break;
    default: return err_set(e, ERR_INVALID, "Numbers can not be compared with a pattern");
    }
    l->ranges = ARENA_NEW(c->a, search_range);
    l->ranges[0] = number_range(l->type, l->node->op, l->node->number);
    l->n_ranges = 1;
    // Nothing is unequal to NaN either.
    if (isnan(l->node->number)) l->negate = false;
    return true;
}

search_truth search_leaf_int(const search_leaf *l, int64_t v) {
    if (l->node->op == SEARCH_IS_NULL) return SEARCH_FALSE;
    if (l->node->op == SEARCH_NOT_NULL) return SEARCH_TRUE;
    if (l->type == SEARCH_T_NUM && v > num_order(INFINITY)) return SEARCH_UNKNOWN; // NaN
    bool in = false;
    for (size_t i = 0; i < l->n_ranges && !in; i++) {
        in = v >= l->ranges[i].lo && v <= l->ranges[i].hi;
    }
    return in != l->negate;
}

// ---- texts ---------------------------------------------------------------------------------
static bool compile_text(compiler *c, search_leaf *l, err *e) {
    const search_node *n = l->node;
    switch (n->op) {
    case SEARCH_LIKE:
    case SEARCH_ILIKE:
        l->like = search_pattern_new(c->a, n->text, n->op == SEARCH_ILIKE);
        return true;
    case SEARCH_MATCH: return (l->regex = search_regex_new(c->a, n->text, e)) != NULL;
    case SEARCH_IN:
    case SEARCH_NOT_IN:
        l->list = ARENA_NEW(c->a, map);
        *l->list = map_new(c->a);
        for (size_t i = 0; i < n->n_list; i++) {
            *map_at(l->list, n->list[i], NULL) = l;
        }
        return true;
    default: return true;
    }
}

static bool ordered(search_op op, int cmp) {
    switch (op) {
    case SEARCH_LT: return cmp < 0;
    case SEARCH_LE: return cmp <= 0;
    case SEARCH_GT: return cmp > 0;
    default: return cmp >= 0;
    }
}

search_truth search_leaf_text(const search_leaf *l, str text, err *e) {
    switch (l->node->op) {
    case SEARCH_EQ: return str_eq(text, l->node->text);
    case SEARCH_NE: return !str_eq(text, l->node->text);
    case SEARCH_LIKE:
    case SEARCH_ILIKE: return search_pattern_match(l->like, text);
    case SEARCH_IN:
    case SEARCH_NOT_IN: return (map_get(l->list, text) != NULL) != l->negate;
    case SEARCH_IS_NULL: return SEARCH_FALSE;
    case SEARCH_NOT_NULL: return SEARCH_TRUE;
    case SEARCH_MATCH: {
        int yes = search_regex_match(l->regex, text, e);
        return yes < 0 ? SEARCH_FAILED : (search_truth)yes;
    }
    default: return ordered(l->node->op, str_cmp(text, l->node->text));
    }
}

search_truth search_leaf_set(const search_leaf *l, str set, err *e) {
    search_truth t = SEARCH_FALSE;
    for (str text; t == SEARCH_FALSE && search_set_next(&set, &text);) {
        t = search_leaf_text(l, text, e);
    }
    return t;
}

bool search_leaf_prefix(const search_leaf *l, search_truth *t) {
    bool shorter =
        l->node->text.n <= SEARCH_INLINE; // than any long text, so it can not be that
    switch (l->node->op) {
    case SEARCH_IS_NULL: *t = SEARCH_FALSE; return true;
    case SEARCH_NOT_NULL: *t = SEARCH_TRUE; return true;
    case SEARCH_EQ: *t = SEARCH_FALSE; return shorter && l->type == SEARCH_T_TEXT;
    case SEARCH_NE: *t = SEARCH_TRUE; return shorter && l->type == SEARCH_T_TEXT;
    default: return false;
    }
}

// ---- the tree ------------------------------------------------------------------------------
static search_leaf *compile_leaf(compiler *c, const search_node *n, err *e) {
    if (++c->leaves > SEARCH_MAX_LEAVES) {
        err_set(e, ERR_INVALID, "A search may have %d comparisons at most", SEARCH_MAX_LEAVES);
        return NULL;
    }
    search_leaf *l = ARENA_NEW(c->a, search_leaf);
    l->node = n;
    l->negate = n->op == SEARCH_NE || n->op == SEARCH_NOT_IN;
    if (!c->f->type_of(c->f->arg, &n->field, &l->type, e)) return NULL;
    if (c->f->column_of && !c->f->column_of(c->f->arg, &n->field, l->type, &l->column, e))
        return NULL;
    bool number = l->type == SEARCH_T_INT || l->type == SEARCH_T_NUM;
    return (number ? compile_number(c, l, e) : compile_text(c, l, e)) ? l : NULL;
}

static search_prog *compile(compiler *c, const search_node *n, int depth, err *e) {
    if (depth > SEARCH_MAX_DEPTH) {
        err_set(e, ERR_INVALID, "A search may be nested %d deep at most", SEARCH_MAX_DEPTH);
        return NULL;
    }
    search_prog *p = ARENA_NEW(c->a, search_prog);
    p->op = n->op;
    if (n->op != SEARCH_AND && n->op != SEARCH_OR && n->op != SEARCH_NOT)
        return (p->leaf = compile_leaf(c, n, e)) ? p : NULL;
    p->left = compile(c, n->left, depth + 1, e);
    if (!p->left) return NULL;
    if (n->op != SEARCH_NOT && !(p->right = compile(c, n->right, depth + 1, e))) return NULL;
    return p;
}

bool search_compile(arena *a, const search_node *where, const search_fields *f,
                    search_prog **out, err *e) {
    *out = NULL;
    if (!where) return true;
    compiler c = {.a = a, .f = f};
    return (*out = compile(&c, where, 1, e)) != NULL;
}
