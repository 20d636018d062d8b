// SPDX-License-Identifier: Apache-2.0
// Recipes and cuts. Hostile bytes are read as a page of a recipe, and what is read is written as
// the same bytes. The same bytes are the layout of a file: however wrong it is, its cuts cover the
// file, no chunk is too long, and no chunk lies on both sides of a bound. And they are a file, cut
// by content and by its own header alike whatever lies behind it in memory.
#include "input.h"
#include "store/cut.h"
#include "store/store_internal.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void page(str in) {
    static store_recipe_page p;
    static char again[STORE_RECIPE_PAGE];
    if (!store_recipe_get(in, &p)) return;
    BUG_ON(p.total > STORE_OBJECT_MAX);
    BUG_ON(!str_eq(str_n(again, store_recipe_put(again, &p)), in));
}

// The bytes say where stretches lie in a file of zeros.
static void layout(arena *a, str in) {
    static char zeros[CUT_MAX];
    cur c = cur_of(in);
    uint64_t header = cur_u16(&c), file = cur_u32(&c) % (64u << 20);
    size_t n = cur_left(&c) / 6;
    cut_stretch *s = ARENA_ARRAY(a, cut_stretch, n + 1);
    for (size_t i = 0; i < n; i++) {
        uint64_t before = i ? s[i - 1].offset + s[i - 1].bytes : header;
        s[i].offset = before + cur_u16(&c); // in order; they may lie beyond the file
        s[i].bytes = cur_u32(&c) >> (s[i].offset % 3 * 8);
    }
    cutter k;
    if (!cut_bounds(a, header, s, n, file, &k)) return;
    uint64_t at = 0;
    size_t bound = 0;
    while (at < file) {
        uint64_t left = file - at;
        size_t some = cut_next(&k, zeros, left < CUT_MAX ? (size_t)left : CUT_MAX);
        BUG_ON(!some || some > CUT_MAX || some > left);
        while (bound < k.n && k.bounds[bound] <= at)
            bound++;
        BUG_ON(bound < k.n && at + some > k.bounds[bound]);
        at += some;
        BUG_ON(k.at != at);
    }
}

static void file(arena *a, str in) {
    cutter k = cut_file(read_input, &in, in.n, a), content = {0};
    for (size_t at = 0, some; at < in.n; at += some) {
        some = cut_next(&k, in.p + at, in.n - at);
        BUG_ON(!some || some > in.n - at);
    }
    for (size_t at = 0, some; at < in.n; at += some) {
        some = cut_next(&content, in.p + at, in.n - at);
        BUG_ON(!some || some > in.n - at);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    arena *a = arena_new();
    str in = str_n(data, size);
    page(in);
    layout(a, in);
    file(a, in);
    arena_free(a);
    return 0;
}
