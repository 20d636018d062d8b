// SPDX-License-Identifier: Apache-2.0
// What pickles would import: whatever the bytes are, nothing outside of the file is asked for,
// memory is bounded, and a report holds what pickle.h promises.
#include "input.h"
#include "store/pickle.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const pickle_report *r) {
    pickle_verdict worst = r->problem.n ? PICKLE_UNKNOWN : PICKLE_HARMLESS;
    BUG_ON(r->n > PICKLE_IMPORTS_MAX + 4);
    BUG_ON(!r->problem.p || !str_is_text(r->problem));
    BUG_ON(r->found != (r->pickles || r->n || r->problem.n));
    for (size_t i = 0; i < r->n; i++) {
        BUG_ON(!r->imports[i].name.n || !str_is_text(r->imports[i].name));
        BUG_ON(i && r->imports[i].verdict > r->imports[i - 1].verdict);
        if (r->imports[i].verdict > worst) worst = r->imports[i].verdict;
    }
    BUG_ON(worst != r->verdict);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    arena *a = arena_new();
    str in = str_n(data, size);
    pickle_report r;
    err e = {0};
    for (pickle_naming named = PICKLE_UNNAMED; named <= PICKLE_NAMED; named++) {
        BUG_ON(!pickle_scan(read_input, &in, size, named, a, &r, &e));
        check(&r);
    }
    BUG_ON(size && !r.found);
    BUG_ON(arena_used(a) > 8 << 20);
    arena_free(a);
    return 0;
}
