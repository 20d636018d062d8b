// SPDX-License-Identifier: Apache-2.0
// run_loop: passes bytes and signals between the program of `stemma run` and whoever started
// us, and gathers lines and measurements on the way. Main thread.
#include "cli/run_cmd.h"

#include "base/clock.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define PIECE       (64u << 10)
#define REST_PIECES 64      // more than pipes hold
#define FIRST_US    1000000 // until the first measurement: what ends sooner needs none

typedef struct loop {
    run_loop *r;
    run_child *c;
    char piece[PIECE];
    arena *a; // of a sample
    run_usage usage;
    int64_t sample_at, flush_at;
    int status; // of the program, when over
    bool over;
} loop;

// Bytes go where the program would have written them, as slowly as that takes them.
static bool pass_on(int to, const char *p, size_t n) {
    while (n) {
        ssize_t done = write(to, p, n);
        if (done < 0 && errno == EAGAIN) {
            struct pollfd f = {to, POLLOUT, 0};
            poll(&f, 1, -1);
            continue;
        }
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return false;
        p += done;
        n -= (size_t)done;
    }
    return true;
}

// One piece; false at the end. When nobody reads our output any more, the program learns it
// too.
static bool take_output(loop *l, int *fd, console_stream s) {
    ssize_t n = read(*fd, l->piece, PIECE);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) return true;
    if (n > 0) {
        bool ok = pass_on(s == CONSOLE_ERR ? 2 : 1, l->piece, (size_t)n);
        run_lines_feed(l->r->lines, s, str_n(l->piece, (size_t)n));
        l->flush_at = run_lines_flush(l->r->lines, false);
        if (ok) return true;
    }
    close(*fd); // a terminal's end is EIO
    *fd = -1;
    return false;
}

static void take_input(loop *l) {
    ssize_t n = read(l->c->tty, l->piece, PIECE);
    if (n > 0) pass_on(l->c->out, l->piece, (size_t)n);
    if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN)) l->c->tty = -1; // it is gone
}

// The program was stopped: so are we, if somebody at a terminal can wake us up.
static void stop_too(loop *l) {
    if (!isatty(0) && !isatty(1)) return;
    run_child_raw(l->c, false);
    kill(getpid(), SIGSTOP);
    run_child_raw(l->c, true);
    run_child_signal(l->c, SIGCONT);
}

static void look_after(loop *l) {
    int status;
    while (!l->over && waitpid(l->c->pid, &status, WNOHANG | WUNTRACED) == l->c->pid) {
        if (WIFSTOPPED(status)) {
            stop_too(l);
        } else {
            l->status = status;
            l->over = true;
        }
    }
}

static void take_signal(loop *l) {
    struct signalfd_siginfo s;
    while (read(l->r->signals, &s, sizeof s) == (ssize_t)sizeof s) {
        int sig = (int)s.ssi_signo;
        if (sig == SIGCHLD)
            look_after(l);
        else if (sig == SIGWINCH)
            run_child_resize(l->c);
        else if (l->c->group || s.ssi_code != SI_KERNEL) // else the terminal told it too
            run_child_signal(l->c, sig);
    }
}

static void sample(loop *l) {
    char path[64];
    if (!l->r->every_us || clock_mono_us() < l->sample_at) return;
    arena_reset(l->a);
    str body = run_usage_sample(&l->usage, l->c->pid, l->a);
    snprintf(path, sizeof path, "/runs/%.*s/log", STR_F(l->r->run_id));
    if (body.n) outbox_put(l->r->box, "POST", str_of(path), "application/json", body);
    l->sample_at += l->r->every_us;
}

static int poll_ms(const loop *l) {
    int64_t at = l->flush_at;
    if (l->r->every_us && l->sample_at < at) at = l->sample_at;
    if (at == INT64_MAX) return -1;
    int64_t us = at - clock_mono_us();
    return us <= 0 ? 0 : us > 60000000 ? 60000 : (int)(us / 1000) + 1;
}

static void turn(loop *l) {
    struct pollfd f[] = {{l->r->signals, POLLIN, 0},
                         {l->c->out, POLLIN, 0},
                         {l->c->err, POLLIN, 0},
                         {l->c->out >= 0 ? l->c->tty : -1, POLLIN, 0}};
    if (poll(f, 4, poll_ms(l)) > 0) {
        if (f[1].revents) take_output(l, &l->c->out, CONSOLE_OUT);
        if (f[2].revents) take_output(l, &l->c->err, CONSOLE_ERR);
        if (f[3].revents) take_input(l);
        if (f[0].revents) take_signal(l);
    }
    if (clock_mono_us() >= l->flush_at) l->flush_at = run_lines_flush(l->r->lines, false);
    sample(l);
}

// What the program wrote before it ended is there already. Children of it that go on may hold
// the pipes open: they are not waited for.
static void take_rest(loop *l) {
    for (int pieces = 0; pieces < REST_PIECES; pieces++) {
        struct pollfd f[] = {{l->c->out, POLLIN, 0}, {l->c->err, POLLIN, 0}};
        if (poll(f, 2, 0) <= 0) return;
        if (f[0].revents) take_output(l, &l->c->out, CONSOLE_OUT);
        if (f[1].revents) take_output(l, &l->c->err, CONSOLE_ERR);
    }
}

int run_loop_until_end(run_loop *r) {
    loop l = {.r = r, .c = r->child, .a = arena_new(), .flush_at = INT64_MAX};
    l.sample_at = clock_mono_us() + (r->every_us < FIRST_US ? r->every_us : FIRST_US);
    while (!l.over)
        turn(&l);
    take_rest(&l);
    run_child_raw(l.c, false);
    run_lines_flush(r->lines, true);
    arena_free(l.a);
    return l.status;
}
