// SPDX-License-Identifier: Apache-2.0
// out_progress: how far a transfer is, on one line of standard error. One thread.
#include "base/clock.h"
#include "cli/out.h"

#include <sys/ioctl.h>
#include <unistd.h>

#define EVERY_US 100000

static int width_of_terminal(void) {
    struct winsize size;
    return !ioctl(STDERR_FILENO, TIOCGWINSZ, &size) && size.ws_col ? size.ws_col : 80;
}

// "get model.bin   45% 123 MB of 270 MB, 56.2 MB/s"
static void show(out_progress *p, int64_t now) {
    arena *a = arena_new();
    int64_t us = now - p->started_us > 0 ? now - p->started_us : 1;
    str rate = out_bytes(a, (int64_t)((double)p->done / (double)us * 1e6));
    str of = {0};
    if (p->total > 0) {
        of = arena_printf(a, "%3d%% %.*s of %.*s",
                          (int)((double)p->done * 100 / (double)p->total),
                          STR_F(out_bytes(a, p->done)), STR_F(out_bytes(a, p->total)));
    } else {
        of = out_bytes(a, p->done);
    }
    str tail = arena_printf(a, "  %.*s, %.*s/s", STR_F(of), STR_F(rate));
    int room = width_of_terminal() - 1 - (int)tail.n - (int)strlen(p->what) - 1;
    bool utf8 = out_is_utf8();
    str name = out_fit(a, out_escape(a, p->name, utf8), room > 4 ? room : 4, utf8);
    fprintf(stderr, "\r\033[K%s %.*s%.*s", p->what, STR_F(name), STR_F(tail));
    fflush(stderr);
    arena_free(a);
    p->shown_us = now;
}

void out_progress_start(out_progress *p, const char *what, str name, int64_t total) {
    *p = (out_progress){.what = what,
                        .name = name,
                        .total = total,
                        .started_us = clock_mono_us(),
                        .terminal = isatty(STDERR_FILENO)};
    p->shown_us = p->started_us; // short transfers show nothing
}

void out_progress_add(out_progress *p, int64_t bytes) {
    p->done += bytes;
    if (!p->terminal) return;
    int64_t now = clock_mono_us();
    if (now - p->shown_us >= EVERY_US) show(p, now);
}

void out_progress_end(out_progress *p) {
    if (p->terminal && p->shown_us != p->started_us) {
        fprintf(stderr, "\r\033[K");
        fflush(stderr);
    }
}
