// SPDX-License-Identifier: Apache-2.0
// run: makes a run, runs a program as part of it, and tells how it ended. What the program
// prints and how it ends goes through unchanged; our own words go to standard error, a line
// each. Our own failures before it starts exit with 125 (126, 127: the program can not be run),
// as env(1) does.
#include "base/clock.h"
#include "base/log.h"
#include "base/vec.h"
#include "cli/client.h"
#include "cli/pairs.h"
#include "cli/run_cmd.h"
#include "cli/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define OWN_FAILURE    125
#define BEAT_S         10
#define SOURCE_WAIT_US 5000000

typedef struct run_cmd {
    const cli_options *o;
    arena *a;
    const char *file;
    sigset_t mask; // as we were started
    int signals;
    cli_client *client;
    run_source *source;
    outbox *box;
    str id, name, project;
    int64_t began_us;
} run_cmd;

static void say(const run_cmd *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void say(const run_cmd *r, const char *fmt, ...) {
    if (r->o->quiet.n) return;
    va_list ap;
    va_start(ap, fmt);
    str text = arena_vprintf(r->a, fmt, ap);
    va_end(ap);
    fprintf(stderr, "stemma: %.*s\n", STR_F(text));
}

// ---- signals --------------------------------------------------------------------------------

// Before any thread starts: all of them leave signals to the loop.
static void take_signals(run_cmd *r) {
    static const int taken[] = {SIGINT,  SIGTERM, SIGHUP,   SIGQUIT, SIGTSTP,
                                SIGCONT, SIGCHLD, SIGWINCH, SIGUSR1, SIGUSR2};
    sigset_t blocked, read;
    sigemptyset(&read);
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        sigaddset(&read, taken[i]);
    blocked = read;
    sigaddset(&blocked, SIGPIPE); // not ignored: the program would inherit that
    sigaddset(&blocked, SIGTTOU);
    sigprocmask(SIG_BLOCK, &blocked, &r->mask);
    r->signals = signalfd(-1, &read, SFD_CLOEXEC | SFD_NONBLOCK);
}

// ---- the run --------------------------------------------------------------------------------

static bool creation_body(run_cmd *r, buf *b, err *e) {
    kv *tags, *config, *about;
    size_t n_tags, n_config, n_about;
    if (!cli_pairs(r->a, "--tag", r->o->tag, &tags, &n_tags, e) ||
        !cli_pairs(r->a, "--config", r->o->config, &config, &n_config, e))
        return false;
    run_about(r->a, r->o->words, r->o->n_words, r->file, &about, &n_about);
    json_writer w = json_writer_new(b);
    json_object(&w);
    json_m_string(&w, "project", r->o->project.n ? r->o->project : STR("0"));
    if (r->o->name.n) json_m_string(&w, "name", r->o->name);
    if (n_about && str_is(about[0].key, "mlflow.user"))
        json_m_string(&w, "user", about[0].value);
    json_m_i64(&w, "start_ms", r->began_us / 1000);
    json_m_array(&w, "tags");
    cli_put_pairs(&w, about, n_about);
    cli_put_pairs(&w, tags, n_tags);
    json_array_end(&w);
    json_m_array(&w, "config");
    cli_put_pairs(&w, config, n_config);
    json_array_end(&w);
    json_object_end(&w);
    return true;
}

// A project that is not there yet is made; somebody else may do so at the same time.
static bool make_project(run_cmd *r, err *e) {
    buf b = BUF_MAX(16u << 10);
    json_writer w = json_writer_new(&b);
    json_object(&w);
    json_m_string(&w, "name", r->o->project);
    json_object_end(&w);
    json_value *made = cli_call(r->client, "POST", STR("/projects"), buf_view(&b), NULL, e);
    buf_free(&b);
    return made || e->code == ERR_EXISTS;
}

static bool is_number(str s) {
    int64_t n;
    return str_to_i64(s, &n);
}

static bool create(run_cmd *r, err *e) {
    buf b = BUF_MAX(4u << 20);
    const json_value *run = NULL;
    if (creation_body(r, &b, e)) {
        run = cli_call(r->client, "POST", STR("/runs"), buf_view(&b), NULL, e);
        if (!run && e->code == ERR_NOT_FOUND && r->o->project.n && !is_number(r->o->project) &&
            make_project(r, e)) {
            *e = (err){0};
            run = cli_call(r->client, "POST", STR("/runs"), buf_view(&b), NULL, e);
        }
    }
    buf_free(&b);
    if (!run) return false;
    r->id = json_get(run, "id")->text;
    r->name = json_get(run, "name")->text;
    r->project = json_get(run, "project")->text;
    return true;
}

static bool open_outbox(run_cmd *r, err *e) {
    const char *folder = getenv("TMPDIR");
    outbox_config c = {.server = cli_http_config(r->client, r->a),
                       .folder = str_of(folder && *folder ? folder : "/tmp"),
                       .beat_path = cli_run_path(r->a, r->id, "/beat"),
                       .beat_body = arena_printf(
                           r->a, "{\"every_s\":%d,\"from\":\"stemma run on %.*s, process %d\"}",
                           BEAT_S, STR_F(run_host(r->a)), (int)getpid()),
                       .beat_us = BEAT_S * 1000000};
    r->box = outbox_new(&c, e);
    return r->box != NULL;
}

// ---- the program ----------------------------------------------------------------------------

// Ours, with what clients of the run need. MLflow's join the run by these.
static char **environment(run_cmd *r) {
    extern char **environ;
    str url = cli_client_url(r->client), token = cli_client_token(r->client);
    str workspace = cli_client_workspace(r->client);
    const kv set[] = {{STR("STEMMA_RUN_ID"), r->id},
                      {STR("STEMMA_URL"), url},
                      {STR("MLFLOW_RUN_ID"), r->id},
                      {STR("MLFLOW_TRACKING_URI"), url},
                      {STR("MLFLOW_EXPERIMENT_ID"), r->project},
                      {STR("STEMMA_TOKEN"), token},
                      {STR("MLFLOW_TRACKING_TOKEN"), token},
                      {STR("STEMMA_WORKSPACE"), workspace},
                      {STR("MLFLOW_WORKSPACE"), workspace}};
    VEC(char *) v = {0};
    size_t n = sizeof set / sizeof *set;
    for (char **old = environ; *old; old++) {
        str name = str_upto(str_of(*old), str_find(str_of(*old), '=', 0));
        bool ours = false;
        for (size_t i = 0; i < n; i++)
            ours = ours || (set[i].value.n && str_eq(name, set[i].key));
        if (!ours) vec_push(r->a, &v, *old);
    }
    for (size_t i = 0; i < n; i++) {
        if (!set[i].value.n) continue; // there is none: what the caller has stays
        str one = arena_printf(r->a, "%.*s=%.*s", STR_F(set[i].key), STR_F(set[i].value));
        vec_push(r->a, &v, arena_cstr(r->a, one));
    }
    vec_push(r->a, &v, NULL);
    return v.p;
}

static char **arguments(run_cmd *r) {
    char **argv = ARENA_ARRAY(r->a, char *, r->o->n_words + 1);
    for (size_t i = 0; i < r->o->n_words; i++)
        argv[i] = arena_cstr(r->a, r->o->words[i]);
    return argv;
}

typedef struct ending {
    int code;           // ours
    const char *status; // of the run
    str reason;
} ending;

static ending ending_of(run_cmd *r, int status) {
    if (WIFEXITED(status)) {
        int code = WEXITSTATUS(status);
        return (ending){code, code ? "failed" : "finished",
                        code ? arena_printf(r->a, "exit status %d", code) : (str){0}};
    }
    int sig = WTERMSIG(status);
    bool killed = sig == SIGINT || sig == SIGTERM || sig == SIGKILL || sig == SIGHUP ||
                  sig == SIGQUIT || sig == SIGPIPE;
    return (ending){128 + sig, killed ? "killed" : "failed",
                    arena_printf(r->a, "signal %d (%s)", sig, strsignal(sig))};
}

static ending run_program(run_cmd *r) {
    err e = {0};
    int code;
    run_child child;
    int64_t every = 0;
    if (!run_child_start(&child, r->file, arguments(r), environment(r), &r->mask, &code, &e)) {
        fprintf(stderr, "stemma: %s\n", e.msg);
        return (ending){code, "failed", arena_str(r->a, str_of(e.msg))};
    }
    cli_seconds(r->o->sample, &every);
    run_loop loop = {.child = &child,
                     .signals = r->signals,
                     .lines = run_lines_new(r->box, r->id),
                     .box = r->box,
                     .run_id = r->id,
                     .every_us = every * 1000000};
    int status = run_loop_until_end(&loop);
    uint64_t lost = run_lines_lost(loop.lines);
    run_lines_free(loop.lines);
    run_child_close(&child);
    if (lost) {
        fprintf(stderr,
                "stemma: %llu lines of the output are not kept: the server was away for "
                "too long\n",
                (unsigned long long)lost);
    }
    return ending_of(r, status);
}

// ---- the end --------------------------------------------------------------------------------

static void put_ending(run_cmd *r, const ending *x) {
    buf b = BUF_MAX(16u << 10);
    json_writer w = json_writer_new(&b);
    json_object(&w);
    json_m_string(&w, "status", str_of(x->status));
    json_m_i64(&w, "end_ms", clock_now_us() / 1000);
    if (x->reason.n) json_m_string(&w, "reason", x->reason);
    json_object_end(&w);
    outbox_put(r->box, "PATCH", cli_run_path(r->a, r->id, ""), "application/json",
               buf_view(&b));
    buf_free(&b);
}

static void tell_unsent(run_cmd *r, const outbox_report *report) {
    str path;
    err e = {0};
    if (report->refused) {
        fprintf(stderr, "stemma: the server refused %llu requests: %s\n",
                (unsigned long long)report->refused, report->why.msg);
    }
    if (!report->left) return;
    if (!outbox_keep(r->box, r->a, &path, &e)) {
        fprintf(stderr, "stemma: what was not sent is lost: %s; %s\n", report->why.msg, e.msg);
        return;
    }
    fprintf(
        stderr,
        "stemma: not everything was sent: %s\nstemma: it is kept; send it later with: stemma "
        "send %.*s\n",
        report->why.msg, STR_F(path));
}

static void finish(run_cmd *r, const ending *x) {
    outbox_report report;
    int64_t wait = 0;
    cli_seconds(r->o->wait, &wait);
    run_source_end(r->source, SOURCE_WAIT_US);
    r->source = NULL;
    put_ending(r, x);
    outbox_end(r->box, wait * 1000000, &report);
    tell_unsent(r, &report);
    outbox_free(r->box);
    say(r, "run %.*s %s after %.1f s%s%.*s", STR_F(r->name), x->status,
        (double)(clock_now_us() - r->began_us) / 1e6, x->reason.n ? ": " : "",
        STR_F(x->reason));
}

static int run(run_cmd *r, err *e) {
    if (!create(r, e) || !open_outbox(r, e)) return OWN_FAILURE;
    run_source_send(r->source, r->box, r->id);
    str link = cli_page_link(r->client, r->a, arena_printf(r->a, "runs/%.*s", STR_F(r->id)));
    say(r, "run %.*s, %.*s", STR_F(r->name), STR_F(link.n ? link : r->id));
    ending x = run_program(r);
    finish(r, &x);
    return x.code;
}

int cmd_run(const cli_options *o, arena *a) {
    err e = {0};
    run_cmd r = {.o = o, .a = a, .began_us = clock_now_us()};
    int code = OWN_FAILURE;
    r.file = run_find_program(a, arena_cstr(a, o->words[0]), &code);
    if (!r.file) {
        fprintf(stderr, "stemma: can not run '%.*s': %s\n", STR_F(o->words[0]),
                code == 126 ? "it is not executable" : "there is no such program");
        return code;
    }
    code = OWN_FAILURE;
    if (str_find(o->project, '\n', 0) != SIZE_MAX) {
        fprintf(stderr, "stemma: a run has one project: give --project once\n");
        return CLI_USAGE;
    }
    take_signals(&r);
    r.source = run_source_start(a, r.file, &r.mask); // at the same time as the first request
    r.client = cli_connect(o, a, &e);
    if (r.client) code = run(&r, &e);
    if (r.source) run_source_end(r.source, 0);
    if (e.code != ERR_NONE) cli_fail(&e);
    cli_disconnect(r.client);
    close(r.signals);
    return code;
}
