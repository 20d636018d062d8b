// SPDX-License-Identifier: Apache-2.0
// pairs: see pairs.h.
#include "cli/pairs.h"

#include "base/vec.h"
#include "cli/session.h"

#include <math.h>

bool cli_pairs(arena *a, const char *what, str texts, kv **out, size_t *n, err *e) {
    VEC(kv) v = {0};
    for (str text; texts.n && str_split(&texts, '\n', &text);) {
        kv one;
        err why = {0};
        if (!cli_key_value(text, &one.key, &one.value, &why))
            return err_set(e, ERR_INVALID, "%s: %s", what, why.msg);
        vec_push(a, &v, one);
    }
    *out = v.p;
    *n = v.n;
    return true;
}

bool cli_check_range(str text, double value, err *e) {
    bool written = str_find(text, 'n', 0) != SIZE_MAX || str_find(text, 'N', 0) != SIZE_MAX;
    return !isinf(value) || written ||
           err_set(e, ERR_INVALID,
                   "'%.*s' is beyond what a number holds: write inf if infinity is meant",
                   STR_F(str_upto_code_points(text, 100)));
}

void cli_put_pairs(json_writer *w, const kv *v, size_t n) {
    for (size_t i = 0; i < n; i++) {
        json_object(w);
        json_m_string(w, "key", v[i].key);
        json_m_string(w, "value", v[i].value);
        json_object_end(w);
    }
}
