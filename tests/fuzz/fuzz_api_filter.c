// SPDX-License-Identifier: Apache-2.0
// The filter grammar: any bytes give a tree within its limits or ERR_INVALID with a message.
// The first byte chooses the entity, or order_by.
#include "api/mlflow/filter.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t depth_of(const search_node *n) {
    if (!n) return 0;
    if (n->op > SEARCH_NOT) return 1;
    size_t l = depth_of(n->left), r = depth_of(n->right);
    return 1 + (l > r ? l : r);
}

// Reads every text, so that a wrong one is seen.
static size_t touch(const search_node *n) {
    if (!n) return 0;
    if (n->op <= SEARCH_NOT) return touch(n->left) + touch(n->right);
    size_t sum = n->field.key.n;
    for (size_t i = 0; i < n->text.n; i++) {
        sum += (unsigned char)n->text.p[i];
    }
    for (size_t i = 0; i < n->n_list; i++) {
        sum += n->list[i].n ? (unsigned char)n->list[i].p[n->list[i].n - 1] : 0;
    }
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (!size) return 0;
    arena *a = arena_new();
    err e = {0};
    search_node *where = NULL;
    search_sort *sort = NULL;
    filter_entity entity = (filter_entity)(data[0] % 5);
    // A copy of its own, so that reading past its end is seen.
    char *copy = malloc(size);
    memcpy(copy, data + 1, size - 1);
    str text = {copy, size - 1};
    bool ok;
    if (data[0] & 0x40 && entity != FILTER_MODELS) {
        ok = filter_order(a, entity, &text, 1, &sort, &e);
    } else if (data[0] & 0x40) {
        filter_model_order o = {.field_name = text};
        ok = filter_order_models(a, &o, 1, &sort, &e);
    } else {
        ok = filter_parse(a, entity, text, &where, &e);
        if (ok && entity > FILTER_MODELS) where = filter_without_prompts(a, where);
        volatile size_t seen = touch(where);
        (void)seen;
        if (depth_of(where) > 64) abort();
    }
    if (!ok && (e.code != ERR_INVALID || !e.msg[0])) abort();
    free(copy);
    arena_free(a);
    return 0;
}
