// SPDX-License-Identifier: Apache-2.0
// console: what a run's program printed, line by line. A line has a number (1, 2, ... a run, in
// the order of arrival), the client's time, a stream and a text. Lines are facts: they are
// appended in batches as compact records, never changed, and go with their run (gc).
//
// Text is UTF-8: bytes that are none become U+FFFD, U+0000 becomes "\0". A line that goes back
// to its beginning (carriage return: progress bars) is kept in its last state. A line longer
// than CONSOLE_LINE_MAX is cut, and says so. A run keeps at most CONSOLE_LINES_MAX lines with
// CONSOLE_BYTES_MAX bytes of text; then a note says so and what follows is dropped.
#ifndef STEMMA_CORE_CONSOLE_H
#define STEMMA_CORE_CONSOLE_H

#include "base/buf.h"
#include "core/core.h"

extern const char console_schema[]; // tables console, console_source, console_record, beat

#define CONSOLE_LINE_MAX   (32u << 10)
#define CONSOLE_LINES_MAX  INT64_C(10000000)
#define CONSOLE_BYTES_MAX  (INT64_C(1) << 30)
#define CONSOLE_SOURCE_MAX 64 // characters of a source's name

typedef enum console_stream { // stored numbers
    CONSOLE_OUT = 0,
    CONSOLE_ERR = 1,
    CONSOLE_NOTE = 2, // of Stemma itself
} console_stream;

typedef struct console_line {
    int64_t number, time_us;
    console_stream stream;
    str text;
} console_line;

// ---- bytes to lines (console_line.c) --------------------------------------------------------
// Finds the lines in what a stream gives, piece by piece. One thread.
typedef struct console_splitter {
    buf line;      // of the line that has no end yet
    uint64_t more; // its bytes that did not fit
    bool returned; // a carriage return came last: what follows begins the line anew
    bool redrawn;  // it went back to its beginning at least once
} console_splitter;

// `text` lives until emit returns.
typedef void console_emit(void *arg, str text);
void console_splitter_init(console_splitter *s);
void console_splitter_free(console_splitter *s);
void console_feed(console_splitter *s, str bytes, console_emit *emit, void *arg);
// Emits the line that has no end yet, if there is one.
void console_flush(console_splitter *s, console_emit *emit, void *arg);

// ---- writing --------------------------------------------------------------------------------
typedef struct console_batch console_batch;

// In the arena; the texts are copied where they change, else borrowed. A text with line ends is
// several lines.
console_batch *console_batch_new(arena *a);
void console_batch_add(console_batch *b, int64_t time_us, console_stream stream, str text);
size_t console_batch_lines(const console_batch *b);

typedef struct console_kept {
    int64_t first; // the number of the batch's first line; 0: none was kept
    int64_t lines; // of the run, with the batch
    bool repeated; // the source sent this batch before: nothing was done
    bool full;     // the run keeps no more lines
} console_kept;

// All or nothing. The run must be active. When `source` is not empty it names the sender, and
// `number` rises with each of its batches: one with a number that is not above the last is a
// retry, and doubles nothing.
bool console_append(ctx *c, id run, const console_batch *b, str source, int64_t number,
                    console_kept *out, err *e);

// ---- reading --------------------------------------------------------------------------------
typedef struct console_query {
    int64_t from;  // the first line to look at, itself included
    bool backward; // towards the beginning; the page is in the order of numbers all the same
    size_t max;
    bool one_stream;
    console_stream stream;
    str search;   // only lines with this text; empty: all
    bool pattern; // `search` is a regular expression
} console_query;

typedef struct console_page {
    console_line *lines;
    size_t n;
    int64_t next;  // where to go on, as `from`; 0: nothing is left in this direction
    int64_t total; // lines of the run
    bool ended;    // the run is in a final state
} console_page;

// A page ends with `max` lines, with 1 MiB of text, or when looking took 50 ms of CPU time: it
// may be empty, and yet have a `next`. ERR_CORRUPT names the lines that are damaged.
bool console_read(ctx *c, id run, const console_query *q, console_page *out, err *e);

// ---- care -----------------------------------------------------------------------------------
// Reads every record; bad() is called for each that is damaged or missing. *records counts
// them.
bool console_check(core *c, void (*bad)(void *arg, id run, const char *what), void *arg,
                   uint64_t *records, err *e);
// Removes a bounded part of what a deleted run holds; *done when nothing is left.
bool console_forget_step(db_tx *tx, int64_t ws, id run, bool *done, err *e);

#endif
