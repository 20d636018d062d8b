// SPDX-License-Identifier: Apache-2.0
// out_table: rows in columns as wide as what is in them, fitted to the terminal: the widest are
// cut first, and when even narrow columns do not fit, those of the highest rank are left out.
// Without a terminal nothing is cut; a long text does not widen the other rows then. As CSV
// (RFC 4180) every cell is whole. One thread.
#include "cli/out.h"

#define BATCH  1000
#define GAP    2
#define NARROW 8   // a column is not cut below this
#define PADDED 100 // without a terminal, a column that is wider leaves its others as they are

struct out_table {
    cli_out *t;
    const out_column *columns;
    size_t n, n_rows, left_out;
    bool csv, headed;
    arena *a; // of the rows held
    out_cell *cells;
    int *widths; // 0: the column is left out
};

static void free_rows(void *arg) {
    arena_free(arg);
}

out_table *out_table_new(cli_out *t, const out_column *columns, size_t n, bool csv) {
    out_table *b = ARENA_NEW(t->a, out_table);
    *b = (out_table){.t = t, .columns = columns, .n = n, .csv = csv, .a = arena_new()};
    arena_on_reset(t->a, free_rows, b->a); // a list that fails never ends its table
    b->cells = ARENA_ARRAY(t->a, out_cell, n * BATCH);
    b->widths = ARENA_ARRAY(t->a, int, n);
    return b;
}

// ---- CSV ------------------------------------------------------------------------------------

static bool needs_quotes(str s) {
    for (size_t i = 0; i < s.n; i++) {
        if (strchr(",\"\r\n", s.p[i])) return true;
    }
    return false;
}

// A terminal gets texts of others harmless, a file as they are.
static void put_csv(out_table *b, str s, bool last) {
    if (b->t->terminal) s = out_escape(b->a, s, b->t->utf8);
    bool quotes = needs_quotes(s);
    if (quotes) out_add(b->t, STR("\""));
    for (size_t at = 0; quotes && (at = str_find(s, '"', 0)) != SIZE_MAX;
         s = str_from(s, at + 1)) {
        out_add(b->t, str_upto(s, at + 1));
        out_add(b->t, STR("\""));
    }
    out_add(b->t, s);
    if (quotes) out_add(b->t, STR("\""));
    out_add(b->t, last ? STR("\n") : STR(","));
}

static void csv_row(out_table *b, const out_cell *cells) {
    for (size_t i = 0; !b->headed && i < b->n; i++)
        put_csv(b, b->columns[i].title, i + 1 == b->n);
    b->headed = true;
    for (size_t i = 0; cells && i < b->n; i++)
        put_csv(b, cells[i].text, i + 1 == b->n);
    arena_reset(b->a);
}

// ---- widths ---------------------------------------------------------------------------------

static str title_of(const out_table *b, size_t i) {
    return out_escape(b->a, b->columns[i].title, b->t->utf8);
}

static int total(const out_table *b) {
    int sum = -GAP;
    for (size_t i = 0; i < b->n; i++)
        sum += b->widths[i] ? b->widths[i] + GAP : 0;
    return sum;
}

// The widest column that may be cut, or n.
static size_t widest(const out_table *b) {
    size_t best = b->n;
    for (size_t i = 0; i < b->n; i++) {
        if (b->columns[i].flags & (OUT_WHOLE | OUT_RIGHT | OUT_ID) || b->widths[i] <= NARROW)
            continue;
        if (best == b->n || b->widths[i] > b->widths[best]) best = i;
    }
    return best;
}

// The column of the highest rank, the last of several; n when all must stay.
static size_t least_needed(const out_table *b) {
    size_t best = b->n;
    for (size_t i = 0; i < b->n; i++) {
        if (!b->widths[i] || !b->columns[i].rank) continue;
        if (best == b->n || b->columns[i].rank >= b->columns[best].rank) best = i;
    }
    return best;
}

// How wide the row would be with every column cut as far as it goes.
static int least_total(const out_table *b) {
    int sum = -GAP;
    for (size_t i = 0; i < b->n; i++) {
        bool fixed =
            b->columns[i].flags & (OUT_WHOLE | OUT_RIGHT | OUT_ID) || b->widths[i] <= NARROW;
        sum += b->widths[i] ? (fixed ? b->widths[i] : NARROW) + GAP : 0;
    }
    return sum;
}

static void fit(out_table *b) {
    size_t i;
    while (least_total(b) > b->t->width && (i = least_needed(b)) < b->n) {
        b->widths[i] = 0;
        b->left_out++;
    }
    while (total(b) > b->t->width && (i = widest(b)) < b->n)
        b->widths[i]--;
}

// Ids are shortened to what tells these rows apart.
static void shorten(out_table *b, size_t column) {
    str *ids = ARENA_ARRAY(b->a, str, b->n_rows);
    for (size_t r = 0; r < b->n_rows; r++)
        ids[r] = b->cells[r * b->n + column].text;
    size_t n = out_telling(b->a, ids, b->n_rows, OUT_ID_LEAST);
    for (size_t r = 0; r < b->n_rows; r++)
        b->cells[r * b->n + column].text = str_upto(ids[r], n);
}

static void shorten_ids(out_table *b) {
    if (!b->t->width || b->t->width >= OUT_WIDE) return;
    for (size_t i = 0; i < b->n; i++) {
        if (b->columns[i].flags & OUT_ID) shorten(b, i);
    }
}

static void measure(out_table *b) {
    for (size_t i = 0; i < b->n; i++) {
        b->widths[i] = out_width(title_of(b, i));
        for (size_t r = 0; r < b->n_rows; r++) {
            int w = out_width(b->cells[r * b->n + i].text);
            if (w > b->widths[i]) b->widths[i] = w;
        }
    }
    for (size_t i = 0; i < b->n && !b->t->width; i++)
        if (b->widths[i] > PADDED) b->widths[i] = PADDED;
    if (b->t->width) fit(b);
}

// ---- rows -----------------------------------------------------------------------------------

static void pad(cli_out *t, int n) {
    if (n > 0) out_printf(t, "%*s", n, "");
}

// No spaces at the end of a line.
static bool is_last(const out_table *b, const out_cell *cells, size_t i) {
    while (++i < b->n) {
        if (b->widths[i] && cells[i].text.n) return false;
    }
    return true;
}

static void put_row(out_table *b, const out_cell *cells) {
    cli_out *t = b->t;
    for (size_t i = 0; i < b->n; i++) {
        if (!b->widths[i]) continue;
        bool right = b->columns[i].flags & OUT_RIGHT;
        str text =
            t->width ? out_fit(b->a, cells[i].text, b->widths[i], t->utf8) : cells[i].text;
        int left = b->widths[i] - out_width(text);
        if (right) pad(t, left);
        out_add(t, str_of(out_begin(t, cells[i].style)));
        out_add(t, text);
        if (cells[i].style != OUT_PLAIN) out_add(t, str_of(out_end(t)));
        if (is_last(b, cells, i)) break;
        pad(t, (right || left < 0 ? 0 : left) + GAP);
    }
    out_add(t, STR("\n"));
}

static void put_head(out_table *b) {
    out_cell *titles = ARENA_ARRAY(b->a, out_cell, b->n);
    measure(b);
    for (size_t i = 0; i < b->n; i++)
        titles[i] = (out_cell){title_of(b, i), OUT_BOLD};
    put_row(b, titles);
    b->headed = true;
}

static void flush(out_table *b) {
    shorten_ids(b);
    if (!b->headed) put_head(b);
    for (size_t r = 0; r < b->n_rows; r++)
        put_row(b, b->cells + r * b->n);
    b->n_rows = 0;
    arena_reset(b->a);
}

void out_row(out_table *b, const out_cell *cells) {
    if (b->csv) {
        csv_row(b, cells);
        return;
    }
    out_cell *row = b->cells + b->n_rows * b->n;
    for (size_t i = 0; i < b->n; i++) {
        row[i].style = cells[i].style;
        row[i].text = arena_str(b->a, out_escape(b->a, cells[i].text, b->t->utf8));
    }
    if (++b->n_rows == BATCH) flush(b);
}

void out_table_end(out_table *b) {
    if (b->csv)
        csv_row(b, NULL);
    else if (b->n_rows)
        flush(b);
    else if (!b->headed && b->t->terminal)
        out_add(b->t, STR("(none)\n"));
}

size_t out_table_left_out(const out_table *b) {
    return b->left_out;
}
