// SPDX-License-Identifier: Apache-2.0
// What evaluation looks at: a chunk with its columns on demand. Stored chunks are loaded a
// block at a time, column by column when first asked for (one or two statements a column and
// block), and shared with the cache; marked runs come as a chunk that was made of their facts.
// One thread; memory is that of a block.
#include "base/num.h"
#include "core/search_internal.h"

void search_scan_drop_block(search_scan *s) {
    for (size_t k = 0; k < s->n_columns; k++) {
        if (!s->loaded[k] || s->columns[k].derived) continue;
        for (size_t i = 0; i < s->n_block; i++) {
            search_chunk_release(s->block[k * s->n_block + i]);
        }
        s->loaded[k] = false;
    }
}

void search_scan_set_block(search_scan *s, arena *a, int64_t first, size_t n) {
    s->first = first;
    s->n_block = n;
    s->made = NULL;
    s->block = ARENA_ARRAY(a, search_chunk *, n * s->n_columns);
    s->loaded = ARENA_ARRAY(a, bool, s->n_columns);
}

void search_scan_move(search_scan *s, const search_chunk **made, size_t at, uint32_t n) {
    s->made = made;
    s->at = at;
    s->n = n;
    s->has_durations = false;
}

// ---- durations: end - start, by now when the run goes on ------------------------------------
static const search_chunk *end_column(search_scan *s, err *e) {
    size_t k = 0;
    while (s->columns[k].domain != SEARCH_ATTRIBUTE || s->columns[k].which != SEARCH_END) {
        k++; // the plan has one beside each column of durations
    }
    return search_scan_column(s, k, e);
}

static bool duration_of(const search_scan *s, const search_chunk *starts,
                        const search_chunk *ends, uint8_t state, size_t slot, int64_t *out) {
    search_cell start = search_chunk_cell(starts, slot), end = search_chunk_cell(ends, slot);
    if (!end.has && search_state_status(state) <= RUN_SCHEDULED) {
        end.has = true;
        end.i = s->now_ms;
    }
    *out = num_order(((double)end.i - (double)start.i) / 1000);
    return start.has && end.has;
}

static const search_chunk *durations(search_scan *s, err *e) {
    search_durations *d = s->durations;
    if (s->has_durations) return &d->c;
    const search_chunk *states = search_scan_column(s, SEARCH_F_STATE - 1, e),
                       *starts = states ? search_scan_column(s, SEARCH_F_START - 1, e) : NULL,
                       *ends = starts ? end_column(s, e) : NULL;
    if (!ends) return NULL;
    if (!d) d = s->durations = ARENA_NEW(s->a, search_durations);
    memset(d->has, 0, sizeof d->has);
    for (size_t i = 0; i < s->n; i++) {
        if (duration_of(s, starts, ends, states->raw[i], i, &d->num[i]))
            d->has[i / 64] |= 1ull << (i % 64);
    }
    d->c = (search_chunk){.type = SEARCH_T_NUM, .n = s->n, .num = d->num, .has = d->has};
    s->has_durations = true;
    return &d->c;
}

const search_chunk *search_scan_column(search_scan *s, size_t column, err *e) {
    if (s->columns[column].derived) return durations(s, e);
    if (s->made) return s->made[column];
    search_chunk **chunks = s->block + column * s->n_block;
    if (!s->loaded[column]) {
        s->loaded[column] = true;
        if (!search_chunk_load(s->tx, s->place, &s->columns[column], s->first,
                               s->first + (int64_t)s->n_block - 1, chunks, e))
            return NULL;
    }
    const search_chunk *c = chunks[s->at];
    if (!c || c->n < s->n) {
        err_set(e, ERR_CORRUPT,
                "A search column is shorter than its project; run `stemma rebuild`");
        return NULL;
    }
    return c;
}

const search_chunk **search_scan_made(arena *a, const search_column *columns, size_t n_columns,
                                      search_cell **cells, size_t n, err *e) {
    const search_chunk **made = ARENA_ARRAY(a, const search_chunk *, n_columns);
    for (size_t k = 0; k < n_columns; k++) {
        search_chunk *c = search_chunk_decode(
            search_chunk_encode(a, columns[k].type, cells[k], n), columns[k].type, e);
        if (!c) return NULL;
        arena_on_reset(a, (void (*)(void *))search_chunk_release, c);
        made[k] = c;
    }
    return made;
}
