// SPDX-License-Identifier: Apache-2.0
// What evaluation looks at: a chunk with its columns on demand. Stored chunks are loaded a
// block at a time, column by column when first asked for (one or two statements a column and
// block), and shared with the cache; marked runs come as a chunk that was made of their facts.
// One thread; memory is that of a block.
#include "core/search_internal.h"

void search_scan_drop_block(search_scan *s) {
    for (size_t k = 0; k < s->n_columns; k++) {
        if (!s->loaded[k]) continue;
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

const search_chunk *search_scan_column(search_scan *s, size_t column, err *e) {
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
