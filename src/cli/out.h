// SPDX-License-Identifier: Apache-2.0
// out: what commands write to people: standard output with its terminal's width, colours and
// pager, texts of others made harmless, tables, numbers and times. One thread; a process has
// one.
//
// Texts that users or other people gave (names, tags, keys, values) go through out_safe, or a
// table: control characters and those that turn the direction of writing are shown as escapes,
// and in a locale that is not UTF-8 everything beyond ASCII is. A hostile name moves no cursor.
#ifndef STEMMA_CLI_OUT_H
#define STEMMA_CLI_OUT_H

#include "base/json.h"
#include "base/vec.h"
#include "cli/cli_internal.h"

#include <stdio.h>

typedef enum out_style {
    OUT_PLAIN,
    OUT_BOLD,
    OUT_DIM,
    OUT_RED,
    OUT_GREEN,
    OUT_YELLOW,
    OUT_BLUE,
    OUT_MAGENTA,
    OUT_CYAN,
} out_style;

#define OUT_WIDE     110 // columns of a terminal that shows ids whole
#define OUT_ID_LEAST 13

// ---- standard output (out_term.c) -----------------------------------------------------------
typedef struct cli_out {
    arena *a;
    bool terminal; // a person looks at it: relative times, cut columns, a pager
    bool color, utf8;
    int width, height; // width is 0 when nothing limits it
    bool may_page;
    FILE *to;   // standard output, or the pager
    bool paged; // `to` is the pager
    bool gone;  // whoever read it went away
    buf held;   // of a terminal with a pager: what fits a screen so far
    int lines;  // written so far
} cli_out;

// ERR_INVALID for a wrong --color.
bool out_open(cli_out *t, const cli_options *o, arena *a, err *e);
// Sends what is held and waits for the pager. False when the output could not be written.
bool out_close(cli_out *t, err *e);
void out_live(cli_out *t); // from now on each line is seen at once: no pager, no holding back
void out_add(cli_out *t, str s); // as it is
void out_printf(cli_out *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void out_safe(cli_out *t, str s);    // somebody's text
void out_json(cli_out *t, str json); // on a terminal harmless too, and still the same JSON
void out_in(cli_out *t, out_style style, const char *text); // a text of ours in a colour
const char *out_begin(const cli_out *t, out_style style);   // "" without colours
const char *out_end(const cli_out *t);
bool out_is_utf8(void); // the locale's; sets LC_CTYPE

// ---- texts (out_text.c) ---------------------------------------------------------------------
str out_escape(arena *a, str s, bool utf8); // as out_safe shows it
int out_width(str s);                       // columns of a text that is escaped
// The longest prefix of at most `columns`, never within a character; ends in a mark when
// something is missing.
str out_fit(arena *a, str s, int columns, bool utf8);

// How many bytes of these ids, `least` or more, tell all of them apart.
size_t out_telling(arena *a, const str *ids, size_t n, size_t least);

// ---- numbers and times (out_num.c) ----------------------------------------------------------
str out_number(arena *a, const json_value *v); // six digits, whole ones all; "" for none
str out_f64(arena *a, double v);
str out_difference(arena *a, double was, double is); // "+0.02, +2.2%"
str out_change(arena *a, double was, double d);      // the same
str out_bytes(arena *a, int64_t n);                  // 17.3 MB
str out_duration(arena *a, int64_t ms);              // 1 h 02 min, 12.3 s
// On a terminal "3 min ago", else 2026-11-23T22:59:57Z.
str out_time(const cli_out *t, int64_t us);

// ---- tables (out_table.c) -------------------------------------------------------------------
enum {
    OUT_RIGHT = 1, // numbers
    OUT_WHOLE = 2, // never cut
    OUT_ID = 4,    // on a narrow terminal as many digits as tell the rows apart
};

typedef struct out_column {
    str title; // escaped by the table
    uint8_t flags;
    uint8_t rank; // the highest go first when the terminal is too narrow; 0: stays
} out_column;

typedef struct out_cell {
    str text;
    out_style style;
} out_cell;

typedef struct out_table out_table;
// Columns are kept by the caller. Rows are written a batch at a time, with the widths of the
// first; as CSV each at once.
out_table *out_table_new(cli_out *t, const out_column *columns, size_t n, bool csv);
void out_row(out_table *b, const out_cell *cells); // copies
void out_table_end(out_table *b);
size_t out_table_left_out(const out_table *b); // columns that the terminal had no room for

// ---- progress (out_progress.c) --------------------------------------------------------------
typedef struct out_progress {
    const char *what;
    str name;
    int64_t done, total; // total -1: not known
    int64_t started_us, shown_us;
    bool terminal;
} out_progress;
// A line on standard error that moves, only on a terminal.
void out_progress_start(out_progress *p, const char *what, str name, int64_t total);
void out_progress_add(out_progress *p, int64_t bytes);
void out_progress_end(out_progress *p);

#endif
