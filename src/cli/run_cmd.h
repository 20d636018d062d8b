// SPDX-License-Identifier: Apache-2.0
// What the files of `stemma run` share. The main thread starts the program, passes its output
// through and gathers lines (run_loop.c); the outbox's thread sends; a third one looks at the
// folder (run_source.c). A server that is slow or away never holds the program up.
#ifndef STEMMA_CLI_RUN_CMD_H
#define STEMMA_CLI_RUN_CMD_H

#include "cli/outbox.h"
#include "core/console.h"

#include <signal.h>
#include <sys/types.h>
#include <termios.h>

// ---- the program (run_child.c) --------------------------------------------------------------
typedef struct run_child {
    pid_t pid;
    int out, err; // ours to read; -1 when closed. With a terminal of its own: out is that
    bool pty;     // it has a terminal of its own
    bool group;   // it has a process group (or session) of its own
    int tty;      // our terminal, in raw mode while the program runs; -1: none
    struct termios saved;
} run_child;

// The file that a shell would run; NULL and *code (126: not executable, 127: not found).
const char *run_find_program(arena *a, const char *name, int *code);
// Starts it with the signal mask `mask`. False: not started, *code as above.
bool run_child_start(run_child *c, const char *file, char **argv, char **envp,
                     const sigset_t *mask, int *code, err *e);
void run_child_signal(const run_child *c, int sig);
void run_child_resize(const run_child *c); // its terminal gets our terminal's size
void run_child_raw(run_child *c, bool on); // our terminal, if c->tty is one
void run_child_close(run_child *c);

// ---- its output (run_lines.c) ---------------------------------------------------------------
typedef struct run_lines run_lines;

// Lines go to the outbox as batches of the run's console.
run_lines *run_lines_new(outbox *o, str run_id);
void run_lines_feed(run_lines *l, console_stream s, str bytes);
// Puts what is due into the outbox, all of it when `end`; returns when it must be called again
// (monotonic), INT64_MAX: not before more lines came.
int64_t run_lines_flush(run_lines *l, bool end);
uint64_t run_lines_lost(const run_lines *l); // lines that the outbox had no room for
void run_lines_free(run_lines *l);

// ---- while it runs (run_loop.c) -------------------------------------------------------------
typedef struct run_loop {
    run_child *child;
    int signals; // signalfd
    run_lines *lines;
    outbox *box;
    str run_id;
    int64_t every_us; // of system metrics; 0: none
} run_loop;

// Until the program has ended; gives what waitpid gave.
int run_loop_until_end(run_loop *l);

// ---- what it uses (run_usage.c) -------------------------------------------------------------
typedef struct run_usage {
    int64_t at_us;
    uint64_t process_ticks, machine_ticks, machine_idle;
    int64_t n; // samples so far: the step
} run_usage;

// A sample of the program with its children and of the machine, as a body for POST .../log;
// empty when there is nothing to tell (the first call).
str run_usage_sample(run_usage *u, pid_t pid, arena *a);

// ---- where it runs (run_about.c) ------------------------------------------------------------
// Tags that tell about the machine, the user and the command. docs/run.md names them.
void run_about(arena *a, const str *words, size_t n, const char *file, kv **tags,
               size_t *n_tags);
str run_hide_credentials(arena *a,
                         str url); // "https://user:secret@host/" without user and secret
str run_host(arena *a);

// ---- its source (run_source.c) --------------------------------------------------------------
typedef struct run_source run_source;

// Starts git where the folder is in a repository, and a thread that gathers commit, changes and
// the Python packages that the program will find.
run_source *run_source_start(arena *a, const char *file, const sigset_t *mask);
// From now on the thread may send, to this run.
void run_source_send(run_source *s, outbox *o, str run_id);
// Waits for it, at most wait_us; then it is given up.
void run_source_end(run_source *s, int64_t wait_us);

#endif
