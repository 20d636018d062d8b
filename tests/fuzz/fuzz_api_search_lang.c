// SPDX-License-Identifier: Apache-2.0
// The native search language: any bytes give a tree within its limits, a sort or a field, or
// ERR_INVALID with a message and a place within the text. The first byte chooses which.
#include "api/native/search_lang.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t depth_of(const search_node *n) {
    if (!n) return 0;
    if (n->op > SEARCH_NOT) return 1;
    size_t l = depth_of(n->left), r = depth_of(n->right);
    return 1 + (l > r ? l : r);
}

// Reads every text, so that a wrong one is seen; counts the comparisons.
static size_t touch(const search_node *n, volatile size_t *sum) {
    if (!n) return 0;
    if (n->op <= SEARCH_NOT) return touch(n->left, sum) + touch(n->right, sum);
    for (size_t i = 0; i < n->field.key.n; i++)
        *sum += (unsigned char)n->field.key.p[i];
    for (size_t i = 0; i < n->text.n; i++)
        *sum += (unsigned char)n->text.p[i];
    for (size_t i = 0; i < n->n_list; i++)
        *sum += n->list[i].n ? (unsigned char)n->list[i].p[n->list[i].n - 1] : 0;
    return 1;
}

static bool project_named(void *arg, str name, int64_t *number, err *e) {
    (void)arg;
    *number = (int64_t)name.n;
    return name.n % 2 || err_set(e, ERR_NOT_FOUND, "there is no such project");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (!size) return 0;
    arena *a = arena_new();
    err e = {0};
    volatile size_t sum = 0;
    // A copy of its own, so that reading past its end is seen.
    char *copy = malloc(size);
    memcpy(copy, data + 1, size - 1);
    str text = {copy, size - 1};
    search_lang l = {.a = a, .now_us = 1795860000000000, .project = project_named};
    bool ok;
    if (data[0] % 4 == 1) {
        search_sort *sort;
        size_t n, wrong;
        ok = search_lang_sort(&l, &text, 1, &sort, &n, &wrong, &e);
        if (ok && (n < 1 || n > 2)) abort();
    } else if (data[0] % 4 == 2) {
        search_field f;
        ok = search_lang_field(&l, text, &f, &e);
    } else {
        search_node *where = NULL;
        ok = search_lang_where(&l, text, &where, &e);
        // a time's "=" is two leaves
        if (ok && touch(where, &sum) > 2 * SEARCH_LANG_COMPARISONS) abort();
        if (ok && depth_of(where) > 190) abort();
        search_lang_part *parts;
        size_t n;
        err other = {0};
        bool split = search_lang_parts(&l, text, &parts, &n, &other);
        if (split != ok || (ok && (where != NULL) != (n > 0))) abort();
        for (size_t i = 0; split && i < n; i++) // each is a search of its own
            if (!search_lang_where(&l, parts[i].text, &where, &other)) abort();
    }
    bool told = e.msg[0] && e.place && e.place - 1 <= text.n &&
                (e.code == ERR_INVALID || e.code == ERR_NOT_FOUND);
    if (!ok && !told) abort();
    free(copy);
    arena_free(a);
    return 0;
}
