// SPDX-License-Identifier: Apache-2.0
// pairs: see pairs.h.
#include "cli/pairs.h"

#include "base/vec.h"

bool cli_pair(const char *what, str text, kv *out, err *e) {
    size_t equals = str_find(text, '=', 0);
    *out = (kv){str_trim(str_upto(text, equals)), str_from(text, equals + 1)};
    if (equals != SIZE_MAX && out->key.n) return true;
    return err_set(e, ERR_INVALID, "%s takes KEY=VALUE, not '%.*s'", what, STR_F(text));
}

bool cli_pairs(arena *a, const char *what, str texts, kv **out, size_t *n, err *e) {
    VEC(kv) v = {0};
    for (str text; texts.n && str_split(&texts, '\n', &text);) {
        kv one;
        if (!cli_pair(what, text, &one, e)) return false;
        vec_push(a, &v, one);
    }
    *out = v.p;
    *n = v.n;
    return true;
}
