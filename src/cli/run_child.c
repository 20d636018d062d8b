// SPDX-License-Identifier: Apache-2.0
// run_child: starts the program of `stemma run` as a shell would, with pipes for its output, or
// with a terminal of its own when ours goes to one. Main thread.
#include "cli/run_cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

// ---- which file -----------------------------------------------------------------------------

static bool is_file(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

const char *run_find_program(arena *a, const char *name, int *code) {
    const char *path = getenv("PATH");
    str rest = str_of(path ? path : "/usr/local/bin:/usr/bin:/bin");
    *code = 127;
    if (strchr(name, '/')) {
        if (is_file(name)) *code = 126;
        return *code == 126 && access(name, X_OK) == 0 ? name : NULL;
    }
    for (str folder; str_split(&rest, ':', &folder);) {
        const char *file = arena_printf(a, "%.*s/%s", folder.n ? (int)folder.n : 1,
                                        folder.n ? folder.p : ".", name)
                               .p;
        if (!is_file(file)) continue;
        if (access(file, X_OK) == 0) return file;
        *code = 126;
    }
    return NULL;
}

// ---- terminals ------------------------------------------------------------------------------

// Ours, when we may use it: a job in the background leaves it alone.
static int our_terminal(void) {
    return isatty(0) && tcgetpgrp(0) == getpgrp() ? 0 : -1;
}

static int open_pty(const run_child *c, int *slave, err *e) {
    struct winsize size;
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    char name[64];
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0 ||
        ptsname_r(master, name, sizeof name) != 0 ||
        (*slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC)) < 0) {
        err_errno(e, "can not make a terminal for the program");
        if (master >= 0) close(master);
        return -1;
    }
    if (c->tty >= 0) tcsetattr(*slave, TCSANOW, &c->saved);
    if (ioctl(1, TIOCGWINSZ, &size) == 0) ioctl(master, TIOCSWINSZ, &size);
    return master;
}

void run_child_resize(const run_child *c) {
    struct winsize size;
    if (c->pty && c->out >= 0 && ioctl(1, TIOCGWINSZ, &size) == 0)
        ioctl(c->out, TIOCSWINSZ, &size);
}

void run_child_raw(run_child *c, bool on) {
    if (c->tty < 0) return;
    struct termios t = c->saved;
    if (on) cfmakeraw(&t);
    tcsetattr(c->tty, TCSADRAIN, &t);
}

// ---- start ----------------------------------------------------------------------------------

typedef struct ends { // the program's; -1: it inherits ours
    int in, out, err, tty, failed;
} ends;

// In the new process, between fork and exec: only calls that are safe there.
static _Noreturn void become(const run_child *c, const ends *x, const char *file, char **argv,
                             char **envp, const sigset_t *mask) {
    prctl(PR_SET_PDEATHSIG, SIGHUP); // as when a terminal goes away
    if (c->pty)
        setsid();
    else if (c->group)
        setpgid(0, 0);
    if (x->tty >= 0) ioctl(x->tty, TIOCSCTTY, 0);
    if (x->in >= 0) dup2(x->in, 0);
    if (x->out >= 0) dup2(x->out, 1);
    if (x->err >= 0) dup2(x->err, 2);
    sigprocmask(SIG_SETMASK, mask, NULL);
    execve(file, argv, envp);
    if (errno == ENOEXEC) { // a script without #!: as shells do
        char *shell_argv[1024] = {(char *)(uintptr_t) "/bin/sh", (char *)(uintptr_t)file};
        size_t n = 1;
        for (; argv[n] && n < 1000; n++)
            shell_argv[n + 1] = argv[n];
        execve("/bin/sh", shell_argv, envp);
    }
    int why = errno;
    ssize_t n = write(x->failed, &why, sizeof why);
    _exit(n ? 126 : 127);
}

static bool make_pipe(int p[2], err *e) {
    return pipe2(p, O_CLOEXEC) == 0 || err_errno(e, "can not make a pipe");
}

// Reads 0 bytes when exec was done.
static int exec_error(int fd) {
    int why = 0;
    ssize_t n;
    do
        n = read(fd, &why, sizeof why);
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)sizeof why ? why : 0;
}

static bool make_ends(run_child *c, ends *x, err *e) {
    int out[2], error[2];
    *x = (ends){-1, -1, -1, -1, -1};
    if (c->pty) {
        if ((c->out = open_pty(c, &x->tty, e)) < 0) return false;
        x->out = x->tty;
        if (c->tty >= 0) x->in = x->tty;
    } else {
        if (!make_pipe(out, e)) return false;
        c->out = out[0];
        x->out = out[1];
    }
    if (c->pty && isatty(2)) {
        x->err = x->tty;
        return true;
    }
    if (!make_pipe(error, e)) return false;
    c->err = error[0];
    x->err = error[1];
    return true;
}

static void close_ends(const ends *x) {
    if (x->tty >= 0) close(x->tty);
    if (x->out >= 0 && x->out != x->tty) close(x->out);
    if (x->err >= 0 && x->err != x->tty) close(x->err);
}

bool run_child_start(run_child *c, const char *file, char **argv, char **envp,
                     const sigset_t *mask, int *code, err *e) {
    ends x;
    int failed[2];
    *c = (run_child){.pid = -1, .out = -1, .err = -1, .tty = -1, .pty = isatty(1)};
    *code = 125;
    if (c->pty) c->tty = our_terminal();
    if (c->tty >= 0 && tcgetattr(c->tty, &c->saved) != 0) c->tty = -1;
    // A program that reads from our terminal stays in our group, or it would be stopped.
    c->group = c->pty || our_terminal() < 0;
    if (!make_pipe(failed, e) || !make_ends(c, &x, e)) return false;
    x.failed = failed[1];
    c->pid = fork();
    if (c->pid == 0) become(c, &x, file, argv, envp, mask);
    int fork_errno = errno;
    close_ends(&x);
    close(failed[1]);
    if (c->pid > 0 && c->group && !c->pty) setpgid(c->pid, c->pid); // whoever comes first
    int why = c->pid > 0 ? exec_error(failed[0]) : fork_errno;
    close(failed[0]);
    if (!why) {
        run_child_raw(c, true);
        return true;
    }
    if (c->pid > 0) waitpid(c->pid, NULL, 0);
    run_child_close(c);
    *code = why == ENOENT ? 127 : 126;
    return err_set(e, ERR_INVALID, "can not run '%s': %s", file, strerror(why));
}

void run_child_signal(const run_child *c, int sig) {
    kill(c->group ? -c->pid : c->pid, sig);
}

void run_child_close(run_child *c) {
    if (c->out >= 0) close(c->out);
    if (c->err >= 0) close(c->err);
    c->out = c->err = -1;
}
