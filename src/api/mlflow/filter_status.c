// SPDX-License-Identifier: Apache-2.0
// A run that crashed is shown to MLflow's clients as FAILED, so a comparison of the status that
// FAILED passes must find it too. (Nothing to do for orders: CRASHED stands right before
// FAILED.)
#include "api/mlflow/filter.h"

static bool failed_passes(const search_node *n) {
    str shown = STR("FAILED");
    switch (n->op) {
    case SEARCH_EQ: return str_eq(n->text, shown);
    case SEARCH_NE: return !str_eq(n->text, shown);
    case SEARCH_LIKE:
    case SEARCH_ILIKE: return search_like(shown, n->text, n->op == SEARCH_ILIKE);
    default: return false;
    }
}

static search_node *node(arena *a, search_op op, search_node *left, search_node *right) {
    search_node *n = ARENA_NEW(a, search_node);
    *n = (search_node){.op = op, .left = left, .right = right};
    return n;
}

search_node *filter_crashed(arena *a, search_node *n) {
    if (!n) return n;
    if (n->op == SEARCH_AND) {
        n->left = filter_crashed(a, n->left);
        n->right = filter_crashed(a, n->right);
        return n;
    }
    if (n->field.domain != SEARCH_ATTRIBUTE || n->field.which != SEARCH_STATUS) return n;
    bool passes = failed_passes(n);
    search_node *crashed = node(a, passes ? SEARCH_EQ : SEARCH_NE, NULL, NULL);
    crashed->field = n->field;
    crashed->text = STR("CRASHED");
    return node(a, passes ? SEARCH_OR : SEARCH_AND, n, crashed);
}
