// SPDX-License-Identifier: Apache-2.0
// Addresses: any bytes are one, whose parts lie in the text and obey their rules, or ERR_INVALID
// with a message.
#include "core/address.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool within(str part, str text) {
    return !part.p || (part.p >= text.p && part.p + part.n <= text.p + text.n);
}

static void check(const address *a, str text) {
    err e = {0};
    bool ok = a->repo.n && within(a->repo, text) && within(a->workspace, text) &&
              within(a->ref, text) && str_find(a->repo, '@', 0) == SIZE_MAX &&
              str_find(a->repo, '/', 0) == SIZE_MAX && a->number >= 0;
    if (a->kind == ADDRESS_REF) ok = ok && ref_check_name(a->ref, true, &e);
    if (a->kind == ADDRESS_DIGEST) ok = ok && memcmp(a->low.b, a->high.b, 32) <= 0;
    if (a->kind == ADDRESS_NUMBER || a->kind == ADDRESS_DIGEST) ok = ok && !a->has_time;
    if (!ok) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    err e = {0};
    address a;
    // A copy of its own, so that reading past its end is seen.
    char *copy = malloc(size ? size : 1);
    if (size) memcpy(copy, data, size);
    str text = {copy, size};
    if (address_parse(text, 1795860000000000, &a, &e))
        check(&a, text);
    else if (e.code != ERR_INVALID || !e.msg[0])
        abort();
    free(copy);
    return 0;
}
