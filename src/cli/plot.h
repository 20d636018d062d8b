// SPDX-License-Identifier: Apache-2.0
// plot: lines over steps or times, drawn with braille dots (2 x 4 a character) in UTF-8, with a
// letter a line otherwise, and also where several lines could not be told apart without
// colours. One thread.
#ifndef STEMMA_CLI_PLOT_H
#define STEMMA_CLI_PLOT_H

#include "cli/out.h"

// Some points of a series together: what is drawn is exact for their least and greatest value.
typedef struct plot_bin {
    double from, to;              // steps, or milliseconds since 1970
    double first, last, min, max; // NaN: the bin is not drawn
} plot_bin;

typedef struct plot_line {
    str label;
    const plot_bin *bins;
    size_t n;
} plot_line;

typedef struct plot {
    int width, height; // of the drawing in characters, without its axes
    bool log_y;        // values of 0 and less are left out
    bool x_time;       // the axis is of times
} plot;

// Columns that a bin may be as narrow as: what to ask for. `lines`: how many there will be.
int plot_bins(const cli_out *t, const plot *p, size_t lines);
void plot_draw(cli_out *t, const plot *p, const plot_line *lines, size_t n);

#endif
