// SPDX-License-Identifier: Apache-2.0
// Differences of hostile texts and JSON: what is before and what is behind a line of "====".
// What lines are kept is the same of both; hunks are whole lines; equal values have no rows.
#include "core/diff_internal.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t lines_of(str s) {
    uint64_t n = s.n && s.p[s.n - 1] != '\n';
    for (size_t i = 0; i < s.n; i++)
        n += s.p[i] == '\n';
    return n;
}

static void texts(arena *a, str was, str is) {
    diff_text d = diff_lines(a, was, is, 500);
    BUG_ON(lines_of(was) - d.removed != lines_of(is) - d.added);
    BUG_ON(d.removed > lines_of(was) || d.unified.n > 500);
    BUG_ON(str_eq(was, is) != (!d.removed && !d.added));
    BUG_ON(d.unified.n && d.unified.p[d.unified.n - 1] != '\n');
    diff_text back = diff_lines(a, is, was, 0);
    BUG_ON(!str_eq(was, is) && !back.cut);
}

static void json(arena *a, str was, str is) {
    ctx c = {.a = a};
    diff_rows rows = {.max = 5}, same = {.max = 5};
    const json_value *x = json_parse(a, was, JSON_NAN, NULL);
    const json_value *y = json_parse(a, is, JSON_NAN, NULL);
    diff_json(&c, &rows, STR("f"), (str){0}, x, y);
    BUG_ON(rows.n > 5 || rows.total < rows.n);
    for (size_t i = 0; i < rows.n; i++)
        BUG_ON(rows.p[i].was.type == DIFF_ABSENT && rows.p[i].is.type == DIFF_ABSENT);
    diff_json(&c, &same, STR("f"), (str){0}, x, x);
    BUG_ON(same.total);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    arena *a = arena_new();
    str all = str_n(data, size);
    size_t at = str_find_str(all, STR("\n====\n"), 0);
    str was = str_upto(all, at == SIZE_MAX ? size / 2 : at + 1);
    str is = str_from(all, at == SIZE_MAX ? size / 2 : at + 6);
    texts(a, was, is);
    json(a, was, is);
    arena_free(a);
    return 0;
}
