// SPDX-License-Identifier: Apache-2.0
// progress: see progress.h.
#include "cli/import/progress.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdio.h>
#include <unistd.h>

#define LINE_US 200000
#define LOG_US  5000000
#define LINE    200

typedef long long ll;

void progress_begin(progress *p, const char *what, int64_t total, const char *more_what,
                    int64_t more_total) {
    *p = (progress){.what = what,
                    .began_us = clock_mono_us(),
                    .total = total,
                    .more_total = more_total,
                    .more_what = more_what,
                    .terminal = isatty(STDERR_FILENO),
                    .job = p->job};
    p->told_us = p->began_us;
}

// Of what there is most of: points when they are counted.
static bool counts_more(const progress *p) {
    return p->more_what && p->more_total > 0;
}

static void rate(const progress *p, int64_t now, char *out, size_t n) {
    bool more = counts_more(p);
    double done = (double)(more ? p->more : p->done);
    double total = (double)(more ? p->more_total : p->total);
    double seconds = (double)(now - p->began_us) / 1e6;
    int at = snprintf(out, n, "%.0f %s/s", done / seconds, more ? p->more_what : p->what);
    if (total > done && done > 0 && at > 0) {
        int64_t left = (int64_t)((total - done) / done * seconds) + 1;
        snprintf(out + at, n - (size_t)at, ", %lld:%02lld left", (ll)(left / 60),
                 (ll)(left % 60));
    }
}

static int counted(char *out, size_t n, const char *what, int64_t done, int64_t total) {
    return total >= done ? snprintf(out, n, "%lld of %lld %s", (ll)done, (ll)total, what)
                         : snprintf(out, n, "%lld %s", (ll)done, what);
}

// The row's writer takes what is there when it comes by, so this is cheap.
static void tell_job(const progress *p, const char *line, const char *second) {
    bool more = counts_more(p);
    int64_t done = more ? p->more : p->done, total = more ? p->more_total : p->total;
    job_progress(p->job, done, total >= done ? total : 0, more ? p->more_what : p->what);
    job_detail(p->job, "%s%s%s", line, *second ? ", " : "", second);
}

void progress_at(progress *p, int64_t done, int64_t more) {
    int64_t now = clock_mono_us();
    char line[LINE], second[LINE / 2] = "", speed[LINE / 2];
    p->done = done;
    p->more = more;
    counted(line, sizeof line / 2, p->what, done, p->total);
    if (p->more_what) counted(second, sizeof second, p->more_what, more, p->more_total);
    if (p->job) tell_job(p, line, second);
    if (now - p->told_us < (p->terminal ? LINE_US : LOG_US)) return;
    p->told_us = now;
    rate(p, now, speed, sizeof speed);
    if (p->terminal)
        fprintf(stderr, "\r\033[K%s  %s  %s", line, second, speed);
    else
        log_msg(LOG_INFO, "import.progress", "%s %s, %s", line, second, speed);
    p->shown = p->terminal;
}

void progress_end(progress *p) {
    if (p->shown) fprintf(stderr, "\r\033[K");
    p->shown = false;
}
