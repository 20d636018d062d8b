// SPDX-License-Identifier: Apache-2.0
// seen: see seen.h. Slots with linear probing, at most half of them taken. A slot is 0, or the
// upper half of a hash and a number + 1; that half also says where the thing's probing begins,
// so that the table grows without the caller.
#include "cli/seen.h"

#include "base/arena.h"
#include "base/err.h"

#include <stdlib.h>

#define LEAST 64

static size_t start(const seen *s, uint64_t hash) {
    return (size_t)(hash >> 32) & (s->room - 1);
}

static void grow(seen *s) {
    seen more = {.n = s->n, .room = s->room ? 2 * s->room : LEAST};
    BUG_ON(more.room > SIZE_MAX / 2 / sizeof *more.slots);
    more.slots = mem_alloc(more.room * sizeof *more.slots);
    for (size_t i = 0; i < s->room; i++) {
        if (!s->slots[i]) continue;
        size_t at = start(&more, s->slots[i]);
        while (more.slots[at])
            at = (at + 1) & (more.room - 1);
        more.slots[at] = s->slots[i];
    }
    free(s->slots);
    *s = more;
}

uint32_t seen_add(seen *s, uint64_t hash, uint32_t number,
                  bool (*same)(void *arg, uint32_t earlier), void *arg) {
    BUG_ON(number == UINT32_MAX);
    if (2 * (s->n + 1) > s->room) grow(s);
    size_t at = start(s, hash);
    for (; s->slots[at]; at = (at + 1) & (s->room - 1)) {
        uint32_t earlier = (uint32_t)s->slots[at] - 1;
        if (s->slots[at] >> 32 == hash >> 32 && same(arg, earlier)) return earlier;
    }
    s->slots[at] = (hash >> 32 << 32) | ((uint64_t)number + 1);
    s->n++;
    return number;
}

void seen_free(seen *s) {
    free(s->slots);
    *s = (seen){0};
}
