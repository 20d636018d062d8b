// SPDX-License-Identifier: Apache-2.0
// plot: see plot.h.
#include "cli/plot.h"

#include "base/utf8_internal.h"

#include <math.h>
#include <stdlib.h>

#define LABEL_MAX 12
#define N_STYLES  6

static const out_style styles[N_STYLES] = {OUT_CYAN,    OUT_YELLOW, OUT_GREEN,
                                           OUT_MAGENTA, OUT_RED,    OUT_BLUE};

typedef struct canvas {
    int width, height;  // characters
    int dots_x, dots_y; // dots of a character
    uint8_t *dots;      // braille: a bit a dot; letters: 1
    uint8_t *line;      // which line drew it last
    double x0, x1, y0, y1;
    bool log_y, x_time;
} canvas;

static bool is_braille(const cli_out *t, size_t lines) {
    return t->utf8 && (lines < 2 || t->color);
}

int plot_bins(const cli_out *t, const plot *p, size_t lines) {
    return is_braille(t, lines) ? p->width * 2 : p->width;
}

// ---- ranges ---------------------------------------------------------------------------------

static bool drawable(const canvas *c, double v) {
    return isfinite(v) && (!c->log_y || v > 0);
}

static double scaled(const canvas *c, double v) {
    return c->log_y ? log10(v) : v;
}

static void widen(const canvas *c, double v, double *least, double *most) {
    if (!drawable(c, v)) return;
    v = scaled(c, v);
    if (v < *least) *least = v;
    if (v > *most) *most = v;
}

// False when there is nothing to draw.
static bool find_ranges(canvas *c, const plot_line *lines, size_t n) {
    c->x0 = c->y0 = INFINITY;
    c->x1 = c->y1 = -INFINITY;
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < lines[i].n; k++) {
            const plot_bin *b = &lines[i].bins[k];
            widen(c, b->min, &c->y0, &c->y1);
            widen(c, b->max, &c->y0, &c->y1);
            c->x0 = fmin(c->x0, b->from);
            c->x1 = fmax(c->x1, b->to);
        }
    }
    if (c->y0 > c->y1 || c->x0 > c->x1) return false;
    if (c->y0 == c->y1) { // a level line, in the middle
        double d = c->y0 == 0 ? 1 : fabs(c->y0) * 0.1;
        c->y0 -= d;
        c->y1 += d;
    }
    return true;
}

// ---- dots -----------------------------------------------------------------------------------

static int dot_of(double v, double v0, double v1, int n) {
    if (v1 <= v0) return 0;
    double d = (v - v0) / (v1 - v0) * (n - 1);
    return d < 0 ? 0 : d > n - 1 ? n - 1 : (int)lround(d);
}

static void dot(canvas *c, int x, int y, size_t line) {
    // Bits of a braille character, by column and row from above.
    static const uint8_t bits[2][4] = {{1, 2, 4, 64}, {8, 16, 32, 128}};
    int row = c->height * c->dots_y - 1 - y;
    size_t at = (size_t)(row / c->dots_y * c->width + x / c->dots_x);
    c->dots[at] |= bits[x % c->dots_x][row % c->dots_y];
    c->line[at] = (uint8_t)line;
}

static void segment(canvas *c, int x0, int y0, int x1, int y1, size_t line) {
    int steps = abs(x1 - x0) > abs(y1 - y0) ? abs(x1 - x0) : abs(y1 - y0);
    for (int i = 0; i <= steps; i++) {
        double f = steps ? (double)i / steps : 0;
        dot(c, x0 + (int)lround((x1 - x0) * f), y0 + (int)lround((y1 - y0) * f), line);
    }
}

static int y_of(const canvas *c, double v) {
    return dot_of(scaled(c, v), c->y0, c->y1, c->height * c->dots_y);
}

static void draw_line(canvas *c, const plot_line *l, size_t line) {
    int x_before = -1, y_before = 0;
    for (size_t k = 0; k < l->n; k++) {
        const plot_bin *b = &l->bins[k];
        int x = dot_of((b->from + b->to) / 2, c->x0, c->x1, c->width * c->dots_x);
        if (drawable(c, b->min) && drawable(c, b->max))
            segment(c, x, y_of(c, b->min), x, y_of(c, b->max), line);
        if (x_before >= 0 && drawable(c, b->first))
            segment(c, x_before, y_before, x, y_of(c, b->first), line);
        if (!drawable(c, b->last)) continue;
        x_before = x;
        y_before = y_of(c, b->last);
    }
}

// ---- output ---------------------------------------------------------------------------------

static void put_cell(cli_out *t, const canvas *c, size_t at, bool braille) {
    char text[4];
    if (!c->dots[at]) {
        out_add(t, STR(" "));
        return;
    }
    out_add(t, str_of(out_begin(t, styles[c->line[at] % N_STYLES])));
    if (braille)
        out_add(t, str_n(text, utf8_put(text, 0x2800u + c->dots[at])));
    else
        out_printf(t, "%c", 'a' + c->line[at] % 26);
    out_add(t, str_of(out_end(t)));
}

static str y_label(const cli_out *t, const canvas *c, int row) {
    double at = c->height > 1 ? (double)row / (c->height - 1) : 0.5;
    double v = c->y1 - (c->y1 - c->y0) * at;
    return arena_printf(t->a, "%.4g", c->log_y ? pow(10, v) : v);
}

static bool has_label(const canvas *c, int row) {
    return row == 0 || row == c->height - 1 || (row == c->height / 2 && c->height > 4);
}

static str x_label(const cli_out *t, const canvas *c, double x) {
    return c->x_time ? out_time(t, (int64_t)x * 1000) : out_f64(t->a, x);
}

static void put_x_axis(cli_out *t, const canvas *c, int margin) {
    out_printf(t, "%*s %s", margin, "", t->utf8 ? "\u2514" : "+");
    for (int i = 0; i < c->width; i++)
        out_add(t, t->utf8 ? STR("\u2500") : STR("-"));
    str left = x_label(t, c, c->x0), right = x_label(t, c, c->x1);
    int gap = c->width - (int)left.n - (int)right.n;
    out_printf(t, "\n%*s  %.*s%*s%.*s\n", margin, "", STR_F(left), gap > 1 ? gap : 1, "",
               STR_F(right));
}

static void put_legend(cli_out *t, const plot_line *lines, size_t n, bool braille) {
    for (size_t i = 0; i < n; i++) {
        out_add(t, str_of(out_begin(t, styles[i % N_STYLES])));
        if (!braille)
            out_printf(t, "%c  ", (int)('a' + i % 26));
        else
            out_add(t, STR("\u2500\u2500 "));
        str label = out_escape(t->a, lines[i].label, t->utf8);
        out_add(t, t->width ? out_fit(t->a, label, t->width - 3, t->utf8) : label);
        out_add(t, str_of(out_end(t)));
        out_add(t, STR("\n"));
    }
}

void plot_draw(cli_out *t, const plot *p, const plot_line *lines, size_t n) {
    bool braille = is_braille(t, n);
    canvas c = {.width = p->width, .height = p->height, .log_y = p->log_y, .x_time = p->x_time};
    c.dots_x = braille ? 2 : 1;
    c.dots_y = braille ? 4 : 1;
    put_legend(t, lines, n, braille);
    if (!find_ranges(&c, lines, n)) {
        out_add(t, STR("nothing to draw\n"));
        return;
    }
    size_t cells = (size_t)(c.width * c.height);
    c.dots = ARENA_ARRAY(t->a, uint8_t, cells);
    c.line = ARENA_ARRAY(t->a, uint8_t, cells);
    for (size_t i = 0; i < n; i++)
        draw_line(&c, &lines[i], i);
    for (int row = 0; row < c.height; row++) {
        bool labelled = has_label(&c, row);
        str label = labelled ? y_label(t, &c, row) : (str){0};
        const char *axis = t->utf8 ? (labelled ? "\u2524" : "\u2502") : "|";
        out_printf(t, "%*.*s %s", LABEL_MAX, STR_F(label), axis);
        for (int x = 0; x < c.width; x++)
            put_cell(t, &c, (size_t)(row * c.width + x), braille);
        out_add(t, STR("\n"));
    }
    put_x_axis(t, &c, LABEL_MAX);
}
